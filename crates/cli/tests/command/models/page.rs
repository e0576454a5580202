//! docs/models.md shows what the command writes.

use std::path::Path;

use super::definition;

#[test]
fn the_models_on_the_page_are_those_that_are_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models.md");
    let page = std::fs::read_to_string(page).unwrap();
    let written: String =
        ["shop.rs", "registry.rs"].map(|file| std::fs::read_to_string(definition(file)).unwrap()).concat();
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    let models: Vec<&str> = blocks.iter().flat_map(|block| block.trim().split("\n\n")).collect();
    assert_eq!(models.len(), 3, "{models:?}");
    for model in models {
        assert!(written.contains(model), "this is not written:\n{model}");
    }
    // And the definition is the one that it is written from.
    let json = page.split("```json\n").nth(1).and_then(|block| block.split("```").next()).unwrap();
    let shown: serde_json::Value = serde_json::from_str(json).unwrap();
    let whole = std::fs::read_to_string(definition("shop/customer.json")).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(*value, whole[name], "{name}");
    }
}
