//! Random filters over random rows, in two databases, against a naive look at the rows.

use std::fmt::Write as _;
use std::time::Instant;

use relata::Database;
use relata::data::{Filter, Value, Where};
use serde_json::json;

use crate::filters::Random;
use crate::naive::{MODELS, World};
use crate::schema::{declared, plain};

/// Two databases with the same rows, and these as JSON.
struct Both {
    plain: Database,
    declared: Database,
    /// The ids of each table in the order of their rows' insertion.
    joined: Vec<(&'static str, String)>,
    world: World,
}

impl Both {
    fn new(random: &mut Random) -> Self {
        let (plain, declared) = (plain::database(), declared::database());
        let mut both = Both { plain, declared, joined: Vec::new(), world: World::default() };
        both.look();
        let steps = random.pick(&[2, 8, 16, 24]);
        let mut number = 0;
        for _ in 0..steps {
            let model = random.pick(&["Customer", "Customer", "Order", "Order", "Address", "Tag", "Tagging"]);
            if random.once_in(6) {
                both.delete(random, model);
            } else {
                let rows: Vec<_> = (0..=random.below(5))
                    .map(|_| {
                        number += 1;
                        random.row(&both.world, model, number)
                    })
                    .collect();
                both.insert(model, &rows);
            }
            both.look();
        }
        both
    }

    fn insert(&mut self, model: &'static str, rows: &[serde_json::Value]) {
        let values: Vec<_> = rows.iter().map(|row| Value::from_json(&row.to_string()).unwrap()).collect();
        let ids = self.plain.data_mut(model).unwrap().create_many(&values);
        assert_eq!(self.declared.data_mut(model).unwrap().create_many(&values), ids);
        let Ok(ids) = ids else { return };
        for (id, row) in ids.iter().zip(rows) {
            let id = id.to_string();
            let id = id.rsplit(' ').next().unwrap().to_owned();
            // What is written is what serde gives back.
            let stored = plain::rows(&self.plain, model).into_iter().find(|(own, _)| *own == id);
            assert_eq!(stored.map(|(_, row)| row).as_ref(), Some(row));
            self.joined.push((model, id));
        }
    }

    fn delete(&mut self, random: &mut Random, model: &'static str) {
        let rows = self.world.rows(model);
        if rows.is_empty() {
            return;
        }
        let id = rows[random.below(rows.len())].0.clone();
        let row = self.plain.data(model).unwrap().row_id(&id).unwrap();
        let gone = self.plain.data_mut(model).unwrap().delete(row);
        assert_eq!(self.declared.data_mut(model).unwrap().delete(row), gone);
    }

    fn look(&mut self) {
        for model in MODELS {
            let mut rows = plain::rows(&self.plain, model);
            assert_eq!(declared::rows(&self.declared, model), rows);
            let place = |id: &str| self.joined.iter().position(|(table, known)| *table == model && known == id);
            rows.sort_by_key(|(id, _)| place(id));
            self.world.0.insert(model, rows);
        }
    }

