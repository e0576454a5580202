//! From a verb and a path to what is asked.

use std::borrow::Cow;

use axum::http::Method;

/// What is asked of which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The page.
    Explorer,
    /// The document that describes the routes.
    OpenApi { is_yaml: bool },
    /// The models, for the page.
    Schema,
    /// What has changed, as it changes.
    Changes,
    /// Several writes as one.
    Batch,
    /// The rows of a model.
    Model { model: usize, of: OfModel },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfModel {
    All,
    Count,
    Row { id: String, of: OfRow },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfRow {
    Itself,
    Exists,
    DeletePlan,
    Related { relation: String, of: OfRelated },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfRelated {
    All,
    Count,
    /// One of the related rows.
    Row {
        id: String,
    },
    /// The link to a row.
    Link {
        id: String,
    },
}

/// What a path is; `None` where there is nothing. `models` are the paths of the models, `has_relation` says whether a
/// model has a relation.
pub(crate) fn parse(path: &str, models: &[String], has_relation: impl Fn(usize, &str) -> bool) -> Option<Route> {
    // `/orders/` is `/orders`.
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Route::Explorer);
    }
    let parts = path.split('/').map(decode).collect::<Option<Vec<_>>>()?;
    let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
    // An empty part would be an empty id.
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let [first, rest @ ..] = &parts[..] else { return None };
    let Some(model) = models.iter().position(|path| path == first) else {
        return match &parts[..] {
            ["openapi.json"] => Some(Route::OpenApi { is_yaml: false }),
            ["openapi.yaml"] => Some(Route::OpenApi { is_yaml: true }),
            ["schema.json"] => Some(Route::Schema),
            ["changes"] => Some(Route::Changes),
            ["batch"] => Some(Route::Batch),
            ["explorer"] => Some(Route::Explorer),
            _ => None,
        };
    };
    let row = |id: &str, of| OfModel::Row { id: id.to_owned(), of };
    let related = |id: &str, relation: &str, of| {
        has_relation(model, relation).then(|| row(id, OfRow::Related { relation: relation.to_owned(), of }))
    };
    let of = match rest {
        [] => OfModel::All,
        ["count"] => OfModel::Count,
        [id] => row(id, OfRow::Itself),
        [id, "exists"] => row(id, OfRow::Exists),
        [id, "delete-plan"] => row(id, OfRow::DeletePlan),
        [id, relation] => related(id, relation, OfRelated::All)?,
        [id, relation, "count"] => related(id, relation, OfRelated::Count)?,
        [id, relation, "rel", other] => related(id, relation, OfRelated::Link { id: (*other).to_owned() })?,
        [id, relation, other] => related(id, relation, OfRelated::Row { id: (*other).to_owned() })?,
        _ => return None,
    };
    Some(Route::Model { model, of })
}

/// A part of a path without its percent signs; `None` where it is no UTF-8.
fn decode(part: &str) -> Option<Cow<'_, str>> {
    if !part.contains('%') {
        return Some(part.into());
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The path of a model by default, as LoopBack's generators name it: many, in small letters, with hyphens.
pub(crate) fn path_of(model: &str) -> String {
    let mut path = String::new();
    let mut was_small = false;
    for letter in model.chars() {
        if letter == '_' || letter == ' ' {
            path.push('-');
            was_small = false;
            continue;
        }
        if letter.is_uppercase() && was_small {
            path.push('-');
        }
        was_small = letter.is_lowercase() || letter.is_numeric();
        path.extend(letter.to_lowercase());
    }
    let is_vowel = |letter: Option<char>| letter.is_some_and(|letter| "aeiou".contains(letter));
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    if ends(&["ss", "us", "x", "ch", "sh", "zz"]) {
        path.push_str("es");
    } else if path.ends_with('y') && !is_vowel(path.chars().rev().nth(1)) {
        path.pop();
        path.push_str("ies");
    } else if !path.ends_with('s') {
        path.push('s');
    }
    path
}

/// What kind of relation a path goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    BelongsTo,
    ReferencesMany,
    HasOne,
    HasMany,
    Through,
}

/// The verbs that a route has; `along` is the relation that it goes along, if there is one.
pub(crate) fn verbs(route: &Route, along: Option<Along>) -> &'static [Method] {
    const READ: &[Method] = &[Method::GET, Method::HEAD];
    const ROW: &[Method] = &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE];
    const OWNED: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE];
    const ALL: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let Route::Model { of, .. } = route else {
        return if *route == Route::Batch { &[Method::POST] } else { READ };
    };
    let OfModel::Row { of, .. } = of else {
        return if *of == OfModel::All { ALL } else { READ };
    };
    let OfRow::Related { of, .. } = of else {
        return if *of == OfRow::Itself { ROW } else { READ };
    };
    match (of, along) {
        (OfRelated::All, Some(Along::HasMany | Along::HasOne)) => OWNED,
        (OfRelated::Row { .. }, Some(Along::HasMany)) => ROW,
        (OfRelated::Link { .. }, Some(Along::Through)) => &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
        (OfRelated::Link { .. }, _) | (OfRelated::Row { .. }, Some(Along::BelongsTo | Along::HasOne) | None) => &[],
        (OfRelated::All | OfRelated::Count | OfRelated::Row { .. }, _) => READ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_generators() {
        let cases = [
            ("Order", "orders"),
            ("OrderDetail", "order-details"),
            ("order_details", "order-details"),
            ("Category", "categories"),
            ("Key", "keys"),
            ("Address", "addresses"),
            ("Box", "boxes"),
            ("customers", "customers"),
            ("X1Y", "x1-ies"),
        ];
        for (model, path) in cases {
            assert_eq!(path_of(model), path);
        }
    }

    #[test]
    fn fixed_words_come_before_ids_and_empty_ids_are_none() {
        let models = ["orders".to_owned()];
        let parse = |path| parse(path, &models, |_, relation| relation == "customer");
        let model = |of| Some(Route::Model { model: 0, of });
        let row = |id: &str, of| model(OfModel::Row { id: id.into(), of });
        assert_eq!(parse("/orders"), model(OfModel::All));
        assert_eq!(parse("/orders/"), model(OfModel::All));
        assert_eq!(parse("/orders/cou%6et"), model(OfModel::Count));
        assert_eq!(parse("/orders/a%2Fb"), row("a/b", OfRow::Itself));
        assert_eq!(
            parse("/orders/1v1/customer"),
            row("1v1", OfRow::Related { relation: "customer".into(), of: OfRelated::All })
        );
        for wrong in ["/orders//customer", "//orders", "/Orders", "/orders/1v1/nosuch", "/orders/%ff", "/a/b/c/d/e/f"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
