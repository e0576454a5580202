//! Ways to the rows that a condition can hold for, which are shorter than a scan.
//!
//! A condition says which of its parts every row must meet ([`Conjunct`]); each unique key, index and relation that serves
//! some of them is a way, with the number of rows that it leads to: counted, not estimated, in O(log n).
//!
//! A way may lead to more rows than the condition holds for, never to fewer, so whoever goes it tests each row, unless the
//! way is [exact](Way::is_exact).

use std::hash::{BuildHasher, Hasher};
use std::ops::Bound;
use std::sync::Arc;

use slotmap::DefaultKey;

use super::Condition;
use crate::database::Database;
use crate::id::RowId;
use crate::index::secondary::{KeyRange, SecondaryIndex};
use crate::model::{Model, Reference, Relation, Unique, Visitor};
use crate::order::IndexKey;
use crate::table::{Table, sources_of};

/// No way is made of more combinations of values than this.
const COMBINATIONS_MAX: usize = 1024;

/// A condition that every row must meet.
pub enum Conjunct<'c> {
    /// On the field at a place in the struct.
    Field {
        /// The place.
        place: usize,
        /// What is wanted of it.
        wanted: Wanted<'c>,
    },
    /// One of these keys, which are sorted.
    Keys(&'c [DefaultKey]),
    /// A relation leads to this row.
    Target {
        /// The relation's place among those of the model.
        relation: usize,
        /// The row.
        target: RowId,
    },
    /// A related row meets a condition.
    Related(&'c dyn Reach),
}

/// What is wanted of a field.
pub enum Wanted<'c> {
    /// One of these values.
    Values(Vec<Value<'c>>),
    /// A value in a range.
    Range(Bound<IndexKey>, Bound<IndexKey>),
    /// A text that begins so.
    Prefix(&'c [u8]),
    /// No value.
    Absent,
}

/// A value as indexes know it.
pub struct Value<'c> {
    pub(crate) hash: Option<u64>,
    pub(crate) order: Option<IndexKey>,
    pub(crate) target: Option<RowId>,
    #[expect(
        clippy::type_complexity,
        reason = "feeds the value to the hasher of a unique key, if the field is in one"
    )]
    pub(crate) feed: Box<dyn Fn(&mut dyn Hasher) -> bool + 'c>,
}

/// A condition on related rows that may be met from their side.
pub trait Reach {
    /// The rows for which it holds, by the shortest way to the related rows; `None` where there is none that leads to `most`
    /// rows or fewer.
    fn sources(&self, database: &Database, most: usize) -> Option<Vec<DefaultKey>>;
}

/// A way to rows.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) by: By,
    /// To how many it leads; a row that comes twice is counted twice.
    pub(crate) rows: usize,
    /// How many of the conjuncts it meets.
    meets: usize,
    /// Whether all rows that it leads to meet these.
    is_exact: bool,
    through: Through,
}

