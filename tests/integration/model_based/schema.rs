//! The models that the test is about, what they declare in plain data, and rows as plain cells.
//!
//! The naive store knows rows as cells and the schema as numbers; only here and in `run` are they typed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use relata::{Action, Database, DatabaseBuilder, Error, Id, InverseKind, Model, RowId};
use serde::{Deserialize, Serialize};
use slotmap::DefaultKey;

use super::command::Value;
use super::naive::Fault;
use super::run::Handle;

/// What one field holds: a number, or the symbol of a row; `None` where it is absent.
///
/// A symbol is a row's number in the order in which its table has given out ids. The naive store knows no others.
pub(crate) type Cell = Option<u32>;
/// The symbol of no row: the null id.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Natural keys, one of them a relation of the model to itself, at the top of a diamond of cascades.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(provinces: Region, via = parent), has_many(cities: City), has_many(kept: Road), has_many(depots: Depot))]
#[model(has_many(signed: Pact, via = signer), has_many(joined: Pact, via = partner))]
#[model(has_many(partners: Region, through = Pact, via(signer, partner)))]
#[model(has_many(signers: Region, through = Pact, via(partner, signer)))]
pub(crate) struct Region {
    #[model(primary_key)]
    code: u32,
    #[model(belongs_to(Region), name = parent, on_delete = cascade, on_update = cascade)]
    parent_code: Option<u32>,
}

/// A composite unique key, and a relation to itself by id.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(region_code, number))]
#[model(has_many(twins: City), has_many(leaving: Road, via = start), has_many(arriving: Road, via = end))]
#[model(has_one(mayor: Mayor), has_many(depots: Depot))]
#[model(has_many(visits: Visit), has_many(visitors: Hero, through = Visit))]
pub(crate) struct City {
    #[model(belongs_to(Region), name = region, on_delete = cascade, on_update = cascade)]
    region_code: u32,
    number: u32,
    #[model(belongs_to, on_delete = set_default)]
    twin_id: Option<Id<City>>,
}

/// Two relations to one target, and the foot of the diamond.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(depots: Depot))]
pub(crate) struct Road {
    #[model(belongs_to, on_delete = cascade)]
    start_id: Id<City>,
    #[model(belongs_to, on_delete = cascade)]
    end_id: Id<City>,
    #[model(belongs_to(Region), name = keeper, on_delete = cascade, on_update = set_null)]
    keeper_code: Option<u32>,
    length: u32,
}

/// A has_one, restricting.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mayor {
    #[model(belongs_to, unique)]
    city_id: Id<City>,
    #[model(unique)]
    name: u32,
}

/// A composite foreign key, one field of which is a foreign key of its own, with another action.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(City, key_from(region_code, number), key_to(region_code, number), on_delete = set_null, on_update = no_action))]
pub(crate) struct Depot {
    #[model(belongs_to(Region), name = region, on_delete = no_action)]
    region_code: Option<u32>,
    number: Option<u32>,
    #[model(belongs_to, on_delete = set_null)]
    road_id: Option<Id<Road>>,
}

/// Half of a cycle of required keys: each guild has a leader, each hero a guild.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(members: Hero))]
pub(crate) struct Guild {
    #[model(primary_key)]
    name: u32,
    #[model(belongs_to, deferred, on_delete = no_action)]
    leader_id: Id<Hero>,
}

/// The other half.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(leads: Guild), has_many(pupils: Hero))]
#[model(has_many(visits: Visit), has_many(cities: City, through = Visit))]
pub(crate) struct Hero {
    #[model(unique)]
    name: u32,
    #[model(belongs_to(Guild), name = guild, on_delete = no_action, on_update = cascade)]
    guild_name: u32,
    #[model(belongs_to)]
    mentor_id: Option<Id<Hero>>,
}

/// A link by ids, which restricts at one of its ends, and to which other links refer.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(city_id, hero_id), has_many(followers: Visit))]
pub(crate) struct Visit {
    #[model(belongs_to, on_delete = cascade)]
    hero_id: Id<Hero>,
    #[model(belongs_to)]
    city_id: Id<City>,
    #[model(belongs_to)]
    guide_id: Option<Id<Visit>>,
}

/// A link of a model to itself, by natural keys.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(signer_code, partner_code))]
pub(crate) struct Pact {
    #[model(belongs_to(Region), name = signer, on_delete = cascade, on_update = cascade)]
    signer_code: u32,
    #[model(belongs_to(Region), name = partner, on_delete = set_default, on_update = set_default, default = 0_u32)]
    partner_code: u32,
    years: u32,
}

