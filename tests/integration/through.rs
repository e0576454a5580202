//! Many to many over a link model.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

mod blog;
mod declared;
mod paths;

use blog::{Post, PostTag, Tag, blog, link, names, post, tag};

/// behaviour R24: Linking creates one link row; linking twice keeps one (unique pair), unlinking removes the link only
#[test]
fn linking_twice_keeps_one_link() {
    let (mut db, [first, second], [rust, sql]) = blog();
    let made = db.link(first, Post::TAGS, rust, link(3)).unwrap();
    assert_eq!(*db.get(made).unwrap(), PostTag { post_id: first, tag_id: rust, weight: 3, reviewer: None });
    let again = db.link(first, Post::TAGS, rust, |_, _| panic!("the two are linked already")).unwrap();
    assert_eq!((again, db.len::<PostTag>()), (made, 1));
    // From the other end it is the same link, and another target is another link.
    assert_eq!(db.link(rust, Tag::POSTS, first, |_, _| panic!("linked already")).unwrap(), made);
    db.link(first, Post::TAGS, sql, link(1)).unwrap();
    db.link(second, Post::TAGS, rust, link(1)).unwrap();
    assert_eq!(names(&db, first), ["rust", "sql"]);
    assert_eq!(names(&db, second), ["rust"]);
    // The rule is the link model's own: no way around it.
    let twice = PostTag { post_id: first, tag_id: rust, weight: 9, reviewer: None };
    let error = refused(&mut db, |db| db.insert(twice));
    assert_eq!(error.to_string(), "`PostTag`: post_id, tag_id = (1v1, 1v1) is taken by PostTag 1v1");

    let gone = db.unlink(first, Post::TAGS, rust).unwrap();
    assert_eq!((gone.row.weight, gone.removed.len(), gone.changed.len()), (3, 0, 0));
    assert_eq!(names(&db, first), ["sql"]);
    assert_eq!(names(&db, second), ["rust"]);
    assert_eq!((db.len::<Post>(), db.len::<Tag>()), (2, 2));
    let error = refused(&mut db, |db| db.unlink(first, Post::TAGS, rust));
    assert_eq!(error.to_string(), "no `PostTag` has post = Post 1v1 and tag = Tag 1v1");
    // Linked again, it comes last.
    db.link(first, Post::TAGS, rust, link(7)).unwrap();
    assert_eq!(names(&db, first), ["sql", "rust"]);
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn a_link_has_both_its_ends_and_the_keys_it_was_given() {
    let (mut db, [first, second], [rust, _]) = blog();
    let gone = db.insert(tag("gone")).unwrap();
    db.delete(gone).unwrap();
    for error in [
        refused(&mut db, |db| db.link(first, Post::TAGS, gone, link(1))),
        refused(&mut db, |db| db.link(gone, Tag::POSTS, first, |tag, post| link(1)(post, tag))),
        refused(&mut db, |db| db.unlink(first, Post::TAGS, gone)),
        refused(&mut db, |db| db.delete_linked(first, Post::TAGS, gone)),
        refused(&mut db, |db| db.linked(gone, Tag::POSTS).map(|_| ())),
        refused(&mut db, |db| db.find_link(first, Post::TAGS, gone).map(|_| ())),
    ] {
        assert_eq!(error.to_string(), "Tag 3v1 not found: removed");
    }
    let error = refused(&mut db, |db| db.link(first, Post::TAGS, rust, |_, tag| link(1)(second, tag)));
    assert_eq!(error.to_string(), "`PostTag`.post: cannot override the foreign key: it must stay id 1v1");
    let error = refused(&mut db, |db| db.link(first, Post::TAGS, rust, |post, _| link(1)(post, Id::null())));
    assert_eq!(error.to_string(), "`PostTag`.tag: cannot override the foreign key: it must stay id 1v1");
}

/// behaviour R25: Creating through makes the target plus one link; if the link is refused the target is not left behind
#[test]
fn creating_through_an_owner_makes_both_or_neither() {
    let (mut db, [first, _], _) = blog();
    let (created, made) = db.create_linked(first, Post::TAGS, tag("joins"), link(5)).unwrap();
    assert_eq!(db.get(created).unwrap().name, "joins");
    assert_eq!(*db.get(made).unwrap(), PostTag { post_id: first, tag_id: created, weight: 5, reviewer: None });
    assert_eq!(names(&db, first), ["joins"]);

    // The target is refused: the link is not asked for.
    let error = db.create_linked(first, Post::TAGS, tag("rust"), |_, _| panic!("no target")).unwrap_err();
    assert_eq!(error.to_string(), r#"`Tag`: name = "rust" is taken by Tag 1v1"#);
    // The link is refused: the target goes again.
    let dangling = |post_id, tag_id| PostTag { post_id, tag_id, weight: 1, reviewer: Some(Id::null()) };
    let mut seen = Id::null();
    let error = db
        .create_linked(first, Post::TAGS, tag("left behind"), |post, tag| {
            seen = tag;
            dangling(post, tag)
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "`PostTag`.reviewer: no `Post` with id null: the null id");
    assert!(!db.contains(seen) && db.find(Tag::BY_NAME, "left behind").is_err());
    let error = db.create_linked(Id::null(), Post::TAGS, tag("left behind"), dangling).unwrap_err();
    assert_eq!(error.to_string(), "Post null not found: the null id");
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.create_linked(first, Post::TAGS, tag("left behind"), |_, _| panic!("in the middle"))
    }));
    assert!(panics.is_err());
    assert_eq!((db.len::<Tag>(), db.len::<PostTag>()), (3, 1));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R25: "if the link is refused the target is not left behind", in a transaction either, whose earlier work
/// stays.
#[test]
fn creating_through_an_owner_inside_a_transaction() {
    let (mut db, [first, _], [rust, _]) = blog();
    let before = state(&db);
    let mut tx = db.begin().unwrap();
    tx.link(first, Post::TAGS, rust, link(1)).unwrap();
    let refused = tx.create_linked(first, Post::TAGS, tag("left behind"), |post_id, tag_id| PostTag {
        post_id,
        tag_id,
        weight: 1,
        reviewer: Some(Id::null()),
    });
    assert!(matches!(refused, Err(Error::ForeignKeyViolation { relation: "reviewer", .. })));
    assert_eq!(names(&tx, first), ["rust"]);
    let (joins, _) = tx.create_linked(first, Post::TAGS, tag("joins"), link(2)).unwrap();
    assert_eq!(names(&tx, first), ["rust", "joins"]);
    tx.commit().unwrap();
    assert_eq!(names(&db, first), ["rust", "joins"]);
    assert_eq!(db.len::<Tag>(), 3);

    let mut tx = db.begin().unwrap();
    tx.set_linked(first, Post::TAGS, &[joins], link(0)).unwrap();
    tx.unlink(first, Post::TAGS, joins).unwrap();
    tx.link(first, Post::TAGS, joins, link(9)).unwrap();
    tx.delete_linked(first, Post::TAGS, joins).unwrap();
    assert!(names(&tx, first).is_empty());
    drop(tx);
    assert_eq!(names(&db, first), ["rust", "joins"]);
    assert_eq!(db.check(), Ok(()));
    assert!(state(&db) != before);
}

#[test]
fn what_takes_several_statements_is_one_step_of_the_history() {
    let (mut db, [first, _], [rust, sql]) = blog();
    db.link(first, Post::TAGS, rust, link(1)).unwrap();
    db.keep_history(9).unwrap();
    let (joins, made) = db.create_linked(first, Post::TAGS, tag("joins"), link(2)).unwrap();
    db.set_linked(first, Post::TAGS, &[sql], link(3)).unwrap();
    assert_eq!((names(&db, first), db.undo()), (vec!["sql".to_owned()], Ok(true)));
    assert_eq!((names(&db, first), db.undo()), (vec!["rust".to_owned(), "joins".to_owned()], Ok(true)));
    assert_eq!((names(&db, first), db.undo()), (vec!["rust".to_owned()], Ok(false)));
    assert!(!db.contains(joins));
    assert_eq!(db.redo(), Ok(true));
    assert_eq!(db.find_link(first, Post::TAGS, joins).unwrap().map(|(id, _)| id), Some(made));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R26: Links may carry their own data; the view can return target with link
#[test]
fn links_carry_data() {
    let (mut db, [first, second], [rust, sql]) = blog();
    db.link(first, Post::TAGS, rust, link(3)).unwrap();
    db.link(first, Post::TAGS, sql, link(8)).unwrap();
    db.link(second, Post::TAGS, sql, link(5)).unwrap();
    let weighted = |db: &Database, post| -> Vec<(String, u32)> {
        let rows = db.linked(post, Post::TAGS).unwrap().with_links();
        rows.map(|((id, link), (tag_id, tag))| {
            assert_eq!((db.get(id).unwrap(), db.get(tag_id).unwrap(), link.tag_id), (link, tag, tag_id));
            (tag.name.clone(), link.weight)
        })
        .collect()
    };
    assert_eq!(weighted(&db, first), [("rust".into(), 3), ("sql".into(), 8)]);
    assert_eq!(db.find_link(first, Post::TAGS, sql).unwrap().unwrap().1.weight, 8);
    assert_eq!(db.find_link(second, Post::TAGS, rust).unwrap(), None);

    // Links are rows: they are filtered, counted, changed and removed as such.
    let heavy = Post::TAGS.links().filter(|link| link.weight > 4).with(PostTag::TAG);
    let heavy: Vec<_> = db.related(first, heavy).unwrap().map(|item| item.unwrap().2.name.clone()).collect();
    assert_eq!(heavy, ["sql"]);
    assert_eq!(db.count(first, Post::TAGS.links()).unwrap(), 2);
    assert_eq!(db.update_all(first, Post::TAGS.links(), |link| link.weight += 10).unwrap(), 2);
    assert_eq!(weighted(&db, first), [("rust".into(), 13), ("sql".into(), 18)]);
    assert_eq!(weighted(&db, second), [("sql".into(), 5)]);
    assert_eq!(db.delete_all(first, Post::TAGS.links()).unwrap(), 2);
    assert_eq!(db.linked(first, Post::TAGS).unwrap().len(), 0);
    assert_eq!((names(&db, second), db.len::<Tag>()), (vec!["sql".to_owned()], 2));
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(following: User, through = Follow, via(follower, followee)))]
#[model(has_many(followers: User, through = Follow, via(followee, follower)))]
struct User {
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(follower_id, followee_id))]
struct Follow {
    #[model(belongs_to, on_delete = cascade)]
    follower_id: Id<User>,
    #[model(belongs_to, on_delete = cascade)]
    followee_id: Id<User>,
}

