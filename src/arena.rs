//! The arena: where the rows of one table live, and who hands out its ids.
//!
//! Ids are slotmap's: a slot and its generation. The slots lie in blocks that clones of the database share until one of
//! them writes. Three things are kept in view beyond the rows:
//!
//! - **Slots without a row.** An id can be reserved before its row exists.
//! - **The id that comes next.** A statement names the ids of its rows before it stores any, and a snapshot brings the
//!   same future ids back.
//! - **Retired slots.** A slot whose generation is about to wrap is never used again.
//!
//! A block is copied before it is written where a clone shares it, and copying rows is user code. So whoever changes rows
//! as a part of something larger calls [`Arena::own`] for them first; room for new rows is the arena's own already.
//!
//! # Invariants
//! 1. A slot with an odd generation holds a row, or is reserved and holds none; one with an even generation holds none.
//! 2. `free` lists the vacant slots: the last is used next. Each entry is the key that the slot's next row will have.
//! 3. `next_slot` is the first slot number that was never used.
//! 4. `len` counts the slots with a row, `reserved` those that are reserved.
//! 5. Every slot below `next_slot` is stored, reserved, in `free`, in `retired`, or withheld by a transaction.
//! 6. `before` has one row for each change of the log that has put one there, in the order of the log.
//!
//! Not responsible for: indexes and integrity. Every call here changes rows only.

use std::{fmt, mem};

use slotmap::{DefaultKey, Key};

use crate::blocks::{Blocks, Bytes, Stack};
use crate::error::Missing;
use crate::id::{FIRST_GENERATION, SLOTS_END, key_from_parts, next_in_slot, slot_of, version_of};

#[derive(Clone)]
pub struct Arena<M> {
    slots: Blocks<Slot<M>>,
    free: Stack<DefaultKey>,
    next_slot: u32,
    len: usize,
    reserved: usize,
    retired: Vec<DefaultKey>,
    /// How many slots are withheld: out of use, for a row or a reserved id that may come back.
    withheld: usize,
    /// The rows of before, in the order in which the changes of the open transaction put them here.
    before: Vec<M>,
    /// The rows that taking changes back has replaced, in that order.
    after: Vec<M>,
    columns: Columns<M>,
}

/// A place for a row, with the generation of its key.
#[derive(Debug, Clone)]
struct Slot<M> {
    row: Option<M>,
    version: u32,
}

impl<M> Default for Slot<M> {
    fn default() -> Self {
        Slot { row: None, version: 0 }
    }
}

/// How a change has changed the rows. Where an old row is kept, it is on the arena's stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowChange {
    /// A row came into a new slot.
    Stored,
    /// A row left, and is kept; its slot is withheld.
    Removed,
    /// A row gave way to another, and is kept.
    Replaced,
    /// Some fields of a row gave way to others, which are kept with the rest of the row of before. `fields` is the place
    /// of their set in the log.
    Edited { fields: u32 },
    /// A row came under a reserved id.
    Filled,
    /// A row left the reserved id under which it had come, and is kept.
    Emptied,
    /// An id was reserved.
    Reserved,
    /// A reserved id was given back; its slot is withheld.
    Cancelled,
}

impl<M> fmt::Debug for Arena<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("len", &self.len).field("next_slot", &self.next_slot).finish_non_exhaustive()
    }
}

impl<M> Default for Arena<M> {
    fn default() -> Self {
        Arena {
            slots: Blocks::default(),
            free: Stack::default(),
            next_slot: 1,
            len: 0,
            reserved: 0,
            retired: Vec::new(),
            withheld: 0,
            before: Vec::new(),
            after: Vec::new(),
            columns: Columns::default(),
        }
    }
}

impl<M> Arena<M> {
    /// An arena of rows with these columns.
    pub(crate) fn with_columns(columns: Vec<Box<dyn AnyColumn<M>>>) -> Self {
        Arena { columns: Columns::of(columns), ..Arena::default() }
    }

    /// A column, by its place among those that the model declares.
    pub(crate) fn column(&self, place: usize) -> Option<&dyn AnyColumn<M>> {
        self.columns.get(place)
    }

    /// Whether the model declares columns.
    pub(crate) fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Which of the 64 slots from `64 * word` on hold rows, a bit for each; where there are columns.
    #[inline]
    pub(crate) fn stored_word(&self, word: usize) -> u64 {
        self.columns.stored(word, self.next_slot as usize)
    }