pub(crate) const CITY: usize = 1;
pub(crate) const GUILD: usize = 5;
pub(crate) const HERO: usize = 6;
pub(crate) const TABLES: usize = 9;

pub(crate) fn builder() -> DatabaseBuilder {
    Database::builder()
        .model::<Region>()
        .model::<City>()
        .model::<Road>()
        .model::<Mayor>()
        .model::<Depot>()
        .model::<Guild>()
        .model::<Hero>()
        .model::<Visit>()
        .model::<Pact>()
}

/// Runs an expression with the model of a table under a name.
macro_rules! on_table {
    ($table:expr, $model:ident => $body:expr) => {
        on_table!(@ $table, $model, $body, 0 Region, 1 City, 2 Road, 3 Mayor, 4 Depot, 5 Guild, 6 Hero, 7 Visit,
            8 Pact)
    };
    (@ $table:expr, $model:ident, $body:expr, $($place:literal $name:ident),*) => {
        match $table {
            $($place => {
                type $model = crate::model_based::schema::$name;
                $body
            })*
            other => unreachable!("table {other}"),
        }
    };
}

/// Runs an expression with a relation, given by table and place, and its inverse under names.
macro_rules! on_relation {
    ($at:expr, $relation:ident, $inverse:ident => $body:expr) => {
        on_relation!(@ $at, $relation, $inverse, $body,
            0 0 Region PARENT Region PROVINCES,
            1 0 City REGION Region CITIES,
            1 1 City TWIN City TWINS,
            2 0 Road START City LEAVING,
            2 1 Road END City ARRIVING,
            2 2 Road KEEPER Region KEPT,
            3 0 Mayor CITY City MAYOR,
            4 0 Depot REGION Region DEPOTS,
            4 1 Depot ROAD Road DEPOTS,
            4 2 Depot CITY City DEPOTS,
            5 0 Guild LEADER Hero LEADS,
            6 0 Hero GUILD Guild MEMBERS,
            6 1 Hero MENTOR Hero PUPILS,
            7 0 Visit HERO Hero VISITS,
            7 1 Visit CITY City VISITS,
            7 2 Visit GUIDE Visit FOLLOWERS,
            8 0 Pact SIGNER Region SIGNED,
            8 1 Pact PARTNER Region JOINED)
    };
    (@ $at:expr, $relation:ident, $inverse:ident, $body:expr,
        $($table:literal $place:literal $source:ident $name:ident $target:ident $back:ident),*) => {
        match $at {
            $(($table, $place) => {
                let $relation = crate::model_based::schema::$source::$name;
                let $inverse = crate::model_based::schema::$target::$back;
                let _ = ($relation, $inverse);
                $body
            })*
            other => unreachable!("relation {other:?}"),
        }
    };
}

/// The same for the relations that can be cleared.
macro_rules! on_optional_relation {
    ($at:expr, $relation:ident => $body:expr) => {
        on_optional_relation!(@ $at, $relation, $body,
            0 0 Region PARENT, 1 1 City TWIN, 2 2 Road KEEPER, 4 0 Depot REGION, 4 1 Depot ROAD, 4 2 Depot CITY,
            6 1 Hero MENTOR, 7 2 Visit GUIDE)
    };
    (@ $at:expr, $relation:ident, $body:expr, $($table:literal $place:literal $source:ident $name:ident),*) => {
        match $at {
            $(($table, $place) => {
                let $relation = crate::model_based::schema::$source::$name;
                $body
            })*
            other => unreachable!("optional relation {other:?}"),
        }
    };
}

/// The same for the relations through links, by their place in [`Spec::throughs`].
macro_rules! on_through {
    ($through:expr, $relation:ident => $body:expr) => {
        on_through!(@ $through, $relation, $body, 0 Region PARTNERS, 1 Region SIGNERS, 2 City VISITORS, 3 Hero CITIES)
    };
    (@ $through:expr, $relation:ident, $body:expr, $($place:literal $owner:ident $name:ident),*) => {
        match $through {
            $($place => {
                let $relation = crate::model_based::schema::$owner::$name;
                $body
            })*
            other => unreachable!("relation {other} through links"),
        }
    };
}
pub(crate) use {on_optional_relation, on_relation, on_table, on_through};

/// The schema in numbers.
pub(crate) struct Spec {
    pub(crate) tables: Vec<TableSpec>,
    pub(crate) throughs: Vec<ThroughSpec>,
}

