//! From what the attributes say to a [`Model`] that fits together, or to everything that is wrong with it.
//!
//! What needs the types of other models (whether a target exists, has the key named, has keys of that type) is left to
//! the compiler and, where it cannot see it either, to the building of a database.

mod fields;
mod lists;
mod relations;

use std::collections::BTreeMap;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, LitInt};

use crate::attr::{self, Errors, FieldItems, FieldList, InverseItem, StructItems, Via};
use crate::model::{
    Field, Index, Inverse, InverseKind, Model, Name, Through, UniqueKey, argument_of, short_name, type_name, unraw,
    without_self,
};
use crate::serde_attr;

/// A key has as many fields as `relata::Key` has implementations for.
const KEY_PARTS_MAX: usize = 6;
/// The methods that every row view has, and words that cannot be the name of a method.
const RESERVED_NAMES: [&str; 8] = ["id", "get", "", "_", "self", "Self", "super", "crate"];

/// Checks a struct.
pub(crate) fn check(input: &DeriveInput) -> syn::Result<Model> {
    let mut errors = Errors::default();
    let fields = shape(input, &mut errors);
    let items = attr::struct_items(&input.attrs, &mut errors);
    let rule = serde_attr::rename_rule(&input.attrs, &mut errors);
    let mut model = Model {
        ident: input.ident.clone(),
        visibility: input.vis.clone(),
        table: items.table.as_ref().map_or_else(|| unraw(&input.ident), syn::LitStr::value),
        former_names: items.was.iter().map(syn::LitStr::value).collect(),
        version: version(items.version.as_ref(), &mut errors),
        fields: Vec::new(),
        is_altered: serde_attr::alters(&input.attrs, true).is_some(),
        uniques: Vec::new(),
        has_primary_key: false,
        indexes: Vec::new(),
        columns: Vec::new(),
        relations: Vec::new(),
        lists: Vec::new(),
        polymorphics: Vec::new(),
        inverses: Vec::new(),
        throughs: Vec::new(),
    };
    let (is_by_fields, has_default) = (serde_attr::is_by_fields(&input.attrs), serde_attr::has_default(&input.attrs));
    let mut field_items = Vec::new();
    let mut skipped = Vec::new();
    for field in fields {
        let Some(ident) = field.ident.clone() else { continue };
        let ty = syn::parse2(without_self(field.ty.to_token_stream(), &model.ident))?;
        let items = attr::field_items(&field.attrs, &mut errors);
        let skips = serde_attr::skips(&field.attrs);
        let has_own_form = serde_attr::has_own_form(&field.attrs);
        // An option that is not there is `None`, unless a function reads it.
        let is_option = has_own_form && argument_of(&ty, "Option").is_some();
        model.is_altered |= serde_attr::alters(&field.attrs, false).is_some();
        model.fields.push(Field {
            external_name: serde_attr::external_name(&unraw(&ident), &field.attrs, rule.as_deref(), &mut errors),
            type_name: type_name(field.ty.to_token_stream()),
            visibility: field.vis.clone(),
            aliases: serde_attr::aliases(&field.attrs),
            is_plain: items.plain.is_some(),
            may_differ: skips.is_some() || items.lossy.is_some(),
            has_default: has_default || serde_attr::has_default(&field.attrs) || is_option,
            has_name: is_by_fields && !serde_attr::is_flattened(&field.attrs),
            is_skipped: skips.is_some(),
            has_own_form,
            ident,
            ty,
        });
        skipped.extend(
            skips.or_else(|| Some(Ident::new("lossy", items.lossy?))).map(|word| (model.fields.len() - 1, word)),
        );
        field_items.push(items);
    }
    if items.table.as_ref().is_some_and(|table| table.value().is_empty()) {
        errors.on(&items.table, "a table needs a name");
    }
    let mut checker = Checker { model, errors };
    checker.collect_uniques(&items, &field_items);
    checker.collect_indexes(&items, &field_items);
    checker.collect_relations(items.belongs_to, field_items);
    checker.collect_inverses(items.inverses);
    checker.check_names();
    checker.check_types();
    checker.check_skipped(&skipped);
    checker.errors.finish(checker.model)
}

/// The fields of a struct that can be a model; none where it is no such struct.
fn shape<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<&'a syn::Field> {
    if !input.generics.params.is_empty() {
        errors.on(&input.generics, "a model has no generic parameters: a table holds rows of one type");
    }
    if let Some(clause) = &input.generics.where_clause {
        errors.on(clause, "a model has no generic parameters, and so no where clause");
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => {
                errors.on(fields, "a model names its fields: make this a struct with braces");
                Vec::new()
            }
            fields => fields.iter().collect(),
        },
        Data::Enum(data) => {
            errors.at(data.enum_token.span(), "a model is a struct: an enum can be the type of one of its fields");
            Vec::new()
        }
        Data::Union(data) => {
            errors.at(data.union_token.span(), "a model is a struct");
            Vec::new()
        }
    }
}

