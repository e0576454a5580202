//! A model that follows itself by name, and two whose primary keys are each other's.

use relata::Model;
use serde::{Deserialize, Serialize};

use super::{DeleteAll, FieldDefault, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(children: Node, via = parent))]
struct Node {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to(Node), name = parent, on_delete = cascade, on_update = cascade)]
    parent_name: Option<String>,
    #[model(belongs_to(Node), name = friend, on_delete = set_null, on_update = set_null)]
    friend_name: Option<String>,
    #[model(belongs_to(Node), name = heir, on_delete = set_default, on_update = set_default)]
    #[model(default = "asgard".to_owned())]
    heir_name: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Front {
    #[model(primary_key, belongs_to(Back), name = back, on_delete = cascade, on_update = cascade)]
    code: String,
    note: Option<String>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Back {
    #[model(primary_key, belongs_to(Front), name = front, on_delete = cascade, on_update = cascade)]
    code: String,
    #[model(belongs_to(Node), name = node, on_delete = no_action, on_update = cascade)]
    node_name: Option<String>,
}

record!(Node { name, parent_name, friend_name, heir_name } by BY_NAME);
record!(Front { code, note } by BY_CODE);
record!(Back { code, node_name } by BY_CODE);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "rows that follow themselves",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Node>::new(), &TableOf::<Front>::new(), &TableOf::<Back>::new()],
    delete_all: &[DeleteAll {
        source: 0,
        relation: "parent",
        owner: 0,
        run: |w, owner| delete_all(w, Node::CHILDREN, owner),
    }],
    defaults: &[FieldDefault { table: "Node", field: "heir_name", value: "asgard" }],
};
