// A table holds rows of one type.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Wrapper<T>
where
    T: Clone,
{
    inner: T,
}

fn main() {}