/// What a way goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    UniqueKey(&'static [&'static str]),
    /// The places of the fields of the index.
    Index(&'static [usize]),
    Range(&'static [usize]),
    Relation(&'static str),
    Related,
    Ids,
}

#[derive(Debug, Clone)]
enum Through {
    Keys(Vec<DefaultKey>),
    Ranges { index: usize, ranges: Vec<KeyRange> },
    Lists { relation: usize, targets: Vec<DefaultKey> },
}

impl Way {
    /// Whether it leads to all rows for which a condition holds, and to no others: `conjuncts` are what it says.
    pub(crate) fn is_exact(&self, conjuncts: &Conjuncts<'_>) -> bool {
        self.is_exact && conjuncts.are_all && self.meets == conjuncts.count
    }

    /// The keys of stored rows to which it leads, in no order, perhaps more than once.
    pub(crate) fn keys<M: Model>(&self, table: Table<'_, M>) -> Vec<DefaultKey> {
        match &self.through {
            // An id that was given may name no row, and a related row's may be reserved.
            Through::Keys(keys) => keys.iter().copied().filter(|key| table.rows.contains(*key)).collect(),
            Through::Ranges { index, ranges } => {
                let index = &table.index.secondary[*index];
                ranges.iter().flat_map(|range| index.range(range)).collect()
            }
            Through::Lists { relation, targets } => {
                let link = &table.index.links[*relation];
                targets.iter().flat_map(|target| sources_of(link, *target)).collect()
            }
        }
    }

    /// Whether a row may come twice.
    pub(crate) fn may_repeat(&self) -> bool {
        !matches!(&self.through, Through::Ranges { ranges, .. } if ranges.len() == 1)
    }
}

/// What a condition asks of every row.
pub(crate) struct Conjuncts<'c> {
    /// By field, ranges of one field as one.
    fields: Vec<(usize, Wanted<'c>)>,
    others: Vec<Conjunct<'c>>,
    /// How many there are; of one field they count once, if one way can meet them all.
    count: usize,
    /// Whether a row that meets them meets the condition.
    are_all: bool,
}

impl<'c> Conjuncts<'c> {
    pub(crate) fn of<M: Model, C: Condition<M>>(condition: &'c C) -> Self {
        let mut found = Vec::new();
        let are_all = condition.conjuncts(&mut found);
        let mut conjuncts = Conjuncts { fields: Vec::new(), others: Vec::new(), count: 0, are_all };
        for conjunct in found {
            conjuncts.add(conjunct);
        }
        conjuncts
    }

    fn add(&mut self, conjunct: Conjunct<'c>) {
        let (place, wanted) = match conjunct {
            Conjunct::Field { place, wanted } => (place, wanted),
            other => {
                self.count += 1;
                return self.others.push(other);
            }
        };
        if let Wanted::Range(from, to) = &wanted
            && let Some((_, Wanted::Range(least, greatest))) =
                self.fields.iter_mut().find(|(other, wanted)| *other == place && matches!(wanted, Wanted::Range(..)))
        {
            narrow(least, from, IndexKey::gt);
            narrow(greatest, to, IndexKey::lt);
            return;
        }
        self.count += 1;
        self.fields.push((place, wanted));
    }

    fn wanted(&self, place: usize) -> impl Iterator<Item = &Wanted<'c>> {
        self.fields.iter().filter(move |(other, _)| *other == place).map(|(_, wanted)| wanted)
    }

    /// The values of which a field must have one.
    fn values(&self, place: usize) -> Option<&[Value<'c>]> {
        self.wanted(place).find_map(|wanted| if let Wanted::Values(values) = wanted { Some(&values[..]) } else { None })
    }

    /// Whether there is nothing asked of any row.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Makes a bound that of a narrower range.
fn narrow(bound: &mut Bound<IndexKey>, other: &Bound<IndexKey>, is_narrower: fn(&IndexKey, &IndexKey) -> bool) {
    let (Bound::Included(key) | Bound::Excluded(key)) = other else { return };
    let narrows = match &*bound {
        Bound::Unbounded => true,
        // Nothing is less or greater than a value without an order, so that nothing is left, whatever else is asked for.
        Bound::Included(own) | Bound::Excluded(own) if *own >= IndexKey::Unordered => false,
        _ if *key >= IndexKey::Unordered => true,
        Bound::Included(own) => is_narrower(key, own) || (key == own && matches!(other, Bound::Excluded(_))),
        Bound::Excluded(own) => is_narrower(key, own),
    };
    if narrows {
        *bound = other.clone();
    }
}

/// All ways that there are, in the order of unique keys, indexes, relations.
pub(crate) fn ways<M: Model>(database: &Database, table: Table<'_, M>, conjuncts: &Conjuncts<'_>) -> Vec<Way> {
    let mut ways = Vec::new();
    for other in &conjuncts.others {
        if let Conjunct::Keys(keys) = other {
            let through = Through::Keys(keys.to_vec());
            ways.push(Way { by: By::Ids, rows: keys.len(), meets: 1, is_exact: false, through });
        }
    }
    M::declare(&mut Declared { table, conjuncts, ways: &mut ways });
    ways.extend(ways_by_index(table, conjuncts));
    // What the related rows lead to has to be found out first: no more of it than would be gained.
    let shortest = ways.iter().map(|way| way.rows).min().unwrap_or(table.len()).min(table.len());
    for other in &conjuncts.others {
        if let Conjunct::Related(related) = other
            && let Some(keys) = related.sources(database, shortest / 4)
        {
            let (by, rows, through) = (By::Related, keys.len(), Through::Keys(keys));
            ways.push(Way { by, rows, meets: 1, is_exact: false, through });
        }
    }
    ways
}

/// The ways by indexes that are no unique keys.
pub(crate) fn ways_by_index<'a, M: Model>(
    table: Table<'a, M>,
    conjuncts: &'a Conjuncts<'_>,
) -> impl Iterator<Item = Way> + 'a {
    let indexes = table.index.secondary.iter().enumerate();
    indexes.filter_map(|(place, index)| by_index(place, index, conjuncts))
}

struct Declared<'a, 'c, M: Model> {
    table: Table<'a, M>,
    conjuncts: &'a Conjuncts<'c>,
    ways: &'a mut Vec<Way>,
}

fn place_of<M: Model>(name: &str) -> Option<usize> {
    M::COLUMNS.iter().position(|column| column.name == name)
}

