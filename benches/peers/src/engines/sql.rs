//! SQLite through rusqlite: in memory, foreign keys enforced, strict tables, prepared statements, one transaction for
//! each workload that writes. The index on the order of a line is made when the lines are stored, then the statistics.
//! Files are written and read by the backup API, all pages at once.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, params};

use crate::suite::data::Flat;
use crate::workload::{DAYS_OF_1994, Engine, weight};

const CHOICES: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
";
const TABLES: &str = "
    CREATE TABLE nation (id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
    CREATE TABLE customer (
        id INTEGER PRIMARY KEY,
        nation_id INTEGER NOT NULL REFERENCES nation (id),
        account_balance_cents INTEGER NOT NULL,
        number INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customer (id),
        total_price_cents INTEGER NOT NULL,
        number INTEGER NOT NULL,
        day INTEGER NOT NULL,
        ship_priority INTEGER NOT NULL,
        is_fulfilled INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE line (
        id INTEGER PRIMARY KEY,
        order_id INTEGER NOT NULL REFERENCES orders (id),
        part INTEGER NOT NULL,
        supplier INTEGER NOT NULL,
        quantity INTEGER NOT NULL,
        extended_price_cents INTEGER NOT NULL,
        discount_percent INTEGER NOT NULL,
        tax_percent INTEGER NOT NULL,
        number INTEGER NOT NULL,
        ship_day INTEGER NOT NULL,
        commit_day INTEGER NOT NULL,
        receipt_day INTEGER NOT NULL,
        comment_bytes INTEGER NOT NULL,
        was_returned INTEGER NOT NULL,
        is_open INTEGER NOT NULL
    ) STRICT;
    BEGIN;
";
const INDEXES: &str = "
    CREATE INDEX customer_nation ON customer (nation_id);
    CREATE INDEX orders_customer ON orders (customer_id);
    CREATE INDEX line_order ON line (order_id);
    COMMIT;
    PRAGMA analysis_limit = 1000;
    ANALYZE;
";
const INSERT_LINE: &str = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(crate) struct Sql {
    connection: Connection,
    orders: u32,
}

fn done<T>(result: rusqlite::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("SQLite: {error}"))
}

impl Sql {
    /// The one number that a query gives.
    fn number(&self, query: &str) -> i64 {
        done(done(self.connection.prepare_cached(query)).query_row((), |row| row.get(0)))
    }
}

/// Every insert looks its foreign keys up, as the pragma says.
fn insert_rows(connection: &Connection, flat: &Flat) {
    let mut insert = done(connection.prepare("INSERT INTO nation VALUES (?1, ?1)"));
    for number in 0..flat.nations as u32 {
        done(insert.execute([number]));
    }
    let mut insert = done(connection.prepare("INSERT INTO customer VALUES (?, ?, ?, ?)"));
    for (row, id) in flat.customers.iter().zip(0_u32..) {
        let details = &row.details;
        done(insert.execute(params![id, row.nation, details.account_balance_cents, details.number]));
    }
    let mut insert = done(connection.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)"));
    for (row, id) in flat.orders.iter().zip(0_u32..) {
        let (total, number) = (row.details.total_price_cents, row.details.number);
        let (day, priority, is_fulfilled) = (row.details.day, row.details.ship_priority, row.details.is_fulfilled);
        done(insert.execute(params![id, row.customer, total, number, day, priority, is_fulfilled]));
    }
    let mut insert = done(connection.prepare(INSERT_LINE));
    for (row, id) in flat.lines.iter().zip(0_u32..) {
        let details = &row.details;
        done(insert.execute(params![
            id,
            row.order,
            row.part,
            row.supplier,
            details.quantity,
            details.extended_price_cents,
            details.discount_percent,
            details.tax_percent,
            details.number,
            details.ship_day,
            details.commit_day,
            details.receipt_day,
            details.comment_bytes,
            details.was_returned,
            details.is_open,
        ]));
    }
}

impl Engine for Sql {
    type Key = u32;

    fn load(flat: &Flat) -> Self {
        let connection = done(Connection::open_in_memory());
        done(connection.execute_batch(CHOICES));
        done(connection.execute_batch(TABLES));
        insert_rows(&connection, flat);
        done(connection.execute_batch(INDEXES));
        Sql { connection, orders: flat.orders.len() as u32 }
    }

    fn keys(&self, places: &[u32]) -> Vec<u32> {
        places.to_vec()
    }

    fn order_totals_by_key(&self, keys: &[u32]) -> i64 {
        let query = "SELECT total_price_cents FROM line JOIN orders ON orders.id = order_id WHERE line.id = ?";
        let mut query = done(self.connection.prepare_cached(query));
        let mut sum = 0;
        for key in keys {
            sum += done(query.query_row([key], |row| row.get::<_, i64>(0)));
        }
        sum
    }

    fn order_totals(&self) -> i64 {
        self.number("SELECT SUM(total_price_cents) FROM line JOIN orders ON orders.id = order_id")
    }

    fn revenue_by_nation(&self, nations: usize) -> Vec<i64> {
        let mut revenue = vec![0; nations];
        let query = "
            SELECT nation.number, SUM(extended_price_cents)
            FROM line
            JOIN orders ON orders.id = order_id
            JOIN customer ON customer.id = customer_id
            JOIN nation ON nation.id = nation_id
            GROUP BY nation.number";
        let mut query = done(self.connection.prepare_cached(query));
        let mut rows = done(query.query(()));
        while let Some(row) = done(rows.next()) {
            revenue[done(row.get::<_, u32>(0)) as usize] = done(row.get(1));
        }
        revenue
    }

    fn prices_of_orders(&self) -> i64 {
        let query = "SELECT extended_price_cents FROM line WHERE order_id = ?";
        let mut query = done(self.connection.prepare_cached(query));
        let mut sum = 0;
        for order in 0..self.orders {
            let mut rows = done(query.query([order]));
            while let Some(row) = done(rows.next()) {
                sum += weight(order) * done(row.get::<_, i64>(0));
            }
        }
        sum
    }

    fn delete_each(&mut self, keys: &[u32]) -> Option<()> {
        let transaction = done(self.connection.transaction());
        {
            let mut delete = done(transaction.prepare_cached("DELETE FROM line WHERE id = ?"));
            for key in keys {
                assert_eq!(done(delete.execute([key])), 1, "the line is stored");
            }
        }
        done(transaction.commit());
        Some(())
    }

    fn prices(&self) -> i64 {
        self.number("SELECT SUM(extended_price_cents) FROM line")
    }

    fn discounts(&self) -> i64 {
        self.number(&format!(
            "SELECT COALESCE(SUM(extended_price_cents * discount_percent), 0) FROM line
             WHERE ship_day >= {} AND ship_day < {} AND discount_percent BETWEEN 5 AND 7 AND quantity < 24",
            DAYS_OF_1994.start, DAYS_OF_1994.end
        ))
    }

    fn save(&self, file: &Path) -> Option<()> {
        copy(&self.connection, &mut done(Connection::open(file)));
        Some(())
    }

    fn load_file(file: &Path) -> Option<Self> {
        let mut connection = done(Connection::open_in_memory());
        copy(&done(Connection::open(file)), &mut connection);
        done(connection.execute_batch(CHOICES));
        let orders = done(connection.query_row("SELECT COUNT(*) FROM orders", (), |row| row.get(0)));
        Some(Sql { connection, orders })
    }
}

/// All pages of one database into another.
fn copy(from: &Connection, to: &mut Connection) {
    let copied = done(done(Backup::new(from, to)).step(-1));
    assert_eq!(copied, StepResult::Done, "nobody else has the file");
}
