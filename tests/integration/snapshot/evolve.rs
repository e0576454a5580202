//! Files that outlive the program that wrote them: what serde's attributes say, models that come, go and change their
//! names, rules that are new, and functions for everything else.

use relata::snapshot::{Dropped, Ignored, LoadReport, Migrated, Renamed};
use relata::{Database, DatabaseBuilder, Error, Id, Model, SnapshotError};
use serde::{Deserialize, Serialize};

use super::saved;

/// The program of before.
mod before {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(orders: Order))]
    pub(super) struct Customer {
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(belongs_to)]
        pub(super) customer_id: Id<Customer>,
        pub(super) cents: u32,
        pub(super) note: Option<String>,
        pub(super) size: Size,
        pub(super) state: State,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Size {
        pub(super) width: u8,
        pub(super) height: u8,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum State {
        New,
        Paid { at: u32 },
        Sent(u32, String),
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder().model::<Customer>().model::<Order>()
    }

    pub(super) fn order(customer_id: Id<Customer>, cents: u32) -> Order {
        let state =
            [State::New, State::Paid { at: cents }, State::Sent(cents, "DHL".into())][cents as usize % 3].clone();
        Order { customer_id, cents, note: None, size: Size { width: 2, height: 3 }, state }
    }

    /// Two customers; the orders of the first are not in slot order, and a slot is free.
    pub(super) fn database() -> Database {
        let mut db = models().build().unwrap();
        let ada = db.insert(Customer { name: "Ada".into() }).unwrap();
        let kay = db.insert(Customer { name: "Kay".into() }).unwrap();
        let orders: Vec<_> = (0..5).map(|cents| db.insert(order(ada, cents)).unwrap()).collect();
        db.relate(orders[0], Order::CUSTOMER, kay).unwrap();
        db.relate(orders[0], Order::CUSTOMER, ada).unwrap();
        db.delete(orders[3]).unwrap();
        db.set_default_target(Order::CUSTOMER, Some(kay)).unwrap();
        db
    }
}

fn report(builder: DatabaseBuilder, bytes: &[u8]) -> (Database, LoadReport) {
    builder.load_from_with_report(bytes).unwrap()
}

fn refused(builder: DatabaseBuilder, bytes: &[u8]) -> String {
    builder.load_from(bytes).unwrap_err().to_string()
}

/// Fields and variants added, removed, reordered and renamed, at every depth.
mod after {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(has_many(orders: Order))]
    pub(super) struct Customer {
        #[serde(default)]
        pub(super) vip: bool,
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) state: State,
        #[serde(alias = "size")]
        pub(super) dimensions: Size,
        #[serde(default = "unknown")]
        pub(super) origin: String,
        pub(super) cents: Option<u64>,
        #[model(belongs_to)]
        pub(super) customer_id: Id<Customer>,
    }

    fn unknown() -> String {
        "unknown".into()
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Size {
        #[serde(default)]
        pub(super) depth: Vec<u8>,
        pub(super) height: i64,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum State {
        Sent(u32, String),
        #[serde(alias = "New")]
        Open,
        Lost,
        Paid {
            #[serde(default)]
            by: Option<String>,
            at: u32,
        },
    }
}

// fault A9: A field added with `#[serde(default)]`, a rename with `alias`
/// behaviour V1 and V2: what serde's attributes say, at every depth; ids, orders of children and default targets stay.
#[test]
fn fields_and_variants_change_as_serde_says() {
    let db = before::database();
    let (mut db_after, told) =
        report(Database::builder().model::<after::Customer>().model::<after::Order>(), &saved(&db));
    assert_eq!(db_after.check(), Ok(()));
    let ada: Id<after::Customer> = "1v1".parse().unwrap();
    assert_eq!(db_after.get(ada).unwrap(), &after::Customer { vip: false, name: "Ada".into() });
    let ids = |db: &Database| db.iter::<after::Order>().map(|(id, _)| id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&db_after), ["1v1", "2v1", "3v1", "5v1"]);
    let states: Vec<after::State> = db_after.iter::<after::Order>().map(|(_, order)| order.state.clone()).collect();
    let sent = after::State::Sent(2, "DHL".into());
    let paid = |at| after::State::Paid { by: None, at };
    assert_eq!(states, [after::State::Open, paid(1), sent, paid(4)]);
    let order = db_after.iter::<after::Order>().next().unwrap().1;
    assert_eq!(order.dimensions, after::Size { depth: vec![], height: 3 });
    assert_eq!((order.cents, order.origin.as_str()), (Some(0), "unknown"));
    let children = db_after.children(ada, after::Customer::ORDERS).unwrap();
    assert_eq!(children.map(|(id, _)| id.to_string()).collect::<Vec<_>>(), ["2v1", "3v1", "5v1", "1v1"]);
    assert_eq!(
        db_after.default_target(after::Order::CUSTOMER).unwrap().map(|id| id.to_string()).as_deref(),
        Some("2v1")
    );
    // What nobody asks for any more is told.
    let ignored = |field: &str, rows| Ignored { table: "Order".into(), field: field.into(), rows };
    assert_eq!(told.ignored, [ignored("width", 4), ignored("note", 4)]);
    let new = db_after.insert(after::Order { customer_id: ada, ..order.clone() }).unwrap();
    assert_eq!(new.to_string(), "4v3", "the ids to come are those that would have come");
}

