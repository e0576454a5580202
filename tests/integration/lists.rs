//! Lists of ids with their order kept: references_many (behaviours R51 to R57).

mod declared;
mod panics;
mod snapshot;
mod walk;

use relata::{Action, Database, DatabaseBuilder, DeletePlan, Error, Id, Missing, Model, Overflow, Watch};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(playlists: Playlist), has_many(albums: Album))]
struct Song {
    title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(listed_by: Playlist, via = others))]
struct Playlist {
    name: String,
    #[model(references_many, on_delete = set_null)]
    song_ids: Vec<Id<Song>>,
    #[model(references_many(name = others), on_delete = cascade)]
    playlists: Vec<Id<Playlist>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Album {
    #[model(references_many)]
    tracks: Vec<Id<Song>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Playlist>().model::<Song>().model::<Album>()
}

/// Four songs, `a` to `d`.
fn shelf() -> (Database, Vec<Id<Song>>) {
    let mut db = models().build().unwrap();
    let songs = ["a", "b", "c", "d"].map(|title| Song { title: title.into() });
    let songs = db.insert_many(songs).unwrap();
    (db, songs)
}

fn of(song_ids: &[Id<Song>]) -> Playlist {
    Playlist { name: String::new(), song_ids: song_ids.to_vec(), playlists: Vec::new() }
}

fn of_lists(playlists: &[Id<Playlist>]) -> Playlist {
    Playlist { playlists: playlists.to_vec(), ..of(&[]) }
}

fn titles<'a>(songs: impl Iterator<Item = (Id<Song>, &'a Song)>) -> String {
    songs.map(|(_, song)| song.title.as_str()).collect()
}

/// Who lists a song.
fn listers(db: &Database, song: Id<Song>) -> Vec<Id<Playlist>> {
    db.children(song, Song::PLAYLISTS).unwrap().map(|(id, _)| id).collect()
}

/// An id that no row has had.
fn forged<M>(text: &str) -> Id<M> {
    text.parse().unwrap()
}

// behaviour R51: "A list of ids is a relation; every id in it names a stored row. The list may be empty and may name a
// row several times; a row may list itself, and rows of one batch may list each other."
mod every_id_names_a_row {
    use super::*;

    #[test]
    fn else_the_list_is_refused_and_the_error_names_the_element() {
        let (mut db, s) = shelf();
        let gone = db.insert(Song { title: "gone".into() }).unwrap();
        db.delete(gone).unwrap();
        let why = [
            (gone, "`Playlist`.songs: no `Song` with id 5v1 (`song_ids[1]`): removed"),
            (Id::null(), "`Playlist`.songs: no `Song` with id null (`song_ids[1]`): the null id"),
            (forged("9v1"), "`Playlist`.songs: no `Song` with id 9v1 (`song_ids[1]`): never existed"),
        ];
        // HOSTILE 2: forged, null or deserialised id
        for (id, message) in why {
            let error = refused(&mut db, |db| db.insert(of(&[s[0], id, s[1]])));
            assert_eq!(error.to_string(), message);
            assert!(matches!(error, Error::ForeignKeyViolation { row: None, relation: "songs", .. }));
        }
        let list = db.insert(of(&[s[0]])).unwrap();
        let error = refused(&mut db, |db| db.update(list, |row| row.song_ids.push(gone)));
        assert!(
            matches!(error, Error::ForeignKeyViolation { row: Some(row), why: Missing::Removed, .. } if row == list.erase())
        );
        refused(&mut db, |db| db.replace(list, of(&[gone])));
        refused(&mut db, |db| db.set(list, Playlist::FIELDS.song_ids, vec![gone]));
        // The id of another generation of a slot in use.
        let again = db.insert(Song { title: "again".into() }).unwrap();
        assert_eq!(again.to_string(), "5v3");
        let error = refused(&mut db, |db| db.update(list, |row| row.song_ids.push(gone)));
        assert!(error.to_string().ends_with("removed; the slot is now v3"), "{error}");
    }

