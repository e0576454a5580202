//! Single cases, each of which a random walk may miss, or shows less clearly.

use std::panic::{AssertUnwindSafe, catch_unwind};

use relata::{Database, Id, Predicate, QueryAccess};

use super::schema::{declared, plain};
use declared::{Card, Club, Member, models};

fn member() -> Member {
    Member {
        country: None,
        points: 0,
        rating: None,
        level: 0,
        score: None,
        active: true,
        title: String::new(),
        code: None,
        club_id: None,
        club_name: None,
        visited: Vec::new(),
        note: 0,
    }
}

fn club(name: &str) -> Club {
    Club { name: name.into(), country: None, points: 0 }
}

fn empty() -> Database {
    models().build().unwrap()
}

fn rated(ratings: &[Option<f64>]) -> (Database, Vec<Id<Member>>) {
    let mut db = empty();
    let rows: Vec<Member> = ratings.iter().map(|rating| Member { rating: *rating, ..member() }).collect();
    let ids = db.insert_many(rows).unwrap();
    (db, ids)
}

/// behaviour Q14: rows that were stored unchecked with one unique key are all found by it, until one of them has it alone
#[test]
fn duplicates_under_a_unique_key_are_all_found() {
    let mut db = empty();
    let coded = |code: &str| Member { code: Some(code.into()), ..member() };
    db.insert_many((0..40).map(|n| coded(&n.to_string())).collect::<Vec<_>>()).unwrap();
    let twice = db.insert_many_unchecked([coded("7"), coded("7")]).unwrap();
    let of_seven = || Member::FIELDS.code.eq("7");
    let plan = db.query().filter(of_seven()).explain().unwrap();
    assert_eq!((plan.access, plan.rows), (QueryAccess::UniqueKey(vec!["code"]), 3));
    assert_eq!(db.query().filter(of_seven()).count().unwrap(), 3);
    assert_eq!(db.query().filter(Member::FIELDS.code.is_in(["7", "8", "7"])).count().unwrap(), 4);
    assert!(db.check().is_err());
    db.delete(twice[0]).unwrap();
    db.set(twice[1], Member::FIELDS.code, Some("new".into())).unwrap();
    assert_eq!(db.check(), Ok(()));
    assert_eq!(db.query().filter(of_seven()).count().unwrap(), 1);
    assert_eq!(db.query().filter(Member::FIELDS.code.eq("new")).one().unwrap().unwrap().0, twice[1]);
}

/// behaviour Q14: a key that names no row is a value like any other, and leads to no row until that comes
#[test]
fn a_dangling_key_is_a_value_and_no_related_row() {
    let mut db = empty();
    db.insert_many(vec![member(); 30]).unwrap();
    let missing: Id<Club> = "1v1".parse().unwrap();
    let dangling = Member { club_id: Some(missing), club_name: Some("x".into()), visited: vec![missing], ..member() };
    let id = db.insert_many_unchecked([dangling]).unwrap()[0];
    let of_value = || Member::FIELDS.club_id.eq(missing).and(Member::FIELDS.club_name.eq("x"));
    let related = || {
        [
            Member::CLUB.is(missing).boxed(),
            Member::CLUB.has(Predicate::always()).boxed(),
            Member::NAMED.has(Predicate::always()).boxed(),
            Member::VISITED.some(Predicate::always()).boxed(),
        ]
    };
    let ids = |db: &Database, predicate: Predicate<Member, relata::Boxed<Member>>| {
        db.query().filter(predicate).ids().unwrap().collect::<Vec<_>>()
    };
    assert_eq!(ids(&db, of_value().boxed()), [id]);
    for predicate in related() {
        assert_eq!(ids(&db, predicate), []);
    }
    assert!(db.query::<Member>().rows().unwrap().join(Member::CLUB).iter().is_err());
    assert_eq!(db.insert(club("x")).unwrap(), missing);
    assert_eq!(db.check(), Ok(()));
    assert_eq!(ids(&db, of_value().boxed()), [id]);
    for predicate in related() {
        assert_eq!(ids(&db, predicate), [id]);
    }
}

