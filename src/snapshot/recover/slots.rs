//! The slots of a table of which rows are lost. They stay runs, so that a few bytes that state billions of slots take
//! no memory.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::arena::{RETIRED, Run, Slots};
use crate::id::SLOTS_END;
use crate::snapshot::sections::u32_at;

/// The slots that the items of the two sections tell of, as far as they are whole. A vacant slot that is not in the
/// free list is retired.
pub(super) fn known(runs: &[&[u8]], free: &[&[u8]]) -> Slots {
    let mut slots = Slots::default();
    let listed: BTreeSet<u32> = free.iter().map(|slot| u32_at(slot, 0)).collect();
    let mut vacant = BTreeSet::new();
    let mut next = 1_u32;
    for run in runs {
        let (count, generation) = (u32_at(run, 0), u32_at(run, 4));
        let Some(behind) = next.checked_add(count).filter(|behind| *behind <= SLOTS_END) else { break };
        if generation % 2 == 1 || generation == RETIRED {
            slots.push(Run { count, generation });
        } else {
            for &slot in listed.range(next..behind) {
                slots.push(Run { count: slot - next, generation: RETIRED });
                slots.push(Run { count: 1, generation });
                vacant.insert(slot);
                next = slot + 1;
            }
            slots.push(Run { count: behind - next, generation: RETIRED });
        }
        next = behind;
    }
    slots.free.extend(free.iter().map(|slot| u32_at(slot, 0)).filter(|slot| vacant.remove(slot)));
    slots
}

/// The same slots, those of rows retired but for these places among the rows, which are in order.
pub(super) fn without_others(slots: &Slots, kept: &[Range<u64>]) -> Slots {
    let mut left = Slots::default();
    left.free.clone_from(&slots.free);
    let (mut place, mut kept) = (0, kept.iter().peekable());
    for run in slots.runs() {
        if run.generation % 2 == 0 {
            left.push(*run);
            continue;
        }
        let behind = place + u64::from(run.count);
        while place < behind {
            while kept.next_if(|range| range.end <= place).is_some() {}
            let (until, generation) = match kept.peek() {
                Some(range) if range.start <= place => (range.end, run.generation),
                Some(range) => (range.start, RETIRED),
                None => (behind, RETIRED),
            };
            let until = until.min(behind);
            left.push(Run { count: (until - place) as u32, generation });
            place = until;
        }
    }
    left
}
