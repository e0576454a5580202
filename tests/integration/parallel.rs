//! Inclusions and joins on several threads: the same as on one.

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use relata::{Database, Error, Id, Joined, Model};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(moons: Moon))]
struct Planet {
    number: usize,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(craters: Crater))]
struct Moon {
    #[model(belongs_to)]
    planet_id: Option<Id<Planet>>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crater {
    #[model(belongs_to)]
    moon_id: Id<Moon>,
    depth: usize,
}

/// Many blocks and many times what a thread takes at once.
fn sky() -> (Database, Vec<Id<Moon>>) {
    let mut db = Database::builder().model::<Planet>().model::<Moon>().model::<Crater>().build().unwrap();
    let planets = db.insert_many((0..1000).map(|number| Planet { number }).collect::<Vec<_>>()).unwrap();
    let moon = |n: usize| Moon { planet_id: (!n.is_multiple_of(5)).then(|| planets[n * 7919 % 1000]) };
    let moons = db.insert_many((0..20_000).map(moon).collect::<Vec<_>>()).unwrap();
    let crater = |n: usize| Crater { moon_id: moons[n * 104_729 % 15_000], depth: n };
    db.insert_many((0..40_000).map(crater).collect::<Vec<_>>()).unwrap();
    (db, moons)
}

/// In pools of several sizes, more threads than processors among them.
fn in_pools(check: impl Fn() + Sync) {
    for threads in [1, 2, 7] {
        ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&check);
    }
}

/// behaviour R74: on several threads an inclusion gives the same as on one, in the same order; what is an error stays one
#[test]
fn an_inclusion_gives_the_same_in_the_same_order() {
    fn nested<I: Iterator>(pair: Result<(Id<Moon>, I), Error>) -> Result<(Id<Moon>, usize), Error> {
        pair.map(|(moon, craters)| (moon, craters.count()))
    }
    let (db, mut moons) = sky();
    moons[12_345] = Id::null();
    let one: Vec<_> = db.include(&moons, Moon::PLANET).collect();
    let lists: Vec<_> = db.include(&moons, Moon::CRATERS.with(Crater::MOON)).map(nested).collect();
    let deep = || Moon::CRATERS.filter_by(Crater::FIELDS.depth.gt(20_000));
    let deeps: Vec<_> = db.include(&moons, deep()).map(nested).collect();
    assert_ne!(deeps, lists);
    assert_eq!(one.iter().filter(|pair| pair.is_err()).count(), 1);
    in_pools(|| {
        assert_eq!(db.include(&moons, Moon::PLANET).into_par_iter().collect::<Vec<_>>(), one);
        let tree = db.include(&moons, Moon::CRATERS.with(Crater::MOON)).into_par_iter();
        assert_eq!(tree.map(nested).collect::<Vec<_>>(), lists);
        assert_eq!(db.include(&moons, deep()).into_par_iter().map(nested).collect::<Vec<_>>(), deeps);
        // What has been taken already is not given again.
        let mut rest = db.include(&moons, Moon::PLANET);
        assert!(rest.by_ref().take(300).eq(one[..300].iter().cloned()));
        assert_eq!(rest.into_par_iter().collect::<Vec<_>>(), one[300..]);
        assert_eq!(db.include(&[], Moon::PLANET).into_par_iter().count(), 0);
    });
    let unknown = Database::builder().build().unwrap();
    let all: Vec<_> = unknown.include(&moons, Moon::PLANET).into_par_iter().map(Result::err).collect();
    assert_eq!(all, vec![Some(Error::UnknownModel { model: "Moon" }); moons.len()]);
}

/// behaviour R74
#[test]
fn a_join_gives_the_same_in_the_same_order() {
    let (mut db, moons) = sky();
    for moon in moons[15_000..].iter().step_by(3) {
        db.delete(*moon).unwrap();
    }
    let some: Vec<_> = moons[..15_000].iter().rev().step_by(2).copied().collect();
    let down = || db.join(Planet::MOONS).filter(|(planet, _)| planet.number % 3 > 0).join(Moon::CRATERS);
    let up = || db.rows_at(&some).join(Moon::PLANET).join_from(|(moon, _)| moon, Moon::CRATERS);
    let left = || db.rows::<Planet>().left_join(Planet::MOONS).left_join(Moon::CRATERS);
    let lefts: Vec<_> =
        left().iter().unwrap().map(|(a, b, c)| (a.id(), b.map(Joined::id), c.map(Joined::id))).collect();
    assert!(lefts.len() > 10_000 && lefts.iter().any(|(.., crater)| crater.is_none()));
    let downwards: Vec<_> = down().iter().unwrap().map(|(a, b, c)| (a.id(), b.id(), c.id())).collect();
    let upwards: Vec<_> = up().iter().unwrap().map(|(a, b, c)| (a.id(), b.id(), c.depth)).collect();
    assert!(downwards.len() > 10_000 && upwards.len() > 10_000);
    in_pools(|| {
        let found = down().par_iter().unwrap().map(|(a, b, c)| (a.id(), b.id(), c.id()));
        assert!(found.collect::<Vec<_>>() == downwards);
        let found = up().par_iter().unwrap().map(|(a, b, c)| (a.id(), b.id(), c.depth));
        assert!(found.collect::<Vec<_>>() == upwards);
        let found = left().par_iter().unwrap().map(|(a, b, c)| (a.id(), b.map(Joined::id), c.map(Joined::id)));
        assert!(found.collect::<Vec<_>>() == lefts);
        let depth: usize = up().par_iter().unwrap().map(|(.., crater)| crater.depth).sum();
        assert_eq!(depth, upwards.iter().map(|(.., depth)| depth).sum::<usize>());
        assert_eq!(db.rows_at::<Moon>(&[]).join(Moon::PLANET).par_iter().unwrap().count(), 0);
    });
    let null = [Id::<Moon>::null()];
    assert_eq!(db.rows_at(&null).join(Moon::PLANET).par_iter().err(), db.get(null[0]).err());
}