/// behaviour V3: a missing field without default, an unknown variant: an error that names table, row and field path.
#[test]
fn what_serde_cannot_read_is_named() {
    mod missing {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            customer_id: Id<before::Customer>,
            size: Size,
        }
        #[derive(Clone, Serialize, Deserialize)]
        struct Size {
            depth: u8,
        }
    }
    mod variant {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            customer_id: Id<before::Customer>,
            state: State,
        }
        #[derive(Clone, Serialize, Deserialize)]
        enum State {
            New,
            Sent(u32, String),
        }
    }
    mod required {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            customer_id: Id<before::Customer>,
            note: String,
        }
    }
    let bytes = saved(&before::database());
    let customers = || Database::builder().model::<before::Customer>();
    assert_eq!(
        refused(customers().model::<missing::Order>(), &bytes),
        "Order 1v1, field `size`, cannot be read: missing field `depth`"
    );
    assert_eq!(
        refused(customers().model::<variant::Order>(), &bytes),
        "Order 2v1, field `state.Paid`, cannot be read: unknown variant `Paid`, expected `New` or `Sent`"
    );
    assert_eq!(
        refused(customers().model::<required::Order>(), &bytes),
        "Order 1v1, field `note`, cannot be read: it has no value, expected a string"
    );
}

mod renamed {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Customer", has_many(orders: Order))]
    pub(super) struct Client {
        name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(belongs_to, name = client)]
        customer_id: Id<Client>,
        pub(super) cents: u32,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Invoice {
        number: u32,
    }

    /// A new model under the name that another had.
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        name: String,
    }
}

/// behaviour V4: models are added, renamed and reordered; removed ones are refused, or counted where that is asked for.
#[test]
fn models_come_go_and_change_names() {
    let bytes = saved(&before::database());
    let builder = Database::builder().model::<renamed::Invoice>().model::<renamed::Order>().model::<renamed::Client>();
    let (db, told) = report(builder, &bytes);
    assert_eq!(db.check(), Ok(()));
    assert_eq!((told.added, told.renamed), (vec!["Invoice"], vec![Renamed { was: "Customer".into(), is: "Client" }]));
    let children = db.children("1v1".parse().unwrap(), renamed::Client::ORDERS).unwrap();
    let children: Vec<String> = children.map(|(id, _)| id.to_string()).collect();
    assert_eq!(children, ["2v1", "3v1", "5v1", "1v1"], "a relation that is renamed keeps its order");
    assert!(db.default_target(renamed::Order::CLIENT).unwrap().is_some());

    // The rows go to the model that says it had the name, not to a new one that has it now.
    let builder = Database::builder().model::<renamed::Customer>().model::<renamed::Client>().model::<renamed::Order>();
    let (db, told) = report(builder, &bytes);
    assert_eq!((db.len::<renamed::Customer>(), db.len::<renamed::Client>()), (0, 2));
    assert_eq!(told.added, ["Customer"]);

    let only = || Database::builder().model::<alone::Customer>();
    assert!(refused(only(), &bytes).starts_with("`Order`: it is in the snapshot and no model of this program"));
    let (db, told) = report(only().drop_removed_models(), &bytes);
    assert_eq!((told.dropped, db.len::<alone::Customer>()), (vec![Dropped { table: "Order".into(), rows: 4 }], 2));
}

