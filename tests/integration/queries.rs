//! Predicates, queries, indexes and columns: random walks against a naive look at all rows, and single cases.

mod answers;
mod cases;
mod compared;
mod expression;
mod rows;
mod schema;
mod walk;
mod writes;
