//! Lists in a file: what comes back, and what is refused.

use relata::{Database, Id, SnapshotError};

use super::{Album, Playlist, Song, forged, listers, models, of, shelf};
use crate::snapshot::bytes::{DEFAULTS, File, LISTERS, ORDER, ROWS, define, id, raw_id, row};
use crate::support::state;

/// Tables as [`models`] registers them.
const PLAYLIST: u32 = 0;
const ALBUM: u32 = 2;

/// Three lists; the first has come to the song `b` last.
fn saved() -> (Vec<u8>, Vec<Id<Song>>, Vec<Id<Playlist>>) {
    let (mut db, s) = shelf();
    let lists = db.insert_many([of(&[s[0]]), of(&[s[1], s[0], s[1]]), of(&[s[1]])]).unwrap();
    db.update(lists[0], |row| row.song_ids = vec![s[1], s[1], s[0]]).unwrap();
    db.insert(Album { tracks: vec![s[3]] }).unwrap();
    (state(&db), s, lists)
}

fn refusal(file: &File) -> String {
    match models().load_from(&file.bytes()[..]) {
        Ok(db) => panic!("loaded: {db:?}"),
        Err(error) => error.to_string(),
    }
}

// behaviour R54: "That order survives save and load."
#[test]
fn a_load_brings_lists_and_listers_back() {
    let (bytes, s, lists) = saved();
    let mut db = models().load_from(&bytes[..]).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.get(lists[0]).unwrap().song_ids, [s[1], s[1], s[0]]);
    assert_eq!(listers(&db, s[1]), [lists[1], lists[2], lists[0]]);
    assert_eq!(listers(&db, s[0]), [lists[0], lists[1]]);
    assert!(state(&db) == bytes, "the same bytes again");
    // Everything goes on: links can be undone.
    db.delete(s[1]).unwrap();
    assert_eq!(db.get(lists[0]).unwrap().song_ids, [s[0]]);
    assert!(db.delete(s[3]).is_err());
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn the_order_of_listers_is_what_its_description_says() {
    let (bytes, ..) = saved();
    let file = File::parse(&bytes);
    let item = |source| [0_u32.to_le_bytes().to_vec(), 2_u32.to_le_bytes().to_vec(), raw_id(source, 1)].concat();
    assert_eq!(file.content(LISTERS, PLAYLIST), [item(2), item(3), item(1)].concat());
    assert!(file.content(LISTERS, ALBUM).is_empty());
}

