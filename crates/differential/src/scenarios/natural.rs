//! Keys that the data brings, of one field, which change.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(cities: City), has_many(born: Person, via = birth_country))]
struct Country {
    #[model(primary_key)]
    code: String,
    note: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct City {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to(Country), name = country, on_delete = cascade)]
    country_code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Person {
    #[model(unique)]
    name: Option<String>,
    #[model(belongs_to(City), name = city, on_delete = set_null, on_update = no_action)]
    city_name: Option<String>,
    #[model(belongs_to(Country), name = birth_country, on_delete = no_action, on_update = no_action)]
    birth_country_code: Option<String>,
    #[model(belongs_to(Person), key_to = name, name = friend, on_delete = restrict)]
    friend_name: Option<String>,
}

record!(Country { code, note } by BY_CODE);
record!(City { name, country_code } by BY_NAME);
record!(Person { name, city_name, birth_country_code, friend_name });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "natural keys",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Country>::new(), &TableOf::<City>::new(), &TableOf::<Person>::new()],
    delete_all: &[
        DeleteAll { source: 1, relation: "country", owner: 0, run: |w, owner| delete_all(w, Country::CITIES, owner) },
        DeleteAll {
            source: 2,
            relation: "birth_country",
            owner: 0,
            run: |w, owner| delete_all(w, Country::BORN, owner),
        },
    ],
    defaults: &[],
};
