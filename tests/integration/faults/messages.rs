//! What errors say to people.

use relata::{Database, Error, Holder, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Customer {
    #[model(primary_key)]
    code: String,
    #[model(belongs_to)]
    guide_id: Option<Id<Customer>>,
    #[model(belongs_to, acyclic)]
    parent_id: Option<Id<Customer>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to(Customer), name = customer, on_delete = cascade)]
    customer_code: String,
    /// Not a key that is always there.
    #[model(unique)]
    number: Option<u32>,
}

fn customer(code: &str) -> Customer {
    Customer { code: code.into(), guide_id: None, parent_id: None }
}

fn shop() -> (Database, Vec<Id<Customer>>) {
    let mut db = Database::builder().model::<Customer>().model::<Order>().build().unwrap();
    // Eleven, so that the id of the first is the beginning of another's.
    let ids = (0..11).map(|n| db.insert(customer(&format!("C{n}"))).unwrap()).collect();
    (db, ids)
}

// fault C1: a dangling key names the row that holds it, found by `check` or by a save
#[test]
fn a_dangling_key_names_its_row() {
    let (mut db, _) = shop();
    db.insert_many_unchecked([Order { customer_code: "VINET".into(), number: None }]).unwrap();
    let text = "Order 1v1: `Order`.customer: no `Customer` with code = \"VINET\": no row has this key";
    assert_eq!(db.check().unwrap_err()[0].to_string(), text);
    assert!(db.save_to(&mut Vec::new()).unwrap_err().to_string().contains(text));
    // A row that is not stored yet has no name.
    let refused = db.insert(Order { customer_code: "VINET".into(), number: None }).unwrap_err();
    assert_eq!(refused.to_string(), text["Order 1v1: ".len()..]);
}

// fault C2: rows as people know them
#[test]
fn an_error_is_explained_by_the_keys_that_people_know() {
    let (mut db, ids) = shop();
    db.set(ids[10], Customer::FIELDS.guide_id, Some(ids[0])).unwrap();
    let refused = db.delete(ids[0]).unwrap_err();
    assert_eq!(
        db.explain(&refused),
        "Customer 1v1 (code = \"C0\") is referred to by 1 row(s) over `Customer`.guide, \
         the first is Customer 11v1 (code = \"C10\"): deleting it is restricted"
    );
    assert_eq!(refused.rows(), [ids[0].erase(), ids[10].erase()]);
    let refused = db.insert(customer("C7")).unwrap_err();
    assert!(db.explain(&refused).ends_with("is taken by Customer 8v1 (code = \"C7\")"), "{refused}");
    db.set(ids[1], Customer::FIELDS.parent_id, Some(ids[0])).unwrap();
    let refused = db.set(ids[0], Customer::FIELDS.parent_id, Some(ids[1])).unwrap_err();
    assert_eq!(
        db.explain(&refused),
        "`Customer`.parent leads in a circle: Customer 1v1 (code = \"C0\") -> Customer 2v1 (code = \"C1\") \
         -> Customer 1v1 (code = \"C0\")"
    );
    // A row without such a key, or that is gone, is named by its id.
    let orders = db.insert_many([None, Some(4)].map(|number| Order { customer_code: "C3".into(), number })).unwrap();
    assert_eq!(
        orders.iter().map(|id| db.describe(id.erase())).collect::<Vec<_>>(),
        ["Order 1v1", "Order 2v1 (number = 4)"]
    );
    db.delete(ids[3]).unwrap();
    let gone = db.delete(ids[3]).unwrap_err();
    assert_eq!(db.explain(&gone), gone.to_string());
}

// fault C3: places are counted as an index is, and a plan counts as its report does
#[test]
fn what_is_counted_says_how() {
    let (mut db, ids) = shop();
    let Err(Error::BatchRefused { violations, .. }) = db.insert_many([customer("D"), customer("D")]) else { panic!() };
    assert_eq!(violations[0].to_string(), "batch[1]: `Customer`: code = \"D\" is taken by batch[0]");
    assert_eq!(Holder::Batch(0).to_string(), "batch[0]");
    db.insert_many([1, 2].map(|n| Order { customer_code: "C0".into(), number: Some(n) })).unwrap();
    let plan = db.plan_delete(ids[0]).unwrap();
    assert_eq!(plan.to_string(), "removes Customer 1v1 and 2 other row(s), changes 0 key(s)");
    assert_eq!(plan.removed.len(), 2);
}
