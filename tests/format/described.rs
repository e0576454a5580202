//! Files taken apart without the models, and put together again.

use relata::{Database, Model};
use serde::{Deserialize, Serialize};

use crate::bytes::{File, Value, fields, text};
use crate::{saved, schemas, town};

/// behaviour S3: the hash can be computed from a file by docs/format.md.
///
/// A stranger who has the page alone reads every row, and writes the same bytes.
#[test]
fn files_are_what_their_description_says() {
    for case in schemas::ALL {
        let db = (case.database)();
        let bytes = saved(&db);
        let file = File::parse(&bytes);
        assert!(file.bytes() == bytes, "{}: the frame", case.name);
        assert!(file.written_anew() == bytes, "{}: the rows", case.name);
        assert_eq!(file.state_hash(), db.state_hash().unwrap(), "{}", case.name);
        let back = (case.models)().load_from(&bytes[..]).unwrap();
        assert_eq!(back.check(), Ok(()), "{}", case.name);
        assert!(saved(&back) == bytes, "{}", case.name);
        assert_eq!(back.state_hash(), db.state_hash(), "{}", case.name);
    }
}

/// What is read is what was stored.
#[test]
fn a_stranger_reads_the_rows() {
    let rows = File::parse(&saved(&town::town())).rows();
    let country = |code: &str, name: Value| fields([("code", text(code)), ("name", name)]);
    assert_eq!(rows[0], [country("is", text("Iceland")), country("no", Value::None), country("fo", text("Føroyar"))]);
    let Value::Struct(note) = &rows[3][2] else { panic!("{:?}", rows[3][2]) };
    assert_eq!(note[0].1, Value::Variant("Person".into(), Some(Box::new(Value::Id(2, 1)))));
    let between = fields([("least", Value::Negative(299)), ("most", Value::None)]);
    assert_eq!(note[1].1, Value::Variant("Between".into(), Some(Box::new(between))));
    let words = [("word 0", vec![]), ("word 1", vec![Value::Unsigned(1)])];
    let words = words.map(|(word, numbers)| (text(word), Value::List(numbers)));
    assert_eq!(note[2].1, Value::Map(words.into()));
    assert_eq!(note[3].1, Value::F32((-0.5_f32).to_bits()));
    assert_eq!(note[4].1, Value::Negative((1 << 100) - 1));
}

/// And what a stranger has written is loaded.
#[test]
fn rows_of_a_stranger_are_loaded() {
    let mut file = File::parse(&saved(&town::town()));
    let mut rows = file.rows();
    rows[0][1] = fields([("name", text("Norge")), ("code", text("no"))]);
    file.set_rows(&rows);
    let db = town::models().load_from(&file.bytes()[..]).unwrap();
    assert_eq!(db.find(town::Country::BY_CODE, "no").unwrap().1.name.as_deref(), Some("Norge"));
    assert_eq!(db.check(), Ok(()));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Long {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    later: Option<Box<Long>>,
}

/// Blocks end where the page says, and names are defined where they are first needed, in whichever block that is.
#[test]
fn rows_of_many_blocks_are_what_their_description_says() {
    let mut db = Database::builder().model::<Long>().build().unwrap();
    let long = |length: usize| Long { text: "x".repeat(length), later: None };
    let lengths = [65_535, 65_536, 65_532, 65_533, 10, 40_000, 40_000, 200_000, 1];
    for (nth, length) in lengths.into_iter().enumerate() {
        let later = (nth > 4).then(|| Box::new(long(3)));
        db.insert(Long { later, ..long(length) }).unwrap();
    }
    let bytes = saved(&db);
    let file = File::parse(&bytes);
    assert!(file.blocks.len() > 7);
    assert!(file.written_anew() == bytes);
    assert_eq!(file.state_hash(), db.state_hash().unwrap());
}
