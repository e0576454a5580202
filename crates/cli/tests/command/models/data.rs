//! Rows as their source has them, in the models that were written.

use relata::{Database, Error, Model};
use serde_json::{Value, json};

use super::written::{clinic, discovery, registry, shop, shop_by_id, tree};
use crate::Folder;

/// Rows of JSON in a table.
fn load<M: Model>(db: &mut Database, rows: Value) -> Result<(), Error> {
    db.insert_many(serde_json::from_value::<Vec<M>>(rows).unwrap()).map(|_| ())
}

/// The rows of a table of SQLite, as JSON under the names of their columns. Truth is a number there.
pub(super) fn rows(connection: &rusqlite::Connection, table: &str) -> Value {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let value = |column: &str, value| match value {
        rusqlite::types::Value::Null => Value::Null,
        rusqlite::types::Value::Integer(number) if column.starts_with("is_") => json!(number == 1),
        rusqlite::types::Value::Integer(number) => json!(number),
        rusqlite::types::Value::Real(number) => json!(number),
        rusqlite::types::Value::Text(text) => json!(text),
        rusqlite::types::Value::Blob(bytes) => json!(bytes),
    };
    let rows = statement.query_map([], |row| {
        let fields = columns.iter().enumerate().map(|(place, name)| Ok((name.clone(), value(name, row.get(place)?))));
        fields.collect::<Result<serde_json::Map<String, Value>, rusqlite::Error>>().map(Value::Object)
    });
    Value::Array(rows.unwrap().collect::<Result<_, _>>().unwrap())
}

// behaviour D1: "the relation's name and `Id`; of a hasOne and a hasMany the model's name and `Id`, in the other model"
// behaviour D2: "rows load as they were exported"
#[test]
fn the_orders_and_the_address_of_a_customer() -> Result<(), Error> {
    use shop::{Address, Customer, Order};
    let mut db = shop::builder().build()?;
    load::<Customer>(&mut db, json!([{"id": 10, "name": "Thor", "email": "thor@asgard"}, {"id": 12, "name": "Loki"}]))?;
    load::<Order>(
        &mut db,
        json!([
            {"id": 1, "description": "Mjolnir", "total": 5, "orderedAt": "2020-01-01T00:00:00.000Z", "customerId": 12},
            {"id": 2, "description": "Shield", "total": 2.5},
            {"id": 3, "total": 7, "customerId": 12}
        ]),
    )?;
    load::<Address>(&mut db, json!([{"id": 1, "street": "Bifrost", "city": "Asgard", "customerId": 12}]))?;
    let (loki, _) = db.find(Customer::BY_ID, &12)?;
    let orders: Vec<i64> = db.row(loki)?.orders().map(|order| order.id).collect();
    assert_eq!(orders, [1, 3]);
    let (first, order) = db.find(Order::BY_ID, &1)?;
    assert_eq!(order.ordered_at.as_deref(), Some("2020-01-01T00:00:00.000Z"));
    assert_eq!(db.related(first, Order::CUSTOMER)?.map(|customer| customer.name.as_str()), Some("Loki"));
    assert_eq!(db.row(loki)?.address().map(|address| address.street.clone()), Some("Bifrost".to_owned()));

    // behaviour D3: "The key of a hasOne is unique"
    let second = load::<Address>(&mut db, json!([{"id": 2, "street": "Elsewhere", "customerId": 12}]));
    assert!(second.unwrap_err().to_string().contains("customer_id"));
    let nobody = load::<Order>(&mut db, json!([{"id": 4, "total": 1, "customerId": 99}]));
    assert!(nobody.unwrap_err().to_string().contains("99"));
    Ok(())
}

// behaviour D2: "where LoopBack adds the id, keys are relata's ids"
#[test]
fn models_without_an_id_of_their_own_have_relatas() -> Result<(), Error> {
    use shop_by_id::{Customer, Order};
    let mut db = shop_by_id::builder().build()?;
    let thor = db.insert(Customer { name: "Thor".into() })?;
    let order = db.insert(Order { description: None, cust_id: Some(thor) })?;
    assert_eq!(db.related(order, Order::CUSTOMER)?.unwrap().name, "Thor");
    assert_eq!(db.row(thor)?.orders().count(), 1);
    let table = db.schema().table("Order").unwrap();
    assert_eq!(table.fields[1].external_name, "cust_Id");
    Ok(())
}

#[test]
fn a_tree_of_categories() -> Result<(), Error> {
    use tree::Category;
    let mut db = tree::builder().build()?;
    let rows = json!([{"id": 2, "title": "b", "parentId": 1}, {"id": 1, "title": "a"}, {"id": 3, "title": "c", "parentId": 1}]);
    load::<Category>(&mut db, rows)?;
    let (a, _) = db.find(Category::BY_ID, &1)?;
    let titles: Vec<String> = db.row(a)?.categories().map(|category| category.title.clone()).collect();
    assert_eq!(titles, ["b", "c"]);
    let (b, _) = db.find(Category::BY_ID, &2)?;
    assert_eq!(db.related(b, Category::PARENT)?.unwrap().title, "a");
    Ok(())
}

