//! Posts and tags, and the links between them.

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag, via(post, tag)))]
pub(super) struct Post {
    pub(super) title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(posts: Post, through = PostTag, via(tag, post)))]
pub(super) struct Tag {
    #[model(unique)]
    pub(super) name: String,
}

/// The links to a post keep it, those to a tag go with it.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(post_id, tag_id))]
pub(super) struct PostTag {
    #[model(belongs_to, on_delete = restrict)]
    pub(super) post_id: Id<Post>,
    #[model(belongs_to, on_delete = cascade)]
    pub(super) tag_id: Id<Tag>,
    pub(super) weight: u32,
    /// A relation that has no part in the linking.
    #[model(belongs_to, name = reviewer)]
    pub(super) reviewer: Option<Id<Post>>,
}

pub(super) fn post(title: &str) -> Post {
    Post { title: title.into() }
}

pub(super) fn tag(name: &str) -> Tag {
    Tag { name: name.into() }
}

pub(super) fn link(weight: u32) -> impl Fn(Id<Post>, Id<Tag>) -> PostTag {
    move |post_id, tag_id| PostTag { post_id, tag_id, weight, reviewer: None }
}

/// Two posts, and the tags `rust` and `sql`.
pub(super) fn blog() -> (Database, [Id<Post>; 2], [Id<Tag>; 2]) {
    let mut db = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>().build().unwrap();
    let posts = [post("On links"), post("On keys")].map(|row| db.insert(row).unwrap());
    let tags = [tag("rust"), tag("sql")].map(|row| db.insert(row).unwrap());
    (db, posts, tags)
}

/// The tags of a post, in the order of linking.
pub(super) fn names(db: &Database, post: Id<Post>) -> Vec<String> {
    let mut tags = db.linked(post, Post::TAGS).unwrap();
    let mut names = Vec::new();
    while tags.len() > 0 {
        names.push(tags.next().unwrap().1.name.clone());
    }
    assert!(tags.next().is_none());
    names
}
