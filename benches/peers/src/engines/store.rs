//! relata: rows name each other by `Id`, and are stored table by table with `insert_many`.

use std::path::Path;

use relata::{Database, DatabaseBuilder, Error, Id};

use crate::suite::data::{Customer, Flat, LineItem, Nation, Order, line_item, store_orders};
use crate::workload::{Engine, is_discounted, weight};

pub(crate) struct Store {
    db: Database,
    orders: Vec<Id<Order>>,
    lines: Vec<Id<LineItem>>,
}

/// The data are whole: an error is a fault of the library.
fn whole<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Nation>().model::<Customer>().model::<Order>().model::<LineItem>()
}

impl Engine for Store {
    type Key = Id<LineItem>;

    fn load(flat: &Flat) -> Self {
        let mut db = whole(models().build());
        let orders = store_orders(&mut db, flat);
        let lines: Vec<LineItem> = flat.lines.iter().map(|line| line_item(line, &orders)).collect();
        let lines = whole(db.insert_many(lines));
        Store { db, orders, lines }
    }

    fn keys(&self, places: &[u32]) -> Vec<Id<LineItem>> {
        places.iter().map(|place| self.lines[*place as usize]).collect()
    }

    fn order_totals_by_key(&self, keys: &[Id<LineItem>]) -> i64 {
        let order = whole(self.db.path(LineItem::ORDER));
        keys.iter().map(|line| whole(order.get(*line)).details.total_price_cents).sum()
    }

    fn order_totals_at_once(&self, keys: &[Id<LineItem>]) -> Option<i64> {
        Some(self.db.include(keys, LineItem::ORDER).map(|pair| whole(pair).1.details.total_price_cents).sum())
    }

    fn order_totals(&self) -> i64 {
        self.db.include(&self.lines, LineItem::ORDER).map(|pair| whole(pair).1.details.total_price_cents).sum()
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let mut revenue = vec![0; nations];
        let lines = whole(self.db.table::<LineItem>());
        let path = LineItem::ORDER.then(Order::CUSTOMER).then(Customer::NATION);
        self.db.include(&self.lines, path).for_each(|pair| {
            let (line, nation) = whole(pair);
            revenue[nation.number as usize] += whole(lines.row(line)).details.extended_price_cents;
        });
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let mut sum = 0;
        for (order, place) in self.orders.iter().zip(0..) {
            let lines = whole(self.db.children(*order, Order::LINES));
            sum += weight(place) * lines.map(|(_, line)| line.details.extended_price_cents).sum::<i64>();
        }
        sum
    }

    fn delete_each(&mut self, keys: &[Id<LineItem>]) -> Option<()> {
        for line in keys {
            whole(self.db.delete(*line));
        }
        Some(())
    }

    fn prices(&self) -> i64 {
        self.db.iter::<LineItem>().map(|(_, line)| line.details.extended_price_cents).sum()
    }

    fn discounts(&self) -> i64 {
        let details = self.db.iter::<LineItem>().map(|(_, line)| &line.details);
        let discounted = details.filter(|line| is_discounted(line.ship_day, line.discount_percent, line.quantity));
        discounted.map(|line| line.extended_price_cents * line.discount_percent).sum()
    }

    fn save(&self, file: &Path) -> Option<()> {
        self.db.save(file).unwrap_or_else(|error| panic!("{error}"));
        Some(())
    }

    fn load_file(file: &Path) -> Option<Self> {
        let db = models().load(file).unwrap_or_else(|error| panic!("{error}"));
        // Who loads a file has no ids at hand.
        Some(Store { db, orders: Vec::new(), lines: Vec::new() })
    }
}
