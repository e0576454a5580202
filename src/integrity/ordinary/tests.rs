//! Which batches are ordinary, that the planner of statements would plan them alike, and what planning them costs in
//! calls of the user's `Hash`.

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::plan_batch;
use crate::index::links::LinkChange;
use crate::index::probes;
use crate::integrity::{Mode, Pending, UniqueChange, plan_rows};
use crate::{Database, Id, Model};

thread_local! {
    static HASHED: Cell<usize> = const { Cell::new(0) };
}

/// A key that counts how often it is hashed, and that has one hash with all others of its residue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Number {
    value: u32,
    hashes: u32,
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHED.set(HASHED.get() + 1);
        state.write_u32(self.value % self.hashes);
    }
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Shelf {
    #[model(primary_key)]
    number: Number,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(primary_key(shelf_number, place))]
struct Book {
    #[model(belongs_to(Shelf, name = shelf))]
    shelf_number: Number,
    place: u32,
    #[model(unique)]
    isbn: Option<u32>,
    #[model(belongs_to)]
    borrowed_with_id: Option<Id<Book>>,
    #[model(belongs_to(Book, name = sequel, key_to = isbn))]
    sequel_isbn: Option<u32>,
}

/// How many different hashes the numbers have: as many as numbers, and few.
const HASHES: [u32; 2] = [u32::MAX, 3];

fn library(shelves: u32, hashes: u32) -> Database {
    let mut db = Database::builder().model::<Shelf>().model::<Book>().build().unwrap();
    let shelves = (0..shelves).map(|value| Shelf { number: Number { value, hashes } });
    db.insert_many(shelves.collect::<Vec<_>>()).unwrap();
    db
}

fn book(value: u32, place: u32, hashes: u32) -> Book {
    let shelf_number = Number { value, hashes };
    Book { shelf_number, place, isbn: None, borrowed_with_id: None, sequel_isbn: None }
}

/// Books that fit: several blocks of them, on shelves below 50.
fn books(count: u32, hashes: u32) -> Vec<Book> {
    let isbn = |n| (n % 3 > 0).then_some(n);
    (0..count).map(|n| Book { isbn: isbn(n), ..book(n * 7 % 50, n / 50, hashes) }).collect()
}

/// Whether a batch is ordinary. Where it is, proves that the planner of statements would do the same.
fn is_ordinary(db: &Database, rows: &[Book]) -> bool {
    let position = db.store.position::<Book>().unwrap();
    let keys = db.store.table::<Book>().unwrap().rows.upcoming_keys(rows.len()).unwrap();
    let (plan, faults) = plan_rows(&db.store, position, Pending::new_rows(rows, &keys), Mode::Checked, usize::MAX);
    let Some(batch) = plan_batch(&db.store, position, rows, &keys) else { return false };
    assert!(faults.count == 0, "{faults:?}");
    assert!(plan.relinks.is_empty() && plan.lists.is_empty());
    let targets: Vec<LinkChange> = batch.targets.concat().into_iter().map(LinkChange::To).collect();
    assert_eq!(targets[..], plan.links[..]);
    for (unique, new) in batch.uniques.iter().enumerate() {
        let mut entered: Vec<_> = new.iter().map(|(hash, key)| (key, hash)).collect();
        entered.sort_unstable();
        let hash_of = |change: &UniqueChange| change.new;
        let changes = plan.uniques[unique * rows.len()..][..rows.len()].iter().map(hash_of);
        let mut expected: Vec<_> = keys.iter().zip(changes).filter_map(|(key, hash)| Some((*key, hash?))).collect();
        expected.sort_unstable();
        assert_eq!(entered, expected);
    }
    true
}

