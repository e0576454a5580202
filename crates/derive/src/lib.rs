//! The derive macro of [relata](https://docs.rs/relata): it declares a struct as a model.
//!
//! Parse (`attr`, `serde_attr`), check (`check`, which makes a `model::Model`), expand (`expand`). It writes
//! declarations only; all machinery is generic code in `relata` over what is declared. It sees names, not types: `Id`
//! and `Option` are known by the last segment of their path, and an alias of them is not seen through.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod attr;
mod check;
mod expand;
mod model;
mod polymorphic;
mod lossless;
mod serde_attr;

/// Declares a struct as a model: its table, keys and relations.
///
/// The struct has named fields (or none) and no generic parameters, and is `Clone + Serialize + Deserialize`.
///
/// ```
/// use relata::{Database, Id, Model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Model, Clone, Debug, Serialize, Deserialize)]
/// #[model(has_many(orders: Order))]
/// struct Customer {
///     name: String,
///     #[model(unique)]
///     email: String,
/// }
///
/// #[derive(Model, Clone, Debug, Serialize, Deserialize)]
/// struct Order {
///     #[model(belongs_to, on_delete = cascade)]
///     customer_id: Id<Customer>,
///     total_cents: u64,
/// }
///
/// let mut db = Database::builder().model::<Customer>().model::<Order>().build()?;
/// let thor = db.insert(Customer { name: "Thor".into(), email: "thor@asgard".into() })?;
/// let order = db.insert(Order { customer_id: thor, total_cents: 500 })?;
/// assert_eq!(db.related(order, Order::CUSTOMER)?.name, "Thor");        // relations are constants
/// assert_eq!(db.find(Customer::BY_EMAIL, "thor@asgard")?.0, thor);     // and so are unique keys
/// assert_eq!(db.row(thor)?.orders().count(), 1);                       // rows are walked by name
/// db.set(order, Order::FIELDS.total_cents, 600)?;                      // fields are values
/// *db.get_mut(order)?.total_cents += 1;                                // what is in no key changes in place
/// # Ok::<(), relata::Error>(())
/// ```
///
/// # On the struct
///
/// Any number of items in one `#[model(..)]`, any number of `#[model(..)]`.
///
/// | item | what it says |
/// |---|---|
/// | `table = "orders"` | the table's name; the struct's name, if nothing is said |
/// | `version = 3` | a number to raise when the model changes in a way that names and types of its fields do not show |
/// | `primary_key(a, b)` | the fields that identify a row; without it the id alone does |
/// | `unique(a, b)` | no two rows have the same values in all of these fields; a row in which one is `None` collides with none |
/// | `index(a, b)`, `ordered(a, b)` | an index on these fields: for equality; for equality of all, or of the first with a range or an order of the next |
/// | `belongs_to(Target, key_from(a, b), ..)` | these fields hold a key of `Target`; named after it in snake case |
/// | `has_many(orders: Order)` | the inverse of `Order`'s only relation to this model, a key or a list of ids |
/// | `has_many(bought: Order, via = buyer)` | the inverse of `Order`'s relation `buyer`, where it has several |
/// | `has_many(tags: Tag, through = PostTag)` | many to many: every `Tag` that a `PostTag` refers to which refers to this model too |
/// | `has_many(following: User, through = Follow, via(follower, followee))` | the same, where `Follow` has several relations to one of the two: that to this model, that to the other |
/// | `has_one(card: Card)`, with `via` | the same, where the key is unique, so that there is one at most |
///
/// # On a field
///
/// | item | what it says |
/// |---|---|
/// | `primary_key`, `unique` | as above, of this field alone |
/// | `index` | equal values are found without a scan; the type is `Eq + Hash` |
/// | `ordered` | the same, and ranges, orders, the first and the last; the type is `Ordered` |
/// | `column` | the values lie side by side, for scans and sums; the type is `Copy + PartialEq` |
/// | `belongs_to` | on `Id<Target>` or `Option<Id<Target>>`: the row refers to that row |
/// | `belongs_to(Target)` | on any other type, or an `Option` of it: the field holds the target's primary key |
/// | `belongs_to(Person, Company)` | on an enum of their ids ([`PolymorphicId`](derive@PolymorphicId)), or an `Option` of it: a relation for each variant, in their order: `owner_person`, `owner_company` for the field `owner` |
/// | `references_many` | on a `Vec<Id<Target>>`, or another [collection of ids](https://docs.rs/relata/latest/relata/trait.IdList.html): the row refers to every row in the list, in its order; the relation is named by the field without `_ids`, in the plural (`song_ids`: `songs`, `city_ids`: `cities`) |
/// | `references_many(Target)` | the same where the type shows no `Id`: an alias, a collection of one's own |
/// | `plain` | on an id, a list of ids, or any other type that has ids in it, also where it does not show them: this is no relation, and nothing is checked |
///
/// # Options of a relation
///
/// In the parentheses of `belongs_to` or `references_many`, or beside it on a field. A list of ids has `name` and `on_delete`, and of
/// the actions `restrict`, `cascade` and `set_null`, which takes the id out of the list.
///
/// | option | what it says |
/// |---|---|
/// | `name = buyer` | the relation's name; that of the field without `_id`, if nothing is said |
/// | `key_to = code`, `key_to(a, b)` | the unique key of the target that is meant, if it is not the primary key |
/// | `key_from = country`, `key_from(a, b)` | the fields that hold the key; on the struct only |
/// | `on_delete = ..` | what deleting the target does: `restrict` (if nothing is said), `no_action`, `cascade`, `set_null`, `set_default` |
/// | `on_delete = set_null(a)` | of a key of several fields, `set_null` clears those that are an `Option`, or those that are named; so does `unrelate` |
/// | `on_update = ..` | what changing the target's natural key does: the same, where `cascade` gives the row the new key |
/// | `default = ..` | the key that `set_default` gives, an expression; a tuple where the key has several fields. The default of an id is a row, which `Database::set_default_target` sets |
/// | `deferred` | inside any transaction, the key and `no_action` are judged at the commit: SQL's `DEFERRABLE INITIALLY DEFERRED` |
/// | `acyclic` | of a relation of the model to itself, or a polymorphic one with a variant for it: it leads no row back to itself |
///
/// ```
/// # use relata::{Database, Model};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)]
/// # struct Country { #[model(primary_key)] code: String }
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct City {
///     #[model(belongs_to(Country), name = country)]
///     #[model(on_update = cascade, on_delete = set_default, default = "??".to_owned())]
///     country_code: String,
/// }
/// # let mut db = Database::builder().model::<Country>().model::<City>().build()?;
/// # db.insert_many(["??", "bu"].map(|code| Country { code: code.into() }))?;
/// # let city = db.insert(City { country_code: "bu".into() })?;
/// # let burma = db.find(Country::BY_CODE, "bu")?.0;
/// db.update(burma, |country| country.code = "mm".into())?;
/// assert_eq!(db.get(city)?.country_code, "mm");
/// db.delete(burma)?;
/// assert_eq!(db.get(city)?.country_code, "??");
/// # Ok::<(), relata::Error>(())
/// ```
///
/// The model that links two others has a belongs_to relation to each, both required, and a unique key over the two. It
/// may carry data of its own; `Database::link` and its neighbours make and remove links.
///
/// A key of which a part is an `Option` is optional: where a part is `None`, the row refers to nothing.
///
/// ```
/// # use relata::{Database, Id, Model};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(table = "packages", version = 1, primary_key(name, version))]
/// #[model(has_many(dependencies: Dependency, via = package), has_many(dependents: Dependency, via = needs))]
/// struct Package {
///     name: String,
///     version: String,
///     #[model(belongs_to)]
///     replaced_by_id: Option<Id<Self>>, // Package::REPLACED_BY
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(belongs_to(Package, key_from(package_name, package_version), on_delete = cascade))]
/// #[model(belongs_to(Package, key_from(needs_name, needs_version), name = needs))]
/// struct Dependency {
///     package_name: String,
///     package_version: String,
///     needs_name: String,
///     needs_version: Option<String>,
///     #[model(belongs_to(Registry), key_to = url, name = registry, on_delete = set_null)]
///     registry_url: Option<String>,
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Registry {
///     #[model(unique)]
///     url: String,
///     #[model(plain)]
///     last_seen: Id<Package>, // may name a row that is gone
///     #[model(references_many, on_delete = set_null)]
///     featured_ids: Vec<Id<Package>>, // Registry::FEATUREDS; `name = featured` for a better one
/// }
///
/// let db = Database::builder().model::<Package>().model::<Dependency>().model::<Registry>().build()?;
/// let relations = &db.schema().table("Dependency").unwrap().relations;
/// assert_eq!(relations.iter().map(|relation| relation.name.as_str()).collect::<Vec<_>>(), ["registry", "package", "needs"]);
/// # Ok::<(), relata::Error>(())
/// ```
///
/// A hierarchy:
///
/// ```
/// # use relata::{Database, Error, Id, Model};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(folders: Folder))]
/// struct Folder {
///     name: String,
///     #[model(belongs_to, acyclic, on_delete = cascade)]
///     parent_id: Option<Id<Folder>>,
/// }
///
/// let mut db = Database::builder().model::<Folder>().build()?;
/// let home = db.insert(Folder { name: "home".into(), parent_id: None })?;
/// let music = db.insert(Folder { name: "music".into(), parent_id: Some(home) })?;
/// let refused = db.relate(home, Folder::PARENT, music).unwrap_err();
/// assert_eq!(refused.to_string(), "`Folder`.parent leads in a circle: Folder 1v1 -> Folder 2v1 -> Folder 1v1");
/// # Ok::<(), relata::Error>(())
/// ```
///
/// # What it writes
///
/// Of the visibility of the struct: a constant for each relation (`Order::CUSTOMER`), each inverse (`Customer::ORDERS`)
/// and each unique key (`Customer::BY_EMAIL`, `Package::BY_NAME_VERSION`), and `FIELDS` with a value for each field, of
/// the field's visibility. Two of them may not have one name. Further the view of a row that `Database::row` gives, with
/// a method for each relation beside `id()` and `get()` (so that no relation can have these names), and the view that
/// `get_mut` and `iter_mut` lend, in which fields that are in a key, an index or a column can be read only: `set`, `update` and
/// `update_where` change them. Indexes and columns are no part of a file: declaring one changes nothing on disk.
///
/// A public model refers to public models, as its constants name them.
///
/// serde's `rename` and `rename_all` give the names that fields have outside, under which they are saved. Its other
/// attributes may be used, but for `remote`. A field that is skipped is not saved and comes back as its default; a key cannot be.
///
/// `#[model(lossy)]` on a field says that it may come back from a file as another value; without it such a row is not saved.
/// `#[model(was = "Old")]` on the struct, as often as needed, names what the table was called before. `version` is raised when rows of
/// before need a function, `DatabaseBuilder::migrate`, to become rows of now.
///
/// # What it refuses
///
/// Everything that is wrong with a struct is reported at once. Some of it:
///
/// `set_null` on a key that cannot be absent:
/// ```compile_fail
/// # use relata::{Id, Model};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)]
/// # struct Customer { name: String }
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Order {
///     #[model(belongs_to, on_delete = set_null)]
///     customer_id: Id<Customer>, // `Option<Id<Customer>>` is accepted
/// }
/// ```
/// An id, a list of ids, or another type in which an id can be seen, that is neither a relation nor marked as plain. An
/// id inside of another struct or enum, or behind an alias, cannot be seen: nothing enforces it, and `Database::check`
/// finds it where it names no row.
/// ```compile_fail
/// # use relata::{Id, Model};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)]
/// # struct Customer { name: String }
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Order {
///     customer_id: Id<Customer>,
/// }
/// ```
/// The inverse of a relation that is not there:
/// ```compile_fail,E0277
/// # use relata::{Id, Model};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(orders: Order))]
/// struct Customer { name: String }
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Order { total_cents: u64 }
/// ```
/// A key of a type without total equality:
/// ```compile_fail,E0277
/// # use relata::Model;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Body {
///     #[model(unique)]
///     mass: f64,
/// }
/// ```
/// A key of another type than the one that it refers to:
/// ```compile_fail,E0308
/// # use relata::Model;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Country { #[model(primary_key)] code: String }
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct City { #[model(belongs_to(Country), name = country)] country_code: u32 }
/// ```
/// A key that is not saved:
/// ```compile_fail
/// # use relata::Model;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Note {
///     #[model(unique)]
///     #[serde(skip)]
///     text: String,
/// }
/// ```
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::check(&input) {
        Ok(model) => expand::expand(&model).into(),
        Err(errors) => errors.into_compile_error().into(),
    }
}

/// Declares an enum of ids as the key of a relation to one of several models.
///
/// Each variant holds the [`Id`](https://docs.rs/relata) of another model, and nothing else. The enum is `Clone + Copy +
/// Serialize + Deserialize`, and what else its use asks for: `PartialEq` to be compared, `Eq + Hash + Debug` to be in a
/// unique key.
///
/// ```
/// use relata::{Database, Id, Model, PolymorphicId};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
/// enum Owner {
///     Person(Id<Person>),
///     Company(Id<Company>),
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// struct Asset {
///     label: String,
///     #[model(belongs_to(Person, Company), on_delete = cascade)]
///     owner: Owner,
/// }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(assets: Asset))]
/// struct Person { name: String }
///
/// #[derive(Model, Clone, Serialize, Deserialize)]
/// #[model(has_many(assets: Asset))]
/// struct Company { name: String }
///
/// let mut db = Database::builder().model::<Person>().model::<Company>().model::<Asset>().build()?;
/// let ada = db.insert(Person { name: "Ada".into() })?;
/// let acme = db.insert(Company { name: "Acme".into() })?;
/// let lathe = db.insert(Asset { label: "lathe".into(), owner: ada.into() })?;
///
/// match db.row(lathe)?.owner()? {
///     OwnerRow::Person(person) => assert_eq!(person.name, "Ada"),
///     OwnerRow::Company(_) => unreachable!(),
/// }
/// // Each variant is a relation, with all that relations have.
/// assert_eq!(db.related(lathe, Asset::OWNER_PERSON)?.unwrap().name, "Ada");
/// db.relate(lathe, Asset::OWNER_COMPANY, acme)?;
/// assert_eq!(db.get(lathe)?.owner, Owner::Company(acme));
/// assert_eq!((db.row(ada)?.assets().count(), db.row(acme)?.assets().count()), (0, 1));
/// assert_eq!(db.delete(acme)?.removed, [lathe.erase()]);
/// # Ok::<(), relata::Error>(())
/// ```
///
/// It writes `From<Id<..>>` for each model, the trait `PolymorphicId`, and an enum with the same variants that holds the
/// views of rows, called as this one with `Row` behind it.
///
/// Not every enum of ids is seen by `#[derive(Model)]`, which knows types by their names only: on a field without
/// `belongs_to` nothing is checked.
#[proc_macro_derive(PolymorphicId)]
pub fn derive_polymorphic_id(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    polymorphic::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Writes the trait `relata::Lossless`: a value is written and read field by field, so that a row that has it as a field needs
/// no proof when it is saved. For structs and enums all of whose fields have it.
///
/// ```
/// use relata::Lossless;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Lossless, Serialize, Deserialize)]
/// enum Mood { Calm, Angry { at: String, since: u32 } }
/// ```
///
/// A type whose serde form is another than its fields cannot be one:
///
/// ```compile_fail
/// # use relata::Lossless;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Lossless, Serialize, Deserialize)]
/// struct Account { #[serde(skip)] password: String }
/// ```
#[proc_macro_derive(Lossless)]
pub fn derive_lossless(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    lossless::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
