// A field that is in a key is lent to be read, not to be changed.

use relata::{Database, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Body {
    #[model(unique)]
    name: String,
    mass: f64,
}

fn main() {
    let mut db = Database::builder().model::<Body>().build().unwrap();
    for (_, body) in db.iter_mut::<Body>().unwrap() {
        *body.mass += 1.0;
        *body.name = "Halley".to_owned();
    }
}
