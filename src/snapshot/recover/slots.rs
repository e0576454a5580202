//! The slots of a table of which rows are lost, as runs, so that a few bytes that state billions of slots take no memory.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::snapshot::sections::u32_at;

/// The generation of a slot that is not used again.
const RETIRED: u32 = 0;

/// What is kept of the slots of a table.
pub(super) struct Kept {
    /// The first slot of each run, how many it has, and their generation.
    runs: Vec<(u32, u32, u32)>,
    free: Vec<u32>,
}

impl Kept {
    /// `slots` and `free` are the items of the sections, as far as they are whole. A vacant slot that is not in the free list
    /// is retired.
    pub(super) fn new(slots: &[&[u8]], free: &[&[u8]]) -> Self {
        let mut kept = Kept { runs: Vec::new(), free: Vec::new() };
        let listed: BTreeSet<u32> = free.iter().map(|slot| u32_at(slot, 0)).collect();
        let mut next = 1_u32;
        let mut vacant = BTreeSet::new();
        for run in slots {
            let (count, generation) = (u32_at(run, 0), u32_at(run, 4));
            let Some(behind) = next.checked_add(count).filter(|behind| *behind < crate::id::SLOTS_END) else { break };
            if generation % 2 == 0 && generation != RETIRED {
                let mut rest = next;
                for &slot in listed.range(next..behind) {
                    kept.push(slot - rest, RETIRED);
                    kept.push(1, generation);
                    vacant.insert(slot);
                    rest = slot + 1;
                }
                kept.push(behind - rest, RETIRED);
            } else {
                kept.push(count, generation);
            }
            next = behind;
        }
        kept.free.extend(free.iter().map(|slot| u32_at(slot, 0)).filter(|slot| vacant.remove(slot)));
        kept
    }

    fn push(&mut self, count: u32, generation: u32) {
        let next = self.runs.last().map_or(1, |(first, count, _)| first + count);
        match self.runs.last_mut() {
            _ if count == 0 => {}
            Some((_, last, of_last)) if *of_last == generation => *last += count,
            _ => self.runs.push((next, count, generation)),
        }
    }

    /// How many rows there are.
    pub(super) fn stored(&self) -> u64 {
        self.runs.iter().filter(|(.., generation)| generation % 2 == 1).map(|(_, count, _)| u64::from(*count)).sum()
    }

    /// Retires the slots of all rows but of those at these places among the rows, which are in order.
    pub(super) fn retire_but(&mut self, ranks: &[Range<u64>]) {
        let runs = std::mem::take(&mut self.runs);
        let (mut place, mut ranks) = (0, ranks.iter().peekable());
        for (_, count, generation) in runs {
            if generation % 2 == 0 {
                self.push(count, generation);
                continue;
            }
            let behind = place + u64::from(count);
            while place < behind {
                while ranks.next_if(|range| range.end <= place).is_some() {}
                let (until, generation) = match ranks.peek() {
                    Some(range) if range.start <= place => (range.end, generation),
                    Some(range) => (range.start, RETIRED),
                    None => (behind, RETIRED),
                };
                let until = until.min(behind);
                self.push((until - place) as u32, generation);
                place = until;
            }
        }
    }

    /// Whether a row is kept under this slot and generation.
    pub(super) fn holds(&self, slot: u32, generation: u32) -> bool {
        let run = self.runs.partition_point(|(first, ..)| *first <= slot).checked_sub(1);
        run.is_some_and(|run| {
            let (first, count, of_run) = self.runs[run];
            slot - first < count && of_run == generation && generation % 2 == 1
        })
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.runs.iter().map(|&(_, count, generation)| (count, generation))
    }

    pub(super) fn free(&self) -> impl Iterator<Item = u32> {
        self.free.iter().copied()
    }
}
