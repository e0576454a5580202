//! What the derive declares, form by form. What it refuses is in `crates/compile-fail`.

use relata::{Database, Error, HasPrimaryKey, Id, Model, NamedRelation, NamedUnique, Relation, Unique, name_hash};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "customers", version = 2)]
#[model(has_many(orders: Order), has_many(bought: Sale, via = buyer), has_many(sold: Sale, via = sold_by))]
#[model(has_one(card: Card))]
#[serde(rename_all = "camelCase")]
struct Customer {
    first_name: String,
    #[model(unique)]
    #[serde(rename = "mail")]
    email: String,
    #[serde(rename(serialize = "out", deserialize = "in"))]
    notes: Vec<Option<(u8, [u16; 2])>>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Order {
    #[model(belongs_to, on_delete = cascade)]
    customer_id: Id<Customer>,
    total_cents: u64,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Card {
    #[model(belongs_to, unique)]
    customer_id: Id<Customer>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Sale {
    #[model(belongs_to)]
    buyer_id: Id<Customer>,
    #[model(belongs_to(name = sold_by, on_delete = set_null))]
    seller_id: Option<Id<Customer>>,
    #[model(belongs_to(Customer), key_to = email, name = witness, on_update = restrict)]
    witness_email: Option<String>,
    #[model(plain)]
    seen_by: Id<Customer>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(primary_key(name, version), unique(digest, name))]
#[model(has_many(dependents: Dependency, via = package), has_many(parts: Self, via = part_of))]
struct Package {
    #[model(unique)]
    number: u32,
    name: String,
    version: String,
    digest: Option<String>,
    #[model(belongs_to(Self), key_to(number))]
    part_of: Option<u32>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
#[model(belongs_to(Package, key_from(package_name, package_version), on_delete = restrict))]
#[model(belongs_to(Package, key_from(source_digest, package_name), key_to(digest, name), name = source))]
#[model(belongs_to(Country, key_from = made_in))]
struct Dependency {
    package_name: String,
    package_version: Option<String>,
    source_digest: Option<String>,
    made_in: Option<Id<Country>>,
    r#type: u8,
    #[model(belongs_to)]
    type_id: Option<Id<Country>>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Country {
    #[model(primary_key)]
    code: String,
    #[model(belongs_to)]
    parent_id: Option<Id<Self>>,
}

#[derive(Model, Clone, Debug, Serialize, Deserialize)]
struct Nothing;

fn shop() -> Database {
    let builder = Database::builder().model::<Customer>().model::<Order>().model::<Card>().model::<Sale>();
    builder.model::<Package>().model::<Dependency>().model::<Country>().model::<Nothing>().build().unwrap()
}

fn customer(db: &mut Database, name: &str) -> Id<Customer> {
    let row = Customer { first_name: name.to_owned(), email: format!("{name}@asgard"), notes: Vec::new() };
    db.insert(row).unwrap()
}

fn table(db: &Database, name: &str) -> Value {
    serde_json::to_value(db.schema().table(name).unwrap()).unwrap()
}

/// The faults of a schema that must not build.
fn faults(built: Result<Database, Error>) -> Vec<String> {
    match built {
        Err(Error::Schema(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("expected faults in the schema, got {other:?}"),
    }
}

// behaviour R45: "The schema can be read back: tables, fields, keys, relations, actions".
#[test]
fn schema_of_a_model_with_everything_said_of_it() {
    let expected = json!({
        "name": "customers",
        "version": 2,
        "fields": [
            { "name": "first_name", "external_name": "firstName", "type_name": "String" },
            { "name": "email", "external_name": "mail", "type_name": "String" },
            { "name": "notes", "external_name": "out", "type_name": "Vec<Option<(u8, [u16; 2])>>" },
        ],
        "primary_key": null,
        "uniques": [{ "name": "email", "fields": ["email"] }],
        "relations": [],
        "inverses": [
            { "name": "orders", "kind": "HasMany", "source": "Order", "relation": "customer" },
            { "name": "bought", "kind": "HasMany", "source": "Sale", "relation": "buyer" },
            { "name": "sold", "kind": "HasMany", "source": "Sale", "relation": "sold_by" },
            { "name": "card", "kind": "HasOne", "source": "Card", "relation": "customer" },
        ],
    });
    assert_eq!(table(&shop(), "customers"), expected);
}

#[test]
fn schema_of_composite_and_natural_keys() {
    let db = shop();
    let uniques = json!([
        { "name": "name_version", "fields": ["name", "version"] },
        { "name": "number", "fields": ["number"] },
        { "name": "digest_name", "fields": ["digest", "name"] },
    ]);
    assert_eq!(table(&db, "Package")["uniques"], uniques);
    assert_eq!(table(&db, "Package")["primary_key"], 0);
    let relation = |name: &str, fields: &[&str], target: &str, target_fields: &[&str], required: bool| {
        json!({
            "name": name, "fields": fields, "target": target, "target_fields": target_fields, "required": required,
            "on_delete": "Restrict", "on_update": "Restrict", "deferred": false, "acyclic": false, "one_of": false, "many": false,
        })
    };
    let relations = json!([
        relation("type", &["type_id"], "Country", &[], false),
        relation("package", &["package_name", "package_version"], "Package", &["name", "version"], false),
        relation("source", &["source_digest", "package_name"], "Package", &["digest", "name"], false),
        relation("country", &["made_in"], "Country", &[], false),
    ]);
    assert_eq!(table(&db, "Dependency")["relations"], relations);
}

// behaviour R1: "The foreign key's default name is `<relation>_id`, and the relation's default name is the field's name
// without `_id`; both can be named otherwise (`name`, `key_from`)".
#[test]
fn relations_are_named_after_their_fields_or_by_the_attribute() {
    let db = shop();
    let relations = |table: &str| -> Vec<String> {
        db.schema().table(table).unwrap().relations.iter().map(|relation| relation.name.clone()).collect()
    };
    assert_eq!(relations("Sale"), ["buyer", "sold_by", "witness"]);
    assert_eq!(relations("Package"), ["part_of"]);
    let actions: Vec<_> =
        db.schema().table("Sale").unwrap().relations.iter().map(|r| r.on_delete.to_string()).collect();
    assert_eq!(actions, ["restrict", "set_null", "restrict"]);
    assert_eq!(db.schema().table("Order").unwrap().relations[0].on_delete.to_string(), "cascade");
}

// behaviour R8: "Two relations from one model to the same target, and a relation to the model itself, are distinct
// relations (by type, not by name)".
#[test]
fn two_relations_to_one_target_and_one_to_the_model_itself() {
    let mut db = shop();
    let (thor, loki) = (customer(&mut db, "thor"), customer(&mut db, "loki"));
    let row = Sale { buyer_id: thor, seller_id: Some(loki), witness_email: Some("thor@asgard".into()), seen_by: loki };
    let sale = db.insert(row).unwrap();
    assert_eq!(db.related(sale, Sale::BUYER).unwrap().first_name, "thor");
    assert_eq!(db.related(sale, Sale::SOLD_BY).unwrap().unwrap().first_name, "loki");
    assert_eq!(db.related(sale, Sale::WITNESS).unwrap().unwrap().first_name, "thor");
    assert_eq!(db.row(thor).unwrap().bought().count(), 1);
    assert_eq!(db.row(thor).unwrap().sold().count(), 0);
    assert_eq!(db.row(loki).unwrap().sold().map(|sale| sale.id()).collect::<Vec<_>>(), [sale]);

    let world = db.insert(Country { code: "WORLD".into(), parent_id: None }).unwrap();
    let norway = db.insert(Country { code: "NO".into(), parent_id: Some(world) }).unwrap();
    assert_eq!(db.related(norway, Country::PARENT).unwrap().unwrap().code, "WORLD");
    assert!(db.related(world, Country::PARENT).unwrap().is_none());
}

// behaviour R41: "If a model declares no primary key, it gets one (the arena id). A natural or composite primary key can
// be declared".
#[test]
fn primary_keys() {
    fn primary<M: HasPrimaryKey>() -> &'static [&'static str] {
        <M::PrimaryKey as Unique>::FIELDS
    }
    assert_eq!(Customer::PRIMARY_KEY, None);
    assert_eq!(primary::<Country>(), ["code"]);
    assert_eq!(primary::<Package>(), ["name", "version"]);
    let mut db = shop();
    let id = db.insert(Country { code: "NO".into(), parent_id: None }).unwrap();
    assert_eq!(db.find(Country::BY_CODE, "NO").unwrap().0, id);
    let row = Package { number: 7, name: "serde".into(), version: "1.0".into(), digest: None, part_of: None };
    let serde = db.insert(row).unwrap();
    assert_eq!(db.find(Package::BY_NAME_VERSION, ("serde", "1.0")).unwrap().0, serde);
    assert_eq!(db.find(Package::BY_NUMBER, &7).unwrap().0, serde);
    // An absent part: the row has no such key, and is not found by it.
    assert!(db.find(Package::BY_DIGEST_NAME, ("", "serde")).is_err());
}

// behaviour R42: "A relation to a model that is not registered, an unknown `key_to`, a key of another type or arity, a
// target key that is not unique, a duplicate relation or model name: refused, at compile time where the compiler can see
// it, else when the database is built, naming model and field". All but these are in `crates/compile-fail`.
#[test]
fn what_does_not_fit_together_is_refused_when_the_database_is_built() {
    assert_eq!(
        faults(Database::builder().model::<Order>().build()),
        ["model `Order`, `customer`: its target `customers` is not registered: add `.model::<customers>()`"]
    );
    let without_sales = Database::builder().model::<Customer>().model::<Order>().model::<Card>();
    assert_eq!(
        faults(without_sales.build()),
        [
            "model `customers`, `bought`: its source `Sale` is not registered: add `.model::<Sale>()`",
            "model `customers`, `sold`: its source `Sale` is not registered: add `.model::<Sale>()`",
        ]
    );
    let twice = Database::builder().model::<Nothing>().model::<Nothing>();
    assert_eq!(faults(twice.build()), ["model `Nothing`: another model has the same table name"]);
}

// behaviour R14: "has_one over a foreign key that is not unique is refused when the database is built".
#[test]
fn has_one_needs_a_unique_key() {
    #[derive(Model, Clone, Serialize, Deserialize)]
    #[model(has_one(pet: Pet))]
    struct Owner {
        name: String,
    }
    #[derive(Model, Clone, Serialize, Deserialize)]
    struct Pet {
        #[model(belongs_to)]
        owner_id: Id<Owner>,
    }
    assert_eq!(
        faults(Database::builder().model::<Owner>().model::<Pet>().build()),
        [
            "model `Owner`, `pet`: has_one needs `Pet`.owner_id to be unique: mark it `#[model(unique)]` or declare has_many"
        ]
    );
}

// behaviour R43: "`set_null` on a required key does not compile; on a composite key every part must be optional. A field
// of type `Id<T>` that is no relation is refused unless marked as plain". What is refused is in `crates/compile-fail`;
// here is what is accepted.
#[test]
fn set_null_on_a_key_of_optional_parts_and_a_plain_id() {
    #[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[model(belongs_to(Package, key_from(name, version), on_delete = set_null))]
    struct Wish {
        name: Option<String>,
        version: Option<String>,
    }
    let mut db = shop_with::<Wish>();
    let row = Package { number: 1, name: "serde".into(), version: "1.0".into(), digest: None, part_of: None };
    let serde = db.insert(row).unwrap();
    let wish = db.insert(Wish { name: Some("serde".into()), version: Some("1.0".into()) }).unwrap();
    assert_eq!(db.related(wish, Wish::PACKAGE).unwrap().unwrap().number, 1);
    db.delete(serde).unwrap();
    assert_eq!(*db.get(wish).unwrap(), Wish { name: None, version: None });

    let thor = customer(&mut db, "thor");
    let sale = db.insert(Sale { buyer_id: thor, seller_id: None, witness_email: None, seen_by: Id::null() }).unwrap();
    assert!(db.get(sale).unwrap().seen_by.is_null());
}

fn shop_with<M: Model>() -> Database {
    let builder = Database::builder().model::<Customer>().model::<Order>().model::<Card>().model::<Sale>();
    builder.model::<Package>().model::<Dependency>().model::<Country>().model::<M>().build().unwrap()
}

#[test]
fn the_key_of_a_relation_is_read_and_written_as_a_whole() {
    type Package = <Dependency as NamedRelation<{ name_hash("package") }>>::Relation;
    type Type = <Dependency as NamedRelation<{ name_hash("type") }>>::Relation;
    type Customer = <Order as NamedRelation<{ name_hash("customer") }>>::Relation;
    let mut row = Dependency {
        package_name: "serde".into(),
        package_version: None,
        source_digest: None,
        made_in: None,
        r#type: 0,
        type_id: None,
    };
    assert_eq!(Package::key(&row), None);
    Package::assign(&mut row, Some(("rand".into(), "0.9".into())));
    assert_eq!((row.package_name.as_str(), row.package_version.as_deref()), ("rand", Some("0.9")));
    assert_eq!(Package::key(&row), Some((&"rand".to_owned(), &"0.9".to_owned())));
    // Clearing the key clears the part that can be absent.
    Package::assign(&mut row, None);
    assert_eq!((row.package_name.as_str(), row.package_version), ("rand", None));

    let (first, second) = ("1v1".parse().unwrap(), "2v1".parse().unwrap());
    row.package_version = None;
    let mut row = Dependency { type_id: Some(first), package_version: None, ..row };
    assert_eq!(Type::key(&row), Some(first));
    Type::assign(&mut row, None);
    assert_eq!(Type::key(&row), None);
    let mut order = Order { customer_id: "3v1".parse().unwrap(), total_cents: 0 };
    Customer::assign(&mut order, Some("4v1".parse().unwrap()));
    assert_eq!(order.customer_id.to_string(), "4v1");
    Type::assign(&mut row, Some(second));
    assert_eq!(row.type_id, Some(second));
}

#[test]
fn unique_keys_are_found_by_their_fields() {
    fn fields<const FIELDS: u64, M: NamedUnique<FIELDS>>() -> &'static [&'static str] {
        <M::Unique as Unique>::FIELDS
    }
    assert_eq!(fields::<{ name_hash("name,version") }, Package>(), ["name", "version"]);
    assert_eq!(fields::<{ name_hash("digest,name") }, Package>(), ["digest", "name"]);
}

#[test]
fn fields_are_values_that_read_and_write() {
    let mut row = Customer { first_name: "Thor".into(), email: String::new(), notes: Vec::new() };
    let name = Customer::FIELDS.first_name;
    assert_eq!((name.index(), name.name(), name.get(&row).as_str()), (0, "first_name", "Thor"));
    "Loki".clone_into(name.get_mut(&mut row));
    assert_eq!(row.first_name, "Loki");
    assert_eq!((Customer::FIELDS.notes.index(), Dependency::FIELDS.r#type.name()), (2, "type"));
    let mut db = shop();
    let thor = customer(&mut db, "thor");
    assert_eq!(db.set(thor, Customer::FIELDS.first_name, "Donar".to_owned()).unwrap(), "thor");
    assert_eq!(db.get(thor).unwrap().first_name, "Donar");
}

// behaviour R4: "A required foreign key is `Id<T>`, an optional one `Option<Id<T>>`: the accessor's type says which
// (`&T` or `Option<&T>`)".
#[test]
fn rows_are_walked_by_the_names_of_relations() {
    let mut db = shop();
    let thor = customer(&mut db, "thor");
    let order = db.insert(Order { customer_id: thor, total_cents: 500 }).unwrap();
    let other = db.insert(Order { customer_id: thor, total_cents: 700 }).unwrap();
    assert_eq!(db.row(order).unwrap().customer().unwrap().first_name, "thor");
    let totals: Vec<u64> = db.row(thor).unwrap().orders().map(|order| order.total_cents).collect();
    assert_eq!(totals, [500, 700]);
    assert!(db.row(thor).unwrap().card().is_none());
    let card = db.insert(Card { customer_id: thor }).unwrap();
    assert_eq!(db.row(thor).unwrap().card().unwrap().id(), card);

    let sale = db.insert(Sale { buyer_id: thor, seller_id: None, witness_email: None, seen_by: thor }).unwrap();
    assert!(db.row(sale).unwrap().sold_by().unwrap().is_none());
    assert_eq!(db.row(sale).unwrap().buyer().unwrap().id(), thor);
    // A name that is a keyword is a raw identifier.
    let world = db.insert(Country { code: "WORLD".into(), parent_id: None }).unwrap();
    let row = Dependency {
        package_name: "x".into(),
        package_version: None,
        source_digest: None,
        made_in: Some(world),
        r#type: 1,
        type_id: Some(world),
    };
    let dependency = db.insert(row).unwrap();
    let dependency = db.row(dependency).unwrap();
    assert_eq!(dependency.r#type().unwrap().unwrap().code, dependency.country().unwrap().unwrap().code);
    // The row can be kept for as long as the database is borrowed, whatever becomes of the view.
    let kept: &Order = db.row(other).unwrap().get();
    assert_eq!(kept.total_cents, 700);
    assert_eq!(format!("{:?}", db.row(other).unwrap()), format!("OrderRow {{ id: {other}, .. }}"));
}

#[test]
fn fields_that_are_in_no_key_are_lent_to_be_changed() {
    let mut db = shop();
    let thor = customer(&mut db, "thor");
    let row = db.get_mut(thor).unwrap();
    *row.first_name = format!("{} of {}", row.first_name, row.email);
    row.notes.push(None);
    let sale = db.insert(Sale { buyer_id: thor, seller_id: None, witness_email: None, seen_by: thor }).unwrap();
    *db.get_mut(sale).unwrap().seen_by = Id::null();
    assert_eq!(db.get(thor).unwrap().first_name, "thor of thor@asgard");
    assert_eq!(db.check(), Ok(()));
    // A model without fields has nothing to lend.
    let nothing = db.insert(Nothing).unwrap();
    let () = db.get_mut(nothing).unwrap();
}

/// A type that comes out of a macro is wrapped in an invisible group, through which `Id` and `Option` must be seen.
#[test]
fn types_from_a_macro() {
    macro_rules! model {
        ($name:ident { $field:ident: $type:ty }) => {
            #[derive(Model, Clone, Serialize, Deserialize)]
            struct $name {
                #[model(belongs_to, on_delete = set_null)]
                $field: $type,
            }
        };
    }
    model!(Leaf { country_id: Option<Id<Country>> });
    let db = shop_with::<Leaf>();
    let leaf = db.schema().table("Leaf").unwrap();
    assert_eq!((leaf.fields[0].type_name.as_str(), leaf.relations[0].required), ("Option<Id<Country>>", false));
}

/// The user's own types and functions may have any name, and a struct any visibility.
mod names_and_visibility {
    use relata::{Database, Id, Model};
    use serde::{Deserialize, Serialize};

    pub(super) mod inner {
        use super::{Deserialize, Id, Model, Serialize};

        #[derive(Model, Clone, Serialize, Deserialize)]
        #[model(has_many(rows: TeamRow))]
        pub(in super::super) struct Team {
            #[model(unique)]
            pub(in super::super) name: String,
            #[allow(dead_code, reason = "it has a token all the same")]
            secret: u8,
        }

        #[derive(Model, Clone, Serialize, Deserialize)]
        pub(in super::super) struct TeamRow {
            #[model(belongs_to)]
            pub(in super::super) team_id: Id<Team>,
        }

        impl Team {
            pub(in super::super) fn new(name: &str) -> Self {
                Team { name: name.to_owned(), secret: 0 }
            }
        }
    }

    #[test]
    fn are_kept() {
        let mut db = Database::builder().model::<inner::Team>().model::<inner::TeamRow>().build().unwrap();
        let team_id = db.insert(inner::Team::new("red")).unwrap();
        let row = db.insert(inner::TeamRow { team_id }).unwrap();
        assert_eq!(db.row(row).unwrap().team().unwrap().name, "red");
        assert_eq!(db.row(team_id).unwrap().rows().count(), 1);
    }
}

#[test]
fn serdes_rules_for_names() {
    macro_rules! renamed {
        ($($rule:literal: $expected:literal),* $(,)?) => {$({
            #[derive(Model, Clone, Serialize, Deserialize)]
            #[serde(rename_all = $rule)]
            struct Row {
                total_cents: u32,
            }
            // What serde writes, and what the schema says that it does.
            let written = serde_json::to_value(Row { total_cents: 1 }).unwrap();
            assert_eq!(written, json!({ $expected: 1 }));
            assert_eq!(Row::COLUMNS[0].external_name, $expected);
        })*};
    }
    renamed!(
        "lowercase": "total_cents",
        "UPPERCASE": "TOTAL_CENTS",
        "PascalCase": "TotalCents",
        "camelCase": "totalCents",
        "snake_case": "total_cents",
        "SCREAMING_SNAKE_CASE": "TOTAL_CENTS",
        "kebab-case": "total-cents",
        "SCREAMING-KEBAB-CASE": "TOTAL-CENTS",
    );
}

/// Structs that a macro of the user's writes can be models.
macro_rules! models {
    ($a:ident, $b:ident, $f:ident) => {
        #[derive(Model, Clone, Debug, Serialize, Deserialize)]
        #[model(has_many(kids: $b))]
        struct $a {
            #[model(unique)]
            name: String,
            $f: u32,
        }
        #[derive(Model, Clone, Debug, Serialize, Deserialize)]
        struct $b {
            #[model(belongs_to)]
            parent_id: Id<$a>,
            #[model(unique)]
            code: Option<String>,
        }
    };
}
models!(Alpha, Beta, size);
#[test]
fn structs_that_a_macro_has_written_are_models() {
    let mut db = Database::builder().model::<Alpha>().model::<Beta>().build().unwrap();
    let a = db.insert(Alpha { name: "x".into(), size: 1 }).unwrap();
    let b = db.insert(Beta { parent_id: a, code: None }).unwrap();
    assert_eq!(db.row(b).unwrap().parent().unwrap().size, 1);
}
