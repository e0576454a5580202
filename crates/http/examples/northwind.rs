//! A wholesaler's database in the browser: `cargo run --release -p relata-http --example northwind -- --port 8080`.
//!
//! The data set is read from the folder that `RELATA_DATA` names. Where there is no such folder, the orders of the TPC-H
//! benchmark at a hundredth of its size are made on the spot: 86,000 rows.

use std::io::Write as _;

use clap::Parser;
use relata::{Database, SharedDatabase};
use relata_http::Api;
use relata_real_data::northwind::Northwind;
use relata_real_data::{LoadError, load_set};
use tokio::net::TcpListener;

#[path = "../../../examples/support/tpch.rs"]
#[allow(dead_code, reason = "the other examples use what this one does not")]
mod tpch;

/// A wholesaler's database in the browser.
#[derive(Parser)]
struct Options {
    /// The port of this machine on which it is served; 0 takes any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Refuses every write.
    #[arg(long)]
    read_only: bool,
}

fn load() -> Result<(Database, &'static str), Box<dyn std::error::Error>> {
    match load_set::<Northwind>() {
        Ok(database) => Ok((database, "northwind")),
        Err(LoadError::NoData { .. }) => Ok((tpch::load(0.01, tpch::TEXT_BYTES, |_, _, _| ())?, "TPC-H at scale 0.01")),
        Err(error) => Err(error.into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let (database, name) = load()?;
    let mut api = Api::new(SharedDatabase::new(database))?;
    if options.read_only {
        api = api.read_only();
    }
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{name} at http://{}/", listener.local_addr()?)?;
    out.flush()?;
    relata_http::serve_on(api, listener).await?;
    Ok(())
}
