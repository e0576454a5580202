//! Inserting: foreign keys exist, unique keys are free, ids stay themselves.

use relata::{Database, Error, Holder, Id, Missing, Model};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(orders: Order))]
struct Customer {
    #[model(unique)]
    email: String,
    #[model(unique)]
    phone: Option<String>,
    #[model(belongs_to(Country), name = country)]
    country_code: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to)]
    customer_id: Id<Customer>,
    #[model(belongs_to)]
    replaces_id: Option<Id<Order>>,
}

fn shop() -> (Database, Id<Customer>) {
    let mut db = Database::builder().model::<Country>().model::<Customer>().model::<Order>().build().unwrap();
    db.insert(Country { code: "is".into() }).unwrap();
    let thor = db.insert(customer("thor@asgard")).unwrap();
    (db, thor)
}

fn customer(email: &str) -> Customer {
    Customer { email: email.into(), phone: None, country_code: Some("is".into()) }
}

fn order(customer_id: Id<Customer>) -> Order {
    Order { customer_id, replaces_id: None }
}

/// behaviour I1: Insert of a source whose key names no target is refused; nothing is stored, every index is as before
/// behaviour R22: Creating for an owner that does not exist is refused
///
/// HOSTILE 3
#[test]
fn a_dangling_key_is_refused() {
    let (mut db, thor) = shop();
    let gone = db.insert(customer("loki@asgard")).unwrap();
    db.delete(gone).unwrap();
    let error = refused(&mut db, |db| db.insert(order(gone)));
    assert_eq!(error.to_string(), "`Order`.customer: no `Customer` with id 2v1: removed");
    // The slot is used again: the old id still names nothing.
    let next = db.insert(customer("loki@jotunheim")).unwrap();
    assert_eq!((next.key() == gone.key(), next.to_string()), (false, "2v3".into()));
    let error = refused(&mut db, |db| db.insert(order(gone)));
    assert_eq!(error.to_string(), "`Order`.customer: no `Customer` with id 2v1: removed; the slot is now v3");
    let never: Id<Customer> = "77v1".parse().unwrap();
    let error = refused(&mut db, |db| db.insert(order(never)));
    assert_eq!(error.to_string(), "`Order`.customer: no `Customer` with id 77v1: never existed");
    let error = refused(&mut db, |db| db.insert(Customer { country_code: Some("no".into()), ..customer("x") }));
    assert_eq!(error.to_string(), "`Customer`.country: no `Country` with code = \"no\": no row has this key");
    let error = refused(&mut db, |db| db.create(gone, Customer::ORDERS, order));
    assert_eq!(error, Error::NotFound { row: gone.erase(), why: Missing::Replaced { version: 3 } });
    assert!(db.insert(order(thor)).is_ok());
}

/// behaviour I2: An absent key needs no target
/// behaviour R3: Zero, empty text and false are values, not absence
#[test]
fn an_absent_key_needs_no_target_and_empty_text_is_not_absence() {
    let (mut db, _) = shop();
    assert!(db.insert(Customer { country_code: None, ..customer("a") }).is_ok());
    let error = refused(&mut db, |db| db.insert(Customer { country_code: Some(String::new()), ..customer("b") }));
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "country", .. }), "{error}");
    db.insert(Country { code: String::new() }).unwrap();
    assert!(db.insert(Customer { country_code: Some(String::new()), ..customer("b") }).is_ok());
}

/// behaviour I20: a duplicate is refused with the existing row's id; null parts do not collide
///
/// HOSTILE 4
#[test]
fn a_duplicate_is_refused_with_the_existing_id() {
    let (mut db, thor) = shop();
    let error = refused(&mut db, |db| db.insert(customer("thor@asgard")));
    let Error::UniqueViolation { existing: Holder::Row(existing), .. } = &error else { panic!("{error}") };
    assert_eq!(*existing, thor.erase());
    assert_eq!(error.to_string(), "`Customer`: email = \"thor@asgard\" is taken by Customer 1v1");
    // Both have no phone.
    db.insert(customer("loki@asgard")).unwrap();
    db.insert(Customer { phone: Some("1".into()), ..customer("odin@asgard") }).unwrap();
    let error = refused(&mut db, |db| db.insert(Customer { phone: Some("1".into()), ..customer("frigg@asgard") }));
    assert_eq!(error.to_string(), "`Customer`: phone = \"1\" is taken by Customer 3v1");
}

