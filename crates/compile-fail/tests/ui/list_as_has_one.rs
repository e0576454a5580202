// The inverse of a list of ids is has_many: a row may be in any number of lists.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_one(playlist: Playlist))]
struct Song {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Playlist {
    #[model(references_many)]
    song_ids: Vec<Id<Song>>,
}

fn main() {}
