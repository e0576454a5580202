#![allow(clippy::unwrap_used, missing_docs)]
mod snapshot;
mod support;
