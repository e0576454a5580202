//! What the derive declares, form by form.

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(has_many(orders: Order), has_many(bought: Sale, via = buyer), has_many(sold: Sale, via = seller), has_one(card: Card))]
struct Customer {
    name: String,
    #[model(unique)]
    email: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to, on_delete = restrict)]
    customer_id: Id<Customer>,
    description: String,
    total_cents: u64,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Card {
    #[model(belongs_to, unique)]
    customer_id: Id<Customer>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    buyer_id: Id<Customer>,
    #[model(belongs_to(on_delete = set_null))]
    seller_id: Option<Id<Customer>>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(primary_key(name, version), has_many(dependencies: Dependency))]
struct Package {
    name: String,
    version: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version), on_delete = cascade))]
struct Dependency {
    package_name: String,
    package_version: Option<String>,
    optional: bool,
}

fn shop() -> Result<Database, Error> {
    Database::builder()
        .model::<Customer>()
        .model::<Order>()
        .model::<Card>()
        .model::<Sale>()
        .model::<Package>()
        .model::<Dependency>()
        .build()
}

#[test]
fn builds() {
    let db = shop().unwrap();
    let order = db.schema().table("Order").unwrap();
    assert_eq!(order.relations[0].name, "customer");
    let _ = (Order::CUSTOMER, Customer::BY_EMAIL, Customer::BOUGHT, Order::FIELDS.total_cents);
}
