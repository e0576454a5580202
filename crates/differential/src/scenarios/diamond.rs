//! Two ways by which a cascade reaches the same rows, and a restrict that the cascade itself may clear away.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(lefts: Left))]
struct Top {
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Left {
    #[model(belongs_to, on_delete = cascade)]
    top_id: Id<Top>,
    #[model(unique)]
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Right {
    #[model(belongs_to(Top), key_to = name, name = top, on_delete = cascade)]
    top_name: Option<String>,
    #[model(belongs_to, on_delete = restrict)]
    left_id: Option<Id<Left>>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Bottom {
    #[model(belongs_to, on_delete = cascade)]
    right_id: Option<Id<Right>>,
    #[model(belongs_to(Left), key_to = name, name = left, on_delete = restrict)]
    left_name: Option<String>,
    #[model(belongs_to, on_delete = no_action)]
    top_id: Option<Id<Top>>,
    #[model(belongs_to, on_delete = set_null)]
    seen_id: Option<Id<Left>>,
}

record!(Top { name });
record!(Left { top_id, name });
record!(Right { top_name, left_id });
record!(Bottom { right_id, left_name, top_id, seen_id });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "diamond of cascades",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Top>::new(), &TableOf::<Left>::new(), &TableOf::<Right>::new(), &TableOf::<Bottom>::new()],
    delete_all: &[DeleteAll { source: 1, relation: "top", owner: 0, run: |w, owner| delete_all(w, Top::LEFTS, owner) }],
    defaults: &[],
};
