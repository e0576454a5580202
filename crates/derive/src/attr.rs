//! The grammar of `#[model(..)]`: from tokens to items, whatever they mean together.
//!
//! An item that cannot be read is reported and passed over, so that one mistake does not hide the next.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, LitInt, LitStr, Token, Type, parenthesized};

use crate::model::{InverseKind, unraw};

const STRUCT_ITEMS: &str = "`table`, `was`, `version`, `primary_key`, `unique`, `index`, `ordered`, `belongs_to`, `has_many`, \
     `has_one`";
const FIELD_ITEMS: &str = "`primary_key`, `unique`, `index`, `ordered`, `column`, `plain`, `lossy`, `belongs_to`, `references_many`, and beside a relation `name`, `key_to`, `on_delete`, \
     `on_update`, `default`, `deferred`, `acyclic`";
const OPTIONS: &str = "`name`, `key_from`, `key_to`, `on_delete`, `on_update`, `default`, `deferred`, `acyclic`";
const OPTION_WORDS: [&str; 8] =
    ["name", "key_from", "key_to", "on_delete", "on_update", "default", "deferred", "acyclic"];
/// What an action is called in an attribute, and the variant of `relata::Action` that it is.
const ACTIONS: [(&str, &str); 5] = [
    ("restrict", "Restrict"),
    ("no_action", "NoAction"),
    ("cascade", "Cascade"),
    ("set_null", "SetNull"),
    ("set_default", "SetDefault"),
];

/// Everything that is wrong with a struct.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// An error about one word.
    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// An error about all of some tokens, such as a type.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

/// The attributes of the struct.
#[derive(Default)]
pub(crate) struct StructItems {
    pub(crate) table: Option<LitStr>,
    /// Names that the table had before.
    pub(crate) was: Vec<LitStr>,
    pub(crate) version: Option<LitInt>,
    pub(crate) primary_keys: Vec<FieldList>,
    pub(crate) uniques: Vec<FieldList>,
    /// Indexes that are no unique keys, with whether they have an order.
    pub(crate) indexes: Vec<(FieldList, bool)>,
    pub(crate) belongs_to: Vec<BelongsToItem>,
    pub(crate) inverses: Vec<InverseItem>,
}

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct FieldItems {
    pub(crate) primary_key: Option<Span>,
    pub(crate) unique: Option<Span>,
    pub(crate) index: Option<Span>,
    pub(crate) ordered: Option<Span>,
    pub(crate) column: Option<Span>,
    pub(crate) plain: Option<Span>,
    pub(crate) lossy: Option<Span>,
    pub(crate) belongs_to: Option<BelongsToItem>,
    pub(crate) references_many: Option<BelongsToItem>,
}

/// `primary_key(name, version)`.
#[derive(Clone)]
pub(crate) struct FieldList {
    pub(crate) span: Span,
    pub(crate) fields: Vec<Ident>,
}

/// `belongs_to(Package, key_from(name, version), on_delete = cascade)`, `belongs_to(Person, Company)`; of a list of ids what
/// is said in the same way.
pub(crate) struct BelongsToItem {
    pub(crate) span: Span,
    /// None where the type of the field says it; several where the key is polymorphic.
    pub(crate) targets: Vec<Type>,
    pub(crate) options: Options,
}

/// What can be said of a `belongs_to` relation, inside of its parentheses or beside it.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Ident>,
    pub(crate) key_from: Option<FieldList>,
    pub(crate) key_to: Option<FieldList>,
    pub(crate) on_delete: Option<Action>,
    pub(crate) on_update: Option<Action>,
    pub(crate) default: Option<DefaultKey>,
    pub(crate) deferred: Option<Span>,
    pub(crate) acyclic: Option<Span>,
    /// The first of them.
    first: Option<Ident>,
}

/// `has_many(bought: Order, via = buyer)`, `has_many(tags: Tag, through = PostTag, via(post, tag))`.
pub(crate) struct InverseItem {
    pub(crate) kind: InverseKind,
    pub(crate) name: Ident,
    /// What the row has: sources, or what links lead to.
    pub(crate) model: Type,
    pub(crate) through: Option<Type>,
    pub(crate) via: Option<Via>,
}

