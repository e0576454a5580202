//! What a declaration of a polymorphic key says and what it is refused for; the same by hand.

use relata::{Database, Error, Id};
use serde::{Deserialize, Serialize};

use crate::support::state;

/// Declares models, the derive's way, with the variants in a given order.
macro_rules! derived {
    ($module:ident, $first:ident, $second:ident) => {
        pub(super) mod $module {
            use relata::{Id, Model, PolymorphicId};
            use serde::{Deserialize, Serialize};

            #[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
            pub(in super::super) enum Owner {
                $first(Id<$first>),
                $second(Id<$second>),
            }

            #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[model(has_many(assets: Asset))]
            pub(in super::super) struct Person {
                pub(in super::super) name: String,
            }

            #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[model(has_many(assets: Asset))]
            pub(in super::super) struct Company {
                pub(in super::super) name: String,
            }

            #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub(in super::super) struct Asset {
                #[model(belongs_to($first, $second), on_delete = cascade)]
                pub(in super::super) owner: Owner,
            }
        }
    };
}
derived!(derived, Person, Company);
derived!(exchanged, Company, Person);

/// The same by hand: each variant a relation whose key is that variant's id.
mod written {
    use super::{Deserialize, Id, Serialize};
    use relata::{
        Action, BelongsTo, ById, Column, Database, Error, HasMany, HasVariant, Model, Navigate, OneOf, PolymorphicId,
        Relation, RowRef, Visitor,
    };

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Owner {
        Person(Id<Person>),
        Company(Id<Company>),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Person {
        pub(super) name: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Company {
        pub(super) name: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Asset {
        pub(super) owner: Owner,
    }

    #[derive(Clone, Copy)]
    pub(super) struct OwnerPerson;
    #[derive(Clone, Copy)]
    pub(super) struct OwnerCompany;

    macro_rules! variant {
        ($relation:ident, $target:ident, $index:literal, $name:literal) => {
            impl Relation for $relation {
                type Source = Asset;
                type Target = $target;
                type Presence = OneOf;
                type Reference = ById<$target>;
                const NAME: &'static str = $name;
                const FIELDS: &'static [&'static str] = &["owner"];
                const INDEX: usize = $index;
                const ON_DELETE: Action = Action::Cascade;

                fn key(row: &Asset) -> Option<Id<$target>> {
                    match row.owner {
                        Owner::$target(id) => Some(id),
                        _ => None,
                    }
                }
                fn assign(row: &mut Asset, key: Option<Id<$target>>) {
                    row.owner = Owner::$target(key.expect("a key that is always there is not cleared"));
                }
            }

            impl HasVariant<$target> for Owner {
                const PLACE: usize = $index;

                fn of(id: Id<$target>) -> Self {
                    Owner::$target(id)
                }
                fn id(self) -> Option<Id<$target>> {
                    $relation::key(&Asset { owner: self })
                }
            }

            impl $target {
                pub(super) const ASSETS: HasMany<$relation> = HasMany::new();
            }

            impl Model for $target {
                const NAME: &'static str = stringify!($target);
                const COLUMNS: &'static [Column] =
                    &[Column { name: "name", external_name: "name", type_name: "String" }];

                fn declare<V: Visitor<Self>>(visitor: &mut V) {
                    visitor.has_many::<$relation>("assets");
                }
            }

            impl Navigate for $target {
                type Row<'a> = RowRef<'a, Self>;
            }
        };
    }
    variant!(OwnerPerson, Person, 0, "owner_person");
    variant!(OwnerCompany, Company, 1, "owner_company");

    impl Asset {
        pub(super) const OWNER_PERSON: BelongsTo<OwnerPerson> = BelongsTo::new();
        pub(super) const OWNER_COMPANY: BelongsTo<OwnerCompany> = BelongsTo::new();
    }

    impl Model for Asset {
        const NAME: &'static str = "Asset";
        const COLUMNS: &'static [Column] = &[Column { name: "owner", external_name: "owner", type_name: "Owner" }];

        fn declare<V: Visitor<Self>>(visitor: &mut V) {
            visitor.belongs_to::<OwnerPerson>();
            visitor.belongs_to::<OwnerCompany>();
        }
    }

    impl Navigate for Asset {
        type Row<'a> = RowRef<'a, Self>;
    }

    impl PolymorphicId for Owner {
        const VARIANTS: usize = 2;
        const DECLARATION: &'static str = "list `Person, Company`";
        type Row<'a> = (Option<RowRef<'a, Person>>, Option<RowRef<'a, Company>>);

        fn row(self, database: &Database) -> Result<Self::Row<'_>, Error> {
            Ok(match self {
                Owner::Person(id) => (Some(database.row(id)?), None),
                Owner::Company(id) => (None, Some(database.row(id)?)),
            })
        }
    }

    /// The derive takes an enum that was tied to its models by hand.
    #[derive(relata::Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Debt {
        #[model(belongs_to(Person, Company))]
        pub(super) debtor: Option<Owner>,
    }
}

