//! Files looked into without their models: [`Reader`] against a stranger who has `docs/format.md` alone, and against
//! damage.

use relata::SnapshotError;
use relata::snapshot::{Reader, SavedRow, Value};

use crate::bytes::{self, BLOCK, FREE, File, HEADER, ROWS, SLOTS};
use crate::matrix::{Numbers, mended};
use crate::schemas::ALL;
use crate::{golden, saved, town};

pub(crate) fn rows(file: &[u8]) -> Result<Vec<SavedRow>, SnapshotError> {
    Reader::new(file)?.rows()?.collect()
}

fn contents_error(file: &[u8]) -> SnapshotError {
    Reader::new(file).and_then(Reader::contents).unwrap_err()
}

/// A value as the stranger has it.
fn told(value: &Value) -> bytes::Value {
    use bytes::Value as Told;
    match value {
        Value::None => Told::None,
        Value::Some(value) => Told::Some(Box::new(told(value))),
        Value::Unit => Told::Unit,
        Value::Bool(value) => Told::Bool(*value),
        Value::Unsigned(number) => Told::Unsigned(*number),
        Value::Negative(number) => Told::Negative((-1 - number).cast_unsigned()),
        Value::F32(number) => Told::F32(number.to_bits()),
        Value::F64(number) => Told::F64(number.to_bits()),
        Value::Text(text) => Told::Text(text.clone()),
        Value::Bytes(bytes) => Told::Bytes(bytes.clone()),
        Value::Reference(id) if id.is_null() => Told::NullId,
        Value::Reference(id) => {
            let text = id.to_string();
            let (slot, generation) = text.split_once('v').unwrap();
            Told::Id(slot.parse().unwrap(), generation.parse().unwrap())
        }
        Value::List(values) => Told::List(values.iter().map(told).collect()),
        Value::Map(entries) => Told::Map(entries.iter().map(|(key, value)| (told(key), told(value))).collect()),
        Value::Struct(fields) => {
            Told::Struct(fields.iter().map(|(name, value)| (name.to_string(), told(value))).collect())
        }
        Value::Variant(name, held) => Told::Variant(name.to_string(), held.as_deref().map(|held| Box::new(told(held)))),
    }
}

/// behaviour V14: "Schema, counts and rows of a file are read without its program."
#[test]
fn a_reader_reads_what_a_stranger_reads() {
    for case in ALL {
        let db = (case.database)();
        let file = saved(&db);
        let reader = Reader::new(&file[..]).unwrap();
        assert_eq!(reader.schema(), db.schema(), "{}", case.name);
        let tables: Vec<String> = reader.schema().tables.iter().map(|table| table.name.clone()).collect();

        let stranger = File::parse(&file);
        let of_all = rows(&file).unwrap();
        let contents = Reader::new(&file[..]).unwrap().contents().unwrap();
        assert_eq!((contents.bytes, contents.blocks), (file.len() as u64, stranger.blocks.len() as u64));
        for (place, expected) in stranger.rows().iter().enumerate() {
            let of_one = Reader::new(&file[..]).unwrap().rows_of(&tables[place]).unwrap();
            let of_one: Vec<SavedRow> = of_one.map(Result::unwrap).collect();
            assert_eq!(of_one, of_all.iter().filter(|row| row.table == place).cloned().collect::<Vec<_>>());
            assert_eq!(of_one.iter().map(|row| told(&row.value)).collect::<Vec<_>>(), *expected, "{}", case.name);
            assert_eq!(contents.tables[place].name, tables[place]);
            assert_eq!(contents.tables[place].rows, expected.len() as u64);
            let blocks = stranger
                .blocks
                .iter()
                .filter(|block| block.table as usize == place && ![bytes::SCHEMA, bytes::END].contains(&block.kind));
            let length: usize = blocks.map(|block| BLOCK + block.content.len()).sum();
            assert_eq!(contents.tables[place].bytes, length as u64);
        }
    }
}