    fn dbs(&self) -> [&Database; 2] {
        [&self.plain, &self.declared]
    }
}

/// The form of a filter in a URL; `None` where it has none, as of `null` and of an empty list.
fn query(value: &serde_json::Value, at: &str, out: &mut String) -> Option<()> {
    match value {
        // What is within a struct of a list is not read by its type, so that a text is no number.
        serde_json::Value::Object(entries) if !entries.is_empty() && !entries.contains_key("city") => {
            entries.iter().try_for_each(|(key, value)| query(value, &format!("{at}[{key}]"), out))
        }
        serde_json::Value::Array(all) if !all.is_empty() => {
            all.iter().enumerate().try_for_each(|(place, value)| query(value, &format!("{at}[{place}]"), out))
        }
        serde_json::Value::Null | serde_json::Value::Object(_) | serde_json::Value::Array(_) => None,
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            write!(out, "&{at}=").unwrap();
            text.bytes().for_each(|byte| write!(out, "%{byte:02x}").unwrap());
            Some(())
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    asked: usize,
    found: usize,
    included: usize,
    by_url: usize,
    planned: usize,
}

fn ask(both: &Both, random: &mut Random, last: &mut String, seen: &mut Seen) {
    let model = random.model();
    let filter = random.filter(&both.world, model, 2);
    *last = format!("{model} {filter}");
    let expected = both.world.find_all(model, &filter);
    let read = Filter::from_json(&filter.to_string()).unwrap();
    let condition = filter.get("where").cloned().unwrap_or_else(|| json!({}));
    let conditions = Where::from_json(&condition.to_string()).unwrap();
    let meet = both.world.find_all(model, &json!({ "where": condition })).len();
    let mut url = String::new();
    let by_url = query(&filter, "filter", &mut url).map(|()| Filter::from_query(&url).unwrap());
    seen.asked += 1;
    seen.found += usize::from(!expected.is_empty());
    seen.included += usize::from(filter.get("include").is_some());
    seen.by_url += usize::from(by_url.is_some());
    for (name, db) in ["plain", "declared"].into_iter().zip(both.dbs()) {
        let table = db.data(model).unwrap();
        let found = table.find(&read).unwrap();
        let text = found.to_json().unwrap();
        let told: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(json!(told), json!(expected), "{name}");
        assert_eq!(table.count(&conditions), Ok(meet), "{name}");
        if let Some(by_url) = &by_url {
            assert_eq!(table.find(by_url).unwrap().to_json().unwrap(), text, "{name}: {url}");
        }
        // Row by row, and field by field.
        for (row, told) in found.iter().zip(&expected) {
            let of_row: serde_json::Value = serde_json::from_str(&row.to_json().unwrap()).unwrap();
            assert_eq!(&of_row, told);
            for (key, value) in told.as_object().unwrap() {
                if row.included(key).is_none() {
                    assert_eq!(&json!(row.get(key)), value, "{name} {key}");
                }
            }
        }
        let first = table.find_one(&read).unwrap();
        assert_eq!(first.first().map(|row| row.id()), found.first().map(|row| row.id()));
        seen.planned += usize::from(!table.explain(&read).unwrap().to_string().contains("scan"));
    }
    let rows: Vec<_> =
        both.world.rows(model).iter().map(|(id, _)| both.plain.data(model).unwrap().row_id(id)).collect();
    let ids: Vec<_> = (0..random.below(4)).filter_map(|_| rows.get(random.below(9))?.as_ref().ok().copied()).collect();
    let known = |id: &relata::RowId| {
        let text = id.to_string();
        both.world.rows(model).iter().find(|(own, _)| text.ends_with(&format!(" {own}"))).unwrap()
    };
    let by_ids: Vec<_> = ids.iter().map(|id| both.world.given(model, known(id), &filter)).collect();
    let told = both.declared.data(model).unwrap().find_by_ids(&ids, &read).unwrap().to_json().unwrap();
    // behaviour R49: as often, and in the order, as it is asked for.
    assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), json!(by_ids));
}

/// The ordinary run is always the same one. `RELATA_DATA_SEED` asks for another, `RELATA_DATA_CASES` for more worlds, each
/// of which is asked a hundred times.
// behaviours R34, R37, R39, R46, R48, R49, R50, N1 and N3
#[test]
fn filters_find_what_a_naive_look_at_the_rows_finds() {
    let number =
        |variable: &str, usual: u64| std::env::var(variable).map_or(usual, |value| value.parse().expect("a number"));
    let (first, cases) = (number("RELATA_DATA_SEED", 1), number("RELATA_DATA_CASES", 100));
    let (mut seen, begin) = (Seen::default(), Instant::now());
    for seed in first..first + cases {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.below(2);
        let mut last = String::from("the rows");
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let both = Both::new(&mut random);
            (0..100).for_each(|_| ask(&both, &mut random, &mut last, &mut seen));
        }));
        assert!(asked.is_ok(), "RELATA_DATA_SEED={seed} RELATA_DATA_CASES=1\n{last}");
    }
    let Seen { asked, found, included, by_url, planned } = seen;
    let rare = [found, asked - found, included, by_url, planned].into_iter().min().unwrap();
    assert!(rare > asked / 10, "{seen:?} in {:?}", begin.elapsed());
}
