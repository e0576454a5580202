//! Taking over data with flaws: what is good is stored, what is not is listed.

use std::mem;

use super::apply;
use crate::database::Database;
use crate::error::{BatchViolation, Error, Holder};
use crate::id::Id;
use crate::integrity::ordinary::plan_batch;
use crate::integrity::{Mode, Pending, plan_rows};
use crate::model::{IdList, ListRelation, Model, Presence, Relation, Visitor};
use crate::table::Store;

/// What an import does with a key that names no row and could be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dangling {
    /// The row is refused.
    Refuse,
    /// The key is cleared, as `set_null` would, and the row is stored; of a list of ids, the id is taken out.
    Clear,
}

/// What has become of the rows of an import; places are those in the rows that were given, from 0.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imported<M> {
    /// The rows that are stored, by their places.
    pub stored: Vec<(usize, Id<M>)>,
    /// Those that are not, by their places.
    pub refused: Vec<Refused<M>>,
    /// The keys that were cleared ([`Dangling::Clear`]), by the places of their rows, each with what was wrong with it.
    pub cleared: Vec<BatchViolation>,
}

/// A row that an import has not stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused<M> {
    /// Its place.
    pub index: usize,
    /// The row.
    pub row: M,
    /// What is wrong with it.
    pub errors: Vec<Error>,
}

impl Database {
    /// Stores those of many rows that break no rule, and lists the others with the reasons: for data with flaws that is
    /// to be clean afterwards. Where all is to be stored as it is, there is
    /// [`insert_many_unchecked`](Database::insert_many_unchecked).
    ///
    /// As with [`insert_many`](Database::insert_many) rows may refer to later ones. A row that refers to a refused one
    /// is refused too; of rows with one unique key the first that breaks no other rule is stored. The error is
    /// [`Error::UnknownModel`] or [`Error::Full`], and nothing is stored then.
    ///
    /// O(rows) where all are good; else as much again for each step by which a refusal brings about others.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # struct Country { #[model(primary_key)] code: String }
    /// #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// struct City {
    ///     #[model(unique)]
    ///     name: String,
    ///     #[model(belongs_to(Country), name = country)]
    ///     country_code: Option<String>,
    /// }
    /// # let mut db = Database::builder().model::<Country>().model::<City>().build()?;
    /// # db.insert(Country { code: "no".into() })?;
    /// let city = |name: &str, code: &str| City { name: name.into(), country_code: Some(code.into()) };
    /// let rows = [city("Oslo", "no"), city("Oslo", "no"), city("Atlantis", "??")];
    ///
    /// let imported = db.import(rows, Dangling::Clear)?;
    /// assert_eq!(imported.stored.len(), 2);
    /// assert_eq!(imported.refused[0].errors[0].to_string(), r#"`City`: name = "Oslo" is taken by batch[0]"#);
    /// assert_eq!(
    ///     imported.cleared[0].to_string(),
    ///     r#"batch[2]: `City`.country: no `Country` with code = "??": no row has this key"#
    /// );
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn import<M: Model>(&mut self, rows: impl Into<Vec<M>>, dangling: Dangling) -> Result<Imported<M>, Error> {
        let rows = rows.into();
        // All keys are those of the longest batch, of which fewer rows take the first.
        let keys = self.upcoming_keys::<M>(rows.len())?;
        let position = self.store.position::<M>()?;
        let mut import = Import { places: (0..rows.len()).collect(), rows, refused: Vec::new(), cleared: Vec::new() };
        loop {
            let keys = &keys[..import.rows.len()];
            if let Some(batch) = plan_batch(&self.store, position, &import.rows, keys) {
                apply::insert_batch(&mut self.store, position, import.rows, keys, batch);
                break;
            }
            let pending = Pending::new_rows(&import.rows, keys);
            let (plan, faults) = plan_rows(&self.store, position, pending, Mode::Checked, usize::MAX);
            if !import.sift(&self.store, faults.kept, dangling) {
                apply::insert(&mut self.store, position, import.rows, keys, &plan);
                break;
            }
        }
        let Import { places, mut refused, cleared, .. } = import;
        refused.sort_by_key(|refused| refused.index);
        Ok(Imported { stored: places.into_iter().zip(keys.into_iter().map(Id::from_key)).collect(), refused, cleared })
    }
}

