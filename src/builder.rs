//! Building a database: registering models, and proving that their declarations fit together.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use crate::arena::Arena;
use crate::column::columns_of;
use crate::database::Database;
use crate::error::Error;
use crate::index::Indexes;
use crate::index::links::Link;
use crate::index::lists::Lists;
use crate::index::secondary::SecondaryIndex;
use crate::index::unique::UniqueIndex;
use crate::migration::Migration;
use crate::model::{AnyRelation, IdList, Index, ListRelation, Model, Presence, Reference, Relation, Unique, Visitor};
use crate::schema::{
    Action, FieldSchema, InverseKind, InverseSchema, RelationSchema, SchemaFault, TableSchema, UniqueSchema,
};
use crate::table::{Incoming, Store, Threads};

/// Collects the models of a database.
#[derive(Default)]
pub struct DatabaseBuilder {
    store: Store,
    incoming: Vec<(TypeId, Incoming)>,
    faults: Vec<SchemaFault>,
    /// What registers each model with another builder.
    models: Vec<fn(DatabaseBuilder) -> DatabaseBuilder>,
    pub(crate) load: LoadChoices,
}

/// How a snapshot is to be loaded.
#[derive(Debug, Default)]
pub(crate) struct LoadChoices {
    /// What it may take, in bytes; `None` for what follows from the file's length.
    pub(crate) memory_limit: Option<u64>,
    /// How deep values may be nested; `None` for the usual limit.
    pub(crate) nesting: Option<u32>,
    pub(crate) drops_removed: bool,
    pub(crate) accepts_violations: bool,
    pub(crate) threads: Threads,
    pub(crate) migrations: Vec<Migration>,
}

impl fmt::Debug for DatabaseBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.store.tables.iter().map(|table| table.name)).finish()
    }
}

impl Database {
    /// Starts a database: register each model, then build or load.
    pub fn builder() -> DatabaseBuilder {
        DatabaseBuilder::default()
    }
}

impl DatabaseBuilder {
    /// Registers a model. The order is that of the tables in the schema and in snapshots.
    #[must_use]
    pub fn model<M: Model>(mut self) -> Self {
        let mut declared = Declared {
            table: self.store.tables.len() as u32,
            schema: TableSchema {
                name: M::NAME.to_owned(),
                version: M::VERSION,
                fields: M::COLUMNS.iter().map(FieldSchema::from).collect(),
                primary_key: M::PRIMARY_KEY,
                uniques: Vec::new(),
                relations: Vec::new(),
                inverses: Vec::new(),
            },
            index: Indexes::default(),
            incoming: Vec::new(),
            faults: Vec::new(),
        };
        M::declare(&mut declared);
        Arc::make_mut(&mut self.store.schema).tables.push(declared.schema);
        self.incoming.extend(declared.incoming);
        self.faults.extend(declared.faults);
        self.store.add::<M>(Box::new(Arena::<M>::with_columns(columns_of())), declared.index);
        self.models.push(Self::model::<M>);
        self
    }

    /// Another builder of the same models and for a load that is tried twice: how it loads is not taken along.
    pub(crate) fn again(&self) -> Self {
        let empty = DatabaseBuilder::default();
        self.models.iter().fold(empty, |builder, model| model(builder))
    }

    /// Builds an empty database, or says everything that is wrong with the declarations (behaviour R42).
    pub fn build(mut self) -> Result<Database, Error> {
        self.faults.extend(self.store.schema.faults());
        if !self.faults.is_empty() {
            return Err(Error::Schema(self.faults));
        }
        for (target, incoming) in self.incoming {
            let target = self.store.position_of(target).ok_or_else(|| {
                Error::Schema(vec![SchemaFault {
                    model: self.store.tables[incoming.table as usize].name.to_owned(),
                    member: Some(incoming.name.to_owned()),
                    what: "its target is not registered, though another model of that name is".to_owned(),
                }])
            })?;
            self.store.tables[target as usize].incoming.push(incoming);
            self.store.tables[target as usize].is_followed |= incoming.follows();
            // Each model shows its relations in their order, so that they arrive here in it.
            self.store.tables[incoming.table as usize].targets.push(target);
        }
        self.store.find_carried();
        Ok(Database { store: self.store })
    }
}

impl From<&crate::model::Column> for FieldSchema {
    fn from(column: &crate::model::Column) -> Self {
        FieldSchema {
            name: column.name.to_owned(),
            external_name: column.external_name.to_owned(),
            type_name: column.type_name.to_owned(),
        }
    }
}

/// What one model has declared.
struct Declared {
    table: u32,
    schema: TableSchema,
    index: Indexes,
    incoming: Vec<(TypeId, Incoming)>,
    faults: Vec<SchemaFault>,
}

