use relata::{Id, PolymorphicId};
use serde::{Deserialize, Serialize};

struct Person;

#[derive(PolymorphicId, Clone, Copy)]
enum Mixed {
    Person(Id<Person>),
    Named { id: Id<Person> },
    Number(u32),
    Pair(Id<Person>, u32),
    Nobody,
    Again(Id<Person>),
}

#[derive(PolymorphicId, Clone, Copy)]
enum Nothing {}

#[derive(PolymorphicId, Clone, Copy)]
struct Single(Id<Person>);

#[derive(PolymorphicId, Clone, Copy)]
enum Generic<T> {
    Person(Id<T>),
}

#[derive(PolymorphicId, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Person(Id<Person>),
}

fn main() {}
