//! Lists of ids: what is said of them, and what is said of foreign keys only.

use super::Checker;
use crate::attr::BelongsToItem;
use crate::model::{Name, ReferencesMany};

impl Checker {
    /// `#[model(references_many)]` on a field; whether the field is a list of ids.
    pub(super) fn list_of_field(
        &mut self,
        place: usize,
        BelongsToItem { targets, options, .. }: BelongsToItem,
    ) -> bool {
        let field = &self.model.fields[place];
        if field.id_of().is_some() {
            let message = "`references_many` is said of a list of ids, and this is one: say `belongs_to`";
            self.errors.on(&field.ty, message);
            return false;
        }
        // A type that shows no id may be an alias, or implement `IdList`.
        let list_of = match (field.id_within().cloned(), targets.first()) {
            (Some(list_of), None) => list_of,
            (Some(list_of), Some(target)) => {
                self.errors.on(target, "`references_many` is to the model whose ids the list holds: leave this out");
                list_of
            }
            (None, Some(target)) => self.resolved(target),
            (None, None) => {
                let message = "`references_many` is said of a list of ids, such as a `Vec<Id<Target>>`; where the type \
                               shows no `Id`, name the model: `references_many(Target)`";
                self.errors.on(&field.ty, message);
                return false;
            }
        };
        if let Some(second) = targets.get(1) {
            self.errors.on(second, "a second target: a list holds the ids of one model");
        }
        let of_keys = [
            ("key_from", options.key_from.as_ref().map(|list| list.span)),
            ("key_to", options.key_to.as_ref().map(|list| list.span)),
            ("default", options.default.as_ref().map(|default| default.span)),
            ("deferred", options.deferred),
            ("acyclic", options.acyclic),
        ];
        for (option, span) in of_keys.into_iter().filter_map(|(option, span)| Some((option, span?))) {
            self.errors.at(span, format!("`{option}` is said of a foreign key, not of a list of ids"));
        }
        if let Some(action) = &options.on_update {
            self.errors.at(action.span, "`on_update` is said of natural keys: an id does not change");
        }
        let refused = options.on_delete.iter().find(|action| matches!(action.variant, "NoAction" | "SetDefault"));
        if let Some(action) = refused {
            let message = "a list has `restrict`, `cascade` and `set_null`, which takes the id out of it";
            self.errors.at(action.span, message);
        }
        if let Some(parts) = options.on_delete.as_ref().and_then(|action| action.cleared.as_ref()) {
            self.errors.at(parts.span, "a list has no parts: `set_null` takes the id out of it");
        }
        let name = options.name.as_ref().map_or_else(
            || {
                let name = field.name();
                let text = name.strip_suffix("_ids").map_or_else(|| name.clone(), plural);
                Name { text, span: field.ident.span() }
            },
            Name::of,
        );
        self.model.lists.push(ReferencesMany { name, field: place, target: list_of, on_delete: options.on_delete });
        true
    }
}

/// The plural of a name, by the rules of English that need no dictionary.
fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) && !stem.is_empty() => format!("{stem}ies"),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| one.ends_with(end)) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    // fault D4
    #[test]
    fn lists_are_named_in_the_plural() {
        for (one, many) in [
            ("song", "songs"),
            ("city", "cities"),
            ("day", "days"),
            ("box", "boxes"),
            ("bus", "buses"),
            ("branch", "branches"),
            ("y", "ys"),
        ] {
            assert_eq!(super::plural(one), many);
        }
    }
}
