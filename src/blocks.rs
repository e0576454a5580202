//! Arrays in blocks that clones share until one of them writes.
//!
//! A clone copies no entry: it takes a share of each block. Who writes an entry of a block that is shared copies that
//! block first, and no more. An array that grows makes a new block and leaves those that are there where they are; only
//! the first one starts small and doubles until it is full.
//!
//! Where no entry was ever written, there is the default of its type, as far as the last block reaches.
//!
//! Not responsible for when a copy is made: the copy of a row is user code, and the arena sees to it that it runs before
//! anything has changed.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

/// No block takes more bytes than this, unless a single entry does.
const BLOCK_BYTES: usize = 64 * 1024;
/// No block has more entries than two to the power of this.
const MOST_BITS: u32 = 12;
/// The same where entries own something, so that each is copied by itself.
const MOST_BITS_OF_OWNERS: u32 = 9;
/// How many entries the first block has at first.
const FEWEST: usize = 4;

/// What something takes in memory.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) all: usize,
    /// What of it a clone has a share in.
    pub(crate) shared: usize,
}

impl Bytes {
    /// What lies behind an `Arc`, with its counts.
    pub(crate) fn behind<T: ?Sized>(arc: &Arc<T>, bytes: usize) -> Self {
        let all = bytes + 2 * size_of::<usize>();
        Bytes { all, shared: if Arc::strong_count(arc) > 1 { all } else { 0 } }
    }

    /// What nobody shares.
    pub(crate) fn own(bytes: usize) -> Self {
        Bytes { all: bytes, shared: 0 }
    }
}

impl std::ops::Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes { all: self.all + other.all, shared: self.shared + other.shared }
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Bytes>>(parts: I) -> Bytes {
        parts.fold(Bytes::default(), |sum, part| sum + part)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Blocks<T> {
    blocks: Vec<Arc<[T]>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Blocks { blocks: Vec::new() }
    }
}

const fn bits_of(size: usize, owns: bool) -> u32 {
    let mut bits = if owns { MOST_BITS_OF_OWNERS } else { MOST_BITS };
    while bits > 0 && size << bits > BLOCK_BYTES {
        bits -= 1;
    }
    bits
}

impl<T> Blocks<T> {
    const BITS: u32 = bits_of(size_of::<T>(), mem::needs_drop::<T>());
    /// How many entries a full block has.
    pub(crate) const FULL: usize = 1 << Self::BITS;

    /// An array of which this is the first block, which is full.
    pub(crate) fn of_first(block: Arc<[T]>) -> Self {
        debug_assert_eq!(block.len(), Self::FULL, "the first block is full");
        Blocks { blocks: vec![block] }
    }