impl<M: Model> Visitor<M> for Declared<'_, '_, M> {
    fn unique<U: Unique<Model = M>>(&mut self) {
        let values = U::FIELDS.iter().map(|name| self.conjuncts.values(place_of::<M>(name)?));
        let Some(values) = values.collect::<Option<Vec<_>>>() else { return };
        let unique = &self.table.index.uniques[U::INDEX];
        let mut keys = Vec::new();
        let all_known = each_combination(&values, |parts| {
            let mut hasher = unique.hasher().build_hasher();
            let are_fed = parts.iter().all(|value| (value.feed)(&mut hasher));
            keys.extend(unique.with_hash((hasher.finish() >> 32) as u32));
            are_fed
        });
        if all_known {
            let (rows, through) = (keys.len(), Through::Keys(keys));
            self.ways.push(Way { by: By::UniqueKey(U::FIELDS), rows, meets: values.len(), is_exact: false, through });
        }
    }

    fn belongs_to<R: Relation<Source = M>>(&mut self) {
        let link = &self.table.index.links[R::INDEX];
        // A row whose key names no row is in no list.
        if R::Reference::UNIQUE.is_some() || link.unresolved() > 0 {
            return;
        }
        let named = self.conjuncts.others.iter().find_map(|other| match other {
            Conjunct::Target { relation, target } if *relation == R::INDEX => Some(vec![target.key]),
            _ => None,
        });
        let of_field = || {
            let [name] = R::FIELDS else { return None };
            let values = self.conjuncts.values(place_of::<M>(name)?)?;
            values.iter().map(|value| Some(value.target?.key)).collect::<Option<Vec<_>>>()
        };
        if let Some(targets) = named.or_else(of_field) {
            let rows = targets.iter().map(|target| link.count(*target)).sum();
            let through = Through::Lists { relation: R::INDEX, targets };
            self.ways.push(Way { by: By::Relation(R::NAME), rows, meets: 1, is_exact: false, through });
        }
    }
}

/// Shows every combination of one value for each part, until `show` says no; `false` if it did, or there are too many.
fn each_combination<'v, 'c>(parts: &[&'v [Value<'c>]], mut show: impl FnMut(&[&'v Value<'c>]) -> bool) -> bool {
    let count = parts.iter().try_fold(1_usize, |count, values| count.checked_mul(values.len()));
    let Some(count) = count.filter(|count| parts.len() == 1 || *count <= COMBINATIONS_MAX) else { return false };
    (0..count).all(|mut number| {
        let chosen: Vec<&Value<'c>> = parts
            .iter()
            .map(|values| {
                let value = &values[number % values.len()];
                number /= values.len();
                value
            })
            .collect();
        show(&chosen)
    })
}

/// The way by an index, if it serves.
fn by_index(place: usize, index: &SecondaryIndex, conjuncts: &Conjuncts<'_>) -> Option<Way> {
    let (ranges, meets, is_range) =
        if index.is_ordered { by_order(index, conjuncts)? } else { by_hash(index, conjuncts)? };
    let rows = ranges.iter().map(|range| index.range(range).len()).sum();
    let by = if is_range { By::Range(index.fields) } else { By::Index(index.fields) };
    Some(Way { by, rows, meets, is_exact: index.is_ordered, through: Through::Ranges { index: place, ranges } })
}

type Ranges = (Vec<KeyRange>, usize, bool);

