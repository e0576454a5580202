//! What a link model must be, and how the schema shows it.

use relata::{Database, Error, Id, InverseKind, Model};
use serde::{Deserialize, Serialize};

use super::blog::blog;

/// Each module holds two ends and a model that is no link between them, or one that is in an unusual way.
macro_rules! ends {
    ($name:ident: $via:tt, $($link:item)+) => {
        mod $name {
            use super::{Deserialize, Id, Model, Serialize};

            #[derive(Model, Clone, Serialize, Deserialize)]
            #[model(has_many(rights: Right, through = Join, via $via))]
            pub(super) struct Left {
                name: String,
            }

            #[derive(Model, Clone, Serialize, Deserialize)]
            pub(super) struct Right {
                name: String,
            }

            $($link)+
        }
    };
}

ends! { not_unique: (left, right),
    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(unique(left_id, right_id, year))]
    pub(super) struct Join {
        #[model(belongs_to)]
        left_id: Id<Left>,
        #[model(belongs_to)]
        right_id: Id<Right>,
        year: u16,
    }
}
ends! { optional: (left, right),
    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(unique(right_id, left_id))]
    pub(super) struct Join {
        #[model(belongs_to)]
        left_id: Id<Left>,
        #[model(belongs_to)]
        right_id: Option<Id<Right>>,
    }
}
ends! { one_is_enough: (left, right),
    #[derive(Model, Clone, Serialize, Deserialize)]
    pub(super) struct Join {
        #[model(belongs_to, unique)]
        left_id: Id<Left>,
        #[model(belongs_to)]
        right_id: Id<Right>,
    }
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(has_many(friends: Person, through = Friend, via(one, one)))]
struct Person {
    name: String,
}

#[derive(Model, Clone, Serialize, Deserialize)]
#[model(unique(one_id, other_id))]
struct Friend {
    #[model(belongs_to)]
    one_id: Id<Person>,
    #[model(belongs_to)]
    other_id: Id<Person>,
}

fn faults(built: Result<Database, Error>) -> Vec<String> {
    match built {
        Err(Error::Schema(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("expected faults in the schema, got {other:?}"),
    }
}

/// behaviour R24: "linking twice keeps one (unique pair)": a model that could link two rows twice is refused when the
/// database is built, as is one whose rows could lack an end
#[test]
fn a_model_that_is_no_link_is_refused() {
    macro_rules! build {
        ($module:ident) => {{
            use $module::{Join, Left, Right};
            Database::builder().model::<Left>().model::<Right>().model::<Join>().build()
        }};
    }
    assert_eq!(
        faults(build!(not_unique)),
        ["model `Left`, `rights`: `Join` could link two rows twice: mark it `#[model(unique(left_id, right_id))]`"]
    );
    assert_eq!(
        faults(build!(optional)),
        [
            "model `Left`, `rights`: a link has both its ends, and the key of `Join`.right can be absent: make right_id required"
        ]
    );
    assert!(build!(one_is_enough).is_ok());
    let same = Database::builder().model::<Person>().model::<Friend>().build();
    assert_eq!(faults(same), ["model `Person`, `friends`: both ends of its links are `Friend`.one"]);
    let unregistered = Database::builder().model::<Person>().build();
    assert_eq!(
        faults(unregistered),
        ["model `Person`, `friends`: its source `Friend` is not registered: add `.model::<Friend>()`"]
    );
}

/// behaviour R45: The schema can be read back: tables, fields, keys, relations, actions
#[test]
fn the_schema_shows_what_is_linked() {
    let (db, _, _) = blog();
    let tags = &db.schema().table("Post").unwrap().inverses[0];
    assert_eq!((tags.name.as_str(), tags.source.as_str(), tags.relation.as_str()), ("tags", "PostTag", "post"));
    assert_eq!(tags.kind, InverseKind::HasManyThrough { to: "tag".into() });
    let diagram = db.schema().to_mermaid();
    let lines: Vec<&str> = diagram.lines().map(str::trim).filter(|line| line.contains("o{")).collect();
    assert_eq!(
        lines,
        [
            "Post ||--o{ PostTag : post",
            "Tag ||--o{ PostTag : tag",
            "Post |o--o{ PostTag : reviewer",
            "Post }o..o{ Tag : \"tags through PostTag\"",
            "Tag }o..o{ Post : \"posts through PostTag\"",
        ]
    );
}
