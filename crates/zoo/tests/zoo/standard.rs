//! Types of the standard library.

#![allow(clippy::disallowed_types, reason = "they are what is tried")]

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZeroI128, NonZeroU8, Saturating, Wrapping};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use crate::case::zoo;
use crate::harness::{both_ways, by, eq, text};

fn v6(scope: u32, flow: u32) -> SocketAddrV6 {
    SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 80, flow, scope)
}

/// One that is alive, for as long as the program runs.
fn alive(value: u8) -> Weak<u8> {
    let weak = Arc::downgrade(Box::leak(Box::new(Arc::new(value))));
    assert!(weak.upgrade().is_some());
    weak
}

fn deep(levels: usize) -> Option<Option<Option<u8>>> {
    [None, Some(None), Some(Some(None)), Some(Some(Some(9)))][levels]
}

zoo! {
    bool_: key bool => eq([true, false]);
    char_: key char => eq(['\0', 'a', 'ß', '\u{10ffff}']);
    u8_: key u8 => eq([0, 127, 128, u8::MAX]);
    i64_: key i64 => eq([i64::MIN, -9, -8, -1, 0, 1, i64::MAX]);
    u64_: key u64 => eq([0, u64::from(u32::MAX), u64::MAX]);
    u128_: key u128 => eq([0, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX]);
    i128_: key i128 => eq([i128::MIN, i128::from(i64::MIN) - 1, -1, 0, i128::from(u64::MAX) + 1, i128::MAX]);
    usize_: key usize => eq([0, usize::MAX]);
    // Bit for bit: the sign of a zero and what a NaN carries too.
    f32_: field f32 => by(
        |a, b| a.to_bits() == b.to_bits(),
        [0.0, -0.0, 0.1, f32::MIN_POSITIVE / 2.0, f32::INFINITY, f32::NAN, f32::from_bits(0xffc0_1234)],
    );
    f64_: field f64 => by(
        |a, b| a.to_bits() == b.to_bits(),
        [0.0, -0.0, 0.1, 1e300, f64::MAX, f64::NEG_INFINITY, f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)],
    );
    string: key String => eq([String::new(), "\0".into(), "é\u{1f980}".into(), "x".repeat(70_000)]);
    boxed_str: key Box<str> => eq(["".into(), "x".into()]);
    arc_str: key Arc<str> => eq(["".into(), "x".into()]);
    arc_struct: key Arc<(u8, String)> => eq([Arc::new((1, "x".into()))]);
    cow: key Cow<'static, str> => eq([Cow::Borrowed("borrowed"), Cow::Owned("owned".to_owned())]);
    cow_list: key Cow<'static, [u16]> => eq([Cow::Borrowed(&[1, 2][..]), Cow::Owned(vec![])]);
    boxed_list: key Box<[u8]> => eq([vec![].into(), vec![1, 2].into()]);
    unit: key () => eq([()]);
    units: key Vec<()> => eq([vec![], vec![(); 300]]);
    array: key [u8; 32] => eq([[0; 32], [255; 32]]);
    tuple: key (u8, (String, char), [i8; 2]) => eq([(1, ("x".into(), 'y'), [-1, 1])]);
    long_tuple: key (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) => eq([(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)]);
    options: key Option<Option<Option<u8>>> => eq([deep(1), deep(2), deep(3)]);
    // A key that is absent is none: so not as a key.
    no_option: field Option<Option<Option<u8>>> => eq([deep(0)]);
    option_of_unit: field Option<()> => eq([None, Some(())]);
    option_of_list: field Option<Vec<Option<u8>>> => eq([None, Some(vec![]), Some(vec![None, Some(0)])]);
    result: key Result<u8, String> => eq([Ok(1), Err("no".into())]);
    non_zero: key NonZeroU8 => eq([NonZeroU8::MIN, NonZeroU8::MAX]);
    non_zero_wide: key NonZeroI128 => eq([NonZeroI128::MIN, NonZeroI128::MAX]);
    reverse: key Reverse<u8> => eq([Reverse(0), Reverse(255)]);
    wrapping: key Wrapping<i32> => eq([Wrapping(i32::MIN)]);
    saturating: key Saturating<u16> => eq([Saturating(u16::MAX)]);
    bound: key Bound<u8> => eq([Bound::Unbounded, Bound::Included(1), Bound::Excluded(2)]);
    range: key std::ops::Range<u8> => eq([0..0, 1..3]);
    range_inclusive: key std::ops::RangeInclusive<i8> => eq([-128..=127]);
    range_from: key std::ops::RangeFrom<u8> => eq([5..]);
    duration: key Duration => eq([Duration::ZERO, Duration::MAX, Duration::from_nanos(1)]);
    // fault A7: refused by row and field, and every other row can be saved.
    system_time: key SystemTime => eq([SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_nanos(1)])
        .refused([SystemTime::UNIX_EPOCH - Duration::from_secs(1)]);
    ip: key IpAddr => eq([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    socket_v4: key SocketAddrV4 => eq([SocketAddrV4::new(Ipv4Addr::BROADCAST, 65535)]);
    // fault A3: the scope is text; the flow has no place in it, and two addresses must not become one.
    socket_v6: key SocketAddrV6 => eq([v6(0, 0), v6(2, 0), v6(3, 0)]).refused([v6(0, 7), v6(2, 7)]);
    socket: key SocketAddr => eq([SocketAddr::V6(v6(2, 0)), SocketAddr::V6(v6(3, 0))]).refused([SocketAddr::V6(v6(0, 7))]);
    c_string: key CString => eq([CString::default(), c"\xff\x01".to_owned()]);
    os_string: key OsString => eq([OsString::new(), OsString::from("x")]);
    path: key PathBuf => eq([PathBuf::new(), PathBuf::from("/a/../b")]);
    // fault A5: whatever the order of insertion, of a map and of the sets in it.
    hash_map: field HashMap<String, u32> => eq([HashMap::new(), HashMap::from([("a".into(), 1), ("b".into(), 2)])])
        .twins([both_ways((0..99).map(|n| (n.to_string(), n)).collect::<Vec<_>>())]);
    hash_set: field HashSet<(u8, Option<u16>)> => eq([HashSet::new(), HashSet::from([(1, None), (1, Some(2))])])
        .twins([both_ways((0..99).map(|n| (n, Some(u16::from(n) * 600))).collect::<Vec<_>>())]);
    hash_set_in_hash_map: field HashMap<u8, HashSet<i32>> => eq([]).twins([both_ways(
        (0..20).map(|n| (n, (0..20).map(|i| i * 77).collect())).collect::<Vec<(u8, HashSet<i32>)>>(),
    )]);
    b_tree_map: key BTreeMap<(u8, String), Vec<u8>> => eq([BTreeMap::new(), BTreeMap::from([((1, "x".into()), vec![0])])]);
    b_tree_set: key BTreeSet<Option<i8>> => eq([BTreeSet::new(), BTreeSet::from([None, Some(-1)])]);
    deque: key VecDeque<u8> => eq([VecDeque::new(), VecDeque::from([1, 2])]);
    linked_list: key LinkedList<u8> => eq([LinkedList::new(), LinkedList::from([1, 2])]);
    heap: field BinaryHeap<u8> => text([BinaryHeap::new(), BinaryHeap::from([3, 1, 2])]);
    // fault A1: a weak pointer is written as what it points to, and read as one that points nowhere.
    weak: field Weak<u8> => text([Weak::new()]).refused([alive(0), alive(5)]);
}

/// Where text need not be UTF-8.
#[cfg(unix)]
pub(crate) mod unix {
    use super::{OsString, PathBuf, eq, zoo};
    use std::os::unix::ffi::OsStringExt;

    fn not_utf_8() -> OsString {
        OsString::from_vec(vec![b'a', 0xff])
    }

    zoo! {
        // fault A7
        path_not_utf_8: key PathBuf => eq([]).refused([PathBuf::from(not_utf_8())]);
        os_string_not_utf_8: key OsString => eq([not_utf_8()]);
    }
}
