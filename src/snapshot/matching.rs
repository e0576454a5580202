//! Which model the rows of a saved table are of, and which relations those that were saved.
//!
//! Tables go by their names, and by those that `#[model(was = "..")]` says they had; relations by name, or by the fields
//! where they were renamed.

use super::error::SnapshotError;
use crate::migration::{Chain, Migration};
use crate::schema::{RelationSchema, Schema, TableSchema};
use crate::table::TableSlot;

/// Where the contents of a saved table go.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    /// The position of the table in this program; `None` where no model claims it.
    pub(super) own: Option<usize>,
    /// The functions that make rows of the model of those saved, where the version has changed.
    pub(super) chain: Option<Chain<'a>>,
    /// For each saved relation its place in this program.
    pub(super) relations: Vec<Option<usize>>,
    /// Whether the relations are the ones that were saved, so that what is said of them must hold.
    pub(super) is_same: bool,
}

pub(super) fn tables<'a>(
    saved: &Schema,
    schema: &Schema,
    own: &[TableSlot],
    migrations: &'a [Migration],
    drops_removed: bool,
) -> Result<Vec<Matched<'a>>, SnapshotError> {
    let places = places(saved, schema, own, drops_removed)?;
    let is_claimed = saved.tables.iter().zip(&places);
    is_claimed.map(|(table, place)| table_at(table, *place, &places, saved, schema, own, migrations)).collect()
}

/// The position in the snapshot of the table that is the one at a position of this program, if rows of it can be taken as they
/// are.
#[cfg(feature = "json")]
pub(super) fn one(saved: &Schema, schema: &Schema, own: &[TableSlot], position: usize) -> Result<usize, SnapshotError> {
    let places = places(saved, schema, own, true)?;
    let Some(place) = places.iter().position(|place| *place == Some(position)) else {
        let what = "no table of the snapshot is this one".to_owned();
        return Err(mismatch(own[position].name, None, what));
    };
    table_at(&saved.tables[place], Some(position), &places, saved, schema, own, &[])?;
    Ok(place)
}

/// The position of each saved table in this program.
fn places(
    saved: &Schema,
    schema: &Schema,
    own: &[TableSlot],
    drops_removed: bool,
) -> Result<Vec<Option<usize>>, SnapshotError> {
    let mut claimed: Vec<Option<&str>> = vec![None; own.len()];
    let mut places = Vec::with_capacity(saved.tables.len());
    for table in &saved.tables {
        let place = place_of(table, saved, schema, own)?;
        match place {
            Some(place) => {
                if let Some(other) = claimed[place].replace(&table.name) {
                    let what = format!("both `{other}` and `{}` of the snapshot would be its rows", table.name);
                    return Err(mismatch(own[place].name, None, what));
                }
            }
            None if drops_removed => {}
            None => {
                let what = "it is in the snapshot and no model of this program: name the model that it is now by \
                            `#[model(was = \"..\")]`, or leave its rows out by `drop_removed_models`";
                return Err(mismatch(&table.name, None, what.to_owned()));
            }
        }
        places.push(place);
    }
    Ok(places)
}

fn mismatch(table: &str, member: Option<&str>, what: String) -> SnapshotError {
    SnapshotError::SchemaMismatch { table: table.to_owned(), member: member.map(str::to_owned), what }
}

fn table_at<'a>(
    table: &TableSchema,
    place: Option<usize>,
    places: &[Option<usize>],
    saved: &Schema,
    schema: &Schema,
    own: &[TableSlot],
    migrations: &'a [Migration],
) -> Result<Matched<'a>, SnapshotError> {
    let Some(place) = place else {
        return Ok(Matched { own: None, chain: None, relations: Vec::new(), is_same: false });
    };
    let now = &schema.tables[place];
    let chain = if table.version == now.version {
        None
    } else {
        let found = Chain::find(migrations, table.version, own[place].model);
        let chain = found.map_err(|what| mismatch(&now.name, None, what))?;
        Some(chain.ok_or_else(|| {
            let what = format!(
                "its version is {} in the snapshot and {} in this program, and no `migrate` leads from the one to the other",
                table.version, now.version
            );
            mismatch(&now.name, None, what)
        })?)
    };
    // The table of this program that the rows of a saved relation refer to.
    let target = |relation: &RelationSchema| {
        let place = saved.tables.iter().position(|table| table.name == relation.target)?;
        Some(schema.tables[places[place]?].name.as_str())
    };
    let fields: Vec<Option<Vec<&str>>> =
        table.relations.iter().map(|relation| fields_now(relation, table, now, own[place].aliases)).collect();
    let relations: Vec<Option<usize>> = table
        .relations
        .iter()
        .zip(&fields)
        .map(|(relation, fields)| place_of_relation(relation, fields.as_deref(), target(relation), now))
        .collect();
    if chain.is_none() {
        check_targets(table, &relations, &fields, target, now)?;
    }
    let is_same = chain.is_none() && table.relations.iter().map(identity).eq(now.relations.iter().map(identity));
    Ok(Matched { own: Some(place), chain, relations, is_same })
}