/// behaviour Q14: an id whose row is gone finds nothing, also where its slot is used again
#[test]
fn a_stale_id_finds_nothing() {
    let mut db = empty();
    let old = db.insert(club("old")).unwrap();
    let gone = db.insert(member()).unwrap();
    db.delete(old).unwrap();
    db.delete(gone).unwrap();
    let new = db.insert(club("new")).unwrap();
    let here = db.insert(Member { club_id: Some(new), ..member() }).unwrap();
    assert_ne!((old, gone), (new, here));
    let fields = Member::FIELDS;
    let counts = |predicate: Predicate<Member, relata::Boxed<Member>>| {
        let query = db.query().filter(predicate);
        let sorted = query.clone().order_by(fields.points.desc()).ids().unwrap().count();
        (query.clone().count().unwrap(), query.ids().unwrap().count(), sorted)
    };
    assert_eq!(counts(fields.club_id.eq(old).boxed()), (0, 0, 0));
    assert_eq!(counts(Member::CLUB.is(old).boxed()), (0, 0, 0));
    assert_eq!(counts(Predicate::id_in([gone]).boxed()), (0, 0, 0));
    assert_eq!(counts(Predicate::id_in([gone, Id::null(), here, here]).boxed()), (1, 1, 1));
    assert_eq!(counts(fields.club_id.is_in([old, new, new]).boxed()), (1, 1, 1));
}

/// behaviour Q14: so does one that is reserved
#[test]
fn a_reserved_id_is_no_related_row() {
    let mut db = empty();
    let first = db.insert(club("first")).unwrap();
    let mut tx = db.begin().unwrap();
    let reserved = tx.reserve::<Club>().unwrap();
    tx.insert_many(vec![member(); 30]).unwrap();
    let id = tx.insert(Member { club_id: Some(reserved), visited: vec![reserved, first], ..member() }).unwrap();
    let has = |tx: &Database| tx.query().filter(Member::CLUB.has(Predicate::always())).count().unwrap();
    let visited =
        |tx: &Database| tx.query().filter(Member::VISITED.every(Club::FIELDS.name.eq("first"))).count().unwrap();
    assert_eq!((has(&tx), visited(&tx)), (0, 31));
    // A row over which the way back leads to the reserved id.
    let of_one = Club::MEMBERS.some(Predicate::id_in([id]));
    assert_eq!(tx.query::<Club>().filter(of_one.clone()).ids().unwrap().count(), 0);
    assert_eq!(tx.query::<Club>().filter(of_one).order_by(Club::FIELDS.name.asc()).ids().unwrap().count(), 0);
    tx.insert_at(reserved, club("second")).unwrap();
    assert_eq!((has(&tx), visited(&tx)), (1, 30));
    tx.commit().unwrap();
}

/// behaviours Q4 and Q5: a float that is no number is a value, and has no place in the order
#[test]
fn no_number_is_not_null() {
    let nan = Some(f64::NAN);
    let (db, ids) = rated(&[nan, Some(-0.0), None, Some(f64::INFINITY), Some(0.0), Some(f64::NEG_INFINITY)]);
    let rating = Member::FIELDS.rating;
    let found = |predicate: Predicate<Member, relata::Boxed<Member>>| {
        db.query().filter(predicate).ids().unwrap().collect::<Vec<_>>()
    };
    assert_eq!(found(rating.is_null().boxed()), [ids[2]]);
    assert_eq!(found(rating.is_some().boxed()).len(), 5);
    assert_eq!(found(rating.eq(0.0).boxed()), [ids[1], ids[4]]);
    assert_eq!(found(rating.lt(f64::INFINITY).boxed()), [ids[1], ids[4], ids[5]]);
    // Rust says that it is not less: so the opposite holds.
    assert_eq!(found(rating.lt(f64::INFINITY).not().boxed()), [ids[0], ids[3]]);
    for none in [rating.eq(f64::NAN).boxed(), rating.ge(f64::NAN).boxed(), rating.between(f64::NAN, 1.0).boxed()] {
        assert_eq!(found(none.clone()), []);
        assert_eq!(found(none.not().boxed()).len(), 5);
    }
    // A range that is narrowed by one that nothing is in.
    for narrowed in [
        rating.lt(1.0).and(rating.lt(f64::NAN)).boxed(),
        rating.lt(f64::NAN).and(rating.le(1.0)).boxed(),
        rating.gt(-1.0).and(rating.gt(f64::NAN)).and(rating.gt(-2.0)).boxed(),
        rating.between(-1.0, 1.0).and(rating.between(-1.0, f64::NAN)).boxed(),
    ] {
        assert_eq!(db.query().filter(narrowed.clone()).count().unwrap(), 0);
        assert_eq!(found(narrowed), []);
    }
    for (order, expected) in [(rating.asc(), [5, 1, 4, 3, 0, 2]), (rating.desc(), [3, 1, 4, 5, 0, 2])] {
        let sorted: Vec<_> = db.query().order_by(order).ids().unwrap().collect();
        assert_eq!(sorted, expected.map(|place| ids[place]));
    }
}

