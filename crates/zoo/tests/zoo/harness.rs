//! What is done with every value: it goes into a row, the row into a file, and what comes out of the file is compared.
//!
//! # What must hold
//! 1. A database that is saved without an error loads, and every row of it is equal.
//! 2. Its `state_hash` is the same after the load, and saving it once more gives the same bytes.
//! 3. A value that is refused is refused by name: of the row and of the field.
//! 4. `check_snapshot` says what a save says.
//! 5. Equal maps and sets that were filled in another order give the same bytes and the same `state_hash`.

use std::fmt::Debug;

use relata::{Database, DatabaseBuilder, Error};

/// What is expected of the values of a type.
#[derive(Debug)]
pub(crate) struct Case<T> {
    /// Those that come back equal.
    pub(crate) carried: Vec<T>,
    /// Those that no save may take, since their serde form has no place for a part of them.
    pub(crate) refused: Vec<T>,
    /// Those of a type without `PartialEq` that lose what nothing can compare. They load, and keep hash and bytes.
    pub(crate) lost: Vec<T>,
    /// Equal values that were built in another order.
    pub(crate) twins: Vec<(T, T)>,
    /// Whether two values are the same.
    pub(crate) same: fn(&T, &T) -> bool,
    /// Whether the type writes itself in an order that is another one after each load.
    pub(crate) drifts: bool,
}

/// Values that are compared by `PartialEq`.
pub(crate) fn eq<T: PartialEq>(carried: impl Into<Vec<T>>) -> Case<T> {
    by(T::eq, carried)
}

/// Values of a type without `PartialEq`, compared by their `Debug` text.
pub(crate) fn text<T: Debug>(carried: impl Into<Vec<T>>) -> Case<T> {
    by(|left, right| format!("{left:?}") == format!("{right:?}"), carried)
}

/// Values that are compared by a function.
pub(crate) fn by<T>(same: fn(&T, &T) -> bool, carried: impl Into<Vec<T>>) -> Case<T> {
    Case { carried: carried.into(), refused: Vec::new(), lost: Vec::new(), twins: Vec::new(), same, drifts: false }
}

impl<T> Case<T> {
    pub(crate) fn refused(self, refused: impl Into<Vec<T>>) -> Self {
        Case { refused: refused.into(), ..self }
    }

    #[cfg(feature = "all")]
    pub(crate) fn lost(self, lost: impl Into<Vec<T>>) -> Self {
        Case { lost: lost.into(), ..self }
    }

    pub(crate) fn twins(self, twins: impl Into<Vec<(T, T)>>) -> Self {
        Case { twins: twins.into(), ..self }
    }

    #[cfg(feature = "all")]
    pub(crate) fn drifts(self) -> Self {
        Case { drifts: true, ..self }
    }
}

/// A collection filled from these items, and one filled with the last of them first.
pub(crate) fn both_ways<I: Clone, C: FromIterator<I>>(items: impl Into<Vec<I>>) -> (C, C) {
    let mut items = items.into();
    let forwards = items.iter().cloned().collect();
    items.reverse();
    (forwards, items.into_iter().collect())
}

/// What became of a database on its way through a file.
#[derive(Debug)]
enum Passage {
    Carried,
    Refused(String),
    /// What must not be.
    Broken(String),
}

/// Tells in which way a database that was loaded is not the one that was saved; its values are compared by the function.
pub(crate) type Difference<T> = dyn Fn(&Database, &Database, fn(&T, &T) -> bool) -> Option<String>;

/// Where a value stands in a row, and how rows are made of it.
pub(crate) struct Place<'a, T> {
    /// What it is called in the report.
    pub(crate) name: &'static str,
    /// The models.
    pub(crate) builder: &'a dyn Fn() -> DatabaseBuilder,
    /// Inserts rows with the value.
    pub(crate) fill: &'a dyn Fn(&mut Database, &T) -> Result<(), Error>,
    /// In which way a database that was loaded is not the one that was saved.
    pub(crate) differs: &'a Difference<T>,
}

impl<T> Place<'_, T> {
    fn is_key(&self) -> bool {
        self.name == "as a key"
    }
}

/// A case under its name.
pub(crate) type Named = (&'static str, fn() -> Line);

/// A line of the table.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) type_name: String,
    pub(crate) carried: usize,
    pub(crate) refused: usize,
    pub(crate) lost: usize,
    pub(crate) is_key: bool,
    /// What a row with nothing but the value takes in a file, on average.
    pub(crate) bytes: Option<usize>,
    /// What is not as it must be.
    pub(crate) faults: Vec<String>,
}

impl Line {
    pub(crate) fn panicked() -> Self {
        Line { faults: vec!["it panics".to_owned()], ..Line::default() }
    }
}

