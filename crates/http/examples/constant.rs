//! A route that gives a constant body of so many bytes: what `load.mjs` compares the routes with.

use std::io::Write as _;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes: usize = std::env::args().nth(1).map_or(Ok(2000), |bytes| bytes.parse())?;
    let body = "x".repeat(bytes);
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    axum::serve(listener, Router::new().route("/orders", get(answer))).await?;
    Ok(())
}
