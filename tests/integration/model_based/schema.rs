//! The models that the test is about, and their rows as plain cells. Keys of all kinds are in indexes and columns too, which
//! `check()` proves after each step.
//!
//! The naive store knows rows as cells and the schema as numbers; only here, in `run` and in `through` are they typed.

#![expect(clippy::disallowed_types, reason = "that its order does not show is what is tested")]

use std::collections::HashMap;

use relata::{Database, DatabaseBuilder, Error, Id, Model};
use serde::{Deserialize, Serialize};

use super::command::Value;
use super::run::Handle;
use super::spec::Ids;

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
    #[model(primary_key, ordered, column)]
    code: u32,
    #[model(index, column)]
    #[model(belongs_to(Region), name = parent, on_delete = cascade, on_update = cascade)]
    parent_code: Option<u32>,
}

/// A composite unique key, and a relation to itself by id.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(region_code, number), ordered(number, region_code), index(region_code, twin_id))]
#[model(has_many(twins: City), has_many(leaving: Road, via = start), has_many(arriving: Road, via = end))]
#[model(has_one(mayor: Mayor), has_many(depots: Depot))]
#[model(has_many(visits: Visit), has_many(visitors: Hero, through = Visit))]
pub(crate) struct City {
    #[model(belongs_to(Region), name = region, on_delete = cascade, on_update = cascade)]
    region_code: u32,
    #[model(ordered)]
    number: u32,
    #[model(belongs_to, column, on_delete = set_default)]
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
    #[model(belongs_to(Region), ordered, name = keeper, on_delete = cascade, on_update = set_null)]
    keeper_code: Option<u32>,
    length: Length,
}

/// A has_one, restricting.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mayor {
    #[model(belongs_to, unique, ordered, column)]
    city_id: Id<City>,
    #[model(unique)]
    name: u32,
}

/// A composite foreign key, one field of which is a foreign key of its own, with another action.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(belongs_to(City, key_from(region_code, number), key_to(region_code, number), on_delete = set_null, on_update = no_action))]
pub(crate) struct Depot {
    #[model(belongs_to(Region), ordered, column, name = region, on_delete = no_action)]
    region_code: Option<u32>,
    #[model(index)]
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
    #[model(belongs_to, column, index, deferred, on_delete = no_action)]
    leader_id: Id<Hero>,
}

/// The other half.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(leads: Guild), has_many(pupils: Hero))]
#[model(has_many(visits: Visit), has_many(cities: City, through = Visit))]
pub(crate) struct Hero {
    #[model(unique)]
    name: u32,
    #[model(belongs_to(Guild), ordered, column, name = guild, on_delete = no_action, on_update = cascade)]
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
    nights: Nights,
}

/// A link of a model to itself, by natural keys.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(signer_code, partner_code), ordered(partner_code, signer_code))]
pub(crate) struct Pact {
    #[model(belongs_to(Region), name = signer, on_delete = cascade, on_update = cascade)]
    signer_code: u32,
    #[model(belongs_to(Region), name = partner, on_delete = set_default, on_update = set_default, default = 0_u32)]
    partner_code: u32,
    years: u32,
}

/// A number in many forms, so that files get names and kinds of structs as they come up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Length {
    None,
    Short(u32),
    Tagged(Tagged),
    Measured {
        metres: u32,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit")]
enum Tagged {
    Miles { miles: u32 },
}

/// A number as a map whose order is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nights(HashMap<String, u32>);

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

impl FieldValue for Length {
    fn of(cell: Cell, ids: &Ids) -> Self {
        match u32::of(cell, ids) {
            0 => Length::None,
            metres @ (1 | 5) => Length::Short(metres),
            miles @ 2 => Length::Tagged(Tagged::Miles { miles }),
            metres => Length::Measured { metres, note: metres.is_multiple_of(2).then(|| format!("{metres}")) },
        }
    }
    fn cell(&self, _: &Ids) -> Cell {
        Some(match self {
            Length::None => 0,
            Length::Short(number) => *number,
            Length::Tagged(Tagged::Miles { miles }) => *miles,
            Length::Measured { metres, .. } => *metres,
        })
    }
}

impl FieldValue for Nights {
    fn of(cell: Cell, ids: &Ids) -> Self {
        let number = u32::of(cell, ids);
        Nights((0..8).map(|n| (format!("{n} of {number}"), number * 8 + n)).collect())
    }
    fn cell(&self, _: &Ids) -> Cell {
        self.0.values().min().map(|number| number / 8)
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
sample!(7 Visit { 0 hero_id, 1 city_id, 2 guide_id, 3 nights });
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
