//! What keeps the rows of one model from being those of another, in format 1: they stand by position, without names.
//!
//! Compared is what the bytes of a row are made of: the fields, with their types as they are written, and the variants of
//! polymorphic keys. Keys and relations are free to change: the rows are proved against those of this build.

use crate::schema::{FieldSchema, RelationSchema, TableSchema};
use crate::snapshot::error::SnapshotError;

/// Names the first difference of a table.
pub(in crate::snapshot) fn check(saved: &TableSchema, own: &TableSchema) -> Result<(), SnapshotError> {
    match table(saved, own) {
        Some((member, what)) => Err(SnapshotError::SchemaMismatch { table: own.name.clone(), member, what }),
        None => Ok(()),
    }
}

/// The field, key or relation, and how it differs.
type Difference = (Option<String>, String);

fn table(saved: &TableSchema, own: &TableSchema) -> Option<Difference> {
    let types = |saved: &FieldSchema, own: &FieldSchema| differs("its type", &saved.type_name, &own.type_name);
    members(&saved.fields, &own.fields, |field| &field.name, types).or_else(|| {
        let variants = |relation: &&RelationSchema| relation.one_of;
        let saved: Vec<_> = saved.relations.iter().filter(variants).collect();
        let own: Vec<_> = own.relations.iter().filter(variants).collect();
        members(&saved, &own, |relation| &relation.name, |saved, own| differs("its target", &saved.target, &own.target))
    })
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
