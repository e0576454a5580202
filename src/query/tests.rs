//! What queries cost: rows that are touched.
