//! Compiles each program of `tests/ui` and compares what the compiler says.
//!
//! `float_key.rs` is HOSTILE 6: keys with NaN or no total order are refused at compile time. `key_in_place.rs` is
//! HOSTILE 8: a key cannot be changed behind the store's back.

#[test]
fn refused_with_these_messages() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
