//! The schema: what the models declare, as data; validation and diagram.
//!
//! Filled once by [`DatabaseBuilder::build`](crate::DatabaseBuilder::build) from the models' declarations and never
//! changed after. The machinery goes by the types; this is for checks that the types cannot make, for tools, for
//! snapshots and for messages.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// Everything the models of a database declare, tables in the order of their registration.
///
/// ```
/// # use relata::*; use serde::{Serialize, Deserialize};
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Planet { name: String }
/// # #[derive(Model, Clone, Serialize, Deserialize)] struct Moon { #[model(belongs_to)] planet_id: Id<Planet> }
/// let db = Database::builder().model::<Planet>().model::<Moon>().build()?;
/// assert_eq!(db.schema().table("Moon").unwrap().relations[0].target, "Planet");
/// assert!(db.schema().to_mermaid().starts_with("erDiagram"));
/// # Ok::<(), relata::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// The tables.
    pub tables: Vec<TableSchema>,
}

/// One table: a model's declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// The table's name.
    pub name: String,
    /// The model's declared version (`#[model(version = n)]`), for changes that names cannot show.
    pub version: u32,
    /// The fields in the order of the struct.
    pub fields: Vec<FieldSchema>,
    /// Which of `uniques` is the declared primary key; `None` where the arena id is the only one (behaviour R41).
    pub primary_key: Option<usize>,
    /// The unique keys, the primary one among them.
    pub uniques: Vec<UniqueSchema>,
    /// The belongs_to relations, then the references_many relations.
    pub relations: Vec<RelationSchema>,
    /// The has_many and has_one relations: inverses of some relation, or of one and then along another.
    pub inverses: Vec<InverseSchema>,
}

/// One field of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSchema {
    /// Its name in the struct.
    pub name: String,
    /// Its name outside, after serde's renames.
    pub external_name: String,
    /// Its type as written in the struct.
    pub type_name: String,
}

/// One unique key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueSchema {
    /// Its name: the fields' names joined by `_`.
    pub name: String,
    /// The fields.
    pub fields: Vec<String>,
}

/// One belongs_to or references_many relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is said by a word of its own in the declaration")]
pub struct RelationSchema {
    /// Its name.
    pub name: String,
    /// The fields that hold the foreign key, or the field that holds the list.
    pub fields: Vec<String>,
    /// The name of the table it refers to.
    pub target: String,
    /// The fields of the target's unique key that it refers to; empty where it refers by id.
    pub target_fields: Vec<String>,
    /// Whether every source must have a target.
    pub required: bool,
    /// What deleting a target does.
    pub on_delete: Action,
    /// What changing a target's natural key does.
    pub on_update: Action,
    /// Whether its key and its `no_action` are judged at the commit in every transaction.
    pub deferred: bool,
    /// Whether it leads no row back to itself (behaviour I21).
    pub acyclic: bool,
    /// Whether a source that has no target over this relation has one over another of the same fields.
    pub one_of: bool,
    /// Whether it is references_many: the field holds a list of ids.
    pub many: bool,
}

/// One has_many or has_one relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InverseSchema {
    /// Its name.
    pub name: String,
    /// How many sources an owner may have.
    pub kind: InverseKind,
    /// The table of the sources; of the links, where it leads through them.
    pub source: String,
    /// The relation of the source that it is the inverse of.
    pub relation: String,
}

/// How many sources an owner may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InverseKind {
    /// At most one.
    HasOne,
    /// Any number.
    HasMany,
    /// Any number, each of which is a link to a row at the other end: many to many.
    HasManyThrough {
        /// The belongs_to relation of the source that leads to the other end.
        to: String,
    },
}

/// What happens to the sources when their target is deleted or its key changes (behaviours I3 and I4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Refuse. The default.
    Restrict,
    /// Refuse at the end of the transaction, where checks are deferred.
    NoAction,
    /// Delete the sources too; give them the new key.
    Cascade,
    /// Clear the sources' key; take the id out of their lists.
    SetNull,
    /// Point the sources at the relation's default target.
    SetDefault,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Restrict => "restrict",
            Action::NoAction => "no_action",
            Action::Cascade => "cascade",
            Action::SetNull => "set_null",
            Action::SetDefault => "set_default",
        })
    }
}

