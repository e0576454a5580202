//! Who may do what.

use std::sync::{Arc, Mutex};

use relata_http::{Action, Api, ApiError, Denied};

use crate::client::{Client, shop};

// behaviour H10
#[tokio::test]
async fn what_is_closed_is_not_there() {
    let api = Api::new(shop()).unwrap();
    let closing = |exposure: relata::data::Exposure| {
        exposure.hide("Customer", "note")?.close("Customer", "orders")?.close_model("Tag")
    };
    let client = Client::of(api.exposing(closing).unwrap());
    assert_eq!(client.text("/customers/1v1").await, r#"{"id":"1v1","name":"Thor"}"#);
    for (path, status) in [
        ("/tags", 404),
        ("/tags/count", 404),
        ("/orders/1v1/tags", 404),
        ("/customers/1v1/orders", 404),
        (r#"/customers?filter={"include":["orders"]}"#, 400),
        (r#"/customers?filter={"where":{"note":null}}"#, 400),
        (r#"/customers?filter={"order":"note"}"#, 400),
        (r#"/orders?filter={"where":{"tags":{"some":{}}}}"#, 400),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let known = answer.json()["error"]["details"][0]["info"]["allowedValues"].to_string();
        assert!(!known.contains("note") && !known.contains("orders"), "{}", answer.text);
    }
    let refused = client.send("PATCH", "/customers/1v1", Some(r#"{"note":"x"}"#)).await;
    assert_eq!(refused.status, 422);
    let document = client.text("/openapi.json").await;
    assert!(!document.contains("\"note\"") && !document.contains("/tags"), "{document}");
    assert!(!client.text("/schema.json").await.contains("\"Tag\""));
}

// behaviour H10
#[tokio::test]
async fn read_only_is_read_only() {
    let client = Client::of(Api::new(shop()).unwrap().read_only_model("Order").unwrap());
    assert_eq!(client.post("/orders", r#"{"totalCents":1}"#).await.status, 403);
    assert_eq!(client.post("/customers/1v1/orders", r#"{"totalCents":1}"#).await.status, 403);
    assert_eq!(client.post("/tags", r#"{"label":"z"}"#).await.status, 200);
    let batch = r#"[{"method":"DELETE","path":"/orders/1v1"}]"#;
    assert_eq!(client.post("/batch", batch).await.status, 403);
    let client = Client::of(Api::new(shop()).unwrap().read_only());
    assert_eq!(client.send("DELETE", "/tags/new", None).await.status, 403);
    assert_eq!(client.get("/tags/new").await.status, 200);
}

// behaviour H10
#[tokio::test]
async fn a_guard_is_asked_for_all_that_a_request_reaches() {
    let seen: Arc<Mutex<Vec<(String, Action)>>> = Arc::default();
    let api = Api::new(shop()).unwrap().guard({
        let seen = seen.clone();
        move |attempt| {
            seen.lock().unwrap().push((attempt.model.to_owned(), attempt.action));
            match (attempt.model, attempt.action) {
                ("Address", _) => Err(Denied::Hidden),
                ("Tag", Action::Delete) => Err(Denied::Forbidden),
                (_, Action::Create) if attempt.headers.get("x-key").is_none() => Err(Denied::Unauthorized),
                _ => Ok(()),
            }
        }
    });
    let client = Client::of(api);
    for (path, status) in [
        ("/customers", 200),
        ("/addresses", 404),
        ("/customers/2v1/address", 404),
        (r#"/customers?filter={"include":["address"]}"#, 404),
        (r#"/orders?filter={"include":[{"relation":"customer","scope":{"include":["address"]}}]}"#, 404),
        (r#"/customers?filter={"where":{"address":{"city":"Oslo"}}}"#, 404),
        (r#"/orders?filter={"where":{"or":[{"customer":{"some":{"address":{"city":"Oslo"}}}}]}}"#, 404),
        (r#"/customers/count?where={"address":{"city":"Oslo"}}"#, 404),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
    assert_eq!(client.send("DELETE", "/tags/new", None).await.status, 403);
    assert_eq!(client.post("/tags", r#"{"label":"z"}"#).await.status, 401);
    assert_eq!(client.with_header("x-key", "1").post("/tags", r#"{"label":"z"}"#).await.status, 200);
    let batch = r#"[{"method":"POST","path":"/tags","body":{"label":"q"}}]"#;
    assert_eq!(client.post("/batch", batch).await.status, 401);
    let where_reads = r#"/orders?where={"customer":{"address":{"city":"Oslo"}}}"#;
    assert_eq!(client.send("PATCH", where_reads, Some(r#"{"totalCents":1}"#)).await.status, 404);
    assert!(seen.lock().unwrap().contains(&("Tag".to_owned(), Action::Delete)));
}

#[test]
fn paths_are_checked_when_routes_are_made() {
    let api = Api::new(shop()).unwrap();
    assert_eq!(api.clone().path("Order", "customers").unwrap_err(), ApiError::PathTaken("customers".into()));
    assert_eq!(api.clone().path("Order", "batch").unwrap_err(), ApiError::PathTaken("batch".into()));
    assert_eq!(api.clone().path("Order", "a/b").unwrap_err(), ApiError::InvalidPath("a/b".into()));
    assert_eq!(api.clone().path("Nosuch", "x").unwrap_err(), ApiError::UnknownModel("Nosuch".into()));
    assert!(Api::with_paths(shop(), &[("Order", "purchases")]).is_ok());
}

// behaviour H11
#[tokio::test]
async fn only_this_machine_is_served_and_by_its_own_name() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let outside = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let api = Api::new(shop()).unwrap();
    let refused = relata_http::serve_on(api.clone(), outside).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(relata_http::serve_on(api, listener));
    for (host, status) in [("localhost", "200"), ("127.0.0.1:8080", "200"), ("evil.example", "403"), ("", "403")] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET /tags/count HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
}

// behaviour H10
#[tokio::test]
async fn what_is_closed_is_in_no_error_and_no_list() {
    let closing = |exposure: relata::data::Exposure| exposure.close_model("Address")?.hide("Customer", "name");
    let client = Client::of(Api::new(shop()).unwrap().exposing(closing).unwrap());
    let refused = client.send("DELETE", "/customers/2v1", None).await;
    assert_eq!(refused.status, 409);
    let plan = client.text("/customers/2v1/delete-plan").await;
    let duplicate = client.post("/tags", r#"{"label":"new"}"#).await;
    assert_eq!(duplicate.status, 409);
    let schema = client.text("/schema.json").await;
    for text in [refused.text, plan, duplicate.text, schema] {
        assert!(!text.contains("Address") && !text.contains("address") && !text.contains("Jane"), "{text}");
        assert!(!text.contains("[\"name\"]"), "{text}");
    }
    let denied = Client::of(Api::new(shop()).unwrap().guard(|_| Err(Denied::Unauthorized)));
    assert_eq!(denied.text("/schema.json").await, r#"{"limits":{"rows":1000},"models":[]}"#);
    for path in ["/tags/new", "/tags/none", "/tags/new/exists", "/tags/none/exists"] {
        assert_eq!(denied.get(path).await.status, 401, "{path}");
        assert_eq!(denied.send("DELETE", path.trim_end_matches("/exists"), None).await.status, 401, "{path}");
    }
}
