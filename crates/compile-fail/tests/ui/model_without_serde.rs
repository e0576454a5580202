// A model can be cloned and serialised.

use relata::Model;

#[derive(Model)]
struct Customer {
    name: String,
}

fn main() {}
