use relata::{Id, Model, PolymorphicId};
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
#[model(belongs_to(Person, Company, key_from(payer), name = payer))]
struct Asset {
    #[model(belongs_to(Person, Company), on_delete = set_null)]
    owner: Owner,
    #[model(belongs_to(Person, Company), key_to = name, acyclic)]
    keeper: Owner,
    #[model(belongs_to(Person, Company))]
    maker: Id<Person>,
    #[model(belongs_to(Person, Person))]
    seller: Owner,
    payer: Owner,
}

fn main() {}
