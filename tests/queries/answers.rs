//! What is asked, and what the answer must be: rows filtered, sorted and counted in vectors.

use std::cmp::Ordering;

use super::expression::{Compare, OfClub, OfMember};
use super::rows::{By, ClubRow, FIELDS, MemberRow, Random, Raw, World};

/// A query of members.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// At most two.
    pub(super) filters: Vec<OfMember>,
    /// By what, and whether descending.
    pub(super) orders: Vec<(By, bool)>,
    pub(super) skip: Option<usize>,
    pub(super) limit: Option<usize>,
    /// How many rows are taken one by one, before the rest is folded.
    pub(super) mixed: usize,
}

/// All that a query gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answers {
    pub(super) ids: Vec<Raw>,
    pub(super) iter: Vec<Raw>,
    pub(super) mixed: Vec<Raw>,
    pub(super) count: usize,
    pub(super) exists: bool,
    pub(super) first: Option<Raw>,
    pub(super) one: Result<Option<Raw>, String>,
    pub(super) values: Vec<String>,
    pub(super) alone: Vec<String>,
    pub(super) points: u64,
    pub(super) levels: i64,
    pub(super) scores: u64,
    /// The bits of sums and means; one NaN is as good as another.
    pub(super) ratings: Option<u64>,
    pub(super) averages: [Option<u64>; 3],
    /// The least and the greatest of six fields.
    pub(super) extremes: Vec<String>,
    pub(super) countries: Vec<(String, Vec<Raw>)>,
    pub(super) levelled: Vec<(String, Vec<Raw>)>,
    pub(super) rated: Vec<(String, Vec<Raw>)>,
    pub(super) scored: Vec<(String, Vec<Raw>)>,
    /// With their clubs, unless one is missing somewhere.
    pub(super) joined: Option<Vec<(Raw, Raw)>>,
}

/// How many clubs there are, and with how many combinations of those that refer to them; the members, alone; which clubs,
/// their members by a join to them, and by one from them.
pub(super) type OfClubs = (usize, u64, Vec<Raw>, Vec<Raw>, Option<Vec<(Raw, Raw)>>, Option<Vec<(Raw, Raw)>>);

/// Where the next page begins, in a database.
pub(super) struct Cursors<C>(pub(super) Option<C>);

/// Where the next page begins, as said: the values of a row by which it was ordered, and its id.
pub(super) type Place = (Vec<Value>, Raw);

/// A value by which rows are ordered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(i64),
    Float(f64),
    Text(String),
    Id(Raw),
    Absent,
}

impl Value {
    fn of(row: &MemberRow, by: By) -> Self {
        let some = |value: Option<Value>| value.unwrap_or(Value::Absent);
        match by {
            By::Country => some(row.country.clone().map(Value::Text)),
            By::Points => Value::Number(row.points.into()),
            By::Rating => some(row.rating.map(Value::Float)),
            By::Level => Value::Number(row.level.into()),
            By::Score => some(row.score.map(|score| Value::Number(score.into()))),
            By::Active => Value::Number(row.active.into()),
            By::Title => Value::Text(row.title.clone()),
            By::Code => some(row.code.clone().map(Value::Text)),
            By::Club => some(row.club.map(Value::Id)),
        }
    }

    /// Absent values come last, before them floats that are no number.
    fn rank(&self) -> u8 {
        match self {
            Value::Absent => 2,
            Value::Float(float) if float.is_nan() => 1,
            _ => 0,
        }
    }

    fn compare(&self, other: &Self, descends: bool) -> Ordering {
        let ordering = match (self, other) {
            _ if self.rank() + other.rank() > 0 => return self.rank().cmp(&other.rank()),
            (Value::Number(one), Value::Number(other)) => one.cmp(other),
            (Value::Float(one), Value::Float(other)) => one.partial_cmp(other).expect("numbers"),
            (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
            (Value::Id(one), Value::Id(other)) => one.cmp(other),
            _ => unreachable!("values of one field"),
        };
        if descends { ordering.reverse() } else { ordering }
    }
}

impl Spec {
    pub(super) fn any(random: &mut Random, world: &World) -> Self {
        let filters = match random.below(10) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        let few = |random: &mut Random| match random.below(4) {
            0 => Some(random.below(4)),
            1 => Some(random.below(world.members.len() + 4)),
            _ => None,
        };
        let mut orders: Vec<(By, bool)> = match random.below(5) {
            0 | 1 => Vec::new(),
            2 => vec![(random.pick(&FIELDS), random.once_in(2))],
            // As groups have it.
            3 => {
                let group = random.pick(&[[By::Country, By::Points], [By::Active, By::Rating], [By::Title, By::Level]]);
                let descends = random.once_in(3);
                group[random.below(2)..].iter().map(|by| (*by, descends)).collect()
            }
            _ => (0..=random.below(3)).map(|_| (random.pick(&FIELDS), random.once_in(2))).collect(),
        };
        orders.truncate(3);
        let mut filters: Vec<_> = (0..filters)
            .map(|_| {
                let depth = random.below(4);
                random.of_member(world, depth)
            })
            .collect();
        if random.once_in(6) && !world.members.is_empty() {
            // What begins a group, so that the order of the rest can be walked.
            let row = random.pick(&world.members).1;
            filters = vec![match random.below(3) {
                0 => OfMember::Country(Compare::Eq(row.country.unwrap_or_default())),
                1 => OfMember::Active(Compare::Eq(row.active)),
                _ => OfMember::Title(Compare::Eq(row.title)),
            }];
        }
        Spec { filters, orders, skip: few(random), limit: few(random), mixed: random.below(5) }
    }

