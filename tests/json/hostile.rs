//! Text that is damaged, foreign or hostile: an error that names line, table, row and field, and no database.

use std::io::{self, Read};

use relata::{Database, DatabaseBuilder, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::schemas::ALL;
use crate::{Numbers, exported, saved};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Planet {
    name: String,
    #[serde(default)]
    moons: Vec<Moon>,
    #[model(belongs_to, name = star)]
    star_id: Option<Id<Planet>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Moon {
    radius: u16,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Probe {
    nested: serde_json::Value,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Planet>().model::<Probe>()
}

/// The lines of two planets and no probe: the rows of planets begin at line 4, its rows are 5 and 6.
fn lines() -> Vec<String> {
    let mut db = models().build().unwrap();
    let star = db.insert(Planet { name: "Sol".into(), moons: vec![], star_id: None }).unwrap();
    let gone = db.insert(Planet { name: "gone".into(), moons: vec![], star_id: None }).unwrap();
    db.insert(Planet { name: "Mars".into(), moons: vec![Moon { radius: 11 }], star_id: Some(star) }).unwrap();
    db.delete(gone).unwrap();
    exported(&db).lines().map(str::to_owned).collect()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    match models().import_json(text.as_ref()) {
        Ok(db) => panic!("imported: {}", exported(&db)),
        Err(error) => error.to_string(),
    }
}

/// What is said of the lines where the one of this number is another.
fn with_line(number: usize, line: &str) -> String {
    let mut lines = lines();
    line.clone_into(&mut lines[number - 1]);
    refused(lines.join("\n"))
}

/// behaviour J5: what is wrong with a row is said with line, table, row and field.
#[test]
fn a_row_that_is_wrong_is_named() {
    let row = |row: &str| with_line(6, row);
    assert_eq!(lines()[5], r#"["3v1",{"name":"Mars","moons":[{"radius":11}],"star_id":"1v1"}]"#);
    let cases = [
        (r#"["3v1",{"star_id":null}]"#, "Planet 3v1 cannot be read: missing field `name`"),
        (
            r#"["3v1",{"name":7,"star_id":null}]"#,
            "Planet 3v1, field `name`, cannot be read: invalid type: integer `7`, expected a string",
        ),
        (
            r#"["3v1",{"name":"Mars","star_id":null,"moons":[{"radius":1},{"radius":70000}]}]"#,
            "Planet 3v1, field `moons[1].radius`, cannot be read: invalid value: integer `70000`, expected u16",
        ),
        (
            r#"["3v1",{"name":"Mars","star_id":"1w1"}]"#,
            "Planet 3v1, field `star_id`, cannot be read: `1w1` is not an id: expected text such as `3v1`",
        ),
        (r#"["3v1",7]"#, "Planet 3v1 cannot be read: invalid type: integer `7`, expected struct Planet"),
        (
            r#"["3v1",{"name":"Mars","star_id":null,"moons":[{"radius":340282366920938463463374607431768211456}]}]"#,
            "the rows of `Planet` cannot be: 3v1, field `moons[0].radius`: an integer of more than 128 bits at column 57",
        ),
        (
            r#"["3v1",{"name":"Mars","star_id":1e999}]"#,
            "the rows of `Planet` cannot be: 3v1, field `star_id`: a number larger than any float at column 33",
        ),
        (
            r#"["3v1",{"name":"Mars","name":"Venus","star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1: it has `name` twice",
        ),
        (
            r#"["3v1",{"name":"Mars"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: a text has no end at column 21",
        ),
        (
            r#"["3v1",{"name":"\ud800","star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: half of a surrogate pair at column 17",
        ),
        (
            r#"["3v1",{"name":"Mars","star_id":null}],"#,
            "the rows of `Planet` cannot be: 3v1: expected the end of the line at column 39",
        ),
        (r#"["3v1"]"#, "the rows of `Planet` cannot be: 3v1: expected `,` at column 7"),
        (
            r#"[3,{"name":"Mars","star_id":null}]"#,
            "the rows of `Planet` cannot be: a row begins with its id: expected `\"` at column 2",
        ),
        (
            r#"["3v1",{"name":{"$nope":1},"star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: `$nope` is none of `$some`, `$map`, `$bytes`, `$f32`, \
             `$f64`: a map with such a key is written as `$map` at column 17",
        ),
        (
            r#"["3v1",{"name":{"$f64":"zz"},"star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: expected inf, -inf, nan or 16 hexadecimal digits at column 28",
        ),
        (
            r#"["3v1",{"name":{"$bytes":"0"},"star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: expected pairs of hexadecimal digits at column 29",
        ),
        (
            r#"["3v1",{"name":{"$some":1,"a":2},"star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: expected `}`: `$some` stands alone at column 26",
        ),
        (
            r#"["3v1",{"name":{"a":2,"$some":1},"star_id":null}]"#,
            "the rows of `Planet` cannot be: 3v1, field `name`: `$some` begins with `$`: such a map is written as `$map` at \
             column 23",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(row(line), format!("line 6: {expected}"), "{line}");
    }
    let (_, report) = models()
        .import_json_with_report(
            lines().join("\n").replace(r#"{"name":"Mars","#, r#"{"name":"Mars","rings":0,"#).as_bytes(),
        )
        .unwrap();
    assert_eq!(report.ignored.len(), 1, "a field that no type asks for is told of, as in a load");
}

/// behaviour J5: ids that are there twice, free, foreign or no ids.
#[test]
fn ids_that_cannot_be_are_named() {
    let row = |id: &str| with_line(6, &format!(r#"["{id}",{{"name":"Mars","star_id":null}}]"#));
    let rows = "the rows of `Planet` cannot be";
    assert_eq!(row("1v1"), format!("line 6: {rows}: 1v1: its slot has the row of line 5 already"));
    assert_eq!(row("1v3"), format!("line 6: {rows}: 1v3: its slot has the row of line 5 already"));
    assert_eq!(row("2v3"), format!("line 6: {rows}: 2v3: its slot is in `free`, and has no row"));
    for id in ["0v1", "3v2", "null", "", "3", "+3v1", "03v1", "4294967293v1", "4294967296v1", "3v4294967297"] {
        let said = row(id);
        assert!(said.starts_with(&format!("line 6: {rows}: `{id}` is no id of a row")), "{said}");
    }
    let free = |free: &str| with_line(4, &format!(r#"{{"rows":"Planet","free":{free}}}"#));
    assert_eq!(free(r#"["2v3","2v5"]"#), format!("line 4: {rows}: slot 2 is in `free` twice"));
    assert!(free(r#"["2v1"]"#).starts_with(&format!("line 4: {rows}: 2v1 is in `free`, where")));
    assert_eq!(free("7"), format!("line 4: {rows}: `free` is no list of ids"));
    assert_eq!(free("[7]"), format!("line 4: {rows}: `free` is no text"));
    let slots = with_line(4, r#"{"rows":"Planet","free":["2v3"],"slots":2}"#);
    assert_eq!(slots, format!("line 4: {rows}: `slots` is 2, and there is a slot 3"));
}

/// behaviour J5: lines that are missing, unknown or in another place.
#[test]
fn lines_that_are_out_of_place_are_named() {
    let all = lines();
    let without = |number: usize| {
        let kept = all.iter().enumerate().filter(|(place, _)| place + 1 != number);
        kept.map(|(_, line)| line.clone()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(refused(""), "line 1: not a relata snapshot");
    assert_eq!(refused("hello"), "line 1: not a relata snapshot");
    assert_eq!(refused(saved(&models().build().unwrap())).split(':').next(), Some("line 1"));
    assert_eq!(refused(without(1)), "line 1: not a relata snapshot");
    let later = with_line(1, r#"{"relata":"json","version":2}"#);
    assert_eq!(later, "line 1: the snapshot has format version 2, this build reads up to 1");
    assert_eq!(with_line(1, r#"{"relata":"json","version":1,"x":0}"#), "line 1: the head cannot be: `x` is not known");
    assert_eq!(
        with_line(4, r#"{"rows":"Sun","free":[]}"#),
        "line 4: the rows of `Planet` cannot be: here are rows of `Sun`, which is not in the schema"
    );
    assert!(with_line(4, r#"{"rows":"Probe","free":[]}"#).contains("the line that begins them is not in its place"));
    assert!(refused(without(2)).starts_with("line 3: the rows of `Probe` cannot be: here are rows of `Planet`"));
    assert!(refused(without(7)).contains("line 7: the rows of `Probe` cannot be: the line that begins them"));
    assert_eq!(refused(without(8)), "line 8: the text cannot be: it is cut short: no {\"end\":\"relata\"} closes it");
    let link = |line: &str| {
        let mut lines = all.clone();
        lines.insert(7, line.to_owned());
        refused(lines.join("\n"))
    };
    let text = "line 8: the text cannot be";
    assert_eq!(
        link(r#"{"table":"Sun","relation":"a","order":[]}"#),
        format!("{text}: there is no table `Sun` in the schema")
    );
    assert_eq!(
        link(r#"{"table":"Planet","relation":"sun","order":[]}"#),
        format!("{text}: `Planet` has no relation `sun` in the schema")
    );
    assert_eq!(link(r#"{"table":"Planet","relation":"star"}"#), format!("{text}: expected `order` or `default`"));
    assert_eq!(
        link(r#"{"table":"Planet","relation":"star","order":["9v1"]}"#),
        "line 8: the order of children of `Planet` cannot be: slot 9 has no target"
    );
    assert_eq!(
        link(r#"{"table":"Planet","relation":"star","default":"9v1"}"#),
        "line 8: the default targets of `Planet` cannot be: `star`: no row is in slot 9"
    );
    assert!(link(r#"{"foo":1}"#).starts_with(&format!("{text}: expected a line of")));
    assert!(link("7").starts_with(&format!("{text}: expected an object")));
    let mut more = all.clone();
    more.extend(["", "{}"].map(str::to_owned));
    assert_eq!(refused(more.join("\n")), "line 10: the end cannot be: a line follows it");
    let mut bytes = all.join("\n").into_bytes();
    let place = all[..4].iter().map(|line| line.len() + 1).sum::<usize>() + 18;
    bytes[place] = 0xff;
    assert_eq!(refused(bytes), "line 5: the text cannot be: it is not UTF-8 at column 19");
    let schema = with_line(2, r#"{"schema":{"name":"Planet"}}"#);
    assert!(schema.starts_with("line 2: the schema cannot be: "), "{schema}");
}

/// Rows in any order, blank lines, spaces, ends of lines as on other systems, lines that were taken out.
#[test]
fn what_an_editor_may_do_is_read() {
    let mut all = lines();
    let original = models().import_json(all.join("\n").as_bytes()).unwrap();
    all.swap(4, 5);
    let spaced = all.join(" \r\n\r\n").replace("{\"name\"", " { \"name\" ").replace(':', " : ");
    let spaced = spaced.replace("\" : \"", "\" :\"");
    let back = models().import_json(spaced.as_bytes()).unwrap();
    assert_eq!(back.state_hash(), original.state_hash());

    let without: Vec<String> = lines().into_iter().filter(|line| !line.starts_with("[\"3v1\"")).collect();
    let mut back = models().import_json(without.join("\n").as_bytes()).unwrap();
    assert_eq!(back.check(), Ok(()));
    let planet = || Planet { name: "new".into(), moons: vec![], star_id: None };
    assert_eq!(back.insert(planet()).unwrap().to_string(), "2v3");

    // A slot below others that has neither a row nor a place in `free` is out of use.
    let without = lines().join("\n").replace(r#""free":["2v3"]"#, r#""free":[]"#);
    let mut back = models().import_json(without.as_bytes()).unwrap();
    assert_eq!(back.insert(planet()).unwrap().to_string(), "4v1");
    let dangling: Vec<String> = lines().into_iter().filter(|line| !line.starts_with("[\"1v1\"")).collect();
    assert!(
        refused(dangling.join("\n")).starts_with("1 violation(s), the first: Planet 3v1: `Planet`.star: no `Planet`")
    );
}

/// behaviour J5: nested 10,000 deep, whatever it is of; at the limit of a load it is read.
#[test]
fn nesting_has_the_limit_of_a_load() {
    let with = |value: &str| {
        let mut lines = lines();
        lines.insert(7, format!(r#"["1v1",{{"nested":{value}}}]"#));
        lines.join("\n")
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"{"$some":"#, "}"), (r#"{"$map":[[1,"#, "]]}")] {
        let deep = |levels: usize| with(&format!("{}null{}", open.repeat(levels), close.repeat(levels)));
        let said = refused(deep(10_000));
        let expected = "it is nested deeper than 128 levels: raise `nesting_limit`";
        assert!(
            said.starts_with("line 8: the rows of `Probe` cannot be: 1v1, field `nested") && said.ends_with(expected)
        );
        refused(with(&open.repeat(10_000)));
        if open == "[" {
            models().import_json(deep(127).as_bytes()).unwrap();
            models().nesting_limit(301).import_json(deep(300).as_bytes()).unwrap();
            refused(deep(128));
        }
    }
    let mut head = lines();
    head[0] = "[".repeat(100_000);
    refused(head.join("\n"));
}

/// A stream that begins with lines and then gives the same bytes without end.
struct Endless {
    start: io::Cursor<Vec<u8>>,
    rest: &'static [u8],
    given: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.start.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        for (byte, next) in buffer.iter_mut().zip(self.rest.iter().cycle()) {
            *byte = *next;
        }
        self.given += buffer.len() as u64;
        assert!(self.given < 64 << 20, "the limit does not hold");
        // Whole repeats, so that lines stay lines.
        Ok(buffer.len() / self.rest.len() * self.rest.len())
    }
}

const SCHEMA_LINE: &str = concat!(
    r#"{"schema":{"name":"A","version":0,"fields":[],"primary_key":null,"uniques":[],"relations":[],"inverses":[]}}"#,
    "\n"
);

/// behaviour J5: a line, rows, and values in a row without end stay within the limit of a load.
#[test]
fn a_stream_without_end_is_refused_within_the_limit() {
    let rows = format!("{}\n", lines()[..6].join("\n"));
    let row = |rest: &str| format!("{rows}[\"4v1\",{{\"name\":\"x\",\"star_id\":null,\"moons\":{rest}");
    let rest_of_rows = format!("{}\n", lines()[..7].join("\n"));
    let head = format!("{}\n", lines()[0]);
    let cases: [(String, &'static [u8]); 9] = [
        (String::new(), b" "),
        (String::new(), b"\n "),
        (rows.clone(), b"["),
        (row("\""), b"a"),
        (row("["), b"[],"),
        (row("[0"), b",0"),
        (rest_of_rows, b"{\"table\":\"Planet\",\"relation\":\"star\",\"order\":[]}\n"),
        (head, SCHEMA_LINE.as_bytes()),
        (String::new(), b"{\"relata\":"),
    ];
    for (start, rest) in cases {
        let stream = Endless { start: io::Cursor::new(start.into_bytes()), rest, given: 0 };
        let error = models().memory_limit(1 << 20).import_json(stream).unwrap_err();
        let rest = String::from_utf8_lossy(rest);
        let SnapshotError::AtLine { error, .. } = error else { panic!("{rest}: {error}") };
        assert!(matches!(*error, SnapshotError::OverBudget { limit: 1_048_576, .. }), "{rest}: {error}");
    }
}

/// behaviour J5: slots that are only claimed are counted before they are made.
#[test]
fn a_billion_slots_are_refused() {
    let row = with_line(6, r#"["4000000000v1",{"name":"Mars","star_id":null}]"#);
    assert!(row.starts_with("line 4: loading the slots of `Planet` takes more than the limit"), "{row}");
    let free = with_line(4, r#"{"rows":"Planet","free":["2v3"],"slots":4000000000}"#);
    assert!(free.starts_with("line 4: loading the slots of `Planet` takes more than the limit"), "{free}");
}

/// Imports what may be refused. What is not is consistent, and comes back.
fn import(models: fn() -> DatabaseBuilder, text: &[u8]) -> Result<(), SnapshotError> {
    let models = || models().memory_limit(64 << 20);
    let db = models().import_json(text)?;
    assert_eq!(db.check(), Ok(()));
    let again = models().import_json(exported(&db).as_bytes()).unwrap();
    assert_eq!(again.state_hash(), db.state_hash());
    Ok(())
}

/// HOSTILE 39: behaviour J5: text that is cut at any byte -> an error.
#[test]
fn every_truncation_is_refused() {
    for case in ALL {
        let text = exported(&(case.database)());
        let whole = text.trim_end().len();
        for length in 0..whole {
            let error = (case.models)().import_json(&text.as_bytes()[..length]).unwrap_err();
            assert!(matches!(error, SnapshotError::AtLine { .. }), "{}, {length} bytes: {error}", case.name);
        }
    }
}

/// HOSTILE 39: behaviour J5: a byte that is changed -> an error, or a database that is consistent.
#[test]
fn every_changed_byte_gives_an_error_or_a_consistent_database() {
    let mut numbers = Numbers(7);
    let (mut imported, mut refused) = (0, 0);
    for case in ALL {
        let text = exported(&(case.database)()).into_bytes();
        // The schema is long, and most of what changes in it is a name.
        for place in 0..text.len() {
            if numbers.below(3) > 0 {
                continue;
            }
            let mut changed = text.clone();
            changed[place] = *b"0123v,:[]{}\"\\ne-.$\n\xff".get(numbers.below(19)).unwrap();
            match import(case.models, &changed) {
                Ok(()) => imported += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(imported > 100 && refused > 1000, "{imported} imported, {refused} refused");
}

/// HOSTILE 39: behaviour J5: lines repeated, left out and swapped -> an error, or a database that is consistent.
#[test]
fn lines_that_are_moved_give_an_error_or_a_consistent_database() {
    for case in ALL {
        let text = exported(&(case.database)());
        let lines: Vec<&str> = text.lines().collect();
        for one in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(one);
            drop(import(case.models, without.join("\n").as_bytes()));
            let mut twice = lines.clone();
            twice.insert(one, lines[one]);
            // The same order twice is that order.
            let outcome = import(case.models, twice.join("\n").as_bytes());
            assert!(outcome.is_err() || lines[one].contains("\"order\":"), "{}", lines[one]);
            for other in 0..one {
                let mut swapped = lines.clone();
                swapped.swap(one, other);
                drop(import(case.models, swapped.join("\n").as_bytes()));
            }
        }
    }
}
