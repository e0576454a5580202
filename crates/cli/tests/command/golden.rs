//! What whole files look like.

use crate::{Folder, golden_bytes, golden_path, printed, relata};

const ALL: [&str; 7] = [
    "format-1.relata",
    "format-2.relata",
    "game-1.relata",
    "game-2.relata",
    "game-3.relata",
    "town-1.relata",
    "town-2.relata",
];

/// The table of `info`: name, rows, bytes.
pub(crate) fn tables(info: &str) -> Vec<(String, u64, u64)> {
    let number = |text: &str| text.replace(',', "").parse().unwrap();
    let lines = info.lines().skip_while(|line| !line.starts_with("table")).skip(1).take_while(|line| !line.is_empty());
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.map(|words| (words[0].to_owned(), number(words[1]), number(words[2]))).collect()
}

#[test]
fn info_tells_format_tables_rows_bytes_and_relations() {
    for name in ALL {
        let info = printed(&["info", &golden_path(name)]);
        let format = if name.ends_with("-1.relata") && name != "game-1.relata" { 1 } else { 2 };
        assert!(info.contains(&format!(": format {format}, ")), "{info}");
    }
    let info = printed(&["info", &golden_path("town-2.relata")]);
    let length = golden_bytes("town-2.relata").len();
    assert!(info.contains("format 2, 2,718 bytes in 14 blocks") && length == 2718, "{info}");
    let rows: Vec<(String, u64)> = tables(&info).into_iter().map(|(name, rows, _)| (name, rows)).collect();
    let expected = [("Country", 3), ("City", 3), ("Person", 2), ("Note", 4)];
    assert_eq!(rows, expected.map(|(name, rows)| (name.to_owned(), rows)));
    let of_tables: u64 = tables(&info).iter().map(|(.., bytes)| bytes).sum();
    assert!(of_tables < length as u64 && of_tables > 900, "{info}");
    for relation in [
        "City.country -> Country(code), required, on delete restrict",
        "City.twin -> City, on delete set_default",
        "Person.cities -> City, list, on delete set_null",
        "Note.subject_person -> Person, one of several, on delete cascade",
    ] {
        assert!(info.lines().any(|line| line == relation), "{relation} is not in\n{info}");
    }
    let older = printed(&["info", &golden_path("town-1.relata")]);
    let count = |info: &str| tables(info).into_iter().map(|(name, rows, _)| (name, rows)).collect::<Vec<_>>();
    assert_eq!(count(&older), count(&info), "both formats");
}

