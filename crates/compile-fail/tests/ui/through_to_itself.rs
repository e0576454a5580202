// Where both ends of a link are one model, each end is named by its relation.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(following: User, through = Follow))]
struct User {
    name: String,
}

fn main() {}