/// behaviour Q12: an index for equality of several fields serves where each of them is asked for a value
#[test]
fn a_group_serves_where_each_part_has_a_value() {
    let mut db = empty();
    let row = |n: i16| Member { country: (n % 5 > 0).then(|| format!("{}", n % 5)), level: n % 7, ..member() };
    db.insert_many((0..140).map(row).collect::<Vec<_>>()).unwrap();
    let fields = Member::FIELDS;
    let both = db.query().filter(fields.level.eq(3).and(fields.country.eq("2")));
    let plan = both.explain().unwrap();
    assert_eq!((plan.access, plan.rows), (QueryAccess::Index(vec!["country", "level"]), 4));
    assert_eq!(both.count().unwrap(), 4);
    let several = db.query().filter(fields.level.is_in([3, 4, 3]).and(fields.country.is_in(["2", "x"])));
    assert_eq!((several.explain().unwrap().rows, several.count().unwrap()), (12, 8));
    // An absent part is in no group of values.
    let absent = db.query().filter(fields.country.is_null().and(fields.level.eq(0)));
    assert_eq!(absent.explain().unwrap().access, QueryAccess::Index(vec!["country"]));
    assert_eq!(absent.count().unwrap(), 4);
}

/// behaviours Q4 and R48: where rows are equal they come by slot, also where the order descends
#[test]
fn ties_come_by_slot_when_descending() {
    let mut db = empty();
    let row = |n: u32| Member { points: n % 3, country: (!n.is_multiple_of(4)).then(|| "a".into()), ..member() };
    let ids = db.insert_many((0..500).map(row).collect::<Vec<_>>()).unwrap();
    let fields = Member::FIELDS;
    let walked = db.query::<Member>().order_by(fields.points.desc());
    assert!(!walked.explain().unwrap().sorts);
    let of_points = |points: u32| (0..500).filter(move |n| n % 3 == points);
    let expected: Vec<_> = [2, 1, 0].into_iter().flat_map(of_points).map(|n| ids[n as usize]).collect();
    assert_eq!(walked.clone().ids().unwrap().collect::<Vec<_>>(), expected);
    assert_eq!(walked.clone().skip(100).limit(150).ids().unwrap().collect::<Vec<_>>(), expected[100..250]);
    let of_group = db.query::<Member>().filter(fields.country.eq("a")).order_by(fields.points.desc());
    assert_eq!(of_group.explain().unwrap().access, QueryAccess::Range(vec!["country", "points"]));
    let expected = expected.into_iter().filter(|id| db.get(*id).unwrap().country.is_some());
    assert_eq!(of_group.ids().unwrap().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// behaviour Q8: a page begins behind the row of the cursor also where that row and all like it are gone
#[test]
fn a_cursor_behind_absent_values_is_the_end_when_they_go() {
    let (mut db, ids) = rated(&[Some(1.0), None, Some(2.0), None, Some(f64::NAN), None]);
    db.insert_many(vec![Member { active: false, ..member() }; 10]).unwrap();
    let fields = Member::FIELDS;
    let page = |db: &Database, after: Option<&relata::PageCursor<Member>>| {
        let query = db.query().filter(fields.active.eq(true)).order_by(fields.rating.desc());
        let page = query.page(after, 4).unwrap();
        (page.rows.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(&db, None);
    assert_eq!(first, [ids[2], ids[0], ids[4], ids[1]]);
    for place in [1, 3, 4, 5] {
        db.delete(ids[place]).unwrap();
    }
    let now = db.query().filter(fields.active.eq(true)).order_by(fields.rating.desc());
    assert_eq!(now.explain().unwrap().access, QueryAccess::Range(vec!["active", "rating"]));
    let (rest, end) = page(&db, next.as_ref());
    assert!(rest.is_empty() && end.is_none(), "{rest:?}");
}

/// behaviour Q8: a cursor of a query with another order is refused
#[test]
fn a_cursor_belongs_to_an_order() {
    let (db, _) = rated(&[Some(1.0), Some(2.0)]);
    let fields = Member::FIELDS;
    let by_slot = db.query::<Member>().page(None, 1).unwrap().next.unwrap();
    let error = db.query().order_by(fields.points.desc()).order_by(fields.title.asc()).page(Some(&by_slot), 1);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the cursor is of a query of `Member` ordered by slot, not by points desc, title asc"
    );
    let descending = db.query().order_by(fields.points.desc()).page(None, 1).unwrap().next.unwrap();
    let error = db.query().order_by(fields.points.asc()).page(Some(&descending), 1);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the cursor is of a query of `Member` ordered by points desc, not by points asc"
    );
}

/// behaviour Q7: where one row is asked for, several are an error that names two of them
#[test]
fn several_rows_are_not_one() {
    let (db, ids) = rated(&[Some(1.0), Some(2.0), None]);
    let rating = Member::FIELDS.rating;
    assert_eq!(db.query().filter(rating.gt(1.0)).one().unwrap().unwrap().0, ids[1]);
    assert!(db.query().filter(rating.gt(2.0)).one().unwrap().is_none());
    let error = db.query().filter(rating.gt(0.0)).order_by(rating.desc()).one().unwrap_err();
    assert_eq!(error.to_string(), "one `Member` was asked for, and there are several: Member 2v1, Member 1v1 ..");
    // Of those that `skip` and `limit` leave.
    assert_eq!(db.query().filter(rating.gt(0.0)).skip(1).one().unwrap().unwrap().0, ids[1]);
    assert_eq!(db.query().filter(rating.gt(0.0)).limit(1).one().unwrap().unwrap().0, ids[0]);
}

/// behaviour Q13: a closure that panics has changed nothing, neither rows nor indexes nor columns
#[test]
fn a_panic_in_a_closure_changes_nothing() {
    let (mut db, ids) = rated(&[Some(1.0), Some(2.0), None]);
    let fields = Member::FIELDS;
    let before = format!("{:?}", declared::world(&db));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        db.update(ids[0], |row| {
            (row.rating, row.level, row.points, row.country) = (None, 9, 9, Some("x".into()));
            assert_ne!(row.level, 9, "now");
        })
    }));
    assert!(panicked.is_err());
    let asked = |db: &Database| {
        let closure = fields.points.lt(5).and(Predicate::by(|row: &Member| row.rating.expect("it is there") > 0.0));
        db.query().filter(closure).count().unwrap()
    };
    assert!(catch_unwind(AssertUnwindSafe(|| asked(&db))).is_err());
    assert_eq!(db.check(), Ok(()));
    assert_eq!(format!("{:?}", declared::world(&db)), before);
    let left = [
        db.query().filter(fields.rating.eq(1.0)).count().unwrap(),
        db.query().filter(fields.level.eq(9)).count().unwrap(),
        db.query().filter(fields.points.eq(9)).count().unwrap(),
        db.query().filter(fields.country.is_some()).count().unwrap(),
    ];
    assert_eq!(left, [1, 0, 0, 0]);
}

