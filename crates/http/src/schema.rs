//! The models as the explorer and the routes see them.

use relata::data::{Exposure, Kind};
use relata::{Database, InverseKind, TableSchema};
use serde_json::{Map, Value as Json, json};

use crate::route::Along;
use crate::{Api, Exposed};

/// A model with its relations.
pub(crate) fn exposed(table: &TableSchema) -> Exposed {
    let own = table.relations.iter().map(|relation| {
        let along = if relation.many { Along::ReferencesMany } else { Along::BelongsTo };
        (relation.name.clone(), along, relation.target.clone())
    });
    let inverses = table.inverses.iter().map(|inverse| {
        let along = match inverse.kind {
            InverseKind::HasOne => Along::HasOne,
            InverseKind::HasMany => Along::HasMany,
            InverseKind::HasManyThrough { .. } => Along::Through,
        };
        (inverse.name.clone(), along, inverse.source.clone())
    });
    Exposed { name: table.name.clone(), relations: own.chain(inverses).collect() }
}

impl Along {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Along::BelongsTo => "belongsTo",
            Along::ReferencesMany => "referencesMany",
            Along::HasOne => "hasOne",
            Along::HasMany => "hasMany",
            Along::Through => "hasManyThrough",
        }
    }
}

/// What kind of value a property has, by the words of JSON.
pub(crate) fn type_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Integer { .. } => "integer",
        Kind::Float => "number",
        Kind::Text | Kind::Enum(_) => "string",
        Kind::Id => "id",
        Kind::List | Kind::Bytes => "array",
        Kind::Object => "object",
        _ => "any",
    }
}

/// The models that are open, for the explorer.
pub(crate) fn describe(api: &Api, database: &Database, may_read: impl Fn(&str) -> bool) -> Json {
    let exposure: &Exposure = &api.exposure;
    let models = api.models.iter().zip(&api.paths).filter_map(|(model, path)| {
        if !may_read(&model.name) {
            return None;
        }
        let table = database.data(&model.name).ok()?.with(exposure);
        let count = table.count(&relata::data::Where::all()).ok()?;
        let schema = database.schema().table(&model.name)?;
        let outside = |name: &String| {
            let field = schema.fields.iter().find(|field| field.name == *name)?;
            exposure.is_field_open(&model.name, &field.external_name).then(|| field.external_name.clone())
        };
        let properties = table.properties().into_iter().map(|property| {
            let mut json = Map::new();
            json.insert("name".into(), property.name.into());
            json.insert("type".into(), type_of(&property.kind).into());
            json.insert("optional".into(), property.is_optional.into());
            json.insert("hasDefault".into(), property.has_default.into());
            if let Kind::Enum(variants) = property.kind {
                json.insert("enum".into(), variants.into());
            }
            Json::Object(json)
        });
        let relations = table.relations().into_iter().filter_map(|relation| {
            let (_, along, _) = model.relations.iter().find(|(name, ..)| name == relation.name)?;
            let own = schema.relations.iter().find(|known| known.name == relation.name);
            let keys: Vec<String> = own.map(|own| own.fields.iter().filter_map(outside).collect()).unwrap_or_default();
            let on_delete = own.map(|own| own.on_delete.to_string());
            let inverse = schema.inverses.iter().find(|known| known.name == relation.name);
            let through = inverse.filter(|inverse| *along == Along::Through && exposure.is_open(&inverse.source));
            let through = through.map(|inverse| inverse.source.clone());
            Some(json!({
                "name": relation.name, "model": relation.target, "kind": along.name(), "many": relation.is_many,
                "keys": keys, "onDelete": on_delete, "required": own.is_some_and(|own| own.required),
                "through": through,
            }))
        });
        let uniques = schema.uniques.iter().map(|unique| unique.fields.iter().filter_map(outside).collect::<Vec<_>>());
        let primary_key = schema.primary_key.and_then(|place| schema.uniques.get(place));
        let primary_key = primary_key.map(|key| key.fields.iter().filter_map(outside).collect::<Vec<_>>());
        Some(json!({
            "name": model.name, "path": path, "count": count,
            "readOnly": api.is_read_only || api.read_only.contains(&model.name),
            "properties": properties.collect::<Vec<_>>(), "relations": relations.collect::<Vec<_>>(),
            "uniques": uniques.collect::<Vec<_>>(), "primaryKey": primary_key,
        }))
    });
    json!({ "models": models.collect::<Vec<_>>(), "limits": { "rows": api.limits.rows } })
}
