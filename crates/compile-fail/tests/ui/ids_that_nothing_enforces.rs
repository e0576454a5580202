// behaviour R43, fault B2: a field in whose type an `Id<T>` can be seen, and that is no relation, is refused unless marked
// as plain.

use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Order {
    set: BTreeSet<Id<Customer>>,
    pair: (u8, Id<Customer>),
    boxed: Box<Id<Customer>>,
    array: [Id<Customer>; 2],
    gaps: Vec<Option<Id<Customer>>>,
    perhaps: Option<Vec<Id<Customer>>>,
    map: HashMap<Id<Customer>, u8>,
    deep: HashMap<String, Vec<(u8, [relata::Id<Customer>; 1])>>,
    #[model(unique)]
    key: (Id<Customer>, u8),
    #[model(plain)]
    said: BTreeSet<Id<Customer>>,
    none: PhantomData<Id<Customer>>,
}

fn main() {}