    /// The entry at a place; `None` beyond the last block.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.blocks.get(place >> Self::BITS)?.get(place & (Self::FULL - 1))
    }

    /// The entries at `length` places from `first` on, as far as there is room for them, which lie in one block where
    /// `first` is a multiple of `length`; `None` where blocks are smaller.
    #[inline]
    pub(crate) fn chunk(&self, first: usize, length: usize) -> Option<&[T]> {
        if length > Self::FULL {
            return None;
        }
        let Some(block) = self.blocks.get(first >> Self::BITS) else { return Some(&[]) };
        let within = first & (Self::FULL - 1);
        Some(block.get(within..block.len().min(within + length)).unwrap_or_default())
    }

    /// How many entries the blocks have room for.
    pub(crate) fn capacity(&self) -> usize {
        match self.blocks.as_slice() {
            [] => 0,
            [first] => first.len(),
            all => all.len() * Self::FULL,
        }
    }

    /// The entries in order, to the end of the last block.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter { block: std::slice::Iter::default(), blocks: self.blocks.iter() }
    }

    /// What the blocks take, without what entries own elsewhere.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes_with(|_| Bytes::default())
    }

    /// What the blocks take, with what entries own elsewhere: shared with the block, or apart from it.
    pub(crate) fn bytes_with(&self, of_entry: impl Fn(&T) -> Bytes) -> Bytes {
        let mut sum = Bytes::own(self.blocks.capacity() * size_of::<Arc<[T]>>());
        // How often a block that somebody shares is in this array: it is there more than once where it was given back.
        let mut here: BTreeMap<*const T, usize> = BTreeMap::new();
        for block in self.blocks.iter().filter(|block| Arc::strong_count(block) > 1) {
            *here.entry(block.as_ptr()).or_default() += 1;
        }
        for block in &self.blocks {
            let shares = if Arc::strong_count(block) > 1 { here.remove(&block.as_ptr()) } else { Some(1) };
            let Some(shares) = shares else { continue };
            let Bytes { all, shared } = block.iter().map(&of_entry).sum();
            let all = all + Bytes::behind(block, size_of_val(&**block)).all;
            sum = sum + Bytes { all, shared: if Arc::strong_count(block) > shares { all } else { shared } };
        }
        sum
    }

    /// Keeps one of the full blocks that are alike, as told by where a block begins and what is in it, in the place of
    /// all of them. Who writes to one of them copies it.
    pub(crate) fn keep_one(&mut self, alike: impl Fn(usize, &[T]) -> Option<u32>) {
        let mut kept: BTreeMap<u32, Arc<[T]>> = BTreeMap::new();
        for (number, block) in self.blocks.iter_mut().enumerate().filter(|(_, block)| block.len() == Self::FULL) {
            if let Some(mark) = alike(number * Self::FULL, block) {
                *block = Arc::clone(kept.entry(mark).or_insert_with(|| Arc::clone(block)));
            }
        }
    }

    /// The blocks in order.
    #[inline]
    pub(crate) fn blocks(&self) -> &[Arc<[T]>] {
        &self.blocks
    }
}

impl<T: Clone> Blocks<T> {
    /// Makes sure that no clone shares the block of an entry, so that writing the entry copies nothing.
    #[inline]
    pub(crate) fn own(&mut self, place: usize) {
        if let Some(block) = self.blocks.get_mut(place >> Self::BITS)
            // Who has the only share is asked by reading alone: nobody else can make it two.
            && Arc::strong_count(block) > 1
        {
            own(block);
        }
    }

    /// The entry at a place, to be changed; `None` beyond the last block.
    #[inline]
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        Arc::make_mut(self.blocks.get_mut(place >> Self::BITS)?).get_mut(place & (Self::FULL - 1))
    }

    /// Hands the entries at these places, for which there is room, to `change`, with their places, and does not ask for each
    /// whether its block is shared.
    #[inline]
    pub(crate) fn change_all(
        &mut self,
        places: impl Iterator<Item = usize> + Clone,
        mut change: impl FnMut(usize, &mut T),
    ) {
        let numbers = places.clone().map(|place| place >> Self::BITS);
        let runs = numbers.clone().zip(numbers.skip(1)).filter(|(left, right)| left != right).count();
        if runs < self.blocks.len() {
            // Once for those of one block that follow on each other.
            let mut places = places.peekable();
            while let Some(first) = places.peek() {
                let number = first >> Self::BITS;
                let block = Arc::make_mut(&mut self.blocks[number]);
                while let Some(place) = places.next_if(|place| place >> Self::BITS == number) {
                    change(place, &mut block[place & (Self::FULL - 1)]);
                }
            }
            return;
        }
        places.clone().for_each(|place| self.own(place));
        // What is shared still has none of the places.
        let mut blocks: Vec<&mut [T]> =
            self.blocks.iter_mut().map(|block| Arc::get_mut(block).unwrap_or_default()).collect();
        for place in places {
            change(place, &mut blocks[place >> Self::BITS][place & (Self::FULL - 1)]);
        }
    }

    /// The entries in order, to be changed, to the end of the last block. A block is copied when it is reached.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.blocks.iter_mut().flat_map(|block| Arc::make_mut(block).iter_mut())
    }
}