/// The fields of this program that read what the fields of a saved relation hold: by their names outside, or by what
/// serde's `alias` says. `None` where some is read by none.
fn fields_now<'t>(
    relation: &RelationSchema,
    saved: &TableSchema,
    own: &'t TableSchema,
    aliases: &[(&str, &'t str)],
) -> Option<Vec<&'t str>> {
    let field_now = |name: &String| {
        let outside = &saved.fields.iter().find(|field| field.name == *name)?.external_name;
        let same = own.fields.iter().find(|field| field.external_name == *outside).map(|field| field.name.as_str());
        same.or_else(|| aliases.iter().find(|(alias, _)| alias == outside).map(|(_, field)| *field))
    };
    relation.fields.iter().map(field_now).collect()
}

/// The place of the relation that has the saved one's name or, where it was renamed, its fields and its target.
fn place_of_relation(
    saved: &RelationSchema,
    fields: Option<&[&str]>,
    target: Option<&str>,
    own: &TableSchema,
) -> Option<usize> {
    let reads = |own: &RelationSchema| fields.is_some_and(|fields| own.fields == fields) && own.many == saved.many;
    // The name is what a relation goes by, unless what it held is read by other fields now.
    let by_name = own.relations.iter().position(|own| own.name == saved.name && (fields.is_none() || reads(own)));
    by_name.or_else(|| own.relations.iter().position(|own| reads(own) && target == Some(own.target.as_str())))
}

/// Refuses ids that would be read as those of another table: nothing in a row says of which table its ids are.
fn check_targets<'t>(
    saved: &TableSchema,
    places: &[Option<usize>],
    fields: &[Option<Vec<&str>>],
    target: impl Fn(&RelationSchema) -> Option<&'t str>,
    own: &TableSchema,
) -> Result<(), SnapshotError> {
    for ((relation, place), fields) in saved.relations.iter().zip(places).zip(fields) {
        // Where no relation is the saved one, another may stand over the fields that read what its fields held.
        let over_fields = || {
            own.relations.iter().find(|own| fields.as_ref().is_some_and(|fields| own.fields == *fields) && !own.one_of)
        };
        let Some(now) = place.map(|place| &own.relations[place]).or_else(over_fields) else { continue };
        if relation.many != now.many {
            let kind = |many| if many { "a list of ids" } else { "a single key" };
            let what = format!(
                "it is {} in the snapshot and {} in this program: raise `version` and give a `migrate`",
                kind(relation.many),
                kind(now.many)
            );
            return Err(mismatch(&own.name, Some(&now.name), what));
        }
        let by_id = relation.target_fields.is_empty() && now.target_fields.is_empty();
        if by_id && target(relation) != Some(&*now.target) {
            let what = format!(
                "its ids are of rows of `{}` in the snapshot, and of `{}` in this program: raise `version` and give a \
                 `migrate`",
                relation.target, now.target
            );
            return Err(mismatch(&own.name, Some(&now.name), what));
        }
    }
    Ok(())
}

/// What of a relation says which it is.
fn identity(relation: &RelationSchema) -> (&str, &[String], bool) {
    (&relation.name, &relation.fields, relation.many)
}

/// The table of this program that the saved one is now: one that had its name and whose own name is not in the file, since
/// it was renamed after the file was saved; else the one of its name.
fn place_of(
    table: &TableSchema,
    saved: &Schema,
    schema: &Schema,
    own: &[TableSlot],
) -> Result<Option<usize>, SnapshotError> {
    let is_heir = |own: &TableSlot| own.former_names.contains(&&*table.name) && saved.table(own.name).is_none();
    let mut heirs = (0..own.len()).filter(|&place| is_heir(&own[place]));
    match (heirs.next(), heirs.next()) {
        (Some(first), Some(second)) => {
            let what = format!("both `{}` and `{}` say that they were it", own[first].name, own[second].name);
            Err(mismatch(&table.name, None, what))
        }
        (Some(heir), None) => Ok(Some(heir)),
        (None, _) => Ok(schema.tables.iter().position(|own| own.name == table.name)),
    }
}
