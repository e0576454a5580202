// Rows are not created through a row that they list: they list it themselves.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(playlists: Playlist))]
struct Song {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Playlist {
    #[model(references_many)]
    song_ids: Vec<Id<Song>>,
}

fn create(db: &mut Database, song: Id<Song>) -> Result<(), Error> {
    db.create(song, Song::PLAYLISTS, |song| Playlist { song_ids: vec![song] })?;
    Ok(())
}

fn main() {}
