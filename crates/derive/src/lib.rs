//! The derive macro of [relata](https://docs.rs/relata): it declares a struct as a model.
//!
//! Parse (`attr`, `serde_attr`), check (`check`, which makes a `model::Model`), expand (`expand`). It writes
//! declarations only; all machinery is generic code in `relata` over what is declared.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod attr;
mod check;
mod expand;
mod model;
mod serde_attr;

/// Declares a struct as a model.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::check(&input) {
        Ok(model) => expand::expand(&model).into(),
        Err(errors) => errors.into_compile_error().into(),
    }
}
