//! The rest of the questions that LoopBack was asked: which fields and related rows are given, conditions along relations,
//! and filters in URLs.

use relata::data::{Filter, Where};

use crate::questions::{answered, fill, filled, row};
use crate::schema::plain;

/// Filters of orders, with the JSON that they give.
fn given(model: &str, cases: &[(&str, &str, &str)]) {
    let (plain, declared) = (fill(plain::database()), filled());
    for (question, filter, expected) in cases {
        for db in [&plain, &declared] {
            let found = Filter::from_json(filter).and_then(|filter| db.data(model)?.find(&filter)?.to_json());
            assert_eq!(found.unwrap_or_else(|error| error.to_string()), *expected, "{question}: {filter}");
        }
    }
}

// behaviours R37, R38 and R39: fields say what is given, and not what is read.
#[test]
fn fields_that_are_given() {
    let two = r#""limit": 2, "order": "totalCents DESC""#;
    let of = |fields: &str| format!(r#"{{{two}, "fields": {fields}}}"#);
    let cases = [
        ("F1", of(r#"["description"]"#), r#"[{"description":"Lost"},{"description":"Hammer"}]"#),
        ("F2", of(r#"{"description": true}"#), r#"[{"description":"Lost"},{"description":"Hammer"}]"#),
        ("F4", of(r#"{"id": false, "description": true}"#), r#"[{"description":"Lost"},{"description":"Hammer"}]"#),
        (
            "F3",
            of(r#"{"customerId": false, "payerName": false}"#),
            r#"[{"id":"4v1","description":"Lost","totalCents":18446744073709551615},{"id":"2v1","description":"Hammer","totalCents":300}]"#,
        ),
        (
            "F5",
            of(r#"{"id": false, "customerId": false, "payerName": false}"#),
            r#"[{"description":"Lost","totalCents":18446744073709551615},{"description":"Hammer","totalCents":300}]"#,
        ),
        (
            "F6",
            r#"{"limit": 1, "fields": []}"#.into(),
            r#"[{"id":"1v1","description":"Mjolnir","totalCents":100,"customerId":"1v1","payerName":"abc"}]"#,
        ),
        (
            "F6",
            r#"{"limit": 1, "fields": {}}"#.into(),
            r#"[{"id":"1v1","description":"Mjolnir","totalCents":100,"customerId":"1v1","payerName":"abc"}]"#,
        ),
        (
            "F7",
            r#"{"fields": ["nosuch"]}"#.into(),
            "/fields/nosuch: `Order` has no property `nosuch`; known are id, description, totalCents, customerId, payerName",
        ),
        (
            "F8",
            r#"{"limit": 1, "fields": {"customerId": false, "payerName": false},
            "include": [{"relation": "customer", "scope": {"fields": ["name"]}}]}"#
                .into(),
            r#"[{"id":"1v1","description":"Mjolnir","totalCents":100,"customer":{"name":"Thor"}}]"#,
        ),
        (
            "F9",
            r#"{"limit": 1, "fields": ["description"],
            "include": [{"relation": "payer", "scope": {"fields": ["name"]}}]}"#
                .into(),
            r#"[{"description":"Mjolnir","payer":{"name":"abc"}}]"#,
        ),
    ];
    given("Order", &cases.iter().map(|(question, filter, json)| (*question, &**filter, *json)).collect::<Vec<_>>());
}

// behaviours R34, R35, R37 and R39
#[test]
fn rows_that_are_included() {
    let name = r#""fields": ["name"]"#;
    let of = |include: &str| format!(r#"{{{name}, "include": {include}}}"#);
    let with = |relation: &str, scope: &str| of(&format!(r#"[{{"relation": "{relation}", "scope": {{{scope}}}}}]"#));
    let description = r#""fields": ["description"]"#;
    let unknown = |at: &str| {
        format!(
            "{at}: `Customer` has no relation `nosuch`; known are parent, labels, orders, paid, address, children, tagged"
        )
    };
    let cases: Vec<(&str, String, String)> = vec![
        ("I1", of(r#"["nosuch"]"#), unknown("/include/0")),
        // Also where there is no row, and at any depth.
        ("I2", r#"{"where": {"id": {"inq": []}}, "include": [{"relation": "orders", "scope": {"include": ["nosuch"]}}]}"#.into(),
            "/include/0/scope/include/0: `Order` has no relation `nosuch`; known are customer, payer".into()),
        ("I2", r#"{"limit": 0, "include": [{"relation": "nosuch"}]}"#.into(), unknown("/include/0")),
        ("I3", of(r#"["address"]"#),
            r#"[{"name":"Thor","address":{"id":"1v1","city":"Asgard","customerId":"1v1"}},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        ("I4", of(r#""address""#),
            r#"[{"name":"Thor","address":{"id":"1v1","city":"Asgard","customerId":"1v1"}},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        ("I5", of(&format!(r#"{{"relation": "parent", "scope": {{{name}}}}}"#)),
            r#"[{"name":"Thor"},{"name":"abc","parent":{"name":"Thor"}},{"name":"Bo"},{"name":"hor","parent":{"name":"Thor"}}]"#.into()),
        ("I6", of(r#"[{"address": true}]"#),
            r#"[{"name":"Thor","address":{"id":"1v1","city":"Asgard","customerId":"1v1"}},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        // Per parent, and the order of the sources stays.
        ("I7, I18", with("orders", &format!(r#""limit": 1, "order": "totalCents DESC", {description}"#)),
            r#"[{"name":"Thor","orders":[{"description":"Hammer"}]},{"name":"abc","orders":[{"description":"Axe"}]},{"name":"Bo","orders":[]},{"name":"hor","orders":[]}]"#.into()),
        ("I8, I10, I12", with("orders", &format!(r#""where": {{"totalCents": {{"gt": 100}}}}, {description}"#)),
            r#"[{"name":"Thor","orders":[{"description":"Hammer"}]},{"name":"abc","orders":[]},{"name":"Bo","orders":[]},{"name":"hor","orders":[]}]"#.into()),
        ("I9", with("orders", &format!(r#""order": "description", {description}"#)),
            r#"[{"name":"Thor","orders":[{"description":"Hammer"},{"description":"Mjolnir"}]},{"name":"abc","orders":[{"description":"Axe"}]},{"name":"Bo","orders":[]},{"name":"hor","orders":[]}]"#.into()),
        ("I29", with("orders", &format!(r#""skip": 1, {description}"#)),
            r#"[{"name":"Thor","orders":[{"description":"Hammer"}]},{"name":"abc","orders":[]},{"name":"Bo","orders":[]},{"name":"hor","orders":[]}]"#.into()),
        ("I11", with("children", &format!(r#"{name}, "include": [{{"relation": "parent", "scope": {{{name}, "include": [{{"relation": "children", "scope": {{{name}, "limit": 1}}}}]}}}}], "limit": 1"#)),
            r#"[{"name":"Thor","children":[{"name":"abc","parent":{"name":"Thor","children":[{"name":"abc"}]}}]},{"name":"abc","children":[]},{"name":"Bo","children":[]},{"name":"hor","children":[]}]"#.into()),
        // The list's order, and twice what is there twice.
        ("I23, I24, I26", with("labels", name),
            r#"[{"name":"Thor","labels":[{"name":"blue"},{"name":"red"},{"name":"blue"}]},{"name":"abc","labels":[{"name":"red"}]},{"name":"Bo","labels":[]},{"name":"hor","labels":[]}]"#.into()),
        (
            "I29",
            with("orders", &format!(r#""skip": 1, "limit": 1, {description}"#)),
            r#"[{"name":"Thor","orders":[{"description":"Hammer"}]},{"name":"abc","orders":[]},{"name":"Bo","orders":[]},{"name":"hor","orders":[]}]"#.into(),
        ),
        // It stands in the place of the field of its name.
        (
            "",
            r#"{"limit": 2, "fields": ["labels"], "include": [{"relation": "labels", "scope": {"fields": ["name"]}}]}"#.into(),
            r#"[{"labels":[{"name":"blue"},{"name":"red"},{"name":"blue"}]},{"labels":[{"name":"red"}]}]"#.into(),
        ),
        // Ours: in the order of the links.
        ("I27, I28", with("tagged", name),
            r#"[{"name":"Thor","tagged":[{"name":"blue"},{"name":"red"}]},{"name":"abc","tagged":[{"name":"red"}]},{"name":"Bo","tagged":[]},{"name":"hor","tagged":[]}]"#.into()),
        ("I30", with("parent", &format!(r#""where": {{"name": "Bo"}}, {name}"#)),
            r#"[{"name":"Thor"},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        ("I33", of("[]"), r#"[{"name":"Thor"},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        ("I20", of(r#"["address", {"relation": "address"}]"#),
            r#"[{"name":"Thor","address":{"id":"1v1","city":"Asgard","customerId":"1v1"}},{"name":"abc"},{"name":"Bo"},{"name":"hor"}]"#.into()),
        ("I20", of(r#"["address", {"relation": "address", "scope": {"limit": 5}}]"#),
            "/include/1: `address` is included twice, in two ways".into()),
        ("I37", with("orders", r#""totalLimit": 5"#),
            "/include/0/scope/totalLimit: there is no `totalLimit` in a filter; known are where, order, limit, skip, \
             offset, fields, include".into()),
        ("", of("5"), "/include: an inclusion is the name of a relation, or an object with it, not 5".into()),
        ("", of(r#"[{"relation": "orders", "where": {}}]"#),
            "/include/0/where: there is no `where` in an inclusion; known are relation, scope".into()),
        ("", with("orders", r#""where": {"nosuch": 1}"#),
            "/include/0/scope/where/nosuch: `Order` has no property `nosuch`; known are id, description, totalCents, \
             customerId, payerName, customer, payer".into()),
    ];
    given(
        "Customer",
        &cases.iter().map(|(question, filter, json)| (*question, &**filter, &**json)).collect::<Vec<_>>(),
    );
    given(
        "Order",
        &[
            (
                "I13 to I15",
                r#"{"where": {"customer": null}, "include": ["customer", "payer"]}"#,
                r#"[{"id":"4v1","description":"Lost","totalCents":18446744073709551615,"customerId":null,"payerName":null}]"#,
            ),
            (
                "I17",
                r#"{"fields": ["id"], "limit": 2, "include": [{"relation": "customer", "scope": {"fields": ["name"]}}]}"#,
                r#"[{"id":"1v1","customer":{"name":"Thor"}},{"id":"2v1","customer":{"name":"Thor"}}]"#,
            ),
        ],
    );
    let db = filled();
    let orders = db.data("Order").unwrap();
    let filter = Filter::from_json(
        r#"{"fields": ["description"], "include": [{"relation": "payer", "scope": {"fields": ["id"]}}]}"#,
    )
    .unwrap();
    let found = orders.find_by_id(row(&db, "Order", "3v1"), &filter).unwrap();
    assert_eq!(found.to_json().unwrap(), r#"[{"description":"Axe","payer":{"id":"2v1"}}]"#, "I19");
    let ids = ["3v1", "1v1", "3v1"].map(|id| row(&db, "Order", id));
    let mut gone = ids.to_vec();
    gone.insert(1, row(&db, "Tag", "1v1"));
    // behaviour R49: the order that is asked for, each as often; an id of another table names no row of this one.
    let found = orders.find_by_ids(&gone, &Filter::from_json(r#"{"fields": ["description"]}"#).unwrap()).unwrap();
    assert_eq!(found.to_json().unwrap(), r#"[{"description":"Axe"},{"description":"Mjolnir"},{"description":"Axe"}]"#);
}

#[test]
fn conditions_on_related_rows() {
    answered(
        "Customer",
        &[
            ("", r#"{"where": {"orders": {"some": {}}}}"#, "Thor abc"),
            ("", r#"{"where": {"orders": {"none": {}}}}"#, "Bo hor"),
            ("", r#"{"where": {"orders": {"some": {"totalCents": {"gt": 100}}}}}"#, "Thor"),
            ("", r#"{"where": {"orders": {"every": {"totalCents": {"lt": 100}}}}}"#, "abc Bo hor"),
            (
                "",
                r#"{"where": {"orders": {"some": {"totalCents": 100}, "every": {"totalCents": {"gte": 100}}}}}"#,
                "Thor",
            ),
            ("", r#"{"where": {"tagged": {"some": {"name": "blue"}}}}"#, "Thor"),
            ("", r#"{"where": {"labels": {"every": {"name": "red"}}}}"#, "abc Bo hor"),
            ("", r#"{"where": {"address": {"city": "Asgard"}}}"#, "Thor"),
            ("", r#"{"where": {"address": null}}"#, "abc Bo hor"),
            ("", r#"{"where": {"parent": {"address": {"city": {"like": "A%"}}}}}"#, "abc hor"),
            ("", r#"{"where": {"parent": {"every": {"name": "Bo"}}}}"#, "Thor Bo"),
        ],
    );
    answered(
        "Order",
        &[
            (
                "N12",
                r#"{"where": {"customer.name": "Thor"}}"#,
                r#"/where/customer.name: `customer` is a relation: ask by {"customer": {..}}"#,
            ),
            ("", r#"{"where": {"payer": {"name": "abc"}}}"#, "Mjolnir Axe"),
            (
                "W52",
                r#"{"where": {"customer": {"nosuch": null}}}"#,
                "/where/customer/nosuch: `Customer` has no property `nosuch`; known are id, name, num, note, flag, when, \
             rank, rating, level, tags, marks, place, stops, secretCode, parentId, labels, parent, labels, orders, paid, \
             address, children, tagged",
            ),
        ],
    );
}

// behaviour N3: the same as JSON.
#[test]
fn what_a_url_says() {
    let db = filled();
    for (question, query, expected) in [
        ("R3", "filter[where][num][gt]=4", "abc hor"),
        ("R34", "filter[where][flag]=false", "abc"),
        ("", "filter[where][level][lt]=300&filter[order]=name", "Bo Thor abc hor"),
        ("", "filter[where][marks]=2", "Thor hor"),
        ("", "filter[where][place.zip]=75", "Thor"),
        ("R8", "filter[where][num][inq]=1", "Thor"),
        ("R6", "filter=", "Thor abc Bo hor"),
        ("R6", "filter=null", "Thor abc Bo hor"),
        ("R6", "filter=%7Bbad", "not JSON: key must be a string at line 1 column 2"),
        ("R10", "filter={}&filter[skip]=1", "/filter: it is given as JSON and in brackets: `filter`"),
        ("R35", "filter[where][note]=null", ""),
        ("R33", "filter[limit]=", r#"/limit: The limit parameter "" is not valid"#),
    ] {
        let found = Filter::from_query(query).and_then(|filter| {
            let found = db.data("Customer")?.find(&filter)?;
            let names: Vec<_> = found.iter().map(|row| row.get("name").unwrap().text().unwrap().to_owned()).collect();
            Ok(names.join(" "))
        });
        assert_eq!(found.unwrap_or_else(|error| error.to_string()), expected, "{question}: {query}");
    }
    assert!(Where::from_query("filter[where][num]=1").is_ok_and(|all| all.is_empty()));
}
