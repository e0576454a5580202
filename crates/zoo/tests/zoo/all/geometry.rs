//! Geometry and colours.

use bevy_color::{Color, LinearRgba};
use bevy_math::{Dir3, Rect, Rot2, URect, Vec3};
use geo_types::{Geometry, Point, Polygon, line_string, polygon};
use kurbo::{BezPath, Circle};
use nalgebra::{DMatrix, Isometry3, Matrix2, UnitQuaternion, Vector3};
use ndarray::{Array2, ArrayD, arr2};
use palette::{Hsl, LinSrgb, Oklch, Srgb, Srgba};
use rgb::{RGB8, RGBA};
use rstar::RTree;

use crate::case::zoo;
use crate::harness::{eq, text};

fn path() -> BezPath {
    let mut path = BezPath::new();
    path.move_to((0.0, -0.0));
    path.curve_to((1.0, 2.0), (3.0, 4.0), (0.1, 1e-300));
    path.close_path();
    path
}

fn square() -> Polygon<f64> {
    polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0)]
}

zoo! {
    nalgebra_vector: field Vector3<f64> => eq([Vector3::new(0.1, -0.0, f64::MAX)]);
    nalgebra_matrix: key Matrix2<i32> => eq([Matrix2::new(1, 2, 3, i32::MIN)]);
    nalgebra_dynamic: field DMatrix<f32> => eq([DMatrix::zeros(0, 3), DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    nalgebra_rotation: field UnitQuaternion<f64> => eq([UnitQuaternion::from_euler_angles(0.1, 0.2, 0.3)]);
    nalgebra_isometry: field Isometry3<f64> => eq([Isometry3::translation(1.0, 2.0, 3.0)]);
    mint_: key mint::Vector3<i8> => eq([mint::Vector3 { x: i8::MIN, y: 0, z: i8::MAX }]);
    euclid_: key euclid::default::Point2D<i32> => eq([euclid::default::Point2D::new(i32::MIN, 1)]);
    euclid_transform: field euclid::default::Transform2D<f32> => eq([euclid::default::Transform2D::scale(0.1, 3.0)]);
    geo_point: field Point<f64> => eq([Point::new(0.1, -0.0)]);
    geo_geometry: field Geometry<f64> => eq([
        Geometry::from(square()),
        Geometry::from(line_string![(x: 0.0, y: 0.1)]),
        Geometry::GeometryCollection(geo_types::GeometryCollection(vec![Geometry::from(square())])),
    ]);
    rgb8: key RGB8 => eq([RGB8::new(0, 128, 255)]);
    rgba16: key RGBA<u16> => eq([RGBA::<u16>::new(0, 128, 255, u16::MAX)]);
    bevy_vec3: field Vec3 => eq([Vec3::new(0.1, -0.0, f32::MIN)]);
    bevy_dir3: field Dir3 => eq([Dir3::X, Dir3::new(Vec3::new(1.0, 2.0, 3.0)).expect("a direction")]);
    bevy_rect: field Rect => eq([Rect::new(0.0, 0.1, 2.0, 3.0)]);
    bevy_urect: key URect => eq([URect::new(0, 1, 2, u32::MAX)]);
    bevy_rot2: field Rot2 => eq([Rot2::degrees(33.0)]);
    bevy_color_: field Color => eq([Color::WHITE, Color::hsla(0.1, 0.2, 0.3, 0.4), Color::from(LinearRgba::RED)]);
    palette_srgb: field Srgb => eq([Srgb::new(0.1_f32, 0.2, 0.3)]);
    palette_srgba: field Srgba<u8> => eq([Srgba::new(0_u8, 1, 2, 255)]);
    palette_linear: field LinSrgb<f64> => eq([LinSrgb::new(0.1, 0.2, 0.3)]);
    palette_hsl: field Hsl => eq([Hsl::new(350.0_f32, 0.2, 0.3)]);
    palette_oklch: field Oklch => eq([Oklch::new(0.1_f32, 0.2, 300.0)]);
    kurbo_path: field BezPath => eq([BezPath::new(), path()]);
    kurbo_circle: field Circle => eq([Circle::new((0.1, 0.2), 3.0)]);
    hexx_: key hexx::Hex => eq([hexx::Hex::ZERO, hexx::Hex::new(i32::MIN, i32::MAX)]);
    // A layout is no part of the value: rows first, whatever the order was in memory.
    ndarray_: field Array2<f64> => eq([arr2(&[[1.0, 2.0], [3.0, -0.0]]), Array2::zeros((0, 2))])
        .twins([(arr2(&[[1.0, 2.0], [3.0, 4.0]]), arr2(&[[1.0, 3.0], [2.0, 4.0]]).reversed_axes())]);
    ndarray_dynamic: field ArrayD<i8> => eq([ArrayD::zeros(vec![2, 1, 2])]);
    rstar_: field RTree<[i32; 2]> => text([RTree::new(), RTree::bulk_load(vec![[1, 2], [3, 4], [-5, 6]])]);
}
