//! REST routes, a change feed and an explorer in the browser for a [`relata`] database: LoopBack's routes, filters and
//! errors, as docs/http.md describes them.
//!
//! ```no_run
//! use relata::{Database, Id, Model, SharedDatabase};
//! use relata_http::Api;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Model, Clone, Serialize, Deserialize)]
//! #[model(has_many(orders: Order))]
//! struct Customer { name: String }
//!
//! #[derive(Model, Clone, Serialize, Deserialize)]
//! struct Order {
//!     total: u32,
//!     #[model(belongs_to)]
//!     customer_id: Id<Customer>,
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Database::builder().model::<Customer>().model::<Order>().build()?;
//! let api = Api::new(SharedDatabase::new(db))?;
//! relata_http::serve(api, 8080).await?; // http://127.0.0.1:8080, and nowhere else
//! # Ok(()) }
//! ```
//!
//! [`Api::router`] gives an axum `Router` to be nested in one of the program's own.

mod answer;
mod batch;
mod changes;
mod error;
mod openapi;
mod read;
mod route;
mod schema;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use relata::data::{DataError, Exposure};
use relata::{RowId, SharedDatabase};
use tokio::net::TcpListener;

use changes::Changes;
use error::Refusal;

/// What bounds a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest body, in bytes; 1 MiB unless it is set.
    pub body_bytes: usize,
    /// The most rows that one answer has, and the most operations of a batch; 1,000 unless it is set. Where a filter asks for
    /// more, or for no number, the answer is cut, and says so by the header `X-Rows-Limit`.
    pub rows: usize,
    /// How long a request may take, its body included, before it is answered by 503; 30 seconds unless it is set. A write that
    /// has begun is not ended by it.
    pub time: Duration,
    /// How many clients may follow the changes at once; 1,000 unless it is set.
    pub followers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { body_bytes: 1 << 20, rows: 1_000, time: Duration::from_secs(30), followers: 1_000 }
    }
}

/// What is about to be done, for who decides whether it may be: see [`Api::guard`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'r> {
    /// The model whose rows are read or written.
    pub model: &'r str,
    /// What is done with them.
    pub action: Action,
    /// The row, where one is named.
    pub row: Option<RowId>,
    /// The relation that the request goes along from that row.
    pub relation: Option<&'r str>,
    /// The headers of the request.
    pub headers: &'r HeaderMap,
}

/// What is done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// They are read, counted, or included in others.
    Read,
    /// New ones are stored.
    Create,
    /// Stored ones are changed.
    Update,
    /// They are removed.
    Delete,
}

/// Why something may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Nobody knows who asks: 401.
    Unauthorized,
    /// Who asks may not: 403.
    Forbidden,
    /// Who asks may not know that there is such a thing: 404.
    Hidden,
}

type Guard = Arc<dyn Fn(&Attempt<'_>) -> Result<(), Denied> + Send + Sync>;

/// The routes of a shared database: what is open, to whom, within which limits.
///
/// Nothing is closed by default but the way in: [`serve`] listens to this machine alone.
#[derive(Clone)]
pub struct Api {
    database: SharedDatabase,
    exposure: Exposure,
    models: Vec<Exposed>,
    paths: Vec<String>,
    is_read_only: bool,
    read_only: BTreeSet<String>,
    guard: Option<Guard>,
    limits: Limits,
}

/// A model, and under which path it is.
#[derive(Debug, Clone)]
pub(crate) struct Exposed {
    pub(crate) name: String,
    /// Its relations, with what kind each is and where it leads.
    pub(crate) relations: Vec<(String, route::Along, String)>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Api");
        debug.field("paths", &self.paths).field("exposure", &self.exposure).field("limits", &self.limits);
        debug.field("is_read_only", &self.is_read_only).field("read_only", &self.read_only);
        debug.field("has_guard", &self.guard.is_some()).finish_non_exhaustive()
    }
}

/// Why routes cannot be made of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// There is no such model.
    UnknownModel(String),
    /// Two models would have one path, or one that is taken.
    PathTaken(String),
    /// A path is one part of letters, digits, hyphens and underscores.
    InvalidPath(String),
    /// The database could not be read.
    Store(relata::Error),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::UnknownModel(model) => write!(f, "the database has no model `{model}`"),
            ApiError::PathTaken(path) => {
                write!(f, "the path `/{path}` is taken: give one of the models another by `Api::path`")
            }
            ApiError::InvalidPath(path) => {
                write!(f, "`{path}` is no path: one part of letters, digits, hyphens and underscores is wanted")
            }
            ApiError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApiError {}
impl From<relata::Error> for ApiError {
    fn from(error: relata::Error) -> Self {
        ApiError::Store(error)
    }
}

/// Words that no model can have as its path.
const RESERVED: [&str; 6] = ["openapi.json", "openapi.yaml", "schema.json", "changes", "batch", "explorer"];

impl Api {
    /// Routes for every model of a database and every relation, all of it open.
    ///
    /// The path of a model is its name in the plural, in small letters with hyphens: `/order-details`. An error where two
    /// would be one: [`Api::path`] gives others, [`Api::with_paths`] before that is checked.
    pub fn new(database: SharedDatabase) -> Result<Self, ApiError> {
        Self::with_paths(database, &[])
    }