    #[test]
    fn a_batch_reports_every_element_of_every_row() {
        let (mut db, s) = shelf();
        let (bad, worse) = (forged("8v1"), forged("9v1"));
        let error = refused(&mut db, |db| db.insert_many([of(&[bad, s[0], bad]), of(&[s[1]]), of(&[s[2], worse])]));
        let Error::BatchRefused { rows: 3, violations, .. } = error else { panic!("{error}") };
        let said: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let of_batch = |row, id, element| {
            format!("batch[{row}]: `Playlist`.songs: no `Song` with id {id} (`song_ids[{element}]`): never existed")
        };
        assert_eq!(said, [of_batch(0, "8v1", 0), of_batch(0, "8v1", 2), of_batch(2, "9v1", 1)]);
    }

    #[test]
    fn empty_lists_repeats_itself_and_each_other() {
        let (mut db, s) = shelf();
        let empty = db.insert(of(&[])).unwrap();
        assert_eq!(db.related(empty, Playlist::SONGS).unwrap().count(), 0);
        let twice = db.insert(of(&[s[1], s[1], s[0], s[1]])).unwrap();
        assert_eq!(titles(db.related(twice, Playlist::SONGS).unwrap()), "bbab");
        let itself = db.insert_with(|id| of_lists(&[id, id])).unwrap();
        assert_eq!(
            db.related(itself, Playlist::OTHERS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(),
            [itself, itself]
        );
        let ring =
            db.insert_many_with(3, |ids| (0..3).map(|i| of_lists(&[ids[(i + 1) % 3], ids[i]])).collect()).unwrap();
        let next = |id| db.related(id, Playlist::OTHERS).unwrap().next().unwrap().0;
        assert_eq!([next(ring[0]), next(ring[1]), next(ring[2])], [ring[1], ring[2], ring[0]]);
        assert_eq!(db.check(), Ok(()));
        // A batch may not name ids beyond its own.
        let beyond =
            refused(&mut db, |db| db.insert_many_with(2, |ids| vec![of_lists(&[ids[1]]), of_lists(&[forged("99v1")])]));
        assert!(matches!(beyond, Error::BatchRefused { .. }));
    }

    #[test]
    fn a_reserved_id_may_be_listed_inside_a_transaction() {
        let (mut db, s) = shelf();
        let early: Id<Song> = db.reserve().unwrap();
        assert!(matches!(db.insert(of(&[early])), Err(Error::ForeignKeyViolation { why: Missing::Reserved, .. })));
        let mut tx = db.begin().unwrap();
        let list = tx.insert(of(&[s[0], early])).unwrap();
        // Following it is an error until it is filled.
        let broken = tx.related(list, Playlist::SONGS).unwrap_err();
        assert_eq!(broken.to_string(), "Playlist 1v1: the target of `songs` is missing: id 5v1 (`song_ids[1]`)");
        assert!(matches!(tx.cancel(early), Err(Error::RestrictViolation { .. })));
        let refused = tx.commit().unwrap_err();
        assert_eq!(refused.violations, [Error::Unfilled { row: early.erase() }]);
        let mut tx = refused.into_transaction();
        tx.insert_at(early, Song { title: "e".into() }).unwrap();
        tx.commit().unwrap();
        assert_eq!(titles(db.related(list, Playlist::SONGS).unwrap()), "ae");
        assert_eq!(listers(&db, early), [list]);
        assert_eq!(db.check(), Ok(()));
        // A promise that is taken back is not asked for.
        let mut tx = db.begin().unwrap();
        let other: Id<Song> = tx.reserve().unwrap();
        tx.update(list, |row| row.song_ids.push(other)).unwrap();
        tx.update(list, |row| row.song_ids.truncate(1)).unwrap();
        tx.cancel(other).unwrap();
        tx.commit().unwrap();
        assert_eq!(db.check(), Ok(()));
    }
}

// behaviour R52: "Where checks are deferred an id may name no row until the commit, which names each that does not."
#[test]
fn deferred_elements_wait_for_their_rows() {
    let (mut db, s) = shelf();
    let mut tx = db.begin_deferred().unwrap();
    let early = forged::<Song>("5v1");
    let list = tx.insert(of(&[early, s[0], early])).unwrap();
    tx.savepoint(|tx| {
        tx.update(list, |row| row.song_ids.push(forged("6v1")))?;
        Err::<(), Error>(Error::TransactionOpen)
    })
    .unwrap_err();
    // behaviour I10: "Reading over a relation with standing violations gives an error, never a panic."
    assert!(matches!(tx.related(list, Playlist::SONGS), Err(Error::Unresolved { relation: "songs", .. })));
    let refused = tx.commit().unwrap_err();
    let said: Vec<String> = refused.violations.iter().map(ToString::to_string).collect();
    let missing = |element| {
        format!("Playlist 1v1: `Playlist`.songs: no `Song` with id 5v1 (`song_ids[{element}]`): never existed")
    };
    assert_eq!(said, [missing(0), missing(2)]);
    let mut tx = refused.into_transaction();
    let song = tx.insert(Song { title: "e".into() }).unwrap();
    assert_eq!(song, early);
    tx.commit().unwrap();
    assert_eq!(titles(db.related(list, Playlist::SONGS).unwrap()), "eae");
    assert_eq!(listers(&db, early), [list]);
    assert_eq!(db.check(), Ok(()));
    // Rolled back, nothing waits any more.
    let before = state(&db);
    let mut tx = db.begin_deferred().unwrap();
    tx.update(list, |row| row.song_ids = vec![forged("6v1")]).unwrap();
    drop(tx);
    assert!(state(&db) == before);
    db.insert(Song { title: "f".into() }).unwrap();
    assert_eq!(listers(&db, forged("6v1")), []);
    assert_eq!(db.check(), Ok(()));
}

// behaviour R53: "Following a list gives its rows in its order, each as often as it is there; scopes, nesting and
// recursion apply as to has_many."
mod following {
    use super::*;