    /// [`Arena::stored_word`] of all slots that were ever used.
    pub(crate) fn stored_words(&self) -> impl Iterator<Item = u64> {
        (0..(self.next_slot as usize).div_ceil(64)).map(|word| self.stored_word(word))
    }

    /// What the columns take.
    pub(crate) fn column_bytes(&self) -> Bytes {
        self.columns.bytes()
    }

    /// The slot of a key has changed.
    #[inline]
    fn note(&mut self, key: DefaultKey) {
        if !self.columns.is_empty() {
            let slot = slot_of(key) as usize;
            self.columns.note(slot, self.slots.get(slot).and_then(|slot| slot.row.as_ref()));
        }
    }

    /// What the slot of a key holds, if the generation is the key's.
    #[inline]
    fn slot(&self, key: DefaultKey) -> Option<&Option<M>> {
        let slot = self.slots.get(slot_of(key) as usize)?;
        (slot.version == version_of(key)).then_some(&slot.row)
    }

    /// The row, if the key's slot and generation are those of a stored one. O(1).
    #[inline]
    pub(crate) fn get(&self, key: DefaultKey) -> Option<&M> {
        self.slot(key)?.as_ref()
    }

    /// The row in a slot that was never used twice, with its key. O(1), and reads nothing but the slot.
    #[inline]
    pub(crate) fn first_in_slot(&self, slot: u32) -> Option<(DefaultKey, &M)> {
        let key = key_from_parts(slot, FIRST_GENERATION)?;
        Some((key, self.get(key)?))
    }

    /// The row in a slot, with its key. O(1).
    #[inline]
    pub(crate) fn in_slot(&self, slot: u32) -> Option<(DefaultKey, &M)> {
        let held = self.slots.get(slot as usize)?;
        Some((key_from_parts(slot, held.version)?, held.row.as_ref()?))
    }

    /// Whether a row is stored under the key. O(1).
    #[inline]
    pub(crate) fn contains(&self, key: DefaultKey) -> bool {
        self.get(key).is_some()
    }

    /// How many rows are stored.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The slots with their generations, in order.
    fn numbered(&self) -> impl Iterator<Item = (u32, &Slot<M>)> {
        (0..self.next_slot).zip(self.slots.iter())
    }

    /// The rows in slot order. O(slots ever used).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DefaultKey, &M)> {
        self.numbered().filter_map(|(number, slot)| Some((key_from_parts(number, slot.version)?, slot.row.as_ref()?)))
    }

    /// Whether an id is reserved and not filled. O(1).
    #[inline]
    pub(crate) fn has_reserved(&self) -> bool {
        self.reserved > 0
    }

    /// The ids that are reserved and not filled, in slot order.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = DefaultKey> {
        // A table with none reserved, the rule, is not walked.
        let slots = self.numbered().take(if self.has_reserved() { usize::MAX } else { 0 });
        slots.filter(|(_, slot)| slot.row.is_none()).filter_map(|(number, slot)| key_from_parts(number, slot.version))
    }

    /// The key that the `nth` of the next insertions (from 0) will get; `None` where the slot numbers end.
    #[inline]
    pub(crate) fn upcoming(&self, nth: usize) -> Option<DefaultKey> {
        if let Some(vacant) = self.free.nth_from_top(nth) {
            return Some(vacant);
        }
        let fresh = u64::from(self.next_slot).saturating_add((nth - self.free.len()) as u64);
        (fresh < u64::from(SLOTS_END)).then(|| key_from_parts(fresh as u32, FIRST_GENERATION)).flatten()
    }

    /// The keys that the next `count` insertions will get; `None` where the slot numbers end before.
    pub(crate) fn upcoming_keys(&self, count: usize) -> Option<Vec<DefaultKey>> {
        if let Some(last) = count.checked_sub(1) {
            self.upcoming(last)?;
        }
        let mut keys = Vec::with_capacity(count);
        keys.extend((0..count).map_while(|nth| self.free.nth_from_top(nth)));
        let fresh = (count - keys.len()) as u32;
        let key = |slot| key_from_parts(slot, FIRST_GENERATION).expect("it is odd");
        keys.extend((self.next_slot..self.next_slot + fresh).map(key));
        Some(keys)
    }

    /// The first slot number that no row has ever had.
    pub(crate) fn next_slot(&self) -> u32 {
        self.next_slot
    }

    /// Whether the key is reserved and not filled.
    pub(crate) fn is_reserved(&self, key: DefaultKey) -> bool {
        matches!(self.slot(key), Some(None))
    }
}

