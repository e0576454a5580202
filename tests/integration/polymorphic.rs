//! Polymorphic keys: an enum of ids, each variant of which is a relation of its own.

use relata::{Action, Database, Error, Id, Model, PolymorphicId};
use serde::{Deserialize, Serialize};

use crate::support::{refused, state};

mod declared;
mod thread;

#[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Owner {
    Person(Id<Person>),
    Company(Id<Company>),
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(assets: Asset), has_many(loans: Loan), has_one(badge: Badge))]
struct Person {
    name: String,
    #[model(belongs_to)]
    employer_id: Option<Id<Company>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(assets: Asset), has_many(loans: Loan, via = borrower_company), has_one(badge: Badge))]
struct Company {
    name: String,
}

/// Always somebody's, and gone with its owner.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asset {
    label: String,
    #[model(belongs_to(Person, Company), on_delete = cascade)]
    owner: Owner,
}

/// Perhaps with somebody.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Loan {
    #[model(belongs_to(Person, Company, on_delete = set_null))]
    borrower_id: Option<Owner>,
}

/// One for each holder, who cannot go before it.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Badge {
    #[model(unique, belongs_to(Person, Company), name = held_by)]
    holder: Owner,
    number: u32,
}

fn asset(label: &str, owner: impl Into<Owner>) -> Asset {
    Asset { label: label.into(), owner: owner.into() }
}

fn empty() -> Database {
    let models = Database::builder().model::<Person>().model::<Company>();
    models.model::<Asset>().model::<Loan>().model::<Badge>().build().unwrap()
}

/// Ada, and Acme, which employs her: ids that differ in nothing but their type.
fn world() -> (Database, Id<Person>, Id<Company>) {
    let mut db = empty();
    let acme = db.insert(Company { name: "Acme".into() }).unwrap();
    let ada = db.insert(Person { name: "Ada".into(), employer_id: Some(acme) }).unwrap();
    assert_eq!(ada.to_string(), acme.to_string());
    (db, ada, acme)
}

/// The labels of what they own, of both.
fn owned(db: &Database, ada: Id<Person>, acme: Id<Company>) -> [Vec<&str>; 2] {
    [
        db.children(ada, Person::ASSETS).unwrap().map(|(_, asset)| asset.label.as_str()).collect(),
        db.children(acme, Company::ASSETS).unwrap().map(|(_, asset)| asset.label.as_str()).collect(),
    ]
}

/// behaviour I22: A key that is an enum of ids is a relation for each variant, and each is enforced.
#[test]
fn each_variant_names_a_stored_row() {
    let (mut db, ada, acme) = world();
    let gone = db.insert(Person { name: "gone".into(), employer_id: None }).unwrap();
    db.delete(gone).unwrap();
    db.insert(asset("desk", ada)).unwrap();
    db.insert(asset("hall", acme)).unwrap();
    let error = refused(&mut db, |db| db.insert(asset("pen", gone)));
    assert_eq!(error.to_string(), "`Asset`.owner_person: no `Person` with id 2v1: removed");
    let error = refused(&mut db, |db| db.insert(asset("pen", Id::<Company>::null())));
    assert_eq!(error.to_string(), "`Asset`.owner_company: no `Company` with id null: the null id");
    // Each row of a batch by its own variant.
    let rows = [asset("a", gone), asset("b", ada), asset("c", Id::<Company>::null())];
    let Error::BatchRefused { violations, .. } = refused(&mut db, |db| db.insert_many(rows.clone())) else { panic!() };
    let relations: Vec<_> = violations.iter().map(|violation| (violation.index, violation.error.to_string())).collect();
    assert!(relations[0].1.starts_with("`Asset`.owner_person") && relations[0].0 == 0, "{relations:?}");
    assert!(relations[1].1.starts_with("`Asset`.owner_company") && relations[1].0 == 2, "{relations:?}");
    // What is stored unchecked is found.
    db.insert_many_unchecked(rows.to_vec()).unwrap();
    let found: Vec<String> = db.check().unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "Asset 3v1: `Asset`.owner_person: no `Person` with id 2v1: removed",
            "Asset 5v1: `Asset`.owner_company: no `Company` with id null: the null id"
        ]
    );
}

