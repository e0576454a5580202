//! Where tables are found.

use std::any::TypeId;

use super::Positions;

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
