//! Statements that are made of several: a refusal leaves no trace, and the order asked for is the order given.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag, via(post, tag)))]
struct Post {
    title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(posts: Post, through = PostTag, via(tag, post)))]
struct Tag {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(post_id, tag_id))]
struct PostTag {
    #[model(belongs_to, on_delete = cascade)]
    post_id: Id<Post>,
    #[model(belongs_to, on_delete = cascade)]
    tag_id: Id<Tag>,
    #[model(unique)]
    number: Option<u32>,
    #[model(belongs_to(Post), name = judge, deferred)]
    judge_id: Option<Id<Post>>,
}

fn link(post_id: Id<Post>, tag_id: Id<Tag>) -> PostTag {
    PostTag { post_id, tag_id, number: None, judge_id: None }
}

fn tag(name: &str) -> Tag {
    Tag { name: name.into() }
}

type Blog = (Database, [Id<Post>; 2], [Id<Tag>; 3], Id<Tag>);

/// Two posts, the first of which has two of three tags, and the id of a tag that is gone.
fn blog() -> Blog {
    let mut db = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>().build().unwrap();
    let posts = ["one", "two"].map(|title| db.insert(Post { title: title.into() }).unwrap());
    let tags = ["a", "b", "c"].map(|name| db.insert(tag(name)).unwrap());
    let gone = db.insert(tag("gone")).unwrap();
    db.delete(gone).unwrap();
    db.set_linked(posts[0], Post::TAGS, &tags[..2], link).unwrap();
    (db, posts, tags, gone)
}

fn tags_of(db: &Database, post: Id<Post>) -> Vec<Id<Tag>> {
    db.linked(post, Post::TAGS).unwrap().map(|(id, _)| id).collect()
}

// fault D2: "a refused call has changed nothing", the ids to come included
#[test]
fn a_refused_statement_of_several_parts_leaves_no_trace() {
    let (mut db, [first, second], [a, b, c], gone) = blog();
    let error = refused(&mut db, |db| db.set_linked(first, Post::TAGS, &[c, gone], link));
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    // A link is refused for what else it holds: of several the first.
    let mut numbers = [1, 1].into_iter();
    let error = refused(&mut db, |db| {
        let numbered = |post, tag| PostTag { number: numbers.next(), ..link(post, tag) };
        db.set_linked(second, Post::TAGS, &[a, b], numbered)
    });
    assert!(matches!(error, Error::UniqueViolation { fields: &["number"], .. }), "{error}");
    let error = refused(&mut db, |db| db.set_linked(second, Post::TAGS, &[a, b], |_, tag| link(first, tag)));
    assert!(matches!(error, Error::ForeignKeyOverridden { relation: "post", .. }), "{error}");
    // Outside of a transaction deferred means immediate.
    let judged = |judge| move |post, tag| PostTag { judge_id: Some(judge), ..link(post, tag) };
    let error = refused(&mut db, |db| db.set_linked(first, Post::TAGS, &[c], judged(Id::null())));
    assert!(matches!(error, Error::ForeignKeyViolation { relation: "judge", .. }), "{error}");
    for call in [
        refused(&mut db, |db| db.create_linked(first, Post::TAGS, tag("d"), judged(Id::null()))),
        refused(&mut db, |db| db.create_linked(first, Post::TAGS, tag("d"), |post, _| link(post, a))),
        refused(&mut db, |db| db.create_linked(first, Post::TAGS, tag("a"), link)),
    ] {
        let text = call.to_string();
        assert!(["judge", "override", "is taken by"].iter().any(|part| text.contains(part)), "{text}");
    }
    // And a reserved id names no row.
    let reserved = db.reserve::<Post>().unwrap();
    let hash = db.state_hash();
    for refused in [
        db.set_linked(first, Post::TAGS, &[c], judged(reserved)),
        db.create_linked(first, Post::TAGS, tag("d"), judged(reserved)).map(drop),
    ] {
        assert!(matches!(refused, Err(Error::ForeignKeyViolation { relation: "judge", .. })), "{refused:?}");
    }
    assert_eq!(db.state_hash(), hash);
    assert_eq!(tags_of(&db, first), [a, b]);
}

// fault D2: in a transaction neither
#[test]
fn a_refused_part_uses_no_id_up_inside_a_transaction() {
    let (mut db, [first, _], [_, _, c], gone) = blog();
    let mut twin = blog().0;
    let mut tx = db.begin().unwrap();
    tx.set_linked(first, Post::TAGS, &[c, gone], link).unwrap_err();
    let judged = |post, tag| PostTag { judge_id: Some(Id::null()), number: Some(1), ..link(post, tag) };
    tx.create_linked(first, Post::TAGS, tag("d"), |post, tag| PostTag { tag_id: gone, ..judged(post, tag) })
        .unwrap_err();
    let made = tx.create_linked(first, Post::TAGS, tag("d"), link).unwrap();
    tx.commit().unwrap();
    assert_eq!(twin.create_linked(first, Post::TAGS, tag("d"), link).unwrap(), made);
    assert_eq!(twin.state_hash(), db.state_hash());
}

// fault B7, behaviour R75: the order asked for, on this side
#[test]
fn links_come_in_the_order_that_was_asked_for() {
    let (mut db, [first, second], [a, b, c], _) = blog();
    db.link(second, Post::TAGS, a, link).unwrap();
    let kept = db.find_link(first, Post::TAGS, a).unwrap().unwrap().0;
    db.keep_history(9).unwrap();
    for order in [&[b, a][..], &[c, a, b], &[a, c], &[b, c, a, b], &[a, b, c], &[a, b, c]] {
        db.set_linked(first, Post::TAGS, order, link).unwrap();
        let mut once = order.to_vec();
        once.truncate(3);
        assert_eq!((tags_of(&db, first), db.check()), (once, Ok(())));
    }
    // A link that stays is the row that it was, the other side has its own order, and what has changed nothing is no step.
    assert_eq!(db.find_link(first, Post::TAGS, a).unwrap().unwrap().0, kept);
    assert!(db.linked(a, Tag::POSTS).unwrap().map(|(id, _)| id).eq([first, second]));
    assert_eq!(db.history().0, 5);
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    let builder = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>();
    assert_eq!(tags_of(&builder.load_from(&bytes[..]).unwrap(), first), [a, b, c]);
    for order in [&[b, c, a][..], &[a, c], &[c, a, b], &[b, a], &[a, b]] {
        assert!(db.undo().unwrap());
        assert_eq!((tags_of(&db, first), db.check()), (order.to_vec(), Ok(())));
    }
}
