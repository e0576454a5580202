//! The questions that LoopBack was asked of conditions, orders, limits, fields, inclusions, writes and relations, with the
//! answers that are decided here. The letters and numbers are those of the questions.

use relata::data::{DataError, Filter, Value};
use relata::{Database, RowId};

use crate::schema::{declared, plain};

/// Customers Thor, abc, Bo and hor; tags red and blue; four orders, one of nobody.
const ROWS: [(&str, &str); 5] = [
    ("Tag", r#"[{"name": "red", "weight": 1}, {"name": "blue", "weight": 2}]"#),
    (
        "Customer",
        r#"[{"name": "Thor", "num": 1, "flag": true, "when": "2020-01-01", "rank": "low", "rating": 0.5, "level": 0,
             "tags": ["red", "blue"], "marks": [1, 2], "place": {"city": "Paris", "zip": 75}, "stops": [],
             "labels": ["2v1", "1v1", "2v1"]},
            {"name": "abc", "num": 5, "note": "n", "flag": false, "when": "2020-02-01", "rank": "high", "level": 200,
             "tags": ["red"], "place": {"city": "Oslo"}, "stops": [{"city": "a", "zip": 1}, {"city": "b"}],
             "parentId": "1v1", "labels": ["1v1"], "secretCode": "s1"},
            {"name": "Bo", "note": "50%", "rank": "middle", "level": 2, "tags": [], "marks": [], "stops": [],
             "labels": [], "secretCode": "s2"},
            {"name": "hor", "num": 10, "note": "50x", "when": "2021-01-01", "rank": "low", "rating": 2, "level": 1,
             "tags": ["blue"], "marks": [2], "stops": [{"city": "Paris"}], "parentId": "1v1", "labels": []}]"#,
    ),
    (
        "Order",
        r#"[{"description": "Mjolnir", "totalCents": 100, "customerId": "1v1", "payerName": "abc"},
            {"description": "Hammer", "totalCents": 300, "customerId": "1v1"},
            {"description": "Axe", "totalCents": 5, "customerId": "2v1", "payerName": "abc"},
            {"description": "Lost", "totalCents": 18446744073709551615}]"#,
    ),
    ("Address", r#"[{"city": "Asgard", "customerId": "1v1"}]"#),
    (
        "Tagging",
        r#"[{"customerId": "1v1", "tagId": "2v1"}, {"customerId": "1v1", "tagId": "1v1"},
            {"customerId": "2v1", "tagId": "1v1"}]"#,
    ),
];

pub(crate) fn json(text: &str) -> Value<'static> {
    Value::from_json(text).unwrap()
}

pub(crate) fn fill(mut db: Database) -> Database {
    for (model, rows) in ROWS {
        let rows: Vec<serde_json::Value> = serde_json::from_str(rows).unwrap();
        let rows: Vec<_> = rows.iter().map(|row| json(&row.to_string())).collect();
        db.data_mut(model).unwrap().create_many(&rows).unwrap();
    }
    db
}

pub(crate) fn filled() -> Database {
    fill(declared::database())
}

pub(crate) fn row(db: &Database, model: &str, id: &str) -> RowId {
    db.data(model).unwrap().row_id(id).unwrap()
}

/// The names of the rows that are found, or the error.
fn names(db: &Database, model: &str, filter: &str) -> Result<String, DataError> {
    let found = db.data(model)?.find(&Filter::from_json(filter)?)?;
    let name = |row: relata::data::FoundRow<'_>| {
        let name = row.get("name").or_else(|| row.get("description")).unwrap();
        name.text().unwrap().to_owned()
    };
    Ok(found.iter().map(name).collect::<Vec<_>>().join(" "))
}

/// Each of the cases on both schemas: a question, a filter of a model, and the names or the error's text.
pub(crate) fn answered(model: &str, cases: &[(&str, &str, &str)]) {
    let (plain, declared) = (fill(plain::database()), filled());
    for (question, filter, expected) in cases {
        for db in [&plain, &declared] {
            let answer = names(db, model, filter).unwrap_or_else(|error| error.to_string());
            assert_eq!(answer, *expected, "{question}: {filter}");
        }
    }
}

