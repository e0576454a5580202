//! Conditions as data, at random, and what they are for each row: written from docs/queries.md, over all rows, with nothing
//! but vectors.

use std::fmt::Debug;

use super::rows::{ClubRow, MemberRow, Random, Raw, World};

/// A comparison of a field of type `V`.
#[derive(Debug, Clone)]
pub(super) enum Compare<V> {
    Eq(V),
    Ne(V),
    Differs(V),
    Lt(V),
    Le(V),
    Gt(V),
    Ge(V),
    Between(V, V),
    IsIn(Vec<V>),
    StartsWith(String),
    Like(String),
    /// Whether the value as text has an even length.
    Matches,
    IsNull,
    IsSome,
}

impl<V> Compare<V> {
    pub(super) fn map<W>(&self, of: impl Fn(&V) -> W) -> Compare<W> {
        match self {
            Compare::Eq(value) => Compare::Eq(of(value)),
            Compare::Ne(value) => Compare::Ne(of(value)),
            Compare::Differs(value) => Compare::Differs(of(value)),
            Compare::Lt(value) => Compare::Lt(of(value)),
            Compare::Le(value) => Compare::Le(of(value)),
            Compare::Gt(value) => Compare::Gt(of(value)),
            Compare::Ge(value) => Compare::Ge(of(value)),
            Compare::Between(least, greatest) => Compare::Between(of(least), of(greatest)),
            Compare::IsIn(values) => Compare::IsIn(values.iter().map(of).collect()),
            Compare::StartsWith(text) => Compare::StartsWith(text.clone()),
            Compare::Like(pattern) => Compare::Like(pattern.clone()),
            Compare::Matches => Compare::Matches,
            Compare::IsNull => Compare::IsNull,
            Compare::IsSome => Compare::IsSome,
        }
    }
}

pub(super) fn is_even(value: &impl Debug) -> bool {
    format!("{value:?}").len().is_multiple_of(2)
}

/// Of which related rows: at least one, none, all.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Some,
    None,
    Every,
}

#[derive(Debug, Clone)]
pub(super) enum OfMember {
    Always,
    Country(Compare<String>),
    Points(Compare<u32>),
    Rating(Compare<f64>),
    Level(Compare<i16>),
    Score(Compare<u32>),
    Active(Compare<bool>),
    Title(Compare<String>),
    Code(Compare<String>),
    ClubId(Compare<Raw>),
    ClubName(Compare<String>),
    /// A closure over the row.
    ByPoints(u32),
    IdIn(Vec<Raw>),
    HasClub(Box<OfClub>),
    IsOfClub(Raw),
    HasNamed(Box<OfClub>),
    IsNamed(Raw),
    /// Has a card of this level or a higher one.
    HasCard(i16),
    Visited(Of, Box<OfClub>),
    Favourites(Of, Box<OfClub>),
    And(Box<OfMember>, Box<OfMember>),
    Or(Box<OfMember>, Box<OfMember>),
    Not(Box<OfMember>),
    AnyOf(Vec<OfMember>),
    AllOf(Vec<OfMember>),
}

#[derive(Debug, Clone)]
pub(super) enum OfClub {
    Always,
    Name(Compare<String>),
    Country(Compare<String>),
    Points(Compare<u32>),
    IdIn(Vec<Raw>),
    Members(Of, Box<OfMember>),
    Namesakes(Of, Box<OfMember>),
    Visitors(Of, Box<OfMember>),
    Fans(Of, Box<OfMember>),
    And(Box<OfClub>, Box<OfClub>),
    Or(Box<OfClub>, Box<OfClub>),
    Not(Box<OfClub>),
}

/// What is known of a condition and a row; `None`: unknown.
pub(super) type Known = Option<bool>;

fn and(one: Known, other: Known) -> Known {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
fn not(one: Known) -> Known {
    one.map(|one| !one)
}
fn or(one: Known, other: Known) -> Known {
    not(and(not(one), not(other)))
}

/// `%`: any characters, `_`: one, `\`: the next one stands for itself.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|taken| is_like(&text[taken..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        ['\\', next, rest @ ..] | [next, rest @ ..] => text.first() == Some(next) && is_like(&text[1..], rest),
    }
}

