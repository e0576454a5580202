//! Many to many: rows that are linked by the rows of a third model.
//!
//! A link model has two belongs_to relations and a unique key over both, and may carry data of its own. There is no other
//! kind of link and nothing stored beside its rows: what is here are the few statements that treat a row of it as a link
//! between two others. Everything else is said of the links as the rows that they are, see [`Through::links`].
//!
//! Not responsible for walking the links, which is a path like any other (`include::through`), and for proving when a
//! database is built that a model can be a link (`schema`).

use hashbrown::{HashMap, HashSet};
use slotmap::DefaultKey;

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::include::Linked;
use crate::model::{KeyOf, Model, Relation};
use crate::relation::Through;
use crate::write::{Deleted, expect_key, key_of_row};

impl Database {
    /// The rows that are linked to `owner`, in the order of linking. O(1), then O(1) a row.
    ///
    /// [`Linked::with_links`] gives the links beside them. A stale owner is an error, as is a link that was stored
    /// unchecked and names no row.
    ///
    /// ```
    /// use relata::{Database, Id, Model};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// #[model(has_many(tags: Tag, through = PostTag))]
    /// struct Post { title: String }
    ///
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// #[model(has_many(posts: Post, through = PostTag))]
    /// struct Tag { name: String }
    ///
    /// #[derive(Model, Clone, Serialize, Deserialize)]
    /// #[model(unique(post_id, tag_id))]
    /// struct PostTag {
    ///     #[model(belongs_to, on_delete = cascade)]
    ///     post_id: Id<Post>,
    ///     #[model(belongs_to, on_delete = cascade)]
    ///     tag_id: Id<Tag>,
    ///     weight: u8,
    /// }
    ///
    /// let mut db = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>().build()?;
    /// let post = db.insert(Post { title: "On links".into() })?;
    /// let rust = db.insert(Tag { name: "rust".into() })?;
    /// db.link(post, Post::TAGS, rust, |post_id, tag_id| PostTag { post_id, tag_id, weight: 3 })?;
    ///
    /// let names: Vec<&str> = db.linked(post, Post::TAGS)?.map(|(_, tag)| tag.name.as_str()).collect();
    /// assert_eq!(names, ["rust"]);
    /// for ((_, link), (_, tag)) in db.linked(post, Post::TAGS)?.with_links() {
    ///     println!("{} with weight {}", tag.name, link.weight);
    /// }
    /// assert_eq!(db.row(rust)?.posts()?.count(), 1);
    /// # Ok::<(), relata::Error>(())
    /// ```
    #[inline]
    pub fn linked<A, B>(&self, owner: Id<A::Target>, relation: Through<A, B>) -> Result<Linked<'_, B>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        self.related(owner, relation)
    }

    /// The link between two rows, if there is one. O(links of that of the two which has fewer), touching no row.
    /// A stale id is an error.
    #[expect(clippy::type_complexity, reason = "perhaps an id and a row is no new concept")]
    pub fn find_link<A, B>(
        &self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: Id<B::Target>,
    ) -> Result<Option<(Id<A::Source>, &A::Source)>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let _ = relation;
        self.get(owner)?;
        self.get(target)?;
        let links = self.table::<A::Source>()?;
        let (near, far) = (&links.index.links[A::INDEX], &links.index.links[B::INDEX]);
        let (owner, target) = (owner.key(), target.key());
        let found = if near.count(owner) <= far.count(target) {
            near.sources(owner).find(|link| far.target(*link) == target)
        } else {
            far.sources(target).find(|link| near.target(*link) == owner)
        };
        found.map(Id::from_key).map(|id| Ok((id, links.row(id)?))).transpose()
    }

    /// Links two rows and gives the link: `make` gets both foreign keys, and must put them in.
    ///
    /// If the two are linked already, gives that link, and `make` is not called (behaviour R24). A link that comes back
    /// with another key is refused. O(1) expected, beside what [`Database::find_link`] takes.
    pub fn link<A, B>(
        &mut self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: Id<B::Target>,
        make: impl FnOnce(KeyOf<A>, KeyOf<B>) -> A::Source,
    ) -> Result<Id<A::Source>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        if let Some((link, _)) = self.find_link(owner, relation, target)? {
            return Ok(link);
        }
        let link = made::<A, B>(&self.key_of::<A>(owner)?, &self.key_of::<B>(target)?, make)?;
        self.insert(link)
    }

    /// Removes the link between two rows, and nothing else but what refers to it. [`Error::NotLinked`] where there is
    /// none.
    pub fn unlink<A, B>(
        &mut self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: Id<B::Target>,
    ) -> Result<Deleted<A::Source>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let link = self.expect_link(owner, relation, target)?;
        self.delete(link)
    }

    /// Makes `targets` the rows that are linked to `owner`, in their order, all or none.
    ///
    /// Links to other rows are removed, links that are there stay the rows that they are, and `make` is called for the
    /// missing ones. `owner` then lists its links in the order of `targets`; at the other end links stand in the order in
    /// which they came. O(links of `owner` + `targets`) expected, beside what [`Database::find_link`] takes for each of
    /// them.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # #[model(has_many(tags: Tag, through = PostTag))]
    /// # struct Post { title: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # struct Tag { name: String }
    /// # #[derive(Model, Clone, Serialize, Deserialize)]
    /// # #[model(unique(post_id, tag_id))]
    /// # struct PostTag { #[model(belongs_to)] post_id: Id<Post>, #[model(belongs_to)] tag_id: Id<Tag> }
    /// # let mut db = Database::builder().model::<Post>().model::<Tag>().model::<PostTag>().build()?;
    /// # let post = db.insert(Post { title: "On links".into() })?;
    /// # let [rust, sql] = ["rust", "sql"].map(|name| db.insert(Tag { name: name.into() }).unwrap());
    /// let link = |post_id, tag_id| PostTag { post_id, tag_id };
    /// db.set_linked(post, Post::TAGS, &[rust, sql], link)?;
    /// db.set_linked(post, Post::TAGS, &[sql, rust], link)?;
    /// assert!(db.linked(post, Post::TAGS)?.map(|(id, _)| id).eq([sql, rust]));
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn set_linked<A, B>(
        &mut self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        targets: &[Id<B::Target>],
        mut make: impl FnMut(KeyOf<A>, KeyOf<B>) -> A::Source,
    ) -> Result<(), Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let mut places: HashMap<DefaultKey, usize> = HashMap::with_capacity(targets.len());
        for (place, target) in targets.iter().enumerate() {
            places.entry(target.key()).or_insert(place);
        }
        let links = self.linked(owner, relation)?.with_links();
        let others = links.filter(|(_, (target, _))| !places.contains_key(&target.key()));
        let others: Vec<DefaultKey> = others.map(|((link, _), _)| link.key()).collect();
        self.in_one(|db| {
            db.delete_together::<A::Source>(others)?;
            let (new, refused) = db.missing_links(owner, relation, targets, &mut make);
            db.insert_unless(new, refused)?;
            let mut links: Vec<(usize, DefaultKey)> = db
                .linked(owner, relation)?
                .with_links()
                .map(|((link, _), (target, _))| (places.get(&target.key()).copied().unwrap_or(0), link.key()))
                .collect();
            links.sort_by_key(|(place, _)| *place);
            let links: Vec<DefaultKey> = links.into_iter().map(|(_, link)| link).collect();
            db.order::<A>(owner, &links)
        })
    }

    /// The links that `owner` lacks to have each of `targets`, up to one that cannot be, and why it cannot.
    fn missing_links<A, B>(
        &self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        targets: &[Id<B::Target>],
        make: &mut impl FnMut(KeyOf<A>, KeyOf<B>) -> A::Source,
    ) -> (Vec<A::Source>, Option<Error>)
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let (mut seen, mut new) = (HashSet::with_capacity(targets.len()), Vec::new());
        let mut add = |target: Id<B::Target>| {
            if self.find_link(owner, relation, target)?.is_none() {
                new.push(made::<A, B>(&self.key_of::<A>(owner)?, &self.key_of::<B>(target)?, &mut *make)?);
            }
            Ok(())
        };
        let mut targets = targets.iter().filter(|target| seen.insert(target.key()));
        let refused = targets.try_for_each(|target| add(*target)).err();
        (new, refused)
    }

    /// Stores a row and links it to `owner`: both or neither (behaviour R25). Gives the ids of the row and of the link.
    ///
    /// `make` is called when it is known that the row can be stored, before it is: if the link is refused, nothing has
    /// changed, and a later row may get the id that `make` was given.
    #[expect(clippy::type_complexity, reason = "two ids are no new concept")]
    pub fn create_linked<A, B>(
        &mut self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: B::Target,
        make: impl FnOnce(KeyOf<A>, KeyOf<B>) -> A::Source,
    ) -> Result<(Id<B::Target>, Id<A::Source>), Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        self.get(owner)?;
        if self.table::<A::Source>()?.index.links[B::INDEX].unresolved() > 0 {
            // A link may have waited for the row: then it is the one.
            return self.in_one(|db| {
                let target = db.insert(target)?;
                Ok((target, db.link(owner, relation, target, make)?))
            });
        }
        let id = self.expect_insertable(&target)?;
        let link = made::<A, B>(&self.key_of::<A>(owner)?, &key_of_row::<B>(id, &target)?, make)?;
        let target = self.expect_insertable_after(target, &link)?;
        self.in_one(|db| Ok((db.insert(target)?, db.insert(link)?)))
    }

    /// Deletes a row that is linked to `owner` together with that link. [`Error::NotLinked`] where it is not.
    ///
    /// Its links to others are what their `on_delete` says: they go along, or stand against it (behaviour R28).
    pub fn delete_linked<A, B>(
        &mut self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: Id<B::Target>,
    ) -> Result<Deleted<B::Target>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let link = self.expect_link(owner, relation, target)?;
        let at = (self.store.position::<B::Target>()?, target.key());
        let mut roots = vec![at, (self.store.position::<A::Source>()?, link.key())];
        // A row may link itself.
        roots.dedup();
        self.delete_roots(target, &roots)
    }

    fn expect_link<A, B>(
        &self,
        owner: Id<A::Target>,
        relation: Through<A, B>,
        target: Id<B::Target>,
    ) -> Result<Id<A::Source>, Error>
    where
        A: Relation,
        B: Relation<Source = A::Source>,
    {
        let link = self.find_link(owner, relation, target)?.map(|(link, _)| link);
        link.ok_or_else(|| Error::NotLinked {
            model: A::Source::NAME,
            from: A::NAME,
            owner: owner.erase(),
            to: B::NAME,
            target: target.erase(),
        })
    }
}

/// The link that `make` gives for two foreign keys, which it must put in.
fn made<A, B>(
    near: &KeyOf<A>,
    far: &KeyOf<B>,
    make: impl FnOnce(KeyOf<A>, KeyOf<B>) -> A::Source,
) -> Result<A::Source, Error>
where
    A: Relation,
    B: Relation<Source = A::Source>,
{
    let link = make(near.clone(), far.clone());
    expect_key::<A>(&link, near)?;
    expect_key::<B>(&link, far)?;
    Ok(link)
}
