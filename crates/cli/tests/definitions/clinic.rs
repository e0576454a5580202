// Written by `relata models` from models.json.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Id, Model};
use serde::{Deserialize, Serialize};

// `validations`: relata enforces keys and types, no other rule of a value.
// hasMany `pictures`: it is polymorphic, the other end of a key to one of several models, which is
// left out too.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(patients: Patient, through = Appointment))]
#[model(has_many(notes: Note))]
#[serde(rename_all = "camelCase")]
pub struct Physician {
    #[model(primary_key)]
    pub id: String,
    pub name: String,
    pub r#type: Option<String>,
    pub room: Option<i64>,
    #[model(belongs_to)]
    pub ward_id: Option<Id<Ward>>,
}

// `validations`: relata enforces keys and types, no other rule of a value.
// belongsTo `insurer`: no file that was given defines its model `Insurer`.
// hasMany `physicians`: its `scope` is left out: filter the rows where the relation is followed.
// referencesMany `favourites`: relata enforces lists of its own ids, and those of Physician are
// values of `id`: `physicianIds` is kept and not enforced.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(physicians: Physician, through = Appointment))]
pub struct Patient {
    #[model(primary_key)]
    pub id: String,
    pub name: String,
    pub r#type: Option<String>,
    pub home: Option<GeoPoint>,
    /// Whatever came with the patient.
    // `any`: no type of Rust says what this holds, so it is any JSON (crate `serde_json`).
    pub file: Option<serde_json::Value>,
    // `default: []`: a row is a struct, and whoever makes one gives every field.
    pub allergies: Option<Vec<String>>,
    #[serde(rename = "weightKg")]
    pub weight_kg: Option<f64>,
    #[model(belongs_to)]
    #[serde(rename = "wardId")]
    pub ward_id: Option<Id<Ward>>,
    // A `Contact` within the row is a value: it has no id, and its keys are not enforced.
    #[serde(rename = "_contacts")]
    pub contacts: Option<Vec<Contact>>,
    #[serde(rename = "physicianIds")]
    pub physician_ids: Option<Vec<String>>,
    #[model(references_many)]
    #[serde(rename = "wardIds")]
    pub ward_ids: Vec<Id<Ward>>,
}

// `validations`: relata enforces keys and types, no other rule of a value.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    #[model(primary_key)]
    pub id: String,
    pub name: String,
    pub r#type: Option<String>,
    #[model(belongs_to)]
    pub ward_id: Option<Id<Ward>>,
}

// Unique for hasMany `patients` of Physician: relata links two rows once.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(unique(physician_id, patient_id))]
#[serde(rename_all = "camelCase")]
pub struct Appointment {
    #[model(primary_key)]
    pub id: i64,
    pub at: Option<String>,
    // Required for hasMany `patients` of Physician: a link has both its ends.
    #[model(belongs_to(Physician))]
    pub physician_id: String,
    // belongsTo added for hasMany `patients` of Physician, which is the other end of this key.
    #[model(belongs_to(Patient))]
    pub patient_id: String,
}

// belongsTo `imageable`: it is polymorphic, and relata's keys to one of several models are enums of
// ids (`PolymorphicId`), not the values of `imageableId` and `imageableType`, which are kept and
// not enforced.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    #[model(primary_key)]
    pub id: i64,
    // `buffer`: no type of Rust says what this holds, so it is any JSON (crate `serde_json`).
    pub bytes: Option<serde_json::Value>,
    pub imageable_id: Option<i64>,
    pub imageable_type: Option<String>,
}

// sortsInto `kinds`: there is no relation of this type.
// Foreign key wardName: relata's keys refer to unique ones, and name of `Ward` is none.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    #[model(primary_key)]
    pub id: i64,
    pub text: Option<String>,
    // belongsTo added for hasMany `notes` of Physician, which is the other end of this key.
    // Declared as a number with a fraction: a key has the type of what it refers to.
    #[model(belongs_to(Physician))]
    pub written_by: Option<String>,
    #[model(belongs_to(Ward), name = code, key_to(code))]
    pub ward_code: Option<i64>,
    pub ward_name: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub phone: String,
    // A `Contact` within itself would have no end, so it is any JSON (crate `serde_json`).
    pub backup: Option<serde_json::Value>,
}

// Relation `nurses` to Nurse: the key that it is the other end of is left out.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ward {
    #[model(unique)]
    pub code: Option<i64>,
    pub name: Option<String>,
    pub get: Option<bool>,
}

// Relation `wards` to Ward: the key that it is the other end of is left out.
// Relation `ward`: the name `get` is taken by another relation or by relata.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(primary_key(country, badge))]
pub struct Nurse {
    pub country: String,
    pub badge: i64,
    #[model(belongs_to, name = ward)]
    pub get: Option<Id<Ward>>,
}

// Added for hasAndBelongsToMany `nurses` of Ward: its links.
// Foreign key nurseId: it has 1 field, and the key of `Nurse` has 2.
// Unique key wardId, nurseId: any JSON can be in no key, as it has no total equality.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WardNurse {
    #[model(belongs_to)]
    pub ward_id: Id<Ward>,
    // No type is declared, so it is any JSON (crate `serde_json`).
    pub nurse_id: serde_json::Value,
}

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    pub lat: f64,
    pub lng: f64,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder()
        .model::<Physician>()
        .model::<Patient>()
        .model::<Person>()
        .model::<Appointment>()
        .model::<Picture>()
        .model::<Note>()
        .model::<Contact>()
        .model::<Ward>()
        .model::<Nurse>()
        .model::<WardNurse>()
}