/// A relation through links: the table of the links, and their relations to the owner and to the other end.
pub(crate) struct ThroughSpec {
    pub(crate) links: usize,
    pub(crate) near: usize,
    pub(crate) far: usize,
}

pub(crate) struct TableSpec {
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldSpec>,
    /// The fields of each unique key.
    pub(crate) uniques: Vec<Vec<usize>>,
    pub(crate) relations: Vec<RelationSpec>,
}

pub(crate) struct FieldSpec {
    pub(crate) name: String,
    pub(crate) optional: bool,
    /// The table whose ids the field holds.
    pub(crate) ids_of: Option<usize>,
}

pub(crate) struct RelationSpec {
    pub(crate) name: String,
    pub(crate) fields: Vec<usize>,
    pub(crate) target: usize,
    /// The fields of the target that the key names; none where it names the id.
    pub(crate) names: Vec<usize>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
    pub(crate) deferred: bool,
    /// The key that `set_default` gives, where it is declared: the schema does not say it.
    pub(crate) default: Option<u32>,
}

impl Spec {
    /// What the models declare.
    pub(crate) fn get() -> &'static Spec {
        static SPEC: OnceLock<Spec> = OnceLock::new();
        SPEC.get_or_init(|| Spec::of(&builder().build().unwrap()))
    }

    fn of(db: &Database) -> Spec {
        let tables = &db.schema().tables;
        let place = |name: &str| tables.iter().position(|table| table.name == name).unwrap();
        let fields = |table: usize, names: &[String]| -> Vec<usize> {
            let place = |name: &String| tables[table].fields.iter().position(|field| field.name == *name).unwrap();
            names.iter().map(place).collect()
        };
        let relation = |table: usize, relation: &relata::RelationSchema| {
            let target = place(&relation.target);
            RelationSpec {
                name: relation.name.clone(),
                fields: fields(table, &relation.fields),
                target,
                names: fields(target, &relation.target_fields),
                on_delete: relation.on_delete,
                on_update: relation.on_update,
                deferred: relation.deferred,
                default: (relation.name == "partner").then_some(0),
            }
        };
        let table = |(at, table): (usize, &relata::TableSchema)| {
            let relations: Vec<_> = table.relations.iter().map(|known| relation(at, known)).collect();
            let ids_of = |field: usize| {
                relations
                    .iter()
                    .find(|known| known.names.is_empty() && known.fields == [field])
                    .map(|known| known.target)
            };
            let field = |(field, schema): (usize, &relata::FieldSchema)| FieldSpec {
                name: schema.name.clone(),
                optional: schema.type_name.starts_with("Option"),
                ids_of: ids_of(field),
            };
            TableSpec {
                name: table.name.clone(),
                fields: table.fields.iter().enumerate().map(field).collect(),
                uniques: table.uniques.iter().map(|unique| fields(at, &unique.fields)).collect(),
                relations,
            }
        };
        let mut spec = Spec { tables: tables.iter().enumerate().map(table).collect(), throughs: Vec::new() };
        for inverse in tables.iter().flat_map(|table| &table.inverses) {
            if let InverseKind::HasManyThrough { to } = &inverse.kind {
                let links = place(&inverse.source);
                let (near, far) = (spec.relation(links, &inverse.relation), spec.relation(links, to));
                spec.throughs.push(ThroughSpec { links, near, far });
            }
        }
        spec
    }

    /// The place of a table.
    pub(crate) fn table(&self, name: &str) -> usize {
        self.tables.iter().position(|table| table.name == name).unwrap()
    }

    /// The place of a relation among those of a table.
    pub(crate) fn relation(&self, table: usize, name: &str) -> usize {
        self.tables[table].relations.iter().position(|relation| relation.name == name).unwrap()
    }

    /// Every relation, as its table and its place there.
    pub(crate) fn relations(&self) -> impl Iterator<Item = (usize, usize, &RelationSpec)> {
        self.tables.iter().enumerate().flat_map(|(table, spec)| {
            spec.relations.iter().enumerate().map(move |(place, relation)| (table, place, relation))
        })
    }
}

/// The ids that the database has given out, by symbol.
#[derive(Default)]
pub(crate) struct Ids {
    keys: [Vec<DefaultKey>; TABLES],
    symbols: [BTreeMap<DefaultKey, u32>; TABLES],
}