    fn place(&self, row: &MemberRow) -> Vec<Value> {
        self.orders.iter().map(|(by, _)| Value::of(row, *by)).collect()
    }

    fn compare(&self, one: &[Value], other: &[Value]) -> Ordering {
        let pairs = self.orders.iter().zip(one.iter().zip(other));
        pairs.fold(Ordering::Equal, |ordering, ((_, descends), (one, other))| {
            ordering.then_with(|| one.compare(other, *descends))
        })
    }

    /// The rows that pass, in order, without `skip` and `limit`.
    pub(super) fn all<'w>(&self, world: &'w World) -> Vec<&'w (Raw, MemberRow)> {
        let known: Vec<_> = self.filters.iter().map(|filter| world.of_members(filter)).collect();
        let passes = |place: &usize| known.iter().all(|known| known[*place] == Some(true));
        let mut rows: Vec<_> = (0..world.members.len()).filter(passes).map(|place| &world.members[place]).collect();
        rows.sort_by(|one, other| self.compare(&self.place(&one.1), &self.place(&other.1)));
        rows
    }

    /// The next page behind a place, which becomes the one behind the page.
    pub(super) fn page(&self, world: &World, after: &mut Option<Place>, size: usize) -> (Vec<Raw>, bool) {
        let mut rows = self.all(world);
        let size = size.min(self.limit.unwrap_or(usize::MAX));
        match &*after {
            None => drop(rows.drain(..self.skip.unwrap_or(0).min(rows.len()))),
            Some((values, id)) => {
                rows.retain(|(own, row)| {
                    let ordering = self.compare(&self.place(row), values);
                    ordering.is_gt() || (ordering.is_eq() && own > id)
                });
            }
        }
        let has_more = rows.len() > size;
        rows.truncate(size);
        *after = rows.last().filter(|_| has_more).map(|(id, row)| (self.place(row), *id));
        (rows.into_iter().map(|(id, _)| *id).collect(), after.is_some())
    }

    pub(super) fn answers(&self, world: &World) -> Answers {
        let mut rows = self.all(world);
        rows.drain(..self.skip.unwrap_or(0).min(rows.len()));
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        let ids: Vec<Raw> = rows.iter().map(|(id, _)| *id).collect();
        let mut by_slot = rows.clone();
        by_slot.sort_by_key(|(id, _)| *id);
        let groups = |by: By, text: &dyn Fn(&MemberRow) -> String| {
            let mut groups: Vec<(Value, String, Vec<Raw>)> = Vec::new();
            for (id, row) in &by_slot {
                let value = Value::of(row, by);
                match groups.iter_mut().find(|(other, ..)| value.compare(other, false).is_eq()) {
                    Some((.., ids)) => ids.push(*id),
                    None => groups.push((value, text(row), vec![*id])),
                }
            }
            groups.sort_by(|one, other| one.0.compare(&other.0, false));
            groups.into_iter().map(|(_, text, ids)| (text, ids)).collect::<Vec<_>>()
        };
        // Of values that are equal the first in the order of the rows; by slot where all of them are asked for.
        let first = if self.skip.unwrap_or(0) == 0 && self.limit.is_none() { &by_slot } else { &rows };
        let extreme = |by: By, descends: bool, text: &dyn Fn(&MemberRow) -> String| {
            let mut rows = first.clone();
            rows.retain(|(_, row)| Value::of(row, by).rank() == 0);
            rows.sort_by(|one, other| Value::of(&one.1, by).compare(&Value::of(&other.1, by), descends));
            rows.first().map_or("None".to_owned(), |(_, row)| text(row))
        };
        let some = |value: &dyn std::fmt::Debug| format!("Some({value:?})");
        let mut extremes = Vec::new();
        for descends in [false, true] {
            extremes.push(extreme(By::Points, descends, &|row| some(&row.points)));
            extremes.push(extreme(By::Rating, descends, &|row| format!("{:?}", row.rating)));
            extremes.push(extreme(By::Level, descends, &|row| some(&row.level)));
            extremes.push(extreme(By::Score, descends, &|row| format!("{:?}", row.score)));
            extremes.push(extreme(By::Title, descends, &|row| some(&row.title)));
            extremes.push(extreme(By::Country, descends, &|row| format!("{:?}", row.country)));
        }
        let extremes = (0..6).flat_map(|field| [extremes[field].clone(), extremes[field + 6].clone()]).collect();
        let points: u64 = rows.iter().map(|(_, row)| u64::from(row.points)).sum();
        let scores: Vec<u64> = rows.iter().filter_map(|(_, row)| row.score.map(u64::from)).collect();
        let rated = by_slot.iter().filter_map(|(id, row)| Some((id.0, row.rating?)));
        let mut parts = [0.0; 8];
        let mut rated_count = 0;
        for (slot, rating) in rated {
            parts[slot as usize % 8] += rating;
            rated_count += 1;
        }
        let fours = [parts[0] + parts[1], parts[2] + parts[3], parts[4] + parts[5], parts[6] + parts[7]];
        let ratings: f64 = (fours[0] + fours[1]) + (fours[2] + fours[3]);
        let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        let mean = |sum: f64, count: usize| (count > 0).then(|| bits(sum / count as f64));
        let model = |id: &Raw| format!("Member {}v{}", id.0, id.1);
        Answers {
            iter: ids.clone(),
            mixed: ids.clone(),
            count: ids.len(),
            exists: !ids.is_empty(),
            first: ids.first().copied(),
            one: match ids.as_slice() {
                [] => Ok(None),
                [only] => Ok(Some(*only)),
                [first, second, ..] => Err(format!(
                    "one `Member` was asked for, and there are several: {}, {} ..",
                    model(first),
                    model(second)
                )),
            },
            values: rows
                .iter()
                .map(|(_, row)| {
                    format!("{:?}", (row.points, row.rating, row.level, row.score, row.active, row.title.as_str()))
                })
                .collect(),
            alone: rows.iter().map(|(_, row)| format!("{:?}", row.score)).collect(),
            points,
            levels: rows.iter().map(|(_, row)| i64::from(row.level)).sum(),
            scores: scores.iter().sum(),
            ratings: Some(bits(ratings)),
            averages: [
                mean(points as f64, rows.len()),
                mean(scores.iter().sum::<u64>() as f64, scores.len()),
                mean(ratings, rated_count),
            ],
            extremes,
            countries: groups(By::Country, &|row| format!("{:?}", row.country)),
            levelled: groups(By::Level, &|row| format!("{:?}", row.level)),
            rated: groups(By::Rating, &|row| format!("{:?}", row.rating)),
            scored: groups(By::Score, &|row| format!("{:?}", row.score)),
            joined: world
                .all_have_clubs()
                .then(|| rows.iter().filter_map(|(id, row)| Some((*id, row.club?))).collect()),
            ids,
        }
    }
}