/// Into an empty table, then beside other rows: what is in the batch, and what is stored, is told apart from it.
#[test]
fn what_is_ordinary_is_planned_as_the_planner_of_statements_would() {
    for hashes in HASHES {
        let mut db = library(50, hashes);
        let first = books(600, hashes);
        let (now, later) = first.split_at(300);
        for (stored, rows) in [(&[][..], now), (now, later)] {
            db.insert_many(stored.to_vec()).unwrap();
            assert!(is_ordinary(&db, rows));
            assert!(is_ordinary(&db, &rows[..1]) && is_ordinary(&db, &[]));
            let with = |place: usize, change: &dyn Fn(&mut Book)| {
                let mut rows = rows.to_vec();
                change(&mut rows[place]);
                is_ordinary(&db, &rows)
            };
            for place in [0, 255, 256, 299] {
                assert!(with(place, &|book| book.isbn = Some(9999)));
                assert!(with(place, &|book| book.isbn = None));
                let twin = &rows[if place == 256 { 1 } else { 256 }];
                assert!(!with(place, &|book| book.isbn = twin.isbn), "a key twice in the batch");
                assert!(!with(place, &|book| (book.shelf_number, book.place) = (twin.shelf_number, twin.place)));
                assert!(!with(place, &|book| book.shelf_number.value = 50), "a target that is missing");
                assert!(!with(place, &|book| book.borrowed_with_id = Some(Id::null())));
                assert!(!with(place, &|book| book.sequel_isbn = twin.isbn), "a target in the batch");
                if let Some(taken) = stored.last() {
                    assert!(!with(place, &|book| book.isbn = taken.isbn), "a key that is taken");
                    assert!(with(place, &|book| book.sequel_isbn = taken.isbn));
                    assert!(with(place, &|book| book.borrowed_with_id = db.iter::<Book>().next().map(|(id, _)| id)));
                }
            }
        }
    }
}

/// A row that somebody waits for is linked with them: that is not ordinary. When nobody waits any more, it is.
#[test]
fn rows_that_are_waited_for_are_not_ordinary() {
    let mut db = library(1, u32::MAX);
    let sequel = Book { isbn: Some(7), ..book(0, 1, u32::MAX) };
    let mut tx = db.begin_deferred().unwrap();
    tx.insert(Book { sequel_isbn: Some(7), ..book(0, 0, u32::MAX) }).unwrap();
    assert!(!is_ordinary(&tx, &[sequel.clone(), book(0, 2, u32::MAX)]));
    tx.insert_many([sequel, book(0, 2, u32::MAX)]).unwrap();
    assert!(is_ordinary(&tx, &[book(0, 3, u32::MAX), book(0, 4, u32::MAX)]));
    tx.commit().unwrap();
    assert_eq!(db.check(), Ok(()));
}

/// In slots that were used before, too; only that rows with one hash are told apart by the planner of statements there.
#[test]
fn slots_that_are_used_again_are_ordinary_where_no_two_hashes_are_the_same() {
    for hashes in HASHES {
        let mut db = library(50, hashes);
        let ids = db.insert_many(books(600, hashes)).unwrap();
        for id in &ids[100..140] {
            db.delete(*id).unwrap();
        }
        // 40 slots are used again, 20 are new.
        let mut rows: Vec<Book> = books(620, hashes).split_off(600);
        rows.extend(books(140, hashes).split_off(100));
        assert_eq!(is_ordinary(&db, &rows), hashes == u32::MAX);
        let new = db.insert_many(rows.clone()).unwrap();
        assert_eq!(db.check(), Ok(()));
        assert!(new[0] == db.find(Book::BY_SHELF_NUMBER_PLACE, (&rows[0].shelf_number, &rows[0].place)).unwrap().0);
        assert!(!is_ordinary(&db, &rows));
    }
}

/// Each key is hashed once, and each table is probed once for it: the own one not even that while it is empty.
#[test]
fn a_key_is_hashed_once() {
    let mut db = library(50, u32::MAX);
    let rows = books(600, u32::MAX);
    let (first, second) = rows.split_at(300);
    let isbns = second.iter().filter(|book| book.isbn.is_some()).count();
    for (rows, own) in [(first, 0), (second, 300 + isbns)] {
        let before = HASHED.get();
        let (_, probed) = probes::during(|| assert!(db.insert_many(rows.to_vec()).is_ok()));
        assert_eq!(HASHED.get() - before, 300 + 300, "its own key, and that of its shelf");
        assert_eq!(probed, 300 + own);
    }
}

/// Where keys stand twice, a batch is linked to the row in the lower slot, as a single row is.
#[test]
fn of_keys_that_stand_twice_the_one_in_the_lower_slot_is_found() {
    let mut db = library(1, u32::MAX);
    let twin = |place| Book { isbn: Some(7), ..book(0, place, u32::MAX) };
    let ids = db.insert_many_unchecked([book(0, 0, u32::MAX), twin(1), twin(2)]).unwrap();
    db.delete(ids[0]).unwrap();
    let lowest = db.insert_many_unchecked([twin(3)]).unwrap()[0];
    let rows: Vec<Book> = (10..20).map(|place| Book { sequel_isbn: Some(7), ..book(0, place, u32::MAX) }).collect();
    assert!(is_ordinary(&db, &rows));
    let sequels = db.insert_many(rows).unwrap();
    for sequel in sequels {
        assert_eq!(db.row(sequel).unwrap().0.target(Book::SEQUEL).unwrap().map(|row| row.id()), Some(lowest));
    }
}
