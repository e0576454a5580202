//! Paths to one row: values, absence, chains, several at once.

use std::collections::BTreeSet;

use super::{Card, Customer, Language, Line, Nation, Order, Shop, Word, empty, shop};

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
