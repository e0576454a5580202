//! Rows encoded and proved on the threads of rayon: the same bytes as on one.
//!
//! The thread that saves hands out *parts*, each the keys of about a block of rows, to be encoded by writers of their own.
//! Meanwhile it writes the parts of the round before, in order.
//!
//! The bytes of a row depend on which names have numbers already. So a part counts only if it has met no name that was
//! new when it was begun: what has a number keeps it, so these are the bytes that it would have got in its turn. Any
//! other part is encoded again in its turn, by the one writer that gives out numbers, the *leader*. While new names come
//! up, as in the first rows of a table, no parts are handed out. A row that is refused is refused again in its turn, so
//! that the error is that of the first.

use slotmap::DefaultKey;

use super::encode_block;
use crate::proof::{RowWriter, WriterState};
use crate::snapshot::blocks::{BLOCK_FULL, Filling, Sections};
use crate::snapshot::error::NotEncodable;
use crate::snapshot::rounds::{self, Piece};
use crate::table::TableSlot;

/// How many parts of a round there are for each thread: so many that threads seldom wait for its end.
const PARTS_OF_THREAD: usize = 8;
/// How long a part may get, in bytes, where its rows are longer than those before.
const PART_MAX: usize = 2 * BLOCK_FULL;
/// How many rows a part has at most, however short they are.
const ROWS_MAX: usize = 1 << 13;

/// Writes the rows of a table. The leader has encoded those of the tables before.
pub(super) fn write_rows<S: Sections>(
    table: &TableSlot,
    keys: &mut dyn Iterator<Item = DefaultKey>,
    filling: Filling<'_, S>,
    leader: &mut RowWriter,
) -> Result<(), S::Error>
where
    S::Error: From<NotEncodable>,
{
    let mut writing = Writing { table, filling, leader, is_settled: false, idle: Vec::new(), rows_of_part: 1 };
    let mut encoded = Vec::new();
    loop {
        let mut next = writing.hand_out(keys);
        let meanwhile = || encoded.drain(..).try_for_each(|part| writing.part(part));
        rounds::run(&mut next, |part: &mut Part| part.encode(table), meanwhile)?;
        encoded = next;
        if encoded.is_empty() {
            let before = writing.leader.state();
            if !writing.block(keys)? {
                return writing.filling.flush();
            }
            writing.is_settled = writing.leader.state() == before;
        }
    }
}

/// Some rows one after the other, and the writer that encodes them.
struct Part {
    keys: Vec<DefaultKey>,
    writer: RowWriter,
    /// That of the writer before the first row.
    state: WriterState,
}

impl Part {
    /// Says whether no row was refused and no name was new.
    fn encode(&mut self, table: &TableSlot) -> bool {
        let encoded = table.rows.encode_rows(&mut self.keys.iter().copied(), PART_MAX, &mut self.writer);
        encoded.is_ok() && self.writer.state() == self.state
    }
}

struct Writing<'a, 's, S> {
    table: &'a TableSlot,
    filling: Filling<'s, S>,
    leader: &'a mut RowWriter,
    /// Whether no new names have come up lately.
    is_settled: bool,
    /// What can be used again.
    idle: Vec<Part>,
    /// How many rows fill a block, by those that were encoded last.
    rows_of_part: usize,
}

impl<S: Sections> Writing<'_, '_, S>
where
    S::Error: From<NotEncodable>,
{
    /// The parts of a round; none where there are no more rows, or new names come up.
    fn hand_out(&mut self, keys: &mut dyn Iterator<Item = DefaultKey>) -> Vec<Piece<Part, bool>> {
        let count = if self.is_settled { PARTS_OF_THREAD * rayon::current_num_threads() } else { 0 };
        let state = self.leader.state();
        let part = || {
            let mut part = self.idle.pop().filter(|part| part.state == state).unwrap_or_else(|| {
                self.leader.clear();
                Part { keys: Vec::new(), writer: self.leader.clone(), state }
            });
            part.writer.clear();
            part.keys.clear();
            part.keys.extend(keys.take(self.rows_of_part));
            part
        };
        let parts = std::iter::repeat_with(part).take(count);
        parts.take_while(|part| !part.keys.is_empty()).map(Piece::new).collect()
    }

    /// Writes the rows of a part in its turn.
    fn part(&mut self, part: Piece<Part, bool>) -> Result<(), S::Error> {
        let (part, is_plain) = part.take();
        if !(is_plain == Some(true) && part.state.gives_the_bytes_of(self.leader.state())) {
            self.is_settled = false;
            return self.in_turn(&part.keys);
        }
        let (bytes, ends) = (part.writer.bytes(), part.writer.ends());
        self.filling.rows(bytes, ends)?;
        self.rows_of_part = rows_of_part(bytes, ends);
        self.in_turn(&part.keys[ends.len()..])?;
        self.idle.push(part);
        Ok(())
    }

    fn in_turn(&mut self, keys: &[DefaultKey]) -> Result<(), S::Error> {
        let mut keys = keys.iter().copied();
        while self.block(&mut keys)? {}
        Ok(())
    }

    /// Encodes and writes about a block of rows; `false` where there are no more.
    fn block(&mut self, keys: &mut dyn Iterator<Item = DefaultKey>) -> Result<bool, S::Error> {
        let Some(encoded) = encode_block(self.table, keys, self.leader) else { return Ok(false) };
        encoded?;
        let (bytes, ends) = (self.leader.bytes(), self.leader.ends());
        self.filling.rows(bytes, ends)?;
        self.rows_of_part = rows_of_part(bytes, ends);
        Ok(true)
    }
}

fn rows_of_part(bytes: &[u8], ends: &[usize]) -> usize {
    (BLOCK_FULL * ends.len()).div_ceil(bytes.len().max(1)).clamp(1, ROWS_MAX)
}