impl<M: Clone> Arena<M> {
    /// Makes sure that no clone shares the block of a row, so that changing the row calls no user code. O(1) where none
    /// does, otherwise the rows of the block are cloned.
    #[inline]
    pub(crate) fn own(&mut self, key: DefaultKey) {
        self.slots.own(slot_of(key) as usize);
    }

    /// What the slot of a key holds, if the generation is the key's, to be changed.
    #[inline]
    fn slot_mut(&mut self, key: DefaultKey) -> Option<&mut Slot<M>> {
        self.slots.get_mut(slot_of(key) as usize).filter(|slot| slot.version == version_of(key))
    }

    /// The row, to change in place. Only for fields that no index covers.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: DefaultKey) -> Option<&mut M> {
        // Nothing is copied for a key of no row.
        self.get(key)?;
        self.slot_mut(key)?.row.as_mut()
    }

    /// The rows in slot order, to change in place. A block that is shared is copied when it is reached.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (DefaultKey, &mut M)> {
        let slots = (0..self.next_slot).zip(self.slots.iter_mut());
        slots.filter_map(|(number, slot)| Some((key_from_parts(number, slot.version)?, slot.row.as_mut()?)))
    }

    /// Makes room for `additional` more rows, so that as many insertions neither allocate nor call user code.
    #[inline]
    pub(crate) fn reserve_room(&mut self, additional: usize) {
        for nth in 0..additional.min(self.free.len()) {
            if let Some(vacant) = self.free.nth_from_top(nth) {
                self.own(vacant);
            }
        }
        if let Some(fresh) = additional.checked_sub(self.free.len() + 1) {
            self.slots.own(self.next_slot as usize);
            self.slots.reserve(self.next_slot as usize + fresh + 1);
        }
    }

    /// Stores a row under the key that [`Arena::upcoming`] has told.
    #[inline]
    pub(crate) fn insert(&mut self, row: M) -> DefaultKey {
        let key = self.enter(Some(row));
        self.len += 1;
        key
    }

    /// Stores rows under the keys that [`Arena::upcoming_keys`] has told.
    pub(crate) fn insert_all(&mut self, rows: Vec<M>) {
        let mut rows = rows.into_iter();
        for row in rows.by_ref().take(self.free.len()) {
            self.insert(row);
        }
        let (first, count) = (self.next_slot, rows.len());
        if !self.columns.is_empty() {
            self.columns.note_run(first as usize, rows.as_slice());
        }
        self.slots.write_run(first as usize, rows.map(|row| Slot { row: Some(row), version: FIRST_GENERATION }));
        self.next_slot += count as u32;
        self.len += count;
    }

    /// Hands out the next id without a row.
    pub(crate) fn reserve_id(&mut self) -> DefaultKey {
        let key = self.enter(None);
        self.reserved += 1;
        key
    }

    #[inline]
    fn enter(&mut self, row: Option<M>) -> DefaultKey {
        let key = self.upcoming(0).expect("somebody has seen that there is one");
        let slot = self.slots.at(slot_of(key) as usize);
        debug_assert!(slot.row.is_none() && slot.version == version_of(key) - 1, "the slot is vacant");
        *slot = Slot { row, version: version_of(key) };
        if self.free.pop().is_none() {
            self.next_slot += 1;
        }
        self.note(key);
        key
    }

    /// Stores a row under a reserved key; gives the row back if the key is not that.
    pub(crate) fn fill(&mut self, key: DefaultKey, row: M) -> Result<(), M> {
        match self.slot_mut(key) {
            Some(slot) if slot.row.is_none() => {
                slot.row = Some(row);
                self.reserved -= 1;
                self.len += 1;
                self.note(key);
                Ok(())
            }
            _ => Err(row),
        }
    }

    /// Takes the row out; its slot will be used again with the next generation.
    #[inline]
    pub(crate) fn remove(&mut self, key: DefaultKey) -> Option<M> {
        debug_assert!(self.contains(key), "only rows are removed");
        let row = self.take(key)?;
        self.free_slot(key);
        Some(row)
    }

    /// Takes rows out, each of which is stored, in this order. See [`Arena::remove`].
    pub(crate) fn remove_all(&mut self, keys: &[DefaultKey]) -> Vec<M> {
        debug_assert!(keys.iter().all(|key| self.contains(*key)), "only rows are removed");
        let mut rows = Vec::with_capacity(keys.len());
        self.slots.change_all(keys.iter().map(|key| slot_of(*key) as usize), |_, slot| {
            slot.version = slot.version.wrapping_add(1);
            if let Some(row) = slot.row.take() {
                rows.push(row);
            }
        });
        self.len -= rows.len();
        for key in keys {
            self.note(*key);
        }
        if keys.iter().all(|key| next_in_slot(*key).is_some()) {
            self.free.push_all(keys.iter().map(|key| next_in_slot(*key).unwrap_or(*key)));
        } else {
            for key in keys {
                self.free_slot(*key);
            }
        }
        rows
    }

    /// Exchanges rows, each of which is stored, for others, which are those of before then.
    pub(crate) fn swap_all(&mut self, keys: &[DefaultKey], rows: &mut [M]) {
        debug_assert!(keys.iter().all(|key| self.contains(*key)), "only rows are exchanged");
        let mut rows = rows.iter_mut();
        self.slots.change_all(keys.iter().map(|key| slot_of(*key) as usize), |_, slot| {
            if let (Some(stored), Some(row)) = (&mut slot.row, rows.next()) {
                mem::swap(stored, row);
            }
        });
        for key in keys {
            self.note(*key);
        }
    }

    /// Gives a reserved id back, unfilled.
    pub(crate) fn cancel(&mut self, key: DefaultKey) {
        if self.is_reserved(key) {
            self.take(key);
            self.free_slot(key);
        }
    }

    /// Empties the slot of a key, which does not resolve from now on. Gives the row, if it has one.
    #[inline]
    fn take(&mut self, key: DefaultKey) -> Option<M> {
        let slot = self.slot_mut(key)?;
        slot.version = slot.version.wrapping_add(1);
        let row = slot.row.take();
        match row {
            Some(_) => self.len -= 1,
            None => self.reserved -= 1,
        }
        self.note(key);
        row
    }

    /// Lets the emptied slot of a key be used again.
    #[inline]
    fn free_slot(&mut self, key: DefaultKey) {
        match next_in_slot(key) {
            Some(next) => self.free.push(next),
            None => self.retired.push(key),
        }
    }

    /// Swaps the row under the key for another, and gives the old one.
    #[inline]
    pub(crate) fn replace(&mut self, key: DefaultKey, row: M) -> Option<M> {
        let old = mem::replace(self.get_mut(key)?, row);
        self.note(key);
        Some(old)
    }

    /// [`Arena::replace`], and keeps the old row.
    pub(crate) fn replace_keeping(&mut self, key: DefaultKey, row: M) {
        let old = self.replace(key, row);
        self.before.extend(old);
    }

    /// Takes the row out, and keeps it and its slot.
    pub(crate) fn remove_keeping(&mut self, key: DefaultKey) {
        if let Some(row) = self.withhold(key) {
            self.before.push(row);
        }
    }

    /// Takes the key's slot out of use until [`Arena::reattach`] or [`Arena::release`]; gives the row that was there.
    pub(crate) fn withhold(&mut self, key: DefaultKey) -> Option<M> {
        self.slot(key)?;
        self.withheld += 1;
        self.take(key)
    }

    fn reattach(&mut self, key: DefaultKey, row: Option<M>) {
        self.withheld -= 1;
        match row {
            Some(_) => self.len += 1,
            None => self.reserved += 1,
        }
        *self.slots.at(slot_of(key) as usize) = Slot { row, version: version_of(key) };
        self.note(key);
    }

    /// Frees a withheld slot: the id will never resolve again.
    pub(crate) fn release(&mut self, key: DefaultKey) {
        self.withheld -= 1;
        self.free_slot(key);
    }

    /// Takes a change of a row back, and says what takes that back again. Changes are taken back in the reverse of the
    /// order in which they were made. `exchange` gives a stored row the fields of a set that another has, and that one its
    /// own.
    pub(crate) fn revert(
        &mut self,
        change: RowChange,
        key: DefaultKey,
        exchange: impl FnOnce(u32, &mut M, &mut M),
    ) -> RowChange {
        match change {
            RowChange::Stored => {
                let row = self.withhold(key);
                self.after.extend(row);
                RowChange::Removed
            }
            RowChange::Removed => {
                let row = self.before.pop();
                debug_assert!(row.is_some(), "a removed row is kept");
                self.reattach(key, row);
                RowChange::Stored
            }
            RowChange::Replaced => {
                if let Some(row) = self.before.pop() {
                    let after = self.replace(key, row);
                    self.after.extend(after);
                }
                RowChange::Replaced
            }
            RowChange::Edited { fields } => {
                if let (Some(mut old), Some(stored)) = (self.before.pop(), self.get_mut(key)) {
                    exchange(fields, stored, &mut old);
                    self.after.push(old);
                    self.note(key);
                }
                RowChange::Edited { fields }
            }
            RowChange::Filled => {
                if let Some(row) = self.slot_mut(key).and_then(|slot| slot.row.take()) {
                    self.after.push(row);
                    self.len -= 1;
                    self.reserved += 1;
                    self.note(key);
                }
                RowChange::Emptied
            }
            RowChange::Emptied => {
                let refused = self.before.pop().map(|row| self.fill(key, row).is_err());
                debug_assert_eq!(refused, Some(false), "the id of an emptied row is reserved");
                RowChange::Filled
            }
            RowChange::Reserved => {
                self.withhold(key);
                RowChange::Cancelled
            }
            RowChange::Cancelled => {
                self.reattach(key, None);
                RowChange::Reserved
            }
        }
    }

    /// The rows of before, which a log that ends needs no more or takes along.
    pub(crate) fn take_before(&mut self) -> Vec<M> {
        std::mem::take(&mut self.before)
    }

    /// Puts rows of before back, for a log that is opened again.
    pub(crate) fn put_before(&mut self, rows: Vec<M>) {
        debug_assert!(self.before.is_empty(), "one log is open at a time");
        self.before = rows;
    }

    /// The rows that taking changes back has replaced.
    pub(crate) fn take_after(&mut self) -> Vec<M> {
        std::mem::take(&mut self.after)
    }
}

