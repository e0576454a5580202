//! The types that are met less often: with the feature `all`.

pub(crate) mod adapters;
pub(crate) mod collections;
pub(crate) mod geometry;
pub(crate) mod graphs;
pub(crate) mod identifiers;
pub(crate) mod numbers;
pub(crate) mod texts;
pub(crate) mod times;
pub(crate) mod values;
