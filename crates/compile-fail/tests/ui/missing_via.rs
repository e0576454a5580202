// fault D4: a `via` that is missing is one error where it is missing, whatever is done with the relation.

use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(sales: Sale), has_many(friends: Customer, through = Friendship, via(one, other)))]
struct Customer {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    buyer_id: Id<Customer>,
    #[model(belongs_to)]
    seller_id: Id<Customer>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Friendship {
    #[model(belongs_to)]
    one_id: Id<Customer>,
    #[model(belongs_to)]
    other_id: Id<Customer>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(sales: Sale, through = Sale2))]
struct Shop {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sale2 {
    #[model(belongs_to)]
    sale_id: Id<Sale>,
    #[model(belongs_to)]
    shop_id: Id<Shop>,
    #[model(belongs_to)]
    other_shop_id: Id<Shop>,
}

fn main() {
    let mut db = Database::builder().model::<Customer>().model::<Sale>().build().unwrap();
    let ada = db.insert(Customer { name: "Ada".into() }).unwrap();
    let _ = db.children(ada, Customer::SALES).unwrap().count();
    let _ = db.count(ada, Customer::SALES).unwrap();
    db.create(ada, Customer::SALES, |key| Sale { buyer_id: key, seller_id: key }).unwrap();
    for sale in db.row(ada).unwrap().sales() {
        let _ = sale.buyer();
    }
    for pair in db.include(&[ada], Customer::SALES.with(Sale::BUYER)) {
        let _ = pair.unwrap();
    }
}