fn holds<V: PartialOrd + Debug>(compare: &Compare<V>, value: Option<&V>, text: impl Fn(&V) -> &str) -> Known {
    let value = match (compare, value) {
        (Compare::IsNull, value) => return Some(value.is_none()),
        (Compare::IsSome, value) => return Some(value.is_some()),
        (Compare::Differs(other), value) => return Some(value.is_none_or(|value| value != other)),
        (Compare::IsIn(values), _) if values.is_empty() => return Some(false),
        (_, value) => value?,
    };
    Some(match compare {
        Compare::Eq(other) => value == other,
        Compare::Ne(other) | Compare::Differs(other) => value != other,
        Compare::Lt(other) => value < other,
        Compare::Le(other) => value <= other,
        Compare::Gt(other) => value > other,
        Compare::Ge(other) => value >= other,
        Compare::Between(least, greatest) => value >= least && value <= greatest,
        Compare::IsIn(values) => values.contains(value),
        Compare::StartsWith(start) => text(value).starts_with(start.as_str()),
        Compare::Like(pattern) => {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            is_like(&characters(text(value)), &characters(pattern))
        }
        Compare::Matches => is_even(value),
        Compare::IsNull => false,
        Compare::IsSome => true,
    })
}

fn no_text<V>(_: &V) -> &str {
    unreachable!("only texts are compared as texts")
}

/// A condition for each of some rows.
fn each<R>(rows: &[(Raw, R)], of: impl Fn(Raw, &R) -> Known) -> Vec<Known> {
    rows.iter().map(|(id, row)| of(*id, row)).collect()
}

impl Of {
    /// By what is known of each related row: one for which it is unknown does not meet it.
    fn holds(self, mut related: impl Iterator<Item = Known>) -> bool {
        match self {
            Of::Some => related.any(|known| known == Some(true)),
            Of::None => !related.any(|known| known == Some(true)),
            Of::Every => related.all(|known| known == Some(true)),
        }
    }
}

impl World {
    fn club(&self, id: Raw) -> Option<usize> {
        self.clubs.iter().position(|(other, _)| *other == id)
    }
    fn named(&self, name: &str) -> Option<usize> {
        self.clubs.iter().position(|(_, club)| club.name == name)
    }