/// behaviours Q13 and Q15: a column has the values of the rows after every kind of write, and what was before after an undo
#[test]
fn columns_follow_rows_back_and_forth() {
    let mut db = empty();
    db.keep_history(10).unwrap();
    let ids = db.insert_many((0..200).map(|level| Member { level, ..member() }).collect::<Vec<_>>()).unwrap();
    let expect = |db: &Database| {
        assert_eq!(db.check(), Ok(()));
        let column = db.column(Member::FIELDS.level).unwrap();
        let of_rows: Vec<i16> = db.iter::<Member>().map(|(_, row)| row.level).collect();
        assert_eq!(column.runs().flat_map(relata::ColumnRun::iter).copied().collect::<Vec<_>>(), of_rows);
        assert!(db.iter::<Member>().all(|(id, row)| column.get(id) == Some(row.level)));
        assert_eq!(
            db.query().sum(Member::FIELDS.level).unwrap(),
            of_rows.iter().map(|level| i64::from(*level)).sum::<i64>()
        );
    };
    expect(&db);
    let before = db.clone();
    db.set(ids[3], Member::FIELDS.level, -1).unwrap();
    db.delete(ids[70]).unwrap();
    let mut tx = db.begin().unwrap();
    tx.update(ids[5], |row| row.level = -2).unwrap();
    *tx.get_mut(ids[5]).unwrap().note = 1;
    let mut inner = tx.begin();
    inner.update(ids[6], |row| row.level = -3).unwrap();
    inner.insert(Member { level: -4, ..member() }).unwrap();
    inner.rollback();
    expect(&tx);
    tx.commit().unwrap();
    *db.get_mut(ids[7]).unwrap().note = 2;
    expect(&db);
    for _ in 0..3 {
        assert!(db.undo().unwrap());
        expect(&db);
    }
    assert_eq!(db.get(ids[7]).unwrap().note, 2);
    assert_eq!(db.get(ids[3]).unwrap().level, 3);
    for _ in 0..3 {
        assert!(db.redo().unwrap());
        expect(&db);
    }
    assert_eq!(db.get(ids[5]).unwrap().level, -2);
    expect(&before);
    assert_eq!(before.len::<Member>(), 200);
    // After a load, in whose file there are no columns, and slots without rows.
    db.delete_where(Member::FIELDS.level.between(100, 180)).unwrap();
    let mut bytes = Vec::new();
    db.save_to(&mut bytes).unwrap();
    let mut loaded = models().load_from(&bytes[..]).unwrap();
    assert_eq!(loaded.len::<Member>(), 118);
    expect(&loaded);
    loaded.insert_many(vec![Member { level: -5, ..member() }; 100]).unwrap();
    expect(&loaded);
    // Of a field that is none there is no column to be lent.
    let error = db.column(Member::FIELDS.note).unwrap_err();
    assert_eq!(error.to_string(), "`Member`.note is no column: declare it (`#[model(column)]`)");
}