    #[test]
    fn in_the_order_of_the_list_with_its_repeats() {
        let (mut db, s) = shelf();
        let one = db.insert(of(&[s[2], s[0], s[2], s[1]])).unwrap();
        let songs = db.related(one, Playlist::SONGS).unwrap();
        assert_eq!(songs.len(), 4);
        assert_eq!(titles(songs.clone()), "cacb");
        assert_eq!(titles(songs.rev()), "bcac");
        db.update(one, |row| row.song_ids.reverse()).unwrap();
        assert_eq!(titles(db.related(one, Playlist::SONGS).unwrap()), "bcac");
        let walked: String = db.row(one).unwrap().songs().unwrap().map(|song| song.title.clone()).collect();
        assert_eq!(walked, "bcac");
        assert_eq!(db.check(), Ok(()));
        assert!(matches!(db.related(forged("7v1"), Playlist::SONGS), Err(Error::NotFound { .. })));
    }

    #[test]
    fn many_rows_in_one_pass_with_scopes_and_nesting() {
        let (mut db, s) = shelf();
        let lists: Vec<Id<Playlist>> =
            (0..600).map(|i| db.insert(of(&[s[i % 4], s[0], s[(i + 1) % 4]])).unwrap()).collect();
        let pairs = db.include(&lists, Playlist::SONGS).to_vec().unwrap();
        // behaviour R29: "One result slot per source row, in source order"
        assert!(pairs.iter().zip(&lists).all(|((id, _), list)| id == list));
        assert_eq!(titles(pairs[5].1.clone()), "bac");
        let last = Playlist::SONGS.order_by(|a, b| b.title.cmp(&a.title)).limit(2);
        let all: Vec<String> = db.include(&lists[..4], last).map(|pair| titles(pair.unwrap().1)).collect();
        assert_eq!(all, ["ba", "cb", "dc", "da"]);
        let kept = Playlist::SONGS.filter(|song| song.title != "a").skip(1);
        let all: Vec<String> = db.include(&lists[..4], kept).map(|pair| titles(pair.unwrap().1)).collect();
        assert_eq!(all, ["", "c", "d", ""]);
        let kept = Playlist::SONGS.filter_by(Song::FIELDS.title.ne("a")).skip(1);
        let all: Vec<String> = db.include(&lists[..4], kept).map(|pair| titles(pair.unwrap().1)).collect();
        assert_eq!(all, ["", "c", "d", ""]);
        // Each song with all who list it: `a` comes twice in the first list, once with each.
        let (_, tree) = db.include(&lists[..1], Playlist::SONGS.with(Song::PLAYLISTS)).next().unwrap().unwrap();
        let counts: Vec<usize> = tree.map(|item| item.unwrap().2.len()).collect();
        assert_eq!(counts, [600, 600, 300]);
        let each = db.related(lists[0], Playlist::SONGS.then(Song::PLAYLISTS.limit(1))).unwrap();
        let first: Vec<Id<Playlist>> = each.map(|item| item.unwrap().next().unwrap().0).collect();
        assert_eq!(first, [lists[0], lists[0], lists[0]]);
        let both = db.related(lists[1], (Playlist::SONGS, Playlist::OTHERS)).unwrap();
        assert_eq!((both.0.len(), both.1.len()), (3, 0));
        // behaviour R40: "An empty input gives an empty result and touches nothing."
        assert!(db.include(&[], Playlist::SONGS).next().is_none());
        // A stale id is an error in its place.
        db.delete(lists[1]).unwrap();
        let mut some = db.include(&lists[..3], Playlist::SONGS).map(|pair| pair.is_ok());
        assert_eq!([some.next(), some.next(), some.next()], [Some(true), Some(false), Some(true)]);
    }

