use relata::{Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Person {}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Company {}

#[derive(Model, Clone, Serialize, Deserialize)]
struct State {}

#[derive(PolymorphicId, Clone, Copy, Serialize, Deserialize)]
enum Owner {
    Person(Id<Person>),
    Company(Id<Company>),
    State(Id<State>),
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct LeavesOneOut {
    #[model(belongs_to(Person, Company))]
    owner: Owner,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Exchanged {
    #[model(belongs_to(Person, State, Company))]
    owner: Option<Owner>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Stranger {
    #[model(belongs_to(Person, Company, State, Stranger))]
    owner: Owner,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Undeclared {
    Person(Id<Person>),
    Company(Id<Company>),
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct OfUndeclared {
    #[model(belongs_to(Person, Company))]
    owner: Undeclared,
}

fn main() {}
