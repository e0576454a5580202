#![allow(clippy::all, clippy::pedantic, missing_docs)]
use relata::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Size {
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u8>,
    w: u8,
    h: u8,
}
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crate {
    size: Size,
    tag: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum E {
    A,
    B(u8),
    C(u8, String),
    D {
        x: i32,
        y: Option<Option<u8>>,
    },
    #[serde(skip)]
    S,
    Z(Option<Id<Crate>>),
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum U {
    N(i64),
    T(String),
    Id(Id<Crate>),
    M { a: u8, b: Vec<E> },
    L(Vec<f64>),
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum T1 {
    One { a: u8, id: Id<Crate> },
    Two,
    Three(Inner2),
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum T2 {
    One(u8),
    Two { e: E },
    Three,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    p: f32,
    q: u128,
    r: i128,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    k: u8,
    #[serde(flatten)]
    inner: Inner2,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner2 {
    u: String,
    v: Option<u8>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Zoo {
    a: u8,
    b: i64,
    c: f32,
    d: f64,
    e: char,
    f: String,
    g: Option<u8>,
    h: Option<Option<u8>>,
    i: Vec<u8>,
    j: Vec<E>,
    k: Vec<U>,
    l: Vec<T1>,
    m: Vec<T2>,
    n: Flat,
    o: serde_json::Value,
    p: HashMap<String, HashSet<E>>,
    q: BTreeMap<(u8, String), i128>,
    r: u128,
    s: (),
    t: (u8, String),
    u: [i16; 4],
    v: Option<()>,
    w: Result<u8, String>,
    x: std::net::SocketAddr,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    y: Vec<u8>,
    z: Option<Option<Option<()>>>,
}
fn zoo() -> Vec<Zoo> {
    let id: Id<Crate> = "3v1".parse().unwrap();
    let id2: Id<Crate> = "70000v5".parse().unwrap();
    let mut all = vec![];
    for n in 0..40i64 {
        let inner = Inner { p: n as f32 / 3.0, q: u128::MAX - n as u128, r: i128::MIN + n as i128 };
        all.push(Zoo {
            a: n as u8,
            b: [i64::MIN, -9, -8, -1, 0, 127, 128, 255, 256, 65535, 65536, i64::MAX][n as usize % 12],
            c: -0.0,
            d: n as f64 * 1.1,
            e: 'é',
            f: "x".repeat(n as usize),
            g: (n % 2 == 0).then_some(n as u8),
            h: [None, Some(None), Some(Some(3))][n as usize % 3],
            i: (0..n as u8).map(|x| x.wrapping_mul(37)).collect(),
            j: vec![
                E::A,
                E::B(3),
                E::C(1, "s".into()),
                E::D { x: -5, y: Some(None) },
                E::Z(Some(id)),
                E::Z(Some(id2)),
                E::Z(Some(Id::null())),
                E::Z(None),
            ],
            k: vec![
                U::N(-4),
                U::T("t".into()),
                U::M { a: 1, b: vec![E::A, E::D { x: 1, y: None }] },
                U::L(vec![1.5, 2.0]),
            ],
            l: vec![T1::One { a: 2, id }, T1::Two, T1::Three(Inner2 { u: "x".into(), v: Some(1) })],
            m: vec![T2::One(1), T2::Two { e: E::B(1) }, T2::Three],
            n: Flat {
                k: 1,
                inner: Inner2 { u: "u".into(), v: None },
                rest: [("z".to_string(), serde_json::json!([1, null, {"a": 1.5}]))].into(),
            },
            o: serde_json::json!({"a": [1, -2, 3.5, null, "x"], "b": {}}),
            p: (0..5)
                .map(|k| {
                    (format!("k{}", (k * 7 + n) % 5), [E::A, E::B(k as u8), E::C(2, "q".into())].into_iter().collect())
                })
                .collect(),
            q: [((1, "a".into()), -1), ((2, "b".into()), i128::MAX)].into(),
            r: n as u128,
            s: (),
            t: (1, "t".into()),
            u: [1, -1, 300, -300],
            v: [None, Some(())][n as usize % 2],
            w: if n % 2 == 0 { Ok(1) } else { Err("e".into()) },
            x: "[fe80::1%3]:80".parse().unwrap(),
            y: if n % 3 == 0 { vec![] } else { vec![1] },
            z: [None, Some(None), Some(Some(None)), Some(Some(Some(())))][n as usize % 4],
        });
        let _ = inner;
    }
    all
}
#[test]
fn zoo_comes_back() {
    let mut db = Database::builder().model::<Zoo>().model::<Crate>().build().unwrap();
    for z in zoo() {
        let id = db.insert(z).unwrap();
        if let Err(e) = relata::snapshot::check_row(db.get(id).unwrap()) {
            panic!("{e}");
        }
    }
    db.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(0) }).unwrap();
    let c = db.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(0) }).unwrap();
    db.delete(c).unwrap();
    let mut bytes = vec![];
    db.save_to(&mut bytes).unwrap();
    let back = Database::builder().model::<Zoo>().model::<Crate>().load_from(&bytes[..]).unwrap();
    for ((a, x), (b, y)) in db.iter::<Zoo>().zip(back.iter::<Zoo>()) {
        assert_eq!(a, b);
        assert_eq!(x, y);
    }
    assert_eq!(db.state_hash().unwrap(), back.state_hash().unwrap());
    let mut again = vec![];
    back.save_to(&mut again).unwrap();
    assert!(bytes == again);
    back.check().unwrap();
    println!("{} bytes", bytes.len());
}

mod v2 {
    use super::*;
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(was = "Crate", unique(tag))]
    pub struct Chest {
        #[serde(default)]
        extra: u8,
        tag: u32,
        #[serde(alias = "size")]
        dims: Dims,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Dims {
        h: u64,
        #[serde(default)]
        new: Vec<u8>,
        #[serde(default)]
        depth: Option<u8>,
    }
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Fresh {
        a: u8,
    }
}
#[test]
fn evolves() {
    let mut db = Database::builder().model::<Zoo>().model::<Crate>().build().unwrap();
    db.insert(zoo()[1].clone()).unwrap();
    db.insert(Crate { size: Size { depth: Some(9), w: 0, h: 1 }, tag: Some(0) }).unwrap();
    db.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(1) }).unwrap();
    let mut bytes = vec![];
    db.save_to(&mut bytes).unwrap();
    let e = Database::builder().model::<v2::Chest>().load_from(&bytes[..]).unwrap_err();
    println!("{e}");
    let (back, report) = Database::builder()
        .model::<v2::Fresh>()
        .model::<v2::Chest>()
        .drop_removed_models()
        .load_from_with_report(&bytes[..])
        .unwrap();
    println!("{report:?}");
    for r in back.iter::<v2::Chest>() {
        println!("{r:?}");
    }
    db.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(1) }).unwrap();
    let mut bytes = vec![];
    db.save_to(&mut bytes).unwrap();
    let e = Database::builder()
        .model::<v2::Fresh>()
        .model::<v2::Chest>()
        .drop_removed_models()
        .load_from_with_report(&bytes[..])
        .unwrap_err();
    println!("{e}");
    let (back, report) = Database::builder()
        .model::<v2::Fresh>()
        .model::<v2::Chest>()
        .drop_removed_models()
        .accept_violations()
        .load_from_with_report(&bytes[..])
        .unwrap();
    assert_eq!(back.check().unwrap_err(), report.violations);
    println!("{}", back.save_to(std::io::sink()).unwrap_err());
    let mut flawed = vec![];
    back.saver().with_violations().save_to(&mut flawed).unwrap();
    let (again, r2) =
        Database::builder().model::<v2::Fresh>().model::<v2::Chest>().accept_violations().load_from_with_report(&flawed[..]).unwrap();
    assert_eq!(r2.violations, report.violations);
    assert_eq!(again.state_hash().unwrap(), back.state_hash().unwrap());
    db.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: None }).unwrap();
    let mut bytes = vec![];
    db.save_to(&mut bytes).unwrap();
    println!(
        "{}",
        Database::builder()
            .model::<v2::Fresh>()
            .model::<v2::Chest>()
            .drop_removed_models()
            .load_from_with_report(&bytes[..])
            .unwrap_err()
    );
    // golden format 1
    for cut in 0..bytes.len() {
        assert!(Database::builder().model::<Zoo>().model::<Crate>().load_from(&bytes[..cut]).is_err());
    }
}

