//! Where everything is: things lie in a room, in somebody's hands or in other things. The key of the place is an enum of
//! ids, each variant of which is a relation, and no thing is ever inside of itself.
//!
//! ```text
//! cargo run --release --example inventory
//! ```
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::fmt::Write;
use std::process::ExitCode;

use relata::{Database, Error, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading, thousands};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(things: Thing))]
struct Room {
    name: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(things: Thing))]
struct Person {
    name: String,
    #[model(belongs_to)]
    room_id: Id<Room>,
}

/// Where a thing is: exactly one of these, and it is there.
#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Place {
    Room(Id<Room>),
    Person(Id<Person>),
    Thing(Id<Thing>),
}

/// What burns takes along what is in it: `cascade` goes from thing to thing. `acyclic` is said of the variant that leads
/// from things to things.
#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(contents: Thing))]
struct Thing {
    label: String,
    #[model(belongs_to(Room, Person, Thing), acyclic, on_delete = cascade)]
    place: Place,
}

fn main() -> ExitCode {
    show::end(run())
}

fn run() -> Outcome {
    let mut db = Database::builder().model::<Room>().model::<Person>().model::<Thing>().build()?;
    let hall = db.insert(Room { name: "the hall".into() })?;
    let ada = db.insert(Person { name: "Ada".into(), room_id: hall })?;
    let put = |db: &mut Database, label: &str, place: Place| db.insert(Thing { label: label.into(), place });
    let chest = put(&mut db, "chest", hall.into())?;
    let bag = put(&mut db, "bag", chest.into())?;
    let coin = put(&mut db, "coin", bag.into())?;

    heading("Where it is");
    for thing in [chest, bag, coin] {
        println!("{}", describe(&db, thing)?);
    }
    assert_eq!(describe(&db, coin)?, "the coin is in the bag, in the chest, in the hall");

    heading("From one place to another");
    // Any of the relations is set: the thing leaves whatever place it was in.
    db.relate(bag, Thing::PLACE_PERSON, ada)?;
    println!("{}", describe(&db, coin)?);
    assert_eq!(describe(&db, coin)?, "the coin is in the bag, with Ada, in the hall");
    assert_eq!(db.row(chest)?.contents().count(), 0);
    let carried: Vec<&str> = db.children(ada, Person::THINGS)?.map(|(_, thing)| thing.label.as_str()).collect();
    assert_eq!(carried, ["bag"]);

    heading("What is refused");
    let nowhere = Thing { label: "ghost".into(), place: Place::Person(Id::null()) };
    let refusals: [Error; 3] = [
        db.insert(nowhere).expect_err("nobody holds it"),
        db.relate(bag, Thing::PLACE_THING, coin).expect_err("the coin is in the bag"),
        db.relate(bag, Thing::PLACE_THING, bag).expect_err("a bag is not in itself"),
    ];
    for refusal in &refusals {
        println!("{refusal}");
    }
    assert!(matches!(refusals[1], Error::Cycle { .. }));

    heading("Boxes in boxes");
    let count = 100_000;
    let boxes = db.insert_many_with(count, |ids| {
        let within = |n: usize| n.checked_sub(1).map_or(Place::Room(hall), |outer| ids[outer].into());
        (0..count).map(|n| Thing { label: format!("box {n}"), place: within(n) }).collect()
    })?;
    let refused = db.relate(boxes[0], Thing::PLACE_THING, boxes[count - 1]).expect_err("it is the outermost");
    println!("{refused}");
    let burnt = db.delete(boxes[0])?;
    println!("{} boxes burn with the outermost", thousands(&burnt.removed.len()));
    assert_eq!(burnt.removed.len(), count - 1);
    assert_eq!(db.check(), Ok(()));
    Ok(())
}

/// The thing and everything that it is in, from the inside out.
fn describe(db: &Database, thing: Id<Thing>) -> Outcome<String> {
    let mut at = db.row(thing)?;
    let mut text = format!("the {} is", at.label);
    let mut separator = "";
    loop {
        match at.place()? {
            PlaceRow::Room(room) => return Ok(format!("{text}{separator} in {}", room.name)),
            PlaceRow::Person(person) => {
                return Ok(format!("{text}{separator} with {}, in {}", person.name, person.room()?.name));
            }
            PlaceRow::Thing(outer) => {
                write!(text, "{separator} in the {}", outer.label)?;
                at = outer;
            }
        }
        separator = ",";
    }
}
