//! Foreign keys: what is said of them on fields and on the struct, and what of it cannot be.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;

use super::Checker;
use crate::attr::{BelongsToItem, FieldItems, FieldList, Options};
use crate::model::{BelongsTo, Name, Polymorphic, Reference, short_name, unraw, without_self};

impl Checker {
    pub(super) fn collect_relations(&mut self, items: Vec<BelongsToItem>, field_items: Vec<FieldItems>) {
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
        let cleared = self.check_clearing(&[place], &item.options);
        self.check_default(&item.options, true);
        let targets: Vec<syn::Type> = item.targets.iter().map(|target| self.resolved(target)).collect();
        self.check_acyclic(&targets, &item.options);
        for target in &targets {
            let text = format!("{}_{}", name.text, snake_case(&short_name(target)));
            let name = Name { text, span: target.span() };
            let key = (vec![place], cleared.clone());
            self.add_relation(name, key, target.clone(), Reference::Id, &item.options, true);
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
        let cleared = self.check_clearing(&fields, &item.options);
        self.check_default(&item.options, matches!(reference, Reference::Id));
        self.check_acyclic(std::slice::from_ref(&target), &item.options);
        self.add_relation(name, (fields, cleared), target, reference, &item.options, false);
    }

    fn add_relation(
        &mut self,
        name: Name,
        (fields, cleared): (Vec<usize>, Vec<usize>),
        target: syn::Type,
        reference: Reference,
        options: &Options,
        is_variant: bool,
    ) {
        let default = options.default.as_ref();
        let relation = BelongsTo {
            name,
            fields,
            cleared,
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

    /// A key is cleared only where it can be absent (behaviour R43): the parts that are named, or all that are optional.
    fn check_clearing(&mut self, fields: &[usize], options: &Options) -> Vec<usize> {
        let optional: Vec<usize> =
            fields.iter().copied().filter(|&field| self.model.fields[field].is_optional()).collect();
        let mut cleared = None;
        for (option, action) in [("on_delete", &options.on_delete), ("on_update", &options.on_update)] {
            let Some(action) = action.as_ref().filter(|action| action.variant == "SetNull") else { continue };
            if let Some(parts) = &action.cleared {
                let parts = self.cleared_parts(parts, fields);
                if cleared.as_ref().is_some_and(|other| *other != parts) {
                    self.errors
                        .at(action.span, "the parts that `set_null` clears are those of the relation: name the same");
                }
                cleared = Some(parts);
            } else if optional.is_empty() {
                let of: Vec<String> =
                    fields.iter().map(|&field| format!("`{}`", self.model.fields[field].name())).collect();
                let message = if let [only] = fields {
                    let (field, ty) = (&of[0], &self.model.fields[*only].type_name);
                    format!("`{option} = set_null` needs a key that can be absent: make {field} an `Option<{ty}>`")
                } else {
                    format!(
                        "`{option} = set_null` needs a part that can be absent: make one of {} an `Option`, and that one \
                         is cleared",
                        of.join(", ")
                    )
                };
                self.errors.at(action.span, message);
            }
        }
        cleared.unwrap_or(optional)
    }

    /// The places of the fields after `set_null`, in the order of the key.
    fn cleared_parts(&mut self, parts: &FieldList, fields: &[usize]) -> Vec<usize> {
        let mut places = Vec::new();
        for part in &parts.fields {
            match fields.iter().find(|&&field| self.model.fields[field].name() == unraw(part)) {
                Some(&place) if self.model.fields[place].is_optional() => places.push(place),
                Some(&place) => {
                    let ty = &self.model.fields[place].type_name;
                    self.errors.at(part.span(), format!("`{part}` cannot be absent: make it an `Option<{ty}>`"));
                }
                None => self.errors.at(part.span(), format!("`{part}` is no part of this key")),
            }
        }
        if parts.fields.is_empty() {
            self.errors.at(parts.span, "name the parts to be cleared, or leave the parentheses out");
        }
        fields.iter().copied().filter(|field| places.contains(field)).collect()
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

    /// A field with ids in it that is no relation must say so (behaviour R43), and nothing else may.
    fn check_plain(&mut self, place: usize, plain: Option<Span>) {
        let field = &self.model.fields[place];
        let is_key = self.model.relations.iter().any(|relation| relation.fields.contains(&place))
            || self.model.lists.iter().any(|list| list.field == place);
        match (plain, field.id_within()) {
            (Some(span), _) if is_key => {
                self.errors.at(span, format!("`{}` is the key of a relation, and cannot be plain", field.name()));
            }
            (Some(span), None) if field.is_scalar() => {
                self.errors.at(span, "`plain` says that ids are no relation, and this field has none");
            }
            (None, Some(target)) if !is_key => {
                let (name, target) = (field.name(), short_name(target));
                let message = if field.id_of().is_some() {
                    no_relation(&name, "an id", &target, "belongs_to")
                } else if field.is_list() {
                    no_relation(&name, "a list of ids", &target, "references_many")
                } else {
                    format!(
                        "`{name}` holds ids of `{target}` that nothing enforces: make it a list of them \
                         (`Vec<Id<{target}>>`, `BTreeSet<Id<{target}>>`) and mark it `#[model(references_many)]`, move what \
                         goes with each id to a model of its own, or mark it `#[model(plain)]` if they may name rows that are gone"
                    )
                };
                self.errors.on(&field.ty, message);
            }
            _ => {}
        }
    }
}

/// What is wrong with an id, or a list of them, that could be a relation and is none.
fn no_relation(name: &str, what: &str, target: &str, relation: &str) -> String {
    format!(
        "`{name}` is {what} of `{target}` but no relation: \
         mark it `#[model({relation})]`, or `#[model(plain)]` if it may name a row that is gone"
    )
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
