//! Fields of a row by their places in the struct: which of them a step of the history has changed.

use smallvec::SmallVec;

/// A set of a model's fields, each by its place in the struct.
///
/// ```
/// use relata::FieldSet;
///
/// let mut fields = FieldSet::none();
/// fields.insert(3);
/// assert!(fields.contains(3) && !fields.contains(70));
/// assert!(FieldSet::all().contains(70));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSet {
    /// A bit for each place; `None` where all are in it.
    words: Option<SmallVec<[u64; 1]>>,
}

impl FieldSet {
    /// No field.
    pub fn none() -> Self {
        FieldSet { words: Some(SmallVec::new()) }
    }

    /// Every field.
    pub fn all() -> Self {
        FieldSet { words: None }
    }

    /// Adds the field at a place.
    pub fn insert(&mut self, place: usize) {
        if let Some(words) = &mut self.words {
            if words.len() <= place / 64 {
                words.resize(place / 64 + 1, 0);
            }
            words[place / 64] |= 1 << (place % 64);
        }
    }

    /// Leaves only the fields that another set has too.
    pub(crate) fn intersect(&mut self, other: &FieldSet) {
        match (&mut self.words, &other.words) {
            (_, None) => {}
            (None, Some(_)) => self.clone_from(other),
            (Some(words), Some(others)) => {
                words.truncate(others.len());
                words.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
            }
        }
    }

    /// Whether the field at a place is in it.
    pub fn contains(&self, place: usize) -> bool {
        let Some(words) = &self.words else { return true };
        words.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

/// Two states of one field, for the derive: `(&States(&old, &new)).differ()` is `old != new` where the field's type can
/// be compared, else true. The first of the two traits is found first, as it takes one reference less.
#[doc(hidden)]
#[derive(Debug)]
pub struct States<'a, T>(pub &'a T, pub &'a T);

#[doc(hidden)]
pub trait Comparable {
    fn differ(&self) -> bool;
}

#[doc(hidden)]
pub trait Incomparable {
    fn differ(&self) -> bool;
}

impl<T: PartialEq> Comparable for States<'_, T> {
    fn differ(&self) -> bool {
        self.0 != self.1
    }
}

impl<T> Incomparable for &States<'_, T> {
    fn differ(&self) -> bool {
        true
    }
}