impl<T: Copy> Blocks<T> {
    /// Writes an entry, and makes room for it. Places that were never written have one entry or another.
    #[inline]
    pub(crate) fn put(&mut self, place: usize, entry: T) {
        self.reserve_by(place + 1, entry);
        Arc::make_mut(&mut self.blocks[place >> Self::BITS])[place & (Self::FULL - 1)] = entry;
    }

    /// [`Blocks::put`] for entries at places one after the other.
    pub(crate) fn put_run(&mut self, first: usize, mut entries: impl ExactSizeIterator<Item = T> + Clone) {
        let Some(any) = entries.clone().next() else { return };
        let end = first + entries.len();
        self.reserve_by(end, any);
        let mut place = first;
        while place < end {
            let block = Arc::make_mut(&mut self.blocks[place >> Self::BITS]);
            let within = &mut block[place & (Self::FULL - 1)..];
            place += within.len();
            within.iter_mut().zip(entries.by_ref()).for_each(|(entry, new)| *entry = new);
        }
    }

    #[inline]
    fn reserve_by(&mut self, places: usize, entry: T) {
        if places > self.capacity() {
            self.grow_by(places, entry);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_by(&mut self, places: usize, entry: T) {
        if let [first] = self.blocks.as_mut_slice()
            && first.len() < Self::FULL
        {
            let more = first_length(places.max(2 * first.len()), Self::FULL) - first.len();
            *first = first.iter().copied().chain(std::iter::repeat_n(entry, more)).collect();
        }
        if self.blocks.is_empty() {
            self.blocks.push(std::iter::repeat_n(entry, first_length(places, Self::FULL)).collect());
        }
        while self.blocks.len() < places.div_ceil(Self::FULL) {
            self.blocks.push(std::iter::repeat_n(entry, Self::FULL).collect());
        }
    }
}

impl<T: Clone + Default> Blocks<T> {
    /// The entry at a place, to be written; makes room for it.
    #[inline]
    pub(crate) fn at(&mut self, place: usize) -> &mut T {
        let (block, within) = (place >> Self::BITS, place & (Self::FULL - 1));
        if self.blocks.get(block).is_none_or(|block| within >= block.len()) {
            self.reserve(place + 1);
        }
        &mut Arc::make_mut(&mut self.blocks[block])[within]
    }

    /// Writes entries to places for which there is room, and asks once for places of one block that follow on each other
    /// whether it is shared.
    pub(crate) fn write_all(&mut self, entries: impl Iterator<Item = (usize, T)>) {
        let mut entries = entries.peekable();
        while let Some((first, _)) = entries.peek() {
            let number = first >> Self::BITS;
            let block = Arc::make_mut(&mut self.blocks[number]);
            while let Some((place, entry)) = entries.next_if(|(place, _)| place >> Self::BITS == number) {
                block[place & (Self::FULL - 1)] = entry;
            }
        }
    }

    /// Writes entries to the places from `first` on, and asks once for each block whether it is shared.
    pub(crate) fn write_run(&mut self, first: usize, mut entries: impl ExactSizeIterator<Item = T>) {
        let end = first + entries.len();
        self.reserve(end);
        let mut place = first;
        while place < end {
            let block = Arc::make_mut(&mut self.blocks[place >> Self::BITS]);
            let within = &mut block[place & (Self::FULL - 1)..];
            place += within.len();
            within.iter_mut().zip(entries.by_ref()).for_each(|(entry, new)| *entry = new);
        }
    }

    /// Makes room for the entries below a place. Moves no entry but those of a first block that was not full.
    #[cold]
    #[inline(never)]
    pub(crate) fn reserve(&mut self, places: usize) {
        if places <= self.capacity() {
            return;
        }
        if let [first] = self.blocks.as_mut_slice()
            && first.len() < Self::FULL
        {
            let more = first_length(places.max(2 * first.len()), Self::FULL) - first.len();
            let vacant = (0..more).map(|_| T::default());
            *first = match Arc::get_mut(first) {
                Some(entries) => entries.iter_mut().map(mem::take).chain(vacant).collect(),
                None => first.iter().cloned().chain(vacant).collect(),
            };
        }
        if self.blocks.is_empty() {
            let first = first_length(places, Self::FULL);
            self.blocks.push((0..first).map(|_| T::default()).collect());
        }
        let blocks = places.div_ceil(Self::FULL);
        self.blocks.reserve(blocks.saturating_sub(self.blocks.len()));
        while self.blocks.len() < blocks {
            self.blocks.push((0..Self::FULL).map(|_| T::default()).collect());
        }
    }
}

/// How many entries a first block gets that needs so many.
fn first_length(places: usize, full: usize) -> usize {
    places.max(FEWEST).min(full).next_power_of_two()
}

#[cold]
#[inline(never)]
fn own<T: Clone>(block: &mut Arc<[T]>) {
    Arc::make_mut(block);
}

/// See [`Blocks::iter`].
#[derive(Debug, Clone)]
pub(crate) struct Iter<'a, T> {
    block: std::slice::Iter<'a, T>,
    blocks: std::slice::Iter<'a, Arc<[T]>>,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(entry) = self.block.next() {
                return Some(entry);
            }
            self.block = self.blocks.next()?.iter();
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut f: F) -> B {
        let first = self.block.fold(init, &mut f);
        self.blocks.fold(first, |folded, block| block.iter().fold(folded, &mut f))
    }
}

