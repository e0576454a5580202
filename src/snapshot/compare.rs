//! What keeps the rows of one schema from being those of another.
//!
//! Compared is what rows and links are made of: tables, fields, keys and the belongs_to relations. Actions, inverses
//! and the names that fields have outside are free to change between a save and a load: they say how this build behaves
//! and nothing about the data. So is `acyclic`: a relation that has become so is proved when the links are built.

use super::error::SnapshotError;
use crate::schema::{RelationSchema, Schema, TableSchema, UniqueSchema};

/// Names the first difference.
pub(super) fn check(saved: &Schema, own: &Schema) -> Result<(), SnapshotError> {
    let mismatch = |table: &str, (member, what): Difference| SnapshotError::SchemaMismatch {
        table: table.to_owned(),
        member,
        what,
    };
    let names = |schema: &Schema| schema.tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>();
    if let Some((name, what)) = different_name(&names(saved), &names(own)) {
        return Err(mismatch(&name, (None, what)));
    }
    for (saved, own) in saved.tables.iter().zip(&own.tables) {
        if let Some(difference) = table(saved, own) {
            return Err(mismatch(&own.name, difference));
        }
    }
    Ok(())
}

/// The field, key or relation, and how it differs.
type Difference = (Option<String>, String);

fn table(saved: &TableSchema, own: &TableSchema) -> Option<Difference> {
    let of_table = differs("its version", &saved.version, &own.version).map(|what| (None, what));
    of_table
        .or_else(|| {
            members(
                &saved.fields,
                &own.fields,
                |field| &field.name,
                |saved, own| differs("its type", &saved.type_name, &own.type_name),
            )
        })
        .or_else(|| {
            members(
                &saved.uniques,
                &own.uniques,
                |unique| &unique.name,
                |saved, own| lists("its fields", &saved.fields, &own.fields),
            )
        })
        .or_else(|| members(&saved.relations, &own.relations, |relation| &relation.name, relation))
        .or_else(|| {
            let primary =
                |table: &TableSchema| table.primary_key.map_or("the id".to_owned(), |place| key(table, place));
            differs("its primary key", &primary(saved), &primary(own)).map(|what| (None, what))
        })
}

fn key(table: &TableSchema, place: usize) -> String {
    table.uniques.get(place).map(|unique: &UniqueSchema| unique.name.clone()).unwrap_or_default()
}

fn relation(saved: &RelationSchema, own: &RelationSchema) -> Option<String> {
    let target = |relation: &RelationSchema| format!("{}({})", relation.target, relation.target_fields.join(", "));
    let kind = |relation: &RelationSchema| if relation.many { "references_many" } else { "belongs_to" };
    differs("its kind", &kind(saved), &kind(own))
        .or_else(|| lists("its fields", &saved.fields, &own.fields))
        .or_else(|| differs("its target", &target(saved), &target(own)))
        .or_else(|| differs("its being required", &saved.required, &own.required))
        .or_else(|| differs("its being one of several", &saved.one_of, &own.one_of))
}

/// The first member that only one side has, that is at another place, or that itself differs.
fn members<T>(
    saved: &[T],
    own: &[T],
    name: impl Fn(&T) -> &String,
    differ: impl Fn(&T, &T) -> Option<String>,
) -> Option<Difference> {
    let names = |members: &[T]| members.iter().map(&name).cloned().collect::<Vec<_>>();
    let by_name = different_name(&names(saved), &names(own));
    by_name
        .map(|(name, what)| (Some(name), what))
        .or_else(|| saved.iter().zip(own).find_map(|(saved, own)| Some((Some(name(own).clone()), differ(saved, own)?))))
}

/// The first name that is not at the same place on both sides, and why.
fn different_name(saved: &[String], own: &[String]) -> Option<(String, String)> {
    let added = own.iter().find(|name| !saved.contains(name));
    let dropped = saved.iter().find(|name| !own.contains(name));
    let moved = own.iter().zip(saved).zip(1..).find(|((own, saved), _)| own != saved);
    if let Some(name) = dropped {
        return Some((name.clone(), "it is in the snapshot and not in this build".to_owned()));
    }
    if let Some(name) = added {
        return Some((name.clone(), "it is in this build and not in the snapshot".to_owned()));
    }
    moved.map(|((own, saved), place)| (own.clone(), format!("number {place} in the snapshot is `{saved}`")))
}

fn differs<T: PartialEq + std::fmt::Display>(what: &str, saved: &T, own: &T) -> Option<String> {
    (saved != own).then(|| format!("{what} is `{saved}` in the snapshot, `{own}` in this build"))
}

fn lists(what: &str, saved: &[String], own: &[String]) -> Option<String> {
    differs(what, &saved.join(", "), &own.join(", "))
}
