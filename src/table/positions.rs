//! Where the table of a model is.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

/// The positions of tables by the type ids of their models.
///
/// A type id is a good hash already, and one that the compiler knows: where to look first is a constant of each model,
/// and most look-ups are a load.
#[derive(Clone)]
pub(super) struct Positions {
    guesses: Box<[u32; GUESSES]>,
    models: Vec<TypeId>,
    /// The models that lie where another is looked for first.
    others: HashMap<TypeId, u32>,
}

/// A power of two, far more than most schemas have models.
const GUESSES: usize = 512;
/// No table's position.
const NOWHERE: u32 = u32::MAX;

impl Default for Positions {
    fn default() -> Self {
        Positions { guesses: Box::new([NOWHERE; GUESSES]), models: Vec::new(), others: HashMap::new() }
    }
}

impl Positions {
    #[inline]
    pub(super) fn get(&self, model: TypeId) -> Option<u32> {
        let position = self.guess(model);
        if self.models.get(position as usize) == Some(&model) { Some(position) } else { self.search(model) }
    }

    /// The position of most models; of others another, or none.
    #[inline]
    pub(super) fn guess(&self, model: TypeId) -> u32 {
        self.guesses[place_of(model)]
    }

    #[cold]
    #[inline(never)]
    fn search(&self, model: TypeId) -> Option<u32> {
        self.others.get(&model).copied()
    }

    /// Adds the model of the next table.
    pub(super) fn push(&mut self, model: TypeId) {
        let position = self.models.len() as u32;
        self.models.push(model);
        match &mut self.guesses[place_of(model)] {
            guess if *guess == NOWHERE => *guess = position,
            _ => drop(self.others.insert(model, position)),
        }
    }
}

/// Where to look for a model first.
#[inline]
fn place_of(model: TypeId) -> usize {
    let mut hasher = TypeIdHasher::default();
    Hash::hash(&model, &mut hasher);
    hasher.finish() as usize % GUESSES
}

/// A type id is already a good hash.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 ^= value;
    }
}

#[cfg(test)]
mod tests;
