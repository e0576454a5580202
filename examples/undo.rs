//! An editor's session on the map of a game: look before you delete, delete, undo, redo, try things out and drop them.
//!
//! ```text
//! cargo run --release --example undo
//! ```
//!
//! The list of names that such an editor shows beside its map is kept from the change feed alone, and compared after each
//! step with one that is made anew.
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::collections::BTreeMap;
use std::process::ExitCode;

use relata::{Changed, Database, Error, Id, Model, Overflow, RowId, Subscription, Watch};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Region {
    #[model(unique)]
    name: String,
}

/// Goes with its region.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    #[model(unique)]
    name: String,
    #[model(belongs_to, on_delete = cascade)]
    region_id: Id<Region>,
    x: f32,
    y: f32,
}

/// Goes with either of its ends.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Road {
    #[model(belongs_to, on_delete = cascade)]
    from_id: Id<Place>,
    #[model(belongs_to, on_delete = cascade)]
    to_id: Id<Place>,
}

/// Stays when its place goes, and is nowhere.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    #[model(unique)]
    name: String,
    #[model(belongs_to, on_delete = set_null)]
    place_id: Option<Id<Place>>,
}

/// Its giver cannot go before it.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Quest {
    title: String,
    #[model(belongs_to, on_delete = restrict)]
    giver_id: Id<Person>,
}

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let mut editor = Editor::open()?;
    look_before_deleting(&mut editor)?;
    delete_undo_redo(&mut editor)?;
    try_things_out(&mut editor)?;
    go_back_only_so_far(&mut editor)?;
    drag_the_map(&mut editor)
}

/// What the editor has open, and the list that it shows.
struct Editor {
    map: Database,
    feed: Subscription,
    names: BTreeMap<RowId, String>,
}

impl Editor {
    fn open() -> Outcome<Self> {
        let mut map = Database::builder()
            .model::<Region>()
            .model::<Place>()
            .model::<Road>()
            .model::<Person>()
            .model::<Quest>()
            .build()?;
        let [coast, marsh] = ["Coast", "Marsh"].map(|name| map.insert(Region { name: name.into() }));
        let (coast, marsh) = (coast?, marsh?);
        let place = |name: &str, region_id, x, y| Place { name: name.into(), region_id, x, y };
        let places = map.insert_many([
            place("Harbour", coast, 0.0, 0.0),
            place("Mill", coast, 3.0, 4.0),
            place("Bog", marsh, 9.0, 1.0),
            place("Ferry", marsh, 6.0, 2.0),
        ])?;
        let road = |from: usize, to: usize| Road { from_id: places[from], to_id: places[to] };
        map.insert_many([road(0, 1), road(1, 3), road(3, 2)])?;
        let person = |name: &str, place: usize| Person { name: name.into(), place_id: Some(places[place]) };
        let people = map.insert_many([person("Ada", 0), person("Brom", 2), person("Cass", 3)])?;
        map.insert(Quest { title: "Mend the ferry".into(), giver_id: people[2] })?;

        // From here on everything can be undone, a hundred steps back, and is told to the list.
        map.keep_history(100)?;
        let feed = map.subscribe(Watch::everything(), 1_000, Overflow::Close)?;
        let names = names(&map);
        Ok(Editor { map, feed, names })
    }

    /// Brings the list up to date, prints what has come, and gives the number of messages.
    fn follow(&mut self) -> usize {
        let mut messages = 0;
        while let Ok(commit) = self.feed.try_recv() {
            messages += 1;
            println!("  committed:");
            for changed in commit.changes {
                println!("    {changed}");
                match changed {
                    Changed::Inserted(row) | Changed::Updated(row) => {
                        // The row may be gone by now: then a later message says so.
                        self.names.extend(name_of(&self.map, row).map(|name| (row, name)));
                    }
                    Changed::Removed(row) => {
                        self.names.remove(&row);
                    }
                    // Names are keys: no edit in place changes them. Who is where is not in the list.
                    _ => {}
                }
            }
        }
        assert_eq!(self.feed.missed(), 0);
        assert_eq!(self.names, names(&self.map), "the list is that of the map");
        assert_eq!(self.map.check(), Ok(()));
        messages
    }
}

/// The name of a row of any table; a road has none.
fn name_of(map: &Database, row: RowId) -> Option<String> {
    let region = || Some(map.get(row.id::<Region>()?).ok()?.name.clone());
    let place = || Some(map.get(row.id::<Place>()?).ok()?.name.clone());
    let person = || Some(map.get(row.id::<Person>()?).ok()?.name.clone());
    let quest = || Some(map.get(row.id::<Quest>()?).ok()?.title.clone());
    region().or_else(place).or_else(person).or_else(quest)
}

fn names(map: &Database) -> BTreeMap<RowId, String> {
    let regions = map.iter::<Region>().map(|(id, _)| id.erase());
    let places = map.iter::<Place>().map(|(id, _)| id.erase());
    let people = map.iter::<Person>().map(|(id, _)| id.erase());
    let quests = map.iter::<Quest>().map(|(id, _)| id.erase());
    let rows = regions.chain(places).chain(people).chain(quests);
    rows.filter_map(|row| Some((row, name_of(map, row)?))).collect()
}

