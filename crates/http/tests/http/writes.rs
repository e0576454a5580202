//! Writing.

use serde_json::json;

use crate::client::Client;

// behaviour H5
#[tokio::test]
async fn writes_answer_as_loopback_does() {
    let shop = Client::of_shop();
    let created = shop.post("/orders", r#"{"totalCents":7,"customerId":"2v1"}"#).await;
    assert_eq!((created.status, created.text.as_str()), (200, r#"{"id":"5v1","totalCents":7,"customerId":"2v1"}"#));
    let many = shop.post("/orders", r#"[{"totalCents":8},{"totalCents":9}]"#).await;
    assert_eq!(many.json()[1]["id"], json!("7v1"), "{}", many.text);
    let refused = shop.post("/orders", r#"[{"totalCents":8},{"totalCents":9,"customerId":"77v1"}]"#).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["details"][0]["path"], json!("/1/customerId"), "{}", refused.text);
    for (method, path, body, status) in [
        ("PATCH", "/orders/5v1", r#"{"totalCents":8}"#, 204),
        ("PATCH", "/orders/5v1", r#"{"customerId":null}"#, 204),
        ("PATCH", "/orders/5v1", "{}", 400),
        ("PATCH", "/orders/5v1", r#"{"totalCents":null}"#, 422),
        ("PATCH", "/orders/5v1", r#"{"id":"5v1","totalCents":8}"#, 204),
        ("PATCH", "/orders/5v1", r#"{"id":"6v1"}"#, 422),
        ("PUT", "/orders/5v1", r#"{"totalCents":9}"#, 204),
        ("PUT", "/orders/5v1", "{}", 422),
        ("PUT", "/orders/99v1", r#"{"totalCents":9}"#, 404),
        ("DELETE", "/orders/5v1", "", 204),
        ("DELETE", "/orders/5v1", "", 404),
    ] {
        let body = (!body.is_empty()).then_some(body);
        let answer = shop.send(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path} {body:?}: {}", answer.text);
        assert_eq!(answer.text.is_empty(), status == 204);
    }
    let count = shop.send("PATCH", r#"/orders?where={"totalCents":{"gt":100}}"#, Some(r#"{"totalCents":1}"#)).await;
    assert_eq!((count.status, count.text.as_str()), (200, r#"{"count":1}"#));
    let count = shop.send("DELETE", r#"/orders?where={"totalCents":{"lt":9}}"#, None).await;
    assert_eq!((count.status, count.text.as_str()), (200, r#"{"count":3}"#));
    for path in ["/orders", "/orders?where={}"] {
        let refused = shop.send("DELETE", path, None).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.text);
    }
    let replaced = shop.send("PUT", "/tags", Some(r#"{"label":"new"}"#)).await;
    assert_eq!(replaced.json()["id"], json!("2v1"));
    assert_eq!(shop.send("PUT", "/orders", Some(r#"{"totalCents":1}"#)).await.status, 422);
}

// behaviour H6
#[tokio::test]
async fn an_owner_writes_its_own_rows_alone() {
    let shop = Client::of_shop();
    let created = shop.post("/customers/1v1/orders", r#"{"totalCents":7}"#).await;
    assert_eq!(created.json()["customerId"], json!("1v1"), "{}", created.text);
    let refused = shop.post("/customers/1v1/orders", r#"{"totalCents":7,"customerId":"2v1"}"#).await;
    assert_eq!((refused.status, refused.json()["error"]["details"][0]["path"].clone()), (422, json!("/customerId")));
    let other = shop.send("PATCH", "/customers/1v1/orders/3v1", Some(r#"{"totalCents":0}"#)).await;
    assert_eq!(other.status, 404);
    let moved = shop.send("PATCH", "/customers/1v1/orders/1v1", Some(r#"{"customerId":"2v1"}"#)).await;
    assert_eq!(moved.status, 422);
    let wide = r#"/customers/1v1/orders?where={"or":[{"totalCents":{"gte":0}},{"customerId":"2v1"}]}"#;
    let count = shop.send("PATCH", wide, Some(r#"{"totalCents":1}"#)).await;
    assert_eq!(count.text, r#"{"count":3}"#);
    assert_eq!(shop.get("/orders/3v1").await.json()["totalCents"], json!(70));
    let second = shop.post("/customers/2v1/address", r#"{"city":"Bergen"}"#).await;
    assert_eq!(second.status, 409, "{}", second.text);
    let linked = shop.send("PUT", "/orders/1v1/tags/rel/new", Some(r#"{"weight":9}"#)).await;
    assert_eq!((linked.status, linked.json()["weight"].clone()), (200, json!(9)), "{}", linked.text);
    let again = shop.send("PUT", "/orders/1v1/tags/rel/new", None).await;
    assert_eq!(again.json()["id"], linked.json()["id"]);
    assert_eq!(shop.send("HEAD", "/orders/1v1/tags/rel/new", None).await.status, 204);
    assert_eq!(shop.send("DELETE", "/orders/1v1/tags/rel/new", None).await.status, 204);
    assert_eq!(shop.send("HEAD", "/orders/1v1/tags/rel/new", None).await.status, 404);
    // What is created over links is linked too, or not at all.
    let linked = shop.post("/orders/1v1/tags", r#"{"label":"linked"}"#).await;
    assert_eq!((linked.status, linked.json()["label"].clone()), (200, json!("linked")), "{}", linked.text);
    assert_eq!(shop.send("HEAD", "/orders/1v1/tags/rel/linked", None).await.status, 204);
    assert_eq!(shop.post("/orders/99v1/tags", r#"{"label":"nobody's"}"#).await.status, 404);
    assert_eq!(shop.post("/orders/2v1/tags", r#"{"label":"linked"}"#).await.status, 409);
    let api = relata_http::Api::new(crate::client::shop()).unwrap();
    let closed = Client::of(api.exposing(|exposure| exposure.close_model("OrderTag")).unwrap());
    let refused = closed.post("/orders/1v1/tags", r#"{"label":"unlinked"}"#).await;
    assert!(refused.status >= 400, "{}", refused.text);
    assert_eq!(closed.text("/tags/count").await, r#"{"count":2}"#);
    assert_eq!(shop.get("/tags/nobody's/exists").await.json()["exists"], json!(false));
    assert_eq!(shop.send("PATCH", "/orders/1v1/tags", Some(r#"{"label":"x"}"#)).await.status, 404);
    let all = shop.send("DELETE", "/customers/1v1/orders", None).await;
    assert_eq!(all.text, r#"{"count":3}"#);
    assert_eq!(shop.text("/orders/count").await, r#"{"count":2}"#);
}

// behaviour H7
#[tokio::test]
async fn a_batch_is_made_whole_or_not_at_all() {
    let shop = Client::of_shop();
    let batch = r#"[
        {"method": "POST", "path": "/tags", "body": {"label": "x"}},
        {"method": "PATCH", "path": "/orders/1v1", "body": {"totalCents": 99}},
        {"method": "DELETE", "path": "/orders/4v1"}
    ]"#;
    let answer = shop.post("/batch", batch).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()[0], json!({ "status": 200, "body": { "id": "3v1", "label": "x" } }));
    assert_eq!(answer.json()[2], json!({ "status": 204, "body": null }));
    let refused = r#"[
        {"method": "POST", "path": "/tags", "body": {"label": "y"}},
        {"method": "POST", "path": "/tags", "body": {"label": "x"}}
    ]"#;
    let answer = shop.post("/batch", refused).await;
    assert_eq!((answer.status, answer.json()["error"]["operation"].clone()), (409, json!(1)), "{}", answer.text);
    assert_eq!(shop.text("/tags/count").await, r#"{"count":3}"#);
    for wrong in [r#"[{"method":"GET","path":"/tags"}]"#, r#"[{"method":"POST","path":"/batch"}]"#, "{}", "[{]", "[1]"]
    {
        let answer = shop.post("/batch", wrong).await;
        assert!((400..=404).contains(&answer.status), "{wrong}: {}", answer.text);
    }
}

// behaviours H5 and H7
#[tokio::test]
async fn nothing_is_written_where_nothing_says_which_rows() {
    let shop = Client::of_shop();
    let before = shop.text("/orders").await;
    let patch = Some(r#"{"totalCents":1}"#);
    for path in ["/orders", "/orders?", "/orders?&", "/orders?where=", "/orders?where={}", "/orders?where[and]=x"] {
        for (method, body) in [("PATCH", patch), ("DELETE", None)] {
            let answer = shop.send(method, path, body).await;
            assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text);
        }
        let batch = format!(r#"[{{"method":"DELETE","path":{path:?}}}]"#);
        assert_eq!(shop.post("/batch", &batch).await.status, 400, "{path}");
    }
    assert_eq!(shop.text("/orders").await, before);
}

// behaviours H4, H6 and H8
#[tokio::test]
async fn what_would_be_relied_on_is_not_passed_over() {
    let shop = Client::of_shop();
    let alias = shop.send("PATCH", "/customers/1v1/orders/1v1", Some(r#"{"cust":"2v1"}"#)).await;
    assert_eq!(alias.status, 422, "a key by its other name: {}", alias.text);
    let late = shop.with_header("if-match", "\"0000000000000000\"");
    for (method, path, body) in [
        ("PUT", "/tags", Some(r#"{"label":"new"}"#)),
        ("PATCH", r#"/orders?where={"totalCents":30}"#, Some(r#"{"totalCents":1}"#)),
        ("DELETE", r#"/orders?where={"totalCents":30}"#, None),
        ("DELETE", "/customers/1v1/orders", None),
        ("PUT", "/orders/1v1/tags/rel/new", None),
        ("POST", "/batch", Some("[]")),
    ] {
        let answer = late.send(method, path, body).await;
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text);
    }
    let unknown = shop.send("PATCH", r#"/customers/1v1/orders?where={"nosuch":1}"#, Some(r#"{"totalCents":1}"#)).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
    let twice = r#"[{"method":"POST","path":"/tags","body":{"label":"x","label":"y"}}]"#;
    assert_eq!(shop.post("/batch", twice).await.status, 400);
    assert_eq!(shop.text("/tags/count").await, r#"{"count":2}"#);
    assert_eq!(shop.get("/orders/1v1/exists?filter=x").await.status, 400);
    let part = shop.get("/orders/1v1?filter[fields][]=totalCents").await;
    assert_eq!(
        part.header("etag"),
        shop.get("/orders/1v1").await.header("etag"),
        "the tag of the row, not of the part"
    );
}
