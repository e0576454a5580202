//! Where tables are found.

use std::any::TypeId;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Positions, place_of};
use crate::{Database, Error, Id, Model};

/// The type ids of many types.
macro_rules! models {
    ($($n:literal)*) => { vec![$(TypeId::of::<[u8; $n]>(), TypeId::of::<[u16; $n]>(), TypeId::of::<[u32; $n]>()),*] };
}

/// HOSTILE 37: a table is found among many, whatever others lie where it is looked for first
#[test]
fn every_model_has_its_own_position_and_a_stranger_has_none() {
    let models = models!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35
        36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70);
    let mut positions = Positions::default();
    let mut searched = 0;
    for (count, model) in models.iter().enumerate() {
        assert_eq!(positions.get(*model), None);
        positions.push(*model);
        for (position, known) in (0..).zip(&models[..=count]) {
            assert_eq!(positions.get(*known), Some(position));
        }
    }
    for (position, model) in (0..).zip(&models) {
        searched += usize::from(positions.guess(*model) != position);
    }
    assert!(searched > 0, "some models share a place, or this test tries nothing");
    assert!(searched < models.len() / 4, "{searched} of {} are searched for", models.len());
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wall {
    height: u32,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Door {
    #[model(belongs_to)]
    wall_id: Id<Wall>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stranger {
    height: u32,
}

/// HOSTILE 37: a model that lies where another is looked for first is read and written as any other, and one that is not
/// registered reaches no table
#[test]
fn a_wrong_guess_reaches_no_table() {
    let mut db = Database::builder().model::<Wall>().model::<Door>().build().expect("the models fit together");
    let (wall, door) = (TypeId::of::<Wall>(), TypeId::of::<Door>());
    let positions = Arc::make_mut(&mut db.store.positions);
    let [of_wall, of_door] = [wall, door].map(|model| positions.get(model).expect("it is registered"));
    for (model, position, other) in [(wall, of_wall, of_door), (door, of_door, of_wall)] {
        positions.guesses[place_of(model)] = other;
        positions.others.insert(model, position);
    }
    positions.guesses[place_of(TypeId::of::<Stranger>())] = of_wall;

    let wall = db.insert(Wall { height: 3 }).expect("it has no keys");
    let door = db.insert(Door { wall_id: wall }).expect("its wall is stored");
    assert_eq!(db.get(wall), Ok(&Wall { height: 3 }));
    assert_eq!(db.get(door), Ok(&Door { wall_id: wall }));
    assert!(matches!(db.delete(wall), Err(Error::RestrictViolation { .. })));
    assert_eq!(db.delete(door).map(|deleted| deleted.row), Ok(Door { wall_id: wall }));
    assert_eq!(db.delete(wall).map(|deleted| deleted.row), Ok(Wall { height: 3 }));

    let unknown = Error::UnknownModel { model: "Stranger" };
    assert_eq!(db.insert(Stranger { height: 1 }), Err(unknown.clone()));
    assert_eq!(db.get(Id::<Stranger>::from_key(wall.key())), Err(unknown.clone()));
    assert_eq!(db.delete(Id::<Stranger>::from_key(wall.key())), Err(unknown));
    assert_eq!(db.check(), Ok(()));
}