fn by_hash(index: &SecondaryIndex, conjuncts: &Conjuncts<'_>) -> Option<Ranges> {
    if let [field] = index.fields
        && conjuncts.wanted(*field).any(|wanted| matches!(wanted, Wanted::Absent))
    {
        return Some((vec![KeyRange::Absent], 1, false));
    }
    let values: Vec<&[Value<'_>]> = index.fields.iter().map(|field| conjuncts.values(*field)).collect::<Option<_>>()?;
    let mut ranges = Vec::new();
    let all_known = each_combination(&values, |parts| {
        let hashes: Vec<Option<u64>> = parts.iter().map(|value| value.hash).collect();
        match IndexKey::hashed(&hashes) {
            IndexKey::Short(hash) => ranges.push(KeyRange::Short(Bound::Included(hash), Bound::Included(hash))),
            _ => return false,
        }
        true
    });
    all_known.then_some((ranges, values.len(), false))
}

fn by_order(index: &SecondaryIndex, conjuncts: &Conjuncts<'_>) -> Option<Ranges> {
    if let [field] = index.fields {
        let wanted = conjuncts.wanted(*field).min_by_key(|wanted| match wanted {
            Wanted::Absent => 0,
            Wanted::Values(_) => 1,
            Wanted::Range(..) | Wanted::Prefix(_) => 2,
        })?;
        let ranges = match wanted {
            Wanted::Absent => vec![KeyRange::Absent],
            Wanted::Values(values) => values.iter().map(|value| equal(value.order.clone())).collect::<Option<_>>()?,
            Wanted::Range(from, to) => vec![range(from, to)],
            Wanted::Prefix(text) => vec![beginning((*text).into())],
        };
        return Some((ranges, 1, !matches!(wanted, Wanted::Values(_))));
    }
    let leading = index.fields.iter().map_while(|field| conjuncts.values(*field)).collect::<Vec<_>>();
    let next = index.fields.get(leading.len());
    let next = next.and_then(|field| conjuncts.wanted(*field).find(|wanted| !matches!(wanted, Wanted::Values(_))));
    if leading.is_empty() && next.is_none() {
        return None;
    }
    let mut ranges = Vec::new();
    let all_known = if leading.is_empty() {
        ranges.push(within(Vec::new(), next));
        true
    } else {
        each_combination(&leading, |parts| {
            let mut bytes = Vec::new();
            for value in parts {
                match &value.order {
                    None => return false,
                    // Nothing equals a value without an order.
                    Some(IndexKey::Unordered | IndexKey::Absent) => return true,
                    Some(key) => key.append(&mut bytes),
                }
            }
            ranges.push(within(bytes, next));
            true
        })
    };
    all_known.then_some((ranges, leading.len() + usize::from(next.is_some()), next.is_some()))
}

/// The keys of one value.
fn equal(key: Option<IndexKey>) -> Option<KeyRange> {
    Some(match key? {
        IndexKey::Short(number) => KeyRange::Short(Bound::Included(number), Bound::Included(number)),
        IndexKey::Long(bytes) => KeyRange::Long(Bound::Included(Arc::clone(&bytes)), Bound::Included(bytes)),
        IndexKey::Unordered | IndexKey::Absent => KeyRange::None,
    })
}

/// The keys between two of an index of one field.
fn range(from: &Bound<IndexKey>, to: &Bound<IndexKey>) -> KeyRange {
    let key = |bound: &Bound<IndexKey>| match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key.clone()),
        Bound::Unbounded => None,
    };
    let (least, greatest) = (key(from), key(to));
    if least.as_ref().zip(greatest.as_ref()).is_some_and(|(least, greatest)| {
        least > greatest || (least == greatest && !matches!((from, to), (Bound::Included(_), Bound::Included(_))))
    }) {
        return KeyRange::None;
    }
    match (least.as_ref(), greatest.as_ref()) {
        (Some(IndexKey::Short(_)) | None, Some(IndexKey::Short(_))) | (Some(IndexKey::Short(_)), None) => {
            let number = |key: &IndexKey| if let IndexKey::Short(number) = key { *number } else { 0 };
            KeyRange::Short(from.as_ref().map(number), to.as_ref().map(number))
        }
        (Some(IndexKey::Long(_)) | None, Some(IndexKey::Long(_))) | (Some(IndexKey::Long(_)), None) => {
            let bytes = |key: &IndexKey| if let IndexKey::Long(bytes) = key { Arc::clone(bytes) } else { [].into() };
            KeyRange::Long(from.as_ref().map(bytes), to.as_ref().map(bytes))
        }
        // No value is less or greater than one without an order.
        _ => KeyRange::None,
    }
}

/// The least bytes above all that begin so; `None` where there are none.
fn above(mut bytes: Vec<u8>) -> Option<Arc<[u8]>> {
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            return Some(bytes.into());
        }
    }
    None
}

/// The keys that begin so.
fn beginning(bytes: Vec<u8>) -> KeyRange {
    let from = Bound::Included(bytes.as_slice().into());
    KeyRange::Long(from, above(bytes).map_or(Bound::Unbounded, Bound::Excluded))
}

