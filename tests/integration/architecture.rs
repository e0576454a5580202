//! The rooms of the library: a module imports only from those that `lib.rs` lists above it.

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
