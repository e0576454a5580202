//! A relation as insertions into the source.

use super::Kind;
use super::edit::Edits;
use super::source::{FieldSource, KeySource, ModelSource, SourceFile};
use crate::names::{field_name, is_field_name, plural, relation_of_key, written};

/// What the view of a row, or the struct, has by itself.
const RESERVED: [&str; 3] = ["id", "get", "fields"];

/// What is to be added; models by their places in the file.
pub(super) struct Addition {
    pub(super) model: usize,
    pub(super) kind: Kind,
    pub(super) related: usize,
    pub(super) through: Option<usize>,
    pub(super) name: String,
    pub(super) foreign_key: String,
    pub(super) key_through: Option<String>,
    pub(super) is_required: bool,
}

/// A key that is to be in a model.
struct NewKey<'a> {
    source: &'a ModelSource,
    target: &'a ModelSource,
    field: String,
    name: String,
    is_list: bool,
    is_unique: bool,
    is_required: bool,
}

impl Addition {
    /// The insertions; or why the relation cannot be added.
    pub(super) fn edits(&self, file: &SourceFile) -> Result<Edits, String> {
        let (model, related) = (&file.models[self.model], &file.models[self.related]);
        let mut edits = Edits::default();
        check_name(model, &self.name)?;
        match (self.kind, self.through) {
            (Kind::HasManyThrough, Some(link)) => {
                self.add_through(file, (model, related, &file.models[link]), &mut edits)?;
            }
            (Kind::BelongsTo | Kind::ReferencesMany, _) => {
                let is_list = self.kind == Kind::ReferencesMany;
                let key = NewKey {
                    source: model,
                    target: related,
                    field: self.field_in(model),
                    name: self.name.clone(),
                    is_list,
                    is_unique: false,
                    is_required: self.is_required,
                };
                key.add(file, &mut edits)?;
            }
            _ => self.add_inverse(file, (model, related), &mut edits)?,
        }
        Ok(edits)
    }

    /// The field of the key: as it is written if it is there, else as a name of Rust.
    fn field_in(&self, model: &ModelSource) -> String {
        let is_there = model.field(&self.foreign_key).is_some();
        if is_there { self.foreign_key.clone() } else { field_name(&self.foreign_key) }
    }

    fn add_inverse(
        &self,
        file: &SourceFile,
        (model, related): (&ModelSource, &ModelSource),
        edits: &mut Edits,
    ) -> Result<(), String> {
        let is_one = self.kind == Kind::HasOne;
        let field = self.field_in(related);
        let mut relations = related.relations();
        let is_it = |key: &KeySource| key.target == model.name && key.fields == [field.clone()];
        let name = if let Some(key) = relations.iter().find(|key| is_it(key)) {
            if is_one && key.is_list {
                return Err(format!(
                    "`{}`.{field} is a list of ids, and a row may be in several: say has_many",
                    related.name
                ));
            }
            if let Some(found) =
                related.field(&field).filter(|_| is_one && !related.is_unique(std::slice::from_ref(&field)))
            {
                insert_on_field(file, found, "unique", edits);
                edits.messages.push(format!("{}.{field} is unique now: there is one at most", related.name));
            }
            key.name.clone()
        } else {
            let name = relation_of_key(&field).to_owned();
            let is_same = model.name == related.name && name == self.name;
            if is_same {
                return Err(format!("the key `{field}` would be a relation called `{name}` too: choose another name"));
            }
            check_name(related, &name)?;
            let key = NewKey {
                source: related,
                target: model,
                field: field.clone(),
                name: name.clone(),
                is_list: false,
                is_unique: is_one,
                is_required: self.is_required,
            };
            key.add(file, edits)?;
            relations.push(KeySource {
                name: name.clone(),
                fields: vec![field],
                target: model.name.clone(),
                is_list: false,
            });
            name
        };
        let several = relations.iter().filter(|key| key.target == model.name).count() > 1;
        let via = if several { format!(", via = {}", written(&name)) } else { String::new() };
        let kind = if is_one { "has_one" } else { "has_many" };
        insert_on_struct(file, model, &format!("{kind}({}: {}{via})", written(&self.name), related.name), edits);
        Ok(())
    }