/// behaviour R6: reserve gives an id that rows may already name, insert_at fills it
#[test]
fn a_reserved_id_can_be_filled_or_cancelled() {
    let (mut db, thor) = shop();
    let id = db.reserve::<Order>().unwrap();
    assert_eq!(db.get(id), Err(Error::NotFound { row: id.erase(), why: Missing::Reserved }));
    assert_eq!(db.check(), Err(vec![Error::Unfilled { row: id.erase() }]));
    let early = db.insert(Order { customer_id: thor, replaces_id: Some(id) }).unwrap_err();
    assert_eq!(
        early.to_string(),
        "`Order`.replaces: no `Order` with id 1v1: reserved, but no row has been stored under it yet"
    );
    // The row itself may name its id.
    db.insert_at(id, Order { customer_id: thor, replaces_id: Some(id) }).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.get(id).unwrap().replaces_id, Some(id));
    let error = refused(&mut db, |db| db.insert_at(id, order(thor)));
    assert_eq!(error, Error::NotReserved { row: id.erase(), why: Missing::Stored });
    let other = db.reserve::<Order>().unwrap();
    db.cancel(other).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert!(matches!(db.insert_at(other, order(thor)), Err(Error::NotReserved { why: Missing::Removed, .. })));
    assert_ne!(db.insert(order(thor)).unwrap(), other, "a cancelled id never resolves");
}

/// behaviour I15: A row may refer to itself on insert, be moved and be deleted
#[test]
fn a_row_may_refer_to_itself() {
    let (mut db, thor) = shop();
    let own = db.insert_with(|id| Order { customer_id: thor, replaces_id: Some(id) }).unwrap();
    assert_eq!(db.get(own).unwrap().replaces_id, Some(own));
    let other = db.insert(order(thor)).unwrap();
    db.update(own, |order| order.replaces_id = Some(other)).unwrap();
    db.update(own, |order| order.replaces_id = Some(own)).unwrap();
    assert_eq!(db.check(), Ok(()));
    db.delete(own).unwrap();
    assert_eq!((db.len::<Order>(), db.check()), (1, Ok(())));
}

/// behaviour I9: Many-row statements are all or nothing; within one, rows may refer to rows that come later in it
/// behaviour I20: within one batch too
#[test]
fn a_batch_reports_every_violation_and_stores_nothing() {
    let (mut db, thor) = shop();
    let rows = vec![
        customer("a"),
        customer("thor@asgard"),
        Customer { country_code: Some("no".into()), ..customer("a") },
        customer("b"),
    ];
    let error = refused(&mut db, |db| db.insert_many(rows));
    let Error::BatchRefused { rows: 4, violations, .. } = &error else { panic!("{error}") };
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "batch[1]: `Customer`: email = \"thor@asgard\" is taken by Customer 1v1",
            "batch[2]: `Customer`: email = \"a\" is taken by batch[0]",
            "batch[2]: `Customer`.country: no `Country` with code = \"no\": no row has this key",
        ]
    );
    assert_eq!(
        error.to_string(),
        "3 violation(s) in a batch of 4 rows, nothing changed; first: batch[1]: `Customer`: email = \"thor@asgard\" is taken by Customer 1v1"
    );
    let made = db
        .insert_many_with(3, |ids| {
            (0..3).map(|n| Order { customer_id: thor, replaces_id: Some(ids[(n + 1) % 3]) }).collect()
        })
        .unwrap();
    assert_eq!(db.get(made[0]).unwrap().replaces_id, Some(made[1]));
    assert_eq!(db.get(made[2]).unwrap().replaces_id, Some(made[0]));
    assert_eq!(db.check(), Ok(()));
    let error = refused(&mut db, |db| db.insert_many_with(2, |_| vec![order(thor)]));
    assert!(matches!(error, Error::Unfilled { .. }));
    assert_eq!(db.insert_many::<Order>(Vec::new()), Ok(Vec::new()));
}

