//! The rooms of the library: a module imports only from those that `lib.rs` lists above it. And its promises: each is
//! cited by a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn a_module_imports_only_from_those_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
    let rooms: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert!(rooms.len() > 15, "{rooms:?}");
    let mut wrong = Vec::new();
    for (place, room) in rooms.iter().enumerate() {
        for file in files_of(&source, room) {
            // Tests may use whatever they need.
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for after in line.split("crate::").skip(1) {
                    let named = after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
                    let above = rooms[..=place].contains(&named);
                    if rooms.contains(&named) && !above {
                        wrong.push(format!("{room} imports {named}: {}", line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let design = fs::read_to_string(source.join("../docs/design.md")).unwrap();
    let table = design.lines().skip_while(|line| *line != "## Rooms").filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<&str> = table.filter_map(|line| line.split('`').next()).collect();
    assert_eq!(listed, rooms, "docs/design.md lists the rooms in this order");
}

fn files_of(source: &Path, room: &str) -> Vec<PathBuf> {
    let mut files = vec![source.join(format!("{room}.rs"))];
    let folder = source.join(room);
    if folder.is_dir() {
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.is_file());
    files
}

/// The rust files below a folder, those of the tests of a crate or of all that is in it.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The numbers that follow a word in the comments of the tests: `behaviour R12 and I3` cites R12 and I3.
fn citations(word: &str, is_number: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("tests"), &mut files);
    let crates = fs::read_dir(root.join("crates")).unwrap();
    crates.for_each(|member| rust_files(&member.unwrap().path().join("tests"), &mut files));
    rust_files(&root.join("src"), &mut files);
    files.retain(|file| !file.starts_with(root.join("src")) || file.ends_with("tests.rs"));
    let mut cited = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let comments = text.lines().filter_map(|line| line.trim_start().strip_prefix("//"));
        for after in comments.flat_map(|line| line.split(word).skip(1)) {
            let after = after.trim_start_matches('s').trim_start();
            let words = after.split([' ', ',']).map(|word| word.trim_end_matches([':', ';', '.', ')']));
            let numbers = words.take_while(|word| ["", "and"].contains(word) || is_number(word));
            cited.extend(numbers.filter(|word| is_number(word)).map(str::to_owned));
        }
    }
    cited
}

fn is_behaviour(word: &str) -> bool {
    word.strip_prefix(['R', 'I', 'F', 'S', 'C', 'V', 'J', 'Q', 'D', 'N', 'H'])
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Every promise has a test that cites it. What is not there yet is named in the head of the document.
#[test]
fn every_behaviour_is_cited_by_a_test() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/behaviours.md");
    let text = fs::read_to_string(document).unwrap();
    let listed = text.lines().filter_map(|line| line.strip_prefix("- ")?.split(' ').next());
    let listed: Vec<&str> = listed.filter(|word| is_behaviour(word)).collect();
    assert!(listed.len() >= 70, "{listed:?}");

    let head = text.split("Not there yet:").nth(1).map_or("", |after| after.split('.').next().unwrap());
    let head: Vec<&str> = head.split_whitespace().map(|word| word.trim_matches(',')).collect();
    let number = |word: &str| word[1..].parse::<u32>().unwrap();
    let is_to_come = |wanted: &str| {
        let ranges =
            head.windows(3).filter(|words| words[1] == "to" && is_behaviour(words[0]) && is_behaviour(words[2]));
        let mut ranges = ranges.filter(|words| words[0][..1] == wanted[..1]);
        head.contains(&wanted) || ranges.any(|words| (number(words[0])..=number(words[2])).contains(&number(wanted)))
    };
    let cited = citations("behaviour", is_behaviour);
    let missing: Vec<_> = listed.into_iter().filter(|line| !cited.contains(*line) && !is_to_come(line)).collect();
    assert!(missing.is_empty(), "no test cites {missing:?}");
}

/// Every hostile input and fault has a test that cites it.
#[test]
fn every_fault_is_cited_by_a_test() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hostile.md")).unwrap();
    let is_number = |word: &str| word.parse::<u32>().is_ok();
    let cited = citations("HOSTILE", is_number);
    let mut listed = 0;
    let missing: Vec<String> = (1_u32..)
        .map(|number| number.to_string())
        .take_while(|number| text.split_whitespace().any(|word| word.strip_suffix('.') == Some(number)))
        .inspect(|_| listed += 1)
        .filter(|number| !cited.contains(number))
        .collect();
    assert!(listed >= 37, "{listed} are listed");
    assert!(missing.is_empty(), "no test cites {missing:?}");
}