/// HOSTILE 22: another schema -> `SchemaMismatch` naming table and field, where the rows would be read as what they are not
#[test]
fn ids_of_another_table_are_not_taken_for_those_of_this_one() {
    mod moved {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Company {
            name: String,
        }
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to, name = customer)]
            customer_id: Id<Company>,
        }
    }
    let bytes = saved(&before::database());
    let builder = Database::builder().model::<before::Customer>().model::<moved::Company>().model::<moved::Order>();
    assert_eq!(
        refused(builder, &bytes),
        "`Order`.customer: its ids are of rows of `Customer` in the snapshot, and of `Company` in this program: raise \
         `version` and give a `migrate`"
    );
}

mod ruled {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        #[model(unique)]
        pub(super) name: String,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Order {
        #[model(belongs_to)]
        pub(super) customer_id: Id<Customer>,
        #[model(belongs_to(Customer, key_to = name), name = payer)]
        pub(super) note: Option<String>,
    }
}

/// behaviour V5: a unique key, a relation that is new is proved against the rows; every violation is listed, or the rows
/// are kept as unchecked ones where that is asked for.
#[test]
fn rules_that_are_new_are_proved() {
    let models = || Database::builder().model::<ruled::Customer>().model::<ruled::Order>();
    let mut db = before::database();
    let payer = |name: &str| Some(name.to_owned());
    let ids: Vec<Id<before::Order>> = db.iter::<before::Order>().map(|(id, _)| id).collect();
    db.set(ids[0], before::Order::FIELDS.note, payer("Kay")).unwrap();
    let (fine, _) = report(models(), &saved(&db));
    assert_eq!(
        fine.related(fine.iter::<ruled::Order>().next().unwrap().0, ruled::Order::PAYER).unwrap().unwrap().name,
        "Kay"
    );

    db.insert(before::Customer { name: "Ada".into() }).unwrap();
    db.set(ids[1], before::Order::FIELDS.note, payer("Nobody")).unwrap();
    let bytes = saved(&db);
    let SnapshotError::Violations { violations } = models().load_from(&bytes[..]).unwrap_err() else { panic!() };
    let kinds: Vec<bool> =
        violations.iter().map(|violation| matches!(violation, Error::UniqueViolation { .. })).collect();
    assert_eq!(kinds, [true, false], "{violations:?}");
    let (kept, told) = report(models().accept_violations(), &bytes);
    assert_eq!(kept.check().unwrap_err(), violations);
    assert_eq!(told.violations, violations);

    // fault A8: A database that holds one unchecked, dangling row cannot be saved at all.
    assert_eq!(kept.save_to(std::io::sink()), Err(SnapshotError::Violations { violations: violations.clone() }));
    let mut flawed = Vec::new();
    kept.saver().with_violations().save_to(&mut flawed).unwrap();
    assert!(matches!(models().load_from(&flawed[..]), Err(SnapshotError::Violations { .. })));
    let mut again = models().accept_violations().load_from(&flawed[..]).unwrap();
    assert_eq!(again.check().unwrap_err(), violations);
    assert_eq!(again.state_hash(), kept.state_hash());
    // The row heals as any unchecked row does.
    again.insert(ruled::Customer { name: "Nobody".into() }).unwrap();
    assert_eq!(again.check().unwrap_err().len(), 1);
}

/// Customers without a has_many relation.
mod alone {
    use super::*;

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Customer {
        pub(super) name: String,
    }
}

/// Three versions of a model: an id, then the customer's name instead, then the amount as text.
mod versions {
    use super::*;

    #[derive(Deserialize)]
    pub(super) struct First {
        pub(super) customer_id: Id<alone::Customer>,
        pub(super) cents: u32,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Second {
        pub(super) customer: String,
        pub(super) cents: u32,
    }

    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(version = 2)]
    pub(super) struct Order {
        pub(super) customer: String,
        pub(super) amount: String,
    }

    pub(super) fn models() -> DatabaseBuilder {
        Database::builder()
            .model::<alone::Customer>()
            .model::<Order>()
            .migrate::<First, Second>(0, |old, context| {
                Ok(Second { customer: context.get(old.customer_id)?.name.clone(), cents: old.cents })
            })
            .migrate::<Second, Order>(1, |old, context| {
                if old.cents == 99 {
                    return Err(format!("{} has a price that nobody knows", context.row()).into());
                }
                Ok(Order { customer: old.customer, amount: format!("{}.{:02}", old.cents / 100, old.cents % 100) })
            })
    }
}