    /// The condition for each member.
    pub(super) fn of_members(&self, condition: &OfMember) -> Vec<Known> {
        let members = &self.members;
        let text = String::as_str;
        /// Of those rows of the first that a relation leads to.
        macro_rules! related {
            ($of:expr, $clubs:expr, |$id:ident, $row:ident, $club:ident, $club_row:ident| $is_related:expr) => {{
                let known = self.of_clubs($clubs);
                each(members, |$id, $row| {
                    let all = self.clubs.iter().zip(&known);
                    Some($of.holds(all.filter(|(($club, $club_row), _)| $is_related).map(|(_, known)| *known)))
                })
            }};
        }
        match condition {
            OfMember::Always => each(members, |_, _| Some(true)),
            OfMember::Country(compare) => each(members, |_, row| holds(compare, row.country.as_ref(), text)),
            OfMember::Points(compare) => each(members, |_, row| holds(compare, Some(&row.points), no_text)),
            OfMember::Rating(compare) => each(members, |_, row| holds(compare, row.rating.as_ref(), no_text)),
            OfMember::Level(compare) => each(members, |_, row| holds(compare, Some(&row.level), no_text)),
            OfMember::Score(compare) => each(members, |_, row| holds(compare, row.score.as_ref(), no_text)),
            OfMember::Active(compare) => each(members, |_, row| holds(compare, Some(&row.active), no_text)),
            OfMember::Title(compare) => each(members, |_, row| holds(compare, Some(&row.title), text)),
            OfMember::Code(compare) => each(members, |_, row| holds(compare, row.code.as_ref(), text)),
            OfMember::ClubId(compare) => each(members, |_, row| holds(compare, row.club.as_ref(), no_text)),
            OfMember::ClubName(compare) => each(members, |_, row| holds(compare, row.club_name.as_ref(), text)),
            OfMember::ByPoints(points) => each(members, |_, row| Some(row.points == *points)),
            OfMember::IdIn(ids) => each(members, |id, _| Some(ids.contains(&id))),
            OfMember::HasClub(club) => {
                let known = self.of_clubs(club);
                let club = |row: &MemberRow| self.club(row.club?);
                each(members, |_, row| Some(club(row).is_some_and(|place| known[place] == Some(true))))
            }
            OfMember::IsOfClub(club) => {
                each(members, |_, row| Some(row.club == Some(*club) && self.club(*club).is_some()))
            }
            OfMember::HasNamed(club) => {
                let known = self.of_clubs(club);
                let club = |row: &MemberRow| self.named(row.club_name.as_ref()?);
                each(members, |_, row| Some(club(row).is_some_and(|place| known[place] == Some(true))))
            }
            OfMember::IsNamed(club) => {
                let name = self.club(*club).map(|place| &self.clubs[place].1.name);
                each(members, |_, row| Some(name.is_some() && row.club_name.as_ref() == name))
            }
            OfMember::HasCard(least) => {
                each(members, |id, _| Some(self.cards.iter().any(|(member, level)| *member == id && level >= least)))
            }
            OfMember::Visited(of, clubs) => related!(of, clubs, |_id, row, club, _club_row| row.visited.contains(club)),
            OfMember::Favourites(of, clubs) => {
                related!(of, clubs, |id, _row, club, _club_row| self.fans.contains(&(*club, id)))
            }
            OfMember::And(one, other) => pairs(&self.of_members(one), &self.of_members(other), and),
            OfMember::Or(one, other) => pairs(&self.of_members(one), &self.of_members(other), or),
            OfMember::Not(one) => self.of_members(one).into_iter().map(not).collect(),
            OfMember::AnyOf(all) => {
                let none = vec![Some(false); members.len()];
                all.iter().fold(none, |known, one| pairs(&known, &self.of_members(one), or))
            }
            OfMember::AllOf(all) => {
                let every = vec![Some(true); members.len()];
                all.iter().fold(every, |known, one| pairs(&known, &self.of_members(one), and))
            }
        }
    }

    /// The condition for each club.
    pub(super) fn of_clubs(&self, condition: &OfClub) -> Vec<Known> {
        let clubs = &self.clubs;
        let text = String::as_str;
        let related = |of: Of, members: &OfMember, is_related: &dyn Fn(Raw, &ClubRow, Raw, &MemberRow) -> bool| {
            let known = self.of_members(members);
            each(clubs, |id, row| {
                let all = self.members.iter().zip(&known);
                Some(of.holds(
                    all.filter(|((member, other), _)| is_related(id, row, *member, other)).map(|(_, known)| *known),
                ))
            })
        };
        match condition {
            OfClub::Always => each(clubs, |_, _| Some(true)),
            OfClub::Name(compare) => each(clubs, |_, row| holds(compare, Some(&row.name), text)),
            OfClub::Country(compare) => each(clubs, |_, row| holds(compare, row.country.as_ref(), text)),
            OfClub::Points(compare) => each(clubs, |_, row| holds(compare, Some(&row.points), no_text)),
            OfClub::IdIn(ids) => each(clubs, |id, _| Some(ids.contains(&id))),
            OfClub::Members(of, members) => related(*of, members, &|id, _, _, member| member.club == Some(id)),
            OfClub::Namesakes(of, members) => {
                related(*of, members, &|_, club, _, member| member.club_name.as_ref() == Some(&club.name))
            }
            OfClub::Visitors(of, members) => related(*of, members, &|id, _, _, member| member.visited.contains(&id)),
            OfClub::Fans(of, members) => related(*of, members, &|id, _, member, _| self.fans.contains(&(id, member))),
            OfClub::And(one, other) => pairs(&self.of_clubs(one), &self.of_clubs(other), and),
            OfClub::Or(one, other) => pairs(&self.of_clubs(one), &self.of_clubs(other), or),
            OfClub::Not(one) => self.of_clubs(one).into_iter().map(not).collect(),
        }
    }
}

