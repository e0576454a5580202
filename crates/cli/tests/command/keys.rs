//! `check` against `load`: what one refuses for a broken key the other refuses, and names the same rows.

use relata::{Database, DatabaseBuilder, Error, Id, Model, PolymorphicId, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::{Ended, Folder, printed, relata};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(name, version))]
struct Package {
    name: String,
    version: u32,
    #[model(unique)]
    homepage: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version)))]
struct Dependency {
    package_name: String,
    package_version: Option<u32>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Drawer {
    #[model(belongs_to(Drawer), name = parent, acyclic)]
    #[serde(rename = "within")]
    parent_id: Option<Id<Drawer>>,
}

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Place {
    Package(Id<Package>),
    Drawer(Id<Drawer>),
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Star {
    #[model(belongs_to(Package, Drawer))]
    place: Place,
    #[model(references_many)]
    seen_ids: Vec<Id<Drawer>>,
}

fn models() -> DatabaseBuilder {
    Database::builder().model::<Package>().model::<Dependency>().model::<Drawer>().model::<Star>()
}

fn package(name: &str, version: u32, homepage: Option<&str>) -> Package {
    Package { name: name.into(), version, homepage: homepage.map(str::to_owned) }
}

fn depends(name: &str, version: Option<u32>) -> Dependency {
    Dependency { package_name: name.into(), package_version: version }
}

/// Saves rows that may break rules, and gives what a load says of the file.
fn save(folder: &Folder, db: &Database) -> (String, Vec<Error>) {
    let file = folder.name("world.relata");
    db.saver().with_violations().save(&file).unwrap();
    match models().load(&file) {
        Ok(_) => (file, Vec::new()),
        Err(SnapshotError::Violations { violations }) => (file, violations),
        Err(error) => panic!("{error}"),
    }
}

/// behaviour V16: "What a load refuses for a broken key `relata check` refuses, and names the same rows"
///
/// There are as many lines as violations, and each begins with the row and says the same of it.
fn assert_same(check: &Ended, violations: &[Error]) {
    let lines: Vec<&str> = check.out.lines().collect();
    let (last, lines) = lines.split_last().unwrap();
    assert_eq!((check.code, lines.len()), (1, violations.len()), "{}\n{violations:#?}", check.out);
    assert!(last.contains(&format!(": {} violation", violations.len())), "{last}");
    for violation in violations {
        let (start, end) = match violation {
            Error::ForeignKeyViolation { model, relation, row, target, key, .. } => {
                // Keys of several parts are shown as Rust shows them, and as JSON here.
                let key = if key.starts_with("id ") { key } else { "" };
                (format!("{}: `{model}`.{relation}: no `{target}` with {key}", row.unwrap()), String::new())
            }
            Error::UniqueViolation { model, fields, key, existing } => {
                let (_, id) = key.rsplit_once(" of ").unwrap();
                (format!("{model} {id}: {} = ", fields.join(", ")), format!(" is taken by {existing}"))
            }
            Error::Cycle { way, .. } => (format!("{}: {violation}", way[0]), String::new()),
            other => panic!("{other}"),
        };
        let is_said = |line: &&&str| line.starts_with(&start) && line.ends_with(&end);
        assert_eq!(lines.iter().filter(is_said).count(), 1, "{start}..{end} is not once in\n{}", check.out);
    }
}

/// The ids that the first rows of a table get.
fn ids<M: Model>(rows: impl IntoIterator<Item = M>) -> Vec<Id<M>> {
    models().build().unwrap().insert_many_unchecked(rows.into_iter().collect::<Vec<_>>()).unwrap()
}

fn drawer(parent_id: Option<Id<Drawer>>) -> Drawer {
    Drawer { parent_id }
}

#[test]
fn check_refuses_what_load_refuses_and_names_the_same_rows() {
    let folder = Folder::new();
    let mut db = models().build().unwrap();
    let packages = [
        package("serde", 1, Some("serde.rs")),
        package("serde", 1, None),
        package("rand", 2, Some("serde.rs")),
        package("serde", 2, None),
        package("serde", 1, Some("docs.rs")),
    ];
    let packages = db.insert_many_unchecked(packages).unwrap();
    let keys = [("serde", Some(1)), ("serde", Some(3)), ("gone", None), ("gone", Some(9))];
    db.insert_many_unchecked(keys.map(|(name, version)| depends(name, version))).unwrap();
    // A circle of three, one of one, a row that leads into a circle, one that leads to a row that was never there.
    let drawers = ids([None; 30].map(drawer));
    let ways = [1, 2, 0, 3, 3, 29].map(|to| drawer(Some(drawers[to])));
    db.insert_many_unchecked(ways).unwrap();
    let star = |place, seen_ids| Star { place, seen_ids };
    let stars = [
        star(Place::Package(packages[0]), vec![drawers[0], drawers[1]]),
        star(Place::Package(packages[4]), vec![drawers[20], drawers[0], drawers[20], drawers[21]]),
        star(Place::Drawer(drawers[22]), vec![]),
        star(Place::Package(Id::null()), vec![]),
    ];
    db.insert_many_unchecked(stars).unwrap();
    db.delete(packages[3]).unwrap();
    let (file, violations) = save(&folder, &db);
    assert_eq!(violations.len(), 3 + 2 + 3 + 2 + 3, "{violations:#?}");
    assert_same(&relata(&["check", &file]), &violations);
}

/// A circle of many rows is one violation, shown by its first rows.
#[test]
fn a_long_circle_is_cut_short() {
    let folder = Folder::new();
    let mut db = models().build().unwrap();
    let drawers = ids([None; 30].map(drawer));
    db.insert_many_unchecked((1..=30).map(|to| drawer(Some(drawers[to % 30]))).collect::<Vec<_>>()).unwrap();
    let (file, violations) = save(&folder, &db);
    assert_eq!(violations.len(), 1);
    assert_same(&relata(&["check", &file]), &violations);
}

#[test]
fn check_passes_what_load_passes() {
    let folder = Folder::new();
    let mut db = models().build().unwrap();
    let serde = db.insert(package("serde", 1, None)).unwrap();
    db.insert(package("rand", 1, None)).unwrap();
    db.insert_many([depends("serde", Some(1)), depends("gone", None)]).unwrap();
    let root = db.insert(drawer(None)).unwrap();
    let inner = db.insert(drawer(Some(root))).unwrap();
    db.insert(Star { place: Place::Package(serde), seen_ids: vec![inner, root, inner] }).unwrap();
    db.insert(Star { place: Place::Drawer(inner), seen_ids: vec![] }).unwrap();
    let (file, violations) = save(&folder, &db);
    assert_eq!(violations, []);
    let check = printed(&["check", &file]);
    assert!(check.ends_with("whole, 8 rows of 4 tables, every key holds\n"), "{check}");
}

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Renamed {
    #[serde(rename = "p")]
    Package(Id<Package>),
    #[serde(rename = "d")]
    Drawer(Id<Drawer>),
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Label {
    #[model(belongs_to(Package, Drawer))]
    on: Renamed,
}

/// What the file does not tell is not guessed, and is told.
#[test]
fn keys_in_another_form_are_counted() {
    let folder = Folder::new();
    let models = Database::builder().model::<Package>().model::<Drawer>().model::<Label>();
    let mut db = models.build().unwrap();
    let serde = db.insert(package("serde", 1, None)).unwrap();
    db.insert_many([Renamed::Package(serde); 2].map(|on| Label { on })).unwrap();
    let file = folder.name("labels.relata");
    db.save(&file).unwrap();
    let check = printed(&["check", &file]);
    assert!(check.contains("Label: foreign key on_package: not checked in 2 rows"), "{check}");
    assert!(!check.contains("every key holds"), "{check}");
}