impl<M> Arena<M> {
    /// What can be said in O(1) about a key that names no row. Only for error messages.
    pub(crate) fn why_missing(&self, key: DefaultKey) -> Missing {
        if key.is_null() {
            return Missing::Null;
        }
        if slot_of(key) == 0 || slot_of(key) >= self.next_slot {
            return Missing::NeverExisted;
        }
        match self.slots.get(slot_of(key) as usize) {
            Some(slot) if slot.version == version_of(key) && slot.row.is_some() => Missing::Stored,
            Some(slot) if slot.version == version_of(key) => Missing::Reserved,
            Some(slot) if slot.version % 2 == 1 && slot.version > version_of(key) => {
                Missing::Replaced { version: slot.version }
            }
            _ => Missing::Removed,
        }
    }

    /// Gives the memory of emptied blocks back: of those whose slots were used equally often one is kept. O(slots ever
    /// used).
    pub(crate) fn shrink(&mut self) {
        self.slots.keep_one(|_, slots| {
            let version = slots.first()?.version;
            let is_vacant = version % 2 == 0 && slots.iter().all(|slot| slot.version == version && slot.row.is_none());
            is_vacant.then_some(version)
        });
        self.free.shrink();
    }

    /// What the slots take, and the list of those that are free.
    pub(crate) fn bytes(&self) -> (Bytes, Bytes) {
        (self.slots.bytes(), self.free.bytes())
    }

