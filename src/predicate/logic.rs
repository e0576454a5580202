//! Conditions of other conditions, of closures and of ids.

use std::marker::PhantomData;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::plan::Conjunct;
use super::{At, Condition, Reads, Test, Truth, Truths, sealed::Sealed};
use crate::database::Database;
use crate::error::Error;
use crate::model::Model;

/// Every row.
#[derive(Debug, Clone, Copy)]
pub struct All;
impl Sealed for All {}
impl<M: Model> Condition<M> for All {
    type Opened<'a> = All;
    const IS_ALL: bool = true;

    fn open(&self, _: &Database) -> Result<All, Error> {
        Ok(All)
    }
    fn conjuncts<'c>(&'c self, _: &mut Vec<Conjunct<'c>>) -> bool {
        true
    }
}
impl<M: Model> Test<M> for All {
    fn reads(&self) -> Reads {
        Reads::Columns
    }
    fn is_all(&self) -> bool {
        true
    }
    #[inline]
    fn test(&self, _: &At<'_, M>) -> Truth {
        Truth::True
    }
}

/// Both.
#[derive(Debug, Clone, Copy)]
pub struct And<C, D>(pub(super) C, pub(super) D);
impl<C, D> Sealed for And<C, D> {}
impl<M: Model, C: Condition<M>, D: Condition<M>> Condition<M> for And<C, D> {
    type Opened<'a> = And<C::Opened<'a>, D::Opened<'a>>;
    const IS_ALL: bool = C::IS_ALL && D::IS_ALL;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok(And(self.0.open(database)?, self.1.open(database)?))
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        self.0.conjuncts(found) & self.1.conjuncts(found)
    }
}
impl<M: Model, C: Test<M>, D: Test<M>> Test<M> for And<C, D> {
    fn reads(&self) -> Reads {
        match (self.0.reads(), self.1.reads()) {
            (one, other) if one == other => one,
            // So that a query of one filter is what that is.
            (_, other) if self.0.is_all() => other,
            (one, _) if self.1.is_all() => one,
            _ => Reads::Some,
        }
    }
    fn is_all(&self) -> bool {
        self.0.is_all() && self.1.is_all()
    }
    fn bound(&self, first: usize, truths: &mut Truths) {
        self.0.bound(first, truths);
        if self.1.reads() != Reads::Rows {
            let mut others = [0; super::CHUNK];
            self.1.bound(first, &mut others);
            truths.iter_mut().zip(&others).for_each(|(truth, other)| *truth = (*truth).min(*other));
        }
    }
    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        match self.0.test(at) {
            Truth::False => Truth::False,
            one => one.min(self.1.test(at)),
        }
    }
}

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub struct Or<C, D>(pub(super) C, pub(super) D);
impl<C, D> Sealed for Or<C, D> {}
impl<M: Model, C: Condition<M>, D: Condition<M>> Condition<M> for Or<C, D> {
    type Opened<'a> = Or<C::Opened<'a>, D::Opened<'a>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok(Or(self.0.open(database)?, self.1.open(database)?))
    }
}
impl<M: Model, C: Test<M>, D: Test<M>> Test<M> for Or<C, D> {
    fn reads(&self) -> Reads {
        // Where one side can be anything, so can the whole.
        match self.0.reads().min(self.1.reads()) {
            Reads::Columns => Reads::Columns,
            Reads::Some if self.0.reads() == self.1.reads() => Reads::Some,
            _ => Reads::Rows,
        }
    }
    fn bound(&self, first: usize, truths: &mut Truths) {
        let mut others = [0; super::CHUNK];
        self.0.bound(first, truths);
        self.1.bound(first, &mut others);
        truths.iter_mut().zip(&others).for_each(|(truth, other)| *truth = (*truth).max(*other));
    }
    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        match self.0.test(at) {
            Truth::True => Truth::True,
            one => one.max(self.1.test(at)),
        }
    }
}

