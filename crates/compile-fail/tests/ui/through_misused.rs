// `through` is said of `has_many`; with it `via` names two relations, without it one.

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_one(first: Tag, through = PostTag))]
#[model(has_many(second: Tag, through = PostTag, via = tag))]
#[model(has_many(third: PostTag, via(post, tag)))]
#[model(has_many(fourth: Tag, trough = PostTag))]
struct Post {
    title: String,
}

fn main() {}
