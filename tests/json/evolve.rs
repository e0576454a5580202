//! Programs that have changed since: an import judges as a load does, since it is one.

use relata::{Database, DatabaseBuilder, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::{exported, saved, upgrade};

/// The error without its line.
fn inner(error: SnapshotError) -> SnapshotError {
    match error {
        SnapshotError::AtLine { error, .. } => *error,
        error => error,
    }
}

/// Imports what a database is exported as, and proves that a load of its file gives the same: database, report or
/// error.
fn as_a_load(before: &Database, models: impl Fn() -> DatabaseBuilder) -> Result<Database, SnapshotError> {
    let (file, text) = (saved(before), exported(before));
    match (models().load_from_with_report(&file[..]), models().import_json_with_report(text.as_bytes())) {
        (Ok((loaded, mut of_load)), Ok((imported, of_import))) => {
            assert_eq!(imported.state_hash(), loaded.state_hash(), "{text}");
            assert_eq!(imported.check(), loaded.check());
            assert_eq!((of_load.format, of_import.format), (2, 1));
            of_load.format = 1;
            of_load.ignored.sort_by(|left, right| left.field.cmp(&right.field));
            let mut ignored = of_import.ignored.clone();
            ignored.sort_by(|left, right| left.field.cmp(&right.field));
            assert_eq!(ignored, of_load.ignored);
            of_load.ignored.clone_from(&of_import.ignored);
            assert_eq!(of_import, of_load);
            Ok(imported)
        }
        (Err(of_load), Err(of_import)) => {
            assert_eq!(inner(of_import.clone()), of_load);
            Err(of_import)
        }
        (loaded, imported) => panic!("a load gives {loaded:?}\nand an import {imported:?}\nof {text}"),
    }
}

fn said(outcome: Result<Database, SnapshotError>) -> String {
    outcome.unwrap_err().to_string()
}

mod before {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(orders: Order))]
    pub(super) struct Customer {
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(parts: Order, via = part_of))]
    pub(super) struct Order {
        #[model(belongs_to, on_delete = set_default)]
        pub(super) customer_id: Option<Id<Customer>>,
        #[model(belongs_to, name = part_of)]
        pub(super) part_of_id: Option<Id<Order>>,
        pub(super) cents: u32,
        pub(super) state: State,
        pub(super) size: Size,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum State {
        New,
        Paid { at: u32 },
        Sent(u32, String),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Size {
        pub(super) width: u8,
        pub(super) height: u8,
    }

    /// Two customers; the orders of the first are not in slot order, and a slot is free.
    pub(super) fn database() -> Database {
        let mut db = Database::builder().model::<Customer>().model::<Order>().build().unwrap();
        let ada = db.insert(Customer { name: "Ada".into() }).unwrap();
        let kay = db.insert(Customer { name: "Ada".into() }).unwrap();
        let states = [State::New, State::Paid { at: 3 }, State::Sent(4, "DHL".into())];
        let order = |nth: u32, part_of_id| Order {
            customer_id: Some(ada),
            part_of_id,
            cents: nth,
            state: states[nth as usize % 3].clone(),
            size: Size { width: 1, height: 2 },
        };
        let mut last = None;
        let mut orders = Vec::new();
        for nth in 0..5 {
            last = Some(db.insert(order(nth, last)).unwrap());
            orders.extend(last);
        }
        db.relate(orders[0], Order::CUSTOMER, kay).unwrap();
        db.relate(orders[0], Order::CUSTOMER, ada).unwrap();
        db.relate(orders[0], Order::PART_OF, orders[3]).unwrap();
        db.delete(orders[4]).unwrap();
        db.set_default_target(Order::CUSTOMER, Some(kay)).unwrap();
        db
    }
}

/// Fields and variants added, removed, reordered and renamed; a model renamed, one added.
mod after {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Order", has_many(parts: Purchase, via = within))]
    pub(super) struct Purchase {
        pub(super) state: State,
        #[serde(alias = "size")]
        pub(super) dimensions: Size,
        #[serde(default)]
        pub(super) origin: String,
        #[serde(alias = "part_of_id")]
        #[model(belongs_to, name = within)]
        pub(super) within_id: Option<Id<Purchase>>,
        #[serde(alias = "customer_id")]
        #[model(belongs_to, name = buyer, on_delete = set_default)]
        pub(super) buyer_id: Option<Id<Buyer>>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum State {
        Sent(u64, String),
        #[serde(alias = "New")]
        Open,
        Paid {
            #[serde(default)]
            by: Option<String>,
            at: u32,
        },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Size {
        pub(super) height: f32,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Customer", has_many(orders: Purchase))]
    pub(super) struct Buyer {
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Note {
        pub(super) text: String,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Note>().model::<Purchase>().model::<Buyer>()
    }
}

/// behaviour J3: what serde and `was` say, at every depth; orders and default targets stay; the report is the same.
#[test]
fn models_fields_and_variants_change_as_for_a_load() {
    let db = as_a_load(&before::database(), after::models).unwrap();
    let buyer: Id<after::Buyer> = "1v1".parse().unwrap();
    let orders: Vec<String> = db.children(buyer, after::Buyer::ORDERS).unwrap().map(|(id, _)| id.to_string()).collect();
    assert_eq!(orders, ["2v1", "3v1", "4v1", "1v1"]);
    let (_, report) = after::models().import_json_with_report(exported(&before::database()).as_bytes()).unwrap();
    let ignored: Vec<_> = report.ignored.iter().map(|one| (&*one.table, &*one.field, one.rows)).collect();
    assert_eq!(ignored, [("Order", "cents", 4), ("Order", "width", 4)]);
    assert_eq!(report.renamed.len(), 2);
    assert_eq!(report.added, ["Note"]);
}

mod retargeted {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Company {
        pub(super) name: String,
    }

    /// The customer is a company now, and its ids are of another table.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(belongs_to, name = customer)]
        pub(super) customer_id: Option<Id<Company>>,
        #[model(belongs_to, name = part_of)]
        pub(super) part_of_id: Option<Id<Order>>,
    }

    /// The same of a relation that is called otherwise too.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(table = "Order")]
    pub(super) struct Renamed {
        #[model(belongs_to, name = company)]
        #[serde(alias = "customer_id")]
        pub(super) company_id: Option<Id<Company>>,
    }

    pub(super) fn others() -> DatabaseBuilder {
        Database::builder().model::<Customer>().model::<Company>()
    }
}

/// behaviour J3: ids are never taken for those of another table: the text says of which table they are.
#[test]
fn ids_of_a_relation_that_leads_elsewhere_are_refused() {
    let db = before::database();
    let expected = "its ids are of rows of `Customer` in the snapshot, and of `Company` in this program: raise `version` \
                    and give a `migrate`";
    let refused = said(as_a_load(&db, || retargeted::others().model::<retargeted::Order>()));
    assert_eq!(refused, format!("`Order`.customer: {expected}"));
    let refused = said(as_a_load(&db, || retargeted::others().model::<retargeted::Renamed>()));
    assert_eq!(refused, format!("`Order`.company: {expected}"));
}

mod stricter {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        #[model(unique)]
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(unique, belongs_to)]
        pub(super) customer_id: Option<Id<Customer>>,
        #[model(belongs_to, name = part_of, acyclic)]
        pub(super) part_of_id: Option<Id<Order>>,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Customer>().model::<Order>()
    }
}

/// behaviour J3: rules that are new are proved, every violation is listed, or accepted where that is asked for.
#[test]
fn rules_that_are_new_are_proved() {
    let error = as_a_load(&before::database(), stricter::models).unwrap_err();
    let SnapshotError::Violations { violations } = inner(error) else { panic!() };
    assert_eq!(violations.len(), 5, "a name, three customers, a circle: {violations:?}");
    let kept = as_a_load(&before::database(), || stricter::models().accept_violations()).unwrap();
    assert_eq!(kept.check().unwrap_err(), violations);
    let again = as_a_load(&kept, || stricter::models().accept_violations()).unwrap();
    assert_eq!(again.state_hash(), kept.state_hash());
}

mod required {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) state: State,
        pub(super) cents: u8,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum State {
        New,
        Paid { at: u32, by: String },
        Sent(u32, String),
    }
}

/// behaviour J3 and J5: models that are gone, values that are missing.
#[test]
fn what_does_not_fit_is_refused_as_a_load_refuses_it() {
    let models = || Database::builder().model::<required::Order>();
    let refused = said(as_a_load(&before::database(), models));
    assert!(refused.starts_with("`Customer`: it is in the snapshot and no model of this program"), "{refused}");
    let refused = said(as_a_load(&before::database(), || models().drop_removed_models()));
    assert_eq!(refused, "line 9: Order 2v1, field `state.Paid`, cannot be read: missing field `by`");
}

/// behaviour J3: the worlds of three releases of a game, each imported by the last: models renamed, gone and migrated.
#[test]
fn golden_states_of_older_releases_are_imported_as_their_files_are_loaded() {
    let first = || {
        let models = Database::builder().model::<upgrade::first::Hero>();
        models.model::<upgrade::first::Item>().model::<upgrade::first::Rumour>()
    };
    let second = || {
        let models = Database::builder().model::<upgrade::second::Hero>().model::<upgrade::second::Item>();
        models.model::<upgrade::second::Rumour>().model::<upgrade::second::Quest>()
    };
    let releases: [&dyn Fn() -> DatabaseBuilder; 3] = [&first, &second, &upgrade::third::models];
    for (nth, models) in releases.iter().enumerate() {
        let file = format!("{}/tests/golden/game-{}.relata", env!("CARGO_MANIFEST_DIR"), nth + 1);
        let old = models().load(&file).unwrap();
        let imported = as_a_load(&old, upgrade::third::models).unwrap();
        upgrade::expect(&imported, nth + 1).unwrap();
        let loaded = upgrade::third::models().load(&file).unwrap();
        assert_eq!(imported.state_hash(), loaded.state_hash());
    }
    // Without the function the import is refused and not carried out as if nothing had changed.
    let models = || {
        let models = Database::builder().model::<upgrade::third::Hero>().model::<upgrade::third::Gear>();
        models.model::<upgrade::third::Quest>().drop_removed_models()
    };
    let refused = said(as_a_load(&upgrade::first::world().unwrap(), models));
    assert!(refused.contains("no `migrate` leads from the one to the other"), "{refused}");
}