/// What a delete would take along, and what stands against it, is known beforehand.
fn look_before_deleting(editor: &mut Editor) -> Outcome {
    heading("What would go with the Marsh, and with Cass");
    let map = &mut editor.map;
    let (marsh, _) = map.find(Region::BY_NAME, "Marsh")?;
    let (cass, _) = map.find(Person::BY_NAME, "Cass")?;
    let plan = map.plan_delete(marsh)?;
    println!("{plan}");
    for row in &plan.removed {
        println!("  goes: {row} {}", name_of(map, *row).unwrap_or("a road".into()));
    }
    for cleared in &plan.changed {
        println!("  has no {} any more: {}", cleared.relation, name_of(map, cleared.row).unwrap_or_default());
    }
    assert_eq!((plan.removed.len(), plan.changed.len(), plan.is_blocked()), (4, 2, false));

    let plan = map.plan_delete(cass)?;
    println!("{plan}");
    assert!(plan.is_blocked());
    let refused = map.delete(cass).err().ok_or("Cass is gone")?;
    println!("  refused: {refused}");
    assert_eq!(editor.follow(), 0, "what is refused is no change");
    Ok(())
}

/// Undoing brings the same rows back under the same ids, so that whatever holds an id need not know.
fn delete_undo_redo(editor: &mut Editor) -> Outcome {
    let (marsh, _) = editor.map.find(Region::BY_NAME, "Marsh")?;
    let (bog, _) = editor.map.find(Place::BY_NAME, "Bog")?;
    let (brom, _) = editor.map.find(Person::BY_NAME, "Brom")?;
    let before = editor.map.state_hash()?;

    heading("The Marsh goes");
    editor.map.delete(marsh)?;
    assert_eq!(editor.follow(), 1);
    let after = editor.map.state_hash()?;
    println!("  {}", editor.map.get(bog).err().ok_or("the bog is still there")?);
    assert_eq!(editor.map.get(brom)?.place_id, None);

    heading("Undo");
    assert!(editor.map.undo()?);
    assert_eq!(editor.follow(), 1);
    assert_eq!(editor.map.get(brom)?.place_id, Some(bog));
    assert_eq!(editor.map.state_hash()?, before);

    heading("Redo, and undo again");
    assert!(editor.map.redo()?);
    assert_eq!(editor.map.state_hash()?, after);
    assert!(editor.map.undo()?);
    assert_eq!(editor.map.state_hash()?, before);
    assert_eq!(editor.follow(), 2);
    Ok(())
}

/// A transaction is one step and one message; what is tried in a savepoint and dropped is in neither.
fn try_things_out(editor: &mut Editor) -> Outcome {
    heading("A new village, and two tries to bring Brom there");
    let steps = editor.map.history().0;
    let (coast, _) = editor.map.find(Region::BY_NAME, "Coast")?;
    let (bog, _) = editor.map.find(Place::BY_NAME, "Bog")?;
    let (brom, _) = editor.map.find(Person::BY_NAME, "Brom")?;
    let mut tx = editor.map.begin()?;
    let village = tx.insert(Place { name: "Village".into(), region_id: coast, x: 7.0, y: 7.0 })?;
    let refused = tx.savepoint(|tx| {
        tx.insert(Road { from_id: bog, to_id: village })?;
        tx.update(brom, |brom| brom.name = "Ada".into())
    });
    println!("  taken back, with the road: {}", refused.err().ok_or("there are two Adas")?);
    tx.savepoint(|tx| {
        tx.insert(Road { from_id: bog, to_id: village })?;
        tx.relate(brom, Person::PLACE, village)
    })?;
    tx.commit().map_err(Error::from)?;
    assert_eq!(editor.follow(), 1);
    assert_eq!((editor.map.len::<Road>(), editor.map.history().0), (4, steps + 1));

    heading("Undone as one");
    assert!(editor.map.undo()?);
    assert_eq!(editor.follow(), 1);
    assert_eq!((editor.map.get(brom)?.place_id, editor.map.history()), (Some(bog), (steps, 1)));
    // Whatever is done instead, what could be redone is forgotten.
    editor.map.set(brom, Person::FIELDS.name, "Bram".into())?;
    assert!(!editor.map.redo()?);
    assert_eq!(editor.follow(), 1);
    Ok(())
}

/// The history is as long as it was asked to be; the rest lasts.
fn go_back_only_so_far(editor: &mut Editor) -> Outcome {
    heading("Five names, three steps of history");
    editor.map.keep_history(3)?;
    let (mill, _) = editor.map.find(Place::BY_NAME, "Mill")?;
    for name in ["Mill I", "Mill II", "Mill III", "Mill IV", "Mill V"] {
        editor.map.set(mill, Place::FIELDS.name, name.into())?;
    }
    let mut undone = 0;
    while editor.map.undo()? {
        undone += 1;
    }
    println!("  undone {undone} times, the mill is {}", editor.map.get(mill)?.name);
    assert_eq!((undone, editor.map.get(mill)?.name.as_str()), (3, "Mill II"));
    assert_eq!(editor.follow(), 8);
    Ok(())
}

/// What is edited in place, at the speed of the array, is no step, and no transaction: the feed says that the table was
/// touched, once until that is read.
fn drag_the_map(editor: &mut Editor) -> Outcome {
    heading("Everything is dragged to the left, in sixty frames");
    let history = editor.map.history();
    for _ in 0..60 {
        for (_, place) in editor.map.iter_mut::<Place>()? {
            *place.x -= 0.25;
        }
    }
    assert_eq!(editor.follow(), 1);
    assert_eq!(editor.map.history(), history);
    Ok(())
}
