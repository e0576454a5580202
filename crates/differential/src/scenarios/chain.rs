//! Keys inside of keys: clearing a foreign key clears a unique key that other rows refer to.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(zones: Zone))]
struct Region {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(region_code, name))]
struct Zone {
    #[model(belongs_to(Region), name = region, on_delete = set_null, on_update = no_action)]
    region_code: Option<String>,
    name: String,
}

/// Its relation restricts the zone's key and the zone alike, as SQLite's side cannot tell them apart.
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Zone, key_from(region_code, zone_name), key_to(region_code, name), name = zone))]
struct Site {
    region_code: Option<String>,
    zone_name: String,
    #[model(belongs_to(Region), name = origin, on_delete = cascade)]
    origin_code: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Zone, key_from(region_code, zone_name), key_to(region_code, name), name = zone, on_delete = no_action, on_update = no_action))]
struct Survey {
    region_code: Option<String>,
    zone_name: Option<String>,
}

record!(Region { code } by BY_CODE);
record!(Zone { region_code, name });
record!(Site { region_code, zone_name, origin_code });
record!(Survey { region_code, zone_name });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "chain of keys",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Region>::new(), &TableOf::<Zone>::new(), &TableOf::<Site>::new(), &TableOf::<Survey>::new()],
    delete_all: &[DeleteAll {
        source: 1,
        relation: "region",
        owner: 0,
        run: |w, owner| delete_all(w, Region::ZONES, owner),
    }],
    defaults: &[],
};
