//! The steps of a test: random choices, which mean something in every state of the store.
//!
//! A choice is a number ("the third of the stored rows, counting round"), so that a failing sequence can be shortened.
//! `choose` turns it into rows and values.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::schema::{GUILD, HERO, TABLES};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Statement(Choices),
    /// A transaction or, inside of one, a savepoint.
    Transaction {
        deferred: bool,
        steps: Vec<Step>,
        commit: bool,
    },
}

/// What one statement is made of; each kind uses what it needs.
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    pub(crate) kind: Kind,
    pub(crate) table: usize,
    pub(crate) relation: usize,
    pub(crate) field: usize,
    pub(crate) row: Choice,
    pub(crate) other: Choice,
    /// The cells of up to three rows.
    pub(crate) rows: Vec<Vec<Choice>>,
    /// Whether a row through an owner may have another key than the owner's.
    pub(crate) stray: bool,
}

/// Which row or, for a cell that is a number, which number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Choice {
    Stored(u8),
    Reserved(u8),
    Any(u8),
    /// None, where a cell can be absent.
    None(u8),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Insert,
    /// The row's own id is what it names, where it can.
    InsertWith,
    InsertMany,
    /// The rows' own ids are among what they can name.
    InsertManyWith,
    Reserve,
    InsertAt,
    Cancel,
    Update,
    Replace,
    Set,
    Upsert,
    Relate,
    Unrelate,
    Create,
    CreateMany,
    UpdateIn,
    /// Sets a field of all rows of an owner.
    UpdateAll,
    /// Raises a field of all rows of an owner by one, round the clock: their keys change hands.
    ShiftAll,
    DeleteIn,
    DeleteAll,
    Delete,
    Link,
    Unlink,
    SetLinked,
    CreateLinked,
    DeleteLinked,
    SaveAndLoad,
    SetDefaultTarget,
    KeepHistory,
    Undo,
    Redo,
}

const KINDS: [(usize, Kind); 31] = [
    (6, Kind::Insert),
    (2, Kind::InsertWith),
    (4, Kind::InsertMany),
    (4, Kind::InsertManyWith),
    (2, Kind::Reserve),
    (3, Kind::InsertAt),
    (4, Kind::Cancel),
    (5, Kind::Update),
    (2, Kind::Replace),
    (3, Kind::Set),
    (3, Kind::Upsert),
    (3, Kind::Relate),
    (2, Kind::Unrelate),
    (3, Kind::Create),
    (2, Kind::CreateMany),
    (2, Kind::UpdateIn),
    (2, Kind::UpdateAll),
    (3, Kind::ShiftAll),
    (1, Kind::DeleteIn),
    (1, Kind::DeleteAll),
    (6, Kind::Delete),
    (4, Kind::Link),
    (2, Kind::Unlink),
    (4, Kind::SetLinked),
    (2, Kind::CreateLinked),
    (2, Kind::DeleteLinked),
    (2, Kind::SaveAndLoad),
    (2, Kind::SetDefaultTarget),
    (1, Kind::KeepHistory),
    (6, Kind::Undo),
    (4, Kind::Redo),
];

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        20 => any::<u8>().prop_map(Choice::Stored),
        3 => any::<u8>().prop_map(Choice::Reserved),
        1 => any::<u8>().prop_map(Choice::Any),
        3 => any::<u8>().prop_map(Choice::None),
    ]
}

fn statement() -> impl Strategy<Value = Step> {
    let kinds: Vec<Kind> = KINDS.iter().flat_map(|(weight, kind)| vec![*kind; *weight]).collect();
    let at = (0..TABLES, any::<u8>(), any::<u8>());
    let rows = vec(vec(choice(), 4), 1..4);
    (select(kinds), at, choice(), choice(), rows, prop::bool::weighted(0.1)).prop_map(
        |(kind, (table, relation, field), row, other, rows, stray)| {
            let (relation, field) = (relation.into(), field.into());
            Step::Statement(Choices { kind, table, relation, field, row, other, rows, stray })
        },
    )
}

/// Keeps so many transactions to be undone.
pub(crate) fn history(limit: usize) -> Step {
    let none = Choice::Stored(0);
    let (kind, rows) = (Kind::KeepHistory, Vec::new());
    Step::Statement(Choices { kind, table: 0, relation: 0, field: limit, row: none, other: none, rows, stray: false })
}

/// The making of a guild and its leader, who need each other.
pub(crate) fn founding(guild: u8, hero: u8, deferred: bool) -> Step {
    let statement = |kind, table, cells: &[Choice]| {
        let (row, rows) = (Choice::Reserved(0), vec![cells.to_vec()]);
        Step::Statement(Choices { kind, table, relation: 0, field: 0, row, other: row, rows, stray: false })
    };
    // Choices that are no row's: the guild does not exist yet.
    let (guild, hero) = (Choice::Any(guild), Choice::Any(hero));
    let steps = vec![
        statement(Kind::Reserve, HERO, &[]),
        statement(Kind::Insert, GUILD, &[guild, Choice::Reserved(0)]),
        // Refused: the guild names it.
        statement(Kind::Cancel, HERO, &[]),
        statement(Kind::InsertAt, HERO, &[hero, guild, Choice::None(0)]),
    ];
    Step::Transaction { deferred, steps, commit: true }
}

/// A step; transactions nest to this depth.
pub(crate) fn step(depth: u32) -> BoxedStrategy<Step> {
    let founding = (any::<u8>(), any::<u8>(), any::<bool>());
    let founding = founding.prop_map(|(guild, hero, deferred)| self::founding(guild, hero, deferred));
    let leaf = prop_oneof![20 => statement(), 1 => founding].boxed();
    (0..depth).fold(leaf.clone(), |inner, _| {
        let block = (any::<bool>(), vec(inner, 1..7), prop::bool::weighted(0.7));
        let transaction = block.prop_map(|(deferred, steps, commit)| Step::Transaction { deferred, steps, commit });
        prop_oneof![6 => leaf.clone(), 1 => transaction].boxed()
    })
}