    #[test]
    fn again_and_again_and_cycles_end() {
        let (mut db, _) = shelf();
        let ids = db
            .insert_many_with(4, |ids| {
                vec![of_lists(&[ids[1], ids[2]]), of_lists(&[ids[3], ids[3]]), of_lists(&[ids[3]]), of_lists(&[ids[0]])]
            })
            .unwrap();
        let reached = |path: Vec<(usize, Id<Playlist>)>| path;
        let below =
            db.related(ids[0], Playlist::OTHERS.recursive()).unwrap().map(|(depth, id, _)| (depth, id)).collect();
        assert_eq!(reached(below), [(1, ids[1]), (1, ids[2]), (2, ids[3])]);
        let above = db.related(ids[3], Playlist::LISTED_BY.recursive_to(1)).unwrap();
        assert_eq!(reached(above.map(|(depth, id, _)| (depth, id)).collect()), [(1, ids[1]), (1, ids[2])]);
    }
}

// behaviour R54: "Who lists a row can be asked, each once, in the order in which they came to list it; a change of a list
// keeps the places of its row with those that stay in it. That order survives save and load."
#[test]
fn who_lists_a_row() {
    let (mut db, s) = shelf();
    let one = db.insert(of(&[s[0], s[1], s[0]])).unwrap();
    let two = db.insert(of(&[s[0]])).unwrap();
    assert_eq!(listers(&db, s[0]), [one, two]);
    assert_eq!((db.count(s[0], Song::PLAYLISTS), db.exists(s[2], Song::PLAYLISTS)), (Ok(2), Ok(false)));
    assert_eq!((db.count(one, Playlist::SONGS), db.count(one, Playlist::OTHERS)), (Ok(3), Ok(0)));
    assert_eq!(db.count(one, Playlist::SONGS.filter(|song| song.title == "a")), Ok(2));
    assert_eq!(db.children(s[1], Playlist::SONGS.inverse()).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [one]);
    // Reordered and changed elsewhere it keeps its place; gone and come again it is the last.
    db.update(one, |row| row.song_ids = vec![s[3], s[0]]).unwrap();
    assert_eq!((listers(&db, s[0]), listers(&db, s[1]), listers(&db, s[3])), (vec![one, two], vec![], vec![one]));
    db.update(one, |row| row.song_ids = vec![s[3]]).unwrap();
    db.update(one, |row| row.song_ids = vec![s[0]]).unwrap();
    assert_eq!(listers(&db, s[0]), [two, one]);
    // behaviour R16: "A stale owner is an error, never another row's children."
    db.delete(s[3]).unwrap();
    assert!(db.children(s[3], Song::PLAYLISTS).is_err());
    let walked: Vec<Id<Playlist>> = db.row(s[0]).unwrap().playlists().map(|row| row.id()).collect();
    assert_eq!(walked, [two, one]);
    assert_eq!(db.check(), Ok(()));
}

// behaviour R55: "Deleting a row that is listed is refused (restrict, the default), deletes those who list it (cascade), or
// takes its id out of their lists, every time that it is there, and keeps the order of the rest (set_null)."
mod deleting {
    use super::*;

