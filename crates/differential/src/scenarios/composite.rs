//! Keys of two fields, of which any part may be absent (MATCH SIMPLE).

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version), has_many(dependencies: Dependency, via = package))]
struct Package {
    name: String,
    version: String,
    note: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version), name = package, on_delete = cascade))]
#[model(belongs_to(Package, key_from(needs_name, needs_version), name = needs, on_delete = set_null))]
#[model(unique(package_name, package_version, needs_name))]
struct Dependency {
    package_name: String,
    package_version: String,
    needs_name: Option<String>,
    needs_version: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version), name = package, on_delete = restrict))]
#[model(belongs_to(Package, key_from(fixed_name, fixed_version), name = fixed, on_delete = no_action, on_update = no_action))]
struct Advisory {
    package_name: String,
    package_version: Option<String>,
    fixed_name: Option<String>,
    fixed_version: Option<String>,
}

record!(Package { name, version, note } by BY_NAME_VERSION);
record!(Dependency { package_name, package_version, needs_name, needs_version });
record!(Advisory { package_name, package_version, fixed_name, fixed_version });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "composite keys",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Package>::new(), &TableOf::<Dependency>::new(), &TableOf::<Advisory>::new()],
    delete_all: &[DeleteAll {
        source: 1,
        relation: "package",
        owner: 0,
        run: |w, owner| delete_all(w, Package::DEPENDENCIES, owner),
    }],
    defaults: &[],
};
