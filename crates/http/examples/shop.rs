//! The models and rows that `crates/http/loopback` serves with LoopBack 4 too: `cargo run -p relata-http --example shop`.
//!
//! Ids are numbers of the rows' own, so that both sides can give the same ones. Two models have ids of relata's, which are
//! the texts `1v1`, `2v1`, `3v1` to LoopBack: songs, because a list of ids holds no others, and links, which are made without
//! an id.

use std::io::Write as _;

use relata::{Database, Id, Model, SharedDatabase};
use relata_http::Api;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

#[derive(Model, Clone, Serialize, Deserialize)]
struct Thing {
    #[model(primary_key)]
    id: u32,
    name: Option<String>,
    num: Option<f64>,
    flag: Option<bool>,
    tags: Option<Vec<String>>,
    address: Option<Place>,
    note: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    city: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(orders: Order), has_one(address: Address))]
struct Customer {
    #[model(primary_key)]
    id: u32,
    name: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[model(primary_key)]
    id: u32,
    description: String,
    total: Option<f64>,
    #[model(belongs_to(Customer))]
    customer_id: Option<u32>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[model(primary_key)]
    id: u32,
    street: Option<String>,
    #[model(unique, belongs_to(Customer))]
    customer_id: Option<u32>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[model(has_many(children: Category))]
struct Category {
    #[model(primary_key)]
    id: u32,
    name: Option<String>,
    #[model(belongs_to(Category, name = parent))]
    parent_id: Option<u32>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(tags: Tag, through = PostTag))]
struct Post {
    #[model(primary_key)]
    id: u32,
    title: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Tag {
    #[model(primary_key)]
    id: u32,
    name: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[model(unique(post_id, tag_id))]
struct PostTag {
    #[model(belongs_to(Post), on_delete = cascade)]
    post_id: u32,
    #[model(belongs_to(Tag), on_delete = cascade)]
    tag_id: u32,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Song {
    title: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Playlist {
    #[model(primary_key)]
    id: u32,
    name: Option<String>,
    #[model(references_many)]
    song_ids: Vec<Id<Song>>,
}

/// Stores the rows of one model, all or none. Ids that relata gives are those of the file.
fn store<M: Model>(database: &mut Database, rows: &Json) -> Result<(), Box<dyn std::error::Error>> {
    let wanted = &rows[M::NAME];
    let stored = database.insert_many(serde_json::from_value::<Vec<M>>(wanted.clone())?)?;
    for (id, row) in stored.iter().zip(wanted.as_array().into_iter().flatten()) {
        if row["id"].is_string() && row["id"] != json!(id) {
            return Err(format!("{} {id} is {} in the file", M::NAME, row["id"]).into());
        }
    }
    Ok(())
}

/// The rows of `data.json`, which LoopBack stores too.
fn shop() -> Result<Database, Box<dyn std::error::Error>> {
    let rows: Json = serde_json::from_str(include_str!("../loopback/data.json"))?;
    let builder = Database::builder().model::<Thing>().model::<Customer>().model::<Order>().model::<Address>();
    let builder = builder.model::<Category>().model::<Post>().model::<Tag>().model::<PostTag>();
    let mut database = builder.model::<Song>().model::<Playlist>().build()?;
    store::<Thing>(&mut database, &rows)?;
    store::<Customer>(&mut database, &rows)?;
    store::<Order>(&mut database, &rows)?;
    store::<Address>(&mut database, &rows)?;
    store::<Category>(&mut database, &rows)?;
    store::<Post>(&mut database, &rows)?;
    store::<Tag>(&mut database, &rows)?;
    store::<PostTag>(&mut database, &rows)?;
    store::<Song>(&mut database, &rows)?;
    store::<Playlist>(&mut database, &rows)?;
    Ok(database)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api = Api::new(SharedDatabase::new(shop()?))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    relata_http::serve_on(api, listener).await?;
    Ok(())
}
