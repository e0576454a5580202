//! The change feed.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use relata_http::{Api, Limits};

use crate::client::{Client, shop};

// behaviour H12
#[tokio::test(flavor = "multi_thread")]
async fn another_database_in_its_place_begins_the_feed_anew() {
    let shared = shop();
    let client = Client::of(Api::new(shared.clone()).unwrap());
    let (_, mut body) = client.stream("/changes").await;
    let seen = id(&next(&mut body).await).to_owned();
    let other = shop().to_database().unwrap();
    *shared.exclusive().unwrap() = other;
    // The stream ends, or says to read anew; who comes back is told so.
    let end = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("it does not go on for ever");
    assert!(end.is_none_or(|frame| frame.is_ok()));
    let (_, mut body) = client.with_header("last-event-id", seen).stream("/changes").await;
    assert!(next(&mut body).await.contains("event: reset"));
    client.post("/tags", r#"{"label":"x"}"#).await;
    assert!(next(&mut body).await.contains("event: commit"));
}

/// The next event.
async fn next(body: &mut Body) -> String {
    let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("an event comes");
    String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
}

fn id(event: &str) -> &str {
    event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap()
}

// behaviour H12
#[tokio::test(flavor = "multi_thread")]
async fn commits_come_as_events_and_are_told_again_to_who_comes_back() {
    let client = Client::of_shop();
    let (status, mut body) = client.stream("/changes").await;
    assert_eq!(status, 200);
    let hello = next(&mut body).await;
    assert!(hello.contains("event: hello"), "{hello}");
    client.post("/tags", r#"{"label":"x"}"#).await;
    let first = next(&mut body).await;
    assert!(
        first.contains("event: commit") && first.contains(r#"{"id":"3v1","kind":"inserted","model":"Tag"}"#),
        "{first}"
    );
    client.send("PATCH", "/orders/1v1", Some(r#"{"customerId":"2v1"}"#)).await;
    let second = next(&mut body).await;
    assert!(second.contains(r#""kind":"related""#) && second.contains(r#""to":"2v1""#), "{second}");
    drop(body);
    client.send("DELETE", "/orders/4v1", None).await;
    // What came while the client was away is told, and nothing twice.
    let back = client.with_header("last-event-id", id(&first));
    let mut told = String::new();
    for _ in 0..50 {
        let (_, mut body) = back.stream("/changes").await;
        let hello = next(&mut body).await;
        assert!(hello.contains("event: hello"));
        assert_eq!(id(&hello), id(&first), "what is told again has not been seen before it is told");
        told = next(&mut body).await;
        assert_eq!(told, second);
        told = next(&mut body).await;
        if told.contains("removed") {
            break;
        }
    }
    assert!(told.contains(r#"{"id":"4v1","kind":"removed","model":"Order"}"#), "{told}");
    let (_, mut body) = client.with_header("last-event-id", "12-5").stream("/changes").await;
    assert!(next(&mut body).await.contains("event: reset"), "another run of the program");
    let (_, mut body) = client.stream(&format!("/changes?after={}", id(&hello))).await;
    assert!(next(&mut body).await.contains("event: hello"));
    assert_eq!(next(&mut body).await, first);
}

// behaviour H12
#[tokio::test(flavor = "multi_thread")]
async fn closed_models_are_in_no_event_and_clients_are_bounded() {
    let mut limits = Limits::default();
    limits.followers = 1;
    let closing = |exposure: relata::data::Exposure| exposure.close_model("Tag")?.hide("Order", "customerId");
    let api = Api::new(shop()).unwrap().exposing(closing).unwrap();
    let client = Client::of(api.with_limits(limits));
    let (_, mut body) = client.stream("/changes").await;
    next(&mut body).await;
    assert_eq!(client.stream("/changes").await.0, 503);
    client.post("/customers", r#"{"name":"Loki"}"#).await;
    let event = next(&mut body).await;
    assert!(event.contains("Customer") && !event.contains("Tag"), "{event}");
    client.send("DELETE", "/customers/1v1", None).await;
    let event = next(&mut body).await;
    assert!(event.contains("\"removed\"") && !event.contains("\"customer\""), "a hidden key: {event}");
    drop(body);
    assert_eq!(client.stream("/changes").await.0, 200);
}
