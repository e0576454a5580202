//! Relations that are added to a source: by flags and by answers, and those that are refused.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::models::assert_expected;
use crate::{Ended, Folder, relata};

/// What has become of `before.rs`, as a module: it compiles.
#[rustfmt::skip]
#[allow(dead_code, unreachable_pub, clippy::pedantic, reason = "it is a source like any other")]
#[path = "../relation/after.rs"]
mod after;

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relation").join(name);
    path.to_str().unwrap().to_owned()
}

fn before(folder: &Folder) -> String {
    folder.write("shop.rs", &std::fs::read(source("before.rs")).unwrap())
}

/// Runs the command with flags, written as on a command line.
fn flags(file: &str, flags: &str) -> Ended {
    let arguments: Vec<&str> = ["relation", file].into_iter().chain(flags.split_whitespace()).collect();
    relata(&arguments)
}

/// Runs the command with answers to its questions.
fn answers(file: &str, answers: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relata"));
    command.args(["relation", file]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

// behaviour D7: "`relata relation` adds a relation of any kind by insertions alone"
#[test]
fn relations_of_every_kind_are_added_and_nothing_else_changes() {
    let folder = Folder::new();
    let file = before(&folder);
    for (line, said) in [
        (
            "--model Order --kind belongs_to --related Customer --required",
            "Order: #[model(belongs_to)] pub(crate) customer_id: Id<Customer>\n",
        ),
        ("--model Customer --kind hasMany --related Order", "Customer: #[model(has_many(orders: Order))]\n"),
        (
            "--model Customer --kind has_one --related Address --foreign-key owner",
            "Address.owner: #[model(unique, belongs_to)]\nCustomer: #[model(has_one(address: Address))]\n",
        ),
        (
            "--model Address --kind belongs_to --related Country --foreign-key country --name land",
            "Address.country: #[model(belongs_to(Country), name = land)]\n",
        ),
        (
            "--model Customer --kind belongs_to --related Country",
            "Customer: #[model(belongs_to(Country))] pub country_id: Option<String>\n",
        ),
        (
            "--model PostTag --kind belongs_to --related Tag --required",
            "PostTag: #[model(belongs_to)] pub tag_id: relata::Id<Tag>\n",
        ),
        (
            "--model Post --kind has_many_through --related Tag --through PostTag",
            "Post: #[model(has_many(tags: Tag, through = PostTag))]\n",
        ),
        (
            "--model Tag --kind references_many --related Tag --name synonyms",
            "Tag: #[model(references_many, name = synonyms)] tag_ids: Vec<Id<Tag>>\n",
        ),
        (
            "--model Tag --kind has_many --related Tag --name children --foreign-key parentId",
            "Tag: #[model(belongs_to)] parent_id: Option<Id<Tag>>\nTag: #[model(has_many(children: Tag, via = parent))]\n",
        ),
        (
            "--model Post --kind belongs_to --related Post --name type",
            "Post: #[model(belongs_to)] pub type_id: Option<Id<Post>>\n",
        ),
        (
            "--model Order --kind belongs_to --related Customer --name payer",
            "Order: #[model(belongs_to)] pub(crate) payer_id: Option<Id<Customer>>\n\
             Customer: `has_many(orders: Order)` needs `via = customer` now, as `Order` has two relations to it\n",
        ),
    ] {
        let ended = flags(&file, line);
        assert_eq!((ended.code, ended.err.as_str(), ended.out.as_str()), (0, "", said), "{line}");
        if line.ends_with("payer") {
            // As it was told to.
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, text.replace("has_many(orders: Order)", "has_many(orders: Order, via = customer)"))
                .unwrap();
        }
    }
    let after = std::fs::read_to_string(&file).unwrap();
    assert_expected(&after, &source("after.rs"));

    // What was there is there, in its order: the letters of the one within those of the other.
    let mut letters = after.chars();
    let before = std::fs::read_to_string(source("before.rs")).unwrap();
    assert!(before.chars().all(|letter| letters.any(|other| other == letter)));
}

#[test]
fn the_source_after_it_is_one_of_relata() -> Result<(), relata::Error> {
    use after::links::PostTag;
    use after::{Address, Country, Customer, Order, Post, Tag};
    let builder = relata::Database::builder().model::<Customer>().model::<Order>().model::<Tag>().model::<Post>();
    let mut db = builder.model::<Address>().model::<PostTag>().model::<Country>().build()?;
    let loki = db.insert(Customer { name: "Loki".into(), country_id: None })?;
    db.insert(Order { total: 5, customer_id: loki, payer_id: None })?;
    assert_eq!(db.row(loki)?.orders().count(), 1);
    db.insert(Country { code: "no".into() })?;
    db.insert(Address { street: "Bifrost".into(), owner: loki, country: "no".into() })?;
    assert_eq!(db.row(loki)?.address().unwrap().land()?.code, "no");
    Ok(())
}

// behaviour D7: "What flags do not say it asks for, with LoopBack's defaults"
#[test]
fn it_asks_for_what_is_not_said() {
    let folder = Folder::new();
    let file = before(&folder);
    let ended = answers(&file, "Order\nbelongsTo\nCustomer\n\n\n");
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "Order: #[model(belongs_to)] pub(crate) customer_id: Option<Id<Customer>>\n")
    );
    for question in
        ["Model (Customer, Order", "Kind (belongs_to, ", "Related model (", "name [customer]: ", "key [customer_id]: "]
    {
        assert!(ended.err.contains(question), "{question}: {}", ended.err);
    }
    let ended = answers(&file, "Customer\nhas_many\nOrder\nbought");
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "Customer: #[model(has_many(bought: Order))]\n"),
        "the end is no answer"
    );
    let ended = answers(&file, "Customer\n");
    assert!(ended.code == 2 && ended.err.ends_with("no answer: say it here, or by `--kind`\n"), "{}", ended.err);
    let ended = answers(&file, "Customer\nhas_some\n");
    assert!(ended.code == 2 && ended.err.contains("there is no such kind of relation"), "{}", ended.err);
}