/// behaviour R21: Changing a source's foreign key moves it between owners, in both directions' views at once.
#[test]
fn switching_the_variant_moves_the_row_between_owners() {
    let (mut db, ada, acme) = world();
    let desk = db.insert(asset("desk", ada)).unwrap();
    let chair = db.insert(asset("chair", ada)).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["desk", "chair"], vec![]]);
    db.relate(desk, Asset::OWNER_COMPANY, acme).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["chair"], vec!["desk"]]);
    assert_eq!(db.get(desk).unwrap().owner, Owner::Company(acme));
    assert_eq!(db.related(desk, Asset::OWNER_PERSON).unwrap(), None);
    assert_eq!(db.related(desk, Asset::OWNER_COMPANY).unwrap().unwrap().name, "Acme");
    db.update(chair, |row| row.owner = acme.into()).unwrap();
    db.set(desk, Asset::FIELDS.owner, Owner::Person(ada)).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["desk"], vec!["chair"]]);
    db.replace(chair, asset("stool", ada)).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["desk", "stool"], vec![]]);
    assert_eq!(db.check(), Ok(()));
    // Taken back, it is the other's again; undone and redone too.
    db.keep_history(2).unwrap();
    let before = state(&db);
    let mut tx = db.begin().unwrap();
    tx.relate(desk, Asset::OWNER_COMPANY, acme).unwrap();
    tx.rollback();
    assert!(state(&db) == before);
    db.relate(desk, Asset::OWNER_COMPANY, acme).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["stool"], vec!["desk"]]);
    assert!(db.undo().unwrap());
    assert_eq!(owned(&db, ada, acme), [vec!["desk", "stool"], vec![]]);
    assert!(db.redo().unwrap());
    assert_eq!(owned(&db, ada, acme), [vec!["stool"], vec!["desk"]]);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R15: a row that comes back with another key is refused
#[test]
fn rows_are_made_and_changed_through_an_owner_of_either_kind() {
    let (mut db, ada, acme) = world();
    let desk = db.create(ada, Person::ASSETS, |person| asset("desk", person)).unwrap();
    db.create_many(acme, Company::ASSETS, |company| vec![asset("hall", company), asset("roof", company)]).unwrap();
    assert_eq!(owned(&db, ada, acme), [vec!["desk"], vec!["hall", "roof"]]);
    // The same number of the other kind is another key.
    let error = refused(&mut db, |db| db.create(ada, Person::ASSETS, |_| asset("x", acme)));
    assert_eq!(error.to_string(), "`Asset`.owner_person: cannot override the foreign key: it must stay id 1v1");
    let error = refused(&mut db, |db| db.update_in(ada, Person::ASSETS, desk, |row| row.owner = acme.into()));
    assert!(matches!(error, Error::ForeignKeyOverridden { .. }), "{error}");
    let error = refused(&mut db, |db| db.update_in(acme, Company::ASSETS, desk, |row| row.label.clear()));
    assert!(matches!(error, Error::NotOwned { relation: "owner_company", .. }), "{error}");
    assert_eq!(db.update_all(acme, Company::ASSETS, |row| row.label.push('!')).unwrap(), 2);
    assert_eq!(owned(&db, ada, acme), [vec!["desk"], vec!["hall!", "roof!"]]);
    assert_eq!(db.delete_all(acme, Company::ASSETS).unwrap(), 2);
    assert_eq!(owned(&db, ada, acme), [vec!["desk"], vec![]]);
}

