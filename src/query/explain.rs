//! What a query will do, for people.

use std::fmt;

use super::Query;
use super::run::Plan;
use crate::error::Error;
use crate::model::Model;
use crate::predicate::plan::{By, Way};
use crate::predicate::{Condition, Conjuncts, Reads, Test};

/// How a query gets at its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// All slots; conditions on columns first.
    Scan {
        /// Whether columns are read before any row.
        columns: bool,
    },
    /// A unique key on these fields.
    UniqueKey(Vec<&'static str>),
    /// Values of an index on these fields.
    Index(Vec<&'static str>),
    /// A range of an ordered index on these fields.
    Range(Vec<&'static str>),
    /// The rows that refer to a row over this relation.
    Relation(&'static str),
    /// The rows that related rows lead to, which were found by a way of their own.
    Related,
    /// The ids that were given.
    Ids,
}

/// The plan of a query, see [`Query::explain`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained {
    /// The model.
    pub model: &'static str,
    /// How many rows its table has.
    pub table_rows: usize,
    /// How it gets at its rows.
    pub access: Access,
    /// To how many rows that leads.
    pub rows: usize,
    /// Whether each of them is tested.
    pub tests: bool,
    /// The orders; empty: by slot.
    pub orders: Vec<String>,
    /// Whether rows are sorted; otherwise they come in their order.
    pub sorts: bool,
    /// The other ways that there are, with how many rows they lead to.
    pub considered: Vec<(Access, usize)>,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Scan { columns: true } => f.write_str("scan of columns"),
            Access::Scan { columns: false } => f.write_str("scan"),
            Access::UniqueKey(fields) => write!(f, "unique key ({})", fields.join(", ")),
            Access::Index(fields) => write!(f, "index ({})", fields.join(", ")),
            Access::Range(fields) => write!(f, "range of the ordered index ({})", fields.join(", ")),
            Access::Relation(name) => write!(f, "relation {name}"),
            Access::Related => f.write_str("related rows"),
            Access::Ids => f.write_str("ids"),
        }
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} of {} row(s)", self.model, self.access, self.rows, self.table_rows)?;
        if self.tests {
            f.write_str(", each tested")?;
        }
        if !self.orders.is_empty() {
            write!(f, "; {} {}", if self.sorts { "sorted by" } else { "in the order of" }, self.orders.join(", "))?;
        }
        for (access, rows) in &self.considered {
            write!(f, "\n  also: {access}, {rows} row(s)")?;
        }
        Ok(())
    }
}

fn names<M: Model>(fields: &[usize]) -> Vec<&'static str> {
    fields.iter().map(|place| M::COLUMNS[*place].name).collect()
}

fn access<M: Model>(way: &Way) -> Access {
    match way.by {
        By::UniqueKey(fields) => Access::UniqueKey(fields.to_vec()),
        By::Index(fields) => Access::Index(names::<M>(fields)),
        By::Range(fields) => Access::Range(names::<M>(fields)),
        By::Relation(name) => Access::Relation(name),
        By::Related => Access::Related,
        By::Ids => Access::Ids,
    }
}

impl<M: Model, C: Condition<M>> Query<'_, M, C> {
    /// The plan: which way the query goes to its rows, to how many that leads, and what else there is. Nothing is read but
    /// the counts of indexes and, for predicates over relations, related rows.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Score { #[model(ordered)] points: u32, level: u32 }
    /// # let mut db = Database::builder().model::<Score>().build()?;
    /// # db.insert_many((0..100).map(|points| Score { points, level: points / 10 }).collect::<Vec<_>>())?;
    /// let score = Score::FIELDS;
    /// let query = db.query::<Score>().filter(score.points.ge(90).and(score.level.eq(9)));
    /// let plan = query.explain()?;
    /// assert_eq!(plan.to_string(), "Score: range of the ordered index (points), 10 of 100 row(s), each tested");
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn explain(&self) -> Result<Explained, Error> {
        let table = self.database.table::<M>()?;
        let conjuncts = Conjuncts::of::<M, C>(&self.condition);
        let (plan, ways) = self.plan(&conjuncts)?;
        let reads = self.condition.open(self.database)?.reads();
        let (chosen, rows, tests) = match &plan {
            Plan::Scan => (Access::Scan { columns: !C::IS_ALL && reads != Reads::Rows }, table.len(), !C::IS_ALL),
            Plan::Way(way) => (access::<M>(way), way.rows, !way.is_exact(&conjuncts)),
            Plan::Walk(walk) => {
                let index = &table.index.secondary[walk.index];
                (Access::Range(names::<M>(index.fields)), walk.rows, !walk.is_exact(&conjuncts))
            }
        };
        let considered = ways.iter().map(|way| (access::<M>(way), way.rows)).filter(|(access, _)| *access != chosen);
        Ok(Explained {
            model: M::NAME,
            table_rows: table.len(),
            considered: considered.collect(),
            access: chosen,
            rows,
            tests,
            orders: self.orders.iter().map(ToString::to_string).collect(),
            sorts: !self.orders.is_empty() && !matches!(plan, Plan::Walk(_)),
        })
    }
}