impl Ids {
    /// Notes an id that was given out. It must be a new one (behaviour I19).
    pub(crate) fn give(&mut self, table: usize, key: DefaultKey) {
        let before = self.symbols[table].insert(key, self.keys[table].len() as u32);
        assert_eq!(before, None, "an id was given out twice");
        self.keys[table].push(key);
    }

    /// Forgets the last ids of a table: the statement that they were meant for was refused.
    pub(crate) fn forget(&mut self, table: usize, count: usize) {
        for key in self.keys[table].drain(self.keys[table].len() - count..) {
            self.symbols[table].remove(&key);
        }
    }

    pub(crate) fn key(&self, table: usize, symbol: u32) -> DefaultKey {
        self.keys[table].get(symbol as usize).copied().unwrap_or_default()
    }

    pub(crate) fn id<M: Sample>(&self, symbol: u32) -> Id<M> {
        Id::from_key(self.key(M::TABLE, symbol))
    }

    pub(crate) fn symbol(&self, table: usize, key: DefaultKey) -> u32 {
        self.symbols[table].get(&key).copied().unwrap_or(NOWHERE)
    }

    /// A row as the naive store names it.
    pub(crate) fn row(&self, row: RowId) -> (usize, u32) {
        let table = Spec::get().table(row.table);
        (table, self.symbol(table, row.key))
    }

    /// How many ids the table has given out.
    pub(crate) fn count(&self, table: usize) -> usize {
        self.keys[table].len()
    }

    /// What an error says, in the words of the naive store.
    pub(crate) fn faults(&self, error: &Error) -> Vec<Fault> {
        let spec = Spec::get();
        let relation = |model: &str, name: &str| (spec.table(model), spec.relation(spec.table(model), name));
        let fault = match error {
            Error::BatchRefused { violations, .. } => {
                return violations.iter().flat_map(|violation| self.faults(&violation.error)).collect();
            }
            Error::Violations(violations) => return violations.iter().flat_map(|error| self.faults(error)).collect(),
            Error::NotFound { .. } => Fault::NotFound,
            Error::ForeignKeyViolation { model, relation: name, row, .. } => {
                let (table, relation) = relation(model, name);
                Fault::ForeignKey { table, relation, row: row.map(|row| self.row(row).1) }
            }
            Error::UniqueViolation { model, fields, .. } => {
                Fault::Unique { table: spec.table(model), fields: fields.join(", ") }
            }
            Error::RestrictViolation { row, model, relation: name, sources, .. } => {
                let (table, relation) = relation(model, name);
                Fault::Restrict { row: self.row(*row), table, relation, sources: *sources }
            }
            Error::ForeignKeyOverridden { .. } => Fault::Overridden,
            Error::NotOwned { .. } => Fault::NotOwned,
            Error::NoDefault { .. } => Fault::NoDefault,
            Error::IsDefault { .. } => Fault::IsDefault,
            Error::NotLinked { .. } => Fault::NotLinked,
            Error::Unresolved { .. } => Fault::Unresolved,
            Error::NotReserved { .. } => Fault::NotReserved,
            Error::Unfilled { row } => Fault::Unfilled { row: self.row(*row) },
            Error::TransactionOpen => Fault::TransactionOpen,
            other => panic!("no statement of the test leads to: {other}"),
        };
        vec![fault]
    }
}

/// A field as a cell.
trait FieldValue {
    fn of(cell: Cell, ids: &Ids) -> Self;
    fn cell(&self, ids: &Ids) -> Cell;
}

impl FieldValue for u32 {
    fn of(cell: Cell, _: &Ids) -> Self {
        cell.expect("a required number is there")
    }
    fn cell(&self, _: &Ids) -> Cell {
        Some(*self)
    }
}

