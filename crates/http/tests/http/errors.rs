//! What is refused, and in which words.

use serde_json::json;

use crate::client::Client;

// behaviour H2
#[tokio::test]
async fn errors_have_the_body_of_loopback() {
    let shop = Client::of_shop();
    let missing = shop.get("/orders/99v1").await;
    assert_eq!(missing.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(
        missing.text,
        r#"{"error":{"statusCode":404,"name":"Error","message":"Entity not found: Order with id \"99v1\"","code":"ENTITY_NOT_FOUND"}}"#
    );
    let bad = shop.get("/orders?filter={bad").await.json();
    assert_eq!(bad["error"]["message"], json!("Invalid data \"{bad\" for parameter \"filter\"."));
    assert_eq!(bad["error"]["code"], json!("INVALID_PARAMETER_VALUE"));
    assert!(bad["error"]["details"]["syntaxError"].is_string());
    let bad = shop.get(r#"/orders?filter={"skip":1,"limit":"abc"}"#).await.json();
    assert_eq!(bad["error"]["message"], json!(r#"Invalid data {"skip":1,"limit":"abc"} for parameter "filter"."#));
    let limit = shop.get("/orders?filter[limit]=abc").await.json();
    assert_eq!(limit["error"]["details"][0]["path"], json!("/limit"), "{limit}");
    for (filter, path) in [
        (r#"{"order":"nosuch"}"#, "/order"),
        (r#"{"order":["totalCents","totalCents DOWN"]}"#, "/order/1"),
        (r#"{"include":[{"relation":"customer","scope":{"order":["nosuch"]}}]}"#, "/include/0/scope/order/0"),
    ] {
        let order = shop.get(&format!("/orders?filter={filter}")).await.json();
        assert_eq!(
            (&order["error"]["details"][0]["path"], &order["error"]["details"][0]["code"]),
            (&json!(path), &json!("enum")),
            "{order}"
        );
    }
    let property = shop.get(r#"/orders?filter={"where":{"order":1}}"#).await.json();
    assert_eq!(property["error"]["details"][0]["info"]["additionalProperty"], json!("order"), "{property}");
    let relation = shop.get(r#"/orders?filter={"include":["nosuch"]}"#).await.json();
    assert_eq!(relation["error"]["code"], json!("INVALID_INCLUSION_FILTER"));
    assert_eq!(relation["error"]["details"][0]["info"]["allowedValues"], json!(["customer", "tags"]));
    let invalid = shop.post("/orders", r#"{"total":"x","customer":{}}"#).await;
    assert_eq!(invalid.status, 422);
    let error = &invalid.json()["error"];
    assert_eq!((&error["name"], &error["code"]), (&json!("UnprocessableEntityError"), &json!("VALIDATION_FAILED")));
    let codes: Vec<_> = error["details"].as_array().unwrap().iter().map(|detail| detail["code"].clone()).collect();
    assert_eq!(codes, ["additionalProperties", "additionalProperties", "required"], "{}", invalid.text);
    let typed = shop.post("/orders", r#"{"totalCents":"12"}"#).await.json();
    assert_eq!(typed["error"]["details"][0]["path"], json!("/totalCents"));
    let syntax = shop.post("/orders", "{").await;
    assert_eq!((syntax.status, &syntax.json()["error"]["name"]), (400, &json!("SyntaxError")));
    for path in ["/orders/1v1", "/customers/1v1/orders/1v1"] {
        let named = shop.get(&format!(r#"{path}?filter={{"where":{{"totalCents":1}}}}"#)).await;
        assert_eq!(named.status, 400, "{}", named.text);
        assert_eq!(named.json()["error"]["details"][0]["info"]["additionalProperty"], json!("where"));
    }
    let empty = shop.send("PATCH", "/orders/1v1", Some("{}")).await;
    assert_eq!(
        empty.text,
        r#"{"error":{"statusCode":400,"name":"Error","message":"Data is required for the patch request","code":"INVALID_BODY_DEFINITION"}}"#
    );
    let kind = shop.with_header("content-type", "text/plain").post("/orders", "{}").await;
    assert_eq!(kind.status, 415);
    assert_eq!(kind.json()["error"]["message"], json!("Content-type text/plain does not match [application/json]."));
    let duplicate = shop.post("/tags", r#"{"label":"new"}"#).await;
    assert_eq!((duplicate.status, &duplicate.json()["error"]["details"][0]["path"]), (409, &json!("/label")));
}

// behaviour H8, HOSTILE 41
#[tokio::test]
async fn hostile_requests_are_bounded() {
    let api = relata_http::Api::new(crate::client::shop()).unwrap();
    let mut limits = relata_http::Limits::default();
    limits.body_bytes = 1000;
    let shop = Client::of(api.with_limits(limits));
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1000));
    assert_eq!(shop.post("/customers", &long).await.status, 413);
    let deep = format!("/orders?filter={}{}", r#"{"where":{"and":["#.repeat(40), "]}}".repeat(40));
    let answer = shop.get(&deep).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let brackets = format!("/orders?filter{}=1", "[and]".repeat(500));
    let answer = shop.get(&brackets).await;
    assert_eq!(answer.json()["error"]["code"], json!("QUERY_OBJECT_TOO_DEEP"), "{}", answer.text);
    for path in [
        r#"/orders?filter={"__proto__":{}}"#,
        "/orders?filter[where][__proto__][x]=1",
        "/orders?nosuch=1",
        "/orders?filter[limit]=1&limit=2",
        "/orders?filter={}&filter[limit]=1",
        "/orders/count?filter[where][totalCents]=1",
        "/orders?filter[where][totalCents][regexp]=(",
        "/customers?filter[where][name][regexp]=((a{999}){999}){999}",
        "/orders?filter=%ff",
        "/orders/1v1?where[totalCents]=1",
    ] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
    }
    let twice = shop.post("/customers", r#"{"name":"a","name":"b"}"#).await;
    assert_eq!(twice.status, 400, "{}", twice.text);
    assert_eq!(shop.text("/customers/count").await, r#"{"count":2}"#);
}

// HOSTILE 41: half a body, and one that comes a byte at a time.
#[tokio::test]
async fn a_body_that_does_not_end_is_answered_and_writes_nothing() {
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let mut limits = relata_http::Limits::default();
    limits.time = Duration::from_millis(300);
    let shared = crate::client::shop();
    let api = relata_http::Api::new(shared.clone()).unwrap().with_limits(limits);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(relata_http::serve_on(api, listener));
    let head = "POST /tags HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n";

    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let (mut reader, mut writer) = slow.split();
    let send = async {
        for byte in br#"{"label":"z"}"#.iter().take(10) {
            // The connection may be gone by then.
            let _ = writer.write_all(&[*byte]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (read, ()) = tokio::join!(reader.read_exact(&mut answer), send);
    read.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");

    let mut half = tokio::net::TcpStream::connect(address).await.unwrap();
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(br#"{"label"#).await.unwrap();
    half.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(shared.read().unwrap().len::<crate::client::Tag>(), 2);
}
