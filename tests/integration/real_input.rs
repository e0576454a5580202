//! Real input: TPC-H rows as the benchmark's own generator makes them, and this project's own `Cargo.lock`.

use std::collections::BTreeMap;

use relata::{Database, Error, Id, Model};
use serde::{Deserialize, Serialize};

#[path = "../../examples/support/tpch.rs"]
#[allow(dead_code, reason = "the examples use more of it")]
mod tpch;

use tpch::{Customer, LineItem, Nation, Order, Part, PartSupplier, Region, Supplier};

/// The row counts are those that TPC-H prescribes for the scale (line items: those that dbgen makes).
#[test]
fn tpch_loads_with_every_key_checked() {
    let db = tpch::load(0.01, tpch::TEXT_BYTES, |_, _, _| {}).unwrap();
    let counts = [
        db.len::<Region>(),
        db.len::<Nation>(),
        db.len::<Customer>(),
        db.len::<Order>(),
        db.len::<LineItem>(),
        db.len::<Part>(),
        db.len::<Supplier>(),
        db.len::<PartSupplier>(),
    ];
    assert_eq!(counts, [5, 25, 1_500, 15_000, 60_175, 2_000, 100, 8_000]);
    assert_eq!(db.check(), Ok(()));
    same_revenue_by_inclusion_and_by_walking(&db);
}

/// behaviour R32: nested to any depth typed at compile time (order -> customer -> region)
fn same_revenue_by_inclusion_and_by_walking(db: &Database) {
    let lines: Vec<Id<LineItem>> = db.table::<LineItem>().unwrap().ids().collect();
    let path = LineItem::ORDER.then(Order::CUSTOMER.then(Customer::NATION.then(Nation::REGION)));
    let mut included: BTreeMap<&str, i64> = BTreeMap::new();
    for pair in db.include(&lines, path) {
        let (line, region) = pair.unwrap();
        *included.entry(&region.name).or_default() += db.get(line).unwrap().revenue_cents_e2();
    }
    let mut walked: BTreeMap<String, i64> = BTreeMap::new();
    for (id, line) in db.iter::<LineItem>() {
        let nation = db.row(id).unwrap().order().unwrap().customer().unwrap().nation().unwrap();
        *walked.entry(nation.region().unwrap().name.clone()).or_default() += line.revenue_cents_e2();
    }
    assert_eq!(walked.len(), 5);
    assert!(
        included.iter().map(|(name, sum)| (*name, *sum)).eq(walked.iter().map(|(name, sum)| (name.as_str(), *sum)))
    );
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(primary_key(name, version), has_many(needs: Dependency, via = dependent), has_many(needed_by: Dependency, via = package))]
struct Package {
    name: String,
    version: String,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(belongs_to(Package, name = dependent, key_from(dependent_name, dependent_version), on_delete = cascade))]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Dependency {
    dependent_name: String,
    dependent_version: String,
    package_name: String,
    package_version: String,
}

/// The packages of a lock file, and what each needs, by plain text search.
fn parse(text: &str) -> Vec<(Package, Vec<String>)> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|quoted| quoted.trim_matches('"').to_owned())
    };
    let packages = text.split("[[package]]").skip(1).map(|block| {
        let package = Package { name: value(block, "name").unwrap(), version: value(block, "version").unwrap() };
        let needs = block.lines().filter_map(|line| Some(line.strip_prefix(" \"")?.trim_end_matches("\",").to_owned()));
        (package, needs.collect())
    });
    packages.collect()
}

/// behaviour I2: composite keys; behaviour I1: Insert of a source whose key names no target is refused
#[test]
fn the_lock_file_of_this_project() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let parsed = parse(&text);
    let mut dependencies = Vec::new();
    for (dependent, needs) in &parsed {
        for need in needs {
            // "name version", or the name alone where there is one version.
            let mut words = need.split(' ');
            let name = words.next().unwrap().to_owned();
            let only = || parsed.iter().find(|(package, _)| package.name == name).unwrap().0.version.clone();
            let version = words.next().map_or_else(only, str::to_owned);
            dependencies.push(Dependency {
                dependent_name: dependent.name.clone(),
                dependent_version: dependent.version.clone(),
                package_name: name,
                package_version: version,
            });
        }
    }
    let mut db = Database::builder().model::<Package>().model::<Dependency>().build().unwrap();
    let count = dependencies.len();
    assert!(db.insert_many(dependencies.clone()).is_err(), "dependencies before packages");
    db.insert_many(parsed.iter().map(|(package, _)| package.clone()).collect::<Vec<_>>()).unwrap();
    db.insert_many(dependencies).unwrap();
    assert_eq!((db.len::<Package>(), db.len::<Dependency>(), db.check()), (parsed.len(), count, Ok(())));

    let version = &parsed.iter().find(|(package, _)| package.name == "relata").unwrap().0.version;
    let (relata, _) = db.find(Package::BY_NAME_VERSION, ("relata", version.as_str())).unwrap();
    let needs = db.children(relata, Package::NEEDS).unwrap();
    let names: Vec<&str> = needs.map(|(_, need)| need.package_name.as_str()).collect();
    assert!(names.contains(&"slotmap") && names.contains(&"hashbrown"), "{names:?}");
    let (slotmap, _) = db.iter::<Package>().find(|(_, package)| package.name == "slotmap").unwrap();
    let plan = db.plan_delete(slotmap).unwrap();
    assert!(matches!(plan.blocked[..], [Error::RestrictViolation { relation: "package", .. }, ..]));
}
