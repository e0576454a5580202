//! Deleting every child of one target, in random order: the cost of a row must not grow with its siblings.

use relata::{Database, Id};
use slotmap::{DefaultKey, SlotMap};

use super::baseline;
use super::data::{CustomerDetails, LineDetails, OrderDetails};
use super::data::{Flat, FlatCustomer, FlatLine, FlatOrder, LineItem, Random, database_of_orders, line_item};
use super::workload::Workload;

/// One order, to which all the lines belong.
fn flat(lines: usize) -> Flat {
    let customer = CustomerDetails { account_balance_cents: 0, number: 1 };
    let order = OrderDetails { total_price_cents: 0, number: 1, day: 0, ship_priority: 0, is_fulfilled: false };
    let line = |number: i32| LineDetails {
        quantity: 1,
        extended_price_cents: i64::from(number),
        discount_percent: 0,
        tax_percent: 0,
        number,
        ship_day: 0,
        commit_day: 0,
        receipt_day: 0,
        comment_bytes: 0,
        was_returned: false,
        is_open: true,
    };
    Flat {
        nations: 1,
        customers: vec![FlatCustomer { nation: 0, details: customer }],
        orders: vec![FlatOrder { customer: 0, details: order }],
        lines: (0..).take(lines).map(|n| FlatLine { order: 0, part: 0, supplier: 0, details: line(n) }).collect(),
    }
}

pub(crate) fn workload(children: usize) -> Workload<'static> {
    let flat = flat(children);
    let (_, orders) = database_of_orders(&flat);
    let lines: Vec<LineItem> = flat.lines.iter().map(|line| line_item(line, &orders)).collect();
    let slotted_lines = lines.clone();
    let stored = move || {
        let (mut db, _) = database_of_orders(&flat);
        let mut ids = db.insert_many(lines.clone()).expect("the order is stored");
        Random::new().shuffle(&mut ids);
        (db, ids)
    };
    let slotted = move || {
        let slots = baseline::insert_all(slotted_lines.clone());
        let mut keys: Vec<DefaultKey> = slots.keys().collect();
        Random::new().shuffle(&mut keys);
        (slots, keys)
    };
    Workload::new(format!("delete_children_{children}"), children)
        .writes("relata", stored, delete_each, |(_, sum)| *sum)
        .writes("SlotMap", slotted, remove_each, |(_, sum)| *sum)
}

/// Deletes rows and weighs what comes back by its turn, so that the sum shows another row than was asked for.
fn delete_each((mut db, ids): (Database, Vec<Id<LineItem>>)) -> (Database, i64) {
    let mut sum = 0_i64;
    for (id, turn) in ids.into_iter().zip(1..) {
        let deleted = db.delete(id).expect("nothing refers to a line");
        sum = sum.wrapping_add(turn * deleted.row.details.extended_price_cents);
    }
    (db, sum)
}

fn remove_each(
    (mut slots, keys): (SlotMap<DefaultKey, LineItem>, Vec<DefaultKey>),
) -> (SlotMap<DefaultKey, LineItem>, i64) {
    let mut sum = 0_i64;
    for (key, turn) in keys.into_iter().zip(1..) {
        let removed = slots.remove(key).expect("the row was just stored");
        sum = sum.wrapping_add(turn * removed.details.extended_price_cents);
    }
    (slots, sum)
}
