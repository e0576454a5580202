//! Names from outside as names of Rust, and the names that LoopBack gives by itself.

/// Words of the language that can be a name as `r#word`.
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "static",
];
/// Words that cannot be a name at all.
const NEVER: [&str; 5] = ["", "_", "self", "super", "crate"];
/// Types that the written source uses by these names.
const TYPES: [&str; 11] = [
    "Database",
    "DatabaseBuilder",
    "Deserialize",
    "GeoPoint",
    "Id",
    "Model",
    "Option",
    "Self",
    "Serialize",
    "String",
    "Vec",
];

/// `orderLines`, `OrderLines` and `order lines` as `order_lines`.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (place, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            if !text.is_empty() && !text.ends_with('_') {
                text.push('_');
            }
            continue;
        }
        let before = place.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(place + 1);
        // A new word begins at a capital behind a small letter, and at the last capital of several: `HTTPServer`.
        let is_first = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if is_first && !text.ends_with('_') {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    let text = text.trim_end_matches('_');
    if text.starts_with(char::is_numeric) { format!("_{text}") } else { text.to_owned() }
}

/// `order_lines` as `orderLines`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut letters = capitalised(&snake_case(name)).chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_lowercase().next().unwrap_or(*first);
    }
    letters.into_iter().collect()
}

/// The name of a struct: `order_lines` as `OrderLines`.
pub(crate) fn type_name(name: &str) -> String {
    let is_one = name.starts_with(char::is_uppercase)
        && name.contains(char::is_lowercase)
        && name.chars().all(char::is_alphanumeric);
    let mut text = if is_one { name.to_owned() } else { capitalised(&snake_case(name)) };
    if text.is_empty() || text.starts_with(char::is_numeric) {
        text.insert_str(0, "Table");
    }
    if TYPES.contains(&text.as_str()) { text + "Row" } else { text }
}

fn capitalised(snake: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    snake.split('_').map(word).collect()
}

/// The name of a field or a relation, without the `r#` of a keyword.
pub(crate) fn field_name(name: &str) -> String {
    let text = snake_case(name);
    if NEVER.contains(&text.as_str()) { format!("{text}_value").trim_start_matches('_').to_owned() } else { text }
}

/// A name as it is written: a keyword as `r#type`.
pub(crate) fn written(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// Whether a text can be the name of a field.
pub(crate) fn is_field_name(name: &str) -> bool {
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    !NEVER.contains(&name) && name.chars().all(word) && !name.starts_with(char::is_numeric)
}

/// The name of a relation in a field's name: without `_id`, as the derive has it.
pub(crate) fn relation_of_key(field: &str) -> &str {
    field.strip_suffix("_id").unwrap_or(field)
}

/// The plural of a name, by the rules by which the derive names lists of ids.
pub(crate) fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) && !stem.is_empty() => format!("{stem}ies"),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| one.ends_with(end)) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

/// The plural of the name of a table, which may be one already: `orders` stays, `address` becomes `addresses`.
pub(crate) fn many(name: &str) -> String {
    let is_plural = name.ends_with('s') && !["ss", "us", "is"].iter().any(|end| name.ends_with(end));
    if is_plural { name.to_owned() } else { plural(name) }
}

/// What serde makes of a field's name by a rule of `rename_all`.
pub(crate) fn renamed(field: &str, rule: &str) -> String {
    let pascal: String = field
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect();
    match rule {
        "PascalCase" => pascal,
        "camelCase" => {
            let mut letters = pascal.chars();
            letters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + letters.as_str())
        }
        "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_style_become_those_of_rust() {
        for (outside, snake, camel, ty) in [
            ("Customer", "customer", "customer", "Customer"),
            ("orderLine", "order_line", "orderLine", "OrderLine"),
            ("order_lines", "order_lines", "orderLines", "OrderLines"),
            ("ORDER LINES", "order_lines", "orderLines", "OrderLines"),
            ("HTTPServer", "http_server", "httpServer", "HTTPServer"),
            ("address1Line", "address1_line", "address1Line", "Address1Line"),
            ("2nd-hand", "_2nd_hand", "2ndHand", "Table2ndHand"),
            ("option", "option", "option", "OptionRow"),
        ] {
            assert_eq!(snake_case(outside), snake);
            assert_eq!(camel_case(outside), camel);
            assert_eq!(type_name(outside), ty);
        }
        assert_eq!((field_name("self").as_str(), field_name("?").as_str()), ("self_value", "value"));
        assert_eq!((written("type").as_str(), written("kind").as_str()), ("r#type", "kind"));
    }

    #[test]
    fn what_is_plural_stays() {
        for (name, plural) in [
            ("order", "orders"),
            ("orders", "orders"),
            ("address", "addresses"),
            ("category", "categories"),
            ("status", "statuses"),
            ("day", "days"),
        ] {
            assert_eq!(many(name), plural);
        }
    }
}
