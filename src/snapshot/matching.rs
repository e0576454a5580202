//! Which model the rows of a saved table are of, and which relations those that were saved.
//!
//! Tables go by their names, and by those that `#[model(was = "..")]` says they had; relations by name, or by the fields
//! where they were renamed.

use super::error::SnapshotError;
use crate::migration::{Chain, Migration};
use crate::schema::{Schema, TableSchema};
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
    let mut claimed: Vec<Option<&str>> = vec![None; own.len()];
    let mut all = Vec::with_capacity(saved.tables.len());
    for table in &saved.tables {
        let place = place_of(table, saved, own)?;
        if let Some(place) = place
            && let Some(other) = claimed[place].replace(&table.name)
        {
            let what = format!("both `{other}` and `{}` of the snapshot would be its rows", table.name);
            return Err(SnapshotError::SchemaMismatch { table: own[place].name.to_owned(), member: None, what });
        }
        let Some(place) = place else {
            if !drops_removed {
                let what = "it is in the snapshot and no model of this program: name the model that it is now by \
                            `#[model(was = \"..\")]`, or leave its rows out by `drop_removed_models`"
                    .to_owned();
                return Err(SnapshotError::SchemaMismatch { table: table.name.clone(), member: None, what });
            }
            all.push(Matched { own: None, chain: None, relations: Vec::new(), is_same: false });
            continue;
        };
        let now = &schema.tables[place];
        let chain = Chain::find(migrations, table.version, own[place].model);
        if chain.is_none() && table.version != now.version {
            let what = format!(
                "its version is {} in the snapshot and {} in this program, and no `migrate` leads from the one to the other",
                table.version, now.version
            );
            return Err(SnapshotError::SchemaMismatch { table: now.name.clone(), member: None, what });
        }
        let chain = chain.filter(|_| table.version != now.version);
        let is_same = chain.is_none() && table.relations.iter().map(identity).eq(now.relations.iter().map(identity));
        all.push(Matched { own: Some(place), chain, relations: relations(table, now), is_same });
    }
    Ok(all)
}

/// What of a relation says which it is.
fn identity(relation: &crate::schema::RelationSchema) -> (&str, &[String], bool) {
    (&relation.name, &relation.fields, relation.many)
}

/// The table of this program that has the saved one's name or, if none has, had it once.
fn place_of(table: &TableSchema, saved: &Schema, own: &[TableSlot]) -> Result<Option<usize>, SnapshotError> {
    if let Some(place) = own.iter().position(|own| own.name == table.name) {
        return Ok(Some(place));
    }
    // A model whose own name is in the file has its rows there, whatever it was called before.
    let is_free = |own: &TableSlot| saved.table(own.name).is_none();
    let mut heirs =
        (0..own.len()).filter(|&place| own[place].former_names.contains(&&*table.name) && is_free(&own[place]));
    match (heirs.next(), heirs.next()) {
        (Some(first), Some(second)) => {
            let what = format!("both `{}` and `{}` say that they were it", own[first].name, own[second].name);
            Err(SnapshotError::SchemaMismatch { table: table.name.clone(), member: None, what })
        }
        (only, _) => Ok(only),
    }
}

fn relations(saved: &TableSchema, own: &TableSchema) -> Vec<Option<usize>> {
    let places = saved.relations.iter().map(|relation| {
        let by_name = own.relations.iter().position(|own| own.name == relation.name && own.many == relation.many);
        by_name.or_else(|| {
            let renamed = |place: &usize| {
                let own = &own.relations[*place];
                own.fields == relation.fields && own.target == relation.target && own.many == relation.many
            };
            (0..own.relations.len()).find(renamed)
        })
    });
    places.collect()
}