    fn add_through(
        &self,
        file: &SourceFile,
        (model, related, link): (&ModelSource, &ModelSource, &ModelSource),
        edits: &mut Edits,
    ) -> Result<(), String> {
        let relations = link.relations();
        let near = end(link, &relations, model, Some(&self.foreign_key), None)?;
        let far = end(link, &relations, related, self.key_through.as_deref(), Some(near))?;
        for key in [near, far] {
            if let Some(field) =
                key.fields.iter().find(|field| link.field(field).is_some_and(|field| field.is_optional))
            {
                return Err(format!("a link has both its ends: `{}`.{field} must not be an `Option`", link.name));
            }
        }
        let pair: Vec<String> = near.fields.iter().chain(&far.fields).cloned().collect();
        if !link.is_unique(&pair) {
            let pair = pair.join(", ");
            return Err(format!("two rows are linked once: mark `{}` with `#[model(unique({pair}))]`", link.name));
        }
        let several = |target: &ModelSource| relations.iter().filter(|key| key.target == target.name).count() > 1;
        let via = if several(model) || several(related) {
            format!(", via({}, {})", written(&near.name), written(&far.name))
        } else {
            String::new()
        };
        let item = format!("has_many({}: {}, through = {}{via})", written(&self.name), related.name, link.name);
        insert_on_struct(file, model, &item, edits);
        Ok(())
    }
}

/// The relation of a link to one of its ends: over the field that is named, or the only one.
fn end<'a>(
    link: &ModelSource,
    relations: &'a [KeySource],
    target: &ModelSource,
    field: Option<&str>,
    other: Option<&KeySource>,
) -> Result<&'a KeySource, String> {
    let is_other = |key: &KeySource| other.is_some_and(|other| other.name == key.name);
    let found = || relations.iter().filter(|key| key.target == target.name && !key.is_list && !is_other(key));
    let named = found().find(|key| field.is_some_and(|field| key.fields == [field]));
    match (named, found().next(), found().nth(1)) {
        (Some(named), ..) => Ok(named),
        (None, Some(only), None) => Ok(only),
        (None, None, _) => Err(format!(
            "`{}` has no relation to `{}`: add it first, by `--kind belongs_to --model {} --related {} --required`",
            link.name, target.name, link.name, target.name
        )),
        (None, Some(_), Some(_)) => {
            let fields: Vec<String> = found().map(|key| key.fields.join(", ")).collect();
            let flag = if other.is_some() { "--key-through" } else { "--foreign-key" };
            Err(format!(
                "`{}` has several relations to `{}`: say which by `{flag}`: {}",
                link.name,
                target.name,
                fields.join("; ")
            ))
        }
    }
}

/// That a relation of a model can have this name.
fn check_name(model: &ModelSource, name: &str) -> Result<(), String> {
    if !is_field_name(name) || RESERVED.contains(&name) {
        return Err(format!("a relation cannot be called `{name}`"));
    }
    let mut names = model.relations().into_iter().map(|key| key.name);
    if names.any(|taken| taken == name) || model.inverses().iter().any(|inverse| inverse.name == name) {
        return Err(format!("`{}` has a relation `{name}` already: choose another name", model.name));
    }
    Ok(())
}

