//! The lock file of a large Rust project: composite natural keys, many packages to many packages.

use relata::Model;
use serde::{Deserialize, Serialize};

data_set!(CargoLock in "cargo_lock": [
    Package, Dependency,
]);

/// A package in one version.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "package",
    primary_key(name, version),
    has_many(dependencies: Dependency, via = dependent),
    has_many(dependents: Dependency, via = dependency),
)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub source: Option<String>,
    pub checksum: Option<String>,
}

/// One package needs another: two relations to one model, each by a composite key.
#[derive(Model, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[model(
    table = "dependency",
    primary_key(name, version, position),
    belongs_to(Package, key_from(name, version), name = dependent),
    belongs_to(Package, key_from(dep_name, dep_version), name = dependency),
)]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub position: u32,
    pub dep_name: String,
    pub dep_version: String,
}
