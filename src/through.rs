//! Many to many: rows that are linked by the rows of a third model.
//!
//! A link model has two belongs_to relations and a unique key over both, and may carry data of its own. There is no other
//! kind of link and nothing stored beside its rows: what is here are the few statements that treat a row of it as a link
//! between two others. Everything else is said of the links as the rows that they are, see [`Through::links`].
//!
//! Not responsible for walking the links, which is a path like any other (`include::through`), and for proving when a
//! database is built that a model can be a link (`schema`).

use slotmap::DefaultKey;

use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::include::Linked;
use crate::model::{KeyOf, Model, Relation};
use crate::relation::Through;
use crate::write::{Deleted, expect_key};

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
        let (near, far) = (self.key_of::<A>(owner)?, self.key_of::<B>(target)?);
        let link = make(near.clone(), far.clone());
        expect_key::<A>(&link, &near)?;
        expect_key::<B>(&link, &far)?;
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

    /// Makes `targets` the rows that are linked to `owner`, all or none.
    ///
    /// Links that are there stay as they are, in their order; those to other rows are removed; `make` is called for the
    /// missing ones, which come after in the order of `targets`. O(links of `owner` + `targets`) expected, beside what
    /// [`Database::find_link`] takes for each of them.
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
        let wanted: hashbrown::HashSet<DefaultKey> = targets.iter().map(|target| target.key()).collect();
        let links = self.linked(owner, relation)?.with_links();
        let others = links.filter(|(_, (target, _))| !wanted.contains(&target.key()));
        let others: Vec<DefaultKey> = others.map(|((link, _), _)| link.key()).collect();
        self.in_one(|db| {
            db.delete_together::<A::Source>(others)?;
            targets.iter().try_for_each(|target| db.link(owner, relation, *target, &mut make).map(|_| ()))
        })
    }

    /// Stores a row and links it to `owner`: both or neither (behaviour R25). Gives the ids of the row and of the link.
    ///
    /// If the link is refused the row is taken back as by a rollback: its id will never resolve.
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
        self.in_one(|db| {
            let target = db.insert(target)?;
            Ok((target, db.link(owner, relation, target, make)?))
        })
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
