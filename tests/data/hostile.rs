//! Filters and data that are too deep, too many, too slow or meant to be mistaken: each is answered, or refused with its
//! place, within a stack of 2 MiB.

use std::time::{Duration, Instant};

use relata::data::{DataError, FaultCode, Filter, Value, Where};
use relata::{Database, Id, RowId};

use crate::questions::{filled, json, row};

/// Runs on a small stack, within a time that nothing quadratic keeps to.
fn bounded(task: impl FnOnce(Database) + Send + 'static) {
    let begin = Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| task(filled())).unwrap();
    thread.join().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

fn found(db: &Database, filter: &str) -> Result<usize, DataError> {
    Ok(db.data("Customer")?.find(&Filter::from_json(filter)?)?.len())
}

#[test]
fn ten_thousand_clauses_side_by_side_are_answered() {
    bounded(|db| {
        for word in ["and", "or"] {
            let clauses = vec![r#"{"num": 5}"#; 10_000].join(",");
            assert_eq!(found(&db, &format!(r#"{{"where": {{"{word}": [{clauses}]}}}}"#)), Ok(1));
            let last = format!(r#"{{"where": {{"{word}": [{clauses}, {{"nosuch": 1}}]}}}}"#);
            assert_eq!(found(&db, &last).unwrap_err().faults()[0].path, format!("/where/{word}/10000/nosuch"));
        }
        let list: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
        assert_eq!(found(&db, &format!(r#"{{"where": {{"num": {{"inq": [{}]}}}}}}"#, list.join(","))), Ok(3));
        assert_eq!(found(&db, &format!(r#"{{"where": {{"level": {{"nin": [{}]}}}}}}"#, list.join(","))), Ok(0));
        // Of many values by their hashes, where no index leads to the rows.
        let others = Where::from_json(&format!(r#"{{"totalCents": {{"nin": [{}]}}}}"#, list.join(","))).unwrap();
        assert_eq!(db.data("Order").unwrap().count(&others), Ok(1));
        let names: Vec<String> = (0..10_000).map(|_| "\"name\"".to_owned()).collect();
        assert_eq!(found(&db, &format!(r#"{{"fields": [{}]}}"#, names.join(","))), Ok(4));
        assert_eq!(found(&db, &format!(r#"{{"order": [{}]}}"#, names.join(","))), Ok(4));
        let scopes = vec![r#""orders""#; 10_000].join(",");
        assert_eq!(found(&db, &format!(r#"{{"include": [{scopes}]}}"#)), Ok(4));
        let url: Vec<String> = (0..10_000).map(|place| format!("filter[where][and][{place}][num]=5")).collect();
        let filter = Filter::from_query(&url.join("&")).unwrap();
        assert_eq!(db.data("Customer").unwrap().find(&filter).unwrap().len(), 1);
    });
}

// behaviour N7: 32 levels, whatever is nested.
#[test]
fn what_nests_too_deep_is_refused() {
    bounded(|db| {
        let nested =
            |depth: usize, open: &str, close: &str| format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
        let depth_max = "The query object exceeds maximum depth 32";
        // The object of the filter and the innermost one count too.
        for (open, close, each, expected) in [
            (r#"{"not": "#, "}", 1, 4),
            (r#"{"and": ["#, "]}", 2, 4),
            (r#"{"parent": "#, "}", 1, 0),
            (r#"{"children": {"some": "#, "}}", 2, 0),
        ] {
            let fits = 30 / each;
            let filter = |depth: usize| format!(r#"{{"where": {}}}"#, nested(depth, open, close));
            let answer = found(&db, &filter(fits)).unwrap();
            assert_eq!(answer, if open.contains("not") { 4 } else { expected }, "{open}");
            let error = found(&db, &filter(fits + 1)).unwrap_err();
            assert_eq!((error.to_string(), error.faults()[0].code), (depth_max.to_owned(), FaultCode::TooDeep));
            let error = Where::from_json(&nested(fits + 2, open, close)).unwrap_err();
            assert_eq!(error.to_string(), depth_max);
            // Beyond what a reader of JSON goes down.
            assert!(matches!(found(&db, &filter(10_000)).unwrap_err(), DataError::NotJson { .. }));
        }
        let include = (0..7).fold("\"parent\"".to_owned(), |inside, _| {
            format!(r#"{{"relation": "parent", "scope": {{"include": [{inside}]}}}}"#)
        });
        assert_eq!(found(&db, &format!(r#"{{"include": [{include}]}}"#)), Ok(4));
        assert!(found(&db, &format!(r#"{{"include": {}}}"#, nested(50, r#"{"parent": "#, "}"))).is_err());
        let brackets = |depth: usize, text: &str| format!("filter[where]{}[num]=1", text.repeat(depth));
        for text in ["[not]", "[and][0]", "[a]", "[]", "[and][]"] {
            for depth in [40, 100_000] {
                assert_eq!(Filter::from_query(&brackets(depth, text)).unwrap_err().to_string(), depth_max, "{text}");
            }
        }
        let deep = (0..40).fold(Value::Null, |inside, _| Value::from(vec![inside]));
        assert_eq!(Filter::from_value(&deep).unwrap_err().to_string(), depth_max);
        assert_eq!(Where::from_value(&deep).unwrap_err().to_string(), depth_max);
    });
}

// behaviour N7, HOSTILE 40: no backtracking, and not thousands of them.
#[test]
fn patterns_are_neither_slow_nor_huge() {
    bounded(|mut db| {
        let long = "a".repeat(100_000);
        let name = format!(r#"{{"name": "{long}", "rank": "low", "level": 0, "tags": [], "stops": [], "labels": []}}"#);
        db.data_mut("Customer").unwrap().create(&json(&name)).unwrap();
        for (asked, expected) in [
            (r#"{"regexp": "(a+)+$"}"#, Ok(1)),
            (r#"{"regexp": "^(a|a)*b$"}"#, Ok(0)),
            (r#"{"regexp": "(.*a){20}"}"#, Ok(1)),
            (r#"{"like": "%a%a%a%a%a%a%a%b"}"#, Ok(0)),
            (r#"{"ilike": "%A%A%A%A%A%A%A%"}"#, Ok(1)),
            (r#"{"regexp": "(a{1000}){1000}"}"#, Err("/where/name/regexp")),
            (r#"{"regexp": "\\w{9999}"}"#, Err("/where/name/regexp")),
            (r#"{"regexp": "(?=a)"}"#, Err("/where/name/regexp")),
            (r#"{"regexp": "(a)\\1"}"#, Err("/where/name/regexp")),
        ] {
            let answer = found(&db, &format!(r#"{{"where": {{"name": {asked}}}}}"#));
            let answer = answer.as_ref().map(|count| *count).map_err(|error| &*error.faults()[0].path);
            assert_eq!(answer, expected, "{asked}");
        }
        let groups =
            format!(r#"{{"where": {{"name": {{"regexp": "{}{}"}}}}}}"#, "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(found(&db, &groups).unwrap_err().faults()[0].path, "/where/name/regexp");
        let many = |count: usize| {
            let clauses = vec![r#"{"name": {"regexp": "[a-z]{30}"}}"#; count];
            found(&db, &format!(r#"{{"where": {{"or": [{}]}}}}"#, clauses.join(",")))
        };
        assert_eq!(many(32), Ok(1));
        assert_eq!(many(33).unwrap_err().to_string(), "/where: more than 32 regular expressions");
    });
}

#[test]
fn numbers_of_any_size_are_read() {
    bounded(|db| {
        for (filter, expected) in [
            (r#"{"limit": 9223372036854775808}"#, Ok(4)),
            (r#"{"limit": 18446744073709551615, "skip": 1}"#, Ok(3)),
            (r#"{"limit": 1e300, "skip": 18446744073709551615}"#, Ok(0)),
            (r#"{"limit": 1e300, "skip": 9223372036854775808, "order": "rank"}"#, Ok(0)),
            (r#"{"limit": 18446744073709551615, "skip": 18446744073709551615, "order": "name"}"#, Ok(0)),
            (r#"{"limit": -9223372036854775808}"#, Err("/limit")),
            (r#"{"limit": "99999999999999999999999"}"#, Err("/limit")),
            (r#"{"where": {"num": {"lt": 1e308}}}"#, Ok(3)),
            (r#"{"where": {"num": {"gt": -123456789012345678901234567890}}}"#, Ok(3)),
            (
                r#"{"include": [{"relation": "orders", "scope": {"limit": 9223372036854775808, "skip": 18446744073709551615}}]}"#,
                Ok(4),
            ),
        ] {
            let answer = found(&db, filter);
            assert_eq!(
                answer.as_ref().map(|count| *count).map_err(|error| &*error.faults()[0].path),
                expected,
                "{filter}"
            );
        }
        assert!(matches!(found(&db, r#"{"limit": 1e999}"#), Err(DataError::NotJson { .. })));
        assert!(matches!(found(&db, r#"{"limit": NaN}"#), Err(DataError::NotJson { .. })));
    });
}

#[test]
fn keys_that_could_be_mistaken_are_refused() {
    bounded(|mut db| {
        for (text, expected) in [
            (r#"{"where": {"__proto__": 1}}"#, "JSON string cannot contain \"__proto__\" key."),
            (r#"{"where": {"num": 1, "num": 2}}"#, "the key `num` is there twice"),
            (r#"{"limit": 1, "limit": 2}"#, "the key `limit` is there twice"),
            (r#"{"where": {"num": 1}} x"#, "trailing characters"),
            ("", "EOF while parsing"),
            ("\u{0}", "expected value"),
        ] {
            let error = Filter::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with("not JSON: ") && error.contains(expected), "{text}: {error}");
            assert!(Value::from_json(text).is_err());
        }
        for query in ["filter[where][__proto__][a]=1", "filter[where][constructor][prototype]=1", "filter[__proto__]=1"]
        {
            let found = Filter::from_query(query)
                .and_then(|filter| db.data("Customer")?.find(&filter).map(|found| found.len()));
            assert!(matches!(&found, Err(DataError::Filter(fault)) if !fault.path.is_empty()), "{query}: {found:?}");
        }
        // A path of an error is bounded by what was sent, and its text is escaped as JSON is.
        let odd = found(&db, r#"{"where": {"\n\u0000/": 1}}"#).unwrap_err();
        assert_eq!(odd.faults()[0].path, "/where/\n\0~1");
        let wide: Vec<String> = (0..50_000).map(|number| format!("\"k{number}\": 1")).collect();
        let error = db.data_mut("Order").unwrap().create(&json(&format!("{{{}}}", wide.join(",")))).unwrap_err();
        // A hundred names of a row that are no field's, and two fields that are missing.
        assert_eq!(error.faults().len(), 102);
        let many: Vec<_> = (0..20_000).map(|_| json("{}")).collect();
        let error = db.data_mut("Order").unwrap().create_many(&many).unwrap_err();
        assert_eq!(error.faults().len(), 10_000);
    });
}

#[test]
fn ids_of_other_tables_and_of_rows_that_are_gone() {
    bounded(|mut db| {
        let (bo, tag) = (row(&db, "Customer", "3v1"), row(&db, "Tag", "2v1"));
        db.data_mut("Customer").unwrap().delete(bo).unwrap();
        let customers = db.data("Customer").unwrap();
        let none = RowId {
            table: "Customer",
            key: Id::<()>::from_key("4294967293v4294967295".parse::<Id<()>>().unwrap().key()).key(),
        };
        for (row, text) in
            [(bo, "Customer with id 3v1"), (tag, "Tag with id 2v1"), (none, "Customer with id 4294967293v4294967295")]
        {
            let expected = format!("Entity not found: {text}");
            let filter = Filter::new();
            assert_eq!(customers.find_by_id(row, &filter).unwrap_err().to_string(), expected);
            assert_eq!(customers.related(row, "orders", &filter).unwrap_err().to_string(), expected);
            assert_eq!(customers.plan_delete(row).unwrap_err().to_string(), expected);
            assert!(!customers.exists(row));
            assert_eq!(customers.find_by_ids(&[row], &filter).unwrap().len(), 0);
        }
        for (text, expected) in [
            ("3v1", "Entity not found: Customer with id 3v1"),
            ("3v3", "Entity not found: Customer with id 3v3"),
            ("1v2", "`1v2` is not an id: expected text such as `3v1`"),
            ("", "`` is not an id: expected text such as `3v1`"),
            ("99999999999999999999v1", "`99999999999999999999v1` is not an id: expected text such as `3v1`"),
        ] {
            assert_eq!(customers.row_id(text).unwrap_err().to_string(), expected);
        }
        assert_eq!(found(&db, r#"{"where": {"id": {"inq": ["3v1", "3v3", "77v1"]}}}"#), Ok(0));
        assert_eq!(found(&db, r#"{"where": {"id": {"neq": "3v1"}}}"#), Ok(3));
        assert_eq!(found(&db, r#"{"where": {"parentId": "3v1"}}"#), Ok(0));
        for asked in
            [r#"{"id": 4294967297}"#, r#"{"parentId": 4294967297}"#, r#"{"labels": 4294967297}"#, r#"{"id": "1"}"#]
        {
            assert!(
                found(&db, &format!(r#"{{"where": {asked}}}"#)).unwrap_err().faults()[0].path.starts_with("/where/")
            );
        }
        let before = db.state_hash();
        let mut write = db.data_mut("Customer").unwrap();
        assert!(write.patch(bo, &json("{}")).is_err() && write.replace(tag, &json("{}")).is_err());
        assert!(write.delete(none).is_err() && db.data_mut("Nosuch").is_err());
        assert_eq!(db.state_hash(), before);
    });
}
