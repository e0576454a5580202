// A key is looked up by a reference to what it is made of.

use relata::{Database, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Customer {
    #[model(unique)]
    email: String,
}

fn main() {
    let db = Database::builder().model::<Customer>().build().unwrap();
    let _ = db.find(Customer::BY_EMAIL, &5_u32);
    let _ = db.find(Customer::BY_EMAIL, String::new());
}