/// The opposite.
#[derive(Debug, Clone, Copy)]
pub struct Not<C>(pub(super) C);
impl<C> Sealed for Not<C> {}
impl<M: Model, C: Condition<M>> Condition<M> for Not<C> {
    type Opened<'a> = Not<C::Opened<'a>>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        Ok(Not(self.0.open(database)?))
    }
}
impl<M: Model, C: Test<M>> Test<M> for Not<C> {
    fn reads(&self) -> Reads {
        if self.0.reads() == Reads::Columns { Reads::Columns } else { Reads::Rows }
    }
    fn bound(&self, first: usize, truths: &mut Truths) {
        if self.0.reads() == Reads::Columns {
            self.0.bound(first, truths);
            for truth in truths {
                *truth = 2 - *truth;
            }
        } else {
            truths.fill(Truth::True as u8);
        }
    }
    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        self.0.test(at).not()
    }
}

/// A closure over the row.
pub struct ByRow<F>(Arc<F>);
impl<F> ByRow<F> {
    pub(super) fn new(passes: F) -> Self {
        ByRow(Arc::new(passes))
    }
}
impl<F> Clone for ByRow<F> {
    fn clone(&self) -> Self {
        ByRow(Arc::clone(&self.0))
    }
}
impl<F> Sealed for ByRow<F> {}
impl<M: Model, F: Fn(&M) -> bool + Send + Sync> Condition<M> for ByRow<F> {
    type Opened<'a> = ByRow<F>;

    fn open(&self, _: &Database) -> Result<ByRow<F>, Error> {
        Ok(self.clone())
    }
}
impl<M: Model, F: Fn(&M) -> bool> Test<M> for ByRow<F> {
    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        (self.0)(at.row()).into()
    }
}

/// Some ids.
#[derive(Debug, Clone)]
pub struct Ids {
    /// Sorted, each once.
    keys: Arc<[DefaultKey]>,
}
impl Ids {
    pub(super) fn new(keys: impl Iterator<Item = DefaultKey>) -> Self {
        let mut keys: Vec<DefaultKey> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        Ids { keys: keys.into() }
    }
}
impl Sealed for Ids {}
impl<M: Model> Condition<M> for Ids {
    type Opened<'a> = Ids;

    fn open(&self, _: &Database) -> Result<Ids, Error> {
        Ok(self.clone())
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        found.push(Conjunct::Keys(&self.keys));
        false
    }
}
impl<M: Model> Test<M> for Ids {
    #[inline]
    fn test(&self, at: &At<'_, M>) -> Truth {
        self.keys.binary_search(&at.key()).is_ok().into()
    }
}

/// A condition of any type.
pub struct Boxed<M> {
    condition: Arc<dyn AnyCondition<M>>,
    model: PhantomData<fn() -> M>,
}

trait AnyCondition<M: Model>: Send + Sync {
    fn open_any<'a>(&self, database: &'a Database) -> Result<Box<dyn Test<M> + 'a>, Error>;
    fn conjuncts_any<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool;
}
impl<M: Model, C: Condition<M> + 'static> AnyCondition<M> for C {
    fn open_any<'a>(&self, database: &'a Database) -> Result<Box<dyn Test<M> + 'a>, Error> {
        Ok(Box::new(self.open(database)?))
    }
    fn conjuncts_any<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        self.conjuncts(found)
    }
}

impl<M: Model> Boxed<M> {
    pub(super) fn new(condition: impl Condition<M> + 'static) -> Self {
        Boxed { condition: Arc::new(condition), model: PhantomData }
    }
}
impl<M> Clone for Boxed<M> {
    fn clone(&self) -> Self {
        Boxed { condition: Arc::clone(&self.condition), model: PhantomData }
    }
}
impl<M> Sealed for Boxed<M> {}
impl<M: Model> Condition<M> for Boxed<M> {
    type Opened<'a> = Box<dyn Test<M> + 'a>;

    fn open<'a>(&self, database: &'a Database) -> Result<Self::Opened<'a>, Error> {
        self.condition.open_any(database)
    }
    fn conjuncts<'c>(&'c self, found: &mut Vec<Conjunct<'c>>) -> bool {
        self.condition.conjuncts_any(found)
    }
}
