//! What a filter finds, by a look at every row as JSON. It shares no code with the library.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema::Row;

/// What kind of values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Bool,
    Day,
    Rank,
    Id,
    Place,
    Texts,
    Numbers,
    Ids,
    Places,
}

pub(crate) const MODELS: [&str; 5] = ["Customer", "Order", "Address", "Tag", "Tagging"];

/// The fields of a model.
pub(crate) fn fields(model: &str) -> &'static [(&'static str, Kind)] {
    use Kind::{Bool, Day, Id, Ids, Number, Numbers, Place, Places, Rank, Text, Texts};
    match model {
        "Customer" => &[
            ("name", Text),
            ("num", Number),
            ("note", Text),
            ("flag", Bool),
            ("when", Day),
            ("rank", Rank),
            ("rating", Number),
            ("level", Number),
            ("tags", Texts),
            ("marks", Numbers),
            ("place", Place),
            ("stops", Places),
            ("secretCode", Text),
            ("parentId", Id),
            ("labels", Ids),
        ],
        "Order" => &[("description", Text), ("totalCents", Number), ("customerId", Id), ("payerName", Text)],
        "Address" => &[("city", Text), ("customerId", Id)],
        "Tag" => &[("name", Text), ("weight", Number)],
        _ => &[("customerId", Id), ("tagId", Id)],
    }
}

/// The relations of a model: name, target, whether it leads to many rows.
pub(crate) fn relations(model: &str) -> &'static [(&'static str, &'static str, bool)] {
    match model {
        "Customer" => &[
            ("parent", "Customer", false),
            ("children", "Customer", true),
            ("orders", "Order", true),
            ("paid", "Order", true),
            ("address", "Address", false),
            ("tagged", "Tag", true),
            ("labels", "Tag", true),
        ],
        "Order" => &[("customer", "Customer", false), ("payer", "Customer", false)],
        "Address" => &[("customer", "Customer", false)],
        "Tag" => &[("bearers", "Customer", true), ("labelled", "Customer", true)],
        _ => &[("customer", "Customer", false), ("tag", "Tag", false)],
    }
}

/// The rows of each table in the order in which they were inserted.
#[derive(Debug, Default)]
pub(crate) struct World(pub(crate) BTreeMap<&'static str, Vec<Row>>);

/// Slot and generation.
pub(crate) fn place(id: &str) -> (u32, u32) {
    let (slot, generation) = id.split_once('v').unwrap();
    (slot.parse().unwrap(), generation.parse().unwrap())
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_number),
        _ => None,
    }
}

/// Numbers by what they are, without rounding.
fn by_number(left: &Value, right: &Value) -> Option<Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => {
            let right = right.as_f64()?;
            if right.abs() >= 1e30 {
                return 0.0.partial_cmp(&right);
            }
            #[allow(clippy::cast_possible_truncation, reason = "it is small, and its fraction is looked at")]
            let floor = right.floor() as i128;
            Some(left.cmp(&floor).then(if right > right.floor() { Ordering::Less } else { Ordering::Equal }))
        }
        (None, Some(_)) => by_number(right, left).map(Ordering::reverse),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn rank(value: &Value) -> Option<usize> {
    ["low", "middle", "high"].iter().position(|name| value == name)
}

/// How an element of a kind compares with what is asked.
fn compare(kind: Kind, own: &Value, asked: &Value) -> Option<Ordering> {
    match kind {
        Kind::Number | Kind::Numbers => by_number(own, &number(asked)?),
        Kind::Text | Kind::Texts | Kind::Day => Some(own.as_str()?.as_bytes().cmp(asked.as_str()?.as_bytes())),
        Kind::Rank => Some(rank(own)?.cmp(&rank(asked)?)),
        Kind::Id | Kind::Ids => Some(place(own.as_str()?).cmp(&place(asked.as_str()?))),
        Kind::Bool => {
            let asked = match asked {
                Value::Bool(asked) => *asked,
                text => ["true", "1"].contains(&text.as_str()?),
            };
            Some(own.as_bool()?.cmp(&asked))
        }
        Kind::Place | Kind::Places => {
            let is_same = own["city"] == asked["city"] && own["zip"] == asked["zip"];
            is_same.then_some(Ordering::Equal)
        }
    }
}