impl Declared {
    fn expect_index(&mut self, member: &str, declared: usize, actual: usize) {
        if declared != actual {
            self.faults.push(SchemaFault {
                model: self.schema.name.clone(),
                member: Some(member.to_owned()),
                what: format!("its INDEX is {declared}, but `declare` shows it at place {actual}"),
            });
        }
    }
}

fn names(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|&field| field.to_owned()).collect()
}

impl<M: Model> Visitor<M> for Declared {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let unique = UniqueSchema { name: U::FIELDS.join("_"), fields: names(U::FIELDS) };
        self.expect_index(&unique.name, U::INDEX, self.schema.uniques.len());
        self.schema.uniques.push(unique);
        self.index.uniques.push(UniqueIndex::default());
    }

    fn index<I: Index<Model = M>>(&mut self) {
        let name = |place: &usize| M::COLUMNS.get(*place).map_or("?", |column| column.name);
        let names: Vec<&str> = I::FIELDS.iter().map(name).collect();
        self.expect_index(&names.join("_"), I::INDEX, self.index.secondary.len());
        self.index.secondary.push(SecondaryIndex::new(I::FIELDS, I::IS_ORDERED));
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        if !self.index.lists.is_empty() {
            let what = "`declare` shows it after a list of ids, and lists come last".to_owned();
            self.faults.push(SchemaFault { model: M::NAME.to_owned(), member: Some(R::NAME.to_owned()), what });
            return;
        }
        self.expect_index(R::NAME, R::INDEX, self.schema.relations.len());
        let unique = <R::Reference as Reference<R::Target>>::UNIQUE;
        self.schema.relations.push(RelationSchema {
            name: R::NAME.to_owned(),
            fields: names(R::FIELDS),
            target: R::Target::NAME.to_owned(),
            target_fields: unique.map(|(_, fields)| names(fields)).unwrap_or_default(),
            required: R::Presence::REQUIRED,
            on_delete: R::ON_DELETE,
            on_update: R::ON_UPDATE,
            deferred: R::DEFERRED,
            acyclic: R::ACYCLIC,
            one_of: R::Presence::ONE_OF,
            many: false,
        });
        let uses_default = [R::ON_DELETE, R::ON_UPDATE].contains(&Action::SetDefault);
        if uses_default && unique.is_some() && R::default_key().is_none() {
            self.faults.push(SchemaFault {
                model: self.schema.name.clone(),
                member: Some(R::NAME.to_owned()),
                what: "set_default needs a key to fall back to: say it by `default = ..`".to_owned(),
            });
        }
        let incoming = Incoming {
            table: self.table,
            relation: R::INDEX,
            name: R::NAME,
            unique: unique.map(|(place, _)| place),
            on_delete: R::ON_DELETE,
            on_update: R::ON_UPDATE,
            deferred: R::DEFERRED,
        };
        self.incoming.push((TypeId::of::<R::Target>(), incoming));
        self.index.links.push(Link::default());
    }

    fn references_many<L: ListRelation<Source = M>>(&mut self) {
        self.expect_index(L::NAME, L::INDEX, self.schema.relations.len());
        if L::ON_DELETE == Action::SetNull && !L::List::CAN_LOSE {
            self.faults.push(SchemaFault {
                model: self.schema.name.clone(),
                member: Some(L::NAME.to_owned()),
                what: "on_delete = set_null on a collection that cannot lose an id".to_owned(),
            });
        }
        self.schema.relations.push(RelationSchema {
            name: L::NAME.to_owned(),
            fields: names(&[L::FIELD]),
            target: L::Target::NAME.to_owned(),
            target_fields: Vec::new(),
            required: false,
            on_delete: L::ON_DELETE,
            on_update: Action::Restrict,
            deferred: false,
            acyclic: false,
            one_of: false,
            many: true,
        });
        let incoming = Incoming {
            table: self.table,
            relation: L::INDEX,
            name: L::NAME,
            unique: None,
            on_delete: L::ON_DELETE,
            on_update: Action::Restrict,
            deferred: false,
        };
        self.incoming.push((TypeId::of::<L::Target>(), incoming));
        self.index.lists.push(Lists::default());
    }

    fn has_many<R: AnyRelation<Target = M>>(&mut self, name: &'static str) {
        self.inverse::<R>(name, InverseKind::HasMany);
    }

    fn has_one<R: Relation<Target = M>>(&mut self, name: &'static str) {
        self.inverse::<R>(name, InverseKind::HasOne);
    }

    fn has_many_through<A: Relation<Target = M>, B: Relation<Source = A::Source>>(&mut self, name: &'static str) {
        self.inverse::<A>(name, InverseKind::HasManyThrough { to: B::NAME.to_owned() });
    }
}

impl Declared {
    fn inverse<R: AnyRelation>(&mut self, name: &str, kind: InverseKind) {
        self.schema.inverses.push(InverseSchema {
            name: name.to_owned(),
            kind,
            source: R::Source::NAME.to_owned(),
            relation: R::NAME.to_owned(),
        });
    }
}
