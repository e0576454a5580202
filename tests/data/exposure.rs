//! What is closed is as if it were not there, wherever it is named; and functions in the place of relations.

use std::sync::{Arc, Mutex};

use relata::data::{DataError, Exposure, Filter, Value, Where};
use relata::{Database, Id, Model, RowId};
use serde::{Deserialize, Serialize};

use crate::questions::{filled, json, row};

fn text<T>(outcome: Result<T, DataError>) -> String {
    outcome.err().map_or_else(|| "accepted".to_owned(), |error| error.to_string())
}

fn find(db: &Database, exposure: &Exposure, model: &str, filter: &str) -> Result<String, DataError> {
    db.data(model)?.with(exposure).find(&Filter::from_json(filter)?)?.to_json()
}

// behaviour N6: in no filter, write, answer or message.
#[test]
fn a_hidden_field_is_in_no_place() {
    let mut db = filled();
    let closed = Exposure::new(db.schema()).hide("Customer", "secretCode").unwrap().hide("Tag", "name").unwrap();
    for (model, filter) in [
        ("Customer", r#"{"where": {"secretCode": "s1"}}"#),
        ("Customer", r#"{"where": {"secretCode": {"exists": true}}}"#),
        ("Customer", r#"{"where": {"secretCode.a": 1}}"#),
        ("Customer", r#"{"where": {"not": {"and": [{"secretCode": null}]}}}"#),
        ("Customer", r#"{"where": {"parent": {"secretCode": "s1"}}}"#),
        ("Customer", r#"{"where": {"children": {"every": {"secretCode": "s1"}}}}"#),
        ("Customer", r#"{"order": "secretCode"}"#),
        ("Customer", r#"{"fields": ["secretCode"]}"#),
        ("Customer", r#"{"fields": {"secretCode": false}}"#),
        ("Order", r#"{"where": {"customer": {"secretCode": "s1"}}}"#),
        ("Order", r#"{"include": [{"relation": "customer", "scope": {"order": "secretCode"}}]}"#),
        ("Order", r#"{"include": [{"relation": "customer", "scope": {"fields": ["secretCode"]}}]}"#),
        ("Order", r#"{"include": [{"relation": "customer", "scope": {"where": {"secretCode": "s1"}}}]}"#),
        ("Customer", r#"{"where": {"nosuch": 1}}"#),
    ] {
        let error = text(find(&db, &closed, model, filter));
        let known = error.split("known are").nth(1).unwrap_or_else(|| panic!("{filter}: {error}"));
        assert!(!known.contains("secretCode"), "{filter}: {error}");
        let other = filter.replace("secretCode", "otherName");
        let of_other = text(find(&db, &closed, model, &other));
        assert_eq!(error.replace("secretCode", "otherName"), of_other);
    }
    for filter in [r#"{"include": ["parent", "children", "tagged", "orders"]}"#, r#"{"fields": {"num": false}}"#] {
        let told = find(&db, &closed, "Customer", filter).unwrap();
        assert!(!told.contains("secretCode") && !told.contains("\"s1\"") && told.contains("Thor"), "{told}");
    }
    assert_eq!(find(&db, &closed, "Tag", "{}").unwrap(), r#"[{"id":"1v1","weight":1},{"id":"2v1","weight":2}]"#);
    let filter = Filter::new();
    let found = db.data("Customer").unwrap().with(&closed).find(&filter).unwrap();
    assert!(found.iter().all(|row| row.get("secretCode").is_none() && row.get("name").is_some()));
    let properties = db.data("Customer").unwrap().with(&closed).properties();
    assert!(properties.iter().all(|property| property.name != "secretCode"));

    // A write leaves it as it is.
    let (abc, red) = (row(&db, "Customer", "2v1"), row(&db, "Tag", "1v1"));
    let unknown = "has no property `secretCode`";
    for value in [r#"{"secretCode": "x"}"#, r#"{"secretCode": null}"#] {
        let mut write = db.data_mut("Customer").unwrap().with(&closed);
        assert!(text(write.patch(abc, &json(value))).contains(unknown));
        assert!(text(write.patch_all(&Where::all(), &json(value))).contains(unknown));
        assert!(text(write.replace(abc, &json(value))).contains(unknown));
        assert!(text(write.create(&json(value))).contains(unknown));
        let asked = Where::from_json(r#"{"secretCode": "s1"}"#).unwrap();
        assert!(text(write.delete_all(&asked)).contains(unknown));
        assert!(text(write.read().count(&asked)).contains(unknown));
    }
    let new = r#"{"name": "abc", "rank": "low", "level": 0, "tags": [], "stops": [], "labels": []}"#;
    db.data_mut("Customer").unwrap().with(&closed).replace(abc, &json(new)).unwrap();
    let kept = db.data("Customer").unwrap().find_by_id(abc, &filter).unwrap();
    assert_eq!(kept.first().unwrap().get("secretCode"), Some(Value::from("s1")));
    // Without a default there is no new row, and no name of the field in what is said.
    let error = text(db.data_mut("Tag").unwrap().with(&closed).create(&json(r#"{"weight": 1}"#)));
    assert_eq!(error, "no row of `Tag` can be made: a field that it needs is closed");
    db.data_mut("Tag").unwrap().with(&closed).replace(red, &json(r#"{"weight": 9}"#)).unwrap();
    assert_eq!(
        db.data("Tag").unwrap().find_by_id(red, &filter).unwrap().to_json().unwrap(),
        r#"[{"id":"1v1","name":"red","weight":9}]"#
    );
}

// behaviours R35, R36 and N6: closed and opened again; closed it is an error, with the others' names.
#[test]
fn closed_relations_and_models_are_in_no_place() {
    let mut db = filled();
    let open = Exposure::new(db.schema());
    let relation = open.clone().close("Customer", "orders").unwrap();
    let model = open.clone().close_model("Order").unwrap();
    for closed in [&relation, &model] {
        for filter in [
            r#"{"include": ["orders"]}"#,
            r#"{"include": [{"relation": "parent", "scope": {"include": ["orders"]}}]}"#,
            r#"{"where": {"orders": {"some": {}}}}"#,
            r#"{"where": {"orders": {"none": {"nosuch": 1}}}}"#,
            r#"{"where": {"parent": {"orders": {"every": {}}}}}"#,
            r#"{"where": {"nosuch": 1}}"#,
            r#"{"include": ["nosuch"]}"#,
        ] {
            let error = text(find(&db, closed, "Customer", filter));
            let known = error.split("known are").nth(1).unwrap_or_else(|| panic!("{filter}: {error}"));
            assert!(!known.contains("orders") && known.contains("address"), "{error}");
            let other = text(find(&db, closed, "Customer", &filter.replace("orders", "otherName")));
            assert_eq!(error.replace("orders", "otherName"), other);
        }
        let thor = row(&db, "Customer", "1v1");
        let no = "`Customer` has no relation `orders`";
        let customers = db.data("Customer").unwrap().with(closed);
        assert!(text(customers.related(thor, "orders", &Filter::new())).starts_with(no));
        assert!(text(customers.count_related(thor, "orders", &Where::all())).starts_with(no));
        assert!(customers.relations().iter().all(|relation| relation.name != "orders"));
        assert!(text(db.data_mut("Customer").unwrap().with(closed).of(thor, "orders")).starts_with(no));
        // Whichever is said first.
        let value = json(r#"{"description": "a", "totalCents": 1}"#);
        let late = db.data_mut("Customer").unwrap().of(thor, "orders").map(|rows| rows.with(closed));
        assert_ne!(text(late.and_then(|mut rows| rows.create(&value))), "accepted");
    }
    let again = relation.clone().open("Customer", "orders").unwrap();
    assert!(find(&db, &again, "Customer", r#"{"include": ["orders"]}"#).unwrap().contains("Mjolnir"));

    let gone = "no model `Order`; known are Customer, Address, Tag, Tagging";
    assert_eq!(text(find(&db, &model, "Order", "{}")), gone);
    let axe = row(&db, "Order", "3v1");
    let orders = db.data("Order").unwrap().with(&model);
    let filter = Filter::new();
    assert_eq!(text(orders.find_by_id(axe, &filter)), gone);
    assert_eq!(text(orders.find_by_ids(&[axe], &filter)), gone);
    assert_eq!(text(orders.count(&Where::all())), gone);
    assert_eq!(text(orders.row_id("3v1")), gone);
    assert_eq!(text(orders.explain(&filter)), gone);
    assert_eq!(text(orders.plan_delete(axe)), gone);
    assert!(!orders.exists(axe), "it is as if there were none");
    let mut orders = db.data_mut("Order").unwrap().with(&model);
    let empty = json("{}");
    assert_eq!(text(orders.create(&empty)), gone);
    assert_eq!(text(orders.patch(axe, &empty)), gone);
    assert_eq!(text(orders.replace(axe, &empty)), gone);
    assert_eq!(text(orders.replace_or_create(&empty)), gone);
    assert_eq!(text(orders.delete(axe)), gone);
    assert_eq!(text(orders.delete_all(&Where::all())), gone);
    assert_eq!(text(orders.patch_all(&Where::all(), &empty)), gone);
    // Links whose model is closed are neither made nor taken away.
    let links = open.clone().close_model("Tagging").unwrap();
    let (thor, red) = (row(&db, "Customer", "1v1"), row(&db, "Tag", "1v1"));
    let before = db.state_hash();
    let mut tagged = db.data_mut("Customer").unwrap().with(&links).of(thor, "tagged").unwrap();
    assert!(text(tagged.link(red, &empty)).starts_with("no model `Tagging`"));
    assert!(text(tagged.unlink(red)).starts_with("no model `Tagging`"));
    assert_eq!(db.state_hash(), before);

    for (wrong, expected) in [
        (open.clone().close_model("Nosuch").map(drop), "`the schema` has no model `Nosuch`; known are"),
        (open.clone().hide("Tag", "nosuch").map(drop), "`Tag` has no property `nosuch`; known are name, weight"),
        (open.clone().close("Tag", "nosuch").map(drop), "`Tag` has no relation `nosuch`; known are labelled, bearers"),
        (open.replace("Tag", "name", |_, _| Ok(Vec::new())).map(drop), "`Tag` has no relation `name`; known are"),
    ] {
        assert!(text(wrong.clone()).starts_with(expected), "{}", text(wrong));
    }
}

fn ids(model: &'static str, ids: &[&str]) -> Vec<RowId> {
    ids.iter().map(|id| RowId { table: model, key: id.parse::<Id<()>>().unwrap().key() }).collect()
}

/// What a function gives for so many rows.
type Answer = fn(usize) -> Vec<Vec<RowId>>;

// behaviours R36 and N6: what a function gives is checked.
#[test]
fn functions_in_the_place_of_relations_are_checked() {
    let db = filled();
    let schema = db.schema();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let reversed = Exposure::new(schema)
        .replace("Customer", "orders", move |_, rows| {
            noted.lock().unwrap().push(rows.len());
            Ok(rows.iter().map(|_| ids("Order", &["4v1", "3v1", "1v1"])).collect())
        })
        .unwrap();
    let filter = r#"{"fields": ["name"], "limit": 2, "include": [{"relation": "orders", "scope": {"fields": ["description"],
        "where": {"totalCents": {"gt": 5}}, "limit": 1}}]}"#;
    assert_eq!(
        find(&db, &reversed, "Customer", filter).unwrap(),
        r#"[{"name":"Thor","orders":[{"description":"Lost"}]},{"name":"abc","orders":[{"description":"Lost"}]}]"#
    );
    assert_eq!(*asked.lock().unwrap(), [2], "one call for all rows");
    // No condition goes along it: what is included and what is asked for would differ.
    let closed = "/where/orders: a function finds the rows of `orders`: no condition goes along it";
    assert_eq!(text(find(&db, &reversed, "Customer", r#"{"where": {"orders": {"some": {}}}}"#)), closed);
    let related =
        db.data("Customer").unwrap().with(&reversed).related(row(&db, "Customer", "3v1"), "orders", &Filter::new());
    assert_eq!(related.unwrap().len(), 3);

    let broken: [(&str, Answer, &str); 6] = [
        ("orders", |_| Vec::new(), "it gave 0 answers for 4 rows"),
        ("orders", |rows| vec![Vec::new(); rows + 1], "it gave 5 answers for 4 rows"),
        (
            "orders",
            |rows| vec![ids("Tag", &["1v1"]); rows],
            "it gave Tag 1v1 for Customer 1v1, which is no row of `Order`",
        ),
        (
            "orders",
            |rows| vec![ids("Order", &["9v1"]); rows],
            "it gave Order 9v1 for Customer 1v1, which is no row of `Order`",
        ),
        (
            "address",
            |rows| vec![ids("Address", &["1v1", "1v1"]); rows],
            "it gave 2 rows for Customer 1v1, which has one at most",
        ),
        (
            "parent",
            |rows| vec![ids("Order", &["1v1"]); rows],
            "it gave Order 1v1 for Customer 1v1, which is no row of `Customer`",
        ),
    ];
    for (relation, answer, expected) in broken {
        let exposure =
            Exposure::new(schema).replace("Customer", relation, move |_, rows| Ok(answer(rows.len()))).unwrap();
        let error = text(find(&db, &exposure, "Customer", &format!(r#"{{"include": ["{relation}"]}}"#)));
        assert!(error.contains(expected), "{error}");
    }
    let refuses =
        Exposure::new(schema).replace("Customer", "orders", |_, _| Err(DataError::TooManyRows { most: 1 })).unwrap();
    assert_eq!(text(find(&db, &refuses, "Customer", r#"{"include": ["orders"]}"#)), "more than 1 rows are asked for");
    let opened = refuses.open("Customer", "orders").unwrap();
    assert!(find(&db, &opened, "Customer", r#"{"include": ["orders"]}"#).is_ok());
}

#[test]
fn what_is_included_is_limited_as_a_whole() {
    let db = filled();
    let most = |rows| Exposure::new(db.schema()).with_included_rows_max(rows);
    let filter = r#"{"include": ["orders", {"relation": "children", "scope": {"include": ["orders"]}}]}"#;
    // Three orders, two children, one order of these.
    assert!(find(&db, &most(6), "Customer", filter).is_ok());
    assert_eq!(text(find(&db, &most(5), "Customer", filter)), "more than 5 rows are asked for");
    let one_each = r#"{"include": [{"relation": "orders", "scope": {"limit": 1}}]}"#;
    assert!(find(&db, &most(2), "Customer", one_each).is_ok());
    assert!(find(&db, &most(0), "Customer", "{}").is_ok());
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Account {
    #[model(primary_key)]
    token: String,
    name: String,
    #[serde(skip_serializing, default)]
    password: String,
}

#[test]
fn a_hidden_key_finds_no_row() {
    let mut db = Database::builder().model::<Account>().build().unwrap();
    let id = db.insert(Account { token: "abc".into(), name: "Thor".into(), password: "p".into() }).unwrap().erase();
    let closed = Exposure::new(db.schema()).hide("Account", "token").unwrap();
    let accounts = db.data("Account").unwrap();
    assert_eq!(accounts.row_id("abc"), Ok(id));
    // Else a client could guess it.
    assert_ne!(accounts.with(&closed).row_id("abc"), Ok(id));
    assert_eq!(accounts.with(&closed).row_id("1v1"), Ok(id));
    assert_eq!(find(&db, &closed, "Account", "{}").unwrap(), r#"[{"id":"1v1","name":"Thor"}]"#);
}