    /// The same with other paths for some models: `&[("Person", "people")]`.
    pub fn with_paths(database: SharedDatabase, paths: &[(&str, &str)]) -> Result<Self, ApiError> {
        let (exposure, models) = database.read_with(|database| {
            let schema = database.schema();
            let models: Vec<Exposed> = schema.tables.iter().map(schema::exposed).collect();
            (Exposure::new(schema), models)
        })?;
        if let Some((unknown, _)) = paths.iter().find(|(name, _)| !models.iter().any(|model| model.name == *name)) {
            return Err(ApiError::UnknownModel((*unknown).to_owned()));
        }
        let given = |name: &str| paths.iter().find(|(model, _)| *model == name).map(|(_, path)| (*path).to_owned());
        let paths: Vec<String> =
            models.iter().map(|model| given(&model.name).unwrap_or_else(|| route::path_of(&model.name))).collect();
        let api = Api {
            database,
            exposure,
            models,
            paths,
            is_read_only: false,
            read_only: BTreeSet::new(),
            guard: None,
            limits: Limits::default(),
        };
        api.expect_paths()?;
        Ok(api)
    }

    /// Puts a model under another path.
    pub fn path(mut self, model: &str, path: &str) -> Result<Self, ApiError> {
        let place = self.place(model)?;
        path.clone_into(&mut self.paths[place]);
        self.expect_paths()?;
        Ok(self)
    }

    fn expect_paths(&self) -> Result<(), ApiError> {
        for (place, path) in self.paths.iter().enumerate() {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if path.is_empty() || !path.bytes().all(is_plain) {
                return Err(ApiError::InvalidPath(path.clone()));
            }
            if self.paths[..place].contains(path) || RESERVED.contains(&&**path) {
                return Err(ApiError::PathTaken(path.clone()));
            }
        }
        Ok(())
    }

    fn place(&self, model: &str) -> Result<usize, ApiError> {
        let place = self.models.iter().position(|known| known.name == model);
        place.ok_or_else(|| ApiError::UnknownModel(model.to_owned()))
    }

    /// Opens and closes models, fields and relations: see [`Exposure`].
    pub fn exposing(mut self, change: impl FnOnce(Exposure) -> Result<Exposure, DataError>) -> Result<Self, DataError> {
        self.exposure = change(self.exposure)?;
        Ok(self)
    }

    /// Refuses every write.
    #[must_use]
    pub fn read_only(self) -> Self {
        Api { is_read_only: true, ..self }
    }

    /// Refuses the writes of one model. What the deletes and keys of other models do to its rows is not refused.
    pub fn read_only_model(mut self, model: &str) -> Result<Self, ApiError> {
        self.place(model)?;
        self.read_only.insert(model.to_owned());
        Ok(self)
    }

    /// Asks a function whether something may be done, before it is: for the model of the request, and for each that a filter
    /// goes along or includes, as a read.
    ///
    /// ```
    /// # fn api(api: relata_http::Api) -> relata_http::Api {
    /// use relata_http::{Action, Denied};
    ///
    /// api.guard(|attempt| match (attempt.action, attempt.headers.get("x-key")) {
    ///     (Action::Read, _) => Ok(()),
    ///     (_, Some(key)) if key == "let me in" => Ok(()),
    ///     (_, Some(_)) => Err(Denied::Forbidden),
    ///     (_, None) => Err(Denied::Unauthorized),
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn guard(self, guard: impl Fn(&Attempt<'_>) -> Result<(), Denied> + Send + Sync + 'static) -> Self {
        Api { guard: Some(Arc::new(guard)), ..self }
    }

    /// Bounds requests otherwise.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Api { limits, ..self }
    }

    /// The routes, to be served or nested.
    pub fn router(self) -> Router {
        let changes = Changes::new(self.database.clone(), self.limits.followers);
        let served = Arc::new(Served { api: self, changes });
        Router::new().fallback(answer).with_state(served)
    }
}

/// What every request is answered from.
pub(crate) struct Served {
    pub(crate) api: Api,
    pub(crate) changes: Changes,
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response<Body> {
    let time = served.api.limits.time;
    let answered = tokio::time::timeout(time, answer::answer(served, request)).await;
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => {
            let message = format!("The request was not answered within {time:?}.");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", message).into_response()
        }
    }
}

/// Serves an api on a port of this machine, and to this machine alone: `127.0.0.1`. Port 0 takes any that is free.
///
/// Requests that name another host are refused, so that no page of another site reaches it by a name that leads here. What
/// is to be reached from elsewhere is served with [`Api::router`] and a listener of the program's own.
pub async fn serve(api: Api, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    serve_on(api, listener).await
}

/// The same on a listener that is there, which must be one of this machine alone.
pub async fn serve_on(api: Api, listener: TcpListener) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        let why = "only addresses of this machine are served; for others use `Api::router`";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let routes = api.router().layer(middleware::from_fn(expect_own_host));
    axum::serve(listener, routes).await
}

/// Refuses requests that were meant for another host.
async fn expect_own_host(request: Request, next: Next) -> Response<Body> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| request.uri().host()).unwrap_or_default();
    let host: Option<Uri> = format!("http://{host}/").parse().ok();
    let is_own =
        host.as_ref().and_then(Uri::host).is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    if is_own {
        return next.run(request).await;
    }
    Refusal::new(StatusCode::FORBIDDEN, "ForbiddenError", "The request names another host.").into_response()
}

/// The examples of docs/loopback.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/loopback.md")]
struct Loopback;