/// behaviours Q3 and R50: over has_one as over the others, to any depth
#[test]
fn conditions_reach_over_relations_of_every_kind() {
    let mut db = empty();
    let home = db.insert(club("home")).unwrap();
    let ids = db.insert_many(vec![Member { club_id: Some(home), ..member() }; 3]).unwrap();
    db.insert_many([(0, 2), (1, 5)].map(|(place, level)| Card { member_id: ids[place], level })).unwrap();
    let of_high = || Member::CARD.has(Card::FIELDS.level.gt(4));
    assert_eq!(db.query().filter(of_high()).ids().unwrap().collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(db.query().filter(of_high().not()).ids().unwrap().collect::<Vec<_>>(), [ids[0], ids[2]]);
    let clubs = db.query().filter(Club::MEMBERS.some(of_high()).and(Club::MEMBERS.every(of_high()).not()));
    assert_eq!(clubs.one().unwrap().unwrap().0, home);
    let column = db.column(Member::FIELDS.level).unwrap();
    assert_eq!(column.children(home, Club::MEMBERS).count(), 3);
    let beside = db.query().filter(Member::CLUB.has(Club::MEMBERS.some(of_high())));
    assert_eq!(beside.count().unwrap(), 3);
}

/// behaviour Q10: the plan says how a query gets at its rows, with indexes and without
#[test]
fn a_plan_is_told() {
    let row = |points: u32| Member { points, active: points.is_multiple_of(2), ..member() };
    let mut db = empty();
    db.insert_many((0..100).map(row).collect::<Vec<_>>()).unwrap();
    let fields = Member::FIELDS;
    let text = |explained: relata::Explained| explained.to_string();
    let range = db.query().filter(fields.points.lt(10)).order_by(fields.level.asc());
    assert_eq!(
        text(range.explain().unwrap()),
        "Member: range of the ordered index (points), 10 of 100 row(s); sorted by level asc"
    );
    let columns = db.query().filter(fields.level.eq(0));
    assert_eq!(text(columns.explain().unwrap()), "Member: scan of columns, 100 of 100 row(s), each tested");

    let mut db = plain::models().build().unwrap();
    let fields = plain::Member::FIELDS;
    let row = |points| super::rows::MemberRow {
        points,
        ..super::rows::Random(1).member(&super::rows::World::default(), usize::MAX)
    };
    db.insert_many((0..100).map(|n| plain::Member { code: None, ..plain::member(&row(n)) }).collect::<Vec<_>>())
        .unwrap();
    let scan = db.query().filter(fields.points.lt(10));
    assert_eq!(text(scan.explain().unwrap()), "Member: scan, 100 of 100 row(s), each tested");
}