/// What stands against a batch is the same in a transaction, which can go on; and it does not matter at which row it
/// stands, nor how many rows fit.
///
/// behaviour I9: all or nothing
#[test]
fn a_large_batch_is_refused_alike_in_and_out_of_a_transaction() {
    let (mut db, _) = shop();
    let fitting = || (0..600).map(|n| customer(&n.to_string())).collect::<Vec<_>>();
    let texts = |error: Error| {
        let Error::BatchRefused { rows: 600, violations, .. } = error else { panic!("{error}") };
        violations.iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    for place in [0, 300, 599] {
        let mut rows = fitting();
        rows[place].email = "thor@asgard".into();
        rows[10].country_code = Some("no".into());
        rows[20].phone = Some("1".into());
        rows[590].phone = Some("1".into());
        let refusal = texts(refused(&mut db, |db| db.insert_many(rows.clone())));
        let mut expected = vec![
            (10, "batch[10]: `Customer`.country: no `Country` with code = \"no\": no row has this key".into()),
            (590, "batch[590]: `Customer`: phone = \"1\" is taken by batch[20]".into()),
            (place, format!("batch[{place}]: `Customer`: email = \"thor@asgard\" is taken by Customer 1v1")),
        ];
        expected.sort_by_key(|(place, _)| *place);
        assert_eq!(refusal, expected.into_iter().map(|(_, text)| text).collect::<Vec<String>>());
        let mut tx = db.begin().unwrap();
        assert_eq!(texts(tx.insert_many(rows.clone()).unwrap_err()), refusal);
        tx.insert_many(fitting()).unwrap();
        assert_eq!((tx.len::<Customer>(), tx.check()), (601, Ok(())));
        tx.rollback();
        assert_eq!((db.len::<Customer>(), db.check()), (1, Ok(())));
    }
    db.insert_many(fitting()).unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// Ids foretold for a batch run over freed slots first, the last freed first, then over new ones.
#[test]
fn a_batch_fills_freed_slots() {
    let (mut db, thor) = shop();
    let first = db.insert_many(vec![order(thor); 5]).unwrap();
    db.delete(first[1]).unwrap();
    db.delete(first[3]).unwrap();
    let second = db
        .insert_many_with(4, |ids| ids.iter().map(|id| Order { customer_id: thor, replaces_id: Some(*id) }).collect())
        .unwrap();
    let texts: Vec<String> = second.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["4v3", "2v3", "6v1", "7v1"]);
    assert!(second.iter().all(|id| db.get(*id).unwrap().replaces_id == Some(*id)));
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn a_model_that_is_not_registered_is_named() {
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    struct Stranger {}
    let (mut db, _) = shop();
    let error = db.insert(Stranger {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "model `Stranger` is not part of this database: add `.model::<Stranger>()` to the builder"
    );
    assert_eq!((db.len::<Stranger>(), db.iter::<Stranger>().count()), (0, 0));
}

/// A panic in a user's closure, `Clone`, `Hash` or `Eq` leaves no trace.
#[test]
fn a_panic_changes_nothing() {
    let (mut db, thor) = shop();
    let before = crate::support::state(&db);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.update(thor, |row| {
            row.email = "changed".into();
            panic!("in the middle");
        })
    }));
    assert!(result.is_err());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.insert_many_with::<Order>(2, |_| panic!("in the middle"))
    }));
    assert!(result.is_err());
    assert!(crate::support::state(&db) == before);
    assert_eq!(db.check(), Ok(()));
}

/// Room that was made is used, and a full block never moves: growing makes another.
#[test]
fn rows_do_not_move_while_there_is_room_or_their_block_is_full() {
    const ROWS: usize = 20_000;
    let (mut db, thor) = shop();
    let first = db.insert(order(thor)).unwrap();
    let place = |db: &Database| std::ptr::from_ref(db.get(first).unwrap()).addr();
    let moved = |db: &mut Database, rows: usize| {
        let before = place(db);
        (0..rows).any(|_| db.insert(order(thor)).is_ok() && place(db) != before)
    };
    assert!(moved(&mut db, 100), "the first block doubles: the place tells");
    db.reserve_rows::<Order>(300).unwrap();
    assert!(!moved(&mut db, 300), "there was room");
    db.reserve_rows::<Order>(ROWS).unwrap();
    assert!(!moved(&mut db, 8 * ROWS));
    assert!(matches!(db.reserve_rows::<Order>(u32::MAX as usize), Err(Error::Full { model: "Order" })));
    assert_eq!(db.check(), Ok(()));
}

