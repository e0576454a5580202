//! Pages: rows behind a place in an order.

use std::fmt;

use slotmap::DefaultKey;
use smallvec::SmallVec;

use super::Query;
use super::order::Order;
use crate::error::Error;
use crate::id::Id;
use crate::model::Model;
use crate::order::IndexKey;
use crate::predicate::Condition;

/// A page of a [`Query`], see [`Query::page`].
pub struct Page<'a, M> {
    /// The rows with their ids.
    pub rows: Vec<(Id<M>, &'a M)>,
    /// The place behind them; `None` where the query has no more rows.
    pub next: Option<Cursor<M>>,
}

impl<M: Model> fmt::Debug for Page<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.rows.iter().map(|(id, _)| id).collect();
        f.debug_struct("Page").field("rows", &ids).field("next", &self.next).finish()
    }
}

/// A place in the order of a query, behind a row: by what the row was ordered by, and its id. The row need not be there any
/// more.
pub struct Cursor<M> {
    orders: SmallVec<[Order<M>; 1]>,
    keys: SmallVec<[IndexKey; 1]>,
    row: DefaultKey,
}

impl<M> Clone for Cursor<M> {
    fn clone(&self) -> Self {
        Cursor { orders: self.orders.clone(), keys: self.keys.clone(), row: self.row }
    }
}
impl<M: Model> fmt::Debug for Cursor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = Id::<M>::from_key(self.row).erase();
        f.debug_struct("Cursor").field("orders", &self.orders).field("row", &row).finish_non_exhaustive()
    }
}

fn described<M>(orders: &[Order<M>]) -> String {
    let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
    if orders.is_empty() { "slot".to_owned() } else { orders.join(", ") }
}

impl<'a, M: Model, C: Condition<M>> Query<'a, M, C> {
    /// The next `size` rows behind a cursor; `None` for the first page. `skip` is for the first page alone, `limit` for the
    /// size of each.
    ///
    /// Rows that come or go between two pages shift nothing: a row that stays, and whose values by which it is ordered stay,
    /// is seen once. Along an ordered index O(log n + size). [`Error::CursorMismatch`] where the cursor is of a query with
    /// other orders; that it has other predicates cannot be seen.
    ///
    /// ```
    /// # use relata::*; use serde::{Serialize, Deserialize};
    /// # #[derive(Model, Clone, Serialize, Deserialize)] struct Score { #[model(ordered)] points: u32 }
    /// # let mut db = Database::builder().model::<Score>().build()?;
    /// # db.insert_many([40, 70, 90].map(|points| Score { points }))?;
    /// let (mut after, mut pages) = (None, Vec::new());
    /// loop {
    ///     let page = db.query().order_by(Score::FIELDS.points.desc()).page(after.as_ref(), 2)?;
    ///     pages.push(page.rows.iter().map(|(_, score)| score.points).collect::<Vec<_>>());
    ///     after = page.next;
    ///     if after.is_none() {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(pages, [vec![90, 70], vec![40]]);
    /// # Ok::<(), relata::Error>(())
    /// ```
    pub fn page(self, after: Option<&Cursor<M>>, size: usize) -> Result<Page<'a, M>, Error> {
        let size = size.min(self.limit);
        let mut query = Query { limit: size.saturating_add(1), ..self };
        if let Some(cursor) = after {
            let own = query.orders.iter().map(|order| (order.field, order.descends));
            if !cursor.orders.iter().map(|order| (order.field, order.descends)).eq(own) {
                let (cursor, query) = (described(&cursor.orders), described(&query.orders));
                return Err(Error::CursorMismatch { model: M::NAME, cursor, query });
            }
            query.skip = 0;
        }
        let orders = query.orders.clone();
        let mut rows: Vec<_> = query.run_after(after.map(|cursor| (&cursor.keys[..], cursor.row)))?.collect();
        let has_more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| has_more).map(|(id, row)| {
            let keys = orders.iter().map(|order| order.key(row)).collect();
            Cursor { orders, keys, row: id.key() }
        });
        Ok(Page { rows, next })
    }
}
