//! Several models that refer to each other and to themselves by polymorphic keys: posts, their comments and the
//! comments on those; tags on all of them.

use relata::{Database, Error, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

use crate::support::refused;

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Subject {
    Post(Id<Post>),
    Comment(Id<Comment>),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(comments: Comment), has_many(tags: Tag, through = Tagging))]
struct Post {
    title: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(replies: Comment), has_many(tags: Tag, through = Tagging))]
struct Comment {
    text: String,
    #[model(belongs_to(Post, Comment), acyclic, on_delete = cascade)]
    on: Subject,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(taggings: Tagging))]
struct Tag {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(tag_id, subject))]
struct Tagging {
    #[model(belongs_to, on_delete = cascade)]
    tag_id: Id<Tag>,
    #[model(belongs_to(Post, Comment), on_delete = cascade)]
    subject: Subject,
}

fn forum() -> (Database, Id<Post>) {
    let models = Database::builder().model::<Post>().model::<Comment>().model::<Tag>().model::<Tagging>();
    let mut db = models.build().unwrap();
    let post = db.insert(Post { title: "On enums".into() }).unwrap();
    (db, post)
}

fn comment(text: &str, on: impl Into<Subject>) -> Comment {
    Comment { text: text.into(), on: on.into() }
}

/// behaviour I9: within one, rows may refer to rows that come later in it
#[test]
fn a_variant_may_lead_to_the_model_itself() {
    let (mut db, post) = forum();
    let ids =
        db.insert_many_with(3, |ids| vec![comment("c", ids[1]), comment("b", ids[2]), comment("a", post)]).unwrap();
    let way = db.row(ids[0]).unwrap().on_comment().unwrap().unwrap();
    assert_eq!((way.id(), way.replies().count()), (ids[1], 1));
    assert!(matches!(db.row(ids[2]).unwrap().on().unwrap(), SubjectRow::Post(post) if post.title == "On enums"));
    // behaviour I21: the variant that leads to the model itself may be acyclic, whatever the others lead to.
    for error in [
        refused(&mut db, |db| db.insert_with(|id| comment("loop", id)).map(|_| ())),
        refused(&mut db, |db| db.relate(ids[2], Comment::ON_COMMENT, ids[0])),
    ] {
        assert!(matches!(error, Error::Cycle { relation: "on_comment", .. }), "{error}");
    }
    db.relate(ids[0], Comment::ON_POST, post).unwrap();
    db.relate(ids[2], Comment::ON_COMMENT, ids[0]).unwrap();
    let error = refused(&mut db, |db| db.relate(ids[0], Comment::ON_COMMENT, ids[1]));
    assert!(matches!(&error, Error::Cycle { way, .. } if way.len() == 3), "{error}");
    db.relate(ids[2], Comment::ON_POST, post).unwrap();
    db.relate(ids[0], Comment::ON_COMMENT, ids[1]).unwrap();
    let acyclic: Vec<bool> = db.schema().table("Comment").unwrap().relations.iter().map(|it| it.acyclic).collect();
    assert_eq!(acyclic, [false, true]);
    assert_eq!(db.check(), Ok(()));
    // behaviour I7: "A cascade visits each row once, on cycles too": it goes from variant to variant.
    let gone = db.delete(post).unwrap();
    assert_eq!(gone.removed, [ids[2].erase(), ids[1].erase(), ids[0].erase()]);
    assert_eq!((db.len::<Comment>(), db.check()), (0, Ok(())));
}

/// behaviour R24: Linking creates one link row; linking twice keeps one (unique pair), unlinking removes the link only.
#[test]
fn links_may_have_one_polymorphic_end() {
    let (mut db, post) = forum();
    let note = db.insert(comment("note", post)).unwrap();
    let [rust, sql] = ["rust", "sql"].map(|name| db.insert(Tag { name: name.into() }).unwrap());
    let on_post = |subject: Id<Post>, tag_id| Tagging { tag_id, subject: subject.into() };
    let link = db.link(post, Post::TAGS, rust, on_post).unwrap();
    assert_eq!(db.link(post, Post::TAGS, rust, on_post).unwrap(), link);
    db.link(note, Comment::TAGS, rust, |subject, tag_id| Tagging { tag_id, subject: subject.into() }).unwrap();
    db.set_linked(note, Comment::TAGS, &[sql], |subject, tag_id| Tagging { tag_id, subject: subject.into() }).unwrap();
    let names = |db: &Database| {
        let posts = db.linked(post, Post::TAGS).unwrap().map(|(_, tag)| tag.name.clone()).collect::<Vec<_>>();
        let notes = db.linked(note, Comment::TAGS).unwrap().map(|(_, tag)| tag.name.clone()).collect::<Vec<_>>();
        [posts, notes]
    };
    assert_eq!(names(&db), [["rust"], ["sql"]]);
    assert_eq!(db.row(rust).unwrap().taggings().count(), 1);
    // A link that moves to another model is no link of the first any more.
    db.relate(link, Tagging::SUBJECT_COMMENT, note).unwrap();
    assert_eq!(names(&db), [vec![], vec!["sql", "rust"]]);
    let error = refused(&mut db, |db| db.unlink(post, Post::TAGS, rust));
    assert!(matches!(error, Error::NotLinked { from: "subject_post", .. }), "{error}");
    db.delete(post).unwrap();
    assert_eq!((db.len::<Tagging>(), db.len::<Tag>()), (0, 2));
    assert_eq!(db.check(), Ok(()));
}
