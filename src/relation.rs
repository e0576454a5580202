//! Relations as values: `Order::CUSTOMER`, `Customer::ORDERS`. Zero-sized; each is its own type, so that two relations
//! to one model, relations to the model itself and misspelt names are settled by the compiler (behaviour R8).

use std::fmt;
use std::marker::PhantomData;

use slotmap::DefaultKey;

use crate::index::Indexes;
use crate::index::referrers::Referrers;
use crate::model::{AnyRelation, ListRelation, Relation};

/// A belongs_to relation, followed from the source to its target. Also the first step of a path.
pub struct BelongsTo<R>(PhantomData<fn() -> R>);
/// A has_many relation: from a target to all of its sources.
pub struct HasMany<R>(PhantomData<fn() -> R>);
/// A references_many relation: from a row to the rows that it lists. Also the first step of a path.
///
/// The list is a field of the row, in the order and with the repeats that the program gives it; it is changed by
/// [`Database::update`](crate::Database::update) and its kin, which check every id in it (behaviours R51 to R57, after
/// LoopBack's referencesMany). Following it costs O(1) for each row, asking who lists a row O(1) to open; a write O(n log n)
/// for a list of n ids that has changed.
///
/// ```
/// use relata::{Database, Id, Model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(playlists: Playlist))]
/// struct Song { title: String }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Playlist {
///     name: String,
///     #[model(references_many, on_delete = set_null)]
///     song_ids: Vec<Id<Song>>,
/// }
///
/// let mut db = Database::builder().model::<Song>().model::<Playlist>().build()?;
/// let intro = db.insert(Song { title: "Intro".into() })?;
/// let outro = db.insert(Song { title: "Outro".into() })?;
/// let list = db.insert(Playlist { name: "short".into(), song_ids: vec![intro, outro, intro] })?;
///
/// for (_id, song) in db.related(list, Playlist::SONGS)? {
///     println!("{}", song.title); // Intro, Outro, Intro
/// }
/// assert_eq!(db.children(intro, Song::PLAYLISTS)?.len(), 1); // who lists it, each once
/// db.update(list, |list| list.song_ids.reverse())?;
///
/// let refused = db.update(list, |list| list.song_ids.push(Id::null())).unwrap_err();
/// assert_eq!(refused.to_string(), "Playlist 1v1: `Playlist`.songs: no `Song` with id null (`song_ids[3]`): the null id");
///
/// db.delete(intro)?;
/// assert_eq!(db.get(list)?.song_ids, [outro]);
/// # Ok::<(), relata::Error>(())
/// ```
pub struct ReferencesMany<L>(PhantomData<fn() -> L>);
/// A has_one relation: from a target to its only source.
pub struct HasOne<R>(PhantomData<fn() -> R>);

/// A has_many relation through a link model, many to many: from the target of `A` to the targets of `B`. `A` and `B` are
/// two belongs_to relations of the links; to have them the other way round is to look from the other end.
pub struct Through<A, B>(PhantomData<fn() -> (A, B)>);

impl<A, B> Through<A, B> {
    /// The links of a row, as the has_many relation that they are: to count them, to filter them by what they carry, to
    /// remove all of them (`db.delete_all(post, Post::TAGS.links())`).
    pub const fn links(self) -> HasMany<A> {
        HasMany::new()
    }
}

impl<R: Relation> BelongsTo<R> {
    /// Every row that refers to a row: the relation as its targets see it (`db.children(customer, Order::CUSTOMER.inverse())`).
    /// What `has_many(orders: Order)` makes a constant of.
    pub const fn inverse(self) -> HasMany<R> {
        HasMany::new()
    }
}

impl<L: ListRelation> ReferencesMany<L> {
    /// Who lists a row: the relation as its targets see it (`db.children(song, Playlist::SONGS.inverse())`). What
    /// `has_many(playlists: Playlist)` makes a constant of.
    pub const fn inverse(self) -> HasMany<Self> {
        HasMany::new()
    }
}

impl<L: ListRelation> AnyRelation for ReferencesMany<L> {
    type Source = L::Source;
    type Target = L::Target;
    const NAME: &'static str = L::NAME;

    #[inline]
    fn referrers(index: &Indexes) -> Referrers<'_> {
        index.list(L::INDEX).referrers()
    }
    fn targets(index: &Indexes, source: DefaultKey, targets: &mut Vec<DefaultKey>) {
        let listed = index.list(L::INDEX).of(source).iter().filter(|listing| !listing.waits());
        targets.extend(listed.map(|listing| listing.target));
    }
}

/// A unique key as a value: `Customer::BY_EMAIL`.
pub struct By<U>(PhantomData<fn() -> U>);

/// A has_many or has_one relation: what rows can be created, changed or deleted through.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a has_many or has_one relation",
    note = "rows are created, changed and deleted through their owner's relation: `Customer::ORDERS`, not `Order::CUSTOMER`"
)]
pub trait Inverse: Copy {
    /// The belongs_to relation that this is the inverse of.
    type Relation: Relation;
}
impl<R: Relation> Inverse for HasMany<R> {
    type Relation = R;
}
impl<R: Relation> Inverse for HasOne<R> {
    type Relation = R;
}

macro_rules! zero_sized {
    ($($name:ident [$($of:ident),+]: $text:literal),*) => {$(
        impl<$($of),+> $name<$($of),+> {
            #[doc = $text]
            #[allow(clippy::new_without_default, reason = "a constant of the derive; nothing else makes one")]
            pub const fn new() -> Self {
                $name(PhantomData)
            }
        }
        impl<$($of),+> Clone for $name<$($of),+> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($of),+> Copy for $name<$($of),+> {}
        impl<$($of),+> fmt::Debug for $name<$($of),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
zero_sized!(
    BelongsTo[R]: "The value of a belongs_to relation: a model keeps it as a constant.",
    HasMany[R]: "The value of a has_many relation: a model keeps it as a constant.",
    ReferencesMany[L]: "The value of a references_many relation: a model keeps it as a constant.",
    HasOne[R]: "The value of a has_one relation: a model keeps it as a constant.",
    Through[A, B]: "The value of a has_many relation through a link model: a model keeps it as a constant.",
    By[U]: "The value of a unique key: a model keeps it as a constant."
);
