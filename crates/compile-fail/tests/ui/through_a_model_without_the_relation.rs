// The model that links has a relation to each of the two.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag))]
struct Post {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Tag {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct PostTag {
    #[model(belongs_to)]
    post_id: Id<Post>,
    tag: String,
}

fn main() {}
