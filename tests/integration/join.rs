//! Joins, compared with nested loops over the rows.

use std::cell::RefCell;
use std::collections::BTreeSet;

use relata::{Database, Error, Id, Joined, Missing, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(cards: Card))]
struct Nation {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order, via = customer), has_one(card: Card))]
struct Customer {
    number: usize,
    #[model(belongs_to)]
    nation_id: Option<Id<Nation>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    #[model(belongs_to, unique)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    nation_id: Id<Nation>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: Line))]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    payer_id: Option<Id<Customer>>,
    cents: usize,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    #[model(belongs_to, on_delete = no_action)]
    order_id: Id<Order>,
    cents: usize,
}

/// Not registered with any database here.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stray {
    #[model(belongs_to)]
    nation_id: Id<Nation>,
}

fn empty() -> Database {
    let builder = Database::builder().model::<Nation>().model::<Customer>().model::<Card>();
    builder.model::<Order>().model::<Line>().build().unwrap()
}

/// A fixed sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end as u64) as usize
    }
}

/// Several blocks of rows, in which slots have been used again, rows have moved between owners and lists have holes; one
/// customer has more orders than a block, others none.
fn shop() -> (Database, Vec<Id<Order>>) {
    let mut db = empty();
    let mut numbers = Numbers(11);
    let nations: Vec<_> = (0..25).map(|n| db.insert(Nation { name: format!("nation {n}") }).unwrap()).collect();
    let mut customers = Vec::new();
    for number in 0..700 {
        let nation_id = (number % 7 != 0).then(|| nations[numbers.below(nations.len())]);
        let customer_id = db.insert(Customer { number, nation_id }).unwrap();
        if number % 3 == 0 {
            db.insert(Card { customer_id, nation_id: nations[number % nations.len()] }).unwrap();
        }
        customers.push(customer_id);
    }
    let mut orders = Vec::new();
    for n in 0..2500 {
        let customer_id = customers[if n % 4 == 0 { 5 } else { numbers.below(600) }];
        let payer_id = (n % 5 == 0).then(|| customers[numbers.below(700)]);
        orders.push(db.insert(Order { customer_id, payer_id, cents: numbers.below(50) }).unwrap());
        if n % 3 == 0 {
            let gone = orders.swap_remove(numbers.below(orders.len()));
            db.delete(gone).unwrap();
        }
        if n % 6 == 5 {
            let (moved, to) = (orders[numbers.below(orders.len())], customers[numbers.below(600)]);
            db.update(moved, |order| order.customer_id = to).unwrap();
        }
    }
    for _ in 0..4000 {
        let order_id = orders[numbers.below(orders.len() / 2)];
        db.insert(Line { order_id, cents: numbers.below(100) }).unwrap();
    }
    assert_eq!(db.check(), Ok(()));
    let of_one = db.count(customers[5], Customer::ORDERS).unwrap();
    assert!(of_one > 256 && of_one < orders.len() && orders.len() > 1024, "{of_one} of {}", orders.len());
    (db, orders)
}

fn ids<M: Model>(db: &Database) -> Vec<Id<M>> {
    db.table::<M>().unwrap().ids().collect()
}

/// Each order of a customer by a loop over all orders.
fn orders_of(db: &Database, customer: Id<Customer>) -> BTreeSet<Id<Order>> {
    db.iter::<Order>().filter(|(_, order)| order.customer_id == customer).map(|(id, _)| id).collect()
}

/// behaviour R71: one result for each combination of rows that its relations link, in the order of the first table; a row
/// with nothing at the other end of a hop gives none
#[test]
fn from_the_sources_to_their_targets() {
    let (db, _) = shop();
    let mut expected = Vec::new();
    for (line_id, line) in db.iter::<Line>() {
        let order = db.get(line.order_id).unwrap();
        let Some(payer) = order.payer_id else { continue };
        let Some(nation) = db.get(payer).unwrap().nation_id else { continue };
        expected.push((line_id, line.order_id, payer, nation));
    }
    assert!(expected.len() > 256 && expected.len() < db.len::<Line>());
    let join = || db.join(Line::ORDER).join(Order::PAYER).join(Customer::NATION);
    let by_fold: Vec<_> = join().iter().unwrap().map(|(a, b, c, d)| (a.id(), b.id(), c.id(), d.id())).collect();
    assert_eq!(by_fold, expected);
    let mut by_loop = Vec::new();
    for (line, order, payer, nation) in join().iter().unwrap() {
        assert_eq!(*line, *db.get(line.id()).unwrap());
        assert_eq!(nation.get(), db.get(nation.id()).unwrap());
        by_loop.push((line.id(), order.id(), payer.id(), nation.id()));
    }
    assert_eq!(by_loop, expected);
    // By some and by others, with a change in the middle of a block.
    let mut iter = join().iter().unwrap();
    let mut mixed: Vec<_> = iter.by_ref().take(300).map(|(line, ..)| line.id()).collect();
    iter.for_each(|(line, ..)| mixed.push(line.id()));
    assert!(mixed.iter().eq(expected.iter().map(|(line, ..)| line)));
    // A chain passes tables over.
    let chain = db.join(Line::ORDER.then(Order::PAYER).then(Customer::NATION)).iter().unwrap();
    assert!(chain.map(|(a, b)| (a.id(), b.id())).eq(expected.iter().map(|(a, _, _, d)| (*a, *d))));
}

