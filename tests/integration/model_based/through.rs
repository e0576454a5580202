//! Statements over relations through links: what the naive store makes of them, and that the database does the same.

use relata::{Database, Error, Id, KeyOf, Relation, Through};
use slotmap::DefaultKey;

use super::command::{Cells, Value, assign};
use super::naive::{Fault, Naive, Refusal, Slot, Target};
use super::run::{Handle, call, given, removed};
use super::schema::{NOWHERE, Sample, on_through};
use super::spec::{Ids, Spec, ThroughSpec};

/// What is asked for; rows are symbols.
#[derive(Debug, Clone)]
pub(crate) enum ThroughCommand {
    Link { owner: u32, target: u32, link: NewLink },
    Unlink { owner: u32, target: u32 },
    SetLinked { owner: u32, targets: Vec<u32>, link: NewLink },
    CreateLinked { owner: u32, target: Cells, link: NewLink },
    DeleteLinked { owner: u32, target: u32 },
}

/// The cells of the links to be made. A stray one keeps keys of its own.
#[derive(Debug, Clone)]
pub(crate) struct NewLink {
    pub(crate) cells: Cells,
    pub(crate) stray: bool,
}

impl Naive {
    pub(crate) fn perform_through(&mut self, through: usize, command: &ThroughCommand) -> Result<Value, Refusal> {
        let spec @ ThroughSpec { links, far, .. } = &Spec::get().throughs[through];
        let target_table = Spec::get().tables[*links].relations[*far].target;
        // All or nothing, whatever it is made of.
        let mut after = self.clone();
        let value = match command {
            ThroughCommand::Link { owner, target, link } => after.link(spec, *owner, *target, link),
            ThroughCommand::Unlink { owner, target } => {
                let link = after.expect_link(spec, *owner, *target)?;
                after.delete(*links, link)
            }
            ThroughCommand::SetLinked { owner, targets, link } => after.set_linked(spec, *owner, targets, link),
            ThroughCommand::CreateLinked { owner, target, link } => {
                after.expect_owner(spec, *owner)?;
                let row = after.tables[target_table].len() as u32;
                after.insert(target_table, std::slice::from_ref(target), false)?;
                after.link(spec, *owner, row, link)
            }
            ThroughCommand::DeleteLinked { owner, target } => {
                let link = after.expect_link(spec, *owner, *target)?;
                after.delete_with(target_table, *target, vec![(*links, link)])
            }
        }?;
        *self = after;
        Ok(value)
    }

    fn expect_owner(&self, spec: &ThroughSpec, owner: u32) -> Result<(), Refusal> {
        let owners = Spec::get().tables[spec.links].relations[spec.near].target;
        self.expect(owners, owner).map(|_| ())
    }

    /// The link between two stored rows.
    pub(crate) fn find_link(&self, spec: &ThroughSpec, owner: u32, target: u32) -> Option<u32> {
        let ends = [(spec.near, Target::Row(owner)), (spec.far, Target::Row(target))];
        let mut links = self.rows(spec.links);
        let found = links.find(|(_, link)| ends.iter().all(|(end, row)| link.links[*end].target == *row));
        found.map(|(link, _)| link)
    }

    fn expect_ends(&self, spec: &ThroughSpec, owner: u32, target: u32) -> Result<(), Refusal> {
        self.expect_owner(spec, owner)?;
        let targets = Spec::get().tables[spec.links].relations[spec.far].target;
        self.expect(targets, target).map(|_| ())
    }

    fn expect_link(&self, spec: &ThroughSpec, owner: u32, target: u32) -> Result<u32, Refusal> {
        self.expect_ends(spec, owner, target)?;
        self.find_link(spec, owner, target).ok_or(Fault::NotLinked.into())
    }

    fn link(&mut self, spec: &ThroughSpec, owner: u32, target: u32, link: &NewLink) -> Result<Value, Refusal> {
        self.expect_ends(spec, owner, target)?;
        if let Some(row) = self.find_link(spec, owner, target) {
            return Ok(Value::Linked { row, new: 0 });
        }
        let mut cells = link.cells.clone();
        if !link.stray {
            for (end, row) in [(spec.near, owner), (spec.far, target)] {
                let key = self.key_of(spec.links, end, row)?;
                assign(spec.links, end, &mut cells, Some(&key));
            }
        }
        self.expect_owned(spec.links, spec.near, owner, std::slice::from_ref(&cells))?;
        self.expect_owned(spec.links, spec.far, target, std::slice::from_ref(&cells))?;
        let row = self.tables[spec.links].len() as u32;
        self.insert(spec.links, &[cells], false)?;
        Ok(Value::Linked { row, new: 1 })
    }

