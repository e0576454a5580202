//! Relations of a model to itself: by id and by name, optional and required, each action.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(children: Folder, via = parent))]
struct Folder {
    #[model(unique)]
    name: String,
    #[model(belongs_to, on_delete = cascade)]
    parent_id: Option<Id<Folder>>,
    #[model(belongs_to(Folder), key_to = name, name = link, on_delete = set_null, on_update = no_action)]
    link_name: Option<String>,
    #[model(belongs_to(Folder), key_to = name, name = original, on_delete = restrict)]
    original_name: Option<String>,
}

/// Every row has a root, the first of them itself.
#[derive(Model, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "it is made of keys")]
#[model(has_many(members: Node, via = root))]
struct Node {
    #[model(belongs_to, on_delete = no_action)]
    root_id: Id<Node>,
    #[model(belongs_to, on_delete = set_null)]
    next_id: Option<Id<Node>>,
    #[model(belongs_to, on_delete = cascade)]
    folder_id: Option<Id<Folder>>,
}

record!(Folder { name, parent_id, link_name, original_name });
record!(Node { root_id, next_id, folder_id });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "self reference",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Folder>::new(), &TableOf::<Node>::new()],
    delete_all: &[
        DeleteAll { source: 0, relation: "parent", owner: 0, run: |w, owner| delete_all(w, Folder::CHILDREN, owner) },
        DeleteAll { source: 1, relation: "root", owner: 1, run: |w, owner| delete_all(w, Node::MEMBERS, owner) },
    ],
    defaults: &[],
};
