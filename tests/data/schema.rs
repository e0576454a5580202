//! The same models twice: without any index or column, and with as many as there can be. Their rows are given as JSON, so
//! that both can be filled and asked by the same code.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A date that is a text outside and a number inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(u32);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Day;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day such as 2020-01-31")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                let is_day = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
                let digits = text.replace('-', "");
                let day = digits.parse().ok().filter(|_| is_day && digits.len() == 8);
                day.map(Day).ok_or_else(|| E::custom(format_args!("Invalid date: {text}")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Its order is another than that of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rank {
    Low,
    Middle,
    High,
}

/// A struct within a row. It has no order, and its `zip` may not be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<u32>,
}

/// The id of a row, and what it is as JSON.
pub(crate) type Row = (String, serde_json::Value);

/// The models in a module; `all()` declares indexes and columns, `any()` none.
macro_rules! schema {
    ($name:ident, $($declares:tt)+) => {
        pub(crate) mod $name {
            use relata::{Database, Id, Model};
            use serde::{Deserialize, Serialize};

            use super::{Day, Place, Rank, Row};

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[model(has_many(orders: Order, via = customer), has_many(paid: Order, via = payer))]
            #[model(has_one(address: Address), has_many(children: Customer, via = parent))]
            #[model(has_many(tagged: Tag, through = Tagging, via(customer, tag)))]
            #[cfg_attr($($declares)+, model(index(flag, level), ordered(level, num)))]
            pub(crate) struct Customer {
                #[model(unique)]
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) name: String,
                #[cfg_attr($($declares)+, model(ordered, column))]
                pub(crate) num: Option<i32>,
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) note: Option<String>,
                #[cfg_attr($($declares)+, model(column))]
                pub(crate) flag: Option<bool>,
                #[cfg_attr($($declares)+, model(index))]
                pub(crate) when: Option<Day>,
                #[cfg_attr($($declares)+, model(index))]
                pub(crate) rank: Rank,
                #[cfg_attr($($declares)+, model(column, ordered))]
                pub(crate) rating: Option<f64>,
                #[cfg_attr($($declares)+, model(column, ordered))]
                pub(crate) level: u8,
                pub(crate) tags: Vec<String>,
                pub(crate) marks: Option<Vec<i16>>,
                pub(crate) place: Option<Place>,
                pub(crate) stops: Vec<Place>,
                #[cfg_attr($($declares)+, model(unique))]
                pub(crate) secret_code: Option<String>,
                #[model(belongs_to, on_delete = set_null)]
                pub(crate) parent_id: Option<Id<Customer>>,
                #[model(references_many, on_delete = set_null)]
                pub(crate) labels: Vec<Id<Tag>>,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub(crate) struct Order {
                pub(crate) description: String,
                #[cfg_attr($($declares)+, model(ordered, column))]
                pub(crate) total_cents: u64,
                #[model(belongs_to)]
                pub(crate) customer_id: Option<Id<Customer>>,
                #[model(belongs_to(Customer), name = payer, key_to = name)]
                pub(crate) payer_name: Option<String>,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub(crate) struct Address {
                #[cfg_attr($($declares)+, model(index))]
                pub(crate) city: String,
                #[model(belongs_to, unique, on_delete = cascade)]
                pub(crate) customer_id: Id<Customer>,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[model(has_many(bearers: Customer, through = Tagging, via(tag, customer)))]
            #[model(has_many(labelled: Customer, via = labels))]
            pub(crate) struct Tag {
                #[model(unique)]
                pub(crate) name: String,
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) weight: i64,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            #[model(unique(customer_id, tag_id))]
            pub(crate) struct Tagging {
                #[model(belongs_to, on_delete = cascade)]
                pub(crate) customer_id: Id<Customer>,
                #[model(belongs_to, on_delete = cascade)]
                pub(crate) tag_id: Id<Tag>,
            }

            pub(crate) fn database() -> Database {
                let models = Database::builder().model::<Customer>().model::<Order>().model::<Address>();
                models.model::<Tag>().model::<Tagging>().build().unwrap()
            }

            /// The rows of a table in slot order, as their `Serialize` gives them.
            pub(crate) fn rows(db: &Database, model: &str) -> Vec<Row> {
                fn of<M: Model + Serialize>(db: &Database) -> Vec<Row> {
                    db.iter::<M>().map(|(id, row)| (id.to_string(), serde_json::to_value(row).unwrap())).collect()
                }
                match model {
                    "Customer" => of::<Customer>(db),
                    "Order" => of::<Order>(db),
                    "Address" => of::<Address>(db),
                    "Tag" => of::<Tag>(db),
                    _ => of::<Tagging>(db),
                }
            }
        }
    };
}

schema!(plain, any());
schema!(declared, all());
