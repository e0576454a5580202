// `via` names the relation to this model first, then that to the other.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag, via(tag, post)))]
struct Post {
    title: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Tag {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(post_id, tag_id))]
struct PostTag {
    #[model(belongs_to)]
    post_id: Id<Post>,
    #[model(belongs_to)]
    tag_id: Id<Tag>,
}

fn main() {}