/// The names of relations after `via`.
pub(crate) struct Via {
    pub(crate) span: Span,
    pub(crate) relations: Vec<Ident>,
}

/// What happens to the sources when their target goes or changes its key.
#[derive(Clone)]
pub(crate) struct Action {
    /// The variant of `relata::Action`.
    pub(crate) variant: &'static str,
    /// The fields after `set_null`, where not all that can be absent are cleared.
    pub(crate) cleared: Option<FieldList>,
    pub(crate) span: Span,
}

/// `default = "XX".to_owned()`: the key that `set_default` gives.
pub(crate) struct DefaultKey {
    pub(crate) expression: Expr,
    pub(crate) span: Span,
}

/// Reads the attributes of the struct.
pub(crate) fn struct_items(attributes: &[Attribute], errors: &mut Errors) -> StructItems {
    let mut items = StructItems::default();
    for_each_item(attributes, "model", errors, |input, errors| {
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "table" => once(&mut items.table, &word, assigned(input)?),
            "was" => {
                items.was.push(assigned(input)?);
                Ok(())
            }
            "version" => once(&mut items.version, &word, assigned(input)?),
            "primary_key" => {
                items.primary_keys.push(field_list(&word, input)?);
                Ok(())
            }
            "unique" => {
                items.uniques.push(field_list(&word, input)?);
                Ok(())
            }
            "index" | "ordered" => {
                items.indexes.push((field_list(&word, input)?, word == "ordered"));
                Ok(())
            }
            "belongs_to" => {
                items.belongs_to.push(belongs_to(&word, input, errors)?);
                Ok(())
            }
            "has_many" => {
                items.inverses.push(inverse(InverseKind::HasMany, &word, input, errors)?);
                Ok(())
            }
            "has_one" => {
                items.inverses.push(inverse(InverseKind::HasOne, &word, input, errors)?);
                Ok(())
            }
            "plain" | "lossy" | "column" | "references_many" | "name" | "key_to" | "on_delete" | "on_update"
            | "default" | "deferred" | "acyclic" => {
                Err(syn::Error::new(word.span(), format!("`{word}` is said of a field, not of the struct")))
            }
            _ => Err(unknown(&word, "attribute", STRUCT_ITEMS)),
        }
    });
    items
}

/// Reads the attributes of a field.
pub(crate) fn field_items(attributes: &[Attribute], errors: &mut Errors) -> FieldItems {
    let mut items = FieldItems::default();
    let mut beside = Options::default();
    for_each_item(attributes, "model", errors, |input, errors| {
        if beside.try_option(input)? {
            return Ok(());
        }
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "primary_key" => once(&mut items.primary_key, &word, word.span()),
            "unique" => once(&mut items.unique, &word, word.span()),
            "index" => once(&mut items.index, &word, word.span()),
            "ordered" => once(&mut items.ordered, &word, word.span()),
            "column" => once(&mut items.column, &word, word.span()),
            "plain" => once(&mut items.plain, &word, word.span()),
            "lossy" => once(&mut items.lossy, &word, word.span()),
            "belongs_to" => {
                let item = belongs_to(&word, input, errors)?;
                once(&mut items.belongs_to, &word, item)
            }
            "references_many" => {
                let item = belongs_to(&word, input, errors)?;
                once(&mut items.references_many, &word, item)
            }
            "table" | "was" | "version" | "has_many" | "has_one" => {
                Err(syn::Error::new(word.span(), format!("`{word}` is said of the struct, not of a field")))
            }
            _ => Err(unknown(&word, "attribute", FIELD_ITEMS)),
        }
    });
    let relation = items.belongs_to.as_mut().or(items.references_many.as_mut());
    match (relation, &beside.first) {
        (Some(item), _) => item.options.take(beside, errors),
        (None, Some(option)) => {
            errors.at(option.span(), format!("`{option}` needs `belongs_to` or `references_many` beside it"));
        }
        (None, None) => {}
    }
    items
}

