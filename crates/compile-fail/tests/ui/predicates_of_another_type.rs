//! A field is compared with values of its type, and a predicate is on the rows of its model.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Port {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Ship {
    #[model(belongs_to)]
    port_id: Id<Port>,
    crew: u32,
    sail: Sail,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Sail;

fn questions(db: &Database) -> Result<(), Error> {
    let (ship, port) = (Ship::FIELDS, Port::FIELDS);
    db.query().filter(ship.crew.gt("many")).count()?;
    db.query().filter(port.name.starts_with("O").and(ship.crew.gt(5))).count()?;
    db.query().filter(Ship::PORT.has(ship.crew.gt(5))).count()?;
    db.query().filter(ship.crew.is_null()).count()?;
    db.query().filter(ship.crew.like("5%")).count()?;
    db.query::<Ship>().order_by(ship.sail.asc()).count()?;
    db.query::<Ship>().filter(|ship: &Ship| ship.crew > 5).count()?;
    db.query::<Ship>().values((ship.crew, port.name))?;
    Ok(())
}

fn main() {
    drop(questions);
}
