//! The rows of a run: TPC-H by number of line items, lines drawn at random, one order with many lines; and the columns
//! as files, for the engines that run in Python.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::suite::data::{CustomerDetails, FlatCustomer, FlatLine, FlatOrder, LineDetails, OrderDetails};
use crate::suite::data::{Flat, Random, RowOrder};

/// How many line items TPC-H has at scale 1.
const LINES_AT_SCALE_1: f64 = 6_001_215.0;
/// How many lines are drawn at random.
const DRAWS_MAX: usize = 100_000;
/// How many lines the order has that is not the hot one.
const COLD_LINES: usize = 1_000;

/// The rows of one run.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) flat: Flat,
    pub(crate) draws: Vec<u32>,
    pub(crate) hot: Flat,
    pub(crate) hot_lines: Vec<u32>,
}

/// The scale that has about so many line items.
pub(crate) fn scale_of(lines: usize) -> f64 {
    lines as f64 / LINES_AT_SCALE_1
}

impl Rows {
    /// The same in every process. `hot_lines_max` is how many lines the hot order has at most.
    pub(crate) fn generate(scale: f64, hot_lines_max: usize) -> Self {
        let flat = Flat::generate(scale, RowOrder::Sequential);
        let mut draws: Vec<u32> = (0..flat.lines.len() as u32).collect();
        Random::new().shuffle(&mut draws);
        draws.truncate(DRAWS_MAX);
        let mut hot_lines: Vec<u32> = (0..flat.lines.len().min(hot_lines_max) as u32).collect();
        let hot = hot(hot_lines.len());
        Random::new().shuffle(&mut hot_lines);
        Rows { flat, draws, hot, hot_lines }
    }

    /// Writes each column to a file of its own, named `table.column.type`: little-endian, one number after the other.
    pub(crate) fn write_columns(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        write_tables(&self.flat, folder, "")?;
        write_tables(&self.hot, folder, "hot_")?;
        write(folder, "draws.line.u4", self.draws.iter().map(|line| line.to_le_bytes()))?;
        write(folder, "hot_lines.line.u4", self.hot_lines.iter().map(|line| line.to_le_bytes()))
    }
}

/// One order with so many lines, and one with a few, which must stay.
fn hot(lines: usize) -> Flat {
    let customer = CustomerDetails { account_balance_cents: 0, number: 1 };
    let order = OrderDetails { total_price_cents: 0, number: 1, day: 0, ship_priority: 0, is_fulfilled: false };
    let details = |number: i32| LineDetails {
        quantity: 1,
        extended_price_cents: i64::from(number) + 1,
        discount_percent: 0,
        tax_percent: 0,
        number,
        ship_day: 0,
        commit_day: 0,
        receipt_day: 0,
        comment_bytes: 0,
        was_returned: false,
        is_open: true,
    };
    let orders = std::iter::repeat_n(0, lines).chain(std::iter::repeat_n(1, COLD_LINES));
    let line = |(order, number)| FlatLine { order, part: 0, supplier: 0, details: details(number) };
    Flat {
        nations: 1,
        customers: vec![FlatCustomer { nation: 0, details: customer }],
        orders: vec![FlatOrder { customer: 0, details: order }; 2],
        lines: orders.zip(0..).map(line).collect(),
    }
}

fn write<const N: usize>(folder: &Path, name: &str, numbers: impl Iterator<Item = [u8; N]>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?);
    for number in numbers {
        file.write_all(&number)?;
    }
    file.flush()
}

/// Writes fields of rows as columns, each under its table, name and numpy type.
macro_rules! write_columns {
    ($folder:expr, $table:expr, $rows:expr; $($name:literal $kind:literal: |$row:ident| $value:expr),* $(,)?) => {
        $(write($folder, &format!("{}.{}.{}", $table, $name, $kind), $rows.iter().map(|$row| $value.to_le_bytes()))?;)*
    };
}

fn write_tables(flat: &Flat, folder: &Path, prefix: &str) -> io::Result<()> {
    write(folder, &format!("{prefix}nation.number.u4"), (0..flat.nations as u32).map(u32::to_le_bytes))?;
    write_columns!(folder, format!("{prefix}customer"), flat.customers;
        "nation_id" "u4": |row| row.nation,
        "account_balance_cents" "i8": |row| row.details.account_balance_cents,
        "number" "u4": |row| row.details.number,
    );
    write_columns!(folder, format!("{prefix}orders"), flat.orders;
        "customer_id" "u4": |row| row.customer,
        "total_price_cents" "i8": |row| row.details.total_price_cents,
        "number" "u4": |row| row.details.number,
        "day" "i4": |row| row.details.day,
        "ship_priority" "i4": |row| row.details.ship_priority,
        "is_fulfilled" "u1": |row| u8::from(row.details.is_fulfilled),
    );
    write_columns!(folder, format!("{prefix}line"), flat.lines;
        "order_id" "u4": |row| row.order,
        "part" "u4": |row| row.part,
        "supplier" "u4": |row| row.supplier,
        "quantity" "i8": |row| row.details.quantity,
        "extended_price_cents" "i8": |row| row.details.extended_price_cents,
        "discount_percent" "i8": |row| row.details.discount_percent,
        "tax_percent" "i8": |row| row.details.tax_percent,
        "number" "i4": |row| row.details.number,
        "ship_day" "i4": |row| row.details.ship_day,
        "commit_day" "i4": |row| row.details.commit_day,
        "receipt_day" "i4": |row| row.details.receipt_day,
        "comment_bytes" "u4": |row| row.details.comment_bytes,
        "was_returned" "u1": |row| u8::from(row.details.was_returned),
        "is_open" "u1": |row| u8::from(row.details.is_open),
    );
    Ok(())
}
