//! From what a source says to models that relata accepts: names of Rust, the types of keys, and what has to be left out.
//!
//! A key has the type of what it refers to. What is left out is a note beside the field or the struct, with the reason.

mod names;
mod types;

use super::definition::{Action, Definition, ForeignKey, Inverse, Kind, Over, listed};
use super::write::{Field, File, Struct};
use names::{Names, RULES};

use crate::names::{relation_of_key, renamed, written};
use crate::output::counted;

/// As many fields as a key of relata can have.
const KEY_PARTS_MAX: usize = 6;

/// The models of all definitions. `head` is said before them.
pub(super) fn resolve(mut definitions: Vec<Definition>, mut head: Vec<String>) -> File {
    drop_keys(&mut definitions);
    types::settle(&mut definitions);
    drop_unfit_actions(&mut definitions);
    let names = Names::new(&mut definitions);
    let numbers = |definition: &Definition| match &definition.primary_key[..] {
        [only] => definition.property(only).is_some_and(|property| property.kind == Kind::Integer),
        _ => false,
    };
    if definitions.iter().any(numbers) {
        head.push(
            "Primary keys are values here: whoever inserts a row gives its key, also where the source numbers its rows \
             by itself."
                .to_owned(),
        );
    }
    let structs: Vec<Struct> = (0..definitions.len())
        .map(|place| Resolved { definitions: &definitions, names: &names, place }.model())
        .collect();
    let mentions = |what: &str| structs.iter().flat_map(|one| &one.fields).any(|field| field.ty.contains(what));
    let (has_ids, has_points) = (mentions("Id<"), mentions("GeoPoint"));
    File { head, has_ids, has_points, structs }
}

/// Leaves out the foreign keys that cannot be, and the unique keys that are too long.
fn drop_keys(definitions: &mut [Definition]) {
    for place in 0..definitions.len() {
        for mut key in std::mem::take(&mut definitions[place].keys) {
            let target = definitions.iter().find(|definition| definition.name == key.target);
            match fit(&mut key, target) {
                Ok(()) => definitions[place].keys.push(key),
                Err(why) => {
                    let kinds = key.fields.iter().enumerate().map(|(part, field)| {
                        let meant = key.target_fields.get(part).and_then(|meant| target?.property(meant));
                        (field.clone(), meant.map(|meant| meant.kind.clone()))
                    });
                    let kinds: Vec<_> = kinds.collect();
                    let definition = &mut definitions[place];
                    definition.notes.push(format!("Foreign key {}: {why}", listed(&key.fields)));
                    // A column without a type takes that of what it would refer to.
                    for (field, kind) in kinds {
                        let property = definition.property_mut(&field);
                        if let (Some(property), Some(kind)) =
                            (property.filter(|one| one.kind == Kind::Undeclared), kind)
                        {
                            property.kind = kind;
                        }
                    }
                }
            }
        }
    }
    // Only now: what refers to a key that is too long has been left out for that.
    for Definition { primary_key, uniques, indexes, notes, .. } in definitions {
        for (what, keys) in [("Unique key", uniques), ("Index", indexes)] {
            keys.retain(|fields| {
                let is_fine = fields.len() <= KEY_PARTS_MAX;
                if !is_fine {
                    notes.push(format!("{what} {}: one of relata has at most {KEY_PARTS_MAX} fields.", listed(fields)));
                }
                is_fine
            });
        }
        if primary_key.len() > KEY_PARTS_MAX {
            let fields = listed(primary_key);
            notes.push(format!("Primary key {fields}: one of relata has at most {KEY_PARTS_MAX} fields."));
            primary_key.clear();
        }
    }
}

/// Puts the fields of a key into the order of the key that it refers to; or says why it refers to none.
fn fit(key: &mut ForeignKey, target: Option<&Definition>) -> Result<(), String> {
    let name = &key.target;
    let target = target.ok_or_else(|| format!("there is no `{name}`."))?;
    if key.is_list || key.target_fields.is_empty() && target.primary_key.is_empty() {
        return Ok(());
    }
    let is_primary = key.target_fields.is_empty();
    let meant = if is_primary { &target.primary_key } else { &key.target_fields };
    let unique = target.unique_on(meant).ok_or_else(|| {
        format!("relata's keys refer to unique ones, and {} of `{name}` is none.", listed(&key.target_fields))
    })?;
    if key.fields.len() != meant.len() {
        let (from, to) = (counted(key.fields.len() as u64, "field"), meant.len());
        return Err(format!("it has {from}, and the key of `{name}` has {to}."));
    }
    if meant.len() > KEY_PARTS_MAX {
        return Err(format!("a key of relata has at most {KEY_PARTS_MAX} fields."));
    }
    let place = |field: &String| unique.iter().position(|other| other == field);
    let mut pairs: Vec<(Option<usize>, String)> =
        meant.iter().map(place).zip(std::mem::take(&mut key.fields)).collect();
    pairs.sort();
    key.fields = pairs.into_iter().map(|(_, field)| field).collect();
    key.target_fields = if *unique == target.primary_key { Vec::new() } else { unique.clone() };
    Ok(())
}