impl<M: Sample> FieldValue for Id<M> {
    fn of(cell: Cell, ids: &Ids) -> Self {
        ids.id(cell.expect("a required id is there"))
    }
    fn cell(&self, ids: &Ids) -> Cell {
        Some(ids.symbol(M::TABLE, self.key()))
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn of(cell: Cell, ids: &Ids) -> Self {
        cell.map(|_| T::of(cell, ids))
    }
    fn cell(&self, ids: &Ids) -> Cell {
        self.as_ref().and_then(|value| value.cell(ids))
    }
}

/// A model of the test.
pub(crate) trait Sample: Model + PartialEq + std::fmt::Debug {
    const TABLE: usize;
    fn make(cells: &[Cell], ids: &Ids) -> Self;
    fn cells(&self, ids: &Ids) -> Vec<Cell>;
    /// Sets one field of a stored row, and gives its old value.
    fn set(handle: &mut Handle<'_, '_>, row: u32, field: usize, cell: Cell, ids: &Ids) -> Result<Cell, Error>;
}

macro_rules! sample {
    ($table:literal $model:ident { $($place:literal $field:ident),* }) => {
        impl Sample for $model {
            const TABLE: usize = $table;

            fn make(cells: &[Cell], ids: &Ids) -> Self {
                $model { $($field: FieldValue::of(cells[$place], ids)),* }
            }

            fn cells(&self, ids: &Ids) -> Vec<Cell> {
                vec![$(self.$field.cell(ids)),*]
            }

            fn set(handle: &mut Handle<'_, '_>, row: u32, field: usize, cell: Cell, ids: &Ids) -> Result<Cell, Error> {
                match field {
                    $($place => {
                        let value = FieldValue::of(cell, ids);
                        Ok(super::run::call!(handle, set(ids.id(row), $model::FIELDS.$field, value))?.cell(ids))
                    })*
                    other => unreachable!("field {other}"),
                }
            }
        }
    };
}
sample!(0 Region { 0 code, 1 parent_code });
sample!(1 City { 0 region_code, 1 number, 2 twin_id });
sample!(2 Road { 0 start_id, 1 end_id, 2 keeper_code, 3 length });
sample!(3 Mayor { 0 city_id, 1 name });
sample!(4 Depot { 0 region_code, 1 number, 2 road_id });
sample!(5 Guild { 0 name, 1 leader_id });
sample!(6 Hero { 0 name, 1 guild_name, 2 mentor_id });
sample!(7 Visit { 0 hero_id, 1 city_id, 2 guide_id });
sample!(8 Pact { 0 signer_code, 1 partner_code, 2 years });

/// Finds the row with a unique key, by its symbol; `None` where there is none, or the key names a forged id.
pub(crate) fn find(db: &Database, table: usize, unique: usize, key: &[u32], ids: &Ids) -> Option<u32> {
    let key = match (table, unique) {
        (0, 0) => db.find(Region::BY_CODE, &key[0]).map(|(id, _)| id.key()),
        (1, 0) => db.find(City::BY_REGION_CODE_NUMBER, (&key[0], &key[1])).map(|(id, _)| id.key()),
        (3, 0) => db.find(Mayor::BY_CITY_ID, &ids.id::<City>(key[0])).map(|(id, _)| id.key()),
        (3, 1) => db.find(Mayor::BY_NAME, &key[0]).map(|(id, _)| id.key()),
        (5, 0) => db.find(Guild::BY_NAME, &key[0]).map(|(id, _)| id.key()),
        (6, 0) => db.find(Hero::BY_NAME, &key[0]).map(|(id, _)| id.key()),
        (7, 0) => db.find(Visit::BY_CITY_ID_HERO_ID, (&ids.id(key[0]), &ids.id(key[1]))).map(|(id, _)| id.key()),
        (8, 0) => db.find(Pact::BY_SIGNER_CODE_PARTNER_CODE, (&key[0], &key[1])).map(|(id, _)| id.key()),
        other => unreachable!("unique key {other:?}"),
    };
    key.ok().map(|key| ids.symbol(table, key))
}

/// Stores a row by one of its unique keys.
pub(crate) fn upsert(
    handle: &mut Handle<'_, '_>,
    table: usize,
    unique: usize,
    cells: &[Cell],
    ids: &mut Ids,
) -> Result<Value, Error> {
    macro_rules! by {
        ($($table:literal $unique:literal $model:ident $by:ident),*) => {
            match (table, unique) {
                $(($table, $unique) => {
                    let (id, old) = super::run::call!(handle, upsert($model::$by, $model::make(cells, ids)))?;
                    (id.key(), old.map(|old| old.cells(ids)))
                })*
                other => unreachable!("unique key {other:?}"),
            }
        };
    }
    let (key, old) = by!(0 0 Region BY_CODE, 1 0 City BY_REGION_CODE_NUMBER, 3 0 Mayor BY_CITY_ID, 3 1 Mayor BY_NAME,
        5 0 Guild BY_NAME, 6 0 Hero BY_NAME, 7 0 Visit BY_CITY_ID_HERO_ID, 8 0 Pact BY_SIGNER_CODE_PARTNER_CODE);
    if old.is_none() {
        ids.give(table, key);
    }
    Ok(Value::Upserted { row: ids.symbol(table, key), old })
}
