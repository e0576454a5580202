//! What serde's own attributes mean for a model: the names that fields have outside, and which fields are not saved.
//!
//! A snapshot stores rows with the names of their fields, so that whatever serde carries through JSON is carried. What an
//! attribute loses beyond that is found by the proof of each row.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Token, parenthesized};

use crate::attr::{Errors, for_each_item};

/// Attributes that leave a field out of a row that is saved, or of one that is loaded.
const SKIPS: [&str; 3] = ["skip", "skip_serializing", "skip_deserializing"];

/// `rename_all` of the struct: how names change outside.
pub(crate) fn rename_rule(attributes: &[Attribute], errors: &mut Errors) -> Option<String> {
    serialized_name(attributes, "rename_all", errors)
}

/// The name of a field outside.
pub(crate) fn external_name(name: &str, attributes: &[Attribute], rule: Option<&str>, errors: &mut Errors) -> String {
    serialized_name(attributes, "rename", errors).unwrap_or_else(|| rename(name, rule))
}

/// The value of `rename = ".."` or `rename(serialize = "..")`. What else serde knows is serde's to check.
fn serialized_name(attributes: &[Attribute], key: &str, errors: &mut Errors) -> Option<String> {
    let mut found = None;
    for_each_item(attributes, "serde", errors, |input, _| {
        let word = input.call(Ident::parse_any)?;
        if word == "remote" {
            let message = "`serde(remote)` cannot be used in a model: it does not serialise the struct itself";
            return Err(syn::Error::new(word.span(), message));
        }
        if word == key {
            found = serialized(input)?.or(found.take());
        }
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        Ok(())
    });
    found
}

/// The other names under which a field is read.
pub(crate) fn aliases(attributes: &[Attribute]) -> Vec<String> {
    let mut aliases = Vec::new();
    // What is wrong with an attribute has been said when its name was looked for.
    let mut errors = Errors::default();
    for_each_item(attributes, "serde", &mut errors, |input, _| {
        let word = input.call(Ident::parse_any)?;
        if word == "alias" && input.parse::<Option<Token![=]>>()?.is_some() {
            aliases.push(input.parse::<LitStr>()?.value());
        }
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        Ok(())
    });
    aliases
}

/// Whether a field is left out, and the word that says so.
pub(crate) fn skips(attributes: &[Attribute]) -> Option<Ident> {
    first_word(attributes, |word| SKIPS.iter().any(|skip| word == skip))
}

/// Whether serde reads a row without the field, or a struct without any.
pub(crate) fn has_default(attributes: &[Attribute]) -> bool {
    first_word(attributes, |word| word == "default").is_some()
}

/// Whether the fields of a field stand in its place.
pub(crate) fn is_flattened(attributes: &[Attribute]) -> bool {
    first_word(attributes, |word| word == "flatten").is_some()
}

/// Whether a field is written and read by its type.
pub(crate) fn has_own_form(attributes: &[Attribute]) -> bool {
    const OTHERS: [&str; 4] = ["with", "serialize_with", "deserialize_with", "getter"];
    first_word(attributes, |word| OTHERS.iter().any(|other| word == other)).is_none()
}

/// Whether a struct is written by its fields: not as another type, nor as its only field.
pub(crate) fn is_by_fields(attributes: &[Attribute]) -> bool {
    const OTHERS: [&str; 4] = ["into", "from", "try_from", "transparent"];
    first_word(attributes, |word| OTHERS.iter().any(|other| word == other)).is_none()
}

/// The first word of serde's attributes that is asked for.
fn first_word(attributes: &[Attribute], is_asked: impl Fn(&Ident) -> bool) -> Option<Ident> {
    let mut found = None;
    // What is wrong with an attribute has been said when its name was looked for.
    let mut errors = Errors::default();
    for_each_item(attributes, "serde", &mut errors, |input, _| {
        let word = input.call(Ident::parse_any)?;
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        if is_asked(&word) {
            found.get_or_insert(word);
        }
        Ok(())
    });
    found
}

/// The first word of an attribute by which the serde form is another than the fields, under their names.
pub(crate) fn alters(attributes: &[Attribute], renames_all: bool) -> Option<Ident> {
    const HARMLESS: [&str; 7] = ["rename", "alias", "default", "deny_unknown_fields", "bound", "crate", "expecting"];
    first_word(attributes, |word| {
        !(HARMLESS.iter().any(|harmless| word == harmless) || renames_all && word == "rename_all")
    })
}

/// Reads `= ".."` or `(serialize = "..", deserialize = "..")`.
fn serialized(input: ParseStream<'_>) -> syn::Result<Option<String>> {
    if input.parse::<Option<Token![=]>>()?.is_some() {
        return Ok(Some(input.parse::<LitStr>()?.value()));
    }
    let content;
    parenthesized!(content in input);
    let mut name = None;
    while !content.is_empty() {
        let word = content.call(Ident::parse_any)?;
        content.parse::<Token![=]>()?;
        let value: LitStr = content.parse()?;
        if word == "serialize" {
            name = Some(value.value());
        }
        content.parse::<Option<Token![,]>>()?;
    }
    Ok(name)
}

/// What serde makes of a field's name by a rule of `rename_all`.
fn rename(name: &str, rule: Option<&str>) -> String {
    let pascal = || {
        let words = name.split('_').map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        });
        words.collect::<String>()
    };
    match rule {
        Some("PascalCase") => pascal(),
        Some("camelCase") => {
            let pascal = pascal();
            let mut letters = pascal.chars();
            letters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + letters.as_str())
        }
        Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_ascii_uppercase(),
        Some("kebab-case") => name.replace('_', "-"),
        Some("SCREAMING-KEBAB-CASE") => name.to_ascii_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}
