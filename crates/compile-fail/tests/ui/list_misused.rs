// What is said of lists of ids, and what is not.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Song {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Playlist {
    song_ids: Vec<Id<Song>>,
    #[model(references_many)]
    best: Id<Song>,
    #[model(references_many)]
    titles: Vec<String>,
    #[model(belongs_to, references_many)]
    both: Vec<Id<Song>>,
    #[model(references_many(Song), name = named)]
    named_ids: Vec<Id<Song>>,
    #[model(references_many, key_to = title, on_update = cascade, deferred, default = None)]
    keyed_ids: Vec<Id<Song>>,
    #[model(references_many, on_delete = no_action)]
    waiting_ids: Vec<Id<Song>>,
    #[model(references_many, on_delete = set_default)]
    default_ids: Vec<Id<Song>>,
    #[model(references_many, plain)]
    plain_ids: Vec<Id<Song>>,
    #[model(references_many)]
    get: Vec<Id<Song>>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(references_many)]
struct Album {
    #[model(references_many, name = songs)]
    first_ids: Vec<Id<Song>>,
    #[model(references_many)]
    song_ids: Vec<Id<Song>>,
}

fn main() {}
