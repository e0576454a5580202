// A link is made between rows of the models that it links.

use relata::{Database, Error, Id, Model};
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
#[model(unique(post_id, tag_id))]
struct PostTag {
    #[model(belongs_to)]
    post_id: Id<Post>,
    #[model(belongs_to)]
    tag_id: Id<Tag>,
}

fn exchanged(db: &mut Database, post: Id<Post>, tag: Id<Tag>) -> Result<Id<PostTag>, Error> {
    db.link(tag, Post::TAGS, post, |tag_id, post_id| PostTag { post_id, tag_id })
}

fn main() {}