    #[test]
    fn restrict() {
        let (mut db, s) = shelf();
        let album = db.insert(Album { tracks: vec![s[1], s[1]] }).unwrap();
        let list = db.insert(of(&[s[1]])).unwrap();
        let error = refused(&mut db, |db| db.delete(s[1]));
        assert_eq!(
            error.to_string(),
            "Song 2v1 is referred to by 1 row(s) over `Album`.tracks, the first is Album 1v1: deleting it is restricted"
        );
        assert!(db.plan_delete(s[1]).unwrap().is_blocked());
        db.delete(album).unwrap();
        db.delete(s[1]).unwrap();
        assert_eq!(db.get(list).unwrap().song_ids, []);
        assert_eq!(db.check(), Ok(()));
    }

    #[test]
    fn set_null_takes_it_out_and_keeps_the_order_of_the_rest() {
        let (mut db, s) = shelf();
        let one = db.insert(of(&[s[1], s[0], s[1], s[3], s[1], s[0]])).unwrap();
        let two = db.insert(of(&[s[1]])).unwrap();
        let DeletePlan { removed, changed, .. } = db.plan_delete(s[1]).unwrap();
        let gone = db.delete(s[1]).unwrap();
        assert_eq!((&gone.removed, &gone.changed), (&removed, &changed));
        // behaviour I18: "Rows removed or changed by actions are reported"
        let changed: Vec<_> = changed.iter().map(|key| (key.row, key.relation, key.action)).collect();
        assert_eq!(changed, [one, two].map(|row| (row.erase(), "songs", Action::SetNull)));
        assert_eq!(db.get(one).unwrap().song_ids, [s[0], s[3], s[0]]);
        assert_eq!(db.get(two).unwrap().song_ids, []);
        assert_eq!(listers(&db, s[0]), [one]);
        assert_eq!(db.check(), Ok(()));
        // Its slot is used again by another row, which nobody lists.
        let again = db.insert(Song { title: "again".into() }).unwrap();
        assert_eq!(listers(&db, again), []);
    }