/// Leaves out actions that the fields of their key do not allow.
fn drop_unfit_actions(definitions: &mut [Definition]) {
    for definition in definitions {
        let mut keys = std::mem::take(&mut definition.keys);
        for key in &mut keys {
            let has_optional =
                key.fields.iter().any(|field| definition.property(field).is_some_and(|property| property.is_optional));
            for (action, what) in [(&mut key.on_delete, "deleting"), (&mut key.on_update, "changing")] {
                if *action == Action::SetNull && !has_optional {
                    *action = Action::Unsaid;
                    definition.notes.push(format!(
                        "SET NULL of the key {}: it cannot be absent, so {what} what it refers to is refused.",
                        listed(&key.fields)
                    ));
                }
            }
        }
        definition.keys = keys;
    }
}

/// One model among all of them.
struct Resolved<'a> {
    definitions: &'a [Definition],
    names: &'a Names,
    place: usize,
}

impl Resolved<'_> {
    fn definition(&self) -> &Definition {
        &self.definitions[self.place]
    }

    fn place_of(&self, model: &str) -> Option<usize> {
        self.definitions.iter().position(|definition| definition.name == model)
    }

    /// The struct of a model, or its name where there is none.
    fn type_of(&self, model: &str) -> String {
        self.place_of(model).map_or_else(|| model.to_owned(), |place| self.names.structs[place].clone())
    }

    fn fields_of(&self, place: usize, fields: &[String]) -> String {
        let written: Vec<String> = fields.iter().map(|field| written(self.names.field(place, field))).collect();
        written.join(", ")
    }

    fn model(&self) -> Struct {
        let definition = self.definition();
        let name = self.names.structs[self.place].clone();
        let mut items = Vec::new();
        if name != definition.name {
            items.push(format!("table = {:?}", definition.name));
        }
        let several = |fields: &&Vec<String>| fields.len() > 1;
        for (word, keys) in [
            ("primary_key", std::slice::from_ref(&definition.primary_key)),
            ("unique", &definition.uniques),
            ("ordered", &definition.indexes),
        ] {
            let lists = keys.iter().filter(several);
            items.extend(lists.map(|fields| format!("{word}({})", self.fields_of(self.place, fields))));
        }
        for (key, relation) in definition.keys.iter().zip(&self.names.keys[self.place]) {
            if !self.is_on_field(key) {
                items.push(self.key_of_struct(key, relation));
            }
        }
        items.extend(self.names.inverses[self.place].iter().map(|(inverse, name)| self.inverse(inverse, name)));
        let rule = RULES.into_iter().find(|rule| self.is_rule(rule)).filter(|rule| !rule.is_empty());
        let fields = definition.properties.iter().map(|property| {
            let name = self.names.field(self.place, &property.name);
            let shown = rule.map_or_else(|| name.to_owned(), |rule| renamed(name, rule));
            let ty = self.written_type(&property.kind);
            Field {
                name: written(name),
                ty: if property.is_optional { format!("Option<{ty}>") } else { ty },
                description: property.description.clone(),
                notes: property.notes.clone(),
                items: self.items_of_field(&property.name),
                rename: Some(property.name.clone()).filter(|name| *name != shown),
            }
        });
        Struct {
            name,
            description: definition.description.clone(),
            notes: definition.notes.clone(),
            items,
            rename_all: rule,
            fields: fields.collect(),
        }
    }

    /// Whether a rule of serde gives the names outside of all fields.
    fn is_rule(&self, rule: &str) -> bool {
        let is_it = |name: &String| renamed(self.names.field(self.place, name), rule) == *name;
        self.definition().properties.iter().all(|property| is_it(&property.name))
    }

    fn written_type(&self, kind: &Kind) -> String {
        match kind {
            Kind::Integer => "i64".to_owned(),
            Kind::Number | Kind::Float => "f64".to_owned(),
            Kind::Text => "String".to_owned(),
            Kind::Boolean => "bool".to_owned(),
            Kind::Bytes => "Vec<u8>".to_owned(),
            Kind::Json | Kind::Undeclared => "serde_json::Value".to_owned(),
            Kind::GeoPoint => "GeoPoint".to_owned(),
            Kind::List(item) => format!("Vec<{}>", self.written_type(item)),
            Kind::Embedded(model) => self.type_of(model),
            Kind::Id(model) => format!("Id<{}>", self.type_of(model)),
        }
    }

    /// Whether a key is said on its field: the first over one field is.
    fn is_on_field(&self, key: &ForeignKey) -> bool {
        let first = self.definition().keys.iter().find(|other| other.fields == key.fields);
        key.fields.len() == 1 && first.is_some_and(|first| std::ptr::eq(first, key))
    }

    fn items_of_field(&self, name: &String) -> Vec<String> {
        let definition = self.definition();
        let only = std::slice::from_ref(name);
        let mut items = Vec::new();
        if definition.primary_key == only {
            items.push("primary_key".to_owned());
        } else if definition.uniques.iter().any(|unique| unique == only) {
            items.push("unique".to_owned());
        } else if definition.indexes.iter().any(|index| index == only) {
            items.push("ordered".to_owned());
        }
        let keys = definition.keys.iter().zip(&self.names.keys[self.place]);
        for (key, relation) in keys.filter(|(key, _)| key.fields == only && self.is_on_field(key)) {
            let is_id = definition.property(name).is_some_and(|property| matches!(property.kind, Kind::Id(_)));
            let target = self.type_of(&key.target);
            items.push(match (key.is_list, is_id) {
                (true, _) => "references_many".to_owned(),
                (false, true) => "belongs_to".to_owned(),
                (false, false) => format!("belongs_to({target})"),
            });
            let field = self.names.field(self.place, name);
            let default = match field.strip_suffix("_ids").filter(|_| key.is_list) {
                Some(stem) => crate::names::plural(stem),
                None => relation_of_key(field).to_owned(),
            };
            if *relation != default {
                items.push(format!("name = {}", written(relation)));
            }
            items.extend(self.options(key));
        }
        items
    }

    fn key_of_struct(&self, key: &ForeignKey, relation: &str) -> String {
        let target = self.type_of(&key.target);
        let mut parts = vec![target.clone(), format!("key_from({})", self.fields_of(self.place, &key.fields))];
        if relation != derived_name(&target) {
            parts.push(format!("name = {}", written(relation)));
        }
        parts.extend(self.options(key));
        format!("belongs_to({})", parts.join(", "))
    }

    /// `key_to` and the actions of a key.
    fn options(&self, key: &ForeignKey) -> Vec<String> {
        let mut options = Vec::new();
        if let (Some(target), false) = (self.place_of(&key.target), key.target_fields.is_empty()) {
            options.push(format!("key_to({})", self.fields_of(target, &key.target_fields)));
        }
        let mut default = None;
        for (word, action) in [("on_delete", &key.on_delete), ("on_update", &key.on_update)] {
            let action = match action {
                Action::Unsaid => continue,
                Action::Cascade => "cascade",
                Action::SetNull => "set_null",
                Action::SetDefault(expressions) => {
                    let all = expressions.join(", ");
                    default = Some(if expressions.len() == 1 { all } else { format!("({all})") });
                    "set_default"
                }
            };
            options.push(format!("{word} = {action}"));
        }
        options.extend(default.map(|default| format!("default = {default}")));
        options
    }

    fn inverse(&self, inverse: &Inverse, name: &str) -> String {
        let kind = if inverse.is_one { "has_one" } else { "has_many" };
        let model = self.type_of(&inverse.model);
        let name = written(name);
        match &inverse.over {
            Over::Key(fields) => {
                let via = self.via(&inverse.model, &self.definition().name, fields);
                let via = via.map_or(String::new(), |via| format!(", via = {}", written(&via)));
                format!("{kind}({name}: {model}{via})")
            }
            Over::Link { model: link, near, far } => {
                let ends = [(self.definition().name.as_str(), near), (inverse.model.as_str(), far)];
                let needed = ends[0].0 == ends[1].0
                    || ends.iter().any(|(target, fields)| self.via(link, target, fields).is_some());
                let relations = ends.map(|(target, fields)| self.relation(link, target, fields));
                let via = match relations {
                    [Some(near), Some(far)] if needed => format!(", via({}, {})", written(&near), written(&far)),
                    _ => String::new(),
                };
                format!("{kind}({name}: {model}, through = {}{via})", self.type_of(link))
            }
        }
    }

    /// The relation of a model over these fields, where it has several to a target.
    fn via(&self, model: &str, target: &str, fields: &[String]) -> Option<String> {
        let keys = &self.definitions[self.place_of(model)?].keys;
        let several = keys.iter().filter(|key| key.target == target).count() > 1;
        self.relation(model, target, fields).filter(|_| several)
    }

    fn relation(&self, model: &str, target: &str, fields: &[String]) -> Option<String> {
        let place = self.place_of(model)?;
        names::key_over(&self.definitions[place], target, fields).map(|key| self.names.keys[place][key].clone())
    }
}

/// The name that the derive gives to a key of several fields: its target in snake case, each capital a word.
fn derived_name(target: &str) -> String {
    let mut text = String::new();
    for letter in target.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
