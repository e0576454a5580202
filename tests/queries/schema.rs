//! The same models twice: without any index or column, and with as many as there can be. What is asked of either is given
//! without its types, so that it can be compared.

/// The predicate of a field by the first of some functions that has it.
macro_rules! field {
    ($field:expr, $compare:expr, $first:ident $(, $other:ident)*) => {
        $first($field, $compare)$(.or_else(|| $other($field, $compare)))*.expect("a comparison of this type")
    };
}

/// The least and the greatest value of each of some fields.
macro_rules! extremes {
    ($query:expr, $($field:expr),+) => {
        [$(
            format!("{:?}", $query.clone().min($field).unwrap()),
            format!("{:?}", $query.clone().max($field).unwrap()),
        )+].to_vec()
    };
}

/// The models in a module; `all()` declares indexes and columns, `any()` none.
macro_rules! schema {
    ($name:ident, $($declares:tt)+) => {
        pub(super) mod $name {
            use relata::{Boxed, Condition, Database, DatabaseBuilder, Id, Model, Predicate, Query, Transaction};
            use serde::{Deserialize, Serialize};

                        use crate::answers::{Answers, Cursors, Spec};
            use crate::compared::{absent, compared, listed, written};
            use crate::expression::{Compare, Of, OfClub, OfMember};
            use crate::rows::{By, ClubRow, MemberRow, Raw, World, id, raw};
            use crate::writes::Write;

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[model(has_many(members: Member, via = club), has_many(namesakes: Member, via = named))]
            #[model(has_many(visitors: Member, via = visited))]
            #[model(has_many(fans: Member, through = Fan, via(club, member)))]
            pub(crate) struct Club {
                #[model(unique)]
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) name: String,
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) country: Option<String>,
                #[cfg_attr($($declares)+, model(index, column))]
                pub(crate) points: u32,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[model(has_many(favourites: Club, through = Fan, via(member, club)), has_one(card: Card))]
            #[cfg_attr($($declares)+, model(index(country, level), ordered(country, points), ordered(active, rating)))]
            #[cfg_attr($($declares)+, model(ordered(title, level)))]
            pub(crate) struct Member {
                #[cfg_attr($($declares)+, model(index))]
                pub(crate) country: Option<String>,
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) points: u32,
                #[cfg_attr($($declares)+, model(ordered, column))]
                pub(crate) rating: Option<f64>,
                #[cfg_attr($($declares)+, model(column))]
                pub(crate) level: i16,
                #[cfg_attr($($declares)+, model(column, ordered))]
                pub(crate) score: Option<u32>,
                #[cfg_attr($($declares)+, model(column))]
                pub(crate) active: bool,
                #[cfg_attr($($declares)+, model(ordered))]
                pub(crate) title: String,
                #[model(unique)]
                pub(crate) code: Option<String>,
                #[model(belongs_to, on_delete = set_null)]
                pub(crate) club_id: Option<Id<Club>>,
                #[model(belongs_to(Club), name = named, key_to = name, on_delete = cascade, on_update = cascade)]
                pub(crate) club_name: Option<String>,
                #[model(references_many, name = visited, on_delete = set_null)]
                pub(crate) visited: Vec<Id<Club>>,
                pub(crate) note: u8,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            #[model(unique(club_id, member_id))]
            pub(crate) struct Fan {
                #[model(belongs_to, on_delete = cascade)]
                pub(crate) club_id: Id<Club>,
                #[model(belongs_to, on_delete = cascade)]
                pub(crate) member_id: Id<Member>,
            }

            #[derive(Model, Clone, Debug, Serialize, Deserialize)]
            pub(crate) struct Card {
                #[model(belongs_to, unique, on_delete = cascade)]
                pub(crate) member_id: Id<Member>,
                /// In no index: its rows can be stored over with no other change.
                #[cfg_attr($($declares)+, model(column))]
                pub(crate) level: i16,
            }

            pub(crate) fn models() -> DatabaseBuilder {
                Database::builder().model::<Member>().model::<Club>().model::<Fan>().model::<Card>()
            }

            pub(crate) fn world(db: &Database) -> World {
                let club = |row: &Club| {
                    ClubRow { name: row.name.clone(), country: row.country.clone(), points: row.points }
                };
                let member = |row: &Member| MemberRow {
                    country: row.country.clone(),
                    points: row.points,
                    rating: row.rating,
                    level: row.level,
                    score: row.score,
                    active: row.active,
                    title: row.title.clone(),
                    code: row.code.clone(),
                    club: row.club_id.map(raw),
                    club_name: row.club_name.clone(),
                    visited: row.visited.iter().map(|id| raw(*id)).collect(),
                    note: row.note,
                };
                World {
                    clubs: db.iter::<Club>().map(|(id, row)| (raw(id), club(row))).collect(),
                    members: db.iter::<Member>().map(|(id, row)| (raw(id), member(row))).collect(),
                    fans: db.iter::<Fan>().map(|(_, fan)| (raw(fan.club_id), raw(fan.member_id))).collect(),
                    cards: db.iter::<Card>().map(|(_, card)| (raw(card.member_id), card.level)).collect(),
                }
            }

            fn club(row: &ClubRow) -> Club {
                Club { name: row.name.clone(), country: row.country.clone(), points: row.points }
            }

            pub(crate) fn member(row: &MemberRow) -> Member {
                Member {
                    country: row.country.clone(),
                    points: row.points,
                    rating: row.rating,
                    level: row.level,
                    score: row.score,
                    active: row.active,
                    title: row.title.clone(),
                    code: row.code.clone(),
                    club_id: row.club.map(id),
                    club_name: row.club_name.clone(),
                    visited: row.visited.iter().map(|visited| id(*visited)).collect(),
                    note: row.note,
                }
            }

            type OfMembers = Predicate<Member, Boxed<Member>>;
            type OfClubs = Predicate<Club, Boxed<Club>>;

            macro_rules! to_many {
                ($of:expr, $relation:expr, $inner:expr) => {
                    match $of {
                        Of::Some => $relation.some($inner).boxed(),
                        Of::None => $relation.none($inner).boxed(),
                        Of::Every => $relation.every($inner).boxed(),
                    }
                };
            }

            pub(crate) fn of_members(condition: &OfMember) -> OfMembers {
                let member = Member::FIELDS;
                match condition {
                    OfMember::Always => Predicate::always().boxed(),
                    OfMember::Country(compare) => field!(member.country, compare, compared, listed, written, absent),
                    OfMember::Points(compare) => field!(member.points, compare, compared, listed),
                    OfMember::Rating(compare) => field!(member.rating, compare, compared, absent),
                    OfMember::Level(compare) => field!(member.level, compare, compared, listed),
                    OfMember::Score(compare) => field!(member.score, compare, compared, listed, absent),
                    OfMember::Active(compare) => field!(member.active, compare, compared, listed),
                    OfMember::Title(compare) => field!(member.title, compare, compared, listed, written),
                    OfMember::Code(compare) => field!(member.code, compare, compared, listed, written, absent),
                    OfMember::ClubId(compare) => {
                        let compare: Compare<Id<Club>> = compare.map(|club| id(*club));
                        field!(member.club_id, &compare, compared, listed, absent)
                    }
                    OfMember::ClubName(compare) => field!(member.club_name, compare, compared, listed, written, absent),
                    OfMember::ByPoints(points) => {
                        let points = *points;
                        Predicate::by(move |member: &Member| member.points == points).boxed()
                    }
                    OfMember::IdIn(ids) => Predicate::id_in(ids.iter().map(|member| id(*member))).boxed(),
                    OfMember::HasClub(club) => Member::CLUB.has(of_clubs(club)).boxed(),
                    OfMember::IsOfClub(club) => Member::CLUB.is(id(*club)).boxed(),
                    OfMember::HasNamed(club) => Member::NAMED.has(of_clubs(club)).boxed(),
                    OfMember::IsNamed(club) => Member::NAMED.is(id(*club)).boxed(),
                    OfMember::HasCard(least) => Member::CARD.has(Card::FIELDS.level.ge(*least)).boxed(),
                    OfMember::Visited(of, clubs) => to_many!(of, Member::VISITED, of_clubs(clubs)),
                    OfMember::Favourites(of, clubs) => to_many!(of, Member::FAVOURITES, of_clubs(clubs)),
                    OfMember::And(one, other) => of_members(one).and(of_members(other)).boxed(),
                    OfMember::Or(one, other) => (of_members(one) | of_members(other)).boxed(),
                    OfMember::Not(one) => of_members(one).not().boxed(),
                    OfMember::AnyOf(all) => Predicate::any_of(all.iter().map(of_members)),
                    OfMember::AllOf(all) => Predicate::all_of(all.iter().map(of_members)),
                }
            }

            pub(crate) fn of_clubs(condition: &OfClub) -> OfClubs {
                let club = Club::FIELDS;
                match condition {
                    OfClub::Always => Predicate::always().boxed(),
                    OfClub::Name(compare) => field!(club.name, compare, compared, listed, written),
                    OfClub::Country(compare) => field!(club.country, compare, compared, listed, written, absent),
                    OfClub::Points(compare) => field!(club.points, compare, compared, listed),
                    OfClub::IdIn(ids) => Predicate::id_in(ids.iter().map(|club| id(*club))).boxed(),
                    OfClub::Members(of, members) => to_many!(of, Club::MEMBERS, of_members(members)),
                    OfClub::Namesakes(of, members) => to_many!(of, Club::NAMESAKES, of_members(members)),
                    OfClub::Visitors(of, members) => to_many!(of, Club::VISITORS, of_members(members)),
                    OfClub::Fans(of, members) => to_many!(of, Club::FANS, of_members(members)),
                    OfClub::And(one, other) => (of_clubs(one) & of_clubs(other)).boxed(),
                    OfClub::Or(one, other) => of_clubs(one).or(of_clubs(other)).boxed(),
                    OfClub::Not(one) => (!of_clubs(one)).boxed(),
                }
            }

            /// Ordered, and some of it, as the spec says.
            fn shaped<'a, C: Condition<Member>>(mut query: Query<'a, Member, C>, spec: &Spec) -> Query<'a, Member, C> {
                let member = Member::FIELDS;
                for (by, descends) in &spec.orders {
                    macro_rules! order {
                        ($field:expr) => { if *descends { $field.desc() } else { $field.asc() } };
                    }
                    query = query.order_by(match by {
                        By::Country => order!(member.country),
                        By::Points => order!(member.points),
                        By::Rating => order!(member.rating),
                        By::Level => order!(member.level),
                        By::Score => order!(member.score),
                        By::Active => order!(member.active),
                        By::Title => order!(member.title),
                        By::Code => order!(member.code),
                        By::Club => order!(member.club_id),
                    });
                }
                query = spec.skip.map_or(query.clone(), |skip| query.skip(skip));
                spec.limit.map_or(query.clone(), |limit| query.limit(limit))
            }

            fn asked<C: Condition<Member>>(query: &Query<'_, Member, C>, spec: &Spec) -> Answers {
                let member = Member::FIELDS;
                let ids = |ids: &mut dyn Iterator<Item = Id<Member>>| ids.map(raw).collect::<Vec<Raw>>();
                query.explain().unwrap().to_string();
                let mut rest = query.clone().iter().unwrap();
                let mut mixed: Vec<Raw> = rest.by_ref().take(spec.mixed).map(|(id, _)| raw(id)).collect();
                rest.for_each(|(id, _)| mixed.push(raw(id)));
                let mut iter = Vec::new();
                for (id, _) in query.clone().iter().unwrap() {
                    iter.push(raw(id));
                }
                let mut values = Vec::new();
                query
                    .clone()
                    .values((member.points, member.rating, member.level, member.score, member.active, member.title))
                    .unwrap()
                    .for_each(|value| values.push(format!("{value:?}")));
                let alone = query.clone().values(member.score).unwrap();
                let text = |value: Option<f64>| value.map(|value| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() });
                macro_rules! groups {
                    ($field:expr) => {{
                        let groups = query.clone().group_by($field).unwrap();
                        groups.into_iter().map(|(key, rows)| (format!("{key:?}"), rows.into_iter().map(raw).collect())).collect()
                    }};
                }
                Answers {
                    ids: ids(&mut query.clone().ids().unwrap()),
                    iter,
                    mixed,
                    count: query.clone().count().unwrap(),
                    exists: query.clone().exists().unwrap(),
                    first: query.clone().first().unwrap().map(|(id, _)| raw(id)),
                    one: query.clone().one().map(|row| row.map(|(id, _)| raw(id))).map_err(|error| error.to_string()),
                    values,
                    alone: alone.map(|value| format!("{value:?}")).collect(),
                    points: query.clone().sum(member.points).unwrap(),
                    levels: query.clone().sum(member.level).unwrap(),
                    scores: query.clone().sum(member.score).unwrap(),
                    ratings: text(Some(query.clone().sum(member.rating).unwrap())),
                    averages: [
                        text(query.clone().avg(member.points).unwrap()),
                        text(query.clone().avg(member.score).unwrap()),
                        text(query.clone().avg(member.rating).unwrap()),
                    ],
                    extremes: extremes!(query, member.points, member.rating, member.level, member.score, member.title, member.country),
                    countries: groups!(member.country),
                    levelled: groups!(member.level),
                    rated: groups!(member.rating),
                    scored: groups!(member.score),
                    joined: query.clone().rows().unwrap().join(Member::CLUB).iter().ok().map(|join| {
                        join.map(|(member, club)| (raw(member.id()), raw(club.id()))).collect()
                    }),
                }
            }

            /// By what the query gets at its rows, whether they are tested, and how they are ordered.
            pub(crate) fn plan(db: &Database, spec: &Spec) -> String {
                let filters = Predicate::all_of(spec.filters.iter().map(of_members));
                let plan = shaped(db.query().filter(filters), spec).explain().unwrap();
                let tests = if plan.tests { ", tested" } else { "" };
                let order = match (plan.orders.is_empty(), plan.sorts) {
                    (true, _) => "",
                    (false, true) => ", sorted",
                    (false, false) => ", walked",
                };
                format!("{}{tests}{order}", plan.access)
            }

            pub(crate) fn answers(db: &Database, spec: &Spec) -> Answers {
                match spec.filters.as_slice() {
                    [] => asked(&shaped(db.query(), spec), spec),
                    [only] => asked(&shaped(db.query().filter(of_members(only)), spec), spec),
                    [one, other] => {
                        let query = db.query().filter(of_members(one)).filter(of_members(other));
                        asked(&shaped(query, spec), spec)
                    }
                    _ => unreachable!("two filters at most"),
                }
            }

            /// Clubs by a condition: counted, listed, by a join from members to them, and by one from them to members.
            pub(crate) fn of_club_answers(
                db: &Database,
                clubs: &OfClub,
                members: &OfMember,
            ) -> crate::answers::OfClubs {
                let query = db.query::<Club>().filter(of_clubs(clubs));
                query.explain().unwrap();
                let to = db.rows::<Member>().filter_by(of_members(members)).join(Member::CLUB).filter_by(of_clubs(clubs));
                let from = db.rows::<Club>().filter_by(of_clubs(clubs)).join(Club::MEMBERS).filter_by(of_members(members));
                let mut from: Option<Vec<(Raw, Raw)>> =
                    from.iter().ok().map(|join| join.map(|(club, member)| (raw(member.id()), raw(club.id()))).collect());
                if let Some(pairs) = &mut from {
                    pairs.sort_unstable();
                }
                let beside = db.rows::<Member>().filter_by(of_members(members)).iter().unwrap();
                let branches = (Club::MEMBERS, Club::NAMESAKES, Club::VISITORS);
                (
                    query.clone().count().unwrap(),
                    query.clone().count_joined(branches).unwrap(),
                    beside.map(|member| raw(member.id())).collect(),
                    query.ids().unwrap().map(raw).collect(),
                    to.iter().ok().map(|join| join.map(|(member, club)| (raw(member.id()), raw(club.id()))).collect()),
                    from,
                )
            }

            /// The next page, and whether there are more.
            pub(crate) fn page(
                db: &Database, spec: &Spec, cursors: &mut Cursors<relata::PageCursor<Member>>, size: usize,
            ) -> (Vec<Raw>, bool) {
                let filters = Predicate::all_of(spec.filters.iter().map(of_members));
                let query = shaped(db.query().filter(filters), spec);
                let page = query.page(cursors.0.as_ref(), size).unwrap();
                cursors.0 = page.next;
                (page.rows.into_iter().map(|(id, _)| raw(id)).collect(), cursors.0.is_some())
            }

            /// Gives a member the field of another.
            fn take(row: &mut Member, other: &Member, by: By) {
                let other = other.clone();
                match by {
                    By::Country => row.country = other.country,
                    By::Points => row.points = other.points,
                    By::Rating => row.rating = other.rating,
                    By::Level => row.level = other.level,
                    By::Score => row.score = other.score,
                    By::Active => row.active = other.active,
                    By::Title => row.title = other.title,
                    By::Code => row.code = other.code,
                    By::Club => row.club_id = other.club_id,
                }
            }

            /// A write on a database or in a transaction; what it gives as text.
            macro_rules! write {
                ($db:ident, $write:ident) => {{
                    let text = |result: Result<String, relata::Error>| result.map_err(|error| error.to_string());
                    let fan = |club_id, member_id| Fan { club_id, member_id };
                    text(match $write {
                        Write::InsertClub(row) => $db.insert(club(row)).map(|id| id.to_string()),
                        Write::Insert(row) => $db.insert(member(row)).map(|id| id.to_string()),
                        Write::InsertMany(rows) => {
                            $db.insert_many(rows.iter().map(member).collect::<Vec<_>>()).map(|ids| format!("{ids:?}"))
                        }
                        Write::Unchecked(rows) => {
                            let rows: Vec<_> = rows.iter().map(member).collect();
                            $db.insert_many_unchecked(rows).map(|ids| format!("{ids:?}"))
                        }
                        Write::InsertAt(row) => $db.reserve().and_then(|id| {
                            match $db.insert_at(id, member(row)) {
                                Ok(()) => Ok(id.to_string()),
                                Err(error) => $db.cancel(id).and(Err(error)),
                            }
                        }),
                        Write::Reserve => $db.reserve::<Club>().map(|id| id.to_string()),
                        Write::Update(at, row) => $db.update(id(*at), |old| *old = member(row)).map(|()| String::new()),
                        Write::Replace(at, row) => $db.replace(id(*at), member(row)).map(|old| format!("{old:?}")),
                        Write::UpdateClub(at, row) => $db.update(id(*at), |old| *old = club(row)).map(|()| String::new()),
                        Write::Set(at, by, row) => {
                            let (fields, row, at) = (Member::FIELDS, member(row), id(*at));
                            match by {
                                By::Country => $db.set(at, fields.country, row.country).map(|old| format!("{old:?}")),
                                By::Points => $db.set(at, fields.points, row.points).map(|old| format!("{old:?}")),
                                By::Rating => $db.set(at, fields.rating, row.rating).map(|old| format!("{old:?}")),
                                By::Level => $db.set(at, fields.level, row.level).map(|old| format!("{old:?}")),
                                By::Score => $db.set(at, fields.score, row.score).map(|old| format!("{old:?}")),
                                By::Active => $db.set(at, fields.active, row.active).map(|old| format!("{old:?}")),
                                By::Title => $db.set(at, fields.title, row.title).map(|old| format!("{old:?}")),
                                By::Code => $db.set(at, fields.code, row.code).map(|old| format!("{old:?}")),
                                By::Club => $db.set(at, fields.club_id, row.club_id).map(|old| format!("{old:?}")),
                            }
                        }
                        Write::SetMany(at, by, row) => {
                            let row = member(row);
                            let at: Vec<_> = at.iter().map(|at| id(*at)).collect();
                            $db.update_many(at, |_, old| take(old, &row, *by)).map(|updated| updated.changed.len().to_string())
                        }
                        Write::SetWhere(condition, by, row) => {
                            let row = member(row);
                            let updated = $db.update_where(of_members(condition), |_, old| take(old, &row, *by));
                            updated.map(|updated| updated.changed.len().to_string())
                        }
                        Write::UpsertMany(rows) => {
                            let stored = $db.upsert_many(Member::BY_CODE, rows.iter().map(member).collect::<Vec<_>>());
                            stored.map(|stored| format!("{stored:?}"))
                        }
                        Write::RaiseCards(from, to) => {
                            let updated = $db.update_where(Card::FIELDS.level.eq(*from), |_, card| card.level = *to);
                            updated.map(|updated| updated.rows.to_string())
                        }
                        Write::DeleteCards(level) => {
                            let gone = $db.delete_where(Card::FIELDS.level.eq(*level));
                            gone.map(|gone| format!("{:?}", gone.rows))
                        }
                        Write::DeleteMany(at) => {
                            let at: Vec<Id<Member>> = at.iter().map(|at| id(*at)).collect();
                            $db.delete_many(at).map(|gone| format!("{:?} {:?}", gone.rows, gone.removed))
                        }
                        Write::DeleteWhere(condition) => {
                            let gone = $db.delete_where(of_members(condition));
                            gone.map(|gone| format!("{:?} {:?}", gone.rows, gone.removed))
                        }
                        Write::Upsert(row) => {
                            $db.upsert(Member::BY_CODE, member(row)).map(|(id, old)| format!("{id} {old:?}"))
                        }
                        Write::Delete(at) => $db.delete::<Member>(id(*at)).map(|gone| format!("{:?}", gone.removed)),
                        Write::DeleteClub(at) => {
                            $db.delete::<Club>(id(*at)).map(|gone| format!("{:?} {}", gone.removed, gone.changed.len()))
                        }
                        Write::Note(at, note) => {
                            $db.get_mut::<Member>(id(*at)).map(|row| { *row.note = *note; String::new() })
                        }
                        Write::NoteAll(note) => $db.iter_mut::<Member>().map(|rows| {
                            rows.for_each(|(_, row)| *row.note = row.note.wrapping_add(*note));
                            String::new()
                        }),
                        Write::Link(owner, target) => {
                            $db.link(id(*owner), Club::FANS, id(*target), fan).map(|id| id.to_string())
                        }
                        Write::Unlink(owner, target) => {
                            $db.unlink(id(*owner), Club::FANS, id(*target)).map(|gone| format!("{:?}", gone.row))
                        }
                        Write::SetLinked(owner, targets) => {
                            let targets: Vec<_> = targets.iter().map(|target| id(*target)).collect();
                            $db.set_linked(id(*owner), Club::FANS, &targets, fan).map(|()| String::new())
                        }
                        Write::Relate(at, Some(club)) => {
                            $db.relate(id(*at), Member::CLUB, id(*club)).map(|()| String::new())
                        }
                        Write::Relate(at, None) => $db.unrelate(id(*at), Member::CLUB).map(|()| String::new()),
                        Write::Card(at, level) => {
                            $db.insert(Card { member_id: id(*at), level: *level }).map(|id| id.to_string())
                        }
                    })
                }};
            }

            pub(crate) fn write(db: &mut Database, write: &Write) -> Result<String, String> {
                if matches!(write, Write::InsertAt(_)) {
                    // An undo takes the row back, and not an id that was reserved outside.
                    let mut tx = db.begin().unwrap();
                    let outcome = write_in(&mut tx, write);
                    tx.commit().unwrap();
                    return outcome;
                }
                write!(db, write)
            }
            pub(crate) fn write_in(db: &mut Transaction<'_>, write: &Write) -> Result<String, String> {
                write!(db, write)
            }
        }
    };
}

schema!(plain, any());
schema!(declared, all());