/// More keys than the plan of a single row has room for: the planner of statements plans alike.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wide {
    #[model(unique)]
    a: u8,
    #[model(unique)]
    b: u8,
    #[model(unique)]
    c: u8,
    #[model(unique)]
    d: u8,
    #[model(unique)]
    e: u8,
    #[model(unique)]
    f: u8,
    #[model(unique)]
    g: u8,
    #[model(unique)]
    h: u8,
    #[model(unique)]
    i: u8,
    #[model(belongs_to)]
    country_id: Id<Country>,
}

#[test]
fn a_model_may_have_any_number_of_keys() {
    let mut db = Database::builder().model::<Country>().model::<Wide>().build().unwrap();
    let country_id = db.insert(Country { code: "is".into() }).unwrap();
    let wide = |n: u8, i: u8| Wide { a: n, b: n, c: n, d: n, e: n, f: n, g: n, h: n, i, country_id };
    let one = db.insert(wide(1, 1)).unwrap();
    let two = db.insert(wide(2, 2)).unwrap();
    let error = refused(&mut db, |db| db.insert(wide(3, 2)));
    assert!(
        matches!(error, Error::UniqueViolation { fields: ["i"], existing: Holder::Row(row), .. } if row == two.erase())
    );
    assert_eq!(db.delete(one).unwrap().row, wide(1, 1));
    db.insert(wide(1, 1)).unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// A model with more keys than a plan on the stack has room for.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crossing {
    #[model(unique)]
    a: u32,
    #[model(unique)]
    b: Option<u32>,
    #[model(unique)]
    c: u32,
    #[model(unique)]
    d: u32,
    #[model(unique)]
    e: u32,
    #[model(belongs_to)]
    first_id: Id<Country>,
    #[model(belongs_to)]
    second_id: Option<Id<Country>>,
    #[model(belongs_to)]
    third_id: Id<Country>,
    #[model(belongs_to)]
    fourth_id: Id<Country>,
    #[model(belongs_to)]
    fifth_id: Id<Country>,
}

/// behaviour I1: every key of many is checked and indexed, each in its own place
/// behaviour I20: every unique key of many is free again when its row has gone
#[test]
fn a_row_with_many_keys_comes_and_goes_alone() {
    let builder = Database::builder().model::<Country>().model::<Crossing>();
    let mut db = builder.build().unwrap();
    let countries = ["a", "b", "c"].map(|code| db.insert(Country { code: code.into() }).unwrap());
    let [first_id, third_id, fourth_id] = countries;
    let crossing = |number: u32| Crossing {
        a: number,
        b: None,
        c: number,
        d: number,
        e: number,
        first_id,
        second_id: None,
        third_id,
        fourth_id,
        fifth_id: third_id,
    };
    let id = db.insert(crossing(1)).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.find(Crossing::BY_E, &1).unwrap().0, id);
    assert_eq!(db.path(Crossing::FIFTH).unwrap().get(id).unwrap().code, "b");
    let taken = db.insert(Crossing { e: 1, ..crossing(2) }).unwrap_err();
    assert!(matches!(taken, Error::UniqueViolation { .. }), "{taken}");
    let dangling = db.insert(Crossing { fifth_id: Id::null(), ..crossing(2) }).unwrap_err();
    assert!(matches!(dangling, Error::ForeignKeyViolation { .. }), "{dangling}");
    assert_eq!(db.delete(id).unwrap().row, crossing(1));
    assert_eq!(db.check(), Ok(()));
    db.insert(crossing(1)).unwrap();
    for country in countries {
        assert!(db.delete(country).is_err(), "a crossing is there");
    }
    assert_eq!(db.check(), Ok(()));
}
