//! A relation through links as a path: inclusion, chains, and links that name no row.

use relata::{Database, Error, Id, Model, Predicate};
use serde::{Deserialize, Serialize};

use super::blog::{Post, PostTag, Tag, blog, link, names, post, tag};

fn linked_blog() -> (Database, [Id<Post>; 2], [Id<Tag>; 2]) {
    let (mut db, posts, tags) = blog();
    db.link(posts[0], Post::TAGS, tags[1], link(2)).unwrap();
    db.link(posts[1], Post::TAGS, tags[0], link(4)).unwrap();
    db.link(posts[0], Post::TAGS, tags[0], link(1)).unwrap();
    (db, posts, tags)
}

/// behaviour R26: "the view can return target with link", for many owners at once, in the order of linking
#[test]
fn tags_are_included_for_each_post() {
    let (mut db, [first, second], [rust, sql]) = linked_blog();
    let lonely = db.insert(post("alone")).unwrap();
    let ids = [second, first, lonely, Id::null(), first];
    let shown: Vec<_> = db
        .include(&ids, Post::TAGS)
        .map(|pair| {
            let (_, tags) = pair?;
            Ok(tags.map(|(id, tag)| (id, tag.name.as_str())).collect::<Vec<_>>())
        })
        .collect::<Vec<Result<_, Error>>>();
    let of_first = vec![(sql, "sql"), (rust, "rust")];
    assert_eq!(shown[0], Ok(vec![(rust, "rust")]));
    assert_eq!((&shown[1], &shown[4]), (&Ok(of_first.clone()), &Ok(of_first)));
    assert_eq!(shown[2], Ok(vec![]));
    assert_eq!(shown[3].as_ref().unwrap_err().to_string(), "Post null not found: the null id");

    let (_, (tags, links)) = db.include(&[first], (Post::TAGS, Post::TAGS.links())).next().unwrap().unwrap();
    assert_eq!((tags.len(), links.len()), (2, 2));
    let weights: Vec<_> = tags.with_links().map(|((_, link), (_, tag))| (tag.name.as_str(), link.weight)).collect();
    assert_eq!(weights, [("sql", 2), ("rust", 1)]);

    // behaviour R34: a scope applies to each owner, by a predicate too
    let named = Post::TAGS.filter_by(Tag::FIELDS.name.eq("rust"));
    let shared = Post::TAGS.filter_by(Tag::POSTS.some(Predicate::id_in([second]))).limit(1);
    for scoped in
        [db.include(&[first, second, lonely], named).to_vec(), db.include(&[first, second, lonely], shared).to_vec()]
    {
        let ids = scoped.unwrap().into_iter().map(|(post, tags)| (post, tags.map(|(id, _)| id).collect::<Vec<_>>()));
        assert!(ids.eq([(first, vec![rust]), (second, vec![rust]), (lonely, vec![])]));
    }
}

#[test]
fn a_path_goes_on_from_what_is_linked() {
    let (db, [first, second], [rust, sql]) = linked_blog();
    // What the posts have in common with others: from post to tags to posts.
    let siblings = |post| -> Vec<(Id<Tag>, Vec<Id<Post>>)> {
        let tags = db.related(post, Post::TAGS.with(Tag::POSTS)).unwrap();
        tags.map(|item| item.map(|(id, _, posts)| (id, posts.map(|(id, _)| id).collect())))
            .collect::<Result<_, _>>()
            .unwrap()
    };
    assert_eq!(siblings(first), [(sql, vec![first]), (rust, vec![second, first])]);
    let counts = db.related(first, Post::TAGS.then(Tag::POSTS)).unwrap();
    assert_eq!(counts.map(|posts| posts.unwrap().len()).collect::<Vec<_>>(), [1, 2]);
    // From a link over its post to the tags of that.
    let (any, _) = db.iter::<PostTag>().next().unwrap();
    let tags = db.related(any, PostTag::POST.then(Post::TAGS)).unwrap();
    assert_eq!(tags.map(|(id, _)| id).collect::<Vec<_>>(), [sql, rust]);
    let none = db.related(any, PostTag::REVIEWER.then(Post::TAGS)).unwrap();
    assert_eq!(none.len(), 0);
    let many: Vec<_> = [first, second].repeat(200);
    let total: usize = db.include(&many, Post::TAGS.then(Tag::POSTS)).map(|pair| pair.unwrap().1.len()).sum();
    assert_eq!(total, 200 * 3);
}