// behaviour D8: "A relation that cannot be is refused with the reason, and the file stays as it is."
#[test]
fn what_cannot_be_is_refused_and_the_file_stays() {
    let folder = Folder::new();
    let file = before(&folder);
    let text = std::fs::read_to_string(&file).unwrap();
    for (line, why) in [
        ("--model Ordr --kind has_many --related Tag", "there is no model `Ordr`; there are: Customer, Order, Tag, "),
        ("--model NoModel --kind has_many --related Tag", "`NoModel` is no model: it does not derive `Model`"),
        ("--model PostTag --kind belongs_to --related Post", "`PostTag` has a relation `post` already"),
        ("--model Tag --kind belongs_to --related Post --name id", "a relation cannot be called `id`"),
        (
            "--model PostTag --kind belongs_to --related Post --name other --foreign-key post_id",
            "`PostTag`.post_id is the key of a relation already",
        ),
        (
            "--model Address --kind belongs_to --related Tag --foreign-key owner",
            "`Address`.owner is an id of `Customer`, not of `Tag`",
        ),
        (
            "--model Order --kind belongs_to --related Country --foreign-key total",
            "`Order`.total is a `u64`, and `Country`.code, which it would hold, a `String`",
        ),
        (
            "--model Order --kind belongs_to --related Customer --foreign-key total",
            "`Customer` has no primary key of one field that it could hold: make it an `Id<Customer>`",
        ),
        (
            "--model Tag --kind references_many --related Tag --foreign-key label",
            "`Tag`.label is no list of ids: `Vec<Id<Tag>>`",
        ),
        (
            "--model Post --kind has_many_through --related Tag --through PostTag",
            "`PostTag` has no relation to `Tag`: add it first, by `--kind belongs_to --model PostTag --related Tag --required`",
        ),
        ("--model Post --kind has_many_through --related Tag", "say it by `--through`"),
        ("--model Post --kind has_many --related Tag --through PostTag", "`--through` is said of has_many_through"),
        ("--model Tag --kind has_many --related Tag --name parent --foreign-key parent_id", "choose another name"),
    ] {
        let ended = flags(&file, line);
        assert!(ended.code == 2 && ended.out.is_empty() && ended.err.contains(why), "{line}: {}", ended.err);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{line}");
    }
    let broken = folder.write("broken.rs", b"struct A {\n  b c\n}");
    let ended = flags(&broken, "--model A --kind has_many --related A");
    assert!(ended.code == 2 && ended.err.contains("broken.rs: this is no Rust: line 2, column 5"), "{}", ended.err);
}

#[test]
fn links_are_refused_that_relata_would_refuse() {
    let folder = Folder::new();
    let source = |unique: &str, optional: &str| {
        format!(
            "#[derive(Model)] struct User {{}}\n#[derive(Model)] {unique} struct Follow {{\n\
             #[model(belongs_to)] from_id: Id<User>,\n #[model(belongs_to)] to_id: {optional},\n\
             #[model(belongs_to)] by_id: Id<User>,\n}}"
        )
    };
    let line = "--model User --kind has_many_through --related User --through Follow --name followees";
    let whole = source("#[model(unique(from_id, to_id))]", "Id<User>");
    for (text, more, why) in [
        (&whole, "", "`Follow` has several relations to `User`: say which by `--foreign-key`: from_id; to_id; by_id"),
        (&whole, "--foreign-key from_id", "say which by `--key-through`: to_id; by_id"),
        (
            &source("", "Id<User>"),
            "--foreign-key from_id --key-through to_id",
            "mark `Follow` with `#[model(unique(from_id, to_id))]`",
        ),
        (
            &source("#[model(unique(from_id, to_id))]", "Option<Id<User>>"),
            "--foreign-key from_id --key-through to_id",
            "`Follow`.to_id must not be an `Option`",
        ),
    ] {
        let file = folder.write("follow.rs", text.as_bytes());
        let ended = flags(&file, &format!("{line} {more}"));
        assert!(ended.code == 2 && ended.err.contains(why), "{why}: {}", ended.err);
    }
    let file = folder.write("follow.rs", whole.as_bytes());
    let ended = flags(&file, &format!("{line} --foreign-key from_id --key-through to_id"));
    let expected = "User: #[model(has_many(followees: User, through = Follow, via(from, to)))]\n";
    assert_eq!((ended.code, ended.out.as_str()), (0, expected), "{}", ended.err);
}

#[test]
fn lines_end_as_they_do_in_the_file_and_what_is_before_the_first_item_stays() {
    let folder = Folder::new();
    for head in ["\u{feff}", "#!/usr/bin/env run\r\n", "#![allow(dead_code)]\r\n"] {
        let text = format!("{head}#[derive(Model)]\r\nstruct Tag {{\r\n\tlabel: String,\r\n}}\r\n");
        let file = folder.write("tag.rs", text.as_bytes());
        let ended = flags(&file, "--model Tag --kind has_many --related Tag --name below --foreign-key up_id");
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        let expected = format!(
            "{head}#[derive(Model)]\r\n#[model(has_many(below: Tag))]\r\nstruct Tag {{\r\n\tlabel: String,\r\n\
             \t#[model(belongs_to)]\r\n\tup_id: Option<relata::Id<Tag>>,\r\n}}\r\n"
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    }
}
