//! Filters, conditions and data of writes, whatever they are: nothing panics, and what is refused has changed nothing.

use relata::data::{Filter, Value, Where};
use relata::{Database, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(ships: Ship), has_many(sailors: Sailor, through = Berth))]
struct Port {
    #[model(primary_key)]
    name: String,
    #[model(ordered)]
    depth: Option<f64>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ship {
    #[model(belongs_to)]
    port_id: Option<Id<Port>>,
    #[model(column)]
    crew: u8,
    cargo: Vec<String>,
    place: (i16, i16),
    kind: Kind,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Sloop,
    Steamer { power: u32 },
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Sailor {
    #[model(index)]
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(port_id, sailor_id))]
struct Berth {
    #[model(belongs_to, on_delete = cascade)]
    port_id: Id<Port>,
    #[model(belongs_to, on_delete = cascade)]
    sailor_id: Id<Sailor>,
}

fn harbour() -> Result<Database, relata::Error> {
    let builder = Database::builder().model::<Port>().model::<Ship>().model::<Sailor>().model::<Berth>();
    let mut db = builder.build()?;
    let port_id = db.insert(Port { name: "Oslo".into(), depth: Some(12.5) })?;
    db.insert(Port { name: "Bergen".into(), depth: None })?;
    let ship = |crew, kind| Ship {
        port_id: Some(port_id).filter(|_| crew > 10),
        crew,
        cargo: vec!["rope".into(), "tar".into()],
        place: (-3, 4),
        kind,
    };
    db.insert_many([ship(7, Kind::Sloop), ship(50, Kind::Steamer { power: 900 })])?;
    let sailor_id = db.insert(Sailor { name: "Ann".into() })?;
    db.insert(Berth { port_id, sailor_id })?;
    Ok(db)
}

/// The text as a filter in JSON and in brackets, as conditions, and as the data of writes.
pub fn data(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mut db) = harbour() else { return };
    let tables = ["Port", "Ship", "Sailor"];
    for filter in [Filter::from_json(text), Filter::from_query(text)].into_iter().flatten() {
        for name in tables {
            let Ok(table) = db.data(name) else { continue };
            if let Ok(found) = table.find(&filter) {
                found.to_json().expect("rows of these models are JSON");
                let plan = table.explain(&filter).expect("what is found is planned");
                assert!(plan.rows <= 2 * plan.table_rows.max(1));
            }
        }
    }
    for condition in [Where::from_json(text), Where::from_query(text)].into_iter().flatten() {
        for name in tables {
            let Ok(table) = db.data(name) else { continue };
            if let Ok(count) = table.count(&condition) {
                let found = table.find(&Filter::new().with_where(condition.clone())).expect("what is counted is found");
                assert_eq!(found.len(), count);
            }
        }
    }
    let Ok(value) = Value::from_json(text) else { return };
    for name in tables {
        let before = db.state_hash().expect("the rows are encoded");
        let mut undone = db.clone();
        let Ok(mut table) = undone.data_mut(name) else { continue };
        let first = table.read().find(&Filter::new().with_limit(1)).ok().and_then(|found| Some(found.first()?.id()));
        let created = table.create(&value).is_ok();
        let patched = first.is_some_and(|row| table.patch(row, &value).is_ok());
        if !created && !patched {
            assert_eq!(undone.state_hash().expect("the rows are encoded"), before);
        }
        assert!(undone.check().is_ok());
        assert_eq!(db.state_hash().expect("the rows are encoded"), before);
    }
    let _ = db.data_mut("Sailor").map(|mut sailors| sailors.create_many(std::slice::from_ref(&value)));
    assert!(db.check().is_ok());
}