    fn set_linked(
        &mut self,
        spec: &ThroughSpec,
        owner: u32,
        targets: &[u32],
        link: &NewLink,
    ) -> Result<Value, Refusal> {
        self.expect_owner(spec, owner)?;
        let others = self.linked(spec, owner)?.into_iter().filter(|(_, _, target)| !targets.contains(target));
        let others: Vec<_> = others.map(|(_, link, _)| (spec.links, link)).collect();
        self.remove(others)?;
        let before = self.tables[spec.links].len();
        for target in targets {
            self.link(spec, owner, *target, link)?;
        }
        let now = self.linked(spec, owner)?;
        let mut asked_for = now.clone();
        asked_for.sort_by_key(|(_, _, target)| targets.iter().position(|asked_for| asked_for == target));
        let stay = now.iter().zip(&asked_for).take_while(|(now, asked_for)| now == asked_for).count();
        for (_, link, _) in &asked_for[stay..] {
            if let Some(Slot::Stored(row)) = self.tables[spec.links].get_mut(*link as usize) {
                row.links[spec.near].joined = self.clock;
            }
            (self.clock, self.changes) = (self.clock + 1, self.changes + 1);
        }
        Ok(Value::Given(self.tables[spec.links].len() - before))
    }

    /// When each link of an owner has joined it, the link, and the row at its other end; an owner with a link that names
    /// no row has no list.
    pub(crate) fn linked(&self, spec: &ThroughSpec, owner: u32) -> Result<Vec<(u64, u32, u32)>, Fault> {
        let far = Spec::get().tables[spec.links].relations[spec.far].target;
        let links = self.sources(spec.links, spec.near, owner);
        let ends = links.into_iter().map(|(joined, link)| {
            let row = self.row(spec.links, link).expect("a source is stored");
            match row.links[spec.far].target {
                Target::Row(target) if self.row(far, target).is_some() => Ok((joined, link, target)),
                _ => Err(Fault::Unresolved),
            }
        });
        ends.collect()
    }
}

/// A model's rows that are links between others of the test.
trait Links: Relation<Source: Sample, Target: Sample> {}
impl<R: Relation<Source: Sample, Target: Sample>> Links for R {}

/// Runs a statement on the database.
pub(crate) fn perform(
    handle: &mut Handle<'_, '_>,
    through: usize,
    command: &ThroughCommand,
    ids: &mut Ids,
) -> Result<Value, Error> {
    on_through!(through, relation => perform_over(handle, relation, command, ids))
}

fn perform_over<A: Links, B: Relation<Source = A::Source, Target: Sample>>(
    handle: &mut Handle<'_, '_>,
    relation: Through<A, B>,
    command: &ThroughCommand,
    ids: &mut Ids,
) -> Result<Value, Error> {
    let (links, targets) = (<A::Source as Sample>::TABLE, <B::Target as Sample>::TABLE);
    match command {
        ThroughCommand::Link { owner, target, link } => {
            let made = call!(handle, link(ids.id(*owner), relation, ids.id(*target), make::<A, B>(link, ids)))?;
            Ok(linked(links, made, ids))
        }
        ThroughCommand::Unlink { owner, target } => {
            let deleted = call!(handle, unlink(ids.id(*owner), relation, ids.id(*target)))?;
            let removed = removed(&deleted.removed, &deleted.changed, ids);
            Ok(Value::Deleted { row: deleted.row.cells(ids), removed })
        }
        ThroughCommand::SetLinked { owner, targets, link } => {
            let targets: Vec<Id<B::Target>> = targets.iter().map(|target| ids.id(*target)).collect();
            call!(handle, set_linked(ids.id(*owner), relation, &targets, make::<A, B>(link, ids)))?;
            let owned = handle.database().linked(ids.id(*owner), relation)?.with_links();
            let new: Vec<_> = owned.map(|((link, _), _)| link.key()).collect();
            let new = new.into_iter().filter(|link| ids.symbol(links, *link) == NOWHERE).collect::<Vec<_>>();
            Ok(given(links, new, ids))
        }
        ThroughCommand::CreateLinked { owner, target, link } => {
            let target = Sample::make(target, ids);
            let (target, made) =
                call!(handle, create_linked(ids.id(*owner), relation, target, make::<A, B>(link, ids)))?;
            ids.give(targets, target.key());
            Ok(linked(links, made, ids))
        }
        ThroughCommand::DeleteLinked { owner, target } => {
            let deleted = call!(handle, delete_linked(ids.id(*owner), relation, ids.id(*target)))?;
            let removed = removed(&deleted.removed, &deleted.changed, ids);
            Ok(Value::Deleted { row: deleted.row.cells(ids), removed })
        }
    }
}

