//! Keys of one field that change, and rows that follow them by every action.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, FieldDefault, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(regions: Region))]
struct Country {
    #[model(primary_key)]
    code: String,
    note: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(cities: City))]
struct Region {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to(Country), name = country, on_delete = cascade, on_update = cascade)]
    country_code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct City {
    #[model(unique)]
    name: Option<String>,
    #[model(belongs_to(Region), name = region, on_delete = set_null, on_update = cascade)]
    region_name: Option<String>,
    #[model(belongs_to(Country), name = capital_of, on_delete = set_default, on_update = set_null)]
    #[model(default = "asgard".to_owned())]
    capital_of_code: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Person {
    #[model(belongs_to(City), key_to = name, name = city, on_delete = no_action, on_update = cascade)]
    city_name: Option<String>,
    #[model(belongs_to(Country), name = origin, on_delete = set_default, on_update = set_default)]
    #[model(default = "asgard".to_owned())]
    origin_code: String,
    #[model(belongs_to(Region), name = seen, on_delete = restrict, on_update = restrict)]
    seen_name: Option<String>,
}

/// Keys that are foreign keys: a delete changes them, and others follow.
#[derive(Model, Clone, Serialize, Deserialize)]
struct Capital {
    #[model(unique, belongs_to(Country), name = country, on_delete = set_default, on_update = cascade)]
    #[model(default = "asgard".to_owned())]
    country_code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Flag {
    #[model(unique, belongs_to(Country), name = country, on_delete = set_null, on_update = set_null)]
    country_code: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Guide {
    #[model(belongs_to(Capital), key_to = country_code, name = capital, on_delete = cascade, on_update = cascade)]
    capital_code: Option<String>,
    #[model(belongs_to(Flag), key_to = country_code, name = flag, on_delete = set_null, on_update = cascade)]
    flag_code: Option<String>,
}

record!(Country { code, note } by BY_CODE);
record!(Region { name, country_code } by BY_NAME);
record!(City { name, region_name, capital_of_code });
record!(Person { city_name, origin_code, seen_name });
record!(Capital { country_code });
record!(Flag { country_code });
record!(Guide { capital_code, flag_code });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "keys that are followed",
    deferral: Deferral::ByTransaction,
    tables: &[
        &TableOf::<Country>::new(),
        &TableOf::<Region>::new(),
        &TableOf::<City>::new(),
        &TableOf::<Person>::new(),
        &TableOf::<Capital>::new(),
        &TableOf::<Flag>::new(),
        &TableOf::<Guide>::new(),
    ],
    delete_all: &[
        DeleteAll { source: 1, relation: "country", owner: 0, run: |w, owner| delete_all(w, Country::REGIONS, owner) },
        DeleteAll { source: 2, relation: "region", owner: 1, run: |w, owner| delete_all(w, Region::CITIES, owner) },
    ],
    defaults: &[
        FieldDefault { table: "City", field: "capital_of_code", value: "asgard" },
        FieldDefault { table: "Capital", field: "country_code", value: "asgard" },
        FieldDefault { table: "Person", field: "origin_code", value: "asgard" },
    ],
};