/// behaviour I3: Deleting a target that sources refer to follows `on_delete`
#[test]
fn deleting_a_target_reaches_the_rows_of_its_variant_only() {
    let (mut db, ada, acme) = world();
    let assets = db.insert_many([asset("desk", ada), asset("hall", acme)]).unwrap();
    let loans = [Some(Owner::Person(ada)), Some(Owner::Company(acme)), None];
    let loans = db.insert_many(loans.map(|borrower_id| Loan { borrower_id })).unwrap();
    let badges = db.insert_many([ada.into(), acme.into()].map(|holder| Badge { holder, number: 7 })).unwrap();
    // restrict
    let error = refused(&mut db, |db| db.delete(ada));
    assert_eq!(
        error.to_string(),
        "Person 1v1 is referred to by 1 row(s) over `Badge`.held_by_person, the first is Badge 1v1: deleting it is restricted"
    );
    db.delete(badges[0]).unwrap();
    let plan = db.plan_delete(ada).unwrap();
    let gone = db.delete(ada).unwrap();
    // cascade
    assert_eq!((&gone.removed[..], &gone.removed), (&[assets[0].erase()][..], &plan.removed));
    assert_eq!(db.get(assets[1]).unwrap().owner, Owner::Company(acme));
    // set_null
    assert_eq!(gone.changed.len(), 1);
    assert_eq!((gone.changed[0].row, gone.changed[0].relation), (loans[0].erase(), "borrower_person"));
    let left: Vec<_> = loans.iter().map(|loan| db.get(*loan).unwrap().borrower_id).collect();
    assert_eq!(left, [None, Some(Owner::Company(acme)), None]);
    assert_eq!(db.check(), Ok(()));
    let error = refused(&mut db, |db| db.delete(acme));
    assert!(matches!(error, Error::RestrictViolation { relation: "held_by_company", .. }), "{error}");
}

#[test]
fn an_optional_key_is_cleared_over_the_variant_that_it_has() {
    let (mut db, ada, acme) = world();
    let loan = db.insert(Loan { borrower_id: Some(ada.into()) }).unwrap();
    // That the company has not lent it changes nothing for Ada.
    db.unrelate(loan, Loan::BORROWER_COMPANY).unwrap();
    assert_eq!(db.get(loan).unwrap().borrower_id, Some(Owner::Person(ada)));
    db.unrelate(loan, Loan::BORROWER_PERSON).unwrap();
    assert_eq!(db.get(loan).unwrap().borrower_id, None);
    assert!(db.row(loan).unwrap().borrower().unwrap().is_none());
    db.relate(loan, Loan::BORROWER_COMPANY, acme).unwrap();
    let borrower = db.row(loan).unwrap().borrower().unwrap();
    assert!(matches!(borrower, Some(OwnerRow::Company(company)) if company.name == "Acme"), "{borrower:?}");
    assert_eq!(db.row(acme).unwrap().loans().count(), 1);
    assert_eq!(db.check(), Ok(()));
}

#[test]
fn reading_gives_the_row_of_whichever_model() {
    let (mut db, ada, acme) = world();
    let ids = db.insert_many([asset("desk", ada), asset("hall", acme)]).unwrap();
    let names = |id: Id<Asset>| match db.row(id).unwrap().owner().unwrap() {
        OwnerRow::Person(person) => (person.name.clone(), person.employer().unwrap().map(|row| row.name.clone())),
        OwnerRow::Company(company) => (company.name.clone(), None),
    };
    assert_eq!(names(ids[0]), ("Ada".to_owned(), Some("Acme".to_owned())));
    assert_eq!(names(ids[1]), ("Acme".to_owned(), None));
    assert!(db.row(ids[0]).unwrap().owner_person().unwrap().is_some());
    assert!(db.row(ids[0]).unwrap().owner_company().unwrap().is_none());
    // behaviour R30: "An absent key gives an empty slot, no error": so does the key of another variant.
    let pairs = db.include(&ids, (Asset::OWNER_PERSON, Asset::OWNER_COMPANY)).to_vec().unwrap();
    let found: Vec<_> = pairs.iter().map(|(_, (person, company))| (person.is_some(), company.is_some())).collect();
    assert_eq!(found, [(true, false), (false, true)]);
    let employers = db.include(&ids, Asset::OWNER_PERSON.then(Person::EMPLOYER)).to_vec().unwrap();
    assert_eq!(employers.iter().map(|(_, company)| company.is_some()).collect::<Vec<_>>(), [true, false]);
    let below = db.include(&[ada], Person::ASSETS.with(Asset::OWNER_COMPANY)).to_vec().unwrap();
    assert_eq!(below.len(), 1);
}

/// behaviour R11: A second row for the same owner is refused with a unique violation; the first is intact.
#[test]
fn a_unique_key_of_several_variants_is_a_has_one_of_each() {
    let (mut db, ada, acme) = world();
    let badge = db.insert(Badge { holder: ada.into(), number: 1 }).unwrap();
    db.insert(Badge { holder: acme.into(), number: 2 }).unwrap();
    let error = refused(&mut db, |db| db.insert(Badge { holder: ada.into(), number: 3 }));
    assert_eq!(error.to_string(), "`Badge`: holder = Person(1v1) is taken by Badge 1v1");
    assert_eq!(db.find(Badge::BY_HOLDER, &Owner::Person(ada)).unwrap().0, badge);
    assert_eq!(db.row(acme).unwrap().badge().unwrap().number, 2);
    let error = refused(&mut db, |db| db.relate(badge, Badge::HELD_BY_COMPANY, acme));
    assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
}