/// An import that is being decided.
struct Import<M> {
    /// The rows that may be stored.
    rows: Vec<M>,
    /// Their places among those that were given.
    places: Vec<usize>,
    refused: Vec<Refused<M>>,
    cleared: Vec<BatchViolation>,
}

impl<M: Model> Import<M> {
    /// Takes a step towards rows without faults, and says whether there was one to be taken: refuses rows or, where
    /// none need be, clears keys.
    fn sift(&mut self, store: &Store, faults: Vec<(usize, Error)>, dangling: Dangling) -> bool {
        let mut errors: Vec<Vec<Error>> = vec![Vec::new(); self.rows.len()];
        for (place, error) in faults {
            errors[place].push(error);
        }
        let is_clearable = |error: &Error| dangling == Dangling::Clear && may_clear::<M>(error);
        // Keys that rows of the batch take from each other come last: who has taken one may be refused itself.
        let is_taken = |error: &Error| matches!(error, Error::UniqueViolation { existing: Holder::Batch(_), .. });
        let is_fatal = |error: &Error| !is_clearable(error) && !is_taken(error);
        if errors.iter().flatten().any(is_fatal) {
            self.refuse(errors, is_fatal);
        } else if errors.iter().flatten().any(is_taken) {
            self.refuse(errors, is_taken);
        } else if errors.iter().flatten().next().is_some() {
            self.clear(store, errors);
        } else {
            return false;
        }
        true
    }

    /// Takes out the rows that have an error which is `fatal`.
    fn refuse(&mut self, errors: Vec<Vec<Error>>, fatal: impl Fn(&Error) -> bool) {
        let given = mem::take(&mut self.places);
        for ((row, index), mut errors) in mem::take(&mut self.rows).into_iter().zip(&given).zip(errors) {
            if errors.iter().any(&fatal) {
                for error in &mut errors {
                    renumber(error, &given);
                }
                self.refused.push(Refused { index: *index, row, errors });
            } else {
                self.rows.push(row);
                self.places.push(*index);
            }
        }
    }

    /// Clears the keys that the errors are about.
    fn clear(&mut self, store: &Store, errors: Vec<Vec<Error>>) {
        for ((row, index), errors) in self.rows.iter_mut().zip(&self.places).zip(errors) {
            for error in errors {
                M::declare(&mut Clear { store, row, error: &error });
                self.cleared.push(BatchViolation { index: *index, error });
            }
        }
    }
}

/// Makes the places in an error those of the rows that were given.
fn renumber(error: &mut Error, given: &[usize]) {
    let holders = match error {
        Error::UniqueViolation { existing, .. } => std::slice::from_mut(existing),
        Error::Cycle { way, .. } => way,
        _ => return,
    };
    for holder in holders {
        if let Holder::Batch(place) = holder {
            *place = given[*place];
        }
    }
}

/// Whether an error is that of a key which could be absent.
fn may_clear<M: Model>(error: &Error) -> bool {
    struct MayClear<'a>(&'a str, bool);
    impl<M: Model> Visitor<M> for MayClear<'_> {
        fn belongs_to<R: Relation<Source = M>>(&mut self) {
            self.1 |= R::NAME == self.0 && !(R::Presence::REQUIRED || R::Presence::ONE_OF);
        }
        fn references_many<L: ListRelation<Source = M>>(&mut self) {
            self.1 |= L::NAME == self.0 && L::List::CAN_LOSE;
        }
    }
    let Error::ForeignKeyViolation { relation, .. } = error else { return false };
    let mut visitor = MayClear(relation, false);
    M::declare::<MayClear<'_>>(&mut visitor);
    visitor.1
}

/// Clears the key that an error is about.
struct Clear<'a, M> {
    store: &'a Store,
    row: &'a mut M,
    error: &'a Error,
}

impl<M> Clear<'_, M> {
    fn is_about(&self, name: &str) -> bool {
        matches!(self.error, Error::ForeignKeyViolation { relation, .. } if *relation == name)
    }
}

impl<M: Model> Visitor<M> for Clear<'_, M> {
    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if self.is_about(R::NAME) {
            R::assign(self.row, None);
        }
    }
    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        if self.is_about(L::NAME)
            && let Ok(targets) = self.store.table::<L::Target>()
        {
            let is_promised = |key| self.store.is_in_transaction() && targets.rows.is_reserved(key);
            L::list_mut(self.row)
                .rewrite(&|id| (targets.rows.contains(id.key()) || is_promised(id.key())).then_some(id));
        }
    }
}