/// Takes every value through every place. The first place is the one in which the value is alone.
pub(crate) fn run<T: Debug>(name: &'static str, type_name: &str, case: &Case<T>, places: &[Place<'_, T>]) -> Line {
    let mut line = Line {
        name,
        type_name: type_name.split_whitespace().collect::<Vec<_>>().join(" "),
        carried: case.carried.len(),
        refused: case.refused.len(),
        lost: case.lost.len(),
        is_key: places.iter().any(Place::is_key),
        ..Line::default()
    };
    let blind: fn(&T, &T) -> bool = |_, _| true;
    let expected = [(&case.carried, case.same, false), (&case.refused, case.same, true), (&case.lost, blind, false)];
    for place in places {
        for (values, same, is_refused) in expected {
            for value in values {
                let fault = match passage(place, &[value], same, case.drifts) {
                    Passage::Carried if is_refused => "saved, and was to be refused".to_owned(),
                    Passage::Refused(why) if !is_refused => format!("refused: {why}"),
                    Passage::Broken(how) => how,
                    Passage::Carried | Passage::Refused(_) => continue,
                };
                line.faults.push(format!("{:.60} {}: {fault}", format!("{value:?}"), place.name));
            }
        }
        // Keys of which one is equal to another cannot stand together.
        if !place.is_key() {
            let together: Vec<&T> = case.carried.iter().collect();
            match passage(place, &together, case.same, case.drifts) {
                Passage::Carried => {}
                Passage::Refused(why) | Passage::Broken(why) => {
                    line.faults.push(format!("all together {}: {why}", place.name));
                }
            }
            line.faults
                .extend(case.twins.iter().filter_map(|(left, right)| twins_differ(place, left, right, case.same)));
        }
    }
    line.bytes = bytes_of_a_row(&places[0], &case.carried);
    line
}

fn filled<T>(place: &Place<'_, T>, values: &[&T]) -> Result<Database, String> {
    let mut db = (place.builder)().build().map_err(|error| format!("the models are refused: {error}"))?;
    for value in values {
        (place.fill)(&mut db, value).map_err(|error| format!("not inserted: {error}"))?;
    }
    Ok(db)
}

fn passage<T>(place: &Place<'_, T>, values: &[&T], same: fn(&T, &T) -> bool, drifts: bool) -> Passage {
    try_passage(place, values, same, drifts).unwrap_or_else(Passage::Broken)
}

fn try_passage<T>(
    place: &Place<'_, T>,
    values: &[&T],
    same: fn(&T, &T) -> bool,
    drifts: bool,
) -> Result<Passage, String> {
    let db = filled(place, values)?;
    let hash = db.state_hash();
    let mut file = Vec::new();
    let saved = db.save_to(&mut file);
    if saved.is_ok() != db.check_snapshot().is_ok() {
        return Err(format!("check_snapshot says {:?}, save_to says {saved:?}", db.check_snapshot()));
    }
    if let Err(error) = saved {
        let why = error.to_string();
        // The field is called `value` in every model, or is a key that stands in it.
        let is_named = why.contains("cannot be saved") && why.contains("1v1") && why.contains("field `value");
        return if is_named { Ok(Passage::Refused(why)) } else { Err(format!("refused without row and field: {why}")) };
    }
    let loaded =
        (place.builder)().load_from(&file[..]).map_err(|error| format!("saved, and does not load: {error}"))?;
    if let Some(how) = (place.differs)(&db, &loaded, same) {
        return Err(format!("saved, and comes back as another value: {how}"));
    }
    if drifts {
        return Ok(Passage::Carried);
    }
    if hash.map_err(|error| error.to_string()) != loaded.state_hash().map_err(|error| error.to_string()) {
        return Err("has another state_hash after the load".to_owned());
    }
    if saved_bytes(&loaded)? != file {
        return Err("is saved as other bytes after the load".to_owned());
    }
    Ok(Passage::Carried)
}

fn saved_bytes(db: &Database) -> Result<Vec<u8>, String> {
    let mut file = Vec::new();
    db.save_to(&mut file).map_err(|error| format!("not saved: {error}"))?;
    Ok(file)
}

fn twins_differ<T: Debug>(place: &Place<'_, T>, left: &T, right: &T, same: fn(&T, &T) -> bool) -> Option<String> {
    assert!(same(left, right), "twins are equal: {left:?} {right:?}");
    let differ = || -> Result<Option<&'static str>, String> {
        let (left, right) = (filled(place, &[left])?, filled(place, &[right])?);
        let hash = |db: &Database| db.state_hash().map_err(|error| error.to_string());
        if hash(&left)? != hash(&right)? {
            return Ok(Some("another state_hash in another order of insertion"));
        }
        let is_same = saved_bytes(&left)? == saved_bytes(&right)?;
        Ok((!is_same).then_some("other bytes in another order of insertion"))
    };
    let what = differ().unwrap_or_else(|error| Some(Box::leak(error.into_boxed_str())))?;
    Some(format!("{:.60} {}: {what}", format!("{left:?}"), place.name))
}

/// The difference that each value makes to the length of a file which has it already.
fn bytes_of_a_row<T>(place: &Place<'_, T>, values: &[T]) -> Option<usize> {
    let once: Vec<&T> = values.iter().collect();
    let twice: Vec<&T> = values.iter().chain(values).collect();
    let length = |values: &[&T]| Some(saved_bytes(&filled(place, values).ok()?).ok()?.len());
    (!once.is_empty()).then(|| Some((length(&twice)? - length(&once)?).div_ceil(once.len())))?
}
