// A default target is set for relations that refer by id; those by a natural key declare theirs.

use relata::{Database, Error, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Country {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct City {
    #[model(belongs_to(Country), name = country)]
    country_code: String,
}

fn main() -> Result<(), Error> {
    let mut db = Database::builder().model::<Country>().model::<City>().build()?;
    db.set_default_target(City::COUNTRY, None)?;
    Ok(())
}