/// behaviour R71: for each of its rows in the order of the second, and so on; R16: in the order in which they joined
#[test]
fn from_the_targets_to_their_sources() {
    let (db, _) = shop();
    let mut expected = Vec::new();
    for customer in ids::<Customer>(&db) {
        let mut seen = BTreeSet::new();
        for (order, _) in db.children(customer, Customer::ORDERS).unwrap() {
            seen.insert(order);
            for (line, _) in db.children(order, Order::LINES).unwrap() {
                expected.push((customer, order, line));
            }
        }
        assert_eq!(seen, orders_of(&db, customer), "the nested loop itself");
    }
    let join = || db.join(Customer::ORDERS).join(Order::LINES).iter().unwrap();
    assert!(join().map(|(a, b, c)| (a.id(), b.id(), c.id())).eq(expected.iter().copied()));
    let mut by_loop = Vec::new();
    for (customer, order, line) in join() {
        assert_eq!((order.customer_id, line.order_id), (customer.id(), order.id()));
        by_loop.push((customer.id(), order.id(), line.id()));
    }
    assert_eq!(by_loop, expected);
}

/// behaviour R71, with rows on the way that have nothing at the other end
#[test]
fn both_directions_and_branches_in_one_join() {
    let (db, _) = shop();
    let mut expected = Vec::new();
    for (card_id, card) in db.iter::<Card>() {
        let Some(nation) = db.get(card.customer_id).unwrap().nation_id else { continue };
        for (order_id, order) in db.children(card.customer_id, Customer::ORDERS).unwrap() {
            let Some(payer) = order.payer_id else { continue };
            let mut cards = db.iter::<Card>().filter(|(_, card)| card.customer_id == payer);
            let Some((paid_with, _)) = cards.next() else { continue };
            expected.push((card_id, card.customer_id, nation, order_id, payer, paid_with));
        }
    }
    assert!(expected.len() > 10);
    let join = db.join(Card::CUSTOMER).join(Customer::NATION);
    let join = join.join_from(|(_, customer, _)| customer, Customer::ORDERS).join(Order::PAYER).join(Customer::CARD);
    let found = join.iter().unwrap().map(|(a, b, c, d, e, f)| (a.id(), b.id(), c.id(), d.id(), e.id(), f.id()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

/// behaviour R72: a filter is called once for each result that has come so far, in order, before the hops behind it
#[test]
fn filters_are_called_once_for_each_result_in_the_order_written() {
    let (db, orders) = shop();
    let wanted: BTreeSet<_> = orders.iter().copied().step_by(3).collect();
    let calls = RefCell::new([Vec::new(), Vec::new(), Vec::new()]);
    let found: Vec<_> = db
        .rows::<Customer>()
        .filter(|customer| {
            calls.borrow_mut()[0].push(customer.id().erase());
            customer.number % 2 == 1
        })
        .join(Customer::ORDERS)
        .filter(|(_, order)| {
            calls.borrow_mut()[1].push(order.id().erase());
            wanted.contains(&order.id())
        })
        .join(Order::LINES)
        .filter(|(customer, order, line)| {
            calls.borrow_mut()[2].push(line.id().erase());
            customer.number + order.cents > line.cents
        })
        .iter()
        .unwrap()
        .map(|(customer, order, line)| (customer.id(), order.id(), line.id()))
        .collect();
    let mut expected = Vec::new();
    let mut expected_calls = [Vec::new(), Vec::new(), Vec::new()];
    for (customer_id, customer) in db.iter::<Customer>() {
        expected_calls[0].push(customer_id.erase());
        if customer.number % 2 != 1 {
            continue;
        }
        for (order_id, order) in db.children(customer_id, Customer::ORDERS).unwrap() {
            expected_calls[1].push(order_id.erase());
            if !wanted.contains(&order_id) {
                continue;
            }
            for (line_id, line) in db.children(order_id, Order::LINES).unwrap() {
                expected_calls[2].push(line_id.erase());
                if customer.number + order.cents > line.cents {
                    expected.push((customer_id, order_id, line_id));
                }
            }
        }
    }
    assert!(expected.len() > 256 && expected.len() < expected_calls[2].len(), "{}", expected.len());
    assert_eq!(found, expected);
    assert!(calls.into_inner() == expected_calls, "each filter in its place, once a result, in order");
    // Nothing passes: the end is found behind blocks that are empty.
    assert_eq!(db.rows::<Customer>().filter(|_| false).join(Customer::ORDERS).iter().unwrap().count(), 0);
    assert!(db.join(Customer::ORDERS).filter(|_| false).join(Order::LINES).iter().unwrap().next().is_none());
    // One of the last block passes.
    let last = ids::<Line>(&db).last().copied();
    let only = db.rows::<Line>().filter(|line| Some(line.id()) == last).join(Line::ORDER).iter().unwrap();
    assert_eq!(only.map(|(line, _)| line.id()).collect::<Vec<_>>(), Vec::from_iter(last));
}

/// behaviour R71, where all of a block has nothing at the other end
#[test]
fn behind_a_block_of_absent_keys_there_may_be_more() {
    let mut db = empty();
    let nation_id = db.insert(Nation { name: "one".into() }).unwrap();
    let customer = |number: usize| Customer { number, nation_id: (number % 600 == 599).then_some(nation_id) };
    db.insert_many((0..1200).map(customer).collect::<Vec<_>>()).unwrap();
    let found = db.join(Customer::NATION).iter().unwrap().map(|(customer, _)| customer.number);
    assert_eq!(found.collect::<Vec<_>>(), [599, 1199]);
    assert_eq!(db.join(Customer::CARD).iter().unwrap().count(), 0);
}

/// behaviour R71: rows that change places leave holes in the lists of a has_one
#[test]
fn a_hole_is_no_row() {
    let mut db = empty();
    let nation_id = db.insert(Nation { name: "one".into() }).unwrap();
    let customers = [1, 2, 3].map(|number| db.insert(Customer { number, nation_id: None }).unwrap());
    let cards = customers.map(|customer_id| db.insert(Card { customer_id, nation_id }).unwrap());
    let next = |id| customers[(customers.iter().position(|customer| *customer == id).unwrap() + 1) % 3];
    db.update_all(nation_id, Nation::CARDS, |card| card.customer_id = next(card.customer_id)).unwrap();
    let found: Vec<_> =
        db.join(Customer::CARD).iter().unwrap().map(|(customer, card)| (customer.id(), card.id())).collect();
    assert_eq!(found, [0, 1, 2].map(|n| (customers[n], cards[(n + 2) % 3])));
    let found = db.rows_at(&customers).join(Customer::CARD.then(Card::NATION)).iter().unwrap();
    assert!(found.map(|(customer, nation)| (customer.id(), nation.id())).eq(customers.map(|id| (id, nation_id))));
}

#[test]
fn rows_at_the_ids_of_a_slice() {
    let (mut db, orders) = shop();
    let twice: Vec<_> = orders.iter().rev().chain(&orders).copied().collect();
    let customers: Vec<_> = twice.iter().map(|order| db.get(*order).unwrap().customer_id).collect();
    let pairs = db.rows_at(&twice).join(Order::CUSTOMER).iter().unwrap();
    assert!(pairs.map(|(order, customer)| (order.id(), customer.id())).eq(twice.iter().copied().zip(customers)));

    // behaviour R40: "An empty input gives an empty result and touches nothing."
    assert_eq!(db.rows_at::<Order>(&[]).join(Order::LINES).iter().unwrap().count(), 0);
    assert!(empty().join(Line::ORDER).iter().unwrap().next().is_none());

    // HOSTILE 1: "Stale id (slot reused) -> NotFound." HOSTILE 2: "Forged, null or deserialised id -> NotFound"
    let stale = *orders.last().unwrap();
    let in_use = db.table::<Line>().unwrap().iter().map(|(_, line)| line.order_id).collect::<BTreeSet<_>>();
    assert!(!in_use.contains(&stale));
    db.delete(stale).unwrap();
    let forged =
        ["0v1", "7v99", "4000000000v1", "4294967293v1", "4294967294v1", "4294967295v1", "4294967295v3", "4294967295v5"];
    for bad in forged.iter().map(|text| text.parse().unwrap()).chain([stale, Id::null()]) {
        let at = [orders[0], bad, orders[1]];
        assert_eq!(db.rows_at(&at).join(Order::CUSTOMER).iter().err(), db.get(bad).err(), "{bad}");
        assert!(db.rows_at(&at).iter().is_err() && db.get(bad).is_err());
    }
}

#[test]
fn groups_come_in_the_order_of_their_first_results() {
    let (db, _) = shop();
    let sums = db.join(Line::ORDER).iter().unwrap().group_by(|(_, order)| order, |sum, (line, _)| *sum += line.cents);
    let mut expected: Vec<(Id<Order>, usize)> = Vec::new();
    for (_, line) in db.iter::<Line>() {
        match expected.iter_mut().find(|(order, _)| *order == line.order_id) {
            Some((_, sum)) => *sum += line.cents,
            None => expected.push((line.order_id, line.cents)),
        }
    }
    assert!(expected.len() > 256);
    assert!(sums.iter().map(|(order, sum)| (order.id(), *sum)).eq(expected));
    let none = db.join(Line::ORDER).filter(|_| false).iter().unwrap();
    assert!(none.group_by(|(_, order): (Joined<'_, Line>, _)| order, |(): &mut (), _| ()).is_empty());
}

/// behaviour R73: where a row of a joined relation refers to one that is missing, opening the join is an error
#[test]
fn what_is_missing_is_an_error_before_the_first_result() {
    let mut db = empty();
    assert_eq!(db.join(Stray::NATION).iter().err(), Some(Error::UnknownModel { model: "Stray" }));
    let customer_id = db.insert(Customer { number: 1, nation_id: None }).unwrap();
    let gone = db.insert(Customer { number: 2, nation_id: None }).unwrap();
    db.delete(gone).unwrap();
    let order = |customer_id| Order { customer_id, payer_id: None, cents: 0 };
    let orders = db.insert_many_unchecked([order(customer_id), order(gone), order(gone)]).unwrap();
    // behaviour I10: "Reading over a relation with standing violations gives an error, never a panic."
    let unresolved = db.related(orders[1], Order::CUSTOMER).unwrap_err();
    assert!(matches!(unresolved, Error::Unresolved { .. }));
    assert_eq!(db.join(Order::CUSTOMER).iter().err(), Some(unresolved.clone()));
    assert_eq!(db.join(Customer::ORDERS).iter().err(), Some(unresolved.clone()));
    assert_eq!(db.join(Order::CUSTOMER.then(Customer::NATION)).iter().err(), Some(unresolved.clone()));
    assert_eq!(db.join(Customer::CARD).join_from(|(c, _)| c, Customer::ORDERS).iter().err(), Some(unresolved));
    // The other relation of the same rows is whole.
    assert_eq!(db.join(Order::PAYER).iter().unwrap().count(), 0);
    db.update(orders[1], |order| order.customer_id = customer_id).unwrap();
    db.update(orders[2], |order| order.customer_id = customer_id).unwrap();
    assert_eq!(db.join(Order::CUSTOMER).iter().unwrap().count(), 3);
}

/// behaviour R73, for what may be missing until a commit
#[test]
fn inside_a_transaction() {
    let mut db = empty();
    let customer_id = db.insert(Customer { number: 1, nation_id: None }).unwrap();
    let mut tx = db.begin_deferred().unwrap();
    // A reserved id that nobody names is in nobody's way; one that is named is an error until it is filled.
    let reserved = tx.reserve::<Customer>().unwrap();
    let order = tx.insert(Order { customer_id, payer_id: None, cents: 0 }).unwrap();
    assert_eq!(tx.join(Order::CUSTOMER).iter().unwrap().count(), 1);
    tx.update(order, |order| order.customer_id = reserved).unwrap();
    assert_eq!(tx.join(Order::CUSTOMER).iter().err(), Some(Error::Unfilled { row: reserved.erase() }));
    assert_eq!(tx.join(Customer::ORDERS).iter().err(), Some(Error::Unfilled { row: reserved.erase() }));
    // Nor is a reserved id a row.
    assert_eq!(tx.rows::<Customer>().iter().unwrap().count(), 1);
    let at = [reserved];
    let missing = Error::NotFound { row: reserved.erase(), why: Missing::Reserved };
    assert_eq!(tx.rows_at(&at).iter().err(), Some(missing));
    tx.insert_at(reserved, Customer { number: 2, nation_id: None }).unwrap();
    assert_eq!(tx.join(Order::CUSTOMER).iter().unwrap().map(|(_, customer)| customer.number).sum::<usize>(), 2);
    // no_action: the line stays behind, for a while.
    let line = tx.insert(Line { order_id: order, cents: 1 }).unwrap();
    tx.delete(order).unwrap();
    let unresolved = tx.related(line, Line::ORDER).unwrap_err();
    assert_eq!(tx.join(Line::ORDER).iter().err(), Some(unresolved));
    tx.delete(line).unwrap();
    assert_eq!(tx.join(Line::ORDER).iter().unwrap().count(), 0);
    tx.commit().unwrap();
}

/// behaviour R77: a left join keeps a result that has nothing at the other end, once and in its place
#[test]
fn a_left_join_keeps_what_leads_nowhere() {
    type Result<'a> = (Joined<'a, Customer>, Option<Joined<'a, Order>>, Option<Joined<'a, Line>>);
    let (db, _) = shop();
    // To one, of an optional key, over a has_one, along a chain.
    let found = |(a, b): (Joined<'_, Customer>, Option<Joined<'_, Nation>>)| (a.id(), b.map(Joined::id));
    let nations = db.iter::<Customer>().map(|(id, customer)| (id, customer.nation_id));
    assert!(db.rows().left_join(Customer::NATION).iter().unwrap().map(found).eq(nations));
    let card_of = |customer: Id<Customer>| db.iter::<Card>().find(|(_, card)| card.customer_id == customer);
    let cards = db.iter::<Customer>().map(|(id, _)| (id, card_of(id).map(|(card, _)| card)));
    let join = db.rows().left_join(Customer::CARD).iter().unwrap();
    assert!(join.map(|(customer, card)| (customer.id(), card.map(Joined::id))).eq(cards));
    let of_cards = db.iter::<Customer>().map(|(id, _)| (id, card_of(id).map(|(_, card)| card.nation_id)));
    assert!(db.rows().left_join(Customer::CARD.then(Card::NATION)).iter().unwrap().map(found).eq(of_cards));
    // A key that is always there: nothing can be missing.
    let lines = db.iter::<Line>().map(|(id, line)| (id, Some(line.order_id)));
    let join = db.rows::<Line>().left_join(Line::ORDER).iter().unwrap();
    assert!(join.map(|(line, order)| (line.id(), order.map(Joined::id))).eq(lines));

    // To many, and from there to many again: customers without orders stay, and orders without lines.
    let mut expected = Vec::new();
    for customer in ids::<Customer>(&db) {
        let orders = db.children(customer, Customer::ORDERS).unwrap();
        if orders.len() == 0 {
            expected.push((customer, None, None));
        }
        for (order, _) in orders {
            let lines = db.children(order, Order::LINES).unwrap();
            if lines.len() == 0 {
                expected.push((customer, Some(order), None));
            }
            expected.extend(lines.map(|(line, _)| (customer, Some(order), Some(line))));
        }
    }
    assert!(expected.iter().any(|(_, order, _)| order.is_none()) && expected.len() > 4000);
    let join = || db.rows::<Customer>().left_join(Customer::ORDERS).left_join(Order::LINES).iter().unwrap();
    let row = |(a, b, c): Result<'_>| (a.id(), b.map(Joined::id), c.map(Joined::id));
    assert!(join().map(row).eq(expected.iter().copied()));
    let mut by_loop = Vec::new();
    for result in join() {
        assert!(result.2.is_none_or(|line| Some(line.order_id) == result.1.map(Joined::id)));
        by_loop.push(row(result));
    }
    assert_eq!(by_loop, expected);
    // Whom a join drops are those whom the left join has kept with nothing.
    let inner = db.join(Customer::ORDERS).join(Order::LINES).iter().unwrap();
    let full = expected.iter().filter_map(|(customer, order, line)| Some((*customer, (*order)?, (*line)?)));
    assert!(inner.map(|(a, b, c)| (a.id(), b.id(), c.id())).eq(full));
}

/// behaviour R77, with filters and joins behind it
#[test]
fn from_a_left_join_it_goes_on() {
    let (db, _) = shop();
    let mut expected = Vec::new();
    for (customer_id, customer) in db.iter::<Customer>().filter(|(_, customer)| customer.number > 9) {
        let mut orders: Vec<_> = db.children(customer_id, Customer::ORDERS).unwrap().map(Some).collect();
        if orders.is_empty() {
            orders.push(None);
        }
        for order in orders {
            let Some(nation) = customer.nation_id else { continue };
            if order.is_none_or(|(_, order)| order.payer_id.is_some()) {
                let payer = order.and_then(|(_, order)| order.payer_id);
                expected.push((customer_id, order.map(|(id, _)| id), nation, payer));
            }
        }
    }
    assert!(expected.iter().filter(|(_, order, ..)| order.is_none()).count() > 50 && expected.len() > 256);
    let join = db
        .rows::<Customer>()
        .filter(|customer| customer.number > 9)
        .left_join(Customer::ORDERS)
        .filter(|(_, order)| order.is_none_or(|order| order.payer_id.is_some()))
        .join_from(|(customer, _)| customer, Customer::NATION)
        .left_join_from(|(_, order, _)| order, Order::PAYER);
    let found = join.iter().unwrap().map(|(a, b, c, d)| (a.id(), b.map(Joined::id), c.id(), d.map(Joined::id)));
    assert_eq!(found.collect::<Vec<_>>(), expected);

    // What tests that there is nothing finds those who have none.
    let idle = db.rows::<Customer>().left_join(Customer::ORDERS).filter(|(_, order)| order.is_none()).iter().unwrap();
    let none = ids::<Customer>(&db).into_iter().filter(|customer| orders_of(&db, *customer).is_empty());
    assert!(idle.map(|(customer, _)| customer.id()).eq(none));
    let counts = db
        .rows::<Customer>()
        .left_join(Customer::ORDERS)
        .iter()
        .unwrap()
        .group_by(|(customer, _)| customer, |count: &mut usize, (_, order)| *count += usize::from(order.is_some()));
    assert!(counts.iter().all(|(customer, count)| *count == orders_of(&db, customer.id()).len()));
    assert_eq!(counts.len(), db.len::<Customer>());
}

/// behaviour R77, where a block ends with a list, with nothing, or in the middle of either
#[test]
fn a_left_join_at_the_ends_of_blocks() {
    for before in [0, 1, 254, 255, 256, 257] {
        for of_one in [0, 1, 255, 256, 257, 512] {
            let mut db = empty();
            let customer = |number| Customer { number, nation_id: None };
            let customers = db.insert_many((0..before + 2).map(customer).collect::<Vec<_>>()).unwrap();
            let order = Order { customer_id: customers[before], payer_id: None, cents: 0 };
            let orders = db.insert_many(vec![order; of_one]).unwrap();
            let mut expected: Vec<_> = customers.iter().map(|customer| (*customer, None)).collect();
            if !orders.is_empty() {
                expected.splice(before..=before, orders.iter().map(|order| (customers[before], Some(*order))));
            }
            let join = db.rows::<Customer>().left_join(Customer::ORDERS).iter().unwrap();
            let found = join.map(|(customer, order)| (customer.id(), order.map(Joined::id)));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{of_one} behind {before}");
        }
    }
    assert_eq!(empty().rows::<Customer>().left_join(Customer::ORDERS).iter().unwrap().count(), 0);
}

/// behaviour R73 holds for left joins too: what is missing is not what is absent
#[test]
fn a_left_join_is_no_way_round_what_is_missing() {
    let mut db = empty();
    let gone = db.insert(Customer { number: 1, nation_id: None }).unwrap();
    db.delete(gone).unwrap();
    let order = Order { customer_id: gone, payer_id: None, cents: 0 };
    let order = db.insert_many_unchecked([order]).unwrap()[0];
    let unresolved = db.related(order, Order::CUSTOMER).unwrap_err();
    assert!(matches!(unresolved, Error::Unresolved { .. }));
    assert_eq!(db.rows().left_join(Order::CUSTOMER).iter().err(), Some(unresolved.clone()));
    assert_eq!(db.rows().left_join(Customer::ORDERS).iter().err(), Some(unresolved.clone()));
    assert_eq!(db.rows().left_join_from(|customer| customer, Customer::ORDERS).iter().err(), Some(unresolved));
    let mut tx = db.begin_deferred().unwrap();
    let reserved = tx.reserve::<Customer>().unwrap();
    tx.update(order, |order| order.customer_id = reserved).unwrap();
    assert_eq!(tx.rows().left_join(Order::CUSTOMER).iter().err(), Some(Error::Unfilled { row: reserved.erase() }));
}
