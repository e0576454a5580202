//! Predicates, queries, indexes and columns: random walks against a naive look at all rows, and single cases.
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking, its helpers too")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "the numbers at random are small ones"
)]

mod answers;
mod cases;
mod compared;
mod expression;
mod rows;
mod schema;
mod walk;
mod writes;