#[test]
fn schema_is_json_or_a_diagram() {
    for name in ALL {
        let json: serde_json::Value =
            serde_json::from_str(&printed(&["schema", &golden_path(name), "--json"])).unwrap();
        assert!(json["tables"].as_array().unwrap().len() >= 3, "{name}");
        assert!(printed(&["schema", &golden_path(name), "--mermaid"]).starts_with("erDiagram"), "{name}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&printed(&["schema", &golden_path("town-2.relata"), "--json"])).unwrap();
    assert_eq!(json["tables"][1]["relations"][0]["target"], "Country");
    let mermaid = printed(&["schema", &golden_path("town-2.relata"), "--mermaid"]);
    assert!(mermaid.contains("Country") && mermaid.contains("Note"), "{mermaid}");
    let neither = relata(&["schema", &golden_path("town-2.relata")]);
    assert!(neither.code == 2 && neither.err.contains("--mermaid"), "{}", neither.err);
}

#[test]
fn rows_are_json_with_their_ids() {
    let notes = printed(&["rows", &golden_path("town-2.relata"), "Note", "--json"]);
    let notes: Vec<serde_json::Value> = notes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(notes.len(), 4);
    assert_eq!(notes[2]["id"], "3v1");
    assert_eq!(notes[2]["subject"]["Person"], "2v1");
    assert_eq!(notes[2]["mark"]["Between"]["least"], -300);
    let last = printed(&["rows", &golden_path("town-2.relata"), "City", "--json"]);
    let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!((&last["id"], &last["name"]), (&"4v1".into(), &"Tórshavn".into()), "the third slot is vacant");
    let whole = format!("\"total\":{}", -(1_i128 << 100));
    assert!(printed(&["rows", &golden_path("town-2.relata"), "Note", "--json"]).contains(&whole));

    let limited = printed(&["rows", &golden_path("town-2.relata"), "Note", "--json", "--limit", "3"]);
    assert_eq!(limited.lines().count(), 3);
}

#[test]
fn rows_are_csv_with_their_ids() {
    let text = printed(&["rows", &golden_path("town-2.relata"), "Note", "--csv"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["id", "subject", "mark", "words", "weight", "total"]);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4);
    assert_eq!((&records[0][0], &records[0][2]), ("1v1", "Plain"), "a text stands as it is");
    assert_eq!(&records[1][2], r#"{"Stars":200}"#, "all else is JSON");
    let limited = printed(&["rows", &golden_path("town-2.relata"), "Note", "--csv", "--limit", "0"]);
    assert_eq!(limited, "id,subject,mark,words,weight,total\n");
    let countries = printed(&["rows", &golden_path("town-2.relata"), "Country", "--csv"]);
    assert_eq!(countries.lines().nth(2), Some("2v1,no,"), "what is absent is empty");
}

/// Of format 1 there are checksums and counts; what cannot be read says why and what to do.
#[test]
fn format_1_says_what_it_cannot_give() {
    let check = printed(&["check", &golden_path("town-1.relata")]);
    assert!(check.contains("13 blocks whole, 12 rows") && check.contains("keys have not been checked"), "{check}");
    let folder = Folder::new();
    let (old, new) = (golden_path("town-1.relata"), golden_path("town-2.relata"));
    for arguments in
        [&["rows", &old, "City", "--json"][..], &["diff", &old, &new], &["recover", &old, &folder.name("out.relata")]]
    {
        let ended = relata(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.err.contains("rows of format 1 have no names of fields"), "{}", ended.err);
    }
    assert!(!folder.path("out.relata").exists());
}

#[test]
fn every_key_of_the_golden_files_holds() {
    for name in ALL {
        let check = printed(&["check", &golden_path(name)]);
        assert!(name == "format-1.relata" || name == "town-1.relata" || check.contains("every key holds"), "{check}");
    }
}

#[test]
fn diff_tells_schema_and_rows() {
    let (one, three) = (golden_path("game-1.relata"), golden_path("game-3.relata"));
    let same = printed(&["diff", &one, &one]);
    assert_eq!(same, "no differences in schema and rows\n");
    let ended = relata(&["diff", &one, &three]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    for line in [
        "schema: table `Item` removed",
        "schema: table `Gear` added",
        "schema: `Hero`: field `hit_points` removed",
        "Hero 1v1 changed: hit_points 31 -> absent, mana absent -> 6, vitals absent -> {\"now\":12,\"full\":30}",
        "Hero 2v1 removed: {\"name\":\"Kay\",\"hit_points\":8}",
        "Hero: 0 rows added, 1 removed, 1 changed",
        "Gear 1v1 added: {\"hero_id\":\"1v1\",\"kind\":\"Staff\"}",
    ] {
        assert!(ended.out.lines().any(|told| told == line), "{line} is not in\n{}", ended.out);
    }
    let back = relata(&["diff", &three, &one]);
    assert!(back.out.contains("Hero 2v1 added") && back.out.contains("Gear 1v1 removed"), "{}", back.out);
}

#[test]
fn help_shows_commands_examples_and_exit_codes() {
    let help = printed(&["--help"]);
    for word in ["info", "schema", "check", "rows", "diff", "recover", "models", "relation", "Examples:", "Exit codes:"]
    {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    for command in ["info", "schema", "check", "rows", "diff", "recover", "models", "relation"] {
        let help = printed(&[command, "--help"]);
        assert!(help.contains("Example") && help.contains(&format!("\n  relata {command} ")), "{help}");
    }
    assert!(printed(&["--version"]).starts_with("relata "));
}

#[test]
fn what_cannot_be_done_is_told() {
    let file = golden_path("town-2.relata");
    let table = relata(&["rows", &file, "Village", "--json"]);
    assert_eq!(table.code, 2);
    assert!(table.err.contains("no table `Village`; there are: Country, City, Person, Note"), "{}", table.err);
    let folder = Folder::new();
    let missing = relata(&["info", &folder.name("missing.relata")]);
    assert!(missing.code == 2 && missing.err.contains("missing.relata"), "{}", missing.err);
    let directory = relata(&["info", folder.path("").to_str().unwrap()]);
    assert!(directory.code == 2 && directory.err.contains("is not a file"), "{}", directory.err);
    assert_eq!(relata(&["rows", &file, "City"]).code, 2, "neither --json nor --csv");
    assert_eq!(relata(&["rows", &file, "City", "--json", "--csv"]).code, 2);
    assert_eq!(relata(&[]).code, 2);
    let there = relata(&["recover", &file, &folder.write("there", b"mine")]);
    assert_eq!(there.code, 2);
    assert_eq!(std::fs::read(folder.path("there")).unwrap(), b"mine", "what is there is not written over");
}
