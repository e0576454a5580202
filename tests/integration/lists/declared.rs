//! How lists are declared: by the derive and by hand, what the schema shows, what is refused.

use relata::{
    Action, AnyRelation, BelongsTo, ById, Column, Database, Error, HasMany, Id, ListRelation, Model, Reference,
    ReferencesMany, Relation, Required, Visitor,
};
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(has_many(packs: Pack, via = cards))]
struct Card {
    name: String,
}

/// What the derive writes, written by a person: with the relations' numbers and what deleting does as parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pack {
    card_ids: Vec<Id<Card>>,
    top_id: Id<Card>,
}

#[derive(Clone, Copy)]
struct PackTop;
#[derive(Clone, Copy)]
struct PackCards;

impl Relation for PackTop {
    type Source = Pack;
    type Target = Card;
    type Presence = Required;
    type Reference = ById<Card>;
    const NAME: &'static str = "top";
    const FIELDS: &'static [&'static str] = &["top_id"];
    const INDEX: usize = 0;
    const ON_DELETE: Action = Action::Cascade;

    fn key(row: &Pack) -> Option<Id<Card>> {
        Some(row.top_id)
    }
    fn assign(row: &mut Pack, key: Option<Id<Card>>) {
        row.top_id = key.unwrap_or(row.top_id);
    }
}

impl ListRelation for PackCards {
    type Source = Pack;
    type Target = Card;
    type List = Vec<Id<Card>>;
    const NAME: &'static str = "cards";
    const FIELD: &'static str = "card_ids";
    const INDEX: usize = 1;
    const ON_DELETE: Action = Action::SetNull;

    fn list(row: &Pack) -> &Vec<Id<Card>> {
        &row.card_ids
    }
    fn list_mut(row: &mut Pack) -> &mut Vec<Id<Card>> {
        &mut row.card_ids
    }
}

impl relata::NamedRelation<{ relata::name_hash("cards") }> for Pack {
    type Relation = ReferencesMany<PackCards>;
}

impl Pack {
    const TOP: BelongsTo<PackTop> = BelongsTo::new();
    const CARDS: ReferencesMany<PackCards> = ReferencesMany::new();
}

impl Model for Pack {
    const NAME: &'static str = "Pack";
    const COLUMNS: &'static [Column] = &[
        Column { name: "card_ids", external_name: "card_ids", type_name: "Vec<Id<Card>>" },
        Column { name: "top_id", external_name: "top_id", type_name: "Id<Card>" },
    ];

    fn declare<V: Visitor<Self>>(visitor: &mut V) {
        visitor.belongs_to::<PackTop>();
        visitor.references_many::<PackCards>();
    }
}

impl relata::Navigate for Pack {
    type Row<'a> = relata::RowRef<'a, Self>;
}

fn ends<R: AnyRelation>(_: HasMany<R>) -> (&'static str, &'static str, &'static str) {
    (R::Source::NAME, R::NAME, R::Target::NAME)
}

/// behaviour R44: "Relations are declared on the struct (derive) or by implementing the trait by hand"
#[test]
fn by_hand() {
    let mut db = Database::builder().model::<Card>().model::<Pack>().build().unwrap();
    let [ace, king] = ["ace", "king"].map(|name| db.insert(Card { name: name.into() }).unwrap());
    let pack = db.insert(Pack { card_ids: vec![king, ace, king], top_id: ace }).unwrap();
    assert_eq!(db.related(pack, Pack::TOP).unwrap().name, "ace");
    assert_eq!(db.related(pack, Pack::CARDS).unwrap().map(|(id, _)| id).collect::<Vec<_>>(), [king, ace, king]);
    assert_eq!(db.children(ace, Card::PACKS).unwrap().len(), 1);
    assert_eq!(db.children(ace, HasMany::<PackTop>::new()).unwrap().len(), 1);
    db.delete(king).unwrap();
    assert_eq!(db.get(pack).unwrap().card_ids, [ace]);
    db.delete(ace).unwrap();
    assert!(db.is_empty::<Pack>());
    assert_eq!(db.check(), Ok(()));
    // Either kind is a relation to its target.
    assert_eq!(ends(Card::PACKS), ("Pack", "cards", "Card"));
    assert_eq!(ends(HasMany::<PackTop>::new()), ("Pack", "top", "Card"));
    assert_eq!(<ById<Card> as Reference<Card>>::UNIQUE, None);
}

