//! Primary keys that hold a foreign key, three tables deep: a change at the top goes through all of them. On two ways, which
//! meet again at the bottom.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, FieldDefault, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(lines: Line), has_many(bills: Bill))]
struct Purchase {
    #[model(primary_key)]
    code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(purchase_code, number), has_many(parts: Part))]
struct Line {
    #[model(belongs_to(Purchase), name = purchase, on_delete = cascade, on_update = cascade)]
    purchase_code: String,
    number: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(primary_key(number, place, purchase_code))]
#[model(belongs_to(Line, key_from(purchase_code, number), name = line, on_delete = cascade, on_update = cascade))]
struct Part {
    place: String,
    purchase_code: String,
    number: String,
}

/// The other way.
#[derive(Model, Clone, Serialize, Deserialize)]
struct Bill {
    #[model(primary_key, belongs_to(Purchase), name = purchase, on_delete = cascade, on_update = cascade)]
    purchase_code: String,
    note: Option<String>,
}

/// Where the two ways meet: one of them is longer than the other.
#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(bill_code, number, place, purchase_code))]
#[model(belongs_to(Part, key_from(number, place, purchase_code), name = part, on_delete = cascade, on_update = cascade))]
struct Label {
    number: String,
    place: String,
    purchase_code: String,
    #[model(belongs_to(Bill), name = bill, on_delete = cascade, on_update = cascade)]
    bill_code: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(belongs_to(Label, key_from(bill, number, place, purchase), key_to(bill_code, number, place, purchase_code),
    name = label, on_delete = set_null, on_update = cascade))]
#[model(belongs_to(Line, key_from(first_code, first_number), name = first, on_delete = set_default, on_update = set_null,
    default = ("asgard".to_owned(), "midgard".to_owned())))]
#[model(belongs_to(Line, key_from(other_code, other_number), name = other, on_delete = no_action, on_update = set_default,
    default = ("hel".to_owned(), "asgard".to_owned())))]
struct Stamp {
    bill: Option<String>,
    number: Option<String>,
    place: Option<String>,
    purchase: Option<String>,
    first_code: Option<String>,
    first_number: Option<String>,
    other_code: Option<String>,
    other_number: Option<String>,
}

record!(Purchase { code } by BY_CODE);
record!(Line { purchase_code, number } by BY_PURCHASE_CODE_NUMBER);
record!(Part { place, purchase_code, number } by BY_NUMBER_PLACE_PURCHASE_CODE);
record!(Bill { purchase_code, note } by BY_PURCHASE_CODE);
record!(Label { number, place, purchase_code, bill_code });
record!(Stamp { bill, number, place, purchase, first_code, first_number, other_code, other_number });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "keys within keys",
    deferral: Deferral::ByTransaction,
    tables: &[
        &TableOf::<Purchase>::new(),
        &TableOf::<Line>::new(),
        &TableOf::<Part>::new(),
        &TableOf::<Bill>::new(),
        &TableOf::<Label>::new(),
        &TableOf::<Stamp>::new(),
    ],
    delete_all: &[
        DeleteAll { source: 1, relation: "purchase", owner: 0, run: |w, owner| delete_all(w, Purchase::LINES, owner) },
        DeleteAll { source: 2, relation: "line", owner: 1, run: |w, owner| delete_all(w, Line::PARTS, owner) },
    ],
    defaults: &[
        FieldDefault { table: "Stamp", field: "first_code", value: "asgard" },
        FieldDefault { table: "Stamp", field: "first_number", value: "midgard" },
        FieldDefault { table: "Stamp", field: "other_code", value: "hel" },
        FieldDefault { table: "Stamp", field: "other_number", value: "asgard" },
    ],
};