fn version(literal: Option<&LitInt>, errors: &mut Errors) -> u32 {
    literal.map_or(0, |literal| {
        literal.base10_parse().unwrap_or_else(|_| {
            errors.on(literal, format!("a version is a whole number, from 0 to {}", u32::MAX));
            0
        })
    })
}

/// The model as far as it is known, and what is wrong with it so far.
struct Checker {
    model: Model,
    errors: Errors,
}

impl Checker {
    /// A key that is not saved would come back as another.
    fn check_skipped(&mut self, skipped: &[(usize, Ident)]) {
        for (field, word) in skipped.iter().filter(|(field, _)| !self.model.is_keyless(*field)) {
            let name = self.model.fields[*field].name();
            self.errors.at(
                word.span(),
                format!("`{name}` is part of a key, and a key is saved as it is: it cannot be `{word}`"),
            );
        }
    }

    fn collect_uniques(&mut self, items: &StructItems, field_items: &[FieldItems]) {
        let mut keys: Vec<(bool, UniqueKey)> = Vec::new();
        for (field, items) in field_items.iter().enumerate() {
            for (span, primary) in [(items.primary_key, true), (items.unique, false)] {
                keys.extend(span.map(|span| (primary, UniqueKey { fields: vec![field], span })));
            }
        }
        for (lists, primary) in [(&items.primary_keys, true), (&items.uniques, false)] {
            for list in lists {
                let fields = self.fields(list);
                keys.extend(fields.map(|fields| (primary, UniqueKey { fields, span: list.span })));
            }
        }
        for (_, second) in keys.iter().filter(|(primary, _)| *primary).skip(1) {
            self.errors.at(second.span, "a second primary key: a model has at most one; others are `unique`");
        }
        for (_, key) in keys.iter().filter(|(primary, _)| *primary) {
            if let Some(&optional) = key.fields.iter().find(|&&field| self.model.fields[field].is_optional()) {
                let field = &self.model.fields[optional];
                let (field, part) = (field.name(), type_name(field.part().to_token_stream()));
                let message = format!(
                    "a primary key identifies every row: make `{field}` a `{part}`, or the key a `unique` one, in which \
                     absent values do not collide"
                );
                self.errors.at(key.span, message);
            }
        }
        // The primary key comes first; the sort is stable, so that the others keep the order in which they are written.
        keys.sort_by_key(|(primary, _)| !primary);
        self.model.has_primary_key = keys.first().is_some_and(|(primary, _)| *primary);
        let mut seen: Vec<Vec<usize>> = Vec::new();
        for (_, key) in keys {
            let mut sorted = key.fields.clone();
            sorted.sort_unstable();
            if seen.contains(&sorted) {
                let names = self.model.field_names(&key.fields, ", ");
                self.errors
                    .at(key.span, format!("the key on {names} is declared twice (a primary key is unique already)"));
            } else {
                seen.push(sorted);
                self.model.uniques.push(key);
            }
        }
    }

    fn collect_indexes(&mut self, items: &StructItems, field_items: &[FieldItems]) {
        let mut indexes = Vec::new();
        for (field, items) in field_items.iter().enumerate() {
            for (span, is_ordered) in [(items.index, false), (items.ordered, true)] {
                indexes.extend(span.map(|span| Index { fields: vec![field], is_ordered, span }));
            }
            if items.column.is_some() {
                self.model.columns.push(field);
            }
        }
        for (list, is_ordered) in &items.indexes {
            let fields = self.fields(list);
            indexes.extend(fields.map(|fields| Index { fields, is_ordered: *is_ordered, span: list.span }));
        }
        for index in indexes {
            let same = |other: &Index| other.fields == index.fields && other.is_ordered == index.is_ordered;
            if self.model.indexes.iter().any(same) {
                let names = self.model.field_names(&index.fields, ", ");
                self.errors.at(index.span, format!("the index on {names} is declared twice"));
            } else if self.model.indexes.iter().any(|other| other.fields == index.fields) {
                let names = self.model.field_names(&index.fields, ", ");
                let message = format!("`ordered` on {names} finds equal values too: it needs no `index` beside it");
                self.errors.at(index.span, message);
            } else {
                self.model.indexes.push(index);
            }
        }
    }

