//! docs/benchmarks.md: what stands between `<!-- generated: name -->` and `<!-- end -->` is written here, all else by
//! hand.

use std::fs;
use std::path::PathBuf;

use crate::options::Options;
use crate::plots;
use crate::run::{ROOT, Results};
use crate::{aims, tables};

fn path() -> PathBuf {
    PathBuf::from(ROOT).join("docs").join("benchmarks.md")
}

/// The generated parts by name. A part whose figures are not there is left out, and so stays as it was.
pub(crate) fn parts(options: &Options, results: &Results) -> Vec<(&'static str, String)> {
    let mut parts = vec![
        ("machine", machine(options, results)),
        ("peers", tables::peers(results)),
        ("plots", plots::list(results)),
    ];
    if let Some(json) = &results.tpch {
        match aims::table(json) {
            Ok(table) => parts.push(("aims", table)),
            Err(error) => eprintln!("no table of aims: {error}"),
        }
    }
    if let Some(printed) = &results.ratios {
        parts.push(("ratios", printed.trim().to_owned() + "\n"));
    }
    parts
}

fn machine(options: &Options, results: &Results) -> String {
    let mut text = format!("{}.\n", results.machine.text());
    if options.is_quick {
        text += "\n**A quick run over few rows, to see that all works: no figures to go by.**\n";
    }
    format!("{text}\n{}", tables::versions(results))
}

/// Writes the parts into the document.
pub(crate) fn write(parts: &[(&str, String)]) -> Result<(), String> {
    let path = path();
    let mut text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    for (name, part) in parts {
        text = replace(&text, name, part)?;
    }
    fs::write(&path, text).map_err(|error| error.to_string())
}

/// The text with another part of this name.
fn replace(text: &str, name: &str, part: &str) -> Result<String, String> {
    const END: &str = "<!-- end -->";
    let start = format!("<!-- generated: {name} -->");
    let missing = || format!("docs/benchmarks.md has no part `{start}` that ends with `{END}`");
    let (before, rest) = text.split_once(&start).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{start}\n\n{}\n\n{END}{after}", part.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_is_replaced() {
        let text = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n<!-- generated: y -->\n<!-- end -->\n";
        let replaced = replace(text, "x", "new\n").unwrap();
        let expected = "a\n<!-- generated: x -->\n\nnew\n\n<!-- end -->\nb\n<!-- generated: y -->\n<!-- end -->\n";
        assert_eq!(replaced, expected);
        assert_eq!(replace(&replaced, "x", "new").unwrap(), replaced, "the same again");
        assert!(replace(text, "z", "new").is_err());
    }

    #[test]
    fn the_document_has_every_part() {
        let text = fs::read_to_string(path()).unwrap();
        for name in ["machine", "aims", "ratios", "peers", "plots"] {
            replace(&text, name, "").unwrap();
        }
    }
}
