//! Hash maps and sets, whose order is none: they are written in that of their keys as these are encoded, so that the same
//! state gives the same bytes.
//!
//! serde does not say whether what it hands over has an order. The type does, by its name, which is all that can be asked
//! of a type without `'static`. The maps and sets of std, hashbrown and of what is built on them in the same way are
//! written by `collect_map` and `collect_seq`, through whatever newtypes they lie in, and so are they where an adaptor writes
//! a map as a list of pairs.

use std::any::type_name;

/// The modules of the collections that have no order.
const MODULES: [&str; 4] =
    ["std::collections::hash::map::", "std::collections::hash::set::", "hashbrown::map::", "hashbrown::set::"];

/// Whether the items of a collection, or of an iterator over one, come in an order that is no part of its value.
#[inline]
pub(super) fn is_unordered<T: ?Sized>() -> bool {
    MODULES.iter().any(|module| is_of(type_name::<T>(), module))
}

/// Whether a type is a collection of a module, or is made of an iterator over one.
fn is_of(name: &str, module: &str) -> bool {
    let name = name.trim_start_matches('&').trim_start_matches("mut ");
    if let Some(rest) = name.strip_prefix(module) {
        return rest.starts_with("Hash") || is_iterator(rest);
    }
    // `Map<Iter<..>, ..>`: the adapters of `Iterator`, around one or another.
    name.starts_with("core::iter::adapters::") && name.split(module).skip(1).any(is_iterator)
}

fn is_iterator(name: &str) -> bool {
    ["Iter<", "IntoIter<", "Keys<", "IntoKeys<", "Values<", "IntoValues<"].iter().any(|kind| name.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::is_unordered;

    fn is_unordered_value<T>(_: &T) -> bool {
        is_unordered::<T>()
    }

    #[test]
    #[expect(clippy::disallowed_types, reason = "they are what is asked about")]
    fn hash_maps_and_sets_are_known_by_name() {
        assert!(is_unordered::<&std::collections::HashMap<u8, u8>>());
        assert!(is_unordered::<&std::collections::HashSet<u8>>());
        assert!(is_unordered::<&hashbrown::HashMap<u8, u8>>());
        assert!(is_unordered::<hashbrown::HashSet<u8>>());
        let map = std::collections::HashMap::from([(1, 2)]);
        assert!(is_unordered_value(&map.iter().map(|(key, value)| (value, key))));
        assert!(is_unordered_value(&map.keys()));
        assert!(!is_unordered_value(&[map].iter().map(std::collections::HashMap::len)));
        assert!(!is_unordered::<&std::collections::BTreeMap<u8, u8>>());
        assert!(!is_unordered::<&Vec<std::collections::HashSet<u8>>>());
    }
}