#[test]
fn a_link_that_names_no_row_is_an_error_for_its_owner_alone() {
    let (mut db, [first, second], [rust, _]) = linked_blog();
    let mut tx = db.begin_deferred().unwrap();
    let missing = tx.reserve::<Tag>().unwrap();
    let dangling = tx.insert(link(6)(first, missing)).unwrap();
    let why = format!("{}: the target of `tag` is missing: id {missing}", dangling.erase());
    assert_eq!(tx.linked(first, Post::TAGS).map(|_| ()).unwrap_err().to_string(), why);
    assert_eq!(tx.row(first).unwrap().tags().map(|_| ()).unwrap_err().to_string(), why);
    let included: Vec<_> = tx.include(&[first, second], Post::TAGS.then(Tag::POSTS)).collect();
    assert_eq!(included[0].as_ref().unwrap_err().to_string(), why);
    assert_eq!(included[1].as_ref().unwrap().1.len(), 1);
    assert_eq!(names(&tx, second), ["rust"]);
    // From the other end the links are whole.
    assert_eq!(tx.linked(rust, Tag::POSTS).unwrap().len(), 2);
    tx.insert_at(missing, tag("late")).unwrap();
    assert_eq!(names(&tx, first), ["sql", "rust", "late"]);
    tx.commit().unwrap();

    let unchecked = db.insert_many_unchecked([link(1)(second, Id::null())]).unwrap()[0];
    let error = db.linked(second, Post::TAGS).unwrap_err();
    assert_eq!(error, Error::Unresolved { row: unchecked.erase(), relation: "tag", key: "id null".into() });
    assert_eq!(names(&db, first), ["sql", "rust", "late"]);
}

#[test]
fn the_order_of_linking_survives_save_and_load() {
    let (mut db, [first, second], tags) = linked_blog();
    db.unlink(first, Post::TAGS, tags[1]).unwrap();
    db.link(first, Post::TAGS, tags[1], link(3)).unwrap();
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    let builder = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>();
    let loaded = builder.load_from(&bytes[..]).unwrap();
    assert_eq!(names(&loaded, first), ["rust", "sql"]);
    assert_eq!(names(&loaded, second), names(&db, second));
    assert_eq!(loaded.schema(), db.schema());
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(name, version), has_many(needs: Package, through = Need, via(package, needed)))]
#[model(has_many(licences: Licence, through = Licensed))]
struct Package {
    name: String,
    version: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(from_name, from_version, to_name, to_version))]
#[model(belongs_to(Package, key_from(from_name, from_version), name = package))]
#[model(belongs_to(Package, key_from(to_name, to_version), name = needed))]
struct Need {
    from_name: String,
    from_version: u32,
    to_name: String,
    to_version: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Licence {
    #[model(primary_key)]
    spdx: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(licence_spdx, package_name, package_version))]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Licensed {
    package_name: String,
    package_version: u32,
    #[model(belongs_to(Licence), name = licence)]
    licence_spdx: String,
}

#[test]
fn links_by_natural_and_composite_keys() {
    let builder = Database::builder().model::<Package>().model::<Need>().model::<Licence>().model::<Licensed>();
    let mut db = builder.build().unwrap();
    let package = |name: &str, version| Package { name: name.into(), version };
    let ids = db.insert_many([package("serde", 1), package("serde", 2), package("json", 1)]).unwrap();
    let need = |(from_name, from_version): (String, u32), (to_name, to_version): (String, u32)| Need {
        from_name,
        from_version,
        to_name,
        to_version,
    };
    let made = db.link(ids[2], Package::NEEDS, ids[1], need).unwrap();
    assert_eq!(db.link(ids[2], Package::NEEDS, ids[1], need).unwrap(), made);
    assert_eq!(db.related(made, Need::NEEDED).unwrap().version, 2);
    let mit = |(package_name, package_version), licence_spdx| Licensed { package_name, package_version, licence_spdx };
    let (licence, _) = db.create_linked(ids[0], Package::LICENCES, Licence { spdx: "MIT".into() }, mit).unwrap();
    db.link(ids[2], Package::LICENCES, licence, mit).unwrap();
    assert_eq!(db.row(ids[2]).unwrap().licences().unwrap().next().unwrap().spdx, "MIT");
    let error = db.unlink(ids[1], Package::LICENCES, licence).unwrap_err();
    assert_eq!(error.to_string(), "no `Licensed` has package = Package 2v1 and licence = Licence 1v1");
    assert_eq!(db.check(), Ok(()));
}

/// A link that is a row of the model that it links: legal, if of little use.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(from_id, to_id), has_many(next: Node, through = Node, via(from, to)))]
struct Node {
    #[model(belongs_to)]
    from_id: Id<Node>,
    #[model(belongs_to)]
    to_id: Id<Node>,
}

#[test]
fn a_row_may_be_its_own_link() {
    let mut db = Database::builder().model::<Node>().build().unwrap();
    let node = db.insert_with(|id| Node { from_id: id, to_id: id }).unwrap();
    let other = db.insert_with(|id| Node { from_id: node, to_id: id }).unwrap();
    let next: Vec<_> = db.linked(node, Node::NEXT).unwrap().map(|(id, _)| id).collect();
    assert_eq!(next, [node, other]);
    let gone = db.delete_linked(node, Node::NEXT, other).unwrap();
    assert_eq!((gone.row.to_id, gone.removed), (other, vec![]));
    assert_eq!(db.delete_linked(node, Node::NEXT, node).unwrap().removed, []);
    assert_eq!((db.len::<Node>(), db.check()), (0, Ok(())));
}