fn pairs(one: &[Known], other: &[Known], of: fn(Known, Known) -> Known) -> Vec<Known> {
    one.iter().zip(other).map(|(one, other)| of(*one, *other)).collect()
}

/// What a field's type and presence allow.
#[derive(Clone, Copy)]
struct Kind {
    text: bool,
    optional: bool,
    hash: bool,
}

const TEXT: Kind = Kind { text: true, optional: false, hash: true };
const VALUE: Kind = Kind { text: false, optional: false, hash: true };
const FLOAT: Kind = Kind { text: false, optional: false, hash: false };

impl Kind {
    fn optional(self) -> Self {
        Kind { optional: true, ..self }
    }
}

impl Random {
    fn compare<V>(&mut self, kind: Kind, value: impl Fn(&mut Self) -> V) -> Compare<V> {
        loop {
            return match self.below(20) {
                0..4 => Compare::Eq(value(self)),
                4 => Compare::Ne(value(self)),
                5 => Compare::Differs(value(self)),
                6..8 => Compare::Lt(value(self)),
                8 => Compare::Le(value(self)),
                9..11 => Compare::Gt(value(self)),
                11 => Compare::Ge(value(self)),
                12 | 13 => Compare::Between(value(self), value(self)),
                14 | 15 if kind.hash => Compare::IsIn((0..self.below(5)).map(|_| value(self)).collect()),
                16 if kind.text => Compare::StartsWith(self.text()),
                17 if kind.text => Compare::Like(
                    (0..self.below(5)).map(|_| self.pick(&['a', '\0', 'é', '%', '_', '%', '\\'])).collect(),
                ),
                18 => Compare::Matches,
                19 if kind.optional => {
                    if self.once_in(2) {
                        Compare::IsNull
                    } else {
                        Compare::IsSome
                    }
                }
                _ => continue,
            };
        }
    }

    fn of(&mut self) -> Of {
        self.pick(&[Of::Some, Of::Some, Of::None, Of::Every])
    }

    fn ids<T>(&mut self, rows: &[(Raw, T)]) -> Vec<Raw> {
        (0..self.below(5)).map(|_| self.row(rows, 4)).collect()
    }

    fn country(&mut self) -> String {
        self.pick(&["a", "\0", "é", "aé"]).to_owned()
    }

    /// Several comparisons of the fields of one index.
    fn of_one_index(&mut self) -> OfMember {
        let points = |random: &mut Self| random.below(7) as u32;
        let country = |random: &mut Self| OfMember::Country(random.compare(TEXT.optional(), Self::country));
        let rating = |random: &mut Self| OfMember::Rating(random.compare(FLOAT.optional(), Self::float));
        let level = |random: &mut Self| OfMember::Level(random.compare(VALUE, |random| random.below(7) as i16 - 3));
        let title = |random: &mut Self| OfMember::Title(random.compare(TEXT, Self::text));
        let both = match self.below(8) {
            0 => [rating(self), rating(self)],
            1 => [OfMember::Points(self.compare(VALUE, points)), OfMember::Points(self.compare(VALUE, points))],
            2 => [title(self), title(self)],
            3 => [country(self), country(self)],
            4 => [country(self), OfMember::Points(self.compare(VALUE, points))],
            5 => [country(self), level(self)],
            6 => [OfMember::Active(self.compare(VALUE, |random| random.once_in(2))), rating(self)],
            _ => [title(self), level(self)],
        };
        OfMember::AllOf(both.into())
    }