/// One history on the models of a module: every answer and every refusal, as text.
macro_rules! history {
    ($models:ident) => {{
        use $models::{Asset, Company, Owner, Person};

        fn history() -> Result<Vec<String>, Error> {
            let mut db = Database::builder().model::<Person>().model::<Company>().model::<Asset>().build()?;
            let mut log = vec![format!("{:#?}", db.schema()), db.schema().to_mermaid()];
            let ada = db.insert(Person { name: "Ada".into() })?;
            let acme = db.insert(Company { name: "Acme".into() })?;
            let desk = db.insert(Asset { owner: Owner::Person(ada) })?;
            let hall = db.insert(Asset { owner: Owner::Company(acme) })?;
            log.push(format!("{:?}", db.insert(Asset { owner: Owner::Person(Id::null()) })));
            log.push(format!("{:?}", db.insert(Asset { owner: Owner::Company(Id::null()) })));
            log.push(format!("{:?}", db.related(desk, Asset::OWNER_PERSON)?));
            log.push(format!("{:?}", db.related(desk, Asset::OWNER_COMPANY)?));
            log.push(format!("{:?}", db.relate(desk, Asset::OWNER_COMPANY, acme)));
            log.push(format!("{:?}", db.children(acme, Company::ASSETS)?.collect::<Vec<_>>()));
            log.push(format!("{:?}", db.children(ada, Person::ASSETS)?.collect::<Vec<_>>()));
            log.push(format!("{:?}", db.create(ada, Person::ASSETS, |_| Asset { owner: Owner::Company(acme) })));
            log.push(format!("{:?}", db.include(&[desk, hall], (Asset::OWNER_PERSON, Asset::OWNER_COMPANY)).to_vec()));
            log.push(format!("{:?}", db.delete(acme)));
            log.push(format!("{:?}", db.iter::<Asset>().count()));
            log.push(format!("{:?}", db.check()));
            Ok(log)
        }
        history().unwrap()
    }};
}

/// behaviour R44: Relations are declared on the struct (derive) or by implementing the trait by hand, as LoopBack has
/// both ways.
#[test]
fn behaves_as_if_derived() {
    let (derived, by_hand) = (history!(derived), history!(written));
    assert_eq!(by_hand, derived);
    assert!(derived.iter().any(|line| line.contains("ForeignKeyViolation")));
    assert!(derived.iter().any(|line| line.contains("ForeignKeyOverridden")));
}

#[test]
fn the_derive_takes_an_enum_written_by_hand() {
    use written::{Company, Debt, Owner, Person};
    let models = Database::builder().model::<Person>().model::<Company>().model::<written::Asset>().model::<Debt>();
    let mut db = models.build().unwrap();
    let acme = db.insert(Company { name: "Acme".into() }).unwrap();
    let debt = db.insert(Debt { debtor: Some(Owner::Company(acme)) }).unwrap();
    let (person, company) = db.row(debt).unwrap().debtor().unwrap().unwrap();
    assert_eq!((person.is_none(), company.unwrap().name.as_str()), (true, "Acme"));
    assert!(matches!(db.delete(acme), Err(Error::RestrictViolation { relation: "debtor_company", .. })));
}

