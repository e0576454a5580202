//! The place of a row among the children of its owner.

use relata::{Changed, Database, Error, Id, Model, Overflow, Watch};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tracks: Track))]
struct Album {
    title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Track {
    #[model(belongs_to)]
    album_id: Option<Id<Album>>,
}

fn shelf() -> (Database, [Id<Album>; 2], Vec<Id<Track>>) {
    let mut db = Database::builder().model::<Album>().model::<Track>().build().unwrap();
    let albums = ["Low", "Lodger"].map(|title| db.insert(Album { title: title.into() }).unwrap());
    let tracks = db.insert_many(vec![Track { album_id: Some(albums[0]) }; 12]).unwrap();
    (db, albums, tracks)
}

fn order(db: &Database, album: Id<Album>) -> Vec<Id<Track>> {
    db.children(album, Album::TRACKS).unwrap().map(|(id, _)| id).collect()
}

// fault B10, behaviour R76: "A row can be placed before another of the same owner, or last; no key changes, and that order
// survives as the one of joining does."
#[test]
fn a_row_is_placed_among_its_siblings() {
    let (mut db, [low, _], tracks) = shelf();
    let mut naive = tracks.clone();
    db.keep_history(1_000).unwrap();
    let mut past = vec![naive.clone()];
    let mut seed = 7_usize;
    for _ in 0..200 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (moved, other) = (tracks[(seed >> 33) % 12], tracks[(seed >> 40) % 13 % 12]);
        let before = naive.clone();
        let was = naive.iter().position(|id| *id == moved).unwrap();
        naive.remove(was);
        if moved == other {
            db.place_last(moved, Track::ALBUM).unwrap();
            naive.push(moved);
        } else {
            db.place_before(moved, Track::ALBUM, other).unwrap();
            naive.insert(naive.iter().position(|id| *id == other).unwrap(), moved);
        }
        assert_eq!((order(&db, low), db.check()), (naive.clone(), Ok(())));
        // What is there already is no step.
        if naive != before {
            past.push(naive.clone());
        }
        assert_eq!(db.history().0, past.len() - 1);
    }
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    let builder = Database::builder().model::<Album>().model::<Track>();
    assert_eq!(order(&builder.load_from(&bytes[..]).unwrap(), low), naive);
    while db.history().0 > 0 {
        past.pop();
        assert!(db.undo().unwrap());
        assert_eq!(order(&db, low), *past.last().unwrap());
    }
}

// fault B10: what cannot be placed
#[test]
fn a_row_is_placed_within_its_owner_only() {
    let (mut db, [low, lodger], tracks) = shelf();
    let other = db.insert(Track { album_id: Some(lodger) }).unwrap();
    let loose = db.insert(Track { album_id: None }).unwrap();
    let error = refused(&mut db, |db| db.place_before(tracks[0], Track::ALBUM, other));
    assert_eq!(error.to_string(), "Track 1v1 does not belong to Album 2v1 over `Track`.album");
    let no_target = Error::NoTarget { row: loose.erase(), relation: "album" };
    assert_eq!(refused(&mut db, |db| db.place_before(tracks[0], Track::ALBUM, loose)), no_target);
    assert_eq!(refused(&mut db, |db| db.place_last(loose, Track::ALBUM)), no_target);
    let error = refused(&mut db, |db| db.place_before(loose, Track::ALBUM, other));
    assert!(matches!(error, Error::NotOwned { .. }), "{error}");
    assert!(matches!(db.place_last(Id::null(), Track::ALBUM), Err(Error::NotFound { .. })));
    // In a transaction, and told to those who listen.
    let feed = db.subscribe(Watch::relation(Track::ALBUM), 9, Overflow::Drop).unwrap();
    db.transaction(|tx| tx.place_last(tracks[0], Track::ALBUM)).unwrap();
    let (row, album) = (tracks[0].erase(), Some(low.erase()));
    let told = Changed::Related { row, relation: "album", from: album, to: album };
    assert_eq!(feed.try_recv().unwrap().changes, [told]);
}
