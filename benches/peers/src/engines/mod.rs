//! The engines, one file each. What each does is told in docs/benchmarks.md too, for a reader to judge.

mod arrays;
mod ecs;
mod maps;
mod multi_index;
mod sql;
mod store;
mod tree;

use crate::machine::locked_version;
use crate::workload::{Report, Task};

/// The engines of this program in the order of the tables. The first gives the answers that the others must give too.
pub(crate) const NAMES: [&str; 7] = [ARRAYS, RELATA, "hashbrown", "multi_index_map", "bevy_ecs", "redb", "SQLite"];
/// Plain arrays.
pub(crate) const ARRAYS: &str = "arrays";
/// Ours.
pub(crate) const RELATA: &str = "relata";

/// Measures the engine of a name.
pub(crate) fn measure(name: &str, task: &Task<'_>) -> Report {
    match name {
        ARRAYS => task.measure::<arrays::Arrays>(name, "by hand".to_owned()),
        RELATA => task.measure::<store::Store>(name, locked_version("relata")),
        "hashbrown" => task.measure::<maps::Maps>(name, locked_version(name)),
        "multi_index_map" => task.measure::<multi_index::MultiIndex>(name, locked_version(name)),
        "bevy_ecs" => task.measure::<ecs::Ecs>(name, locked_version(name)),
        "redb" => task.measure::<tree::Tree>(name, locked_version(name)),
        "SQLite" => {
            let version = format!("{}, rusqlite {}", rusqlite::version(), locked_version("rusqlite"));
            task.measure::<sql::Sql>(name, version)
        }
        _ => panic!("there is no engine `{name}`"),
    }
}
