//! A small shop and a client of its routes.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use relata::{Database, Id, Model, SharedDatabase};
use relata_http::Api;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tower::ServiceExt as _;

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(orders: Order), has_one(address: Address))]
pub(crate) struct Customer {
    #[model(unique)]
    pub(crate) name: String,
    pub(crate) note: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[model(has_many(tags: Tag, through = OrderTag))]
pub(crate) struct Order {
    pub(crate) total_cents: u32,
    #[model(belongs_to, on_delete = cascade)]
    #[serde(alias = "cust")]
    pub(crate) customer_id: Option<Id<Customer>>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) city: String,
    #[model(belongs_to, unique)]
    pub(crate) customer_id: Id<Customer>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    #[model(primary_key)]
    pub(crate) label: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(order_id, tag_id))]
pub(crate) struct OrderTag {
    #[model(belongs_to, on_delete = cascade)]
    pub(crate) order_id: Id<Order>,
    #[model(belongs_to)]
    pub(crate) tag_id: Id<Tag>,
    #[serde(default)]
    pub(crate) weight: u8,
}

/// Thor with two orders, Jane with one and an address; two tags, of which the first order has one.
pub(crate) fn shop() -> SharedDatabase {
    let builder = Database::builder().model::<Customer>().model::<Order>().model::<Address>();
    let mut db = builder.model::<Tag>().model::<OrderTag>().build().unwrap();
    let customer = |name: &str| Customer { name: name.into(), note: None };
    let thor = db.insert(customer("Thor")).unwrap();
    let jane = db.insert(customer("Jane")).unwrap();
    let order = |total_cents, customer: Option<Id<Customer>>| Order { total_cents, customer_id: customer };
    let orders = db.insert_many([order(30, Some(thor)), order(120, Some(thor)), order(70, Some(jane))]).unwrap();
    db.insert(order(5, None)).unwrap();
    db.insert(Address { city: "Oslo".into(), customer_id: jane }).unwrap();
    let tags = db.insert_many(["a/b", "new"].map(|label| Tag { label: label.into() })).unwrap();
    db.insert(OrderTag { order_id: orders[0], tag_id: tags[0], weight: 3 }).unwrap();
    SharedDatabase::new(db)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or(Json::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(crate) fn of(api: Api) -> Self {
        Client { router: api.router(), headers: Vec::new() }
    }

    pub(crate) fn of_shop() -> Self {
        Client::of(Api::new(shop()).unwrap())
    }

    pub(crate) fn with_header(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(other, _)| *other != name);
        client.headers.push((name, value.into()));
        client
    }

    fn request(&self, method: &str, path: &str, body: Option<&str>) -> Request<Body> {
        let path: String = path
            .bytes()
            .map(|byte| match byte {
                b'{' | b'}' | b'"' | b' ' | b'^' | b'|' | b'\\' => format!("%{byte:02X}"),
                byte => char::from(byte).to_string(),
            })
            .collect();
        let mut request = Request::builder().method(method).uri(path);
        let has_kind = self.headers.iter().any(|(name, _)| *name == "content-type");
        if body.is_some() && !has_kind {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_owned()))).unwrap()
    }

    pub(crate) async fn stream(&self, path: &str) -> (u16, Body) {
        let response = self.router.clone().oneshot(self.request("GET", path, None)).await.unwrap();
        (response.status().as_u16(), response.into_body())
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let response = self.router.clone().oneshot(self.request(method, path, body)).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// The text of a body that must come with 200.
    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }
}
