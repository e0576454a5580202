//! Following relations, compared with nested loops over the rows.

use std::collections::BTreeSet;

use relata::{Database, Error, Id, Missing, Model, RowId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nation {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order, via = customer), has_one(card: Card))]
struct Customer {
    name: String,
    #[model(belongs_to)]
    nation_id: Option<Id<Nation>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    #[model(belongs_to, unique)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    bank_id: Id<Nation>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(lines: Line))]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    payer_id: Option<Id<Customer>>,
    total_cents: u64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    #[model(belongs_to)]
    order_id: Id<Order>,
    price_cents: u64,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(evolves_into: Species, via = evolves_from))]
struct Species {
    name: String,
    #[model(belongs_to)]
    evolves_from_id: Option<Id<Species>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Language {
    #[model(primary_key)]
    code: String,
    #[model(unique)]
    number: u32,
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Word {
    #[model(belongs_to(Language), name = language)]
    language_code: Option<String>,
    #[model(belongs_to(Language, key_to = number), name = other)]
    other_number: Option<u32>,
}

/// Not registered with any database here.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stray {
    #[model(belongs_to)]
    nation_id: Id<Nation>,
}

fn empty() -> Database {
    Database::builder()
        .model::<Nation>()
        .model::<Customer>()
        .model::<Card>()
        .model::<Order>()
        .model::<Line>()
        .model::<Species>()
        .model::<Language>()
        .model::<Word>()
        .build()
        .unwrap()
}

/// A fixed sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end as u64) as usize
    }
}

/// A shop of several blocks of rows, in which slots have been used again and rows have moved between owners.
struct Shop {
    db: Database,
    customers: Vec<Id<Customer>>,
    orders: Vec<Id<Order>>,
    /// Ids of orders that were removed; most of their slots hold other orders now.
    removed: Vec<Id<Order>>,
}

fn shop() -> Shop {
    let mut db = empty();
    let mut numbers = Numbers(7);
    let nations: Vec<_> = (0..25).map(|n| db.insert(Nation { name: format!("nation {n}") }).unwrap()).collect();
    let mut customers = Vec::new();
    for n in 0..400 {
        let nation_id = (n % 7 != 0).then(|| nations[numbers.below(nations.len())]);
        let customer = db.insert(Customer { name: format!("customer {n}"), nation_id }).unwrap();
        if n % 3 == 0 {
            db.insert(Card { customer_id: customer, bank_id: nations[n % nations.len()] }).unwrap();
        }
        customers.push(customer);
    }
    let (mut orders, mut removed) = (Vec::new(), Vec::new());
    for n in 0..1500 {
        // The last 50 customers stay without orders.
        let customer_id = customers[numbers.below(350)];
        let payer_id = (n % 4 == 0).then(|| customers[numbers.below(400)]);
        let order = db.insert(Order { customer_id, payer_id, total_cents: numbers.below(50) as u64 }).unwrap();
        orders.push(order);
        if n % 3 == 0 {
            let gone = orders.swap_remove(numbers.below(orders.len()));
            db.delete(gone).unwrap();
            removed.push(gone);
        }
        if n % 5 == 0 && !orders.is_empty() {
            let (moved, to) = (orders[numbers.below(orders.len())], customers[numbers.below(350)]);
            db.update(moved, |order| order.customer_id = to).unwrap();
        }
    }
    for n in 0..3000 {
        let order_id = orders[numbers.below(orders.len())];
        db.insert(Line { order_id, price_cents: n }).unwrap();
    }
    assert_eq!(db.check(), Ok(()));
    assert!(orders.len() > 600, "several blocks of 256");
    Shop { db, customers, orders, removed }
}

impl Shop {
    fn order(&self, id: Id<Order>) -> &Order {
        self.db.get(id).unwrap()
    }
    fn customer(&self, id: Id<Customer>) -> &Customer {
        self.db.get(id).unwrap()
    }
    fn nation_of(&self, id: Id<Customer>) -> Option<&Nation> {
        self.customer(id).nation_id.map(|nation| self.db.get(nation).unwrap())
    }
    /// The orders of a customer by a loop over all orders, in slot order.
    fn orders_of(&self, customer: Id<Customer>) -> BTreeSet<Id<Order>> {
        self.db.iter::<Order>().filter(|(_, order)| order.customer_id == customer).map(|(id, _)| id).collect()
    }
}

