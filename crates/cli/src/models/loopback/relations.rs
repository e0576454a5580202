//! LoopBack's relations: foreign keys where it keeps them, and the other ends over them.
//!
//! Keys come first, of all models, so that a `hasMany` finds the `belongsTo` that it is the other end of.

use serde_json::Value;

use super::{Object, Source, object_in_settings, object_of, text_of};
use crate::models::definition::{Action, Definition, ForeignKey, Inverse, Kind, Over, Property};
use crate::names::{camel_case, many, relation_of_key, snake_case};

/// One relation of a model.
struct Relation<'a> {
    /// The place of the model that declares it.
    place: usize,
    name: &'a str,
    kind: &'a str,
    /// The model at its other end.
    related: &'a str,
    object: &'a Object,
}

/// Adds the relations of all models.
pub(super) fn add(sources: &[Source], definitions: &mut Vec<Definition>) {
    let mut relations = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        // What is declared on a base is declared on what is based on it, which may declare it anew.
        let mut seen = Vec::new();
        let line = super::bases(source, sources, &mut Vec::new());
        let all = line.iter().flat_map(|source| {
            object_of(&source.object, "relations").into_iter().chain(object_in_settings(source, "relations"))
        });
        for (name, value) in all.flatten() {
            let Some(object) = value.as_object().filter(|_| !seen.contains(&name)) else { continue };
            seen.push(name);
            let kind = text_of(object, "type").unwrap_or("");
            let related = text_of(object, "model").or_else(|| text_of(object, "target")).unwrap_or("");
            relations.push(Relation { place, name, kind, related, object });
        }
    }
    let (keys, others): (Vec<_>, Vec<_>) = relations.into_iter().partition(|relation| relation.kind == "belongsTo");
    for relation in keys {
        relation.add_key(definitions);
    }
    for relation in others {
        relation.add_other(definitions);
    }
}

