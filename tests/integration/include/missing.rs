//! Stale, null and forged ids, missing targets, unregistered models.

use relata::{Error, Id, Missing};

use super::{Card, Customer, Line, Order, Shop, Species, Stray, empty, not_found, shop};

#[test]
fn an_empty_slice_gives_nothing() {
    let db = empty();
    // behaviour R40: "An empty input gives an empty result and touches nothing."
    assert_eq!(db.include(&[], Order::CUSTOMER).len(), 0);
    assert!(db.include(&[], Order::CUSTOMER).next().is_none());
    assert_eq!(db.include(&[], Stray::NATION).to_vec(), Ok(vec![]));
    assert_eq!(db.include(&[], Stray::NATION).count(), 0);
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
    // HOSTILE 1: "Stale id (slot reused) -> NotFound." HOSTILE 2: "Forged, null or deserialised id -> NotFound unless
    // table, slot and generation coincide; never a panic." Among them is every null that the store uses itself.
    let forged = [
        "0v1",
        "7v99",
        "4000000000v1",
        "4294967293v1",
        "4294967294v1",
        "4294967295v1",
        "4294967295v3",
        "4294967295v5",
        "4294967295v7",
    ];
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
