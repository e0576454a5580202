//! What holds for every set, each loaded once for the tests that only read it.

use std::sync::LazyLock;

use relata::Database;
use relata_real_data::{LoadError, load_set};

use crate::{breaks, children, snapshot, source, unchecked};

/// A set that is loaded when it is first asked for. Where it cannot be, every test says why.
pub(crate) type Loaded = LazyLock<Result<Database, LoadError>>;

pub(crate) fn loaded(set: &'static Loaded) -> &'static Database {
    set.as_ref().unwrap_or_else(|error| panic!("{error}"))
}

macro_rules! every_set {
    ($($module:ident: $set:ident, $other_keys:expr;)+) => {$(
        pub(crate) mod $module {
            use relata_real_data::$module::$set;

            use super::*;

            const OTHER_KEYS: &[&str] = &$other_keys;
            static LOADED: Loaded = LazyLock::new(load_set::<$set>);

            pub(crate) fn db() -> &'static Database {
                loaded(&LOADED)
            }

            #[test]
            fn declares_the_columns_and_keys_of_the_source() {
                assert_eq!(source::assert_same_columns::<$set>(db()), OTHER_KEYS);
                source::assert_same_foreign_keys::<$set>(db());
            }

            #[test]
            fn has_every_row_of_the_files() {
                source::assert_row_counts::<$set>(db());
            }

            #[test]
            fn keeps_every_rule() {
                assert_eq!(db().check(), Ok(()));
            }

            #[test]
            fn children_are_those_of_the_files() {
                children::assert_as_in_files::<$set>(db());
            }

            #[test]
            fn is_the_same_after_save_and_load() {
                snapshot::assert_saves_and_loads::<$set>(db());
            }

            #[test]
            fn comes_out_the_same_when_loaded_backwards() {
                let db = unchecked::load_backwards::<$set>();
                assert_eq!(db.check(), Ok(()));
                source::assert_row_counts::<$set>(&db);
                children::assert_as_in_files::<$set>(&db);
            }

            #[test]
            fn refuses_to_break_any_foreign_key() {
                let mut db = breaks::load_with_refusals::<$set>();
                source::assert_row_counts::<$set>(&db);
                breaks::assert_references_hold::<$set>(&mut db);
                // By now some children are in another order than their slots.
                snapshot::assert_saves_and_loads::<$set>(&db);
            }
        }
    )+};
}
every_set! {
    chinook: Chinook, [];
    northwind: Northwind, [];
    cargo_lock: CargoLock, [];
    // Five of its pairs of item and generation are there twice.
    pokeapi: PokeApi, ["item_game_indices"];
}