/// Shows `read` each of the comma-separated items of every `#[name(..)]`.
pub(crate) fn for_each_item(
    attributes: &[Attribute],
    name: &str,
    errors: &mut Errors,
    mut read: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let items = |input: ParseStream<'_>| each_item(input, errors, &mut read);
        if let Err(error) = attribute.parse_args_with(items) {
            errors.push(error);
        }
    }
}

fn each_item(
    input: ParseStream<'_>,
    errors: &mut Errors,
    read: &mut dyn FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) -> syn::Result<()> {
    while !input.is_empty() {
        match read(input, errors) {
            Ok(()) if input.is_empty() || input.peek(Token![,]) => {}
            Ok(()) => errors.push(input.error("expected `,`")),
            Err(error) => errors.push(error),
        }
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(())
}

/// Reads what follows the word `belongs_to`.
fn belongs_to(word: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<BelongsToItem> {
    let mut item = BelongsToItem { span: word.span(), targets: Vec::new(), options: Options::default() };
    if input.peek(syn::token::Paren) {
        let content;
        parenthesized!(content in input);
        each_item(&content, errors, &mut |input, _| {
            if item.options.try_option(input)? {
                return Ok(());
            }
            if input.peek(Ident::peek_any) && (input.peek2(Token![=]) || input.peek2(syn::token::Paren)) {
                return Err(unknown(&input.call(Ident::parse_any)?, "option", OPTIONS));
            }
            item.targets.push(input.parse()?);
            Ok(())
        })?;
    }
    Ok(item)
}

impl Options {
    /// Reads an option if there is one; `false` where the next item is something else.
    fn try_option(&mut self, input: ParseStream<'_>) -> syn::Result<bool> {
        let ahead = input.fork();
        let Ok(word) = ahead.call(Ident::parse_any) else { return Ok(false) };
        if !OPTION_WORDS.iter().any(|known| word == known) {
            return Ok(false);
        }
        input.call(Ident::parse_any)?;
        self.first.get_or_insert_with(|| word.clone());
        match word.to_string().as_str() {
            "name" => once(&mut self.name, &word, assigned_word(input)?)?,
            "key_from" => once(&mut self.key_from, &word, field_list(&word, input)?)?,
            "key_to" => once(&mut self.key_to, &word, field_list(&word, input)?)?,
            "on_delete" => once(&mut self.on_delete, &word, action(input)?)?,
            "on_update" => once(&mut self.on_update, &word, action(input)?)?,
            "default" => {
                once(&mut self.default, &word, DefaultKey { span: word.span(), expression: assigned(input)? })?;
            }
            "acyclic" => once(&mut self.acyclic, &word, word.span())?,
            _ => once(&mut self.deferred, &word, word.span())?,
        }
        Ok(true)
    }

    /// Adds the options that stand beside those inside the parentheses.
    fn take(&mut self, beside: Options, errors: &mut Errors) {
        fn take<T>(
            inside: &mut Option<T>,
            beside: Option<T>,
            option: &str,
            span: impl Fn(&T) -> Span,
            errors: &mut Errors,
        ) {
            match (inside.as_ref(), beside) {
                (Some(_), Some(second)) => errors.at(span(&second), format!("`{option}` is given twice")),
                (None, Some(only)) => *inside = Some(only),
                (_, None) => {}
            }
        }
        take(&mut self.name, beside.name, "name", Ident::span, errors);
        take(&mut self.key_from, beside.key_from, "key_from", |list| list.span, errors);
        take(&mut self.key_to, beside.key_to, "key_to", |list| list.span, errors);
        take(&mut self.on_delete, beside.on_delete, "on_delete", |action| action.span, errors);
        take(&mut self.on_update, beside.on_update, "on_update", |action| action.span, errors);
        take(&mut self.default, beside.default, "default", |default| default.span, errors);
        take(&mut self.deferred, beside.deferred, "deferred", |span| *span, errors);
        take(&mut self.acyclic, beside.acyclic, "acyclic", |span| *span, errors);
    }
}

/// Reads what follows the word `has_many` or `has_one`: `(orders: Order, via = buyer)`.
fn inverse(kind: InverseKind, word: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<InverseItem> {
    let usage = || syn::Error::new(word.span(), format!("say what the row has: `{word}(orders: Order)`"));
    if !input.peek(syn::token::Paren) {
        return Err(usage());
    }
    let content;
    parenthesized!(content in input);
    let named = || {
        let name = content.call(Ident::parse_any)?;
        content.parse::<Token![:]>()?;
        let model: Type = content.parse()?;
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
        Ok((name, model))
    };
    let (name, model) = named().map_err(|_: syn::Error| {
        drain(&content);
        usage()
    })?;
    let (mut through, mut via) = (None, None);
    each_item(&content, errors, &mut |input, _| {
        let option = input.call(Ident::parse_any)?;
        match option.to_string().as_str() {
            "through" => once(&mut through, &option, assigned(input)?),
            "via" => once(&mut via, &option, via_relations(&option, input)?),
            _ => Err(unknown(&option, "option", "`via`, `through`")),
        }
    })?;
    Ok(InverseItem { kind, name, model, through, via })
}

/// Reads `= buyer`, or `(post, tag)`.
fn via_relations(word: &Ident, input: ParseStream<'_>) -> syn::Result<Via> {
    let relations =
        if input.peek(syn::token::Paren) { field_list(word, input)?.fields } else { vec![assigned_word(input)?] };
    Ok(Via { span: word.span(), relations })
}

/// Reads `(a, b)`, or `= a` for one field.
fn field_list(word: &Ident, input: ParseStream<'_>) -> syn::Result<FieldList> {
    if input.peek(Token![=]) {
        return Ok(FieldList { span: word.span(), fields: vec![assigned_word(input)?] });
    }
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(word.span(), format!("`{word}` needs the names of fields: `{word}(a, b)`")));
    }
    let content;
    parenthesized!(content in input);
    let fields = content.parse_terminated(Ident::parse_any, Token![,]).inspect_err(|_| drain(&content))?;
    Ok(FieldList { span: word.span(), fields: fields.into_iter().collect() })
}

/// Passes over the rest of a list after an error in it, which would be reported as a second one.
fn drain(content: ParseStream<'_>) {
    while content.parse::<TokenTree>().is_ok() {}
}

/// Reads `= restrict`, or `= set_null(part)`.
fn action(input: ParseStream<'_>) -> syn::Result<Action> {
    let word = assigned_word(input)?;
    let known = ACTIONS.iter().find(|(name, _)| word == name);
    let (_, variant) = known.ok_or_else(|| {
        let names: Vec<String> = ACTIONS.iter().map(|(name, _)| format!("`{name}`")).collect();
        unknown(&word, "action", &names.join(", "))
    })?;
    let cleared =
        if *variant == "SetNull" && input.peek(syn::token::Paren) { Some(field_list(&word, input)?) } else { None };
    Ok(Action { variant, cleared, span: word.span() })
}

fn assigned<T: syn::parse::Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn assigned_word(input: ParseStream<'_>) -> syn::Result<Ident> {
    input.parse::<Token![=]>()?;
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        let message = format!("this is a word and no text: write `{}` without quotation marks", text.value());
        return Err(syn::Error::new(text.span(), message));
    }
    input.call(Ident::parse_any)
}

fn once<T>(place: &mut Option<T>, word: &Ident, value: T) -> syn::Result<()> {
    match place.replace(value) {
        Some(_) => Err(syn::Error::new(word.span(), format!("`{word}` is given twice"))),
        None => Ok(()),
    }
}

fn unknown(word: &Ident, what: &str, known: &str) -> syn::Error {
    if ["indexed", "key", "sorted"].iter().any(|name| word == name) {
        let message = format!(
            "there is no `{word}` to declare: write `index` for equality, `ordered` for ranges and orders too; relations \
             and unique keys (`unique`, `primary_key`, `belongs_to`) have their indexes by themselves"
        );
        return syn::Error::new(word.span(), message);
    }
    syn::Error::new(word.span(), format!("unknown {what} `{}`: known are {known}", unraw(word)))
}
