//! Names of structs, fields and relations: those of Rust, no two alike where they must differ.

use std::collections::BTreeSet;

use crate::models::definition::{Definition, ForeignKey, Inverse, Over};
use crate::names::{field_name, relation_of_key, snake_case, type_name};

/// The rules of serde's `rename_all` that are tried, and none before them.
pub(super) const RULES: [&str; 4] = ["", "camelCase", "PascalCase", "SCREAMING_SNAKE_CASE"];
/// What the view of a row has by itself.
const RESERVED: [&str; 3] = ["id", "get", "fields"];

/// The names of all models, in the order of their definitions.
pub(super) struct Names {
    pub(super) structs: Vec<String>,
    /// Of each field the name outside and the one here.
    fields: Vec<Vec<(String, String)>>,
    /// Of each foreign key the relation.
    pub(super) keys: Vec<Vec<String>>,
    /// Of each other end that has a key the relation.
    pub(super) inverses: Vec<Vec<(Inverse, String)>>,
}

impl Names {
    /// Gives all names. Notes say which relation could not have its own.
    pub(super) fn new(definitions: &mut [Definition]) -> Self {
        let mut taken = BTreeSet::new();
        let structs = definitions.iter().map(|one| free(&mut taken, type_name(&one.name), "")).collect();
        let fields = definitions.iter().map(|definition| {
            let mut taken = BTreeSet::new();
            let names = definition.properties.iter().map(|property| &property.name);
            names.map(|name| (name.clone(), free(&mut taken, field_name(name), "_"))).collect()
        });
        let fields: Vec<Vec<(String, String)>> = fields.collect();
        let mut names = Names { structs, fields, keys: Vec::new(), inverses: Vec::new() };
        let split: Vec<_> = definitions.iter().map(|one| split_by_key(one, definitions)).collect();
        for (place, (inverses, others)) in split.into_iter().enumerate() {
            for inverse in others.iter().filter(|inverse| inverse.is_declared) {
                let (name, model) = (&inverse.name, &inverse.model);
                let why = format!("Relation `{name}` to {model}: the key that it is the other end of is left out.");
                definitions[place].notes.push(why);
            }
            let mut relations = Relations::new(&names, place, &definitions[place]);
            let keys = definitions[place].keys.iter().map(|key| relations.of_key(key)).collect();
            let inverses = inverses.into_iter().map(|inverse| {
                let wanted = field_name(&inverse.name);
                let other = match &inverse.over {
                    Over::Key(_) => format!("{wanted}_of_{}", snake_case(&inverse.model)),
                    Over::Link { model, .. } => format!("{wanted}_through_{}", snake_case(model)),
                };
                let name = relations.free(wanted, other);
                (inverse, name)
            });
            let inverses = inverses.collect();
            let notes = relations.notes;
            names.keys.push(keys);
            names.inverses.push(inverses);
            definitions[place].notes.extend(notes);
        }
        names
    }

    /// The name here of a field that has another outside.
    pub(super) fn field(&self, place: usize, name: &str) -> &str {
        let found = self.fields[place].iter().find(|(outside, _)| outside == name);
        found.map_or("", |(_, here)| here)
    }
}

/// A name that is not taken: with a number behind it, where it is.
fn free(taken: &mut BTreeSet<String>, name: String, separator: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}{separator}{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
}

/// The names of the relations of one model, which are constants beside those of its unique keys.
struct Relations<'a> {
    names: &'a Names,
    place: usize,
    taken: BTreeSet<String>,
    notes: Vec<String>,
}

impl<'a> Relations<'a> {
    fn new(names: &'a Names, place: usize, definition: &Definition) -> Self {
        let mut taken: BTreeSet<String> = RESERVED.iter().map(|&name| name.to_owned()).collect();
        for unique in std::iter::once(&definition.primary_key).chain(&definition.uniques) {
            let fields: Vec<&str> = unique.iter().map(|field| names.field(place, field)).collect();
            taken.insert(format!("by_{}", fields.join("_")));
        }
        Relations { names, place, taken, notes: Vec::new() }
    }

    fn of_key(&mut self, key: &ForeignKey) -> String {
        let field = self.names.field(self.place, &key.fields[0]);
        let wanted = key.name.as_deref().map_or_else(|| relation_of_key(field).to_owned(), field_name);
        let target = field_name(&key.target);
        let other = if self.taken.contains(&target) { format!("{wanted}_{target}") } else { target };
        self.free(wanted, other)
    }

    /// The name that is wanted, or else the other one.
    fn free(&mut self, wanted: String, other: String) -> String {
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let name = free(&mut self.taken, other, "_");
        self.notes.push(format!("Relation `{name}`: the name `{wanted}` is taken by another relation or by relata."));
        name
    }
}

/// The other ends whose keys are there, and those whose are not.
fn split_by_key(definition: &Definition, definitions: &[Definition]) -> (Vec<Inverse>, Vec<Inverse>) {
    let has = |model: &str, target: &str, fields: &[String]| {
        let model = definitions.iter().find(|definition| definition.name == model);
        model.is_some_and(|model| key_over(model, target, fields).is_some())
    };
    let is_there = |inverse: &Inverse| match &inverse.over {
        Over::Key(fields) => has(&inverse.model, &definition.name, fields),
        Over::Link { model, near, far } => has(model, &definition.name, near) && has(model, &inverse.model, far),
    };
    definition.inverses.iter().cloned().partition(is_there)
}

/// The place of the key of a model to a target over these fields, in whatever order.
pub(super) fn key_over(definition: &Definition, target: &str, fields: &[String]) -> Option<usize> {
    let is_same = |key: &ForeignKey| {
        key.target == target
            && key.fields.len() == fields.len()
            && fields.iter().all(|field| key.fields.contains(field))
    };
    definition.keys.iter().position(is_same)
}