/// Rows are saved by the names of the variants, so that these may change their order.
#[test]
fn a_snapshot_with_the_variants_in_another_order_is_read() {
    let mut db = {
        use derived::{Asset, Company, Person};
        Database::builder().model::<Person>().model::<Company>().model::<Asset>().build().unwrap()
    };
    let ada = db.insert(derived::Person { name: "Ada".into() }).unwrap();
    db.insert(derived::Asset { owner: ada.into() }).unwrap();
    let models = {
        use exchanged::{Asset, Company, Person};
        Database::builder().model::<Person>().model::<Company>().model::<Asset>()
    };
    let back = models.load_from(&state(&db)[..]).unwrap();
    assert_eq!(back.check(), Ok(()));
    let (asset, _) = back.iter::<exchanged::Asset>().next().unwrap();
    assert_eq!(back.related(asset, exchanged::Asset::OWNER_PERSON).unwrap().unwrap().name, "Ada");
}

/// What the compiler cannot see of relations written by hand is refused when the database is built.
mod unfit {
    use super::{Deserialize, Serialize};
    use relata::{Action, ById, Column, Id, Model, OneOf, Relation, Visitor};

    #[derive(Clone, Serialize, Deserialize)]
    pub(super) struct Person {}

    #[derive(Clone, Serialize, Deserialize)]
    pub(super) struct Asset {
        owner: Id<Person>,
    }

    #[derive(Clone, Copy)]
    struct Owner;

    impl Relation for Owner {
        type Source = Asset;
        type Target = Person;
        type Presence = OneOf;
        type Reference = ById<Person>;
        const NAME: &'static str = "owner";
        const FIELDS: &'static [&'static str] = &["owner"];
        const INDEX: usize = 0;
        const ON_DELETE: Action = Action::SetNull;
        const ACYCLIC: bool = true;

        fn key(row: &Asset) -> Option<Id<Person>> {
            Some(row.owner)
        }
        fn assign(row: &mut Asset, key: Option<Id<Person>>) {
            row.owner = key.expect("a key that is always there is not cleared");
        }
    }

    impl Model for Person {
        const NAME: &'static str = "Person";
        const COLUMNS: &'static [Column] = &[];

        fn declare<V: Visitor<Self>>(_: &mut V) {}
    }

    impl Model for Asset {
        const NAME: &'static str = "Asset";
        const COLUMNS: &'static [Column] = &[Column { name: "owner", external_name: "owner", type_name: "Id<Person>" }];

        fn declare<V: Visitor<Self>>(visitor: &mut V) {
            visitor.belongs_to::<Owner>();
        }
    }
}

/// behaviours R43 and I21: `set_null` needs a key that can be absent, acyclic a relation of a model to itself.
#[test]
fn what_does_not_fit_is_refused_when_the_database_is_built() {
    let refused = Database::builder().model::<unfit::Person>().model::<unfit::Asset>().build().unwrap_err();
    let Error::Schema(faults) = refused else { panic!("{refused}") };
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "model `Asset`, `owner`: acyclic is said of a relation of a model to itself, and it leads to `Person`",
            "model `Asset`, `owner`: on_delete = set_null on a required key"
        ]
    );
}

mod two_ends {
    use relata::{Id, Model, PolymorphicId};
    use serde::{Deserialize, Serialize};

    #[derive(PolymorphicId, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub(super) enum Subject {
        Post(Id<Post>),
        Photo(Id<Photo>),
    }

    #[derive(Model, Clone, Serialize, Deserialize)]
    pub(super) struct Post {}

    #[derive(Model, Clone, Serialize, Deserialize)]
    pub(super) struct Photo {}

    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(has_many(posts: Post, through = Tagging))]
    pub(super) struct Tag {}

    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(unique(tag_id, subject))]
    pub(super) struct Tagging {
        #[model(belongs_to)]
        tag_id: Id<Tag>,
        #[model(belongs_to(Post, Photo))]
        subject: Subject,
    }
}

/// From the other end a link may lead to a row of another model.
#[test]
fn links_do_not_lead_to_one_variant() {
    use two_ends::{Photo, Post, Tag, Tagging};
    let refused = Database::builder().model::<Post>().model::<Photo>().model::<Tag>().model::<Tagging>().build();
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("the key of `Tagging`.subject_post can be absent"), "{text}");
}