    pub(super) fn of_member(&mut self, world: &World, depth: usize) -> OfMember {
        let kinds = if depth == 0 { 13 } else { 28 };
        if self.once_in(6) {
            return self.of_one_index();
        }
        let inner = |random: &mut Self| Box::new(random.of_member(world, depth - 1));
        let club = |random: &mut Self| Box::new(random.of_club(world, depth - 1));
        match self.below(kinds) {
            0 => OfMember::Country(self.compare(TEXT.optional(), Self::country)),
            1 => OfMember::Points(self.compare(VALUE, |random| random.below(7) as u32)),
            2 => OfMember::Rating(self.compare(FLOAT.optional(), Self::float)),
            3 => OfMember::Level(self.compare(VALUE, |random| random.below(7) as i16 - 3)),
            4 => OfMember::Score(self.compare(VALUE.optional(), |random| random.pick(&[0, 1, 2, u32::MAX]))),
            5 => OfMember::Active(self.compare(VALUE, |random| random.once_in(2))),
            6 => OfMember::Title(self.compare(TEXT, Self::text)),
            7 => {
                let codes: Vec<String> = world.members.iter().filter_map(|(_, row)| row.code.clone()).collect();
                let code = |random: &mut Self| if codes.is_empty() { random.text() } else { random.pick(&codes) };
                OfMember::Code(self.compare(TEXT.optional(), code))
            }
            8 => {
                // The text of an id is of no schema.
                let compare = loop {
                    let compare = self.compare(VALUE.optional(), |random| random.row(&world.clubs, 5));
                    if !matches!(compare, Compare::Matches) {
                        break compare;
                    }
                };
                OfMember::ClubId(compare)
            }
            9 => OfMember::ClubName(self.compare(TEXT.optional(), |random| {
                if world.clubs.is_empty() { random.text() } else { random.pick(&world.clubs).1.name }
            })),
            10 => match self.below(3) {
                0 => OfMember::IsOfClub(self.row(&world.clubs, 5)),
                1 => OfMember::IsNamed(self.row(&world.clubs, 5)),
                _ => OfMember::ByPoints(self.below(6) as u32),
            },
            11 => OfMember::IdIn(self.ids(&world.members)),
            12 => match self.below(3) {
                0 => OfMember::Always,
                _ => OfMember::HasCard(self.below(4) as i16),
            },
            13 => OfMember::HasClub(club(self)),
            14 => OfMember::HasNamed(club(self)),
            15 => OfMember::Visited(self.of(), club(self)),
            16 => OfMember::Favourites(self.of(), club(self)),
            17..23 => OfMember::And(inner(self), inner(self)),
            23..25 => OfMember::Or(inner(self), inner(self)),
            25 => OfMember::Not(inner(self)),
            26 => OfMember::AllOf((0..self.below(4)).map(|_| self.of_member(world, depth - 1)).collect()),
            _ => OfMember::AnyOf((0..self.below(4)).map(|_| self.of_member(world, depth - 1)).collect()),
        }
    }

    pub(super) fn of_club(&mut self, world: &World, depth: usize) -> OfClub {
        let kinds = if depth == 0 { 5 } else { 13 };
        let inner = |random: &mut Self| Box::new(random.of_club(world, depth - 1));
        let member = |random: &mut Self| Box::new(random.of_member(world, depth - 1));
        match self.below(kinds) {
            0 => OfClub::Always,
            1 => OfClub::Name(self.compare(TEXT, Self::text)),
            2 => OfClub::Country(self.compare(TEXT.optional(), Self::text)),
            3 => OfClub::Points(self.compare(VALUE, |random| random.below(6) as u32)),
            4 => OfClub::IdIn(self.ids(&world.clubs)),
            5 => OfClub::Members(self.of(), member(self)),
            6 => OfClub::Namesakes(self.of(), member(self)),
            7 => OfClub::Visitors(self.of(), member(self)),
            8 => OfClub::Fans(self.of(), member(self)),
            9 | 10 => OfClub::And(inner(self), inner(self)),
            11 => OfClub::Or(inner(self), inner(self)),
            _ => OfClub::Not(inner(self)),
        }
    }
}