/// behaviour R27: A self-through (follower, followee) keeps its two ends apart
#[test]
fn a_link_of_a_model_to_itself_keeps_its_ends_apart() {
    let mut db = Database::builder().model::<User>().model::<Follow>().build().unwrap();
    let user = |name: &str| User { name: name.into() };
    let ids = db.insert_many([user("ada"), user("bob"), user("eve")]).unwrap();
    let [ada, bob, eve] = ids[..] else { unreachable!() };
    let follow = |follower_id, followee_id| Follow { follower_id, followee_id };
    db.link(ada, User::FOLLOWING, bob, follow).unwrap();
    db.link(eve, User::FOLLOWING, bob, follow).unwrap();
    db.link(bob, User::FOLLOWERS, bob, |followee_id, follower_id| follow(follower_id, followee_id)).unwrap();
    let ends = |db: &Database, id: Id<User>| -> (Vec<String>, Vec<String>) {
        let row = db.row(id).unwrap();
        let following = row.following().unwrap().map(|user| user.name.clone()).collect();
        (following, row.followers().unwrap().map(|user| user.name.clone()).collect())
    };
    let expect = |following: &[&str], followers: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        (owned(following), owned(followers))
    };
    assert_eq!(ends(&db, ada), expect(&["bob"], &[]));
    assert_eq!(ends(&db, bob), expect(&["bob"], &["ada", "eve", "bob"]));
    assert!(db.find_link(bob, User::FOLLOWING, ada).unwrap().is_none());
    assert!(db.find_link(bob, User::FOLLOWERS, ada).unwrap().is_some());
    let error = refused(&mut db, |db| db.unlink(bob, User::FOLLOWING, ada));
    assert_eq!(error.to_string(), "no `Follow` has follower = User 2v1 and followee = User 1v1");

    // The other direction is another link.
    db.link(bob, User::FOLLOWING, ada, follow).unwrap();
    assert_eq!(ends(&db, ada), expect(&["bob"], &["bob"]));
    db.unlink(bob, User::FOLLOWERS, ada).unwrap();
    assert_eq!(ends(&db, ada), expect(&[], &["bob"]));
    let gone = db.delete_linked(ada, User::FOLLOWERS, bob).unwrap();
    assert_eq!((gone.row.name.as_str(), gone.removed.len(), db.len::<Follow>()), ("bob", 3, 0));
    assert_eq!(ends(&db, eve), expect(&[], &[]));
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R28: Deleting through one owner never leaves another owner's link dangling
#[test]
fn deleting_through_an_owner_follows_what_the_links_say() {
    // The links to a tag go with it; they were a post's alone.
    let (mut db, [first, second], [rust, sql]) = blog();
    let mine = db.link(first, Post::TAGS, rust, link(1)).unwrap();
    let other = db.link(second, Post::TAGS, rust, link(1)).unwrap();
    let error = refused(&mut db, |db| db.delete_linked(first, Post::TAGS, sql));
    assert_eq!(error.to_string(), "no `PostTag` has post = Post 1v1 and tag = Tag 2v1");
    let gone = db.delete_linked(first, Post::TAGS, rust).unwrap();
    assert_eq!((gone.row.name.as_str(), gone.removed), ("rust", vec![mine.erase(), other.erase()]));
    assert!(names(&db, second).is_empty());
    assert_eq!((db.len::<PostTag>(), db.check()), (0, Ok(())));

    // The links to a post restrict, and only those of other tags stand against deleting it through one.
    db.link(first, Post::TAGS, sql, link(1)).unwrap();
    let joins = db.insert(tag("joins")).unwrap();
    let other = db.link(first, Post::TAGS, joins, link(1)).unwrap();
    let error = refused(&mut db, |db| db.delete_linked(sql, Tag::POSTS, first));
    let Error::RestrictViolation { relation: "post", sources: 1, first: named, .. } = error else { panic!("{error}") };
    assert_eq!(named, other.erase());
    db.unlink(first, Post::TAGS, joins).unwrap();
    assert_eq!(db.delete_linked(sql, Tag::POSTS, first).unwrap().row, post("On links"));
    assert_eq!((db.len::<PostTag>(), db.len::<Tag>(), db.check()), (0, 2, Ok(())));
}

