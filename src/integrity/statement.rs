//! Statements over several tables: the rows that follow others, by `on_update` and by `on_delete`.
//!
//! A row whose unique key changes takes its sources along over each relation that follows it (behaviour I4): each is
//! copied, given its new foreign key, and stored over itself by the same statement. If that changes a unique key of its
//! own, it takes its sources along in turn. A delete begins in the middle of that: with the sources of what goes, which
//! it clears or points at their default.
//!
//! First all keys that may change are found, by a worklist; then they are settled in an order in which each comes after
//! those that it follows, so that a row which is reached on two ways, whatever their lengths, is followed once and with
//! its final key. In a circle the one that is reached first goes first. Each foreign key is rewritten at most once, for
//! it has one target: so this ends on any circle, and what does not fit in the end is refused by the plan of its table.
//!
//! A foreign key that the caller has changed is the caller's word: no action rewrites it. Nothing here changes a table.

use std::any::Any;

use hashbrown::HashSet;
use slotmap::DefaultKey;

use super::removal::Removal;
use super::uniques::same_key;
use super::{Edits, Pending, sources};
use crate::error::Error;
use crate::id::RowId;
use crate::index::links::{LinkChange, waiting_hash};
use crate::model::{Model, Unique, Visitor};
use crate::schema::Action;
use crate::table::{AnyPending, EditFault, Incoming, Relink, RowAt, Statement, Store};

/// A foreign key that a delete or an update has changed in another row than the caller's (behaviour I18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedKey {
    /// The row that holds the key.
    pub row: RowId,
    /// The relation.
    pub relation: &'static str,
    /// What has changed it: `Cascade` has given it the target's new key, `SetNull` has cleared it or taken the row out of
    /// a list, `SetDefault` has pointed it at the default target.
    pub action: Action,
}

/// A unique key of a row: the row, the key's place.
pub(crate) type KeyAt = (RowAt, usize);

/// A statement over several tables that can be applied, if there are no faults with it.
#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) statement: Statement,
    changed: Vec<(RowAt, Incoming, Action)>,
}

/// The unique keys of stored rows that rows which take their place change, and that sources follow. O(rows) if the
/// model is followed at all, else O(1).
#[inline]
pub(crate) fn followed_keys<M: Model>(store: &Store, table: u32, rows: &[M], keys: &[DefaultKey]) -> Vec<KeyAt> {
    let mut followed = Followed { store, table, rows, keys, found: Vec::new() };
    if store.tables[table as usize].is_followed {
        M::declare(&mut followed);
    }
    followed.found
}

struct Followed<'a, M> {
    store: &'a Store,
    table: u32,
    rows: &'a [M],
    keys: &'a [DefaultKey],
    found: Vec<KeyAt>,
}

impl<M: Model> Visitor<M> for Followed<'_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let stored = self.store.table_at::<M>(self.table).rows;
        for (row, key) in self.rows.iter().zip(self.keys) {
            let at = ((self.table, *key), U::INDEX);
            if has_followers(self.store, at) && !same_key::<U>(stored.get(*key), row) {
                self.found.push(at);
            }
        }
    }
}

/// The relations over which sources follow a unique key.
fn following(store: &Store, table: u32, unique: usize) -> impl Iterator<Item = Incoming> {
    let incoming = store.tables[table as usize].incoming.iter().copied();
    incoming.filter(move |incoming| incoming.unique == Some(unique) && incoming.follows())
}

fn has_followers(store: &Store, ((table, key), unique): KeyAt) -> bool {
    following(store, table, unique)
        .any(|incoming| store.tables[incoming.table as usize].index.links[incoming.relation].count(key) > 0)
}

/// Plans an update with what follows it. `changed` is what [`followed_keys`] has found. Faults come by the row's place.
pub(crate) fn plan_update<M: Model>(
    store: &Store,
    table: u32,
    pending: Pending<'static, M>,
    changed: Vec<KeyAt>,
) -> (Planned, Vec<(usize, Error)>) {
    let mut worklist = Worklist::new(store, Statement::default());
    let edits = Edits::of_caller(store, table, pending);
    worklist.planned.statement.edits.insert(table, Box::new(edits));
    worklist.follow(changed);
    worklist.finish(Some(table), |_| Vec::new())
}

