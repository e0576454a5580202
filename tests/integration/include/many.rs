//! Paths to many rows: order, counts, scopes, trees.

use std::collections::BTreeSet;

use relata::{Id, Missing};

use super::{Card, Customer, Line, Nation, Numbers, Order, Shop, empty, not_found, shop};

#[test]
fn children_come_in_the_order_in_which_they_joined() {
    let mut db = empty();
    let mut numbers = Numbers(11);
    let customers: Vec<_> =
        (0..3).map(|_| db.insert(Customer { name: String::new(), nation_id: None }).unwrap()).collect();
    let mut model: Vec<Vec<Id<Order>>> = vec![Vec::new(); customers.len()];
    for step in 0..2000 {
        let (from, to) = (numbers.below(3), numbers.below(3));
        match numbers.below(3) {
            0 if !model[from].is_empty() => {
                let at = numbers.below(model[from].len());
                db.delete(model[from].remove(at)).unwrap();
            }
            1 if !model[from].is_empty() && from != to => {
                let at = numbers.below(model[from].len());
                let moved = model[from].remove(at);
                model[to].push(moved);
                db.update(moved, |order| order.customer_id = customers[to]).unwrap();
            }
            _ => {
                let order = Order { customer_id: customers[to], payer_id: None, total_cents: step };
                model[to].push(db.insert(order).unwrap());
            }
        }
        for (customer, expected) in customers.iter().zip(&model) {
            // behaviour R16: "Listing returns only the owner's rows, in the order in which they joined this owner"
            let children = db.children(*customer, Customer::ORDERS).unwrap();
            assert_eq!(children.len(), expected.len());
            let mut rest = children.clone();
            rest.next();
            assert_eq!(rest.len(), expected.len().saturating_sub(1));
            assert!(children.clone().map(|(id, _)| id).eq(expected.iter().copied()));
            assert!(children.rev().map(|(id, _)| id).eq(expected.iter().rev().copied()));
        }
    }
}

#[test]
fn a_stale_owner_is_an_error_never_the_children_of_another() {
    let mut db = empty();
    let gone = db.insert(Customer { name: "gone".into(), nation_id: None }).unwrap();
    db.delete(gone).unwrap();
    let customer_id = db.insert(Customer { name: "its heir".into(), nation_id: None }).unwrap();
    let bank_id = db.insert(Nation { name: "bank".into() }).unwrap();
    db.insert(Order { customer_id, payer_id: None, total_cents: 1 }).unwrap();
    db.insert(Card { customer_id, bank_id }).unwrap();
    // behaviour R16: "A stale owner is an error, never another row's children."
    let error = not_found(gone, Missing::Replaced { version: 3 });
    assert_eq!(error.to_string(), "Customer 1v1 not found: removed; the slot is now v3");
    let refused = Some(error);
    assert_eq!(db.children(gone, Customer::ORDERS).err(), refused);
    assert_eq!(db.count(gone, Customer::ORDERS).err(), refused);
    assert_eq!(db.exists(gone, Customer::CARD).err(), refused);
    assert_eq!(db.related(gone, Customer::CARD).err(), refused);
    assert_eq!(db.related(gone, Customer::CARD.then(Card::BANK)).err(), refused);
    assert_eq!(db.related(gone, Customer::ORDERS.limit(1)).err(), refused);
    assert_eq!(db.related(gone, Customer::ORDERS.with(Order::PAYER)).err(), refused);
    assert_eq!(db.related(gone, Customer::ORDERS.then(Order::PAYER)).err(), refused);
    assert_eq!(db.related(gone, (Customer::NATION, Customer::CARD)).err(), refused);
}

