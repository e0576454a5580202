//! Compiles each program of `tests/ui` and compares what the compiler says.

#[test]
fn refused_with_these_messages() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