/// A stack: its full blocks are shared with clones, what lies on top of them is copied.
#[derive(Debug, Clone)]
pub(crate) struct Stack<T> {
    full: Vec<Arc<[T]>>,
    top: Vec<T>,
}

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Stack { full: Vec::new(), top: Vec::new() }
    }
}

impl<T: Copy> Stack<T> {
    const FULL: usize = Blocks::<T>::FULL;

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.full.len() * Self::FULL + self.top.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: T) {
        self.push_room();
        self.top.push(entry);
    }

    /// Makes room on top for one entry at least.
    #[inline]
    fn push_room(&mut self) {
        // Two blocks at the most, so that pops and pushes in turn do not move a block each time.
        if self.top.len() == 2 * Self::FULL {
            self.full.push(self.top.drain(..Self::FULL).collect());
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.top.is_empty() {
            self.top.extend_from_slice(&self.full.pop()?);
        }
        self.top.pop()
    }

    /// Pushes entries, the last of which is on top then.
    pub(crate) fn push_all(&mut self, mut entries: impl ExactSizeIterator<Item = T>) {
        while entries.len() > 0 {
            self.push_room();
            self.top.extend(entries.by_ref().take(2 * Self::FULL - self.top.len()));
        }
    }

    /// The entry that the `nth` of the next pops (from 0) will give.
    #[inline]
    pub(crate) fn nth_from_top(&self, nth: usize) -> Option<T> {
        if let Some(place) = self.top.len().checked_sub(nth + 1) {
            return Some(self.top[place]);
        }
        let place = self.len().checked_sub(nth + 1)?;
        Some(self.full[place / Self::FULL][place % Self::FULL])
    }

    /// The entries from the bottom to the top.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        self.full.iter().flat_map(|block| block.iter()).chain(&self.top).copied()
    }

    /// Gives the room for more back.
    pub(crate) fn shrink(&mut self) {
        self.top.shrink_to_fit();
    }

    /// What the entries take.
    pub(crate) fn bytes(&self) -> Bytes {
        let full = self.full.iter().map(|block| Bytes::behind(block, size_of_val(&**block)));
        let own = self.full.capacity() * size_of::<Arc<[T]>>() + self.top.capacity() * size_of::<T>();
        Bytes::own(own) + full.sum()
    }
}

#[cfg(test)]
mod tests;