#[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct P1 {
    a_b: Option<Option<u8>>,
    #[serde(rename = "x")]
    c: Vec<P2>,
    d: [f32; 3],
    e: (u8, String),
    n: P3,
    u: P4,
    t: P5,
}
#[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum P2 {
    A,
    B(i64),
    C(u8, String),
    D {
        q: f64,
        #[serde(default)]
        r: Option<Id<Crate>>,
    },
    E(),
    F {},
}
#[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct P3(u128);
#[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct P4;
#[derive(Lossless, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct P5(u8, i8);
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lean {
    p: P1,
    #[model(plain)]
    id: Id<Crate>,
    m: std::collections::BTreeMap<String, P2>,
}
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "Lean")]
struct Fat {
    p: P1,
    #[model(plain)]
    id: Id<Crate>,
    m: std::collections::BTreeMap<String, P2>,
    #[serde(skip)]
    cached: u8,
}
fn lean() -> Vec<P1> {
    (0..20u8)
        .map(|n| P1 {
            a_b: [None, Some(None), Some(Some(n))][n as usize % 3],
            c: vec![
                P2::A,
                P2::B(-i64::from(n) * 9),
                P2::C(n, "s".repeat(n as usize * 2)),
                P2::D { q: f64::from(n), r: Some("5v3".parse().unwrap()) },
                P2::E(),
                P2::F {},
            ],
            d: [1.0, 2.0, n as f32],
            e: (n, "e".into()),
            n: P3(u128::MAX),
            u: P4,
            t: P5(n, -1),
        })
        .collect()
}
#[test]
fn lossless_gives_the_same_bytes_as_serde() {
    assert!(Lean::IS_LOSSLESS && !Fat::IS_LOSSLESS && !Zoo::IS_LOSSLESS);
    let id: Id<Crate> = "1v1".parse().unwrap();
    let mut a = Database::builder().model::<Crate>().model::<Lean>().build().unwrap();
    let mut b = Database::builder().model::<Crate>().model::<Fat>().build().unwrap();
    a.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(0) }).unwrap();
    b.insert(Crate { size: Size { depth: None, w: 0, h: 1 }, tag: Some(0) }).unwrap();
    for p in lean() {
        let m: std::collections::BTreeMap<_, _> = p.c.iter().map(|c| (format!("{c:?}"), c.clone())).collect();
        a.insert(Lean { p: p.clone(), id, m: m.clone() }).unwrap();
        b.insert(Fat { p, id, m, cached: 0 }).unwrap();
    }
    assert_eq!(a.state_hash().unwrap(), b.state_hash().unwrap());
    let mut bytes = vec![];
    a.save_to(&mut bytes).unwrap();
    let back = Database::builder().model::<Crate>().model::<Lean>().load_from(&bytes[..]).unwrap();
    assert!(back.iter::<Lean>().map(|r| r.1.clone()).eq(a.iter::<Lean>().map(|r| r.1.clone())));
    let back = Database::builder().model::<Crate>().model::<Fat>().load_from(&bytes[..]).unwrap();
    assert!(back.iter::<Fat>().map(|r| r.1.clone()).eq(b.iter::<Fat>().map(|r| r.1.clone())));
}
mod pairs {
    use super::*;
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Bag {
        #[serde(with = "as_pairs")]
        m: HashMap<u32, String>,
        s: Vec<HashSet<String>>,
    }
    mod as_pairs {
        use super::*;
        pub fn serialize<S: serde::Serializer>(m: &HashMap<u32, String>, s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq(m.iter().map(|(k, v)| (k, v)))
        }
        pub fn deserialize<'de, D: serde::Deserializer<'de>>(d: D) -> Result<HashMap<u32, String>, D::Error> {
            Ok(Vec::<(u32, String)>::deserialize(d)?.into_iter().collect())
        }
    }
    #[test]
    fn stable() {
        let hash = |order: Vec<u32>| {
            let mut db = Database::builder().model::<Bag>().build().unwrap();
            db.insert(Bag {
                m: order.iter().map(|n| (*n, n.to_string())).collect(),
                s: vec![order.iter().map(|n| format!("x{n}")).collect(); 3],
            })
            .unwrap();
            let h = db.state_hash().unwrap();
            let mut b = vec![];
            db.save_to(&mut b).unwrap();
            let back = Database::builder().model::<Bag>().load_from(&b[..]).unwrap();
            assert_eq!(back.state_hash().unwrap(), h);
            h
        };
        assert_eq!(hash((0..50).collect()), hash((0..50).rev().collect()));
    }
}