impl World {
    fn all_have_clubs(&self) -> bool {
        let clubs = &self.clubs;
        self.members.iter().all(|(_, row)| row.club.is_none_or(|club| clubs.iter().any(|(id, _)| *id == club)))
    }

    /// What [`Answers`] is for clubs: how many, which, and with their members that meet a condition.
    pub(super) fn of_club_answers(&self, clubs: &OfClub, members: &OfMember) -> OfClubs {
        let known = self.of_clubs(clubs);
        let ids: Vec<Raw> =
            self.clubs.iter().zip(&known).filter(|(_, known)| **known == Some(true)).map(|((id, _), _)| *id).collect();
        let count =
            |passes: &dyn Fn(&MemberRow) -> bool| self.members.iter().filter(|(_, row)| passes(row)).count() as u64;
        let of_club = |(id, club): &(Raw, ClubRow)| {
            count(&|row| row.club == Some(*id))
                * count(&|row| row.club_name.as_ref() == Some(&club.name))
                * count(&|row| row.visited.contains(id))
        };
        let joined = self.clubs.iter().filter(|(id, _)| ids.contains(id)).map(of_club).sum();
        let known = self.of_members(members);
        let met = self.members.iter().zip(&known).filter(|(_, known)| **known == Some(true));
        let met: Vec<Raw> = met.map(|((id, _), _)| *id).collect();
        let pairs: Vec<(Raw, Raw)> = self
            .members
            .iter()
            .zip(&known)
            .filter(|(_, known)| **known == Some(true))
            .filter_map(|((id, row), _)| Some((*id, row.club.filter(|club| ids.contains(club))?)))
            .collect();
        let pairs = self.all_have_clubs().then_some(pairs);
        (ids.len(), joined, met, ids, pairs.clone(), pairs)
    }
}
