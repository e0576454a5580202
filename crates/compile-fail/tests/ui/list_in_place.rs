// behaviour R56: a list is a key: it is not changed in place.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Song {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Playlist {
    #[model(references_many)]
    song_ids: Vec<Id<Song>>,
}

fn change(db: &mut Database, list: Id<Playlist>, song: Id<Song>) -> Result<(), Error> {
    db.get_mut(list)?.song_ids.push(song);
    Ok(())
}

fn main() {}
