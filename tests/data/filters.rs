//! Rows and filters at random, as JSON.

use serde_json::{Map, Value, json};

use crate::naive::{Kind, MODELS, REGEXES, World, fields, has_order, relations};

pub(crate) struct Random(pub(crate) u64);

const LETTERS: [&str; 5] = ["a", "b", "A", "é", "%"];

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
    fn text(&mut self) -> String {
        (0..self.below(4)).map(|_| self.pick(&LETTERS)).collect()
    }
    fn perhaps(&mut self, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.once_in(3) { Value::Null } else { make(self) }
    }
    fn list(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> Value) -> Value {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
    fn day(&mut self) -> Value {
        json!(format!("20{}-0{}-15", self.pick(&[19, 20]), self.below(3) + 1))
    }
    fn place(&mut self) -> Value {
        let mut place = Map::from_iter([("city".to_owned(), json!(self.pick(&LETTERS)))]);
        if self.once_in(2) {
            place.insert("zip".to_owned(), json!(self.below(4)));
        }
        Value::Object(place)
    }
    fn rank(&mut self) -> Value {
        json!(self.pick(&["low", "middle", "high"]))
    }

    /// The id of one of the rows of a model, of one that is gone, or of none.
    fn id(&mut self, world: &World, model: &str) -> Value {
        match world.rows(model) {
            [] => json!("77v1"),
            _ if self.once_in(9) => json!(self.pick(&["1v1", "2v3", "77v1"])),
            rows => json!(rows[self.below(rows.len())].0),
        }
    }
    fn stored(&mut self, world: &World, model: &str) -> Value {
        let rows = world.rows(model);
        if rows.is_empty() { Value::Null } else { json!(rows[self.below(rows.len())].0) }
    }

    /// A new row; `number` is one that no other row has.
    pub(crate) fn row(&mut self, world: &World, model: &str, number: usize) -> Value {
        match model {
            "Customer" => json!({
                "name": format!("{}{number}", self.text()),
                "num": self.perhaps(|random| json!(random.pick(&[-3, -1, 0, 1, 2, 5, i32::MAX]))),
                "note": self.perhaps(|random| json!(random.text())),
                "flag": self.perhaps(|random| json!(random.once_in(2))),
                "when": self.perhaps(Self::day),
                "rank": self.rank(),
                "rating": self.perhaps(|random| json!(random.pick(&[-0.0, 0.0, 0.5, 2.0, 1e300, -7.25]))),
                "level": self.pick(&[0, 1, 2, 255]),
                "tags": self.list(3, |random| json!(random.pick(&LETTERS))),
                "marks": self.perhaps(|random| random.list(3, |random| json!(random.below(4)))),
                "place": self.perhaps(Self::place),
                "stops": self.list(2, Self::place),
                "secretCode": if self.once_in(2) { Value::Null } else { json!(format!("s{number}")) },
                "parentId": self.perhaps(|random| random.stored(world, "Customer")),
                "labels": self.list(3, |random| random.stored(world, "Tag")).as_array().unwrap().iter()
                    .filter(|id| !id.is_null()).collect::<Vec<_>>(),
            }),
            "Order" => json!({
                "description": self.text(),
                "totalCents": self.pick(&[0, 1, 2, 300, (1 << 53) + 1, u64::MAX]),
                "customerId": self.perhaps(|random| random.stored(world, "Customer")),
                "payerName": match world.rows("Customer") {
                    [] => Value::Null,
                    rows => self.perhaps(|random| rows[random.below(rows.len())].1["name"].clone()),
                },
            }),
            "Address" => json!({"city": self.pick(&LETTERS), "customerId": self.stored(world, "Customer")}),
            "Tag" => json!({"name": format!("{}{number}", self.text()), "weight": self.pick(&[i64::MIN, -1, 0, 3])}),
            _ => json!({"customerId": self.stored(world, "Customer"), "tagId": self.stored(world, "Tag")}),
        }
    }

    /// What an element of a kind is compared with; now and then what its type cannot hold.
    fn operand(&mut self, world: &World, kind: Kind, name: &str) -> Value {
        match kind {
            Kind::Number | Kind::Numbers => match self.below(12) {
                0 => json!(self.pick(&["2", "-1", "300", "0.5", "99999999999"])),
                1 => json!(self.pick(&[0.5, 2.0, -7.25, 1e40])),
                2 => json!(self.pick(&[-1, 256, 70_000, i64::MIN, i64::MAX])),
                3 => json!(self.pick(&[u64::MAX, 1 << 53, (1 << 53) + 1])),
                _ => json!(self.below(4)),
            },
            Kind::Text if name == "payerName" || name == "name" => match world.rows("Customer") {
                rows if !rows.is_empty() && self.once_in(2) => rows[self.below(rows.len())].1["name"].clone(),
                _ => json!(self.text()),
            },
            Kind::Text => json!(self.text()),
            Kind::Texts => json!(self.pick(&LETTERS)),
            Kind::Bool => self.pick(&[json!(true), json!(false), json!("true"), json!("0")]),
            Kind::Day => self.day(),
            Kind::Rank => self.rank(),
            Kind::Id | Kind::Ids => {
                let model = if matches!(name, "tagId" | "labels") { "Tag" } else { "Customer" };
                self.id(world, model)
            }
            Kind::Place | Kind::Places => self.place(),
        }
    }

    /// An operator with its operand.
    fn ask(&mut self, world: &World, kind: Kind, name: &str, may_be_whole: bool) -> (String, Value) {
        let is_text = matches!(kind, Kind::Text | Kind::Texts | Kind::Day | Kind::Rank);
        let is_ordered = (has_order(kind) || matches!(kind, Kind::Texts | Kind::Numbers)) && name != "id";
        let operator = match self.below(10) {
            0..3 => self.pick(&["eq", "neq"]),
            3..5 => self.pick(&["inq", "nin"]),
            5 => "exists",
            6..8 if is_text => self.pick(&["like", "nlike", "ilike", "nilike", "regexp"]),
            _ if is_ordered => self.pick(&["gt", "gte", "lt", "lte", "between"]),
            _ => "eq",
        };
        let is_list = matches!(kind, Kind::Texts | Kind::Numbers | Kind::Ids | Kind::Places);
        let operand = match operator {
            "eq" | "neq" if self.once_in(6) => Value::Null,
            "eq" | "neq" if is_list && may_be_whole && self.once_in(2) => {
                // A text within a list is one, and no number.
                let whole = self.list(2, |random| random.operand(world, kind, name));
                if kind == Kind::Numbers { json!([self.below(4)]) } else { whole }
            }
            "inq" | "nin" => {
                let most = if self.once_in(5) { 14 } else { 3 };
                self.list(
                    most,
                    |random| {
                        if random.once_in(6) { Value::Null } else { random.operand(world, kind, name) }
                    },
                )
            }
            "exists" => self.pick(&[json!(true), json!(false)]),
            "between" => json!([self.operand(world, kind, name), self.operand(world, kind, name)]),
            "like" | "nlike" | "ilike" | "nilike" => {
                let parts = ["%", "_", "\\%", "a", "A", "b", "é", "1"];
                json!((0..self.below(4)).map(|_| self.pick(&parts)).collect::<String>())
            }
            "regexp" => json!(self.pick(&REGEXES).0),
            _ => self.operand(world, kind, name),
        };
        (operator.to_owned(), operand)
    }

    fn property(&mut self, world: &World, model: &str, depth: usize) -> (String, Value) {
        let related = relations(model);
        if depth > 0 && self.once_in(3) {
            let (name, target, is_many) = self.pick(related);
            if !is_many && self.once_in(2) {
                let inside = if self.once_in(6) { Value::Null } else { self.conditions(world, target, depth - 1) };
                // An object of these words alone would be one of them.
                return (name.to_owned(), inside);
            }
            let words = (0..=self.below(2))
                .map(|_| (self.pick(&["some", "none", "every"]).to_owned(), self.conditions(world, target, depth - 1)));
            return (name.to_owned(), Value::Object(words.collect()));
        }
        let (name, kind, may_be_whole) = match self.below(12) {
            0 => ("id", Kind::Id, false),
            1 if model == "Customer" => self.pick(&[
                ("place.city", Kind::Text, false),
                ("place.zip", Kind::Number, false),
                ("stops.city", Kind::Text, false),
                ("stops.zip", Kind::Number, false),
            ]),
            _ => {
                let (name, kind) = self.pick(fields(model));
                (name, kind, true)
            }
        };
        let of = if name == "id" { model } else { name };
        let make = |random: &mut Self| {
            let (operator, mut asked) = random.ask(world, kind, name, may_be_whole);
            if of == model {
                asked = match asked {
                    Value::Array(all) => all.iter().map(|_| random.id(world, model)).collect(),
                    Value::String(_) => random.id(world, model),
                    other => other,
                };
            }
            (operator, asked)
        };
        let (operator, asked) = make(self);
        if operator == "eq" && !asked.is_object() && self.once_in(2) {
            return (name.to_owned(), asked);
        }
        let mut words = Map::from_iter([(operator, asked)]);
        if self.once_in(4) {
            words.extend([make(self)]);
        }
        (name.to_owned(), Value::Object(words))
    }

    /// An object of conditions.
    pub(crate) fn conditions(&mut self, world: &World, model: &str, depth: usize) -> Value {
        let count = self.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
        let one = |random: &mut Self| match random.below(8) {
            0 if depth > 0 => ("and".to_owned(), random.list(3, |random| random.conditions(world, model, depth - 1))),
            1 if depth > 0 => ("or".to_owned(), random.list(3, |random| random.conditions(world, model, depth - 1))),
            2 if depth > 0 => ("not".to_owned(), random.conditions(world, model, depth - 1)),
            _ => random.property(world, model, depth),
        };
        Value::Object((0..count).map(|_| one(self)).collect())
    }

    /// A whole filter.
    pub(crate) fn filter(&mut self, world: &World, model: &str, depth: usize) -> Value {
        let mut filter = Map::new();
        if !self.once_in(6) {
            filter.insert("where".to_owned(), self.conditions(world, model, 3));
        }
        if self.once_in(2) {
            let names: Vec<&str> = fields(model)
                .iter()
                .filter(|(_, kind)| has_order(*kind))
                .map(|(name, _)| *name)
                .chain(["id"])
                .collect();
            let parts: Vec<String> = (0..=self.below(3))
                .map(|_| format!("{}{}", self.pick(&names), self.pick(&["", " ASC", " desc", " DESC"])))
                .collect();
            filter.insert("order".to_owned(), if self.once_in(2) { json!(parts) } else { json!(parts.join(", ")) });
        }
        for (word, once_in) in [("limit", 3), ("skip", 3)] {
            if self.once_in(once_in) {
                filter.insert(word.to_owned(), json!(self.pick(&[0, 1, 2, 4, 100])));
            }
        }
        if self.once_in(4) {
            let names: Vec<&str> = fields(model).iter().map(|(name, _)| *name).chain(["id"]).collect();
            let some: Vec<&str> = (0..self.below(3)).map(|_| self.pick(&names)).collect();
            let of_list = json!(some);
            let by_name: Map<_, _> = some.iter().map(|name| ((*name).to_owned(), json!(self.once_in(2)))).collect();
            filter.insert("fields".to_owned(), if self.once_in(2) { of_list } else { Value::Object(by_name) });
        }
        if depth > 0 && self.once_in(2) {
            let mut left = relations(model).to_vec();
            let mut all = Vec::new();
            for _ in 0..=self.below(2) {
                if left.is_empty() {
                    break;
                }
                let (name, target, _) = left.swap_remove(self.below(left.len()));
                all.push(match self.below(3) {
                    0 => json!(name),
                    _ => json!({"relation": name, "scope": self.filter(world, target, depth - 1)}),
                });
            }
            filter.insert("include".to_owned(), json!(all));
        }
        Value::Object(filter)
    }

    pub(crate) fn model(&mut self) -> &'static str {
        if self.once_in(2) { "Customer" } else { self.pick(&MODELS) }
    }
}