fn is_of_list(kind: Kind) -> bool {
    matches!(kind, Kind::Texts | Kind::Numbers | Kind::Ids | Kind::Places)
}

fn equals(kind: Kind, own: &Value, asked: &Value) -> bool {
    let is_one = |own: &Value, asked: &Value| compare(kind, own, asked) == Some(Ordering::Equal);
    match (own, asked) {
        (Value::Array(own), Value::Array(asked)) => {
            own.len() == asked.len() && own.iter().zip(asked).all(|(own, asked)| is_one(own, asked))
        }
        (Value::Array(own), asked) => own.iter().any(|own| is_one(own, asked)),
        (own, asked) => is_one(own, asked),
    }
}

/// SQL's `like`, by a look at all ways to go on.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|from| is_like(&text[from..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => text.first() == Some(letter) && is_like(&text[1..], rest),
    }
}

/// A regular expression, and what it asks for by hand.
type Regex = (&'static str, fn(&str) -> bool);

pub(crate) const REGEXES: [Regex; 6] = [
    ("^a", |text| text.starts_with('a')),
    ("/^A/i", |text| text.starts_with(['a', 'A'])),
    ("[ab]$", |text| text.ends_with(['a', 'b'])),
    ("a.b", |text| text.split_inclusive('a').skip(1).any(|rest| rest.chars().nth(1) == Some('b'))),
    ("^$", str::is_empty),
    ("é+", |text| text.contains('é')),
];

fn asked_of_text(operator: &str, text: &str, asked: &str) -> bool {
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    let small = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    match operator {
        "like" => is_like(&letters(text), &letters(asked)),
        "ilike" => is_like(&small(text), &small(asked)),
        _ => REGEXES.iter().find(|(pattern, _)| *pattern == asked).is_some_and(|(_, holds)| holds(text)),
    }
}

/// Whether an operator holds for a value.
fn asks(kind: Kind, own: &Value, operator: &str, asked: &Value) -> bool {
    let one = |of: &dyn Fn(&Value) -> bool| match own {
        Value::Array(elements) => elements.iter().any(of),
        Value::Null => false,
        own => of(own),
    };
    let by_order = |is: fn(Ordering) -> bool, asked: &Value| one(&|own| compare(kind, own, asked).is_some_and(is));
    match operator {
        "eq" if asked.is_null() => own.is_null(),
        "eq" => !own.is_null() && equals(kind, own, asked),
        "inq" => asked.as_array().unwrap().iter().any(|asked| asks(kind, own, "eq", asked)),
        "exists" => own.is_null() != (asked == true || asked == "true"),
        "neq" => !asks(kind, own, "eq", asked),
        "nin" => !asks(kind, own, "inq", asked),
        "nlike" => !asks(kind, own, "like", asked),
        "nilike" => !asks(kind, own, "ilike", asked),
        "gt" => by_order(Ordering::is_gt, asked),
        "gte" => by_order(Ordering::is_ge, asked),
        "lt" => by_order(Ordering::is_lt, asked),
        "lte" => by_order(Ordering::is_le, asked),
        "between" => one(&|own| {
            compare(kind, own, &asked[0]).is_some_and(Ordering::is_ge)
                && compare(kind, own, &asked[1]).is_some_and(Ordering::is_le)
        }),
        text => one(&|own| own.as_str().is_some_and(|own| asked_of_text(text, own, asked.as_str().unwrap()))),
    }
}

/// The operators of a property, of which a direct value is one.
fn operators(asked: &Value) -> Vec<(&str, &Value)> {
    match asked {
        Value::Object(operators) => operators.iter().map(|(word, asked)| (&**word, asked)).collect(),
        asked => vec![("eq", asked)],
    }
}

/// The same for what is within a struct, or within the structs of a list.
fn asks_within(kind: Kind, own: &Value, key: &str, operator: &str, asked: &Value) -> bool {
    match (own, operator) {
        (_, "neq") => !asks_within(kind, own, key, "eq", asked),
        (_, "nin") => !asks_within(kind, own, key, "inq", asked),
        (_, "nlike") => !asks_within(kind, own, key, "like", asked),
        (_, "nilike") => !asks_within(kind, own, key, "ilike", asked),
        (Value::Array(elements), _) if !elements.is_empty() => {
            elements.iter().any(|own| asks(kind, &own[key], operator, asked))
        }
        (own, _) => asks(kind, own.get(key).unwrap_or(&Value::Null), operator, asked),
    }
}

impl World {
    pub(crate) fn rows(&self, model: &str) -> &[Row] {
        &self.0[model]
    }

    fn by_id(&self, model: &str, id: &Value) -> Vec<&Row> {
        self.rows(model).iter().filter(|(own, _)| id == own).collect()
    }

    /// The rows to which a relation leads, in its order.
    pub(crate) fn related(&self, model: &str, (id, row): &Row, relation: &str) -> Vec<&Row> {
        let whose = |source: &str, key: &str, is: &Value| {
            self.rows(source).iter().filter(|(_, row)| row[key] == *is).collect::<Vec<&Row>>()
        };
        let own = Value::from(&**id);
        match (model, relation) {
            ("Customer", "parent") => self.by_id("Customer", &row["parentId"]),
            ("Customer", "children") => whose("Customer", "parentId", &own),
            ("Customer", "orders") => whose("Order", "customerId", &own),
            ("Customer", "paid") => whose("Order", "payerName", &row["name"]),
            ("Customer", "address") => whose("Address", "customerId", &own),
            ("Customer", "tagged") => {
                let links = whose("Tagging", "customerId", &own);
                links.into_iter().flat_map(|(_, link)| self.by_id("Tag", &link["tagId"])).collect()
            }
            ("Customer", _) => row["labels"].as_array().unwrap().iter().flat_map(|id| self.by_id("Tag", id)).collect(),
            ("Tag", "bearers") => {
                let links = whose("Tagging", "tagId", &own);
                links.into_iter().flat_map(|(_, link)| self.by_id("Customer", &link["customerId"])).collect()
            }
            ("Tag", _) => {
                let lists = |row: &&Row| row.1["labels"].as_array().unwrap().contains(&own);
                self.rows("Customer").iter().filter(lists).collect()
            }
            (_, "payer") => {
                self.rows("Customer").iter().filter(|(_, customer)| customer["name"] == row["payerName"]).collect()
            }
            (_, "tag") => self.by_id("Tag", &row["tagId"]),
            _ => self.by_id("Customer", &row["customerId"]),
        }
    }

    pub(crate) fn holds(&self, model: &str, row: &Row, condition: &Value) -> bool {
        condition.as_object().unwrap().iter().all(|(key, asked)| match &**key {
            "and" => asked.as_array().unwrap().iter().all(|one| self.holds(model, row, one)),
            "or" => asked.as_array().unwrap().iter().any(|one| self.holds(model, row, one)),
            "not" => !self.holds(model, row, asked),
            key => self.property(model, row, key, asked),
        })
    }

    fn property(&self, model: &str, row: &Row, key: &str, asked: &Value) -> bool {
        let words = asked.as_object().filter(|words| !words.is_empty());
        let is_quantified =
            words.is_some_and(|words| words.keys().all(|word| ["some", "none", "every"].contains(&&**word)));
        let field = fields(model).iter().find(|(name, _)| *name == key);
        let relation = relations(model).iter().find(|(name, ..)| *name == key && (is_quantified || field.is_none()));
        if let Some((name, target, _)) = relation {
            let related = self.related(model, row, name);
            let some = |asked: &Value| related.iter().any(|row| self.holds(target, row, asked));
            return match asked {
                Value::Null => related.is_empty(),
                Value::Object(words) if is_quantified => words.iter().all(|(word, asked)| match &**word {
                    "some" => some(asked),
                    "none" => !some(asked),
                    _ => related.iter().all(|row| self.holds(target, row, asked)),
                }),
                asked => some(asked),
            };
        }
        operators(asked).into_iter().all(|(operator, asked)| {
            if key == "id" {
                return asks(Kind::Id, &Value::from(&*row.0), operator, asked);
            }
            if let Some((root, inside)) = key.split_once('.') {
                let kind = if inside == "city" { Kind::Text } else { Kind::Number };
                return asks_within(kind, &row.1[root], inside, operator, asked);
            }
            asks(field.unwrap().1, &row.1[key], operator, asked)
        })
    }

    /// The rows that a filter finds among these, as it gives them.
    pub(crate) fn find(&self, model: &str, mut rows: Vec<&Row>, filter: &Value) -> Vec<Value> {
        if let Some(condition) = filter.get("where").filter(|condition| !condition.is_null()) {
            rows.retain(|row| self.holds(model, row, condition));
        }
        let order = match filter.get("order") {
            Some(Value::Array(parts)) => parts.iter().map(|part| part.as_str().unwrap()).collect(),
            Some(Value::String(text)) => text.split(',').collect(),
            _ => Vec::new(),
        };
        // By the last one first, for a stable sort.
        for part in order.into_iter().rev() {
            let (name, descends) = match part.trim().split_once(' ') {
                Some((name, direction)) => (name, direction.eq_ignore_ascii_case("desc")),
                None => (part.trim(), false),
            };
            rows.sort_by(|left, right| ordered(model, left, right, name, descends));
        }
        let count = |key: &str| filter.get(key).and_then(Value::as_u64).map(|count| usize::try_from(count).unwrap());
        let skip = count("skip").or(count("offset")).unwrap_or(0);
        let rows = rows.into_iter().skip(skip).take(count("limit").unwrap_or(usize::MAX));
        rows.map(|row| self.given(model, row, filter)).collect()
    }

    /// All rows of a model that a filter finds.
    pub(crate) fn find_all(&self, model: &str, filter: &Value) -> Vec<Value> {
        let mut rows: Vec<&Row> = self.rows(model).iter().collect();
        rows.sort_by_key(|(id, _)| place(id));
        self.find(model, rows, filter)
    }

    /// A row with the fields that a filter selects, and what it includes.
    pub(crate) fn given(&self, model: &str, row: &Row, filter: &Value) -> Value {
        let mut all = Map::from_iter([("id".to_owned(), json!(row.0))]);
        all.extend(row.1.as_object().unwrap().clone());
        let named = |is: bool| match filter.get("fields") {
            Some(Value::Array(names)) if is => names.iter().map(|name| name.as_str().unwrap()).collect(),
            Some(Value::Object(names)) => {
                names.iter().filter(|(_, given)| **given == is).map(|(name, _)| &**name).collect()
            }
            _ => Vec::new(),
        };
        let (given, left_out) = (named(true), named(false));
        all.retain(|name, _| if given.is_empty() { !left_out.contains(&&**name) } else { given.contains(&&**name) });
        for inclusion in filter.get("include").and_then(Value::as_array).into_iter().flatten() {
            let (name, scope) = match inclusion {
                Value::String(name) => (&**name, &Value::Null),
                object => (object["relation"].as_str().unwrap(), &object["scope"]),
            };
            let (_, target, is_many) = relations(model).iter().find(|(known, ..)| *known == name).unwrap();
            let mut found = self.find(target, self.related(model, row, name), scope);
            all.remove(name);
            if *is_many {
                all.insert(name.to_owned(), found.into());
            } else if !found.is_empty() {
                all.insert(name.to_owned(), found.remove(0));
            }
        }
        Value::Object(all)
    }
}

/// Absent values last in both directions.
fn ordered(model: &str, left: &Row, right: &Row, name: &str, descends: bool) -> Ordering {
    if name == "id" {
        let order = place(&left.0).cmp(&place(&right.0));
        return if descends { order.reverse() } else { order };
    }
    let (_, kind) = fields(model).iter().find(|(known, _)| *known == name).unwrap();
    match (&left.1[name], &right.1[name]) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (left, right) => {
            let order = compare(*kind, left, right).unwrap();
            if descends { order.reverse() } else { order }
        }
    }
}

/// Whether rows can be ordered by a field, and asked by `gt` and its kin.
pub(crate) fn has_order(kind: Kind) -> bool {
    !is_of_list(kind) && kind != Kind::Place
}
