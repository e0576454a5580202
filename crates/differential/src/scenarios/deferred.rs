//! Keys that are declared as deferred beside keys that are not, in all kinds of transactions.

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
    #[model(belongs_to, deferred, on_delete = no_action)]
    leader_id: Id<Player>,
}

#[derive(Model, Clone, Serialize, Deserialize)]
struct Player {
    #[model(unique)]
    name: Option<String>,
    #[model(belongs_to(Guild), name = guild, deferred, on_delete = cascade, on_update = cascade)]
    guild_name: String,
    #[model(belongs_to(Guild), name = allied, deferred, on_delete = set_null, on_update = no_action)]
    allied_name: Option<String>,
    #[model(belongs_to(Guild), name = foe, on_delete = no_action, on_update = set_null)]
    foe_name: Option<String>,
}

/// What may not lose its player, not even until the commit, and the same of a key that is not deferred.
#[derive(Model, Clone, Serialize, Deserialize)]
struct Oath {
    #[model(belongs_to(Player), key_to = name, name = witness, deferred, on_delete = no_action, on_update = no_action)]
    witness_name: Option<String>,
    #[model(belongs_to, on_delete = no_action)]
    player_id: Option<Id<Player>>,
}

record!(Guild { name, leader_id } by BY_NAME);
record!(Player { name, guild_name, allied_name, foe_name });
record!(Oath { witness_name, player_id });

pub(super) const SCENARIO: Scenario = Scenario {
    name: "deferred keys beside others",
    deferral: Deferral::ByTransaction,
    tables: &[&TableOf::<Guild>::new(), &TableOf::<Player>::new(), &TableOf::<Oath>::new()],
    delete_all: &[DeleteAll {
        source: 1,
        relation: "guild",
        owner: 0,
        run: |w, owner| delete_all(w, Guild::MEMBERS, owner),
    }],
    defaults: &[],
};
