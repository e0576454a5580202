//! From what the attributes say to a [`Model`] that fits together, or to everything that is wrong with it.
//!
//! What needs the types of other models (whether a target exists, has the key named, has keys of that type) is left to
//! the compiler and, where it cannot see it either, to the building of a database.

mod lists;

use std::collections::BTreeMap;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, LitInt};

use crate::attr::{self, BelongsToItem, Errors, FieldItems, FieldList, InverseItem, Options, StructItems, Via};
use crate::model::{
    BelongsTo, Field, Inverse, InverseKind, Model, Name, Polymorphic, Reference, Through, UniqueKey, short_name,
    type_name, unraw, without_self,
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
        version: version(items.version.as_ref(), &mut errors),
        fields: Vec::new(),
        uniques: Vec::new(),
        has_primary_key: false,
        relations: Vec::new(),
        lists: Vec::new(),
        polymorphics: Vec::new(),
        inverses: Vec::new(),
        throughs: Vec::new(),
    };
    let mut field_items = Vec::new();
    for field in fields {
        let Some(ident) = field.ident.clone() else { continue };
        let ty = syn::parse2(without_self(field.ty.to_token_stream(), &model.ident))?;
        model.fields.push(Field {
            external_name: serde_attr::external_name(&unraw(&ident), &field.attrs, rule.as_deref(), &mut errors),
            type_name: type_name(field.ty.to_token_stream()),
            visibility: field.vis.clone(),
            ident,
            ty,
        });
        field_items.push(attr::field_items(&field.attrs, &mut errors));
    }
    if items.table.as_ref().is_some_and(|table| table.value().is_empty()) {
        errors.on(&items.table, "a table needs a name");
    }
    let mut checker = Checker { model, errors };
    checker.collect_uniques(&items, &field_items);
    checker.collect_relations(items.belongs_to, field_items);
    checker.collect_inverses(items.inverses);
    checker.check_names();
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

    fn collect_relations(&mut self, items: Vec<BelongsToItem>, field_items: Vec<FieldItems>) {
        let (mut plain, mut misused) = (Vec::new(), Vec::new());
        for (field, items) in field_items.into_iter().enumerate() {
            plain.push(items.plain);
            if let (Some(_), Some(list)) = (&items.belongs_to, &items.references_many) {
                self.errors.at(list.span, "a field holds one key or a list of ids, not both");
                misused.push(field);
            } else if let Some(item) = items.belongs_to {
                self.relation_of_field(field, &item);
            } else if let Some(item) = items.references_many
                && !self.list_of_field(field, item)
            {
                misused.push(field);
            }
        }
        for item in items {
            self.relation_of_struct(&item);
        }
        for (place, plain) in plain.into_iter().enumerate().filter(|(place, _)| !misused.contains(place)) {
            self.check_plain(place, plain);
        }
    }

    /// `#[model(belongs_to)]` on a field.
    fn relation_of_field(&mut self, place: usize, item: &BelongsToItem) {
        let field = &self.model.fields[place];
        if let Some(list) = &item.options.key_from {
            let message = "`key_from` is said of the struct: here the key is in the field that this stands on";
            self.errors.at(list.span, message);
        }
        let name = item.options.name.as_ref().map_or_else(
            || {
                let name = field.name();
                Name { text: name.strip_suffix("_id").unwrap_or(&name).to_owned(), span: field.ident.span() }
            },
            Name::of,
        );
        if item.targets.len() > 1 {
            self.polymorphic(name, place, item);
        } else {
            self.relation(name, vec![place], item);
        }
    }

    /// `#[model(belongs_to(Person, Company))]` on a field whose type is an enum of ids: a relation for each target.
    fn polymorphic(&mut self, name: Name, place: usize, item: &BelongsToItem) {
        let field = &self.model.fields[place];
        if let Some(id_of) = field.id_of() {
            let message = format!(
                "the field is an id of `{}`: to refer to one of several models, make it an enum of their ids, with \
                 `#[derive(relata::PolymorphicId)]`",
                short_name(id_of)
            );
            self.errors.on(&item.targets[1], message);
            return;
        }
        if let Some(list) = &item.options.key_to {
            self.errors.at(list.span, "a relation to several models refers to them by id");
        }
        self.check_clearing(&[place], &item.options);
        self.check_default(&item.options, true);
        let targets: Vec<syn::Type> = item.targets.iter().map(|target| self.resolved(target)).collect();
        self.check_acyclic(&targets, &item.options);
        for target in &targets {
            let text = format!("{}_{}", name.text, snake_case(&short_name(target)));
            let name = Name { text, span: target.span() };
            self.add_relation(name, vec![place], target.clone(), Reference::Id, &item.options, true);
        }
        self.model.polymorphics.push(Polymorphic { name, field: place, targets });
    }

    /// `#[model(belongs_to(Target, key_from(..)))]` on the struct.
    fn relation_of_struct(&mut self, item: &BelongsToItem) {
        let fields = if let Some(list) = &item.options.key_from {
            self.fields(list)
        } else {
            self.errors.at(item.span, "say which fields hold the key: `belongs_to(Target, key_from(a, b))`");
            None
        };
        let Some(target) = item.targets.first() else {
            self.errors.at(item.span, "say which model this refers to: `belongs_to(Target, key_from(a, b))`");
            return;
        };
        if let Some(second) = item.targets.get(1) {
            self.errors.on(second, "a second target: only a field that is an enum of ids refers to several models");
        }
        let name = item.options.name.as_ref().map_or_else(
            || Name { text: snake_case(&short_name(&self.resolved(target))), span: target.span() },
            Name::of,
        );
        if let Some(fields) = fields {
            self.relation(name, fields, item);
        }
    }

    /// A type with `Self` replaced by the model.
    fn resolved(&self, ty: &syn::Type) -> syn::Type {
        syn::parse2(without_self(ty.to_token_stream(), &self.model.ident)).unwrap_or_else(|_| ty.clone())
    }

    fn relation(&mut self, name: Name, fields: Vec<usize>, item: &BelongsToItem) {
        let target = item.targets.first().map(|target| self.resolved(target));
        let id_of = match fields[..] {
            [field] => self.model.fields[field].id_of().cloned(),
            _ => None,
        };
        let reference = match (&item.options.key_to, &id_of) {
            (Some(list), _) => Reference::Unique(list.fields.clone()),
            (None, Some(_)) => Reference::Id,
            (None, None) => Reference::PrimaryKey,
        };
        if let Some(list) = item.options.key_to.as_ref().filter(|list| list.fields.len() != fields.len()) {
            let (from, to) = (fields.len(), list.fields.len());
            self.errors.at(list.span, format!("a key of {from} field(s) cannot refer to one of {to}"));
        }
        let target = match (target, id_of) {
            (Some(target), Some(id_of)) if matches!(reference, Reference::Id) => {
                let (named, typed) = (short_name(&target), short_name(&id_of));
                if named != typed {
                    self.errors.on(&target, format!("the field is an id of `{typed}`, not of `{named}`"));
                }
                target
            }
            (Some(target), _) => target,
            (None, Some(id_of)) => id_of,
            (None, None) => {
                let message =
                    "say which model this refers to: `belongs_to(Target)`; only an `Id<Target>` says it by itself";
                self.errors.at(item.span, message);
                return;
            }
        };
        self.check_clearing(&fields, &item.options);
        self.check_default(&item.options, matches!(reference, Reference::Id));
        self.check_acyclic(std::slice::from_ref(&target), &item.options);
        self.add_relation(name, fields, target, reference, &item.options, false);
    }

    fn add_relation(
        &mut self,
        name: Name,
        fields: Vec<usize>,
        target: syn::Type,
        reference: Reference,
        options: &Options,
        is_variant: bool,
    ) {
        let default = options.default.as_ref();
        let relation = BelongsTo {
            name,
            fields,
            reference,
            on_delete: options.on_delete.clone(),
            on_update: options.on_update.clone(),
            default: default.map(|default| without_self(default.expression.to_token_stream(), &self.model.ident)),
            is_deferred: options.deferred.is_some(),
            is_acyclic: options.acyclic.is_some() && self.is_itself(&target),
            is_variant,
            target,
        };
        self.model.relations.push(relation);
    }

    /// Only a relation of the model to itself can lead a row back to itself (behaviour I21).
    fn check_acyclic(&mut self, targets: &[syn::Type], options: &Options) {
        if let Some(span) = options.acyclic
            && !targets.iter().any(|target| self.is_itself(target))
        {
            let targets: Vec<String> = targets.iter().map(|target| format!("`{}`", short_name(target))).collect();
            let message = format!(
                "`acyclic` is said of a relation of a model to itself, and this one leads from `{}` to {}",
                self.model.ident,
                targets.join(", ")
            );
            self.errors.at(span, message);
        }
    }

    /// Whether a type is the model.
    fn is_itself(&self, ty: &syn::Type) -> bool {
        short_name(ty) == unraw(&self.model.ident)
    }

    /// A key is cleared only where it can be absent (behaviour R43).
    fn check_clearing(&mut self, fields: &[usize], options: &Options) {
        let required = fields.iter().find(|&&field| !self.model.fields[field].is_optional());
        for (option, action) in [("on_delete", &options.on_delete), ("on_update", &options.on_update)] {
            if let (Some(action), Some(&required)) =
                (action.as_ref().filter(|action| action.variant == "SetNull"), required)
            {
                let field = &self.model.fields[required];
                let (field, ty) = (field.name(), &field.type_name);
                let message =
                    format!("`{option} = set_null` needs a key that can be absent: make `{field}` an `Option<{ty}>`");
                self.errors.at(action.span, message);
            }
        }
    }

    /// A default goes with `set_default`, and is declared where the key is a natural one.
    fn check_default(&mut self, options: &Options, by_id: bool) {
        let actions = [&options.on_delete, &options.on_update];
        let used = actions.into_iter().flatten().find(|action| action.variant == "SetDefault");
        match (&options.default, used) {
            (Some(default), _) if by_id => {
                let message = "the default of an id is a row: set it on the database, by `set_default_target`";
                self.errors.at(default.span, message);
            }
            (Some(default), None) => {
                self.errors.at(default.span, "a default is for `set_default`, which no action of this relation is");
            }
            (None, Some(action)) if !by_id => {
                let message = "`set_default` needs a key to fall back to: say it by `default = ..`";
                self.errors.at(action.span, message);
            }
            _ => {}
        }
    }

    /// An id that is no relation must say so (behaviour R43), and nothing else may.
    fn check_plain(&mut self, place: usize, plain: Option<Span>) {
        let field = &self.model.fields[place];
        let is_key = self.model.relations.iter().any(|relation| relation.fields.contains(&place))
            || self.model.lists.iter().any(|list| list.field == place);
        let of_ids = field.ids_of().map(|target| (target, "a list of ids", "references_many"));
        match (plain, field.id_of().map(|target| (target, "an id", "belongs_to")).or(of_ids)) {
            (Some(span), _) if is_key => {
                self.errors.at(span, format!("`{}` is the key of a relation, and cannot be plain", field.name()));
            }
            (Some(span), None) => {
                self.errors.at(span, "`plain` says that an id is no relation, and this field is no id");
            }
            (None, Some((target, what, relation))) if !is_key => {
                let (name, target) = (field.name(), short_name(target));
                let message = format!(
                    "`{name}` is {what} of `{target}` but no relation: \
                     mark it `#[model({relation})]`, or `#[model(plain)]` if it may name a row that is gone"
                );
                self.errors.on(&field.ty, message);
            }
            _ => {}
        }
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

/// `OrderLine` as `order_line`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