/// Plans what becomes of the rows that refer to those which go, and takes the set of these. `hashes` gives those of a
/// removed row's unique keys. Faults come by the place of the row that goes.
pub(crate) fn plan_removal<'h>(
    store: &Store,
    removal: &mut Removal,
    hashes: impl Fn(RowAt) -> &'h [Option<u32>],
) -> (Planned, Vec<(usize, Error)>) {
    let removed = std::mem::take(&mut removal.set);
    let mut worklist = Worklist::new(store, Statement { removed, ..Statement::default() });
    let mut changed = Vec::new();
    for (place, incoming, sources) in &removal.rewritten {
        worklist.act(*incoming, incoming.on_delete, sources, None, *place);
        for unique in store.carried(*incoming) {
            changed.extend(sources.iter().map(|source| ((incoming.table, *source), *unique)));
        }
    }
    worklist.follow(changed);
    worklist.finish(None, |statement| {
        let leaves = |(source, incoming, target): &(RowAt, Incoming, RowAt)| {
            let hash = match incoming.unique {
                None => Some(waiting_hash(target.1)),
                Some(unique) => hashes(*target)[unique],
            };
            let stays = !statement.replaces(*source);
            let goes = |row: RowAt| statement.replaces(row) || statement.removed.contains(&row);
            let pending = statement.pending(target.0);
            hash.filter(|_| stays).map(|hash| leave(store, *source, *incoming, hash, pending, &goes))
        };
        removal.orphaned.iter().filter_map(leaves).collect()
    })
}

/// What becomes of the link of a source that stays as it is, and whose target gives up the key of this hash: keys may
/// change hands within a statement, and the row that takes the key takes the source. So does a row that has had the key
/// all along (stored unchecked), unless it `goes` too: away, or to another key.
pub(super) fn leave(
    store: &Store,
    (table, source): RowAt,
    incoming: Incoming,
    hash: u32,
    pending: Option<&dyn AnyPending>,
    goes: &dyn Fn(RowAt) -> bool,
) -> Relink {
    let relation = incoming.relation;
    let slot = &store.tables[table as usize];
    let names = |row: &dyn Any| slot.rows.names(relation, source, DefaultKey::default(), row);
    let home = incoming.unique.and_then(|unique| {
        let taken = pending.and_then(|pending| pending.find(unique, hash, &names));
        taken.or_else(|| {
            let target = slot.targets[relation];
            let targets = &store.tables[target as usize];
            let has_it = |row| !goes((target, row)) && targets.rows.row(row).is_some_and(names);
            targets.index.uniques[unique].find(hash, has_it)
        })
    });
    Relink { table, relation, source, to: home.map_or(LinkChange::Waits(hash), LinkChange::To) }
}

impl Planned {
    /// What it changes in rows that are not the caller's, in the order in which it does; behind each key those of the row
    /// that share a field with it, and have changed too.
    pub(crate) fn changed(&self, store: &Store) -> Vec<ChangedKey> {
        let mut told: HashSet<(RowAt, usize)> =
            self.changed.iter().map(|(at, incoming, _)| (*at, incoming.relation)).collect();
        let mut all = Vec::with_capacity(self.changed.len());
        for (at @ (table, key), incoming, action) in &self.changed {
            let (row, action) = (store.row_id(*at), *action);
            all.push(ChangedKey { row, relation: incoming.name, action });
            let slot = &store.tables[*table as usize];
            let edits = self.statement.edits.get(table);
            let with_it = edits.map(|edits| edits.changed_relations(&*slot.rows, *key)).unwrap_or_default();
            for place in with_it.into_iter().filter(|place| told.insert((*at, *place))) {
                let mut relations = store.tables[slot.targets[place] as usize].incoming.iter();
                let shared = relations.find(|relation| (relation.table, relation.relation) == (*table, place));
                all.extend(shared.map(|relation| ChangedKey { row, relation: relation.name, action }));
            }
        }
        all
    }
}

/// A statement in the making: what follows is found and rewritten until nothing more does.
struct Worklist<'a> {
    store: &'a Store,
    planned: Planned,
    faults: Vec<(usize, Error)>,
}

impl<'a> Worklist<'a> {
    fn new(store: &'a Store, statement: Statement) -> Self {
        let planned = Planned { statement, changed: Vec::new() };
        Worklist { store, planned, faults: Vec::new() }
    }

    /// Rewrites what follows these keys, and what follows that.
    fn follow(&mut self, changed: Vec<KeyAt>) {
        for at in self.order_reached(changed) {
            for (incoming, sources) in self.followers(at) {
                self.settle(at, incoming, &sources);
            }
        }
    }

    /// The unique keys that may change, each before those that follow it, unless it is in a circle with them. Depth
    /// first, without recursion: a key is finished when all that follow it are, and the last to be finished goes first.
    fn order_reached(&self, changed: Vec<KeyAt>) -> Vec<KeyAt> {
        let mut seen: HashSet<KeyAt> = HashSet::with_capacity(changed.len());
        let mut order: Vec<KeyAt> = Vec::with_capacity(changed.len());
        let mut stack: Vec<(KeyAt, bool)> = changed.into_iter().map(|at| (at, false)).collect();
        while let Some((at, is_finished)) = stack.pop() {
            if is_finished {
                order.push(at);
                continue;
            }
            if !seen.insert(at) {
                continue;
            }
            stack.push((at, true));
            for (incoming, sources) in self.followers(at) {
                for unique in self.store.carried(incoming) {
                    let of_sources = sources.iter().map(|source| ((incoming.table, *source), *unique));
                    stack.extend(of_sources.filter(|at| !seen.contains(at)).map(|at| (at, false)));
                }
            }
        }
        order.reverse();
        order
    }

