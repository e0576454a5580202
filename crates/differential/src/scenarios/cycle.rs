//! Two tables that need each other, by an id and by a name, with keys that are declared as deferred.

use relata::{Id, Model};
use serde::{Deserialize, Serialize};

use super::{DeleteAll, Scenario, delete_all};
use crate::sqlite::Deferral;
use crate::store::{TableOf, record};

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(members: Player, via = guild))]
struct Guild {
    #[model(primary_key)]
    name: String,
    #[model(belongs_to, on_delete = no_action)]
    leader_id: Id<Player>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Player {
    #[model(unique)]
    name: Option<String>,
    #[model(belongs_to(Guild), name = guild, on_delete = no_action, on_update = no_action)]
    guild_name: String,
    #[model(belongs_to(Guild), name = allied, on_delete = set_null, on_update = no_action)]
    allied_name: Option<String>,
}

/// What may not lose its player, not even until the commit.
#[derive(Model, Clone, Serialize, Deserialize)]
struct Oath {
    #[model(belongs_to, on_delete = restrict)]
    player_id: Id<Player>,
    #[model(belongs_to(Player), key_to = name, name = witness, on_delete = restrict, on_update = restrict)]
    witness_name: Option<String>,
}

record!(Guild { name, leader_id } by BY_NAME);
record!(Player { name, guild_name, allied_name });
record!(Oath { player_id, witness_name });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cycle of two tables",
    deferral: Deferral::Declared,
    tables: &[&TableOf::<Guild>::new(), &TableOf::<Player>::new(), &TableOf::<Oath>::new()],
    delete_all: &[DeleteAll {
        source: 1,
        relation: "guild",
        owner: 0,
        run: |w, owner| delete_all(w, Guild::MEMBERS, owner),
    }],
    defaults: &[],
};