/// One thing wrong with a set of models (behaviour R42).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model `{model}`{}: {what}", member.as_ref().map(|m| format!(", `{m}`")).unwrap_or_default())]
pub struct SchemaFault {
    /// The model whose declaration is at fault.
    pub model: String,
    /// The field, relation or key.
    pub member: Option<String>,
    /// What is wrong with it.
    pub what: String,
}

impl Schema {
    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Everything that is wrong with the declarations, taken together.
    pub(crate) fn faults(&self) -> Vec<SchemaFault> {
        let mut faults = Vec::new();
        for (position, table) in self.tables.iter().enumerate() {
            if self.tables[..position].iter().any(|earlier| earlier.name == table.name) {
                faults.push(fault(table, None, "another model has the same table name".to_owned()));
            }
            table.collect_duplicate_names(&mut faults);
            table.collect_unknown_fields(&mut faults);
            for relation in &table.relations {
                self.collect_relation_faults(table, relation, &mut faults);
            }
            for inverse in &table.inverses {
                self.collect_inverse_faults(table, inverse, &mut faults);
            }
        }
        faults
    }

    fn collect_relation_faults(&self, table: &TableSchema, relation: &RelationSchema, faults: &mut Vec<SchemaFault>) {
        let mut report = |what: String| faults.push(fault(table, Some(&relation.name), what));
        let Some(target) = self.table(&relation.target) else {
            report(format!("its target `{}` is not registered: add `.model::<{0}>()`", relation.target));
            return;
        };
        let by_key = !relation.target_fields.is_empty();
        if by_key && !target.uniques.iter().any(|unique| unique.fields == relation.target_fields) {
            report(format!("`{}` has no unique key on {}", target.name, relation.target_fields.join(", ")));
        }
        if by_key && relation.target_fields.len() != relation.fields.len() {
            report(format!(
                "its key has {} field(s), the target's has {}",
                relation.fields.len(),
                relation.target_fields.len()
            ));
        }
        if relation.acyclic && relation.target != table.name {
            report(format!("acyclic is said of a relation of a model to itself, and it leads to `{}`", target.name));
        }
        for (option, action) in [("on_delete", relation.on_delete), ("on_update", relation.on_update)] {
            if action == Action::SetNull && (relation.required || relation.one_of) {
                report(format!("{option} = set_null on a required key"));
            }
        }
        if relation.many && matches!(relation.on_delete, Action::NoAction | Action::SetDefault) {
            let action = relation.on_delete;
            report(format!("on_delete = {action} is not for a list of ids: restrict, cascade and set_null are"));
        }
    }

    fn collect_inverse_faults(&self, table: &TableSchema, inverse: &InverseSchema, faults: &mut Vec<SchemaFault>) {
        let mut report = |what: String| faults.push(fault(table, Some(&inverse.name), what));
        let Some(source) = self.table(&inverse.source) else {
            report(format!("its source `{}` is not registered: add `.model::<{0}>()`", inverse.source));
            return;
        };
        let Some(relation) = source.relations.iter().find(|relation| relation.name == inverse.relation) else {
            report(format!("`{}` has no relation `{}`", source.name, inverse.relation));
            return;
        };
        let unique = source.uniques.iter().any(|unique| same_fields(&unique.fields, &relation.fields));
        match &inverse.kind {
            InverseKind::HasMany => {}
            _ if relation.many => {
                report(format!("`{}`.{} is a list of ids, whose inverse is has_many", source.name, relation.name));
            }
            InverseKind::HasOne if !unique => report(format!(
                "has_one needs `{}`.{} to be unique: mark it `#[model(unique)]` or declare has_many",
                source.name,
                relation.fields.join(", ")
            )),
            InverseKind::HasOne => {}
            InverseKind::HasManyThrough { to } => match source.relations.iter().find(|relation| relation.name == *to) {
                Some(far) => source.collect_link_faults(relation, far, report),
                None => report(format!("`{}` has no relation `{to}`", source.name)),
            },
        }
    }