impl NewKey<'_> {
    fn add(&self, file: &SourceFile, edits: &mut Edits) -> Result<(), String> {
        let NewKey { source, target, field, .. } = self;
        if let Some(found) = source.field(field) {
            let item = self.item(self.fit(found)?);
            insert_on_field(file, found, &item, edits);
            edits.messages.push(format!("{}.{field}: #[model({item})]", source.name));
        } else {
            self.add_field(file, edits)?;
        }
        // What was the only key to the target no longer is.
        let before = source.relations();
        let mut before = before.iter().filter(|key| key.target == target.name);
        let (Some(only), None) = (before.next(), before.next()) else { return Ok(()) };
        for inverse in target.inverses().iter().filter(|inverse| !inverse.has_via) {
            let (model, word, name) = (&target.name, &inverse.word, &inverse.name);
            let of = &inverse.model;
            match &inverse.through {
                None if *of == source.name => edits.messages.push(format!(
                    "{model}: `{word}({name}: {of})` needs `via = {}` now, as `{of}` has two relations to it",
                    only.name
                )),
                Some(link) if *link == source.name => edits.messages.push(format!(
                    "{model}: `{word}({name}: {of}, through = {link})` needs `via` now, as `{link}` has two relations to it"
                )),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a field that is there holds an id of the target; or why it cannot be the key.
    fn fit(&self, found: &FieldSource) -> Result<bool, String> {
        let (model, target, field) = (&self.source.name, &self.target.name, &found.name);
        let has = |word| found.item(word).is_some();
        if has("belongs_to") || has("references_many") {
            return Err(format!("`{model}`.{field} is the key of a relation already"));
        }
        if has("plain") {
            return Err(format!("`{model}`.{field} is marked as plain, and so no key: take that away first"));
        }
        if self.is_list {
            return match &found.list_of {
                Some(of) if of == target => Ok(true),
                _ => Err(format!("`{model}`.{field} is no list of ids: `Vec<Id<{target}>>`")),
            };
        }
        match (&found.id_of, &self.target.primary_key()[..]) {
            (Some(of), _) if of == target => Ok(true),
            (Some(of), _) => Err(format!("`{model}`.{field} is an id of `{of}`, not of `{target}`")),
            (None, [key]) => {
                let ty = self.target.field(key).map_or("", |key| key.part.as_str());
                if ty == found.part {
                    return Ok(false);
                }
                Err(format!(
                    "`{model}`.{field} is a `{}`, and `{target}`.{key}, which it would hold, a `{ty}`",
                    found.part
                ))
            }
            (None, _) => Err(format!(
                "`{model}`.{field} is a `{}`, and `{target}` has no primary key of one field that it could hold: make it \
                 an `Id<{target}>`",
                found.part
            )),
        }
    }

    /// What `#[model(..)]` says of the key.
    fn item(&self, is_by_id: bool) -> String {
        let mut items = Vec::new();
        if self.is_unique && !self.source.is_unique(std::slice::from_ref(&self.field)) {
            items.push("unique".to_owned());
        }
        let target = &self.target.name;
        items.push(match (self.is_list, is_by_id) {
            (true, _) => "references_many".to_owned(),
            (false, true) => "belongs_to".to_owned(),
            (false, false) => format!("belongs_to({target})"),
        });
        let default = match self.field.strip_suffix("_ids").filter(|_| self.is_list) {
            Some(stem) => plural(stem),
            None => relation_of_key(&self.field).to_owned(),
        };
        if default != self.name {
            items.push(format!("name = {}", written(&self.name)));
        }
        items.join(", ")
    }

    /// Adds the field, behind the others.
    fn add_field(&self, file: &SourceFile, edits: &mut Edits) -> Result<(), String> {
        let (source, target) = (self.source, self.target);
        if !is_field_name(&self.field) {
            return Err(format!("a field cannot be called `{}`", self.field));
        }
        if source.braces == (0, 0) {
            return Err(format!("`{}` has no braces that a field could stand in", source.name));
        }
        let id = format!("{}<{}>", if source.has_id { "Id" } else { "relata::Id" }, target.name);
        let natural = match &target.primary_key()[..] {
            [key] if !self.is_list => target.field(key).map(|key| key.part.clone()),
            _ => None,
        };
        let item = self.item(natural.is_none());
        let key = natural.unwrap_or(id);
        let ty = match (self.is_list, self.is_required) {
            (true, _) => format!("Vec<{key}>"),
            (false, true) => key,
            (false, false) => format!("Option<{key}>"),
        };
        let visibility = source.fields.last().map_or(&source.visibility, |last| &last.visibility);
        let visibility = if visibility.is_empty() { String::new() } else { format!("{visibility} ") };
        let field = format!("{visibility}{}: {ty}", written(&self.field));
        insert_field(file, source, &item, &field, edits);
        edits.messages.push(format!("{}: #[model({item})] {field}", source.name));
        Ok(())
    }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// What stands before a place in its line, if that is blank.
fn indentation(text: &str, place: usize) -> Option<&str> {
    let line = text[..place].rfind('\n').map_or(0, |end| end + 1);
    Some(&text[line..place]).filter(|before| before.trim().is_empty())
}

/// `#[model(..)]` below the other attributes of the struct.
fn insert_on_struct(file: &SourceFile, model: &ModelSource, item: &str, edits: &mut Edits) {
    let indent = indentation(&file.text, model.start).unwrap_or("");
    edits.insert(model.attributes_end, format!("{}{indent}#[model({item})]", newline(&file.text)));
    edits.messages.push(format!("{}: #[model({item})]", model.name));
}

/// `#[model(..)]` above a field, or before it where others stand in its line.
fn insert_on_field(file: &SourceFile, field: &FieldSource, item: &str, edits: &mut Edits) {
    let apart = indentation(&file.text, field.start);
    let apart = apart.map_or_else(|| " ".to_owned(), |indent| format!("{}{indent}", newline(&file.text)));
    edits.insert(field.start, format!("#[model({item})]{apart}"));
}

/// A field behind the last one: in lines of its own if the closing brace has one.
fn insert_field(file: &SourceFile, model: &ModelSource, item: &str, field: &str, edits: &mut Edits) {
    let (open, close) = model.braces;
    let last = model.fields.last();
    let comma = if last.is_some() && !model.has_last_comma { "," } else { "" };
    if let Some(outer) = indentation(&file.text, close) {
        let inner = last
            .and_then(|last| indentation(&file.text, last.start))
            .map_or_else(|| format!("{outer}    "), str::to_owned);
        if let Some(last) = last.filter(|_| !comma.is_empty()) {
            edits.insert(last.end, comma.to_owned());
        }
        let line = newline(&file.text);
        edits.insert(close - outer.len(), format!("{inner}#[model({item})]{line}{inner}{field},{line}"));
        return;
    }
    let inside = file.text[open + 1..close].trim_end();
    let place = open + 1 + inside.len();
    let after = if place == close { " " } else { "" };
    edits.insert(place, format!("{comma} #[model({item})] {field}{after}"));
}
