//! Bringing an arena back with every slot, generation and future id as it was.
//!
//! slotmap has no call for that but `Deserialize`. So the slots come in through a deserializer written for this one
//! shape: a sequence of (row, generation) pairs. Deserialised, slotmap would chain its free slots in an order of its
//! own; therefore none is free when it arrives: vacant slots come in as occupied by nothing in the generation before,
//! and are then removed in the order in which they were freed.

use serde::de::value::{Error as DeError, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use slotmap::{DefaultKey, SlotMap};

use super::{Arena, RestoredSlot};
use crate::id::{key_from_parts, slot_of, version_of};

pub(super) fn arena<M>(slots: Vec<RestoredSlot<M>>, free: Vec<DefaultKey>) -> Result<Arena<M>, String> {
    let _ = (slots, free);
    Err("not yet".to_owned())
}