/// HOSTILE 25: Checksums right but content wrong
#[test]
fn content_that_is_wrong_is_refused() {
    let (bytes, ..) = saved();
    // A list with an id that names no row.
    let mut file = File::parse(&bytes);
    file.set(ROWS, ALBUM, 1, [define(2, &["tracks"]), row(2, &[vec![0xf1], id(9, 1)])].concat());
    assert_eq!(
        refusal(&file),
        "1 violation(s), the first: Album 1v1: `Album`.tracks: no `Song` with id 9v1 (`tracks[0]`): never existed"
    );
    // An order that names a relation, a target or a source that is not there.
    for (item, what) in [
        ([[7, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], "there is no list of ids at place 7"),
        ([[0, 0, 0, 0], [9, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], "slot 1 does not list slot 9"),
        ([[0, 0, 0, 0], [2, 0, 0, 0], [9, 0, 0, 0], [1, 0, 0, 0]], "slot 9 does not list slot 2"),
        ([[0, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0], [3, 0, 0, 0]], "slot 1 does not list slot 2"),
        ([[0, 0, 0, 0], [4, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], "slot 1 does not list slot 4"),
    ] {
        let mut file = File::parse(&bytes);
        file.set(LISTERS, PLAYLIST, 1, item.concat());
        assert_eq!(refusal(&file), format!("the order of listers of `Playlist` cannot be: {what}"));
    }
    // A list has no default target.
    let mut file = File::parse(&bytes);
    file.set(DEFAULTS, ALBUM, 1, [vec![0; 4], raw_id(1, 1)].concat());
    assert_eq!(refusal(&file), "the default targets of `Album` cannot be: no relation at place 0 refers by id");
    // Nor is an order of children one of listers.
    let mut file = File::parse(&bytes);
    file.set(ORDER, ALBUM, 1, [vec![0; 4], raw_id(1, 1)].concat());
    assert_eq!(refusal(&file), "the order of children of `Album` cannot be: there is no relation at place 0");
    // Whatever is listed twice, the outcome is an order of those that are there.
    let mut file = File::parse(&bytes);
    let listers = file.content(LISTERS, PLAYLIST);
    file.set(LISTERS, PLAYLIST, 6, [&listers[..], &listers].concat());
    let db = models().load_from(&file.bytes()[..]).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert!(state(&db) == bytes);
}

/// HOSTILE 22: Another schema -> SchemaMismatch naming table and field.
#[test]
fn a_list_is_no_key() {
    use relata::{Action, Column, ListRelation, Model, Relation, Visitor};
    use serde::{Deserialize, Serialize};

    /// A model of one field that is what `LIST` says: the same file for both, but for the schema.
    #[derive(Clone, Serialize, Deserialize)]
    struct Of<const LIST: bool>(Vec<Id<Of<LIST>>>);
    #[derive(Clone, Copy)]
    struct Own<const LIST: bool>;

    impl<const LIST: bool> ListRelation for Own<LIST> {
        type Source = Of<LIST>;
        type Target = Of<LIST>;
        type List = Vec<Id<Of<LIST>>>;
        const NAME: &'static str = "own";
        const FIELD: &'static str = "own";
        const INDEX: usize = 0;

        fn list(row: &Of<LIST>) -> &Vec<Id<Of<LIST>>> {
            &row.0
        }
        fn list_mut(row: &mut Of<LIST>) -> &mut Vec<Id<Of<LIST>>> {
            &mut row.0
        }
    }
    impl<const LIST: bool> Relation for Own<LIST> {
        type Source = Of<LIST>;
        type Target = Of<LIST>;
        type Presence = relata::Optional;
        type Reference = relata::ById<Of<LIST>>;
        const NAME: &'static str = "own";
        const FIELDS: &'static [&'static str] = &["own"];
        const INDEX: usize = 0;
        const ON_DELETE: Action = Action::Restrict;

        fn key(row: &Of<LIST>) -> Option<Id<Of<LIST>>> {
            row.0.first().copied()
        }
        fn assign(row: &mut Of<LIST>, key: Option<Id<Of<LIST>>>) {
            row.0 = key.into_iter().collect();
        }
    }
    impl<const LIST: bool> Model for Of<LIST> {
        const NAME: &'static str = "Of";
        const COLUMNS: &'static [Column] = &[Column { name: "own", external_name: "own", type_name: "_" }];

        fn declare<V: Visitor<Self>>(visitor: &mut V) {
            if LIST {
                visitor.references_many::<Own<LIST>>();
            } else {
                visitor.belongs_to::<Own<LIST>>();
            }
        }
    }

    let mut lists = Database::builder().model::<Of<true>>().build().unwrap();
    lists.insert_with(|id: Id<Of<true>>| Of(vec![id, id])).unwrap();
    let refused = Database::builder().model::<Of<false>>().load_from(&state(&lists)[..]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`Of`.own: it is a list of ids in the snapshot and a single key in this program: raise `version` and give a `migrate`"
    );
}

/// HOSTILE 24: an error within a bounded memory budget: the index of a list is counted.
#[test]
fn lists_are_within_the_memory_limit() {
    let (mut db, s) = shelf();
    db.insert(of(&vec![s[0]; 100_000])).unwrap();
    let bytes = state(&db);
    let load = |limit| models().memory_limit(limit).load_from(&bytes[..]);
    assert!(matches!(load(2_000_000), Err(SnapshotError::OverBudget { .. })));
    assert_eq!(load(8_000_000).unwrap().children(s[0], Song::PLAYLISTS).unwrap().len(), 1);
}

/// A database in which an id names no row cannot be saved.
#[test]
fn a_list_that_dangles_is_not_saved() {
    let (mut db, _) = shelf();
    db.insert_many_unchecked([of(&[forged("9v1")])]).unwrap();
    let refused = db.save_to(&mut Vec::new()).unwrap_err();
    assert!(refused.to_string().contains("(`song_ids[0]`)"), "{refused}");
    let other: Database = models().build().unwrap();
    assert!(other.save_to(&mut Vec::new()).is_ok());
}
