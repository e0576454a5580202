//! What the models declare, in plain data, and the ids of rows in plain numbers.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use relata::{Action, Database, Error, Id, InverseKind, RowId};
use slotmap::DefaultKey;

use super::naive::Fault;
use super::schema::{NOWHERE, Sample, TABLES, builder};

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
#[derive(Clone, Default)]
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