fn not_found<M: Model>(id: Id<M>, why: Missing) -> Error {
    Error::NotFound { row: RowId { table: M::NAME, key: id.key() }, why }
}

// To one row.

#[test]
fn a_hop_gives_the_row_that_the_key_names() {
    let Shop { db, orders, .. } = &shop();
    // behaviour R29: "One result slot per source row, in source order; the input is not changed."
    let pairs = db.include(orders, Order::CUSTOMER).to_vec().unwrap();
    assert_eq!(pairs.iter().map(|(order, _)| *order).collect::<Vec<_>>(), *orders);
    for (order, customer) in pairs {
        // behaviour R2: "The accessor returns the row whose key equals the foreign key"
        let expected = db.get(db.get(order).unwrap().customer_id).unwrap();
        assert!(std::ptr::eq(customer, expected));
        assert!(std::ptr::eq(db.related(order, Order::CUSTOMER).unwrap(), expected));
    }
}

#[test]
fn natural_keys_are_followed_by_the_same_links() {
    let mut db = empty();
    let zero = Language { code: String::new(), number: 0, name: "zero".into() };
    let one = Language { code: "en".into(), number: 1, name: "one".into() };
    db.insert_many(vec![one, zero]).unwrap();
    let words = db
        .insert_many(vec![
            Word { language_code: Some("en".into()), other_number: None },
            Word { language_code: None, other_number: Some(1) },
            Word { language_code: Some(String::new()), other_number: Some(0) },
        ])
        .unwrap();
    let name = |language: Option<&Language>| language.map(|language| language.name.clone());
    // behaviour R2: "a key other than the id works (`key_to` any unique key)."
    // behaviour R3: "An absent (`None`) foreign key gives `None`, never an error, and never "the first row". Zero,
    // empty text and false are values, not absence."
    let named = |id| (name(db.related(id, Word::LANGUAGE).unwrap()), name(db.related(id, Word::OTHER).unwrap()));
    assert_eq!(named(words[0]), (Some("one".into()), None));
    assert_eq!(named(words[1]), (None, Some("one".into())));
    assert_eq!(named(words[2]), (Some("zero".into()), Some("zero".into())));
}

#[test]
fn the_type_says_whether_there_may_be_none() {
    let shop = shop();
    // behaviour R4: "the accessor's type says which (`&T` or `Option<&T>`)."
    let customer: &Customer = shop.db.related(shop.orders[0], Order::CUSTOMER).unwrap();
    let payer: Option<&Customer> = shop.db.related(shop.orders[0], Order::PAYER).unwrap();
    let nation: Option<&Nation> = shop.db.related(shop.orders[0], Order::CUSTOMER.then(Customer::NATION)).unwrap();
    let bank: Option<&Nation> = shop.db.related(shop.customers[0], Customer::CARD.then(Card::BANK)).unwrap();
    let order = shop.order(shop.orders[0]);
    assert_eq!(customer, shop.customer(order.customer_id));
    assert_eq!(payer, order.payer_id.map(|payer| shop.customer(payer)));
    assert_eq!(nation, shop.nation_of(order.customer_id));
    assert_eq!(bank.unwrap().name, "nation 0");
}

#[test]
fn absent_keys_give_empty_items() {
    let shop = shop();
    let mut absent = 0;
    // behaviour R30: "An absent key gives an empty slot, no error."
    for pair in shop.db.include(&shop.orders, Order::PAYER) {
        let (order, payer) = pair.unwrap();
        assert_eq!(payer, shop.order(order).payer_id.map(|payer| shop.customer(payer)));
        absent += usize::from(payer.is_none());
    }
    assert!(absent > 300);
}