#[test]
fn the_whole_set_is_replaced_or_nothing_is() {
    let (mut db, [first, second], [rust, sql]) = blog();
    let joins = db.insert(tag("joins")).unwrap();
    let kept = db.link(first, Post::TAGS, sql, link(1)).unwrap();
    db.link(first, Post::TAGS, rust, link(2)).unwrap();
    db.link(second, Post::TAGS, rust, link(3)).unwrap();
    db.set_linked(first, Post::TAGS, &[joins, sql, joins], link(4)).unwrap();
    assert_eq!(names(&db, first), ["joins", "sql"]);
    assert_eq!(db.get(kept).unwrap().weight, 1);
    assert_eq!(names(&db, second), ["rust"]);
    let error = db.set_linked(first, Post::TAGS, &[rust, Id::null()], link(5)).unwrap_err();
    assert_eq!(error.to_string(), "Tag null not found: the null id");
    assert_eq!(names(&db, first), ["joins", "sql"]);
    db.set_linked(first, Post::TAGS, &[], link(5)).unwrap();
    assert_eq!((names(&db, first).len(), names(&db, second).len(), db.check()), (0, 1, Ok(())));
}

/// behaviour I6: Restrict is order-independent
///
/// Links may refer to each other: those that go, go together.
#[test]
fn links_that_go_do_not_stand_in_each_others_way() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(has_many(stops: City, through = Visit))]
    struct Tour {
        name: String,
    }
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct City {
        name: String,
    }
    #[derive(Model, Clone, Debug, Serialize, Deserialize)]
    #[model(unique(tour_id, city_id))]
    struct Visit {
        #[model(belongs_to)]
        tour_id: Id<Tour>,
        #[model(belongs_to)]
        city_id: Id<City>,
        #[model(belongs_to)]
        after_id: Option<Id<Visit>>,
        #[model(belongs_to, on_delete = cascade)]
        detour_of_id: Option<Id<Visit>>,
        nights: u8,
    }
    let visit = |tour_id, city_id| Visit { tour_id, city_id, after_id: None, detour_of_id: None, nights: 2 };

    let mut db = Database::builder().model::<Tour>().model::<City>().model::<Visit>().build().unwrap();
    let tour = db.insert(Tour { name: "north".into() }).unwrap();
    let [oslo, bergen, voss, bodo] =
        ["Oslo", "Bergen", "Voss", "Bodo"].map(|name| db.insert(City { name: name.into() }).unwrap());
    let first = db.link(tour, Tour::STOPS, oslo, visit).unwrap();
    let after = |tour_id, city_id| Visit { after_id: Some(first), ..visit(tour_id, city_id) };
    let second = db.link(tour, Tour::STOPS, bergen, after).unwrap();
    db.link(tour, Tour::STOPS, voss, |tour_id, city_id| Visit {
        detour_of_id: Some(second),
        ..visit(tour_id, city_id)
    })
    .unwrap();

    let error = refused(&mut db, |db| db.unlink(tour, Tour::STOPS, oslo));
    assert!(matches!(error, Error::RestrictViolation { relation: "after", sources: 1, .. }), "{error}");
    // The link to Voss would go by cascade as well.
    db.set_linked(tour, Tour::STOPS, &[bodo], visit).unwrap();
    assert_eq!(db.linked(tour, Tour::STOPS).unwrap().map(|(_, city)| city.name.as_str()).collect::<Vec<_>>(), ["Bodo"]);
    assert_eq!((db.len::<Visit>(), db.check()), (1, Ok(())));
}