    #[test]
    fn cascade_goes_from_list_to_list_and_ends_on_cycles() {
        let (mut db, s) = shelf();
        let ring = db
            .insert_many_with(3, |ids| {
                (0..3).map(|i| Playlist { song_ids: vec![s[i]], ..of_lists(&[ids[(i + 1) % 3], ids[i]]) }).collect()
            })
            .unwrap();
        let other = db.insert(of(&[s[0]])).unwrap();
        let gone = db.delete(ring[0]).unwrap();
        assert_eq!(gone.removed, [ring[2].erase(), ring[1].erase()]);
        assert_eq!(db.iter::<Playlist>().map(|(id, _)| id).collect::<Vec<_>>(), [other]);
        assert_eq!(listers(&db, s[0]), [other]);
        assert_eq!(db.check(), Ok(()));
        // A row that lists itself alone can be deleted: it goes along with itself.
        let itself = db.insert_with(|id| of_lists(&[id])).unwrap();
        assert_eq!(db.delete(itself).unwrap().removed, []);
        assert_eq!(db.check(), Ok(()));
    }
}

/// A row that is cleared over two of its lists at once, and one that loses several ids in one statement.
#[test]
fn several_rows_go_in_one_statement() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Folder {
        #[model(belongs_to, on_delete = cascade)]
        parent_id: Option<Id<Folder>>,
        #[model(references_many, on_delete = set_null)]
        link_ids: Vec<Id<Folder>>,
        #[model(references_many(on_delete = set_null, name = marked))]
        marks: Vec<Id<Folder>>,
    }
    let mut db = Database::builder().model::<Folder>().build().unwrap();
    let folder = |parent_id, link_ids: &[Id<Folder>], marks: &[Id<Folder>]| Folder {
        parent_id,
        link_ids: link_ids.to_vec(),
        marks: marks.to_vec(),
    };
    let root = db.insert(folder(None, &[], &[])).unwrap();
    let child = db.insert(folder(Some(root), &[root], &[])).unwrap();
    let stays = db.insert(folder(None, &[], &[])).unwrap();
    let lister = db.insert(folder(None, &[child, stays, root, child], &[root, stays, child])).unwrap();
    let gone = db.delete(root).unwrap();
    assert_eq!(gone.removed, [child.erase()]);
    // Each list that has changed is reported once.
    let changed: Vec<_> = gone.changed.iter().map(|key| (key.row, key.relation)).collect();
    assert_eq!(changed, [(lister.erase(), "links"), (lister.erase(), "marked")]);
    assert_eq!(*db.get(lister).unwrap(), folder(None, &[stays], &[stays]));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour F2: "each relation of a row once, with its old and its new target"; of a list of ids each row that it names
#[test]
fn the_feed_tells_who_lists_whom() {
    let (mut db, s) = shelf();
    let feed = db.subscribe(Watch::list(Playlist::SONGS), 100, Overflow::Close).unwrap();
    let seen = || {
        feed.try_iter().map(|commit| commit.changes.iter().map(ToString::to_string).collect()).collect::<Vec<Vec<_>>>()
    };
    let list = db.insert(of(&[s[1], s[0], s[1]])).unwrap();
    db.update(list, |row| row.song_ids.reverse()).unwrap();
    db.update(list, |row| row.song_ids = vec![s[2], s[0]]).unwrap();
    db.delete(s[0]).unwrap();
    let relation = |change: &str| format!("Playlist 1v1.songs: {change}");
    let expected = [
        vec![relation("none -> Song 1v1"), relation("none -> Song 2v1")],
        vec![relation("Song 2v1 -> none"), relation("none -> Song 3v1")],
        vec![relation("Song 1v1 -> none")],
    ];
    assert_eq!(seen(), expected);
    // Within a transaction only what has become of it in the end.
    db.transaction(|tx| {
        tx.update(list, |row| row.song_ids.push(s[3]))?;
        tx.update(list, |row| row.song_ids.clear())
    })
    .unwrap();
    assert_eq!(seen(), [[relation("Song 3v1 -> none")]]);
}

/// A list that is a unique key: taking an id out of it is refused where that makes two lists alike.
#[test]
fn a_list_in_a_unique_key() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Party {
        #[model(unique, references_many, on_delete = set_null)]
        member_ids: Vec<Id<Song>>,
    }
    let mut db =
        Database::builder().model::<Song>().model::<Playlist>().model::<Album>().model::<Party>().build().unwrap();
    let [a, b] = ["a", "b"].map(|title| db.insert(Song { title: title.into() }).unwrap());
    let both = db.insert(Party { member_ids: vec![a, b] }).unwrap();
    let one = db.insert(Party { member_ids: vec![b] }).unwrap();
    let error = refused(&mut db, |db| db.delete(a));
    assert!(matches!(error, Error::UniqueViolation { model: "Party", .. }), "{error}");
    assert!(db.insert(Party { member_ids: vec![a, b] }).is_err());
    db.insert(Party { member_ids: vec![b, a] }).unwrap();
    db.delete(one).unwrap();
    let error = refused(&mut db, |db| db.delete(a));
    assert!(matches!(error, Error::UniqueViolation { .. }), "both lists would be of b alone: {error}");
    assert_eq!(db.get(both).unwrap().member_ids, [a, b]);
}

// behaviour R56: "A list is a key: it is not changed in place. An equal list runs no check."
#[test]
fn a_list_is_not_changed_in_place() {
    let (mut db, s) = shelf();
    let list = db.insert(of(&[s[0]])).unwrap();
    let view = db.get_mut(list).unwrap();
    *view.name = "renamed".into();
    let songs: &Vec<Id<Song>> = view.song_ids;
    assert_eq!(songs, &[s[0]]);
    assert_eq!(db.get(list).unwrap().name, "renamed");
}