impl Relation<'_> {
    fn option(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| text_of(self.object, key)).map(str::to_owned)
    }

    fn note(&self, definitions: &mut [Definition], why: &str) {
        definitions[self.place].notes.push(format!("{} `{}`: {why}", self.kind, self.name));
    }

    /// The place of a model; where there is none, a note says so.
    fn model(&self, name: &str, definitions: &mut [Definition]) -> Option<usize> {
        let place = definitions.iter().position(|definition| definition.name == name);
        if place.is_none() {
            self.note(definitions, &format!("no file that was given defines its model `{name}`."));
        }
        place
    }

    /// `belongsTo`: the key is here.
    fn add_key(&self, definitions: &mut [Definition]) {
        if let Some(polymorphic) = self.object.get("polymorphic").filter(|value| super::is_true(value)) {
            return self.add_polymorphic(polymorphic, definitions);
        }
        if self.model(self.related, definitions).is_none() {
            return;
        }
        let field = self.option(&["foreignKey", "keyFrom"]).unwrap_or_else(|| format!("{}Id", self.name));
        let target_fields = self.option(&["primaryKey", "keyTo"]).into_iter().collect();
        let key = ForeignKey {
            name: Some(self.name.to_owned()),
            fields: vec![field.clone()],
            target: self.related.to_owned(),
            target_fields,
            ..ForeignKey::default()
        };
        ensure_property(&mut definitions[self.place], &field, Kind::Undeclared);
        definitions[self.place].keys.push(key);
    }

    /// `belongsTo` to one of several models: the properties stay, as values.
    fn add_polymorphic(&self, polymorphic: &Value, definitions: &mut [Definition]) {
        let option = |key| polymorphic.get(key).and_then(Value::as_str).map(str::to_owned);
        let own = polymorphic.as_str().map(str::to_owned);
        let name = own.or_else(|| option("selector")).or_else(|| option("as")).unwrap_or_else(|| self.name.to_owned());
        let id = option("foreignKey").unwrap_or_else(|| format!("{name}Id"));
        let discriminator = option("discriminator").unwrap_or_else(|| format!("{name}Type"));
        let is_text = option("idType").is_some_and(|ty| ty.to_lowercase() != "number");
        ensure_property(&mut definitions[self.place], &id, if is_text { Kind::Text } else { Kind::Integer });
        ensure_property(&mut definitions[self.place], &discriminator, Kind::Text);
        let why = format!(
            "it is polymorphic, and relata's keys to one of several models are enums of ids (`PolymorphicId`), not the \
             values of `{id}` and `{discriminator}`, which are kept and not enforced."
        );
        self.note(definitions, &why);
    }

    fn add_other(&self, definitions: &mut Vec<Definition>) {
        if self.object.get("polymorphic").is_some_and(super::is_true) {
            let why = "it is polymorphic, the other end of a key to one of several models, which is left out too.";
            return self.note(definitions, why);
        }
        if self.object.get("scope").is_some_and(super::is_true) {
            self.note(definitions, "its `scope` is left out: filter the rows where the relation is followed.");
        }
        match self.kind {
            "hasOne" => self.add_inverse(true, definitions),
            "hasMany" if self.object.contains_key("through") => self.add_through(definitions),
            "hasMany" => self.add_inverse(false, definitions),
            "hasAndBelongsToMany" => self.add_link(definitions),
            "referencesMany" => self.add_list(definitions),
            "embedsOne" | "embedsMany" => self.add_embedded(definitions),
            _ => self.note(definitions, "there is no relation of this type."),
        }
    }

    /// `hasMany` and `hasOne`: the key is at the other end, and is added there if nothing declares it.
    fn add_inverse(&self, is_one: bool, definitions: &mut [Definition]) {
        let Some(related) = self.model(self.related, definitions) else { return };
        let owner = definitions[self.place].name.clone();
        let field = self.option(&["foreignKey", "keyTo"]).unwrap_or_else(|| format!("{}Id", camel_case(&owner)));
        let target_fields: Vec<String> = self.option(&["primaryKey", "keyFrom"]).into_iter().collect();
        let key = Key { owner: &owner, field: &field, target_fields };
        ensure_key(&mut definitions[related], key, &format!("{} `{}`", self.kind, self.name));
        if is_one {
            definitions[related].add_unique(vec![field.clone()]);
        }
        let over = Over::Key(vec![field]);
        definitions[self.place].inverses.push(self.inverse(is_one, over));
    }

    fn inverse(&self, is_one: bool, over: Over) -> Inverse {
        Inverse { name: self.name.to_owned(), is_one, model: self.related.to_owned(), over, is_declared: true }
    }

    /// `hasMany` through a model.
    fn add_through(&self, definitions: &mut [Definition]) {
        let through = &self.object["through"];
        let within = |key| through.get(key).and_then(Value::as_str).map(str::to_owned);
        let link = through.as_str().map(str::to_owned).or_else(|| within("model")).unwrap_or_default();
        if self.model(self.related, definitions).is_none() {
            return;
        }
        let Some(place) = self.model(&link, definitions) else { return };
        let owner = definitions[self.place].name.clone();
        let default = |model: &str| format!("{}Id", camel_case(model));
        let near = within("keyFrom").or_else(|| self.option(&["foreignKey"])).unwrap_or_else(|| default(&owner));
        let far = within("keyTo").or_else(|| self.option(&["keyThrough"])).unwrap_or_else(|| default(self.related));
        if near == far {
            let why = format!("both ends would be the key `{near}` of `{link}`: say `foreignKey` and `keyThrough`.");
            return self.note(definitions, &why);
        }
        let needs = format!("hasMany `{}` of {owner}", self.name);
        self.link(&mut definitions[place], [(&owner, &near), (self.related, &far)], &needs);
        let over = Over::Link { model: link, near: vec![near], far: vec![far] };
        definitions[self.place].inverses.push(self.inverse(false, over));
    }

    /// `hasAndBelongsToMany`: the link is a model that LoopBack makes, of the names of the two.
    fn add_link(&self, definitions: &mut Vec<Definition>) {
        if self.model(self.related, definitions).is_none() {
            return;
        }
        let (owner, related) = (definitions[self.place].name.clone(), self.related);
        if owner == related {
            return self.note(definitions, "both keys of its link would have one name: declare the link as a model.");
        }
        let names = [self.option(&["through"]), Some(format!("{owner}{related}")), Some(format!("{related}{owner}"))];
        let names: Vec<String> = names.into_iter().flatten().collect();
        let place = definitions.iter().position(|definition| names.contains(&definition.name));
        let (place, is_new) = (place.unwrap_or(definitions.len()), place.is_none());
        if is_new {
            let mut link = Definition { name: names[0].clone(), ..Definition::default() };
            link.notes.push(format!("Added for {} `{}` of {owner}: its links.", self.kind, self.name));
            definitions.push(link);
        }
        let [near, far] = [owner.as_str(), related].map(|model| format!("{}Id", camel_case(model)));
        let needs = format!("{} `{}` of {owner}", self.kind, self.name);
        self.link(&mut definitions[place], [(&owner, &near), (related, &far)], &needs);
        if is_new {
            // The note on the model says why they are there.
            definitions[place].properties.iter_mut().for_each(|property| property.notes.clear());
        }
        let over = Over::Link { model: definitions[place].name.clone(), near: vec![near], far: vec![far] };
        definitions[self.place].inverses.push(self.inverse(false, over));
    }

    /// Makes a model one of links: it has both keys, and each pair once.
    fn link(&self, link: &mut Definition, ends: [(&str, &String); 2], needs: &str) {
        for (model, field) in ends {
            let is_new = link.property(field).is_none();
            ensure_key(link, Key { owner: model, field, target_fields: Vec::new() }, needs);
            let Some(property) = link.property_mut(field).filter(|property| property.is_optional) else { continue };
            property.is_optional = false;
            if !is_new {
                property.notes.push(format!("Required for {needs}: a link has both its ends."));
            }
        }
        let pair: Vec<String> = ends.iter().map(|(_, field)| (*field).clone()).collect();
        let is_unique = std::iter::once(&link.primary_key)
            .chain(&link.uniques)
            .any(|unique| !unique.is_empty() && unique.iter().all(|field| pair.contains(field)));
        if !is_unique {
            if self.kind == "hasMany" {
                link.notes.push(format!("Unique for {needs}: relata links two rows once."));
            }
            link.uniques.push(pair);
        }
    }

    /// `referencesMany`: a list of ids.
    fn add_list(&self, definitions: &mut [Definition]) {
        let Some(related) = self.model(self.related, definitions) else { return };
        let default = || format!("{}Ids", camel_case(self.related));
        let field = self.option(&["foreignKey", "keyFrom"]).unwrap_or_else(default);
        let target = &definitions[related];
        if let [key] = &target.primary_key[..] {
            let kind = target.property(key).map_or(Kind::Json, |property| property.kind.clone());
            let why = format!(
                "relata enforces lists of its own ids, and those of {} are values of `{key}`: `{field}` is kept and not \
                 enforced.",
                self.related
            );
            let kind = if kind == Kind::Number { Kind::Integer } else { kind };
            self.note(definitions, &why);
            ensure_property(&mut definitions[self.place], &field, Kind::List(Box::new(kind)));
            return;
        }
        let definition = &mut definitions[self.place];
        let kind = Kind::List(Box::new(Kind::Id(self.related.to_owned())));
        ensure_property(definition, &field, kind.clone());
        if let Some(property) = definition.property_mut(&field) {
            (property.kind, property.is_optional) = (kind, false);
        }
        definition.keys.push(ForeignKey {
            name: Some(self.name.to_owned()),
            fields: vec![field],
            target: self.related.to_owned(),
            is_list: true,
            on_delete: Action::Unsaid,
            ..ForeignKey::default()
        });
    }

    /// `embedsOne` and `embedsMany`: rows within the row.
    fn add_embedded(&self, definitions: &mut [Definition]) {
        if self.model(self.related, definitions).is_none() {
            return;
        }
        let is_one = self.kind == "embedsOne";
        let base = camel_case(self.related);
        let default = if is_one { base } else { camel_case(&many(&snake_case(&base))) };
        let default = if default == self.name { format!("_{default}") } else { default };
        let field = self.option(&["property"]).unwrap_or(default);
        let row = Kind::Embedded(self.related.to_owned());
        let kind = if is_one { row } else { Kind::List(Box::new(row)) };
        let definition = &mut definitions[self.place];
        ensure_property(definition, &field, kind.clone());
        if let Some(property) = definition.property_mut(&field) {
            property.kind = kind;
        }
    }
}