/// behaviour I10: inside a transaction, violations may stand until commit
#[test]
fn each_variant_may_wait_for_its_row_in_a_deferred_transaction() {
    let (mut db, ada, _) = world();
    let mut tx = db.begin_deferred().unwrap();
    let person = tx.reserve::<Person>().unwrap();
    let missing = tx.insert(asset("b", Id::<Company>::null())).unwrap();
    let waiting = tx.insert(asset("c", person)).unwrap();
    let error = tx.row(missing).unwrap().owner().unwrap_err();
    assert_eq!(error.to_string(), "Asset 1v1: the target of `owner` is missing: Company null");
    assert!(tx.row(waiting).unwrap().owner().is_err());
    let violations: Vec<String> = tx.violations().iter().map(ToString::to_string).collect();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(violations.iter().any(|text| text.contains(": `Asset`.owner_company: no `Company`")), "{violations:?}");
    tx.insert_at(person, Person { name: "Eve".into(), employer_id: None }).unwrap();
    tx.relate(missing, Asset::OWNER_PERSON, ada).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.row(person).unwrap().assets().count(), 1);
    assert_eq!(db.check(), Ok(()));
}

/// behaviour R45: The schema can be read back
#[test]
fn the_schema_shows_each_variant_as_a_relation() {
    let (db, ..) = world();
    let shown = |table: &str| -> Vec<_> {
        let table = db.schema().table(table).unwrap();
        let relations = table.relations.iter();
        relations.map(|it| (it.name.clone(), it.target.clone(), it.fields.join(","), it.required, it.one_of)).collect()
    };
    let relation = |name: &str, target: &str, field: &str, one_of| {
        (name.to_owned(), target.to_owned(), field.to_owned(), false, one_of)
    };
    assert_eq!(
        shown("Asset"),
        [relation("owner_person", "Person", "owner", true), relation("owner_company", "Company", "owner", true)]
    );
    assert_eq!(
        shown("Loan"),
        [
            relation("borrower_person", "Person", "borrower_id", false),
            relation("borrower_company", "Company", "borrower_id", false)
        ]
    );
    assert!(db.schema().table("Asset").unwrap().relations.iter().all(|it| it.on_delete == Action::Cascade));
    let diagram = db.schema().to_mermaid();
    for line in [
        "        Owner owner FK",
        "    Person |o--o{ Asset : owner_person",
        "    Company |o--o{ Asset : owner_company",
        "    Company |o--o| Badge : held_by_company",
    ] {
        assert!(diagram.lines().any(|shown| shown == line), "{line}\n{diagram}");
    }
}

#[test]
fn a_snapshot_brings_each_variant_back() {
    let (mut db, ada, acme) = world();
    let desk = db.insert(asset("desk", ada)).unwrap();
    db.insert_many([asset("hall", acme), asset("pen", ada), asset("roof", acme)]).unwrap();
    db.insert(Loan { borrower_id: Some(acme.into()) }).unwrap();
    db.insert(Loan { borrower_id: None }).unwrap();
    // The order of joining is not that of slots.
    db.relate(desk, Asset::OWNER_COMPANY, acme).unwrap();
    db.relate(desk, Asset::OWNER_PERSON, ada).unwrap();
    let models = Database::builder().model::<Person>().model::<Company>().model::<Asset>().model::<Loan>();
    let mut loaded = models.model::<Badge>().load_from(&state(&db)[..]).unwrap();
    assert_eq!(loaded.check(), Ok(()));
    assert_eq!(owned(&loaded, ada, acme), [vec!["pen", "desk"], vec!["hall", "roof"]]);
    assert_eq!(owned(&loaded, ada, acme), owned(&db, ada, acme));
    assert!(state(&loaded) == state(&db));
    assert_eq!(loaded.delete(ada).unwrap().removed.len(), 2);
}
