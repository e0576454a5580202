//! Ids in collections of all kinds, and ids that no declaration shows.

#![expect(clippy::disallowed_types, reason = "what a user's own type may hold")]
#![expect(clippy::box_collection, reason = "the same")]

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use relata::{Database, Error, Id, Missing, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    name: String,
}

type Hand = Vec<Id<Card>>;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    #[model(references_many, on_delete = set_null)]
    set_ids: BTreeSet<Id<Card>>,
    #[model(references_many, on_delete = set_null)]
    queue_ids: VecDeque<Id<Card>>,
    #[model(references_many, on_delete = set_null)]
    place_ids: [Option<Id<Card>>; 3],
    #[model(references_many, on_delete = set_null)]
    gap_ids: Vec<Option<Id<Card>>>,
    #[model(references_many, on_delete = set_null)]
    boxed_ids: Box<[Id<Card>]>,
    #[model(references_many, on_delete = set_null)]
    maybe_ids: Option<Box<Vec<Id<Card>>>>,
    #[model(references_many(Card), name = hand, on_delete = set_null)]
    hand: Hand,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    #[model(references_many, on_delete = cascade)]
    card_ids: [Id<Card>; 2],
}

fn names(db: &Database, ids: &mut dyn Iterator<Item = Id<Card>>) -> String {
    ids.map(|id| db.get(id).unwrap().name.as_str()).collect()
}

/// What a table lists over each of its relations.
fn listed(db: &Database, table: Id<Table>) -> Vec<String> {
    macro_rules! over {
        ($($relation:ident)+) => {
            vec![$({
                let rows = db.related(table, Table::$relation).unwrap();
                let backward = names(db, &mut rows.clone().rev().map(|(id, _)| id));
                let forward = names(db, &mut rows.clone().map(|(id, _)| id));
                assert_eq!(rows.len(), forward.len());
                assert_eq!(backward.chars().rev().collect::<String>(), forward);
                forward
            }),+]
        };
    }
    over!(SETS QUEUES PLACES GAPS BOXEDS MAYBES HAND)
}