    /// The schema as a [Mermaid](https://mermaid.js.org) entity-relationship diagram.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("erDiagram\n");
        for table in &self.tables {
            let _ = writeln!(text, "    {} {{", table.name);
            for field in &table.fields {
                let type_name: String =
                    field.type_name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
                let _ = writeln!(
                    text,
                    "        {} {}{}",
                    type_name.trim_matches('_'),
                    field.name,
                    table.marks(&field.name)
                );
            }
            text.push_str("    }\n");
        }
        for table in &self.tables {
            for relation in &table.relations {
                let one =
                    !relation.many && table.uniques.iter().any(|unique| same_fields(&unique.fields, &relation.fields));
                let _ = writeln!(
                    text,
                    "    {} {}--{} {} : {}",
                    relation.target,
                    match relation {
                        RelationSchema { many: true, .. } => "}o",
                        RelationSchema { required: true, .. } => "||",
                        _ => "|o",
                    },
                    if one { "o|" } else { "o{" },
                    table.name,
                    relation.name
                );
            }
        }
        for table in &self.tables {
            for inverse in &table.inverses {
                let InverseKind::HasManyThrough { to } = &inverse.kind else { continue };
                let links = self.table(&inverse.source);
                let far = links.and_then(|links| links.relations.iter().find(|relation| relation.name == *to));
                let Some(far) = far else { continue };
                let (table, links) = (&table.name, &inverse.source);
                let _ = writeln!(text, "    {table} }}o..o{{ {} : \"{} through {links}\"", far.target, inverse.name);
            }
        }
        text
    }
}

impl TableSchema {
    fn collect_duplicate_names(&self, faults: &mut Vec<SchemaFault>) {
        let names: Vec<&str> = self
            .relations
            .iter()
            .map(|relation| relation.name.as_str())
            .chain(self.inverses.iter().map(|inverse| inverse.name.as_str()))
            .collect();
        for (position, name) in names.iter().enumerate() {
            if names[..position].contains(name) {
                faults.push(fault(self, Some(name), "two relations have this name".to_owned()));
            }
        }
    }

    fn collect_unknown_fields(&self, faults: &mut Vec<SchemaFault>) {
        let keys = self.uniques.iter().map(|unique| (&unique.name, &unique.fields));
        for (name, fields) in keys.chain(self.relations.iter().map(|relation| (&relation.name, &relation.fields))) {
            for field in fields {
                if !self.fields.iter().any(|known| known.name == *field) {
                    faults.push(fault(self, Some(name), format!("there is no field `{field}`")));
                }
            }
        }
        if self.primary_key.is_some_and(|position| position >= self.uniques.len()) {
            faults.push(fault(self, None, "the primary key is not among the unique keys".to_owned()));
        }
    }

    /// What keeps the rows of this table from being links between the targets of two of its relations.
    fn collect_link_faults(&self, near: &RelationSchema, far: &RelationSchema, mut report: impl FnMut(String)) {
        if near.name == far.name {
            report(format!("both ends of its links are `{}`.{}", self.name, near.name));
            return;
        }
        if far.many {
            report(format!("`{}`.{} is a list of ids, and no end of a link", self.name, far.name));
            return;
        }
        // The links of an owner have that owner, whatever other links refer to.
        let lacking = [(near, near.required || near.one_of), (far, far.required)].into_iter().filter(|(_, has)| !has);
        for (relation, _) in lacking {
            report(format!(
                "a link has both its ends, and the key of `{}`.{} can be absent: make {} required",
                self.name,
                relation.name,
                relation.fields.join(", ")
            ));
        }
        let mut pair = near.fields.clone();
        pair.extend(far.fields.iter().filter(|field| !near.fields.contains(field)).cloned());
        // A key on some of the fields keeps the pair unique too.
        let unique = self.uniques.iter().any(|unique| unique.fields.iter().all(|field| pair.contains(field)));
        if !unique {
            let pair = pair.join(", ");
            report(format!("`{}` could link two rows twice: mark it `#[model(unique({pair}))]`", self.name));
        }
    }

    /// How a diagram marks a field: part of the primary key, a foreign key, a unique key.
    fn marks(&self, field: &str) -> String {
        let holds = |fields: &[String]| fields.iter().any(|name| name == field);
        let mut marks = Vec::new();
        if self.primary_key.is_some_and(|position| holds(&self.uniques[position].fields)) {
            marks.push("PK");
        }
        if self.relations.iter().any(|relation| holds(&relation.fields)) {
            marks.push("FK");
        }
        if self.uniques.iter().enumerate().any(|(i, unique)| Some(i) != self.primary_key && holds(&unique.fields)) {
            marks.push("UK");
        }
        if marks.is_empty() { String::new() } else { format!(" {}", marks.join(", ")) }
    }
}

fn same_fields(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().all(|field| right.contains(field))
}

fn fault(table: &TableSchema, member: Option<&str>, what: String) -> SchemaFault {
    SchemaFault { model: table.name.clone(), member: member.map(str::to_owned), what }
}