/// behaviour R45: "The schema can be read back"
#[test]
fn the_schema_shows_lists() {
    let db = Database::builder().model::<Card>().model::<Pack>().build().unwrap();
    let pack = db.schema().table("Pack").unwrap();
    let shown: Vec<_> = pack.relations.iter().map(|relation| (relation.name.as_str(), relation.many)).collect();
    assert_eq!(shown, [("top", false), ("cards", true)]);
    assert_eq!((&pack.relations[1].fields[0], pack.relations[1].on_delete), (&"card_ids".to_owned(), Action::SetNull));
    let inverse = &db.schema().table("Card").unwrap().inverses[0];
    assert_eq!((inverse.source.as_str(), inverse.relation.as_str()), ("Pack", "cards"));
    let diagram = db.schema().to_mermaid();
    assert!(diagram.contains("    Card ||--o{ Pack : top\n    Card }o--o{ Pack : cards\n"), "{diagram}");
    assert!(diagram.contains("Vec_Id_Card card_ids FK"), "{diagram}");
}

/// A model with one list relation, declared in a way that does not fit.
macro_rules! misdeclared {
    ($index:literal, $action:ident, $visitor:ident: $($shown:stmt)+) => {{
        #[derive(Clone, Serialize, Deserialize)]
        struct Bad {
            card_ids: Vec<Id<Card>>,
            top_id: Id<Card>,
        }
        #[derive(Clone, Copy)]
        struct Cards;
        #[derive(Clone, Copy)]
        #[allow(dead_code, reason = "not every model shows it")]
        struct Top;
        impl ListRelation for Cards {
            type Source = Bad;
            type Target = Card;
            type List = Vec<Id<Card>>;
            const NAME: &'static str = "cards";
            const FIELD: &'static str = "card_ids";
            const INDEX: usize = $index;
            const ON_DELETE: Action = Action::$action;

            fn list(row: &Bad) -> &Vec<Id<Card>> {
                &row.card_ids
            }
            fn list_mut(row: &mut Bad) -> &mut Vec<Id<Card>> {
                &mut row.card_ids
            }
        }
        impl Relation for Top {
            type Source = Bad;
            type Target = Card;
            type Presence = Required;
            type Reference = ById<Card>;
            const NAME: &'static str = "top";
            const FIELDS: &'static [&'static str] = &["top_id"];
            const INDEX: usize = 0;

            fn key(row: &Bad) -> Option<Id<Card>> {
                Some(row.top_id)
            }
            fn assign(row: &mut Bad, key: Option<Id<Card>>) {
                row.top_id = key.unwrap_or(row.top_id);
            }
        }
        impl Model for Bad {
            const NAME: &'static str = "Bad";
            const COLUMNS: &'static [Column] = &[
                Column { name: "card_ids", external_name: "card_ids", type_name: "Vec<Id<Card>>" },
                Column { name: "top_id", external_name: "top_id", type_name: "Id<Card>" },
            ];
            fn declare<V: Visitor<Self>>($visitor: &mut V) {
                $($shown)+
            }
        }
        match Database::builder().model::<Card>().model::<Pack>().model::<Bad>().build() {
            Err(Error::Schema(faults)) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            other => panic!("{other:?}"),
        }
    }};
}

/// behaviour R42: what does not fit is "refused, at compile time where the compiler can see it, else when the database is
/// built"
#[test]
fn what_does_not_fit_is_refused() {
    let said = |action: &str| {
        format!(
            "model `Bad`, `cards`: on_delete = {action} is not for a list of ids: restrict, cascade and set_null are"
        )
    };
    assert_eq!(misdeclared!(0, NoAction, visitor: visitor.references_many::<Cards>()), said("no_action"));
    assert_eq!(misdeclared!(0, SetDefault, visitor: visitor.references_many::<Cards>()), said("set_default"));
    assert_eq!(
        misdeclared!(3, Cascade, visitor: visitor.references_many::<Cards>()),
        "model `Bad`, `cards`: its INDEX is 3, but `declare` shows it at place 0"
    );
    assert_eq!(
        misdeclared!(0, Cascade, visitor: { visitor.references_many::<Cards>(); visitor.belongs_to::<Top>(); }),
        "model `Bad`, `top`: `declare` shows it after a list of ids, and lists come last"
    );
}
