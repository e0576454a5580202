use relata::{Database, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Person {}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Company {}

#[derive(PolymorphicId, Clone, Copy, Serialize, Deserialize)]
enum Owner {
    Person(Id<Person>),
    Company(Id<Company>),
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Asset {
    #[model(belongs_to(Person, Company))]
    owner: Owner,
}

fn unowned(db: &mut Database, asset: Id<Asset>) {
    db.unrelate(asset, Asset::OWNER_PERSON).unwrap();
}

fn main() {}
