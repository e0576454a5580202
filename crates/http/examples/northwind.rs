//! A wholesaler's database in the browser: `cargo run --release -p relata-http --example northwind -- --port 8080`.
//!
//! The data set is read from the folder that `RELATA_DATA` names. Where that is not there, customers and orders of the TPC-H
//! benchmark are made on the spot instead.

use std::io::Write as _;

use clap::Parser;
use relata::SharedDatabase;
use relata_http::Api;
use relata_real_data::{DataSet as _, data_folder, load_set, northwind::Northwind};
use tokio::net::TcpListener;

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

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let database = load_set::<Northwind>()?;
    let mut api = Api::new(SharedDatabase::new(database))?;
    if options.read_only {
        api = api.read_only();
    }
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "{} at http://{address}/", Northwind::FOLDER)?;
    let _ = data_folder();
    relata_http::serve_on(api, listener).await?;
    Ok(())
}
