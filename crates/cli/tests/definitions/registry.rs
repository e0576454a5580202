// Written by `relata models` from registry.sqlite.
// View `emails`: relata has no views; a query is a function over the database.
// Primary keys are values here: whoever inserts a row gives its key, also where the source numbers
// its rows by itself.

use relata::{Database, DatabaseBuilder, Model};
use serde::{Deserialize, Serialize};

// CHECK: relata enforces keys and types, no other rule of a value.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "package")]
#[model(primary_key(name, version))]
#[model(has_many(dependencies_as_package: Dependency, via = package))]
#[model(has_many(dependencies_as_needs: Dependency, via = needs))]
pub struct Package {
    pub name: String,
    pub version: String,
    // DEFAULT 'library': a row is a struct, and whoever makes one gives every field.
    pub r#type: Option<String>,
    #[model(unique)]
    pub checksum: Option<Vec<u8>>,
    pub published: Option<String>,
    // DEFAULT 0: a row is a struct, and whoever makes one gives every field.
    pub is_yanked: bool,
    pub size: Option<f64>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "dependency")]
#[model(belongs_to(
    Package,
    key_from(package_name, package_version),
    on_delete = cascade,
    on_update = cascade
))]
#[model(belongs_to(
    Package,
    key_from(needs_name, needs_version),
    name = needs,
    on_delete = set_null
))]
pub struct Dependency {
    #[model(primary_key)]
    pub id: i64,
    pub package_version: String,
    pub package_name: String,
    pub needs_name: Option<String>,
    pub needs_version: Option<String>,
}

// Unique key on email by NOCASE: relata compares texts as they are.
// Trigger `log_accounts`: no code of a table runs when its rows change.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "account")]
#[model(has_one(profile: Profile))]
#[model(has_many(readmes_as_author: Readme, via = author))]
#[model(has_many(readmes_as_reviewer: Readme, via = reviewer))]
#[model(has_many(follows_as_follower: Follow, via = follower))]
#[model(has_many(follows_as_followee: Follow, via = followee))]
#[model(has_many(followees: Account, through = Follow, via(follower, followee)))]
#[model(has_many(followers: Account, through = Follow, via(followee, follower)))]
#[model(has_many(watches: Watch))]
#[model(has_many(languages: Language, through = Watch))]
pub struct Account {
    #[model(primary_key)]
    pub id: i64,
    #[model(unique)]
    pub email: String,
    #[model(ordered)]
    #[serde(rename = "Display Name")]
    pub display_name: Option<String>,
}

// Relation `account`: the name `id` is taken by another relation or by relata.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "profile")]
pub struct Profile {
    #[model(primary_key, belongs_to(Account), name = account, on_delete = cascade)]
    pub id: i64,
    pub about: Option<String>,
}

#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "language")]
#[model(has_many(readmes_as_language: Readme, via = language))]
#[model(has_many(readmes_as_english: Readme, via = english))]
#[model(has_many(watches: Watch))]
#[model(has_many(accounts: Account, through = Watch))]
pub struct Language {
    #[model(primary_key)]
    pub code: String,
    #[model(unique)]
    pub english: Option<String>,
}

// Foreign key line: it refers to the primary key of `log`, which has none.
// Foreign key display: relata's keys refer to unique ones, and Display Name of `account` is none.
// Foreign key nowhere: there is no `missing`.
// SET NULL of the key author: it cannot be absent, so deleting what it refers to is refused.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "readme")]
#[model(ordered(author, words))]
pub struct Readme {
    #[model(primary_key)]
    pub id: i64,
    // DEFAULT 'en': a row is a struct, and whoever makes one gives every field.
    #[model(belongs_to(Language), on_delete = set_default, on_update = cascade)]
    #[model(default = "en".to_owned())]
    pub language: String,
    #[model(belongs_to(Language), key_to(english), on_delete = set_null)]
    pub english: Option<String>,
    #[model(belongs_to(Account))]
    pub author: i64,
    // Declared as a text: a key has the type of what it refers to.
    #[model(belongs_to(Account))]
    pub reviewer: Option<i64>,
    pub display: Option<String>,
    pub line: Option<i64>,
    pub nowhere: Option<i64>,
    // Generated column: whoever changes the row changes this too.
    pub words: Option<i64>,
    pub place: Option<i64>,
    // `GEOMETRY`: no type of Rust says what this holds, so it is any JSON (crate `serde_json`).
    pub shape: Option<serde_json::Value>,
    // No type is declared, so it is any JSON (crate `serde_json`).
    pub anything: Option<serde_json::Value>,
}

// INITIALLY DEFERRED: SQLite does not tell which foreign key it is said of: add `deferred` to that
// relation.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "follow")]
#[model(primary_key(follower_id, followee_id))]
pub struct Follow {
    #[model(belongs_to(Account), on_delete = cascade)]
    pub follower_id: i64,
    #[model(belongs_to(Account), on_delete = cascade)]
    pub followee_id: i64,
    pub since: Option<String>,
}

// No primary key: relata's own id tells the rows apart.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "watch")]
#[model(unique(language_code, account_id))]
pub struct Watch {
    #[model(belongs_to(Account))]
    pub account_id: i64,
    #[model(belongs_to(Language))]
    pub language_code: String,
}

// No primary key: relata's own id tells the rows apart.
// Unique index `one_long_line`: it has a WHERE, and those of relata are over all rows.
// Unique index `lower_line`: it is over an expression, and those of relata are over fields.
// Unique key amount: a number with a fraction can be in no key, as it has no total equality.
#[derive(Model, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[model(table = "log")]
pub struct Log {
    pub line: String,
    #[serde(rename = "self")]
    pub self_value: Option<i64>,
    pub amount: Option<f64>,
}

/// A builder with every model above.
pub fn builder() -> DatabaseBuilder {
    Database::builder()
        .model::<Package>()
        .model::<Dependency>()
        .model::<Account>()
        .model::<Profile>()
        .model::<Language>()
        .model::<Readme>()
        .model::<Follow>()
        .model::<Watch>()
        .model::<Log>()
}
