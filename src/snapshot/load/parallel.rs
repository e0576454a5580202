//! Rows decoded on the threads of rayon: the same database and the same errors as on one.
//!
//! The thread that loads reads blocks and proves their checksums. While the blocks of one round are decoded, it stores the
//! rows of the round before, in order, and reads the round after. In memory are three rounds, whatever the file.
//!
//! A block counts as it was decoded apart if all of its bytes are rows, which need no names but those known when its round
//! began, and take no more memory than its share of what is left. Any other block is decoded again in its turn, as on one
//! thread: that takes in the names that it defines, and finds the error that is in it.

use std::any::Any;
use std::collections::VecDeque;
use std::io::Read;

use super::rows::{Reading, check_count};
use crate::codec::{Decoder, Memo, Names, Room};
use crate::snapshot::blocks::BlockReader;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::rounds::{self, Piece};
use crate::snapshot::sections::Kind;
use crate::table::RowReader;

/// How many blocks of a round there are for each thread.
const BLOCKS_OF_THREAD: usize = 4;

/// Reads the blocks of a table, and leaves what it leaves, if anything, to one thread.
pub(super) fn read<R: Read>(
    reading: &mut Reading<'_>,
    source: &mut BlockReader<R>,
    names: &mut Names,
) -> Result<(), SnapshotError> {
    let Some(reader) = reading.rows.reader() else { return Ok(()) };
    let count = BLOCKS_OF_THREAD * rayon::current_num_threads();
    let mut ahead = Ahead { source, idle: Vec::new(), in_flight: 0, ended: None };
    // The first block of a table has the names that the others need.
    for block in ahead.round(1, reading.budget.left()) {
        ahead.done(reading.in_turn(block, names)?);
    }
    let mut read = ahead.round(count, reading.budget.left());
    let mut decoded = VecDeque::new();
    while !(read.is_empty() && decoded.is_empty()) {
        let mut decoding = std::mem::take(&mut read);
        // Of two rounds rows are in memory that are not charged yet.
        let room = Room { nesting: reading.nesting, memory: reading.budget.left() / (2 * count as u64) };
        let known = &*names;
        let decode = |block: &mut Block| block.decode(reader, known, room);
        rounds::run(&mut decoding, decode, || {
            while decoded.front().is_some_and(|block| counts(block, reading.budget.left()))
                && let Some(block) = decoded.pop_front()
            {
                ahead.done(reading.store(block)?);
            }
            read = ahead.round(count, reading.budget.left());
            Ok(())
        })?;
        // Now that nobody reads by them names can be added.
        for block in decoded.drain(..) {
            ahead.done(reading.in_turn(block, names)?);
        }
        decoded = decoding.into();
    }
    match ahead.ended {
        Some(error) => reading.has_room(ahead.source.length_refused()).and(Err(error)),
        None => Ok(()),
    }
}

/// A block that was read before its turn.
struct Block {
    content: Vec<u8>,
    items: u32,
}

/// The rows of a block, decoded apart from their table.
struct Apart {
    rows: Box<dyn Any + Send>,
    /// What of the room they have taken, in bytes.
    memory: u64,
    memo: Memo,
}

type Decoding = Piece<Block, Option<Apart>>;

impl Block {
    fn decode(&self, reader: RowReader, names: &Names, room: Room) -> Option<Apart> {
        let mut memo = Memo::default();
        let mut decoder = Decoder::new(&self.content, names, &mut memo, room);
        // Each takes a byte at least, whatever the block says.
        let rows = reader(&mut decoder, self.content.len().min(self.items as usize))?;
        let (place, memory) = (decoder.place(), room.memory - decoder.room().memory);
        (place == self.content.len()).then_some(Apart { rows, memory, memo })
    }
}

/// Whether a block was decoded as it would be in its turn, when so much memory is left.
fn counts(block: &Decoding, left: u64) -> bool {
    let length = block.input().content.len() as u64;
    matches!(block.outcome(), Some(Some(apart)) if length + apart.memory <= left)
}

impl Reading<'_> {
    /// Stores the rows of a block that counts, and gives its buffer back.
    fn store(&mut self, block: Decoding) -> Result<Vec<u8>, SnapshotError> {
        let (Block { content, items }, apart) = block.take();
        let Apart { rows, memory, memo } = apart.flatten().expect("it counts");
        self.begin_block(&content)?;
        self.budget.used += memory;
        self.memo.add(&memo);
        let stored = self.rows.store_read(&mut self.keys, rows);
        let stored = stored.map_err(|fault| self.rows.explain(fault, self.budget))?;
        check_count(stored, Some(items)).and(Ok(content))
    }

    /// The same for any block in its turn: one that does not count is decoded as on one thread.
    fn in_turn(&mut self, block: Decoding, names: &mut Names) -> Result<Vec<u8>, SnapshotError> {
        if counts(&block, self.budget.left()) {
            return self.store(block);
        }
        self.has_room(block.input().content.len() as u64)?;
        self.begin_block(&block.input().content)?;
        let (Block { content, items }, _) = block.take();
        let taken = self.block(&content, names)?;
        check_count(taken, Some(items)).and(Ok(content))
    }

    /// Refuses a block that is longer than what is left.
    fn has_room(&self, length: u64) -> Result<(), SnapshotError> {
        match self.budget.left() {
            left if length > left => Err(SnapshotError::OverBudget { part: Kind::Rows.to_string(), limit: left }),
            _ => Ok(()),
        }
    }
}

/// What reads blocks before their turn.
struct Ahead<'a, R> {
    source: &'a mut BlockReader<R>,
    /// Buffers that can be used again.
    idle: Vec<Vec<u8>>,
    /// How many bytes are in blocks that are not done.
    in_flight: u64,
    /// Why nothing more can be read.
    ended: Option<SnapshotError>,
}

impl<R: Read> Ahead<'_, R> {
    /// The next blocks; none at the end of the section, behind an error, and where there is no room for another as yet.
    fn round(&mut self, count: usize, left: u64) -> Vec<Decoding> {
        let mut blocks = Vec::new();
        while blocks.len() < count && self.ended.is_none() {
            match self.source.block(left.saturating_sub(self.in_flight)) {
                Ok(Some((items, content))) => {
                    self.in_flight += content.len() as u64;
                    let content = self.source.exchange_content(self.idle.pop().unwrap_or_default());
                    blocks.push(Piece::new(Block { content, items }));
                }
                Ok(None) | Err(SnapshotError::OverBudget { .. }) => break,
                Err(error) => self.ended = Some(error),
            }
        }
        blocks
    }

    fn done(&mut self, buffer: Vec<u8>) {
        self.in_flight -= buffer.len() as u64;
        self.idle.push(buffer);
    }
}