// behaviour R57: "Stored unchecked an id may name no row: `check` names the row, the field and the element, following the
// list is an error, and it is linked when the row comes."
#[test]
fn elements_that_dangle() {
    let (mut db, s) = shelf();
    let (sixth, fifth) = (forged::<Song>("6v1"), forged::<Song>("5v1"));
    let lists = db.insert_many_unchecked([of(&[s[0], sixth, fifth]), of(&[fifth]), of(&[s[0]])]).unwrap();
    let said: Vec<String> = db.check().unwrap_err().iter().map(ToString::to_string).collect();
    let missing = |row, id, element| {
        format!("Playlist {row}: `Playlist`.songs: no `Song` with id {id} (`song_ids[{element}]`): never existed")
    };
    assert_eq!(said, [missing("1v1", "6v1", 1), missing("1v1", "5v1", 2), missing("2v1", "5v1", 0)]);
    assert!(
        matches!(db.check().unwrap_err()[2], Error::ForeignKeyViolation { row: Some(row), .. } if row == lists[1].erase())
    );
    let read: Vec<String> = db
        .include(&lists, Playlist::SONGS)
        .map(|pair| pair.map_or_else(|error| error.to_string(), |(_, songs)| titles(songs)))
        .collect();
    let unresolved =
        |row, id, element| format!("Playlist {row}: the target of `songs` is missing: id {id} (`song_ids[{element}]`)");
    assert_eq!(read, [unresolved("1v1", "6v1", 1), unresolved("2v1", "5v1", 0), "a".to_owned()]);
    let scoped = db.related(lists[0], Playlist::SONGS.limit(1)).map(|songs| songs.len());
    assert!(matches!(scoped, Err(Error::Unresolved { .. })));
    // A violation that stands is no reason to refuse other changes; a new one is.
    db.update(lists[0], |row| row.song_ids = vec![fifth, s[1], sixth, sixth]).unwrap();
    assert!(db.update(lists[0], |row| row.song_ids.push(forged("7v1"))).is_err());
    // Links heal when the missing row comes: in slot order.
    assert_eq!(db.insert(Song { title: "e".into() }).unwrap(), fifth);
    assert_eq!(listers(&db, fifth), [lists[0], lists[1]]);
    assert_eq!(db.check().unwrap_err().len(), 2);
    db.transaction(|tx| tx.insert(Song { title: "f".into() })).unwrap();
    assert_eq!(titles(db.related(lists[0], Playlist::SONGS).unwrap()), "ebff");
    assert_eq!(db.check(), Ok(()));
    db.delete(fifth).unwrap();
    assert_eq!(titles(db.related(lists[0], Playlist::SONGS).unwrap()), "bff");
    // A source with an id that names no row can go.
    let bad = db.insert_many_unchecked([of(&[forged("99v1")])]).unwrap();
    db.delete(bad[0]).unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// behaviour I19: "a rolled-back delete's id resolves again, the same id": and it is listed where it was.
#[test]
fn rolled_back_undone_and_redone() {
    let (mut db, s) = shelf();
    let one = db.insert(of(&[s[1], s[0], s[1]])).unwrap();
    let two = db.insert(of_lists(&[one])).unwrap();
    let three = db.insert(of(&[s[1]])).unwrap();
    let before = state(&db);
    let steps = |db: &mut relata::Transaction<'_>| -> Result<(), Error> {
        db.update(three, |row| row.song_ids.insert(0, s[0]))?;
        db.delete(s[1])?;
        db.insert(of(&[s[3], s[2], s[3]]))?;
        db.delete(one)?;
        Ok(())
    };
    let rolled_back = db.transaction(|tx| {
        steps(tx)?;
        Err::<(), Error>(Error::TransactionOpen)
    });
    assert!(rolled_back.is_err());
    assert_eq!(db.check(), Ok(()));
    assert_eq!((listers(&db, s[1]), listers(&db, s[0])), (vec![one, three], vec![one]));
    assert!(db.contains(two));
    db.keep_history(10).unwrap();
    let rows = |db: &Database| db.iter::<Playlist>().map(|(id, row)| (id, row.clone())).collect::<Vec<_>>();
    let first = rows(&db);
    db.transaction(steps).unwrap();
    let second = rows(&db);
    let listed = listers(&db, s[0]);
    for _ in 0..3 {
        assert!(db.undo().unwrap());
        assert_eq!(rows(&db), first);
        assert_eq!((listers(&db, s[1]), listers(&db, s[0])), (vec![one, three], vec![one]));
        assert_eq!(db.check(), Ok(()));
        assert!(db.redo().unwrap());
        assert_eq!(rows(&db), second);
        assert_eq!(listers(&db, s[0]), listed);
        assert_eq!(db.check(), Ok(()));
    }
    db.undo().unwrap();
    db.keep_history(0).unwrap();
    let restored = models().load_from(&before[..]).unwrap();
    assert_eq!(rows(&db), rows(&restored));
}