/// Ids are those of the database, also where slots were used before.
#[test]
fn rows_have_the_ids_that_they_had() {
    let db = town::town();
    let ids = |table: usize| {
        let rows = rows(&saved(&db)).unwrap();
        rows.into_iter().filter(move |row| row.table == table).map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert!(ids(1).iter().eq(&db.iter::<town::City>().map(|(id, _)| id.to_string()).collect::<Vec<_>>()));
    assert!(ids(1).contains(&"4v1".to_owned()) && !ids(1).contains(&"3v1".to_owned()), "{:?}", ids(1));
}

/// What is shown to people is what serde_json makes of the typed row.
#[test]
fn values_serialise_as_their_rows_do() {
    let db = town::town();
    let typed = db.iter::<town::Note>().map(|(_, note)| serde_json::to_string(note).unwrap());
    let file = saved(&db);
    let untyped = Reader::new(&file[..]).unwrap().rows_of("Note").unwrap();
    let untyped: Vec<String> = untyped.map(|row| serde_json::to_string(&row.unwrap().value).unwrap()).collect();
    assert_eq!(untyped, typed.collect::<Vec<_>>());

    let show = |value: Value| serde_json::to_string(&value).unwrap();
    assert_eq!(show(Value::F64(f64::NAN)), r#""NaN""#);
    assert_eq!(show(Value::Bytes(vec![0, 255])), r#""00ff""#);
    assert_eq!(show(Value::Some(Box::new(Value::None))), r#"{"Some":null}"#);
    assert_eq!(show(Value::Unsigned(u128::MAX)), u128::MAX.to_string());
    let (one, two) = (Value::Unsigned(1), Value::Negative(-2));
    let entry = |key: &Value| (key.clone(), Value::Bool(true));
    assert_eq!(show(Value::Map(vec![entry(&one), entry(&two)])), r#"{"1":true,"-2":true}"#);
    // 1 and "1" would be one name.
    assert_eq!(show(Value::Map(vec![entry(&one), entry(&Value::Text("1".into()))])), r#"[[1,true],["1",true]]"#);
    assert_eq!(Value::F32(f32::NAN), Value::F32(f32::NAN));
}

/// behaviour V14: "rows of format 1 have no names and are an error"
#[test]
fn format_1_has_schema_and_counts_and_no_rows() {
    let file = golden::file("town-1.relata");
    let reader = Reader::new(&file[..]).unwrap();
    assert_eq!((reader.format(), reader.schema().tables.len()), (1, 4));
    let contents = reader.contents().unwrap();
    assert_eq!(contents.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [3, 3, 2, 4]);
    assert_eq!(contents.bytes, file.len() as u64);
    assert_eq!(rows(&file).unwrap_err(), SnapshotError::Nameless);
    let mut numbers = Numbers(1);
    for place in 0..file.len() {
        let mut damaged = file.clone();
        damaged[place] ^= 1 << numbers.below(8);
        contents_error(&damaged);
        contents_error(&file[..place]);
    }
}

/// Where each block begins, and where the last one ends.
pub(crate) fn starts(file: &[u8]) -> Vec<usize> {
    let blocks = File::parse(file).blocks;
    let ends = blocks.iter().scan(HEADER, |at, block| {
        *at += BLOCK + block.content.len();
        Some(*at)
    });
    std::iter::once(HEADER).chain(ends).collect()
}

/// behaviour V14: "Each block is proved before it is believed, and the first that is damaged is named by its place"
///
/// HOSTILE 38: every bit flipped, every truncation.
#[test]
fn the_first_damaged_block_is_named() {
    let mut numbers = Numbers(38);
    for case in ALL {
        let file = saved(&(case.database)());
        let starts = starts(&file);
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 1 << numbers.below(8);
            let cut = contents_error(&file[..place]);
            let expected = starts.partition_point(|start| *start <= place).checked_sub(1);
            let Some(block) = expected else {
                contents_error(&damaged);
                continue;
            };
            for error in [contents_error(&damaged), rows(&damaged).unwrap_err()] {
                let SnapshotError::Damaged { block: named, offset, cause } = &error else { panic!("{error:?}") };
                assert_eq!((*named, *offset), (block as u64, starts[block] as u64), "{}: {place}: {error}", case.name);
                let is_damage = matches!(**cause, SnapshotError::Checksum { .. } | SnapshotError::Truncated { .. });
                assert!(is_damage, "{}: {place}: {error}", case.name);
            }
            let SnapshotError::Damaged { block: named, cause, .. } = &cut else { panic!("{place}: {cut:?}") };
            assert_eq!(*named, block as u64, "{}: cut at {place}: {cut}", case.name);
            assert!(matches!(**cause, SnapshotError::Truncated { .. }), "{}: cut at {place}: {cut}", case.name);
        }
        let longer = [&file[..], &[0]].concat();
        assert!(matches!(contents_error(&longer), SnapshotError::TrailingBytes { .. }));
    }
}

/// HOSTILE 38: checksums right but content wrong: an error, or rows. What loads can be read.
#[test]
fn any_content_ends_in_rows_or_an_error() {
    let mut numbers = Numbers(24);
    let (mut read, mut refused) = (0, 0);
    for case in ALL {
        let file = saved(&(case.database)());
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1 + numbers.below(255) as u8;
            let changed = mended(&changed);
            let outcome = rows(&changed);
            let loaded = (case.models)().accept_violations().load_from(&changed[..]);
            assert!(loaded.is_err() || outcome.is_ok(), "{}: {place}: {outcome:?}", case.name);
            if outcome.is_ok() {
                read += 1;
                Reader::new(&changed[..]).unwrap().contents().unwrap();
            } else {
                refused += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 5_000, "{read} read, {refused} refused");
}

/// What the sections of a table say of each other is proved: HOSTILE 38.
#[test]
fn slots_that_cannot_be_are_refused() {
    let file = File::parse(&saved(&town::town()));
    let run = |count: u32, generation: u32| [count.to_le_bytes(), generation.to_le_bytes()].concat();
    let refusal = |kind: u32, items: u32, content: &[u8]| {
        let mut file = file.clone();
        file.set(kind, 0, items, content);
        let refused = rows(&file.bytes()).unwrap_err().to_string();
        assert_eq!(contents_error(&file.bytes()).to_string(), refused);
        refused
    };
    let more = refusal(SLOTS, 1, &run(4, 1));
    assert!(more.ends_with("the rows of `Country` cannot be: Country 4v1 is missing"), "{more}");
    let fewer = refusal(SLOTS, 1, &run(2, 1));
    assert!(fewer.contains("there are more rows than slots with one"), "{fewer}");
    let vacant = refusal(SLOTS, 2, &[run(3, 1), run(u32::MAX - 10, 2)].concat());
    assert!(vacant.contains("slot 4 is vacant and not in the free list"), "{vacant}");
    let listed = refusal(FREE, 1, &2_u32.to_le_bytes());
    assert!(listed.contains("slot 2 is in the free list and not vacant"), "{listed}");
    let nameless = refusal(ROWS, 3, &[0xd0, 0xd0, 0xd0]);
    assert!(nameless.contains("stands for no names"), "{nameless}");
    // A billion slots that are never used again are no rows, and take no time.
    let mut retired = file.clone();
    retired.set(SLOTS, 0, 2, &[run(3, 1), run(u32::MAX - 10, 0)].concat());
    assert_eq!(rows(&retired.bytes()).unwrap().len(), 12);
}

/// HOSTILE 38: nested deeper than the limit, and more memory than the limit: an error that says so.
#[test]
fn limits_are_those_of_a_load() {
    let with_row = |value: &[u8]| {
        let mut file = File::parse(&saved(&town::town()));
        let names = [&[0xc9, 0, 1, 4][..], b"deep", &[0xd0], value].concat();
        for table in 0..4 {
            for kind in [SLOTS, FREE, ROWS, bytes::ORDER, bytes::LISTERS, bytes::DEFAULTS] {
                file.set(kind, table, 0, &[]);
            }
        }
        file.set(SLOTS, 0, 1, &[1_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat());
        file.set(ROWS, 0, 1, &names);
        file.bytes()
    };
    let deep = |levels: usize| with_row(&[&vec![0xf1; levels - 1][..], &[0xf0]].concat());
    assert!(rows(&deep(127)).is_ok());
    let error = rows(&deep(128)).unwrap_err().to_string();
    assert!(error.contains("nested deeper than 128 levels"), "{error}");
    assert!(rows(&deep(1_000_000)).is_err(), "and the stack is whole");
    let deeper = deep(200);
    let raised = Reader::new(&deeper[..]).unwrap().nesting_limit(201);
    assert_eq!(raised.rows().unwrap().map(Result::unwrap).count(), 1);

    let wide = with_row(&[&[0xbb, 0x80, 0x80, 0x04][..], &vec![0xb8; 1 << 16]].concat());
    let limited = |bytes: u64| {
        let rows = Reader::new(&wide[..]).unwrap().memory_limit(bytes).rows().unwrap();
        rows.collect::<Result<Vec<_>, _>>().map(|rows| rows.len())
    };
    let size = (1 << 16) * size_of::<Value>() as u64;
    let part = "the rows of `Country`".to_owned();
    assert_eq!(limited(size), Err(SnapshotError::OverBudget { part, limit: size }));
    assert_eq!(limited(size + (1 << 17)), Ok(1));
}
