//! Hash maps and sets, whose order is none: they are written in that of their keys as these are encoded, so that the same
//! state gives the same bytes.
//!
//! serde does not say whether what it hands over has an order. The type does, by its name, which is all that can be asked
//! of a type without `'static`. The maps and sets of std, hashbrown and of what is built on them in the same way are
//! written by `collect_map` and `collect_seq`, through whatever newtypes they lie in; the others are known by the type of the field.

use std::any::type_name;

/// Whether the items of a collection come in an order that is no part of its value.
#[inline]
pub(super) fn is_unordered<T: ?Sized>() -> bool {
    let name = type_name::<T>().trim_start_matches(['&', '(']);
    let name = name.strip_prefix("mut ").unwrap_or(name);
    let Some((path, _)) = name.split_once('<') else { return false };
    matches!(
        path,
        "std::collections::hash::map::HashMap"
            | "std::collections::hash::set::HashSet"
            | "hashbrown::map::HashMap"
            | "hashbrown::set::HashSet"
            | "std::collections::hash_map::HashMap"
            | "std::collections::hash_set::HashSet"
    )
}

#[cfg(test)]
mod tests {
    use super::is_unordered;

    #[test]
    #[expect(clippy::disallowed_types, reason = "they are what is asked about")]
    fn hash_maps_and_sets_are_known_by_name() {
        assert!(is_unordered::<&std::collections::HashMap<u8, u8>>());
        assert!(is_unordered::<&std::collections::HashSet<u8>>());
        assert!(is_unordered::<&hashbrown::HashMap<u8, u8>>());
        assert!(is_unordered::<hashbrown::HashSet<u8>>());
        assert!(!is_unordered::<&std::collections::BTreeMap<u8, u8>>());
        assert!(!is_unordered::<&Vec<std::collections::HashSet<u8>>>());
    }
}
