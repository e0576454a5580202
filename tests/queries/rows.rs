//! Rows as both schemas have them, without the types of either, and a small generator.

use relata::{Id, Model};

/// An id without its model: slot and generation.
pub(super) type Raw = (u32, u32);

pub(super) fn raw<M>(id: Id<M>) -> Raw {
    let text = id.to_string();
    let (slot, generation) = text.split_once('v').expect("an id is written `3v1`");
    (slot.parse().unwrap(), generation.parse().unwrap())
}

pub(super) fn id<M: Model>((slot, generation): Raw) -> Id<M> {
    format!("{slot}v{generation}").parse().unwrap()
}

#[derive(Debug, Clone)]
pub(super) struct ClubRow {
    pub(super) name: String,
    pub(super) country: Option<String>,
    pub(super) points: u32,
}

#[derive(Debug, Clone)]
pub(super) struct MemberRow {
    pub(super) country: Option<String>,
    pub(super) points: u32,
    pub(super) rating: Option<f64>,
    pub(super) level: i16,
    pub(super) score: Option<u32>,
    pub(super) active: bool,
    pub(super) title: String,
    pub(super) code: Option<String>,
    pub(super) club: Option<Raw>,
    pub(super) club_name: Option<String>,
    pub(super) visited: Vec<Raw>,
    pub(super) note: u8,
}

/// All rows of a database, in slot order.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) clubs: Vec<(Raw, ClubRow)>,
    pub(super) members: Vec<(Raw, MemberRow)>,
    /// Club and member.
    pub(super) fans: Vec<(Raw, Raw)>,
    /// Member and level.
    pub(super) cards: Vec<(Raw, i16)>,
}

/// The fields of a member by which rows are ordered and grouped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By {
    Country,
    Points,
    Rating,
    Level,
    Score,
    Active,
    Title,
    Code,
    Club,
}

pub(super) const FIELDS: [By; 9] =
    [By::Country, By::Points, By::Rating, By::Level, By::Score, By::Active, By::Title, By::Code, By::Club];

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
    pub(super) fn perhaps<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.once_in(4) { None } else { Some(make(self)) }
    }
    /// A text over three letters, one of which ends texts elsewhere and one of which is two bytes long.
    pub(super) fn text(&mut self) -> String {
        (0..self.below(4)).map(|_| self.pick(&['a', '\0', 'é'])).collect()
    }
    pub(super) fn float(&mut self) -> f64 {
        self.pick(&[f64::NAN, -0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, 0.1, 0.3, 1e16, -2.5])
    }
    /// The id of one of these rows, now and then one that names none: of a slot not used yet, or of another generation.
    pub(super) fn row<T>(&mut self, rows: &[(Raw, T)], wrong_once_in: usize) -> Raw {
        if rows.is_empty() || self.once_in(wrong_once_in) {
            return (1 + self.below(rows.len() + 5) as u32, 1 + 2 * self.below(3) as u32);
        }
        rows[self.below(rows.len())].0
    }
    pub(super) fn club(&mut self) -> ClubRow {
        ClubRow { name: self.text(), country: self.perhaps(Self::text), points: self.below(5) as u32 }
    }
    pub(super) fn member(&mut self, world: &World, wrong_once_in: usize) -> MemberRow {
        let name = |random: &mut Self| match world.clubs.len() {
            0 => random.text(),
            _ if random.once_in(wrong_once_in) => random.text(),
            clubs => world.clubs[random.below(clubs)].1.name.clone(),
        };
        let no_clubs = world.clubs.is_empty() && wrong_once_in > 1000;
        MemberRow {
            country: self.perhaps(|random| random.pick(&["a", "\0", "é", "aé"]).to_owned()),
            points: self.below(6) as u32,
            rating: self.perhaps(Self::float),
            level: self.below(5) as i16 - 2,
            score: self.perhaps(|random| random.pick(&[0, 1, 2, u32::MAX])),
            active: self.once_in(2),
            title: self.text(),
            // Many of them, so that most are not taken.
            code: (self.once_in(2)).then(|| format!("{}{}", self.text(), self.below(200))),
            club: if no_clubs { None } else { self.perhaps(|random| random.row(&world.clubs, wrong_once_in)) },
            club_name: if no_clubs { None } else { self.perhaps(name) },
            visited: if no_clubs {
                Vec::new()
            } else {
                (0..self.below(4)).map(|_| self.row(&world.clubs, wrong_once_in * 3)).collect()
            },
            note: self.below(3) as u8,
        }
    }
}