// behaviour D3: "A hasMany through a model, and hasAndBelongsToMany, go over links: both keys required, each pair once"
#[test]
fn physicians_and_patients_are_linked_by_appointments() -> Result<(), Error> {
    use clinic::{Appointment, Note, Patient, Physician};
    let mut db = clinic::builder().build()?;
    load::<Physician>(&mut db, json!([{"id": "p1", "name": "Ann", "type": "surgeon", "room": 4}]))?;
    load::<Patient>(
        &mut db,
        json!([{
            "id": "x", "name": "Bob", "home": {"lat": 46.9, "lng": 7.4}, "file": {"pages": [1, 2]}, "allergies": ["nuts"],
            "weightKg": 71.5, "_contacts": [{"phone": "1"}], "physicianIds": ["p1"], "wardIds": []
        }]),
    )?;
    load::<Appointment>(&mut db, json!([{"id": 1, "at": "2020-01-01", "physicianId": "p1", "patientId": "x"}]))?;
    let (ann, _) = db.find(Physician::BY_ID, "p1")?;
    let patients: Vec<String> = db.row(ann)?.patients()?.map(|patient| patient.name.clone()).collect();
    assert_eq!(patients, ["Bob"]);
    let again = load::<Appointment>(&mut db, json!([{"id": 2, "physicianId": "p1", "patientId": "x"}]));
    assert!(again.unwrap_err().to_string().contains("physician_id"));

    // behaviour D3: "a hasMany whose key no belongsTo declares adds it"
    load::<Note>(&mut db, json!([{"id": 1, "text": "well", "writtenBy": "p1"}]))?;
    assert_eq!(db.row(ann)?.notes().count(), 1);
    Ok(())
}

#[test]
fn what_a_discovery_gives_loads_as_it_is() -> Result<(), Error> {
    use discovery::{Inventory, Stores};
    let mut db = discovery::builder().build()?;
    load::<Stores>(&mut db, json!([{"storeNo": 7, "name": "north"}]))?;
    let row = json!([{"inventoryId": 1, "storeNo": 7, "product": "nail", "available": 2.5}]);
    load::<Inventory>(&mut db, row)?;
    let (first, _) = db.find(Inventory::BY_INVENTORY_ID, &1)?;
    assert_eq!(db.related(first, Inventory::STORES)?.name.as_deref(), Some("north"));
    let twice =
        load::<Inventory>(&mut db, json!([{"inventoryId": 2, "storeNo": 7, "product": "nail", "available": null}]));
    assert!(twice.unwrap_err().to_string().contains("product"));
    Ok(())
}

// behaviour D4: "Of an SQLite file: tables, types, NOT NULL, primary, unique and foreign keys and their actions, over
// several columns too"
#[test]
fn rows_of_sqlite_load_and_follow_its_actions() -> Result<(), Error> {
    use registry::{Account, Dependency, Follow, Language, Package, Profile, Readme, Watch};
    let folder = Folder::new();
    let (_, connection) = super::registry(&folder);
    connection
        .execute_batch(
            "INSERT INTO package VALUES ('serde', '1', NULL, x'0102', '2020-01-01', 0, 1.5), ('syn', '3', 'x', NULL, NULL, 1, 2);
             INSERT INTO dependency VALUES (1, '1', 'serde', 'syn', '3'), (2, '3', 'syn', 'syn', NULL);
             INSERT INTO account VALUES (1, 'a@b', 'Ann'), (2, 'c@d', NULL);
             INSERT INTO profile VALUES (2, 'hello');
             INSERT INTO language VALUES ('en', 'English'), ('da', 'Danish');
             INSERT INTO readme (id, language, english, author) VALUES (1, 'da', 'Danish', 1);
             INSERT INTO follow VALUES (1, 2, NULL);
             INSERT INTO watch VALUES (1, 'da');",
        )
        .unwrap();
    let mut db = registry::builder().build()?;
    load::<Package>(&mut db, rows(&connection, "package"))?;
    load::<Dependency>(&mut db, rows(&connection, "dependency"))?;
    load::<Account>(&mut db, rows(&connection, "account"))?;
    load::<Profile>(&mut db, rows(&connection, "profile"))?;
    load::<Language>(&mut db, rows(&connection, "language"))?;
    load::<Readme>(&mut db, rows(&connection, "readme"))?;
    load::<Follow>(&mut db, rows(&connection, "follow"))?;
    load::<Watch>(&mut db, rows(&connection, "watch"))?;
    assert_eq!(db.check(), Ok(()));

    let (ann, _) = db.find(Account::BY_ID, &1)?;
    let followees: Vec<i64> = db.row(ann)?.followees()?.map(|account| account.id).collect();
    assert_eq!(followees, [2]);
    assert_eq!(db.row(ann)?.languages()?.count(), 1);

    // ON UPDATE CASCADE and ON DELETE CASCADE of a key of two columns, ON DELETE SET NULL of another.
    let (serde, _) = db.find(Package::BY_NAME_VERSION, ("serde", "1"))?;
    let (syn, _) = db.find(Package::BY_NAME_VERSION, ("syn", "3"))?;
    db.update(serde, |package| package.version = "2".to_owned())?;
    let (first, dependency) = db.find(Dependency::BY_ID, &1)?;
    assert_eq!((dependency.package_name.as_str(), dependency.package_version.as_str()), ("serde", "2"));
    db.delete(syn)?;
    assert_eq!(db.get(first)?.needs_name, None);
    assert!(db.find(Dependency::BY_ID, &2).is_err(), "it went with its package");

    // ON DELETE SET DEFAULT, and SET NULL over a unique key that is not the primary one.
    let (danish, _) = db.find(Language::BY_CODE, "da")?;
    assert!(db.delete(danish).is_err(), "`watch` says nothing, and is in the way");
    let watch = db.iter::<Watch>().next().unwrap().0;
    db.delete(watch)?;
    db.delete(danish)?;
    let (_, readme) = db.find(Readme::BY_ID, &1)?;
    assert_eq!((readme.language.as_str(), readme.english.as_deref()), ("en", None));
    let (second, _) = db.find(Account::BY_ID, &2)?;
    assert_eq!(db.delete(second)?.removed.len(), 2, "its profile, and that it was followed");
    Ok(())
}
