// behaviour R51, fault B2: a list of ids is a collection that has an order and holds ids alone; what cannot lose an id
// is not cleared.

use std::collections::{BTreeMap, HashSet};

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Song {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Playlist {
    #[model(references_many)]
    song_ids: HashSet<Id<Song>>,
    #[model(references_many)]
    rated_ids: BTreeMap<Id<Song>, u8>,
    #[model(references_many)]
    pair_ids: Vec<(Id<Song>, u8)>,
    #[model(references_many, on_delete = set_null)]
    best_ids: [Id<Song>; 3],
}

fn main() {}