#[test]
fn relations_to_one_target_are_told_apart() {
    let shop = shop();
    // behaviour R8: "Two relations from one model to the same target, and a relation to the model itself, are
    // distinct relations (by type, not by name)."
    for pair in shop.db.include(&shop.orders, (Order::CUSTOMER, Order::PAYER)) {
        let (order, (customer, payer)) = pair.unwrap();
        let Order { customer_id, payer_id, .. } = *shop.order(order);
        assert_eq!((customer, payer), (shop.customer(customer_id), payer_id.map(|payer| shop.customer(payer))));
    }
}

#[test]
fn a_chain_follows_every_hop() {
    let shop = shop();
    let lines: Vec<_> = shop.db.iter::<Line>().map(|(id, _)| id).collect();
    // behaviour R32: "nested to any depth typed at compile time (`order -> customer -> region`)."
    let path = Line::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
    let nested = Line::ORDER.then(Order::CUSTOMER.then(Customer::NATION));
    let right = shop.db.include(&lines, nested).to_vec().unwrap();
    for (i, pair) in shop.db.include(&lines, path).enumerate() {
        let (line, nation) = pair.unwrap();
        let order = shop.order(shop.db.get(line).unwrap().order_id);
        assert_eq!(nation, shop.nation_of(order.customer_id));
        assert_eq!(right[i], (line, nation), "however the chain is put together");
    }
    let path = Order::PAYER.then(Customer::CARD).then(Card::BANK);
    for pair in shop.db.include(&shop.orders, path) {
        let (order, bank) = pair.unwrap();
        let card = shop.order(order).payer_id.and_then(|payer| shop.db.find(Card::BY_CUSTOMER_ID, &payer).ok());
        assert_eq!(bank, card.map(|(_, card)| shop.db.get(card.bank_id).unwrap()));
    }
}

#[test]
fn has_one_gives_the_only_source_or_none() {
    let shop = shop();
    for pair in shop.db.include(&shop.customers, Customer::CARD) {
        let (customer, card) = pair.unwrap();
        let expected = shop.db.iter::<Card>().find(|(_, card)| card.customer_id == customer);
        assert_eq!(card, expected.map(|(_, card)| card));
        assert_eq!(shop.db.count(customer, Customer::CARD), Ok(usize::from(card.is_some())));
    }
}

#[test]
fn has_one_passes_over_a_source_that_has_left() {
    let mut db = empty();
    let customer_id = db.insert(Customer { name: String::new(), nation_id: None }).unwrap();
    let bank_id = db.insert(Nation { name: String::new() }).unwrap();
    // Only rows stored unchecked can be two.
    let cards = db.insert_many_unchecked(vec![Card { customer_id, bank_id }; 2]).unwrap();
    db.delete(cards[0]).unwrap();
    let card = db.related(customer_id, Customer::CARD).unwrap();
    assert!(std::ptr::eq(card.unwrap(), db.get(cards[1]).unwrap()));
}

#[test]
fn the_row_and_what_it_gets_can_be_kept_together() {
    let shop = shop();
    let path = Order::PAYER.with((Customer::NATION, Customer::ORDERS));
    for pair in shop.db.include(&shop.orders, path) {
        let (order, payer) = pair.unwrap();
        assert_eq!(payer.is_some(), shop.order(order).payer_id.is_some());
        let Some((payer, (nation, orders))) = payer else { continue };
        let id = shop.order(order).payer_id.unwrap();
        assert_eq!((payer, nation), (shop.customer(id), shop.nation_of(id)));
        assert_eq!(orders.map(|(order, _)| order).collect::<BTreeSet<_>>(), shop.orders_of(id));
    }
}

