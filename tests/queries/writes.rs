//! Writes as data, at random, made on databases of both schemas.

use super::expression::{Compare, OfMember};
use super::rows::{By, ClubRow, FIELDS, MemberRow, Random, Raw, World};

#[derive(Debug, Clone)]
pub(super) enum Write {
    InsertClub(ClubRow),
    Insert(MemberRow),
    InsertMany(Vec<MemberRow>),
    Unchecked(Vec<MemberRow>),
    /// Under an id that is reserved first.
    InsertAt(MemberRow),
    /// The id of a club, which is not filled.
    Reserve,
    Update(Raw, MemberRow),
    Replace(Raw, MemberRow),
    UpdateClub(Raw, ClubRow),
    /// The field of a member, as the row has it.
    Set(Raw, By, MemberRow),
    /// The same for several.
    SetMany(Vec<Raw>, By, MemberRow),
    SetWhere(OfMember, By, MemberRow),
    Upsert(MemberRow),
    UpsertMany(Vec<MemberRow>),
    DeleteMany(Vec<Raw>),
    DeleteWhere(OfMember),
    /// All of one level, to another.
    RaiseCards(i16, i16),
    DeleteCards(i16),
    Delete(Raw),
    DeleteClub(Raw),
    /// In place.
    Note(Raw, u8),
    NoteAll(u8),
    Link(Raw, Raw),
    Unlink(Raw, Raw),
    SetLinked(Raw, Vec<Raw>),
    Relate(Raw, Option<Raw>),
    Card(Raw, i16),
}

impl Random {
    /// A write that fits most of the time.
    pub(super) fn write(&mut self, world: &World, unchecked: bool) -> Write {
        let (clubs, members) = (&world.clubs, &world.members);
        let code =
            |random: &mut Self| members.get(random.below(members.len().max(1))).and_then(|(_, row)| row.code.clone());
        match self.below(40) {
            0..3 => Write::InsertClub(self.club()),
            3 if unchecked => Write::Unchecked(self.flawed(world, 6)),
            3..6 => Write::Insert(self.member(world, 30)),
            6 | 7 => Write::InsertMany((0..self.below(6)).map(|_| self.member(world, 100)).collect()),
            8 => Write::InsertAt(self.member(world, 30)),
            9..11 => Write::Update(self.row(members, 20), self.member(world, 30)),
            11 | 12 => Write::Replace(self.row(members, 20), self.member(world, 30)),
            13 | 14 => Write::UpdateClub(self.row(clubs, 20), self.club()),
            15..19 => Write::Set(self.row(members, 20), self.pick(&FIELDS), self.member(world, 30)),
            19 => {
                let code = code(self);
                Write::Upsert(MemberRow { code, ..self.member(world, 30) })
            }
            20..22 => Write::Delete(self.row(members, 20)),
            22 | 23 => Write::DeleteClub(self.row(clubs, 20)),
            24 => Write::Note(self.row(members, 20), self.below(3) as u8),
            25 => Write::NoteAll(1),
            26 | 27 => Write::Link(self.row(clubs, 20), self.row(members, 20)),
            28 => Write::Unlink(self.row(clubs, 20), self.row(members, 20)),
            29 => Write::SetLinked(self.row(clubs, 20), (0..self.below(5)).map(|_| self.row(members, 40)).collect()),
            30 => {
                let club = self.perhaps(|random| random.row(clubs, 20));
                Write::Relate(self.row(members, 20), club)
            }
            31 => Write::SetMany(self.some_members(world), self.pick(&FIELDS), self.member(world, 30)),
            32 => Write::SetWhere(self.of_few_members(world), self.pick(&FIELDS), self.member(world, 30)),
            33 => Write::DeleteMany(self.some_members(world)),
            34 => Write::DeleteWhere(self.of_few_members(world)),
            35 => {
                let mut rows: Vec<_> = (0..self.below(5)).map(|_| self.member(world, 60)).collect();
                for row in &mut rows {
                    let of_another = if self.once_in(2) { code(self) } else { None };
                    row.code = of_another.or(row.code.take());
                }
                Write::UpsertMany(rows)
            }
            36 => Write::RaiseCards(self.below(4) as i16, self.below(4) as i16),
            37 => Write::DeleteCards(self.below(4) as i16),
            _ => Write::Card(self.row(members, 20), self.below(4) as i16),
        }
    }

    fn some_members(&mut self, world: &World) -> Vec<Raw> {
        (0..self.below(6)).map(|_| self.row(&world.members, 40)).collect()
    }

    fn of_few_members(&mut self, world: &World) -> OfMember {
        let points = OfMember::Points(Compare::Eq(self.below(6) as u32));
        OfMember::And(Box::new(points), Box::new(self.of_member(world, 2)))
    }

    /// Rows with keys that name no row, or none yet, and codes that others have.
    pub(super) fn flawed(&mut self, world: &World, most: usize) -> Vec<MemberRow> {
        let codes: Vec<String> = world.members.iter().filter_map(|(_, row)| row.code.clone()).collect();
        let mut rows: Vec<MemberRow> = Vec::new();
        for _ in 0..self.below(most) {
            let mut row = self.member(world, 4);
            if self.once_in(2) && !codes.is_empty() {
                row.code = Some(self.pick(&codes));
            } else if self.once_in(3)
                && let Some(other) = rows.last()
            {
                row.code.clone_from(&other.code);
            }
            rows.push(row);
        }
        rows
    }
}