/// The same, of conditions on customers.
fn met(cases: &[(&str, &str, &str)]) {
    let cases: Vec<(&str, String, &str)> =
        cases.iter().map(|(question, asked, names)| (*question, format!(r#"{{"where": {asked}}}"#), *names)).collect();
    answered(
        "Customer",
        &cases.iter().map(|(question, filter, names)| (*question, &**filter, *names)).collect::<Vec<_>>(),
    );
}

// behaviour R46: every operator, and what an absent value is to it.
#[test]
fn conditions_on_values_and_their_absence() {
    met(&[
        ("W1", r#"{"note": null}"#, "Thor"),
        ("W2", r#"{"note": {"eq": null}}"#, "Thor"),
        ("W3", r#"{"note": {"neq": null}}"#, "abc Bo hor"),
        ("W5", r#"{"num": {"neq": 5}}"#, "Thor Bo hor"),
        ("W6", r#"{"num": {"gt": 1}}"#, "abc hor"),
        ("W7", r#"{"num": {"lt": 10}}"#, "Thor abc"),
        ("W8", r#"{"num": "5"}"#, "abc"),
        ("W9", r#"{"num": {"gt": "4"}}"#, "abc hor"),
        ("W10", r#"{"name": {"gt": "a"}}"#, "abc hor"),
        ("W14", r#"{"num": {"between": [1, 5]}}"#, "Thor abc"),
        ("W15", r#"{"num": {"between": [5, 1]}}"#, ""),
        ("W18", r#"{"num": {"inq": []}}"#, ""),
        ("W19", r#"{"num": {"nin": []}}"#, "Thor abc Bo hor"),
        ("W20", r#"{"num": {"inq": [null]}}"#, "Bo"),
        ("W21", r#"{"num": {"nin": [1]}}"#, "abc Bo hor"),
        ("W23", r#"{"num": {"inq": ["1", "5"]}}"#, "Thor abc"),
        // Ours: it works.
        ("W24", r#"{"note": {"exists": true}}"#, "abc Bo hor"),
        ("W25", r#"{"note": {"exists": false}}"#, "Thor"),
        ("W42", r#"{"and": []}"#, "Thor abc Bo hor"),
        ("W43", r#"{"or": []}"#, ""),
        ("W43", r#"{"or": [{}]}"#, "Thor abc Bo hor"),
        ("W44", r#"{"num": 1, "or": [{"name": "Thor"}, {"name": "abc"}]}"#, "Thor"),
        ("W45", r#"{"and": [{"or": [{"num": 1}, {"num": 5}]}, {"or": [{"num": 5}, {"num": 10}]}]}"#, "abc"),
        // Ours: all of the operators of a property.
        ("W48", r#"{"num": {"gt": 1, "lt": 6}}"#, "abc"),
        ("W49", r#"{"num": {"gte": 1, "neq": 5}}"#, "Thor hor"),
        ("W49", r#"{"num": {"eq": 5, "gt": 100}}"#, ""),
        ("W50", r#"{"not": {"num": 1}}"#, "abc Bo hor"),
        ("W51", "{}", "Thor abc Bo hor"),
        ("W56", r#"{"when": "2020-01-01"}"#, "Thor"),
        ("W57", r#"{"when": {"gt": "2020-01-15"}}"#, "abc hor"),
        ("W59", r#"{"flag": "true"}"#, "Thor"),
        ("W60", r#"{"flag": "0"}"#, "abc"),
        ("W61", r#"{"flag": {"neq": true}}"#, "abc Bo hor"),
        // Without an order by slot, whatever the list.
        ("W64", r#"{"id": {"inq": ["3v1", "1v1", "2v1"]}}"#, "Thor abc Bo"),
        // The order of an enum is that of its variants.
        ("", r#"{"rank": {"gte": "middle"}}"#, "abc Bo"),
        // What a field cannot hold is a number all the same, as JSON and as a text.
        ("", r#"{"level": {"lt": 300}}"#, "Thor abc Bo hor"),
        ("", r#"{"level": {"lt": "300"}}"#, "Thor abc Bo hor"),
        ("", r#"{"level": {"gt": -1.5, "neq": 1e40}}"#, "Thor abc Bo hor"),
        ("", r#"{"level": 0.5}"#, ""),
    ]);
}

// behaviour R46
#[test]
fn texts_are_described_by_patterns() {
    met(&[
        ("W26", r#"{"name": {"like": "Th%"}}"#, "Thor"),
        // Ours: of the whole text.
        ("W27", r#"{"name": {"like": "hor"}}"#, "hor"),
        ("W27", r#"{"name": {"like": "%hor"}}"#, "Thor hor"),
        ("W28", r#"{"name": {"like": "T_or"}}"#, "Thor"),
        ("W29", r#"{"name": {"like": "thor"}}"#, ""),
        ("W30", r#"{"name": {"ilike": "thor"}}"#, "Thor"),
        ("W31", r#"{"note": {"nlike": "50%"}}"#, "Thor abc"),
        ("W32", r#"{"note": {"nilike": "N"}}"#, "Thor Bo hor"),
        ("W33", r#"{"name": {"like": "a.c"}}"#, ""),
        ("W34", r#"{"note": {"like": "50\\%"}}"#, "Bo"),
        ("W35", r#"{"name": {"like": "a("}}"#, ""),
        ("W36", r#"{"name": {"regexp": "^T"}}"#, "Thor"),
        ("W37", r#"{"name": {"regexp": "/^t/i"}}"#, "Thor"),
        ("W39", r#"{"name": {"regexp": "/^T/g"}}"#, "Thor"),
        // Within a text, of dates and variants too.
        ("", r#"{"name": {"regexp": "or"}}"#, "Thor hor"),
        ("", r#"{"when": {"like": "2020-%"}}"#, "Thor abc"),
        ("", r#"{"rank": {"like": "l%"}}"#, "Thor hor"),
        ("", r#"{"tags": {"like": "r%"}}"#, "Thor abc"),
    ]);
    let mut db = filled();
    let greek = r#"{"name": "ΟΔΟΣΑ", "rank": "low", "level": 0, "tags": [], "stops": [], "labels": []}"#;
    db.data_mut("Customer").unwrap().create(&json(greek)).unwrap();
    // The end of a pattern is no end of a word, where this letter has another small form.
    assert_eq!(names(&db, "Customer", r#"{"where": {"name": {"ilike": "οδοΣ%"}}}"#).unwrap(), "ΟΔΟΣΑ");
}

#[test]
fn lists_structs_and_what_is_within_them() {
    met(&[
        ("W53", r#"{"place.city": "Paris"}"#, "Thor"),
        ("W53", r#"{"place.zip": {"gt": 50}}"#, "Thor"),
        // As a URL has it.
        ("W53", r#"{"place.zip": "75"}"#, "Thor"),
        ("W53", r#"{"place.zip": {"neq": 75}}"#, "abc Bo hor"),
        ("W53", r#"{"place.zip": {"exists": false}}"#, "abc Bo hor"),
        ("W53", r#"{"stops.city": "b"}"#, "abc"),
        ("W53", r#"{"stops.city": {"nin": ["b"]}}"#, "Thor Bo hor"),
        ("W54", r#"{"tags": "red"}"#, "Thor abc"),
        ("W54", r#"{"tags": {"neq": "red"}}"#, "Bo hor"),
        ("W54", r#"{"tags": {"nin": ["red"]}}"#, "Bo hor"),
        ("W55", r#"{"tags": ["red", "blue"]}"#, "Thor"),
        ("W55", r#"{"tags": ["blue", "red"]}"#, ""),
        ("W55", r#"{"tags": []}"#, "Bo"),
        ("W55", r#"{"tags": null}"#, ""),
        ("", r#"{"marks": 2}"#, "Thor hor"),
        ("", r#"{"marks": "2"}"#, "Thor hor"),
        ("", r#"{"marks": {"gt": "1"}}"#, "Thor hor"),
        ("", r#"{"marks": {"inq": [1, 70000]}}"#, "Thor"),
        ("", r#"{"marks": null}"#, "abc"),
        ("", r#"{"labels": "2v1"}"#, "Thor"),
        ("", r#"{"labels": ["2v1", "1v1", "2v1"]}"#, "Thor"),
        ("", r#"{"place": {"eq": {"city": "Oslo"}}}"#, "abc"),
        ("", r#"{"stops": {"eq": {"city": "b"}}}"#, "abc"),
    ]);
}

// behaviours R47 and N2: an error names the place in the filter, and what would be right.
#[expect(clippy::too_many_lines, reason = "it is a table")]
#[test]
fn what_no_filter_can_mean_is_refused_with_its_place() {
    let operators = "eq, neq, gt, gte, lt, lte, between, inq, nin, like, nlike, ilike, nilike, regexp, exists";
    let all = "known are id, name, num, note, flag, when, rank, rating, level, tags, marks, place, stops, secretCode, \
               parentId, labels";
    let unknown = format!(
        "/where/nosuch: `Customer` has no property `nosuch`; {all}, parent, labels, orders, paid, \
                           address, children, tagged"
    );
    let cases: Vec<(&str, &str, String)> = vec![
        ("W12", r#"{"num": "abc"}"#, r#"/where/num: invalid type: string "abc", expected i32"#.into()),
        ("W13", r#"{"num": {"gt": "abc"}}"#, r#"/where/num/gt: invalid type: string "abc", expected i32"#.into()),
        (
            "",
            r#"{"place.cty": null}"#,
            "/where/place.cty: `place` of `Customer` has no part `cty`; known are city, zip".into(),
        ),
        ("", r#"{"name.x": "y"}"#, "/where/name.x: `name` of `Customer` has no part `x`".into()),
        (
            "",
            r#"{"place.zip": {"like": "7%"}}"#,
            "/where/place.zip/like: a pattern describes texts, and this is an integer".into(),
        ),
        ("W11", r#"{"name": 5}"#, "/where/name: invalid type: integer `5`, expected a string".into()),
        ("W16", r#"{"num": {"between": [1]}}"#, "/where/num/between: Expected precisely 2 values, received 1".into()),
        ("W17", r#"{"num": {"between": 5}}"#, "/where/num/between: a list of two values is wanted, not 5".into()),
        ("W22", r#"{"num": {"inq": 5}}"#, "/where/num/inq: a list of values is wanted, not 5".into()),
        (
            "W35",
            r#"{"name": {"regexp": "*hor"}}"#,
            "/where/name/regexp: `*hor` is no regular expression: repetition operator missing expression".into(),
        ),
        (
            "W40",
            r#"{"name": {"regexp": "("}}"#,
            "/where/name/regexp: `(` is no regular expression: unclosed group".into(),
        ),
        (
            "W41",
            r#"{"num": {"regexp": "^1"}}"#,
            "/where/num/regexp: a pattern describes texts, and this is an integer".into(),
        ),
        (
            "W46",
            r#"{"and": {"num": 1}}"#,
            r#"/where/and: The and operator has invalid clauses {"num":1}: a list is wanted"#.into(),
        ),
        ("W46", r#"{"or": [{}, 5]}"#, "/where/or/1: The where clause 5 is not an object".into()),
        ("W47", r#"{"num": {"foo": 5}}"#, format!("/where/num/foo: there is no operator `foo`; known are {operators}")),
        ("W47", r#"{"num": {"$gt": 5}}"#, format!("/where/num/$gt: there is no operator `$gt`; known are {operators}")),
        ("W52", r#"{"nosuch": 5}"#, unknown.clone()),
        ("W52", r#"{"nosuch": null}"#, unknown.clone()),
        ("W52", r#"{"nosuch": {"neq": 5}}"#, unknown),
        (
            "W53",
            r#"{"place": {"city": "Paris"}}"#,
            format!("/where/place/city: there is no operator `city`; known are {operators}"),
        ),
        ("W58", r#"{"when": "not a date"}"#, "/where/when: Invalid date: not a date".into()),
        ("W60", r#"{"flag": "banana"}"#, r#"/where/flag: invalid type: string "banana", expected a boolean"#.into()),
        ("W60", r#"{"num": ""}"#, r#"/where/num: invalid type: string "", expected i32"#.into()),
        ("W62", r#""abc""#, r#"/where: The where clause "abc" is not an object"#.into()),
        ("W62", "[1]", "/where: The where clause [1] is not an object".into()),
        (
            "W63",
            r#"{"num": {"gte": null}}"#,
            "/where/num/gte: null has no place in an order: ask for it by `eq`, `neq` or `exists`".into(),
        ),
        (
            "",
            r#"{"rank": "top"}"#,
            "/where/rank: unknown variant `top`, expected one of `low`, `middle`, `high`".into(),
        ),
        ("", r#"{"tags": 5}"#, "/where/tags: invalid type: integer `5`, expected a string".into()),
        (
            "",
            r#"{"tags": {"inq": ["red", 5]}}"#,
            "/where/tags/inq: invalid type: integer `5`, expected a string".into(),
        ),
        ("", r#"{"tags": [5]}"#, "/where/tags: invalid type: integer `5`, expected a string".into()),
        ("", r#"{"place": {"gt": {"city": "a"}}}"#, "/where/place/gt: there is no order, and this is an object".into()),
        (
            "",
            r#"{"num": {}}"#,
            format!("/where/num: an object of operators is wanted, and this one has none; known are {operators}"),
        ),
        (
            "",
            r#"{"and": [{"not": {"or": [{"orders": {"some": {"totalCent": 1}}}]}}]}"#,
            "/where/and/0/not/or/0/orders/some/totalCent: `Order` has no property `totalCent`; known are id, \
             description, totalCents, customerId, payerName, customer, payer"
                .into(),
        ),
        (
            "",
            r#"{"orders": {"totalCents": 1}}"#,
            "/where/orders: `orders` leads to many rows: say which of them are meant; known are some, none, every"
                .into(),
        ),
        (
            "",
            r#"{"a/b~": 1}"#,
            format!(
                "/where/a~1b~0: `Customer` has no property `a/b~`; {all}, parent, labels, orders, \
                           paid, address, children, tagged"
            ),
        ),
        (
            "",
            r#"{"id": {"gt": "1v1"}}"#,
            "/where/id/gt: ids are asked for by themselves; known are eq, neq, inq, nin, exists".into(),
        ),
    ];
    let (plain, declared) = (fill(plain::database()), filled());
    for (question, asked, expected) in cases {
        for db in [&plain, &declared] {
            let error = names(db, "Customer", &format!(r#"{{"where": {asked}}}"#)).unwrap_err();
            assert_eq!(error.to_string(), expected, "{question}: {asked}");
            assert_eq!(error.faults().len(), 1);
        }
    }
}

// behaviour R48 and R46
#[test]
fn orders_limits_and_skips() {
    answered(
        "Customer",
        &[
            ("O1", r#"{"order": ["num"]}"#, "Thor abc hor Bo"),
            ("O2", r#"{"order": ["num desc"]}"#, "hor abc Thor Bo"),
            ("O3", r#"{"order": "num DESC"}"#, "hor abc Thor Bo"),
            ("O4", r#"{"order": ["rank DESC", "name ASC"]}"#, "abc Bo Thor hor"),
            ("O5", r#"{"order": "note"}"#, "Bo hor abc Thor"),
            ("O6", r#"{"order": "note DESC"}"#, "abc hor Bo Thor"),
            // Equal ones stay in slot order, descending too.
            ("O7", r#"{"order": "rank"}"#, "Thor hor Bo abc"),
            ("O7", r#"{"order": "rank DESC"}"#, "abc Bo Thor hor"),
            ("O10", r#"{"order": "rank DESC, name ASC"}"#, "abc Bo Thor hor"),
            ("O11", r#"{"order": "name"}"#, "Bo Thor abc hor"),
            ("O12", "{}", "Thor abc Bo hor"),
            ("", r#"{"order": "id DESC"}"#, "hor Bo abc Thor"),
            (
                "O9",
                r#"{"order": ["name", "num DOWN"]}"#,
                r#"/order/1: The order "num DOWN" has invalid direction; known are ASC, DESC"#,
            ),
            (
                "O8",
                r#"{"order": "-num"}"#,
                "/order: `Customer` has no property `-num`; known are id, name, num, note, flag, when, rank, rating, level, \
             tags, marks, place, stops, secretCode, parentId, labels",
            ),
            ("", r#"{"order": "tags"}"#, "/order: `tags` is a list, which has no order"),
            ("", r#"{"order": [5]}"#, r#"/order/0: an order is a text such as "total DESC", not 5"#),
            // Ours: none.
            ("L1", r#"{"limit": 0}"#, ""),
            ("L2", r#"{"limit": -1}"#, "/limit: The limit parameter -1 is not valid"),
            ("L3", r#"{"limit": "2"}"#, "Thor abc"),
            ("L4", r#"{"limit": "abc"}"#, r#"/limit: The limit parameter "abc" is not valid"#),
            ("L5", r#"{"limit": 1.5}"#, "/limit: The limit parameter 1.5 is not valid"),
            ("L6", r#"{"skip": 1}"#, "abc Bo hor"),
            ("L7", r#"{"offset": 1}"#, "abc Bo hor"),
            ("L8", r#"{"skip": 1, "offset": 2}"#, "abc Bo hor"),
            ("L8", r#"{"offset": 2, "skip": 1}"#, "abc Bo hor"),
            ("L9", r#"{"skip": -1}"#, "/skip: The offset/skip parameter -1 is not valid"),
            ("L10", r#"{"skip": 10}"#, ""),
            ("L11", r#"{"limit": null, "skip": null}"#, "Thor abc Bo hor"),
            (
                "",
                r#"{"wehre": {}}"#,
                "/wehre: there is no `wehre` in a filter; known are where, order, limit, skip, offset, fields, include",
            ),
            ("", "[]", "a filter is an object, not []"),
            ("", "null", "Thor abc Bo hor"),
        ],
    );
}