/// behaviour R16: an id that is reserved and not filled is no owner, even where rows of the transaction name it already.
#[test]
fn a_reserved_id_is_no_owner_until_it_is_filled() {
    let mut db = empty();
    let bank_id = db.insert(Nation { name: "bank".into() }).unwrap();
    db.transaction(|tx| {
        let customer_id = tx.reserve::<Customer>()?;
        tx.insert(Order { customer_id, payer_id: None, total_cents: 1 })?;
        tx.insert(Card { customer_id, bank_id })?;
        let refused = Some(not_found(customer_id, Missing::Reserved));
        assert_eq!(tx.children(customer_id, Customer::ORDERS).err(), refused);
        assert_eq!(tx.related(customer_id, Customer::ORDERS).err(), refused);
        assert_eq!(tx.related(customer_id, Customer::CARD).err(), refused);
        assert_eq!(tx.include(&[customer_id], Customer::ORDERS).to_vec().err(), refused);
        tx.insert_at(customer_id, Customer { name: "at last".into(), nation_id: None })?;
        assert_eq!(tx.children(customer_id, Customer::ORDERS)?.len(), 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn counts_agree_with_loops() {
    let Shop { db, customers, .. } = &shop();
    for customer in customers {
        let orders = || db.iter::<Order>().filter(|(_, order)| order.customer_id == *customer);
        // behaviour R18: "Count, whole and filtered; exists gives true or false."
        assert_eq!(db.count(*customer, Customer::ORDERS), Ok(orders().count()));
        assert_eq!(db.exists(*customer, Customer::ORDERS), Ok(orders().count() > 0));
        let is_dear = |order: &Order| order.total_cents >= 25;
        let dear = orders().filter(|(_, order)| is_dear(order)).count();
        assert_eq!(db.count_where(*customer, Customer::ORDERS, is_dear), Ok(dear));
    }
}

#[test]
fn children_of_many_owners() {
    let shop = shop();
    let mut childless = 0;
    for pair in shop.db.include(&shop.customers, Customer::ORDERS) {
        let (customer, orders) = pair.unwrap();
        // behaviour R30: "A childless parent gives an empty list."
        childless += usize::from(orders.len() == 0);
        assert_eq!(orders.map(|(order, _)| order).collect::<BTreeSet<_>>(), shop.orders_of(customer));
    }
    assert!(childless >= 50);
    // An absent hop gives the empty list too.
    for pair in shop.db.include(&shop.orders, Order::PAYER.then(Customer::ORDERS)) {
        let (order, orders) = pair.unwrap();
        let expected = shop.order(order).payer_id.map(|payer| shop.orders_of(payer)).unwrap_or_default();
        assert_eq!(orders.map(|(order, _)| order).collect::<BTreeSet<_>>(), expected);
    }
}

#[test]
fn a_scope_holds_for_each_parent() {
    let shop = shop();
    let least = 10;
    let path = Customer::ORDERS
        .filter(|order| order.total_cents >= least)
        .filter(|order| order.total_cents < 40)
        .order_by(|left, right| right.total_cents.cmp(&left.total_cents))
        .skip(1)
        .limit(2);
    let mut cut_short = 0;
    let pairs = shop.db.include(&shop.customers, path).to_vec().unwrap();
    for (customer, orders) in pairs {
        // behaviour R20: "The caller's filter is ANDed with the owner: it can narrow, never widen."
        // behaviour R34: "A scope on an inclusion (filter, order, limit, skip) applies per parent, within the single
        // pass; inner and outer limits are independent."
        let joined = shop.db.children(customer, Customer::ORDERS).unwrap();
        let mut expected: Vec<_> = joined.filter(|(_, order)| (least..40).contains(&order.total_cents)).collect();
        expected.sort_by_key(|(_, order)| std::cmp::Reverse(order.total_cents));
        cut_short += usize::from(expected.len() > 3);
        let expected: Vec<_> = expected.into_iter().skip(1).take(2).collect();
        assert_eq!(orders.len(), expected.len());
        assert_eq!(orders.collect::<Vec<_>>(), expected, "equal ones in the order in which they joined");
    }
    assert!(cut_short > 10);
    for pair in shop.db.include(&shop.customers, Customer::ORDERS.skip(1).limit(3)) {
        let (customer, orders) = pair.unwrap();
        let joined = shop.db.children(customer, Customer::ORDERS).unwrap();
        assert!(orders.eq(joined.skip(1).take(3)));
    }
    // A long list of few prices: equal ones stay in the order in which they joined.
    let mut shop = shop;
    let to = shop.customers[0];
    for order in &shop.orders {
        shop.db.update(*order, |order| order.customer_id = to).unwrap();
    }
    let by_price = Customer::ORDERS.order_by(|left, right| left.total_cents.cmp(&right.total_cents));
    let mut expected: Vec<_> = shop.db.children(to, Customer::ORDERS).unwrap().collect();
    expected.sort_by_key(|(_, order)| order.total_cents);
    assert!(shop.db.related(to, by_price).unwrap().eq(expected));
    let none = shop.db.related(shop.customers[0], Customer::ORDERS.order_by(|_, _| std::cmp::Ordering::Equal).limit(0));
    assert_eq!(none.unwrap().len(), 0);
}

#[test]
fn inner_and_outer_scopes_are_independent() {
    let shop = shop();
    let path = Customer::ORDERS.limit(2).with(Order::LINES.order_by(|l, r| r.price_cents.cmp(&l.price_cents)).limit(1));
    let (mut orders_seen, mut lines_seen) = (0, 0);
    for pair in shop.db.include(&shop.customers, path) {
        let (customer, tree) = pair.unwrap();
        let mut expected = shop.db.children(customer, Customer::ORDERS).unwrap().take(2);
        for branch in tree {
            let (order, row, mut lines) = branch.unwrap();
            assert_eq!(Some((order, row)), expected.next());
            let dearest = shop.db.children(order, Order::LINES).unwrap().map(|(_, line)| line.price_cents).max();
            assert_eq!(lines.next().map(|(_, line)| line.price_cents), dearest);
            assert!(lines.next().is_none());
            orders_seen += 1;
            lines_seen += usize::from(dearest.is_some());
        }
        assert!(expected.next().is_none());
    }
    assert!(orders_seen > 500 && lines_seen > 400);
}

#[test]
fn items_outlive_the_view_and_its_blocks() {
    let shop = shop();
    let kept = shop.db.include(&shop.customers.clone(), Customer::ORDERS.with(Order::LINES)).to_vec().unwrap();
    assert_eq!(kept.len(), 400);
    let lines: usize = kept.iter().flat_map(|(_, tree)| tree.clone()).map(|branch| branch.unwrap().2.len()).sum();
    assert_eq!(lines, 3000);
}

#[test]
fn following_each_child_forgets_it() {
    let shop = shop();
    let path = Customer::ORDERS.then(Order::LINES);
    for pair in shop.db.include(&shop.customers, path) {
        let (customer, lists) = pair.unwrap();
        let lines: Vec<_> = lists.flat_map(|lines| lines.unwrap()).collect();
        let mut expected = Vec::new();
        for (order, _) in shop.db.children(customer, Customer::ORDERS).unwrap() {
            expected.extend(shop.db.iter::<Line>().filter(|(_, line)| line.order_id == order));
        }
        assert_eq!(lines, expected);
    }
    // More children of one parent than a block holds.
    let everything = shop.db.iter::<Order>().map(|(id, _)| id).collect::<Vec<_>>();
    let mut db = shop.db;
    for order in &everything {
        db.update(*order, |order| order.customer_id = shop.customers[0]).unwrap();
    }
    let payers = db.related(shop.customers[0], Customer::ORDERS.then(Order::PAYER)).unwrap();
    assert_eq!(payers.len(), everything.len());
    for (payer, (order, row)) in payers.zip(db.children(shop.customers[0], Customer::ORDERS).unwrap()) {
        assert_eq!(payer.unwrap(), row.payer_id.map(|payer| db.get(payer).unwrap()), "{order}");
    }
}

#[test]
fn several_relations_at_once() {
    let shop = shop();
    // behaviour R32: "Several relations at once"
    let path = (Customer::NATION, Customer::CARD, Customer::ORDERS, Customer::ORDERS.limit(1));
    for pair in shop.db.include(&shop.customers, path) {
        let (customer, (nation, card, orders, first)) = pair.unwrap();
        assert_eq!(nation, shop.nation_of(customer));
        assert_eq!(card, shop.db.related(customer, Customer::CARD).unwrap());
        assert_eq!(orders.len(), shop.orders_of(customer).len());
        assert!(first.eq(orders.take(1)));
    }
    // After an absent hop the whole tuple is absent.
    for pair in shop.db.include(&shop.orders, Order::PAYER.then((Customer::NATION, Customer::ORDERS))) {
        let (order, both) = pair.unwrap();
        assert_eq!(both.is_none(), shop.order(order).payer_id.is_none());
    }
}

/// behaviour R34, by predicates: the same rows as by closures, queries and joins
#[test]
fn a_scope_by_a_predicate() {
    let mut shop = shop();
    let order = Order::FIELDS;
    let dear = || Order::FIELDS.total_cents.gt(20);
    let by_predicate = shop.db.include(&shop.customers, Customer::ORDERS.filter_by(dear())).to_vec().unwrap();
    let by_closure = shop.db.include(&shop.customers, Customer::ORDERS.filter(|order| order.total_cents > 20));
    let mut joined = shop.db.rows_at(&shop.customers).join(Customer::ORDERS).filter_by(dear()).iter().unwrap();
    let (mut some, mut none) = (0, 0);
    for ((customer, orders), closure) in by_predicate.into_iter().zip(by_closure) {
        let orders: Vec<_> = orders.collect();
        some += orders.len();
        none += usize::from(orders.is_empty());
        let (source, of_closure) = closure.unwrap();
        assert_eq!((customer, &orders), (source, &of_closure.collect()));
        let mut ids: Vec<_> = orders.iter().map(|(id, _)| *id).collect();
        for id in &ids {
            assert_eq!(joined.next().map(|(customer, order)| (customer.id(), order.id())), Some((customer, *id)));
        }
        let query = shop.db.query().filter(Order::CUSTOMER.is(customer).and(dear()));
        ids.sort();
        let mut found: Vec<_> = query.ids().unwrap().collect();
        found.sort();
        assert_eq!(ids, found);
    }
    assert!(joined.next().is_none() && some > 256 && none > 50);

    // With the rest of a scope, over relations, and twice.
    let poor = Order::PAYER.has(Customer::FIELDS.name.like("%1%")).not();
    let path = Customer::ORDERS.order_by(|a, b| b.total_cents.cmp(&a.total_cents)).filter_by(poor).limit(2).skip(1);
    let path = path.filter_by(dear().or(order.total_cents.lt(10))).filter(|order| order.total_cents != 49);
    let is_rich = |payer: Option<Id<Customer>>| payer.is_some_and(|id| shop.db.get(id).unwrap().name.contains('1'));
    let mut cut_short = 0;
    for pair in shop.db.include(&shop.customers, path) {
        let (customer, orders) = pair.unwrap();
        let mut expected: Vec<_> = shop.db.children(customer, Customer::ORDERS).unwrap().collect();
        expected.retain(|(_, order)| !is_rich(order.payer_id) && !(10..=20).contains(&order.total_cents));
        expected.retain(|(_, order)| order.total_cents != 49);
        expected.sort_by_key(|(_, order)| std::cmp::Reverse(order.total_cents));
        cut_short += usize::from(expected.len() > 3);
        assert!(orders.eq(expected.into_iter().skip(1).take(2)));
    }
    assert!(cut_short > 10);
    // What is unknown does not pass.
    let payers: Vec<_> = shop.db.iter::<Order>().filter_map(|(_, order)| order.payer_id).collect();
    let (payer, len) = (payers[0], shop.db.len::<Order>());
    let of_payer = payers.iter().filter(|id| **id == payer).count();
    let differs = Customer::ORDERS.filter_by(order.payer_id.differs(payer));
    let known = Customer::ORDERS.filter_by(order.payer_id.eq(payer).not());
    let differs = shop.db.include(&shop.customers, differs).map(|pair| pair.unwrap().1.len()).sum::<usize>();
    let known = shop.db.include(&shop.customers, known).map(|pair| pair.unwrap().1.len()).sum::<usize>();
    assert_eq!((differs, known), (len - of_payer, payers.len() - of_payer));
    assert!(payers.len() < len);

    // Below another path and above one; and again when a row has changed, for nothing is kept.
    let path = Card::CUSTOMER.with(Customer::ORDERS.filter_by(dear()).with(Order::PAYER));
    let cards: Vec<_> = shop.db.iter::<Card>().map(|(id, card)| (id, card.customer_id)).collect();
    let at: Vec<_> = cards.iter().map(|(card, _)| *card).collect();
    for (pair, (_, customer)) in shop.db.include(&at, path).zip(&cards) {
        let (_, (_, orders)) = pair.unwrap();
        let found: Vec<_> = orders.map(Result::unwrap).map(|(id, order, _)| (id, order)).collect();
        let expected = shop.db.children(*customer, Customer::ORDERS).unwrap();
        assert!(found.into_iter().eq(expected.filter(|(_, order)| order.total_cents > 20)));
    }
    let (customer, scope) = (shop.customers[0], || Customer::ORDERS.filter_by(dear()));
    for id in &shop.orders {
        shop.db.update(*id, |order| order.total_cents = 20).unwrap();
    }
    assert_eq!(shop.db.count(customer, scope()), Ok(0));
    // behaviour R16: "A stale owner is an error"
    let stale = shop.db.insert(Customer { name: String::new(), nation_id: None }).unwrap();
    shop.db.delete(stale).unwrap();
    assert_eq!(shop.db.related(stale, scope()).map(Iterator::count).err(), shop.db.get(stale).err());
}
