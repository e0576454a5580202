//! The macro that makes models of a type, and a case of the models.

/// A list of cases: a name, `key` or `field`, a type, and what is expected of its values.
///
/// Each becomes a model of this field alone, one in which it stands between others, in an option and in a list, and, if
/// it is a `key`, one with it as its unique key and as a natural foreign key to that.
macro_rules! zoo {
    ($($name:ident: $kind:ident $type:ty => $case:expr;)*) => {
        $(
            #[allow(unused_imports, reason = "not each case needs all of what its file imports")]
            mod $name {
                use super::*;
                use relata::{Database, Model};
                use serde::{Deserialize, Serialize};

                type T = $type;

                #[derive(Model, Clone, Debug, Serialize, Deserialize)]
                pub(super) struct Alone {
                    value: T,
                }

                #[derive(Model, Clone, Debug, Serialize, Deserialize)]
                pub(super) struct Among {
                    before: Option<u8>,
                    value: T,
                    value_or_none: Option<T>,
                    values: Vec<T>,
                    after: u16,
                }

                pub(super) fn case() -> $crate::harness::Line {
                    let case = $case;
                    let alone = $crate::harness::Place::<T> {
                        name: "alone",
                        builder: &|| Database::builder().model::<Alone>(),
                        fill: &|db, value| db.insert(Alone { value: value.clone() }).map(drop),
                        differs: &|saved, loaded, same| {
                            for ((_, saved), (_, loaded)) in saved.iter::<Alone>().zip(loaded.iter::<Alone>()) {
                                if !same(&saved.value, &loaded.value) {
                                    return Some(format!("{loaded:?}"));
                                }
                            }
                            None
                        },
                    };
                    let among = $crate::harness::Place::<T> {
                        name: "among others",
                        builder: &|| Database::builder().model::<Among>(),
                        fill: &|db, value| {
                            let row = Among {
                                before: None,
                                value: value.clone(),
                                value_or_none: None,
                                values: Vec::new(),
                                after: 7,
                            };
                            db.insert(Among {
                                value_or_none: Some(value.clone()),
                                values: vec![value.clone(), value.clone()],
                                ..row.clone()
                            })?;
                            db.insert(row).map(drop)
                        },
                        differs: &|saved, loaded, same| {
                            for ((_, saved), (_, loaded)) in saved.iter::<Among>().zip(loaded.iter::<Among>()) {
                                let (a, b) = (saved, loaded);
                                let is_same = (a.before, a.after, a.values.len()) == (b.before, b.after, b.values.len())
                                    && a.value_or_none.is_some() == b.value_or_none.is_some()
                                    && same(&a.value, &b.value)
                                    && a.value_or_none.iter().zip(&b.value_or_none).all(|(a, b)| same(a, b))
                                    && a.values.iter().zip(&b.values).all(|(a, b)| same(a, b));
                                if !is_same {
                                    return Some(format!("{loaded:?}"));
                                }
                            }
                            None
                        },
                    };
                    zoo!(@places $kind case alone among $name $type)
                }
            }
        )*

        pub(crate) const ALL: &[$crate::harness::Named] = &[$((stringify!($name), $name::case)),*];
    };
    (@places field $case:ident $alone:ident $among:ident $name:ident $type:ty) => {
        $crate::harness::run(stringify!($name), stringify!($type), &$case, &[$alone, $among])
    };
    (@places key $case:ident $alone:ident $among:ident $name:ident $type:ty) => {{
        #[derive(Model, Clone, Debug, Serialize, Deserialize)]
        struct Keyed {
            #[model(unique)]
            value: T,
            #[model(belongs_to(Keyed), key_to = value, name = of)]
            value_of_other: T,
        }

        let key = $crate::harness::Place::<T> {
            name: "as a key",
            builder: &|| Database::builder().model::<Keyed>(),
            fill: &|db, value| db.insert(Keyed { value: value.clone(), value_of_other: value.clone() }).map(drop),
            differs: &|saved, loaded, same| {
                for (id, row) in saved.iter::<Keyed>() {
                    let found = loaded.find(Keyed::BY_VALUE, &row.value);
                    if !found.is_ok_and(|(found, loaded)| found == id && same(&row.value, &loaded.value)) {
                        return Some("no row is found by it".to_owned());
                    }
                    let other = loaded.related(id, Keyed::OF);
                    if !other.is_ok_and(|loaded| same(&loaded.value, &row.value_of_other)) {
                        return Some("the foreign key leads to no row".to_owned());
                    }
                }
                None
            },
        };
        $crate::harness::run(stringify!($name), stringify!($type), &$case, &[$alone, $among, key])
    }};
}

pub(crate) use zoo;
