//! Where the table of a model is.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

/// The positions of tables by the type ids of their models: a hash table with open addressing, never more than an
/// eighth full. A type id is a good hash already, and one that the compiler knows: most look-ups are a mask and a load.
pub(super) struct Positions {
    /// A power of two of places; [`NOWHERE`] is an empty one.
    places: Vec<u32>,
    models: Vec<TypeId>,
}

/// No table's position.
const NOWHERE: u32 = u32::MAX;

impl Default for Positions {
    fn default() -> Self {
        Positions { places: vec![NOWHERE], models: Vec::new() }
    }
}

impl Positions {
    /// Where to look for a model first.
    #[inline]
    fn start(&self, model: TypeId) -> usize {
        let mut hasher = TypeIdHasher::default();
        Hash::hash(&model, &mut hasher);
        hasher.finish() as usize & (self.places.len() - 1)
    }

    #[inline]
    pub(super) fn get(&self, model: TypeId) -> Option<u32> {
        let position = self.guess(model);
        if self.models.get(position as usize) == Some(&model) { Some(position) } else { self.search(model) }
    }

    /// The position of most models; of others another, or none.
    #[inline]
    pub(super) fn guess(&self, model: TypeId) -> u32 {
        self.places.get(self.start(model)).copied().unwrap_or(NOWHERE)
    }

    /// Goes on from where the first look has found another model, up to an empty place.
    #[cold]
    #[inline(never)]
    fn search(&self, model: TypeId) -> Option<u32> {
        let (before, from) = self.places.split_at(self.start(model));
        let probed = from.iter().chain(before).take_while(|position| **position != NOWHERE);
        probed.copied().find(|position| self.models[*position as usize] == model)
    }

    /// Adds the model of the next table.
    pub(super) fn push(&mut self, model: TypeId) {
        self.models.push(model);
        if self.models.len() * 8 > self.places.len() {
            self.places = vec![NOWHERE; (self.models.len() * 16).next_power_of_two()];
            (0..self.models.len() as u32).for_each(|position| self.place(position));
        } else {
            self.place(self.models.len() as u32 - 1);
        }
    }

    fn place(&mut self, position: u32) {
        let mut place = self.start(self.models[position as usize]);
        while self.places[place] != NOWHERE {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = position;
    }
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
