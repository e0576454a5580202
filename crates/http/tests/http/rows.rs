//! Reading.

use serde_json::json;

use crate::client::Client;

const ORDER_1: &str = r#"{"id":"1v1","totalCents":30,"customerId":"1v1"}"#;

// behaviour H1
#[tokio::test]
async fn every_model_has_its_rows_counts_and_relations() {
    let shop = Client::of_shop();
    let cases = [
        ("/orders/1v1", ORDER_1),
        ("/orders/1v1/", ORDER_1),
        ("/orders/count", r#"{"count":4}"#),
        (r#"/orders/count?where={"totalCents":{"lt":100}}"#, r#"{"count":3}"#),
        ("/orders/count?where[totalCents][lt]=100", r#"{"count":3}"#),
        (
            r#"/orders?filter={"where":{"totalCents":{"gt":100}}}"#,
            r#"[{"id":"2v1","totalCents":120,"customerId":"1v1"}]"#,
        ),
        ("/orders?filter[where][totalCents][gt]=100&filter[fields][]=totalCents", r#"[{"totalCents":120}]"#),
        ("/orders?filter=", ""),
        ("/orders/1v1/customer", r#"{"id":"1v1","name":"Thor","note":null}"#),
        ("/customers/1v1/orders/count", r#"{"count":2}"#),
        (
            "/customers/1v1/orders?filter[order]=totalCents%20DESC&filter[limit]=1",
            r#"[{"id":"2v1","totalCents":120,"customerId":"1v1"}]"#,
        ),
        ("/customers/1v1/orders/1v1", ORDER_1),
        ("/customers/2v1/address", r#"{"id":"1v1","city":"Oslo","customer_id":"2v1"}"#),
        ("/orders/1v1/tags", r#"[{"id":"1v1","label":"a/b"}]"#),
        ("/tags/a%2Fb", r#"{"id":"1v1","label":"a/b"}"#),
        ("/tags/new/exists", r#"{"exists":true}"#),
        ("/tags/none/exists", r#"{"exists":false}"#),
        (
            r#"/customers?filter={"include":[{"relation":"orders","scope":{"limit":1}},"address"],"fields":{"note":false}}"#,
            r#"[{"id":"1v1","name":"Thor","orders":[{"id":"1v1","totalCents":30,"customerId":"1v1"}]},{"id":"2v1","name":"Jane","orders":[{"id":"3v1","totalCents":70,"customerId":"2v1"}],"address":{"id":"1v1","city":"Oslo","customer_id":"2v1"}}]"#,
        ),
        (
            r#"/customers?filter={"where":{"orders":{"some":{"totalCents":{"gt":100}}}},"fields":["name"]}"#,
            r#"[{"name":"Thor"}]"#,
        ),
    ];
    for (path, expected) in cases {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        if !expected.is_empty() {
            assert_eq!(answer.text, expected, "{path}");
        }
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
    }
}

// behaviour H2
#[tokio::test]
async fn what_leads_nowhere_has_the_status_of_loopback() {
    let shop = Client::of_shop();
    for (path, status) in [
        ("/orders/4v1/customer", 204),
        ("/customers/1v1/address", 404),
        ("/customers/9v1/orders", 404),
        ("/customers/1v1/orders/3v1", 404),
        ("/customers/1v1/orders/99v1", 404),
        ("/orders/1v3", 404),
        ("/orders/abc", 400),
        ("/orders/+1v1", 400),
        ("/orders/01v1", 400),
        ("/nosuch", 404),
        ("/orders//customer", 404),
        ("/Orders", 404),
    ] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
    let wrong = shop.send("POST", "/orders/count", Some("{}")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (404, "GET, HEAD, OPTIONS"));
    assert_eq!(wrong.json()["error"]["message"], json!("Endpoint \"POST /orders/count\" not found."));
    let head = shop.send("HEAD", "/orders/1v1", None).await;
    assert_eq!(head.status, 200);
    let options = shop.send("OPTIONS", "/orders/1v1", None).await;
    assert_eq!((options.status, options.header("allow")), (204, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"));
}

// behaviour H3
#[tokio::test]
async fn answers_are_cut_and_say_so() {
    let api = relata_http::Api::new(crate::client::shop()).unwrap();
    let mut limits = relata_http::Limits::default();
    limits.rows = 2;
    let shop = Client::of(api.with_limits(limits));
    let cut = shop.get("/orders").await;
    assert_eq!((cut.json().as_array().unwrap().len(), cut.header("x-rows-limit")), (2, "2"));
    let asked = shop.get("/orders?filter[limit]=9223372036854775808").await;
    assert_eq!((asked.json().as_array().unwrap().len(), asked.header("x-rows-limit")), (2, "2"));
    let few = shop.get("/orders?filter[limit]=1").await;
    assert_eq!((few.json().as_array().unwrap().len(), few.header("x-rows-limit")), (1, ""));
    let none = shop.get("/orders?filter[limit]=0").await;
    assert_eq!(none.text, "[]");
}

// behaviour H4
#[tokio::test]
async fn rows_have_tags_by_which_they_are_read_and_written_once() {
    let shop = Client::of_shop();
    let first = shop.get("/orders/1v1").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"'));
    let known = shop.with_header("if-none-match", &tag).get("/orders/1v1").await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let writer = shop.with_header("if-match", &tag);
    let patched = writer.send("PATCH", "/orders/1v1", Some(r#"{"totalCents":31}"#)).await;
    assert_eq!(patched.status, 204);
    let late = writer.send("PATCH", "/orders/1v1", Some(r#"{"totalCents":32}"#)).await;
    assert_eq!(late.status, 412);
    assert_eq!(shop.get("/orders/1v1").await.json()["totalCents"], json!(31));
    assert_eq!(writer.send("DELETE", "/orders/1v1", None).await.status, 412);
    assert_eq!(shop.with_header("if-match", "*").send("DELETE", "/orders/1v1", None).await.status, 204);
}

#[tokio::test]
async fn the_plan_of_a_query_and_of_a_delete_are_told() {
    let shop = Client::of_shop();
    let plan = shop.get(r#"/customers?explain&filter={"where":{"name":"Thor"}}"#).await.json();
    assert_eq!(plan["access"], json!("unique key (name)"), "{plan}");
    let plan = shop.get("/customers/1v1/delete-plan").await.json();
    assert_eq!(plan["removedCount"], json!(3), "{plan}");
    assert_eq!(plan["blocked"], json!([]));
    let plan = shop.get("/customers/2v1/delete-plan").await.json();
    assert_eq!(plan["blocked"].as_array().unwrap().len(), 1, "{plan}");
    assert_eq!(shop.text("/customers/count").await, r#"{"count":2}"#);
}

// behaviour H9
#[tokio::test]
async fn the_document_describes_every_route() {
    let shop = Client::of_shop();
    let document = shop.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], json!("3.1.0"));
    for path in ["/orders", "/orders/{id}", "/orders/count", "/customers/{id}/orders", "/orders/{id}/customer"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    assert_eq!(document["components"]["schemas"]["NewOrder"]["required"], json!(["totalCents"]));
    let schema = shop.get("/schema.json").await.json();
    assert_eq!(schema["models"][0]["name"], json!("Customer"));
    assert!(shop.text("/").await.contains("<!doctype html>"));
}