    /// The rows that follow a unique key, by the relation over which they do: neither those that go along, nor those of
    /// which the caller says what they refer to.
    fn followers(&self, ((table, key), unique): KeyAt) -> Vec<(Incoming, Vec<DefaultKey>)> {
        let statement = &self.planned.statement;
        let follow = |incoming: Incoming| {
            let edits = statement.edits.get(&incoming.table);
            let said = |source| edits.is_some_and(|edits| edits.is_said(source, incoming.relation));
            let sources = sources(self.store, incoming.table, incoming.relation, key)
                .filter(|source| !statement.removed.contains(&(incoming.table, *source)) && !said(*source));
            (incoming, sources.collect::<Vec<_>>())
        };
        following(self.store, table, unique).map(follow).filter(|(_, sources)| !sources.is_empty()).collect()
    }

    /// Rewrites the foreign keys of rows that follow a key, if it is another than before by now.
    fn settle(&mut self, ((table, key), unique): KeyAt, incoming: Incoming, sources: &[DefaultKey]) {
        let Some(edits) = self.planned.statement.edits.get(&table) else { return };
        if !edits.changes(&*self.store.tables[table as usize].rows, key, unique) {
            return;
        }
        let Some((row, origin)) = edits.row(key) else { return };
        let rows = &self.store.tables[incoming.table as usize].rows;
        let new = if incoming.on_update == Action::Cascade { rows.key_of(incoming.relation, key, row) } else { None };
        self.act(incoming, incoming.on_update, sources, new.as_deref(), origin);
    }

    /// Does to the foreign keys of rows what an action says. `new` is the target's new key.
    fn act(
        &mut self,
        incoming: Incoming,
        action: Action,
        sources: &[DefaultKey],
        new: Option<&dyn Any>,
        origin: usize,
    ) {
        let Incoming { table, relation, name, .. } = incoming;
        let rows = &*self.store.tables[table as usize].rows;
        let Some(link) = self.store.tables[table as usize].index.links.get(relation) else {
            return self.unlist(incoming, sources, origin);
        };
        let default =
            if action == Action::SetDefault { rows.default_key(relation, link.default_target()) } else { None };
        if action == Action::SetDefault && default.is_none() {
            let row = self.store.row_id((table, sources[0]));
            self.faults.push((origin, Error::NoDefault { row, relation: name }));
            return;
        }
        let to = if action == Action::SetDefault { default.as_deref() } else { new };
        let edits = self.planned.statement.edits.entry(table).or_insert_with(|| rows.edits());
        for source in sources {
            edits.assign(rows, *source, relation, to, origin);
            self.planned.changed.push(((table, *source), incoming, action));
        }
    }

    /// Takes the rows that go out of the lists of those that stay: all of them, whichever has led here.
    fn unlist(&mut self, incoming: Incoming, sources: &[DefaultKey], origin: usize) {
        let Incoming { table, relation, on_delete, .. } = incoming;
        let slot = &self.store.tables[table as usize];
        let Statement { edits, removed, .. } = &mut self.planned.statement;
        let goes = |target| removed.contains(&(slot.targets[relation], target));
        let edits = edits.entry(table).or_insert_with(|| slot.rows.edits());
        for source in sources {
            if edits.unlist(&*slot.rows, *source, relation, &goes, origin) {
                self.planned.changed.push(((table, *source), incoming, on_delete));
            }
        }
    }

    /// Plans each table's rows. Faults are in the order of the caller's rows, of one row those in its own table first.
    /// `orphaned` gives what becomes of the rows whose targets go, once it is known which keys are taken.
    fn finish(
        mut self,
        caller: Option<u32>,
        orphaned: impl FnOnce(&Statement) -> Vec<Relink>,
    ) -> (Planned, Vec<(usize, Error)>) {
        let Statement { edits, removed, .. } = &mut self.planned.statement;
        let mut found: Vec<EditFault> = Vec::new();
        for (table, edits) in edits.iter_mut() {
            edits.plan_uniques(self.store, *table, removed, &mut found);
        }
        self.planned.statement.relinks = orphaned(&self.planned.statement);
        let statement = &self.planned.statement;
        let mut relinks = Vec::new();
        for (table, edits) in &statement.edits {
            relinks.extend(edits.plan_links(self.store, *table, statement, &mut found));
        }
        found.sort_by_key(|(table, ..)| Some(*table) != caller);
        let with_origin = |(table, place, error): EditFault| (statement.edits[&table].origin(place), error);
        self.faults.splice(0..0, found.into_iter().map(with_origin));
        self.faults.sort_by_key(|(origin, _)| *origin);
        // Those that join a target at one moment stand in slot order.
        self.planned.statement.relinks.append(&mut relinks);
        self.planned.statement.relinks.sort_by_key(|relink| (relink.table, relink.relation, relink.source));
        (self.planned, self.faults)
    }
}
