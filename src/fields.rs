//! Fields of a row: sets of them by their places in the struct, and whether two values of one are equal, so far as its type
//! can be compared.

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

/// Two values of a field, to be compared if their type can be. Its own method is there for types that can, the one of
/// [`Incomparable`] for all: the compiler takes the first that fits.
#[doc(hidden)]
#[derive(Debug)]
pub struct Both<'a, T: ?Sized>(pub &'a T, pub &'a T);

impl<T: PartialEq + ?Sized> Both<'_, T> {
    /// Whether they are equal; `None` for a value that is not equal to itself either, as one that holds a NaN is.
    #[doc(hidden)]
    pub fn are_equal(&self) -> Option<bool> {
        #[expect(clippy::eq_op, reason = "a NaN is not")]
        let is_reflexive = || *self.0 == *self.0;
        if *self.0 == *self.1 { Some(true) } else { is_reflexive().then_some(false) }
    }
}

#[doc(hidden)]
pub trait Incomparable {
    /// That it cannot be said.
    #[doc(hidden)]
    fn are_equal(&self) -> Option<bool> {
        None
    }
}

impl<T: ?Sized> Incomparable for Both<'_, T> {}