    /// Proves the invariants that can be seen from inside. O(slots).
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (mut stored, mut reserved) = (0, 0);
        for (number, slot) in self.numbered() {
            match (slot.version % 2 == 1, &slot.row) {
                (true, Some(_)) => stored += 1,
                (true, None) => reserved += 1,
                (false, Some(_)) => faults.push(format!("slot {number} is vacant and holds a row")),
                (false, None) => {}
            }
        }
        if (stored, reserved) != (self.len, self.reserved) {
            let counted = (self.len, self.reserved);
            faults.push(format!("{counted:?} rows and reserved ids counted, there are {stored} and {reserved}"));
        }
        let accounted = self.len + self.reserved + self.free.len() + self.retired.len() + self.withheld + 1;
        if accounted != self.next_slot as usize {
            faults.push(format!("{accounted} slots accounted for, {} used", self.next_slot));
        }
        faults.extend(
            self.columns
                .faults(self.numbered().map(|(number, slot)| (number, slot.row.as_ref())), self.next_slot as usize),
        );
        faults
    }
}

mod columns;
mod keys;
mod restore;
#[cfg(test)]
mod tests;

pub(crate) use columns::AnyColumn;
use columns::Columns;
pub(crate) use keys::Keys;
pub(crate) use restore::{RETIRED, Run, Slots, Stored};
