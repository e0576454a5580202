//! Writes by name: what is refused, with nothing stored then, and what is changed.

use relata::data::{DataError, Filter, Where};
use relata::{Database, Id, RowId};

use crate::questions::{filled, json, row};

fn conditions(text: &str) -> Where {
    Where::from_json(text).unwrap()
}

fn told(db: &Database, model: &str, id: RowId) -> String {
    db.data(model).unwrap().find_by_id(id, &Filter::new()).unwrap().first().unwrap().to_json().unwrap()
}

/// A write that is refused with this text, and changes nothing.
pub(crate) fn refused(db: &mut Database, expected: &str, write: impl FnOnce(&mut Database) -> Result<(), DataError>) {
    let before = db.state_hash();
    let error = write(db).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(db.state_hash(), before, "{expected}");
}

const KNOWN: &str = "known are id, description, totalCents, customerId, payerName";

// behaviours R38 and N4: related rows are views, and no data of a write.
#[test]
fn what_is_wrong_with_a_new_row_is_listed_with_its_places() {
    let mut db = filled();
    let navigational = "Navigational properties are not allowed in model data (model \"Order\" property \"customer\"), \
                        please remove it.";
    let cases = [
        (
            "C4",
            r#"{"description": "a", "totalCents": 1, "nosuch": 1}"#,
            format!("/nosuch: `Order` has no property `nosuch`; {KNOWN}"),
        ),
        ("C5", r#"{"totalCents": 1}"#, "/description: must have required property 'description'".to_owned()),
        (
            "C1",
            r#"{"description": "a", "totalCents": 1, "customer": {"name": "Thor"}}"#,
            format!("/customer: {navigational}"),
        ),
        ("C1", r#"{"description": "a", "totalCents": 1, "customer": null}"#, format!("/customer: {navigational}")),
        // Ours: a text is no number in a body, as over LoopBack's REST.
        (
            "C23",
            r#"{"description": "a", "totalCents": "12"}"#,
            r#"/totalCents: invalid type: string "12", expected u64"#.to_owned(),
        ),
        (
            "C24",
            r#"{"description": 7, "totalCents": -1}"#,
            "/description: invalid type: integer `7`, expected a string\n\
             /totalCents: invalid value: integer `-1`, expected u64"
                .to_owned(),
        ),
        (
            "C8",
            r#"{"id": "9v1", "description": "a", "totalCents": 1}"#,
            "/id: the store gives the ids of new rows".to_owned(),
        ),
        (
            "",
            r#"{"description": null, "totalCents": 1.5, "customerId": 5, "x": 1}"#,
            format!(
                "/x: `Order` has no property `x`; {KNOWN}\n\
             /description: invalid type: unit value, expected a string\n\
             /totalCents: invalid type: floating point `1.5`, expected u64\n\
             /customerId: invalid type: integer, expected an id such as `3v1`"
            ),
        ),
        // The bits of an id, which is a text.
        (
            "",
            r#"{"description": "a", "totalCents": 1, "customerId": 4294967297}"#,
            "/customerId: invalid type: integer, expected an id such as `3v1`".to_owned(),
        ),
        ("", "[]", "an object is wanted, not []".to_owned()),
        ("", "null", "an object is wanted, not null".to_owned()),
    ];
    for (question, row, expected) in cases {
        let error = db.data_mut("Order").unwrap().create(&json(row)).unwrap_err();
        assert!(matches!(error, DataError::Invalid(_)), "{question}");
        refused(&mut db, &expected, |db| db.data_mut("Order")?.create(&json(row)).map(drop));
    }
    // C9: what has no row to refer to.
    let orphan = json(r#"{"description": "a", "totalCents": 1, "customerId": "99v1"}"#);
    let error = db.data_mut("Order").unwrap().create(&orphan).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::ForeignKeyViolation { .. })), "{error:?}");
    // C22: all or nothing, with the place of each row.
    let rows = [r#"{"description": "a", "totalCents": 1}"#, r#"{"description": "b"}"#, "{}"].map(json);
    let expected = "/1/totalCents: must have required property 'totalCents'\n\
                    /2/description: must have required property 'description'\n\
                    /2/totalCents: must have required property 'totalCents'";
    refused(&mut db, expected, |db| db.data_mut("Order")?.create_many(&rows).map(drop));
    let twice = [r#"{"name": "new", "weight": 1}"#, r#"{"name": "red", "weight": 1}"#].map(json);
    let before = db.state_hash();
    let error = db.data_mut("Tag").unwrap().create_many(&twice).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::BatchRefused { rows: 2, .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    assert_eq!(db.data_mut("Tag").unwrap().create_many(&[]), Ok(Vec::new()));
}

// behaviour N4: one statement each; a refused one has changed nothing.
#[test]
fn patches_and_replacements() {
    let mut db = filled();
    let axe = row(&db, "Order", "3v1");
    let tag = row(&db, "Tag", "1v1");
    let patch = |db: &mut Database, row: RowId, value: &str| db.data_mut("Order")?.patch(row, &json(value));
    refused(&mut db, "/id: the id cannot be changed: it is 3v1", |db| {
        patch(db, axe, r#"{"id": "1v1", "totalCents": 9}"#)
    });
    refused(&mut db, "/totalCents: invalid type: unit value, expected u64", |db| {
        patch(db, axe, r#"{"totalCents": null}"#)
    });
    refused(&mut db, "Entity not found: Tag with id 1v1", |db| patch(db, tag, "{}"));
    refused(&mut db, "/description: must have required property 'description'", |db| {
        db.data_mut("Order")?.replace(axe, &json(r#"{"totalCents": 9}"#))
    });
    // C13, C20, C21: the same id is no change, what is not named stays, null clears.
    patch(&mut db, axe, r#"{"id": "3v1", "totalCents": 9, "payerName": null}"#).unwrap();
    assert_eq!(
        told(&db, "Order", axe),
        r#"{"id":"3v1","description":"Axe","totalCents":9,"customerId":"2v1","payerName":null}"#
    );
    patch(&mut db, axe, "{}").unwrap();
    // C12: a replacement drops what is left out.
    db.data_mut("Order")
        .unwrap()
        .replace(axe, &json(r#"{"id": "3v1", "description": "Axe", "totalCents": 8}"#))
        .unwrap();
    assert_eq!(
        told(&db, "Order", axe),
        r#"{"id":"3v1","description":"Axe","totalCents":8,"customerId":null,"payerName":null}"#
    );

    // Of many: all or none, and never all by an empty condition.
    let raise = json(r#"{"totalCents": 7}"#);
    let message = "conditions are wanted; that every row is meant is said by `Where::all`";
    refused(&mut db, message, |db| db.data_mut("Order")?.patch_all(&conditions("{}"), &raise).map(drop));
    for nothing in [r#"{"and": []}"#, r#"{"and": [{}, {"and": []}]}"#] {
        refused(&mut db, message, |db| db.data_mut("Order")?.delete_all(&conditions(nothing)).map(drop));
    }
    let unsaid = Where::from_query("filter[where][totalCents]=1").unwrap();
    refused(&mut db, message, |db| db.data_mut("Order")?.delete_all(&unsaid).map(drop));
    refused(&mut db, message, |db| db.data_mut("Order")?.delete_all(&conditions("{}")).map(drop));
    let misspelt = conditions(r#"{"totalCent": {"neq": 5}}"#);
    let unknown = format!("/totalCent: `Order` has no property `totalCent`; {KNOWN}, customer, payer");
    refused(&mut db, &unknown, |db| db.data_mut("Order")?.delete_all(&misspelt).map(drop));
    let some = conditions(r#"{"totalCents": {"lt": 200}}"#);
    assert_eq!(db.data_mut("Order").unwrap().patch_all(&some, &raise), Ok(2));
    assert_eq!(db.data("Order").unwrap().count(&conditions(r#"{"totalCents": 7}"#)), Ok(2));
    let one_name = json(r#"{"name": "same"}"#);
    let before = db.state_hash();
    let error = db.data_mut("Tag").unwrap().patch_all(&Where::all(), &one_name).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::BatchRefused { rows: 2, .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    let gone = db.data_mut("Order").unwrap().delete_all(&some).unwrap();
    assert_eq!((gone.rows, gone.removed.len()), (2, 0));
    refused(&mut db, "Entity not found: Order with id 3v1", |db| db.data_mut("Order")?.delete(axe).map(drop));
    let none = db.data_mut("Order").unwrap().delete_all(&some).unwrap();
    assert_eq!(none.rows, 0);
    // What a delete takes along.
    let hor = row(&db, "Customer", "4v1");
    db.data_mut("Address").unwrap().create(&json(r#"{"city": "a", "customerId": "4v1"}"#)).unwrap();
    let plan = db.data("Customer").unwrap().plan_delete(hor).unwrap();
    let gone = db.data_mut("Customer").unwrap().delete(hor).unwrap();
    assert_eq!((gone.rows, gone.removed.len(), plan.removed.len()), (1, 1, 1));
    assert!(!db.data("Customer").unwrap().exists(hor));
}

// behaviour N5: the owner's key and no other, the owner's rows and no others.
#[test]
fn rows_of_an_owner() {
    let mut db = filled();
    let (thor, abc, axe) = (row(&db, "Customer", "1v1"), row(&db, "Customer", "2v1"), row(&db, "Order", "3v1"));
    let hammer = row(&db, "Order", "2v1");
    let none = RowId { table: "Customer", key: "99v1".parse::<Id<()>>().unwrap().key() };
    // R22, H8: an owner that is not there.
    refused(&mut db, "Entity not found: Customer with id 99v1", |db| {
        db.data_mut("Customer")?.of(none, "orders").map(drop)
    });
    refused(
        &mut db,
        "`Customer` has no relation `nosuch`; known are parent, labels, orders, paid, address, children, tagged",
        |db| db.data_mut("Customer")?.of(thor, "nosuch").map(drop),
    );
    let override_key = "/customerId: cannot override the foreign key: it must stay \"1v1\"";
    // H1 to H3: the key is filled in, and may be said again, and no other.
    for bad in [
        r#"{"description": "a", "totalCents": 1, "customerId": "2v1"}"#,
        r#"{"description": "a", "totalCents": 1, "customerId": null}"#,
    ] {
        refused(&mut db, override_key, |db| db.data_mut("Customer")?.of(thor, "orders")?.create(&json(bad)).map(drop));
    }
    let mut orders = db.data_mut("Customer").unwrap().of(thor, "orders").unwrap();
    let made = orders.create(&json(r#"{"description": "new", "totalCents": 1}"#)).unwrap();
    let again = orders.create(&json(r#"{"description": "newer", "totalCents": 1, "customerId": "1v1"}"#)).unwrap();
    for row in [made, again] {
        assert!(told(&db, "Order", row).contains(r#""customerId":"1v1""#));
    }
    // H5, R13: nor in a change.
    refused(&mut db, override_key, |db| {
        db.data_mut("Customer")?.of(thor, "orders")?.patch(hammer, &json(r#"{"customerId": "2v1"}"#))
    });
    refused(&mut db, override_key, |db| {
        let all =
            db.data_mut("Customer")?.of(thor, "orders")?.patch_all(&Where::all(), &json(r#"{"customerId": "2v1"}"#));
        all.map(drop)
    });
    // R17: another owner's row is not found.
    for write in 0..3 {
        refused(&mut db, "Entity not found: Order with id 3v1", |db| {
            let mut orders = db.data_mut("Customer")?.of(thor, "orders")?;
            match write {
                0 => orders.patch(axe, &json(r#"{"totalCents": 0}"#)),
                1 => orders.replace(axe, &json(r#"{"description": "a", "totalCents": 0}"#)),
                _ => orders.delete(axe).map(drop),
            }
        });
    }
    // R19, R20, H4, H18: the owner's alone, whatever is asked.
    let wide = conditions(r#"{"or": [{"customerId": "2v1"}, {"totalCents": {"gte": 0}}]}"#);
    let patched =
        db.data_mut("Customer").unwrap().of(thor, "orders").unwrap().patch_all(&wide, &json(r#"{"totalCents": 77}"#));
    assert_eq!(patched, Ok(4));
    assert_eq!(db.data("Order").unwrap().count(&conditions(r#"{"totalCents": 77}"#)), Ok(4));
    assert_eq!(db.data("Customer").unwrap().count_related(thor, "orders", &wide), Ok(4));
    let gone = db.data_mut("Customer").unwrap().of(thor, "orders").unwrap().delete_all(&wide).unwrap();
    assert_eq!((gone.rows, db.data("Order").unwrap().count(&Where::all())), (4, Ok(2)));
    // A natural key is filled in as well.
    let paid = db
        .data_mut("Customer")
        .unwrap()
        .of(abc, "paid")
        .unwrap()
        .create(&json(r#"{"description": "p", "totalCents": 1}"#))
        .unwrap();
    assert!(told(&db, "Order", paid).ends_with(r#""payerName":"abc"}"#));
    // H9, R11: one row at most.
    let before = db.state_hash();
    let error =
        db.data_mut("Customer").unwrap().of(thor, "address").unwrap().create(&json(r#"{"city": "b"}"#)).unwrap_err();
    assert!(matches!(error, DataError::Store(relata::Error::UniqueViolation { .. })), "{error:?}");
    assert_eq!(db.state_hash(), before);
    db.data_mut("Customer").unwrap().of(abc, "address").unwrap().create(&json(r#"{"city": "b"}"#)).unwrap();
}

#[test]
fn links_to_other_rows() {
    let mut db = filled();
    let (hor, red, thor) = (row(&db, "Customer", "4v1"), row(&db, "Tag", "1v1"), row(&db, "Customer", "1v1"));
    let empty = json("{}");
    let tagged = |db: &Database| db.data("Customer").unwrap().count_related(hor, "tagged", &Where::all()).unwrap();
    let link = db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().link(red, &empty).unwrap();
    assert_eq!(told(&db, "Tagging", link), r#"{"id":"4v1","customerId":"4v1","tagId":"1v1"}"#);
    // R24, H15: twice is once.
    assert_eq!(db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().link(red, &empty), Ok(link));
    assert_eq!(tagged(&db), 1);
    refused(&mut db, "/tagId: cannot override the foreign key: it must stay \"2v1\"", |db| {
        let blue = row(db, "Tag", "2v1");
        db.data_mut("Customer")?.of(hor, "tagged")?.link(blue, &json(r#"{"tagId": "1v1"}"#)).map(drop)
    });
    refused(&mut db, "links are made through an owner, over a relation that leads through them", |db| {
        let axe = row(db, "Order", "3v1");
        db.data_mut("Customer")?.of(hor, "orders")?.link(axe, &empty).map(drop)
    });
    refused(&mut db, "Entity not found: Customer with id 1v1", |db| {
        db.data_mut("Customer")?.of(hor, "tagged")?.link(thor, &empty).map(drop)
    });
    // H16: what is not linked is no error; the others keep theirs.
    for _ in 0..2 {
        db.data_mut("Customer").unwrap().of(hor, "tagged").unwrap().unlink(red).unwrap();
        assert_eq!(tagged(&db), 0);
    }
    assert_eq!(db.data("Tag").unwrap().count_related(red, "bearers", &Where::all()), Ok(2));
}