// fault B2, behaviour R51: any collection of ids that has an order is a list
#[test]
fn ids_are_enforced_in_collections() {
    let mut db = Database::builder().model::<Card>().model::<Table>().model::<Pair>().build().unwrap();
    let cards = db.insert_many(["a", "b", "c"].map(|name| Card { name: name.into() })).unwrap();
    let [a, b, c] = cards[..] else { panic!() };
    let empty = Table {
        set_ids: BTreeSet::new(),
        queue_ids: VecDeque::new(),
        place_ids: [None; 3],
        gap_ids: vec![None],
        boxed_ids: Box::new([]),
        maybe_ids: None,
        hand: Vec::new(),
    };
    let stale: Id<Card> = "9v1".parse().unwrap();
    let refused = [
        (Table { set_ids: [a, stale].into(), ..empty.clone() }, "set_ids[1]"),
        (Table { queue_ids: [stale].into(), ..empty.clone() }, "queue_ids[0]"),
        (Table { place_ids: [None, Some(a), Some(stale)], ..empty.clone() }, "place_ids[2]"),
        (Table { gap_ids: vec![None, Some(stale)], ..empty.clone() }, "gap_ids[1]"),
        (Table { boxed_ids: Box::new([a, stale]), ..empty.clone() }, "boxed_ids[1]"),
        (Table { maybe_ids: Some(Box::new(vec![stale])), ..empty.clone() }, "maybe_ids[0]"),
        (Table { hand: vec![stale], ..empty.clone() }, "hand[0]"),
    ];
    for (table, element) in refused {
        let error = db.insert(table).unwrap_err();
        assert!(error.to_string().contains(&format!("id 9v1 (`{element}`)")), "{error}");
    }
    let table = db
        .insert(Table {
            set_ids: [c, a, b].into(),
            queue_ids: [c, b, c, a].into(),
            place_ids: [Some(c), None, Some(a)],
            gap_ids: vec![None, Some(b), None, Some(a)],
            boxed_ids: Box::new([c, a, c]),
            maybe_ids: Some(Box::new(vec![b, a])),
            hand: vec![b, b, a],
        })
        .unwrap();
    let none = db.insert(empty).unwrap();
    let file = {
        let mut file = Vec::new();
        db.save_to(&mut file).unwrap();
        file
    };
    let builder = || Database::builder().model::<Card>().model::<Table>().model::<Pair>();
    let mut db = builder().load_from(&file[..]).unwrap();
    assert_eq!(listed(&db, table), ["abc", "cbca", "ca", "ba", "cac", "ba", "bba"]);
    assert_eq!(listed(&db, none).concat(), "");
    assert_eq!(db.children(b, Table::GAPS.inverse()).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [table]);
    db.delete(c).unwrap();
    assert_eq!(listed(&db, table), ["ab", "ba", "a", "ba", "a", "ba", "bba"]);
    db.delete(b).unwrap();
    assert_eq!(
        *db.get(table).unwrap(),
        Table {
            set_ids: [a].into(),
            queue_ids: [a].into(),
            place_ids: [None, None, Some(a)],
            gap_ids: vec![None, None, None, Some(a)],
            boxed_ids: Box::new([a]),
            maybe_ids: Some(Box::new(vec![a])),
            hand: vec![a],
        }
    );
    assert_eq!(db.check(), Ok(()));
    // An array of ids cannot lose one; its row goes, or the row stays.
    assert!(db.insert(Pair { card_ids: [a, stale] }).is_err());
    let pair = db.insert(Pair { card_ids: [a, a] }).unwrap();
    assert!(db.delete(a).unwrap().removed.contains(&pair.erase()));
    assert_eq!((db.len::<Pair>(), db.check()), (0, Ok(())));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Order {
    Wait,
    Guard(Id<Ship>),
    Follow { leader: Id<Ship>, distance: u32 },
    Visit(u8, Id<Port>),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cargo {
    from: Option<Id<Port>>,
    #[serde(rename = "prices")]
    by_port: BTreeMap<Id<Port>, u32>,
    pairs: Vec<(u8, Id<Port>)>,
}

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Place {
    Ship(Id<Ship>),
    Port(Id<Port>),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Port {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ship {
    #[model(belongs_to)]
    home_port_id: Option<Id<Port>>,
    #[model(references_many)]
    old_port_ids: Vec<Id<Port>>,
    #[model(belongs_to(Ship, Port))]
    place: Option<Place>,
    orders: Vec<Order>,
    first_cargo: Cargo,
    /// Said to be so.
    #[model(plain)]
    log_book: Vec<Order>,
    #[serde(flatten)]
    rest: HashMap<String, Cargo>,
}

fn ship() -> Ship {
    Ship {
        home_port_id: None,
        old_port_ids: Vec::new(),
        place: None,
        orders: vec![Order::Wait],
        first_cargo: Cargo::default(),
        log_book: Vec::new(),
        rest: HashMap::new(),
    }
}

// fault B2, behaviour I24: "An id that no declaration shows, inside of a row's structs, enums and collections, is found
// by `check` where it names no row"
#[test]
fn ids_that_no_declaration_shows_are_found() {
    let mut db = Database::builder().model::<Port>().model::<Ship>().build().unwrap();
    let oslo = db.insert(Port { name: "Oslo".into() }).unwrap();
    let flagship = db.insert(ship()).unwrap();
    let cargo = Cargo { from: Some(oslo), by_port: [(oslo, 3)].into(), pairs: vec![(0, oslo), (1, oslo)] };
    let whole = Ship {
        home_port_id: None,
        old_port_ids: Vec::new(),
        place: None,
        orders: vec![
            Order::Wait,
            Order::Guard(flagship),
            Order::Follow { leader: flagship, distance: 3 },
            Order::Visit(1, oslo),
        ],
        first_cargo: cargo.clone(),
        log_book: vec![Order::Guard(flagship)],
        rest: HashMap::from([("spare".to_owned(), cargo)]),
    };
    let boat = db.insert(whole).unwrap();
    assert_eq!(db.check(), Ok(()));
    db.delete(flagship).unwrap();
    db.delete(oslo).unwrap();
    let found: Vec<String> = db.check().unwrap_err().iter().map(ToString::to_string).collect();
    let of = |target: &str, field: &str| {
        format!("Ship 2v1: {target} in `{field}`, which no relation covers, is no row: removed")
    };
    assert_eq!(
        found,
        [
            of("Ship 1v1", "orders[1].Guard"),
            of("Ship 1v1", "orders[2].Follow.leader"),
            of("Port 1v1", "orders[3].Visit[1]"),
            of("Port 1v1", "firstCargo.from"),
            of("Port 1v1", "firstCargo.prices[0]"),
            of("Port 1v1", "firstCargo.pairs[0][1]"),
            of("Port 1v1", "firstCargo.pairs[1][1]"),
            of("Port 1v1", "spare.from"),
            of("Port 1v1", "spare.prices[0]"),
            of("Port 1v1", "spare.pairs[0][1]"),
            of("Port 1v1", "spare.pairs[1][1]"),
        ]
    );
    let Error::LooseId { row, target, why, .. } = &db.check().unwrap_err()[0] else { panic!() };
    assert_eq!((*row, *target, *why), (boat.erase(), flagship.erase(), Missing::Removed));
    // What a relation covers is told by the relation, once.
    db.update(boat, |row| *row = ship()).unwrap();
    assert_eq!(db.check(), Ok(()));
    let gone = Ship { home_port_id: Some(oslo), old_port_ids: vec![oslo], place: Some(Place::Port(oslo)), ..ship() };
    db.insert_many_unchecked([gone]).unwrap();
    let found = db.check().unwrap_err();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|fault| matches!(fault, Error::ForeignKeyViolation { .. })), "{found:?}");
}