    /// The places of the fields of a key; `None` where something is wrong with them.
    fn fields(&mut self, list: &FieldList) -> Option<Vec<usize>> {
        let mut places = Vec::new();
        let mut fine = true;
        for name in &list.fields {
            match self.model.fields.iter().position(|field| field.name() == unraw(name)) {
                Some(place) if places.contains(&place) => {
                    self.errors.at(name.span(), format!("`{name}` is named twice in one key"));
                    fine = false;
                }
                Some(place) => places.push(place),
                None => {
                    let model = &self.model.ident;
                    self.errors.at(name.span(), format!("`{model}` has no field `{name}`"));
                    fine = false;
                }
            }
        }
        if !(1..=KEY_PARTS_MAX).contains(&list.fields.len()) {
            let count = list.fields.len();
            self.errors.at(list.span, format!("a key has one to {KEY_PARTS_MAX} fields, this one has {count}"));
            fine = false;
        }
        fine.then_some(places)
    }

    /// A type with `Self` replaced by the model.
    fn resolved(&self, ty: &syn::Type) -> syn::Type {
        syn::parse2(without_self(ty.to_token_stream(), &self.model.ident)).unwrap_or_else(|_| ty.clone())
    }

    /// Whether a type is the model.
    fn is_itself(&self, ty: &syn::Type) -> bool {
        short_name(ty) == unraw(&self.model.ident)
    }

    fn collect_inverses(&mut self, items: Vec<InverseItem>) {
        for InverseItem { kind, name, model, through, via } in items {
            let (name, model) = (Name::of(&name), self.resolved(&model));
            if let Some(link) = through {
                let link = self.resolved(&link);
                self.through(kind, name, model, link, via);
                continue;
            }
            let mut relations = via.map_or(Vec::new(), |Via { span, relations }| {
                if relations.len() != 1 {
                    let message = "`via` names one relation, as in `via = buyer`; two are those of a link: say which model \
                                   links by `through = ..`";
                    self.errors.at(span, message);
                }
                relations
            });
            self.model.inverses.push(Inverse { kind, name, source: model, via: relations.pop() });
        }
    }

    /// `has_many(tags: Tag, through = PostTag, via(post, tag))`.
    fn through(&mut self, kind: InverseKind, name: Name, target: syn::Type, link: syn::Type, via: Option<Via>) {
        if kind == InverseKind::HasOne {
            self.errors.on(&link, "`through` is said of `has_many`: there may be any number of links");
        }
        let to_itself = self.is_itself(&target);
        let via = match via.map(|Via { span, relations }| (span, <[_; 2]>::try_from(relations))) {
            None => None,
            Some((_, Ok(relations))) => Some(relations),
            Some((span, Err(_))) => {
                let message = "`via` names both relations of the link, that to this model first: `via(post, tag)`";
                self.errors.at(span, message);
                return;
            }
        };
        if via.is_none() && to_itself {
            let (model, links) = (&self.model.ident, short_name(&link));
            let message = format!(
                "both ends of a `{links}` are a `{model}`: \
                 name the relation to this end and that to the other, as in `via(follower, followee)`"
            );
            self.errors.on(&link, message);
            return;
        }
        self.model.throughs.push(Through { name, target, link, via });
    }

    /// Relations, unique keys and `FIELDS` become constants of the struct, relations become methods of its row view:
    /// no two may share a name.
    fn check_names(&mut self) {
        let mut taken = BTreeMap::from([("FIELDS".to_owned(), "the constant that holds the fields".to_owned())]);
        for unique in &self.model.uniques {
            let constant = self.model.unique_constant(unique);
            let owner = format!("the unique key on {}", self.model.field_names(&unique.fields, ", "));
            if let Some(other) = taken.insert(constant.clone(), owner) {
                self.errors.at(unique.span, format!("`{constant}` would name this key and {other}"));
            }
        }
        let relations = self.model.relations.iter().map(|relation| &relation.name);
        let lists = self.model.lists.iter().map(|list| &list.name);
        let inverses = self.model.inverses.iter().map(|inverse| &inverse.name);
        let throughs = self.model.throughs.iter().map(|through| &through.name);
        let polymorphics = self.model.polymorphics.iter().map(|polymorphic| &polymorphic.name);
        for name in relations.chain(lists).chain(inverses).chain(throughs).chain(polymorphics) {
            let text = &name.text;
            if RESERVED_NAMES.contains(&text.as_str()) {
                self.errors.at(
                    name.span,
                    format!("a relation cannot be called `{text}`: choose another name, as in `name = owner`"),
                );
            }
            if let Some(other) = taken.insert(name.constant(), format!("relation `{text}`")) {
                let message = if other == format!("relation `{text}`") {
                    format!("two relations are called `{text}`: choose another name for one of them")
                } else {
                    format!("`{}` would name this relation and {other}", name.constant())
                };
                self.errors.at(name.span, message);
            }
        }
    }
}
