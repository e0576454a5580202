//! The rows that a walk writes: random, but so that most of their keys name a row.

use crate::value::Value;
use crate::walk::{Walk, place_of};

/// The texts that fields have: few, so that they meet.
const WORDS: [&str; 9] = ["asgard", "midgard", "jotunheim", "vanaheim", "alfheim", "hel", "nidavellir", "utgard", ""];

impl Walk<'_> {
    /// The integer of a row, now and then of one that is gone or never was.
    pub(crate) fn some_row(&mut self, table: usize) -> u32 {
        let stored = self.random.pick(&self.rows[table]).map(|(number, _)| *number);
        match stored {
            Some(number) if self.random.chance(96) => number,
            _ => self.random.below(self.ids.next(self.name(table)) as usize) as u32,
        }
    }

    /// A row that may or may not be accepted: `stored` with some fields changed, or a new one. `own` is the integer of
    /// the row itself or of one of the same statement.
    pub(crate) fn row(&mut self, table: usize, stored: Option<Vec<Value>>, own: u32) -> Vec<Value> {
        let Shape { optional, keys } = self.shape(table);
        let all = stored.is_none() || self.random.chance(20);
        let mut row = stored.unwrap_or_else(|| vec![Value::Null; optional.len()]);
        for (place, optional) in optional.iter().enumerate() {
            if all || self.random.chance(25) {
                row[place] = if *optional && self.random.chance(25) { Value::Null } else { self.word() };
            }
        }
        for ForeignKey { places, target, target_places } in keys {
            let is_id = target_places.is_empty();
            let clearable = places.iter().all(|place| optional[*place]);
            // A field of an id is never left a text.
            let changed = all || self.random.chance(30) || (is_id && matches!(row[places[0]], Value::Text(_)));
            if !changed {
                continue;
            }
            if clearable && self.random.chance(20) {
                for place in places {
                    row[place] = Value::Null;
                }
            } else if is_id {
                row[places[0]] = Value::Id(self.some_target(table, target, own));
            } else if self.random.chance(80)
                && let Some((_, named)) = self.random.pick(&self.rows[target])
            {
                for (place, target_place) in places.iter().zip(&target_places) {
                    if named[*target_place] != Value::Null || optional[*place] {
                        row[*place] = named[*target_place].clone();
                    }
                }
            }
        }
        row
    }

    fn word(&mut self) -> Value {
        Value::Text(WORDS[self.random.below(WORDS.len())].to_owned())
    }

    /// The integer of a target, mostly of a stored row.
    fn some_target(&mut self, table: usize, target: usize, own: u32) -> u32 {
        let reserved: Vec<u32> = self.reserved.iter().filter(|(of, _)| *of == target).map(|(_, n)| *n).collect();
        if target == table && self.random.chance(15) {
            return own;
        }
        if self.random.chance(40)
            && let Some(number) = self.random.pick(&reserved)
        {
            return *number;
        }
        if target == table && self.rows[target].is_empty() { own } else { self.some_row(target) }
    }

    fn shape(&self, table: usize) -> Shape {
        let schema = &self.schema.tables[table];
        let keys = schema.relations.iter().map(|relation| {
            let target = self.schema.tables.iter().position(|t| t.name == relation.target).expect("it is registered");
            let target_fields = &self.schema.tables[target].fields;
            ForeignKey {
                places: relation.fields.iter().map(|field| place_of(&schema.fields, field)).collect(),
                target,
                target_places: relation.target_fields.iter().map(|field| place_of(target_fields, field)).collect(),
            }
        });
        Shape {
            optional: schema.fields.iter().map(|field| field.type_name.starts_with("Option")).collect(),
            keys: keys.collect(),
        }
    }
}

/// What a row of a table must look like.
struct Shape {
    /// For each field, whether it is optional.
    optional: Vec<bool>,
    keys: Vec<ForeignKey>,
}

/// A foreign key by places among the fields.
struct ForeignKey {
    places: Vec<usize>,
    /// The position of the target.
    target: usize,
    /// The places of the target's fields that it names; none for an id.
    target_places: Vec<usize>,
}