/// behaviour V6: functions make new rows of old ones, over several versions, and see what is loaded; rows keep their ids.
#[test]
fn anything_else_is_a_function() {
    let mut db = before::database();
    let (back, told) = report(versions::models(), &saved(&db));
    assert_eq!(told.migrated, [Migrated { table: "Order", from_version: 0, rows: 4 }]);
    let orders: Vec<(String, String)> =
        back.iter::<versions::Order>().map(|(id, order)| (id.to_string(), order.amount.clone())).collect();
    let expected = [("1v1", "0.00"), ("2v1", "0.01"), ("3v1", "0.02"), ("5v1", "0.04")];
    assert_eq!(orders, expected.map(|(id, amount)| (id.to_owned(), amount.to_owned())));
    assert!(back.iter::<versions::Order>().all(|(_, order)| order.customer == "Ada"));
    // What was migrated once is saved under the new version, and not migrated again.
    let again = report(versions::models(), &saved(&back));
    assert_eq!(again.1.migrated, []);
    assert!(again.0.iter::<versions::Order>().eq(back.iter::<versions::Order>()));

    let ada = db.iter::<before::Customer>().next().unwrap().0;
    db.insert(before::order(ada, 99)).unwrap();
    assert_eq!(
        refused(versions::models(), &saved(&db)),
        "Order 4v3 cannot be read: the migration from version 1 says: Order 4v3 has a price that nobody knows"
    );
    let none = Database::builder().model::<alone::Customer>().model::<versions::Order>();
    assert_eq!(
        refused(none, &saved(&db)),
        "`Order`: its version is 0 in the snapshot and 2 in this program, and no `migrate` leads from the one to the other"
    );
    let twice = versions::models().migrate::<versions::First, versions::Order>(0, |_, _| Err("never called".into()));
    assert!(refused(twice, &saved(&db)).contains("both lead to it"));
}

/// Tables that come later in the file are not there yet for a migration.
#[test]
fn a_migration_sees_the_tables_before_its_own() {
    let db = before::database();
    let customers_last = Database::builder().model::<before::Order>().model::<before::Customer>();
    let reordered = customers_last.load_from(&saved(&db)[..]).unwrap();
    let bytes = saved(&reordered);
    reordered.check().unwrap();
    assert_eq!(
        refused(versions::models(), &bytes),
        "Order 1v1 cannot be read: the migration from version 0 says: the rows of `Customer` are not loaded yet: they come \
         later in the file"
    );
}

/// behaviour V1: a key field that is renamed keeps its relation, with the order of children and the default target; one
/// that would be read as a key of another table is refused.
#[test]
fn a_key_that_is_renamed_keeps_its_relation() {
    mod aliased {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        #[model(has_many(orders: Order))]
        pub(super) struct Customer {
            name: String,
        }
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            #[serde(alias = "customer_id")]
            client_id: Id<Customer>,
        }
    }
    mod renamed_outside {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        #[model(has_many(orders: Order))]
        pub(super) struct Customer {
            name: String,
        }
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            #[serde(rename = "customer_id")]
            client_id: Id<Customer>,
        }
    }
    mod retargeted {
        use super::*;
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Company {
            name: String,
        }
        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(super) struct Order {
            #[model(belongs_to)]
            #[serde(alias = "customer_id")]
            company_id: Id<Company>,
        }
    }
    let bytes = saved(&before::database());
    let in_order = ["2v1", "3v1", "5v1", "1v1"];

    let models = Database::builder().model::<aliased::Customer>().model::<aliased::Order>();
    let db = models.load_from(&bytes[..]).unwrap();
    let children = db.children("1v1".parse().unwrap(), aliased::Customer::ORDERS).unwrap();
    assert_eq!(children.map(|(id, _)| id.to_string()).collect::<Vec<_>>(), in_order);
    assert!(db.default_target(aliased::Order::CLIENT).unwrap().is_some());

    let models = Database::builder().model::<renamed_outside::Customer>().model::<renamed_outside::Order>();
    let db = models.load_from(&bytes[..]).unwrap();
    let children = db.children("1v1".parse().unwrap(), renamed_outside::Customer::ORDERS).unwrap();
    assert_eq!(children.map(|(id, _)| id.to_string()).collect::<Vec<_>>(), in_order);

    let models =
        Database::builder().model::<alone::Customer>().model::<retargeted::Company>().model::<retargeted::Order>();
    assert!(refused(models, &bytes).starts_with("`Order`.company: its ids are of rows of `Customer` in the snapshot"));
}
