//! The change feed as server-sent events: one thread receives the commits and keeps the last of them, so that a client
//! that comes back is told what it has missed.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use futures_util::stream::{self, Stream, StreamExt as _};
use relata::data::Exposure;
use relata::{Changed, Commit, Id, Overflow, RowId, SharedDatabase, Watch};
use serde_json::{Value as Json, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::error::Refusal;

/// How many events are kept for those who come back.
const KEPT: usize = 1024;
/// A commit of more changes than these is told as a reset: who follows reads anew, which costs less.
const CHANGES_MAX: usize = 10_000;
/// How many commits may wait for the thread before some are dropped.
const WAITING: usize = 4096;
/// How often a line is sent that says nothing, so that a connection that is gone is noticed.
const BEAT: Duration = Duration::from_secs(15);

/// The commits of a database, as they come.
pub(crate) struct Changes {
    database: SharedDatabase,
    hub: Arc<Mutex<Option<Arc<Hub>>>>,
    followers: Arc<AtomicUsize>,
    followers_max: usize,
}

/// Who sends, and what has been sent.
struct Hub {
    /// Tells events of this run of the program from those of another.
    epoch: u64,
    sender: broadcast::Sender<Arc<Event>>,
    kept: Mutex<VecDeque<Arc<Event>>>,
}

/// One commit.
struct Event {
    number: u64,
    changes: Vec<Changed>,
    missed: bool,
}

/// What one client may be told of.
struct Shown {
    models: BTreeSet<String>,
    exposure: Exposure,
}

impl Shown {
    fn has(&self, model: &str) -> bool {
        self.models.contains(model) && self.exposure.is_open(model)
    }
}

/// A client that follows; gone, it is no more counted.
struct Follower(Arc<AtomicUsize>);
impl Drop for Follower {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Changes {
    pub(crate) fn new(database: SharedDatabase, followers_max: usize) -> Self {
        Changes { database, hub: Arc::default(), followers: Arc::default(), followers_max }
    }

    /// The hub, which begins with the first client. Waits for the database.
    fn hub(&self) -> Result<Arc<Hub>, relata::Error> {
        let mut hub = lock(&self.hub);
        if let Some(hub) = &*hub {
            return Ok(hub.clone());
        }
        let subscription = self.database.subscribe(Watch::everything(), WAITING, Overflow::Drop)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let new = Arc::new(Hub {
            epoch: since.as_millis() as u64,
            sender: broadcast::channel(KEPT).0,
            kept: Mutex::new(VecDeque::new()),
        });
        let weak: Weak<Hub> = Arc::downgrade(&new);
        let held = Arc::downgrade(&self.hub);
        thread::Builder::new()
            .name("relata-changes".to_owned())
            .spawn(move || {
                let mut number = 0;
                loop {
                    match subscription.recv_timeout(Duration::from_secs(1)) {
                        Ok(commit) => {
                            let Some(hub) = weak.upgrade() else { return };
                            number += 1;
                            hub.send(number, commit);
                        }
                        Err(RecvTimeoutError::Timeout) if weak.strong_count() > 0 => {}
                        // Another database was put in the place of this one: who follows is to begin anew.
                        Err(_) => {
                            if let Some(held) = held.upgrade() {
                                *lock(&held) = None;
                            }
                            return;
                        }
                    }
                }
            })
            .map_err(|_| relata::Error::Busy { wanted: relata::LockMode::Read })?;
        *hub = Some(new.clone());
        Ok(new)
    }

    /// Follows the changes, from behind an event that the client has seen if that is known. Waits for the database.
    pub(crate) fn follow(
        &self,
        after: Option<&str>,
        models: BTreeSet<String>,
        exposure: &Exposure,
    ) -> Result<Response<Body>, Refusal> {
        let others = self.followers.fetch_add(1, Ordering::Relaxed);
        let follower = Follower(self.followers.clone());
        if others >= self.followers_max {
            let message = "Too many clients follow the changes.";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", message));
        }
        let hub = self.hub().map_err(|_| Refusal::internal())?;
        // Both under one lock, so that no event is between what is kept and what comes.
        let (kept, receiver, is_whole, last, seen) = {
            let kept = lock(&hub.kept);
            let receiver = hub.sender.subscribe();
            let seen = after.and_then(|after| after.split_once('-')).and_then(|(epoch, number)| {
                (epoch.parse() == Ok(hub.epoch)).then(|| number.parse::<u64>().ok()).flatten()
            });
            let first = kept.front().map(|event| event.number);
            let last = kept.back().map_or(0, |event| event.number);
            let is_whole = match (after, seen) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(_), Some(seen)) => seen >= last || first.is_some_and(|first| first <= seen + 1),
            };
            let missed = seen.filter(|_| is_whole);
            let kept: Vec<Arc<Event>> =
                kept.iter().filter(|event| missed.is_some_and(|seen| event.number > seen)).cloned().collect();
            (kept, receiver, is_whole, last, missed)
        };
        let epoch = hub.epoch;
        let shown = Arc::new(Shown { models, exposure: exposure.clone() });
        // What is to be told again has not been seen yet.
        let hello = if is_whole { hello(epoch, seen.map_or(last, |seen| seen.min(last))) } else { reset(epoch, last) };
        let first = std::iter::once(hello).chain({
            let shown = shown.clone();
            kept.into_iter().filter_map(move |event| text(epoch, &event, &shown))
        });
        let coming = Coming { receiver, epoch, shown, last, _follower: follower };
        let stream = stream::iter(first).chain(coming.into_stream()).map(Ok::<_, Infallible>);
        let mut response = Response::new(Body::from_stream(stream));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

impl Hub {
    fn send(&self, number: u64, commit: Commit) {
        let is_long = commit.changes.len() > CHANGES_MAX;
        let changes = if is_long { Vec::new() } else { commit.changes };
        let event = Arc::new(Event { number, missed: is_long || commit.missed > 0, changes });
        let mut kept = lock(&self.kept);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(event.clone());
        // Nobody may be there.
        let _ = self.sender.send(event);
    }
}

/// What comes to one client.
struct Coming {
    receiver: broadcast::Receiver<Arc<Event>>,
    epoch: u64,
    shown: Arc<Shown>,
    last: u64,
    _follower: Follower,
}

impl Coming {
    fn into_stream(self) -> impl Stream<Item = String> + Send {
        stream::unfold(self, |mut coming| async move {
            loop {
                let received = tokio::time::timeout(BEAT, coming.receiver.recv()).await;
                let text = match received {
                    Err(_) => Some(":\n\n".to_owned()),
                    Ok(Ok(event)) => {
                        coming.last = event.number;
                        text(coming.epoch, &event, &coming.shown)
                    }
                    // The client was too slow: it has to read anew what it shows.
                    Ok(Err(RecvError::Lagged(_))) => Some(reset(coming.epoch, coming.last)),
                    Ok(Err(RecvError::Closed)) => return None,
                };
                if let Some(text) = text {
                    return Some((text, coming));
                }
            }
        })
    }
}

fn hello(epoch: u64, last: u64) -> String {
    format!("retry: 2000\nid: {epoch}-{last}\nevent: hello\ndata: {{}}\n\n")
}

fn reset(epoch: u64, last: u64) -> String {
    format!("retry: 2000\nid: {epoch}-{last}\nevent: reset\ndata: {{}}\n\n")
}

/// An event as text, with what of it is open; `None` where nothing is.
fn text(epoch: u64, event: &Event, shown: &Shown) -> Option<String> {
    let is_open = |row: &RowId| shown.has(row.table);
    let id = |row: RowId| Id::<()>::from_key(row.key).to_string();
    let change = |changed: &Changed| -> Option<Json> {
        let of_row =
            |kind: &str, row: &RowId| is_open(row).then(|| json!({ "kind": kind, "model": row.table, "id": id(*row) }));
        match changed {
            Changed::Inserted(row) => of_row("inserted", row),
            Changed::Updated(row) => of_row("updated", row),
            Changed::Removed(row) => of_row("removed", row),
            Changed::Related { row, relation, from, to } => {
                let end = |end: &Option<RowId>| end.filter(|end| is_open(end)).map(id);
                (is_open(row) && shown.exposure.shows(row.table, relation)).then(|| {
                    json!({ "kind": "related", "model": row.table, "id": id(*row), "relation": relation,
                        "from": end(from), "to": end(to) })
                })
            }
            Changed::Touched { table, .. } => shown.has(table).then(|| json!({ "kind": "touched", "model": table })),
            _ => None,
        }
    };
    let changes: Vec<Json> = event.changes.iter().filter_map(change).collect();
    if changes.is_empty() && !event.missed {
        return None;
    }
    let mut text = String::new();
    let name = if event.missed { "reset" } else { "commit" };
    let data = json!({ "changes": changes });
    let _ = write!(text, "id: {epoch}-{}\nevent: {name}\ndata: {data}\n\n", event.number);
    Some(text)
}