#[test]
fn nothing_is_cached() {
    let mut shop = shop();
    let order = shop.orders[3];
    let (old, new) = (shop.order(order).customer_id, shop.customers[399]);
    shop.db.update(order, |order| order.customer_id = new).unwrap();
    // behaviour R9: "Nothing is cached: after any write the accessor shows the new truth."
    assert_eq!(shop.db.related(order, Order::CUSTOMER).unwrap().name, "customer 399");
    assert!(!shop.db.children(old, Customer::ORDERS).unwrap().any(|(id, _)| id == order));
    assert_eq!(shop.db.children(new, Customer::ORDERS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [order]);
}

// To many rows.

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

// Recursion.

/// Three roots; each other species evolves from an earlier one.
fn forest(db: &mut Database, size: usize) -> Vec<Id<Species>> {
    let mut numbers = Numbers(3);
    db.insert_many_with(size, |ids| {
        let parent = |n: usize, numbers: &mut Numbers| (n >= 3).then(|| ids[numbers.below(n)]);
        (0..size).map(|n| Species { name: format!("{n}"), evolves_from_id: parent(n, &mut numbers) }).collect()
    })
    .unwrap()
}

#[test]
fn a_relation_of_a_model_to_itself_works_both_ways() {
    let mut db = empty();
    let species = forest(&mut db, 300);
    // behaviour R23: "A relation to the model itself works in both directions (parent and children)."
    for pair in db.include(&species, (Species::EVOLVES_FROM, Species::EVOLVES_INTO)) {
        let (id, (parent, children)) = pair.unwrap();
        let parent_id = db.get(id).unwrap().evolves_from_id;
        assert_eq!(parent, parent_id.map(|parent| db.get(parent).unwrap()));
        assert!(children.eq(db.iter::<Species>().filter(|(_, other)| other.evolves_from_id == Some(id))));
    }
}

/// What is below a row, by loops: level after level.
fn descendants(db: &Database, root: Id<Species>, depth_max: usize) -> Vec<(usize, Id<Species>)> {
    let mut found = vec![(0, root)];
    let mut next = 0;
    while let Some((depth, id)) = found.get(next).copied() {
        next += 1;
        for (child, row) in db.iter::<Species>() {
            let is_new = found.iter().all(|(_, seen)| *seen != child);
            if depth < depth_max && row.evolves_from_id == Some(id) && is_new {
                found.push((depth + 1, child));
            }
        }
    }
    found.remove(0);
    found
}

#[test]
fn recursion_goes_to_a_depth_or_to_the_end() {
    let mut db = empty();
    let species = forest(&mut db, 300);
    // behaviour R33: "A recursive relation can be included to depth N or to the end, safe on cycles"
    for depth_max in [0, 1, 2, usize::MAX] {
        for pair in db.include(&species, Species::EVOLVES_FROM.recursive_to(depth_max)) {
            let (id, ancestors) = pair.unwrap();
            let chain = std::iter::successors(Some(id), |id| db.get(*id).unwrap().evolves_from_id).skip(1);
            let expected: Vec<_> = (1..).zip(chain).take(depth_max).collect();
            assert_eq!(ancestors.len(), expected.len());
            assert_eq!(ancestors.map(|(depth, id, _)| (depth, id)).collect::<Vec<_>>(), expected);
        }
        for pair in db.include(&species, Species::EVOLVES_INTO.recursive_to(depth_max)) {
            let (id, below) = pair.unwrap();
            let found: Vec<_> = below.map(|(depth, id, _)| (depth, id)).collect();
            assert_eq!(found, descendants(&db, id, depth_max));
        }
    }
}

#[test]
fn recursion_ends_where_a_cycle_closes() {
    let mut db = empty();
    // 0 -> 1 -> 2 -> 3 -> 1, and 4 -> 4.
    let species = db
        .insert_many_with(5, |ids| {
            let parents = [ids[1], ids[2], ids[3], ids[1], ids[4]];
            parents.map(|parent| Species { name: String::new(), evolves_from_id: Some(parent) }).to_vec()
        })
        .unwrap();
    let place = |id: Id<Species>| species.iter().position(|known| *known == id).unwrap();
    let reached = |from: usize, up: bool| -> Vec<(usize, usize)> {
        let found = if up {
            db.related(species[from], Species::EVOLVES_FROM.recursive()).unwrap()
        } else {
            db.related(species[from], Species::EVOLVES_INTO.recursive()).unwrap()
        };
        found.map(|(depth, id, _)| (depth, place(id))).collect()
    };
    // behaviour R33: "safe on cycles"
    assert_eq!(reached(0, true), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(reached(2, true), [(1, 3), (2, 1)]);
    assert_eq!(reached(4, true), []);
    assert_eq!(reached(1, false), [(1, 0), (1, 3), (2, 2)]);
    assert_eq!(reached(4, false), []);
    // A tuple looks at every path again to explain an error: a cycle must not hold it up.
    let stale = Id::<Species>::null();
    let refused = db.related(stale, (Species::EVOLVES_FROM.recursive(), Species::EVOLVES_FROM));
    assert_eq!(refused.err(), Some(not_found(stale, Missing::Null)));
}

#[test]
fn recursion_from_a_stale_row_is_an_error() {
    let mut db = empty();
    let gone = db.insert(Species { name: "gone".into(), evolves_from_id: None }).unwrap();
    db.delete(gone).unwrap();
    let heir = db.insert(Species { name: "its heir".into(), evolves_from_id: None }).unwrap();
    db.insert(Species { name: String::new(), evolves_from_id: Some(heir) }).unwrap();
    let refused = Some(not_found(gone, Missing::Replaced { version: 3 }));
    for depth_max in [0, 1, usize::MAX] {
        assert_eq!(db.related(gone, Species::EVOLVES_INTO.recursive_to(depth_max)).err(), refused);
        assert_eq!(db.related(gone, Species::EVOLVES_FROM.recursive_to(depth_max)).err(), refused);
    }
    assert_eq!(db.related(heir, Species::EVOLVES_INTO.recursive()).unwrap().len(), 1);
}

#[test]
fn a_long_chain_needs_no_stack() {
    let mut db = empty();
    let chain = db
        .insert_many_with(100_000, |ids| {
            (0..ids.len())
                .map(|n| Species { name: String::new(), evolves_from_id: n.checked_sub(1).map(|n| ids[n]) })
                .collect()
        })
        .unwrap();
    let below = db.related(chain[0], Species::EVOLVES_INTO.recursive()).unwrap();
    assert_eq!(below.last().map(|(depth, id, _)| (depth, id)), Some((99_999, chain[99_999])));
    assert_eq!(db.related(chain[99_999], Species::EVOLVES_FROM.recursive()).unwrap().len(), 99_999);
}

// What is not there.

#[test]
fn an_empty_slice_gives_nothing() {
    let db = empty();
    // behaviour R40: "An empty input gives an empty result and touches nothing."
    assert_eq!(db.include(&[], Order::CUSTOMER).len(), 0);
    assert!(db.include(&[], Order::CUSTOMER).next().is_none());
    assert_eq!(db.include(&[], Stray::NATION).to_vec(), Ok(vec![]));
    db.include(&[], Stray::NATION).for_each(|pair| panic!("{pair:?}"));
}

#[test]
fn an_unregistered_model_is_an_error_of_every_item() {
    let db = empty();
    let error = Error::UnknownModel { model: "Stray" };
    let ids = [Id::null(), Id::null()];
    assert_eq!(db.related(ids[0], Stray::NATION).err(), Some(error.clone()));
    let all: Vec<_> = db.include(&ids, Stray::NATION).map(Result::err).collect();
    assert_eq!(all, [Some(error.clone()), Some(error.clone())]);
    assert_eq!(db.path(Stray::NATION).err(), Some(error));
}

#[test]
fn ids_that_name_no_row_are_errors_in_their_places() {
    let Shop { db, customers, orders, removed } = &shop();
    // hostile 1: stale ids; hostile 2: null and forged ones, among them every null that the store uses itself.
    let forged = ["0v1", "7v99", "4000000000v1", "4294967295v1", "4294967295v3", "4294967295v5", "4294967295v7"];
    let forged = forged.map(|text| text.parse::<Id<Order>>().unwrap());
    let bad: Vec<_> = removed.iter().copied().chain(forged).chain([Id::null()]).collect();
    let mixed: Vec<_> = orders.iter().zip(bad.iter().cycle()).flat_map(|(good, bad)| [*good, *bad]).collect();

    macro_rules! check {
        ($($path:expr),+ $(,)?) => {$({
            let stepwise: Vec<_> = db.include(&mixed, $path).map(|pair| pair.map(|(id, _)| id)).collect();
            let mut folded = Vec::new();
            let mut view = db.include(&mixed, $path);
            folded.extend(view.next().map(|pair| pair.map(|(id, _)| id)));
            view.for_each(|pair| folded.push(pair.map(|(id, _)| id)));
            assert_eq!(stepwise, folded);
            assert_eq!(stepwise.len(), mixed.len());
            for (place, (id, result)) in mixed.iter().zip(&stepwise).enumerate() {
                let expected = db.get(*id).map(|_| *id);
                assert_eq!(*result, expected, "{} at {place}", stringify!($path));
                assert_eq!(result.is_ok(), place % 2 == 0);
            }
        })+};
    }
    check!(
        Order::CUSTOMER,
        Order::PAYER,
        Order::PAYER.then(Customer::NATION),
        Order::PAYER.then(Customer::CARD).then(Card::BANK),
        Order::PAYER.then(Customer::ORDERS),
        Order::PAYER.with(Customer::ORDERS.limit(1)),
        Order::PAYER.then((Customer::NATION, Customer::CARD)),
        (Order::PAYER, Order::CUSTOMER),
        Order::LINES,
        Order::LINES.filter(|line| line.price_cents > 5),
        Order::LINES.then(Line::ORDER),
        Order::LINES.with(Line::ORDER.then(Order::PAYER)),
    );
    let null = Id::<Customer>::null();
    assert_eq!(db.related(null, Customer::NATION).err(), Some(not_found(null, Missing::Null)));
    assert_eq!(db.children(null, Customer::ORDERS).err(), Some(not_found(null, Missing::Null)));
    assert!(db.related(customers[0], Customer::NATION).is_ok());
}

#[test]
fn a_missing_target_is_an_error_that_names_the_hop() {
    let mut db = empty();
    let gone = db.insert(Customer { name: "gone".into(), nation_id: None }).unwrap();
    db.delete(gone).unwrap();
    let orders =
        db.insert_many_unchecked(vec![Order { customer_id: gone, payer_id: Some(gone), total_cents: 0 }]).unwrap();
    let line = db.insert(Line { order_id: orders[0], price_cents: 0 }).unwrap();
    let text = |error: Option<Error>| error.map(|error| error.to_string()).unwrap_or_default();
    let customer = "Order 1v1: the target of `customer` is missing: id 1v1";
    let payer = "Order 1v1: the target of `payer` is missing: id 1v1";
    assert_eq!(text(db.related(orders[0], Order::CUSTOMER).err()), customer);
    assert_eq!(text(db.related(line, Line::ORDER.then(Order::PAYER).then(Customer::NATION)).err()), payer);
    assert_eq!(text(db.related(line, Line::ORDER.then(Order::CUSTOMER.then(Customer::ORDERS))).err()), customer);
    assert_eq!(text(db.related(line, Line::ORDER.with(Order::CUSTOMER)).err()), customer);
    assert_eq!(text(db.related(orders[0], (Order::LINES, Order::PAYER)).err()), payer);
    // In a tree the error stands in the place of the branch.
    let mut tree = db.related(orders[0], Order::LINES.with(Line::ORDER.then(Order::CUSTOMER))).unwrap();
    assert_eq!(text(tree.next().and_then(Result::err)), customer);
    assert!(tree.next().is_none());

    let species =
        db.insert_many_unchecked(vec![Species { name: String::new(), evolves_from_id: "9v1".parse().ok() }]).unwrap();
    let child = db.insert(Species { name: String::new(), evolves_from_id: Some(species[0]) }).unwrap();
    let missing = "Species 1v1: the target of `evolves_from` is missing: id 9v1";
    assert_eq!(text(db.related(child, Species::EVOLVES_FROM.recursive()).err()), missing);
    assert_eq!(db.related(child, Species::EVOLVES_FROM.recursive_to(1)).unwrap().len(), 1);
}

#[test]
fn a_cursor_is_opened_once() {
    let shop = shop();
    let nations = shop.db.path(Order::CUSTOMER.then(Customer::NATION)).unwrap();
    for order in &shop.orders {
        assert_eq!(nations.get(*order).unwrap(), shop.nation_of(shop.order(*order).customer_id));
    }
    assert_eq!(nations.get(shop.removed[0]).is_err(), !shop.db.contains(shop.removed[0]));
    assert_eq!(nations.include(&shop.orders).len(), shop.orders.len());
}