/// The keys of a group that begin with these parts, and have what is wanted as the next.
pub(crate) fn within(parts: Vec<u8>, next: Option<&Wanted<'_>>) -> KeyRange {
    let with = |key: &IndexKey| {
        let mut bytes = parts.clone();
        key.append(&mut bytes);
        bytes
    };
    let tagged = |tag: u8| -> Arc<[u8]> { parts.iter().copied().chain([tag]).collect() };
    let is_none = |bound: &Bound<IndexKey>| matches!(bound, Bound::Included(key) | Bound::Excluded(key) if *key >= IndexKey::Unordered);
    match next {
        None | Some(Wanted::Values(_)) => beginning(parts),
        Some(Wanted::Absent) => beginning(with(&IndexKey::Absent)),
        Some(Wanted::Prefix(text)) => {
            let mut bytes = with(&IndexKey::Long((*text).into()));
            // Without the end.
            bytes.truncate(bytes.len() - 2);
            beginning(bytes)
        }
        Some(Wanted::Range(from, to)) if is_none(from) || is_none(to) => KeyRange::None,
        Some(Wanted::Range(from, to)) => {
            let from = match from {
                Bound::Unbounded => Some(tagged(0)),
                Bound::Included(key) => Some(with(key).into()),
                Bound::Excluded(key) => above(with(key)),
            };
            let to = match to {
                Bound::Unbounded => Some(tagged(1)),
                Bound::Included(key) => above(with(key)),
                Bound::Excluded(key) => Some(with(key).into()),
            };
            match (from, to) {
                (Some(from), Some(to)) if from < to => KeyRange::Long(Bound::Included(from), Bound::Excluded(to)),
                _ => KeyRange::None,
            }
        }
    }
}

/// An index that has the rows of a query in its order.
pub(crate) struct Walk {
    pub(crate) index: usize,
    pub(crate) range: WalkRange,
    /// How many rows it leads to.
    pub(crate) rows: usize,
    meets: usize,
    /// What the keys of a group begin with; `None` where the index is of one field.
    leading: Option<Vec<u8>>,
    descends: bool,
}

/// What of an index is walked.
pub(crate) enum WalkRange {
    /// All rows, those without a key last.
    All,
    Range(KeyRange),
}

impl Walk {
    /// As [`Way::is_exact`].
    pub(crate) fn is_exact(&self, conjuncts: &Conjuncts<'_>) -> bool {
        conjuncts.are_all && self.meets == conjuncts.count
    }

    /// The key of a row in the index, by the keys of the row's fields by which the query is ordered.
    pub(crate) fn place(&self, keys: &[IndexKey]) -> IndexKey {
        match (&self.leading, keys) {
            (None, [key, ..]) => key.clone(),
            // A group is walked backwards where no row is without a value: behind one that was there is nothing.
            (Some(_), [.., key]) if self.descends && *key >= IndexKey::Unordered => IndexKey::Absent,
            (leading, keys) => {
                let mut bytes = leading.clone().unwrap_or_default();
                for key in keys {
                    key.append(&mut bytes);
                }
                IndexKey::Long(bytes.into())
            }
        }
    }
}

/// The index that has rows in the order of these fields, each descending or not, if there is one.
pub(crate) fn walk<M: Model>(
    table: Table<'_, M>,
    conjuncts: &Conjuncts<'_>,
    orders: &(impl ExactSizeIterator<Item = (usize, bool)> + Clone),
) -> Option<Walk> {
    let descends = orders.clone().next()?.1;
    if orders.clone().any(|(_, descending)| descending != descends) {
        return None;
    }
    let of_index = |(place, index): (usize, &SecondaryIndex)| {
        let leading = index.fields.len().checked_sub(orders.len()).filter(|_| index.is_ordered)?;
        if !index.fields[leading..].iter().copied().eq(orders.clone().map(|(field, _)| field)) {
            return None;
        }
        if index.fields.len() == 1 {
            let (range, meets) = match by_order(index, conjuncts) {
                Some((mut ranges, meets, _)) if ranges.len() == 1 => (WalkRange::Range(ranges.pop()?), meets),
                _ => (WalkRange::All, 0),
            };
            let rows = if let WalkRange::Range(range) = &range { index.range(range).len() } else { index.len() };
            return Some(Walk { index: place, range, rows, meets, leading: None, descends });
        }
        let mut bytes = Vec::new();
        for field in &index.fields[..leading] {
            match conjuncts.values(*field)? {
                [value] => match value.order.as_ref()? {
                    IndexKey::Unordered | IndexKey::Absent => return None,
                    key => key.append(&mut bytes),
                },
                _ => return None,
            }
        }
        // Backwards those without a value would come first.
        let without = |from: u8| -> Arc<[u8]> { bytes.iter().copied().chain([from]).collect() };
        let last = KeyRange::Long(Bound::Included(without(1)), Bound::Excluded(without(3)));
        if descends && (orders.len() > 1 || index.range(&last).len() > 0) {
            return None;
        }
        let range = beginning(bytes.clone());
        let rows = index.range(&range).len();
        Some(Walk {
            index: place,
            range: WalkRange::Range(range),
            rows,
            meets: leading,
            leading: Some(bytes),
            descends,
        })
    };
    table.index.secondary.iter().enumerate().filter_map(of_index).min_by_key(|walk| walk.rows)
}