fn make<A: Links, B: Relation<Source = A::Source>>(
    link: &NewLink,
    ids: &Ids,
) -> impl FnMut(KeyOf<A>, KeyOf<B>) -> A::Source {
    move |near, far| {
        let mut row = A::Source::make(&link.cells, ids);
        if !link.stray {
            A::assign(&mut row, Some(near));
            B::assign(&mut row, Some(far));
        }
        row
    }
}

/// A link that was asked for, noted if it is a new one.
fn linked<M: Sample>(links: usize, link: Id<M>, ids: &mut Ids) -> Value {
    let new = usize::from(ids.symbol(links, link.key()) == NOWHERE);
    if new == 1 {
        ids.give(links, link.key());
    }
    Value::Linked { row: ids.symbol(links, link.key()), new }
}

/// Every owner has its links and the rows at their other ends, in the order in which they were linked.
pub(crate) fn verify(db: &Database, store: &Naive, ids: &Ids) {
    for (place, spec) in Spec::get().throughs.iter().enumerate() {
        on_through!(place, relation => verify_over(db, store, spec, relation, ids));
    }
}

fn verify_over<A: Links, B: Relation<Source = A::Source, Target: Sample>>(
    db: &Database,
    store: &Naive,
    spec: &ThroughSpec,
    relation: Through<A, B>,
    ids: &Ids,
) {
    let (owners, targets) = (<A::Target as Sample>::TABLE, <B::Target as Sample>::TABLE);
    for owner in 0..store.tables[owners].len() as u32 {
        let found = db.linked(ids.id(owner), relation).map(|linked| {
            let with_links = linked.clone().with_links().map(|((link, _), (target, _))| (link.key(), target.key()));
            let with_links: Vec<_> = with_links.collect();
            assert_eq!(linked.len(), with_links.len());
            assert!(linked.map(|(target, _)| target.key()).eq(with_links.iter().map(|(_, target)| *target)));
            with_links
        });
        let expected = if store.row(owners, owner).is_none() {
            Err(Fault::NotFound)
        } else {
            store.linked(spec, owner).map(|linked| {
                let keys = |(joined, link, target)| (joined, ids.key(spec.links, link), ids.key(targets, target));
                let mut linked: Vec<_> = linked.into_iter().map(keys).collect();
                linked.sort_unstable();
                linked
            })
        };
        let joined = |link: &(DefaultKey, DefaultKey)| {
            let mut links = expected.iter().flatten();
            links.find(|(_, known, _)| *known == link.0).map(|(joined, ..)| *joined)
        };
        let found = found.map(|found| store.comparable(found, joined));
        let expected =
            expected.clone().map(|links| links.into_iter().map(|(_, link, target)| (link, target)).collect());
        let found = found.map_err(|error| ids.faults(&error).remove(0));
        assert_eq!(found, expected, "what is linked to {owner} over {relation:?}");
        for (target, slot) in (0..).zip(&store.tables[targets]) {
            let both = store.row(owners, owner).is_some() && matches!(slot, Slot::Stored(_));
            let expected = both.then(|| store.find_link(spec, owner, target).map(|link| ids.key(spec.links, link)));
            let found = db.find_link(ids.id(owner), relation, ids.id(target)).ok();
            assert_eq!(found.map(|link| link.map(|(link, _)| link.key())), expected, "{owner} and {target}");
        }
    }
}
