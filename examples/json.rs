//! A library as lines of JSON: shown, changed by a text editor, and back; and one table into another database.
//!
//! ```text
//! cargo run --release --features json --example json
//! ```
#![allow(clippy::print_stdout, reason = "an example is there to print")]

#[path = "support/show.rs"]
mod show;

use std::process::ExitCode;

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};
use show::{Outcome, heading};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(books: Book))]
struct Author {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Book {
    title: String,
    #[model(belongs_to)]
    author_id: Id<Author>,
    #[model(belongs_to, name = sequel_to)]
    sequel_to_id: Option<Id<Book>>,
    price: f32,
}

fn main() -> ExitCode {
    show::end(run())
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Author>().model::<Book>()
}

fn library() -> Outcome<Database> {
    let mut db = models().build()?;
    let author_id = db.insert(Author { name: "Ursula K. Le Guin".into() })?;
    let mut sequel_to_id = None;
    for (title, price) in [("A Wizard of Earthsea", 9.9), ("The Tombs of Atuan", 8.5)] {
        sequel_to_id = Some(db.insert(Book { title: title.into(), author_id, sequel_to_id, price })?);
    }
    Ok(db)
}

fn run() -> Outcome {
    heading("A database as lines of JSON");
    let db = library()?;
    let mut text = Vec::new();
    db.export_json(&mut text)?;
    let text = String::from_utf8(text)?;
    for line in text.lines().filter(|line| !line.starts_with("{\"schema\"")) {
        println!("{line}");
    }

    heading("And back: the same rows under the same ids, the same ids to come");
    let copy = models().import_json(text.as_bytes())?;
    assert_eq!(copy.state_hash(), db.state_hash());
    println!("{} books, the same hash of the state", copy.len::<Book>());

    heading("Changed by hand, and wrong");
    for (from, to) in [("9.9", "\"dear\""), ("\"author_id\":\"1v1\"", "\"author_id\":\"7v1\"")] {
        let refused = models().import_json(text.replacen(from, to, 1).as_bytes());
        println!("{}", refused.err().ok_or("it was not refused")?);
    }

    heading("One table, as new rows of a database that has others");
    let mut table = Vec::new();
    db.export_json_of::<Book>(&mut table)?;
    let mut other = library()?;
    let imported = other.import_json_of::<Book>(&table[..])?;
    for (was, is) in &imported.ids {
        let before = other.related(*is, Book::SEQUEL_TO)?.map_or("nothing", |book| &book.title);
        println!("{was} is {is} now: {}, the sequel to {before}", other.get(*is)?.title);
    }
    assert_eq!((other.len::<Book>(), other.check()), (4, Ok(())));
    Ok(())
}