fn ensure_property(definition: &mut Definition, name: &str, kind: Kind) {
    if definition.property(name).is_none() {
        definition.properties.push(Property::new(name, kind, true));
    }
}

/// A key to an owner that a relation of that owner needs.
struct Key<'a> {
    owner: &'a str,
    field: &'a String,
    target_fields: Vec<String>,
}

/// Adds the `belongsTo` that a relation is the other end of, where it is not declared.
fn ensure_key(definition: &mut Definition, Key { owner, field, target_fields }: Key<'_>, needs: &str) {
    let is_it = |key: &ForeignKey| key.target == owner && key.fields == [field.clone()] && !key.is_list;
    if definition.keys.iter().any(is_it) {
        return;
    }
    ensure_property(definition, field, Kind::Undeclared);
    let name = field.strip_suffix("Id").filter(|name| !name.is_empty());
    let name = name.map_or_else(|| relation_of_key(&snake_case(field)).to_owned(), str::to_owned);
    definition.keys.push(ForeignKey {
        name: Some(name),
        fields: vec![field.clone()],
        target: owner.to_owned(),
        target_fields,
        ..ForeignKey::default()
    });
    if let Some(property) = definition.property_mut(field) {
        let of = if needs.contains(" of ") { needs.to_owned() } else { format!("{needs} of {owner}") };
        property.notes.push(format!("belongsTo added for {of}, which is the other end of this key."));
    }
}