/// behaviour R24: "linking twice keeps one", whichever of the two ends has fewer links, among random links and removals;
/// against a list of pairs.
#[test]
fn random_links_agree_with_a_list_of_pairs() {
    let (mut db, _, _) = blog();
    let posts: Vec<_> = (0..12).map(|i| db.insert(post(&format!("post {i}"))).unwrap()).collect();
    let tags: Vec<_> = (0..5).map(|i| db.insert(tag(&format!("tag {i}"))).unwrap()).collect();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut seed = 24_u64;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) as usize) % limit
    };
    for step in 0..2_000 {
        let (p, t) = (below(posts.len()), below(tags.len()));
        let place = pairs.iter().position(|pair| *pair == (p, t));
        assert_eq!(db.find_link(posts[p], Post::TAGS, tags[t]).unwrap().is_some(), place.is_some());
        assert_eq!(db.find_link(tags[t], Tag::POSTS, posts[p]).unwrap().is_some(), place.is_some());
        if below(2) == 0 {
            db.link(posts[p], Post::TAGS, tags[t], link(step)).unwrap();
            if place.is_none() {
                pairs.push((p, t));
            }
        } else {
            assert_eq!(db.unlink(tags[t], Tag::POSTS, posts[p]).is_ok(), place.is_some());
            pairs.retain(|pair| *pair != (p, t));
        }
        assert_eq!(db.len::<PostTag>(), pairs.len());
    }
    for (p, id) in posts.iter().enumerate() {
        let expected: Vec<_> = pairs.iter().filter(|pair| pair.0 == p).map(|pair| tags[pair.1]).collect();
        assert_eq!(db.linked(*id, Post::TAGS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), expected);
    }
    assert_eq!(db.check(), Ok(()));
}
