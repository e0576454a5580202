//! A source file as far as relations need it: its models, their fields and relations, and where they stand in the text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, GenericArgument, Item, ItemStruct, PathArguments, Type, UseTree, Visibility};

use crate::names::{plural, relation_of_key};

/// A file.
pub(super) struct SourceFile {
    pub(super) text: String,
    pub(super) models: Vec<ModelSource>,
    /// Structs that are no models.
    others: Vec<String>,
}

/// A struct that derives `Model`.
pub(super) struct ModelSource {
    pub(super) name: String,
    pub(super) visibility: String,
    /// Whether its module can write `Id` without its path.
    pub(super) has_id: bool,
    pub(super) items: Vec<AttributeItem>,
    pub(super) fields: Vec<FieldSource>,
    /// The end of its last `#[derive(..)]` or `#[model(..)]`.
    pub(super) attributes_end: usize,
    /// Where its attributes begin.
    pub(super) start: usize,
    /// Its braces, each where it begins.
    pub(super) braces: (usize, usize),
    /// Whether there is a comma behind its last field.
    pub(super) has_last_comma: bool,
}

/// A field.
pub(super) struct FieldSource {
    pub(super) name: String,
    pub(super) visibility: String,
    /// Its type without the `Option`.
    pub(super) part: String,
    pub(super) is_optional: bool,
    /// The model whose id it is.
    pub(super) id_of: Option<String>,
    /// The model whose ids it lists.
    pub(super) list_of: Option<String>,
    pub(super) items: Vec<AttributeItem>,
    /// Where it begins, behind its attributes.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// `word`, `word(arguments)` or `word = arguments` in `#[model(..)]`.
#[derive(Clone)]
pub(super) struct AttributeItem {
    pub(super) word: String,
    pub(super) arguments: Vec<TokenTree>,
}

/// A relation whose key is in the model.
pub(super) struct KeySource {
    pub(super) name: String,
    pub(super) fields: Vec<String>,
    pub(super) target: String,
    pub(super) is_list: bool,
}

/// A relation whose key is elsewhere.
pub(super) struct InverseSource {
    pub(super) word: String,
    pub(super) name: String,
    pub(super) model: String,
    pub(super) through: Option<String>,
    pub(super) has_via: bool,
}

impl SourceFile {
    pub(super) fn read(text: String) -> Result<Self, String> {
        // The parser counts from behind what no Rust is.
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let is_script = text[mark..].starts_with("#!") && !text[mark..].starts_with("#![");
        let start = if is_script { text.find('\n').unwrap_or(text.len()) } else { mark };
        let file = syn::parse_file(&text[start..]).map_err(|error| {
            let at = error.span().start();
            format!("this is no Rust: line {}, column {}: {error}", at.line, at.column + 1)
        })?;
        let mut found = SourceFile { text, models: Vec::new(), others: Vec::new() };
        found.collect(&file.items, start, false);
        Ok(found)
    }

    /// The structs of a module and of those inside of it.
    fn collect(&mut self, items: &[Item], start: usize, is_outside: bool) {
        let brings = |item: &Item| matches!(item, Item::Use(item) if brings_id(&item.tree, false, is_outside));
        let has_id = items.iter().any(brings);
        for item in items {
            match item {
                Item::Struct(item) if is_model(item) => {
                    self.models.push(ModelSource::new(item, (&self.text, start), has_id));
                }
                Item::Struct(item) => self.others.push(item.ident.to_string()),
                Item::Mod(item) => self.collect(item.content.as_ref().map_or(&[], |(_, items)| items), start, has_id),
                _ => {}
            }
        }
    }

    /// The place of a model.
    pub(super) fn model(&self, name: &str) -> Result<usize, String> {
        let mut places = (0..self.models.len()).filter(|&place| self.models[place].name == name);
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (Some(_), Some(_)) => Err(format!("several models are called `{name}`")),
            (None, _) if self.others.iter().any(|other| other == name) => {
                Err(format!("`{name}` is no model: it does not derive `Model`"))
            }
            (None, _) => {
                let names: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(format!("there is no model `{name}`; there are: {known}"))
            }
        }
    }
}

fn is_model(item: &ItemStruct) -> bool {
    let derives = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
    derives
        .into_iter()
        .flat_map(|attribute| split(arguments_of(attribute)))
        .any(|path| matches!(path.last(), Some(TokenTree::Ident(word)) if word == "Model"))
}

/// Whether a `use` brings relata's `Id` by its name: from relata, or with all else from a module outside that has it.
fn brings_id(tree: &UseTree, is_relata: bool, is_outside: bool) -> bool {
    match tree {
        UseTree::Path(path) if path.ident == "super" => brings_id(&path.tree, is_outside, is_outside),
        UseTree::Path(path) => brings_id(&path.tree, is_relata || path.ident == "relata", is_outside),
        UseTree::Name(name) => is_relata && name.ident == "Id",
        UseTree::Glob(_) => is_relata,
        UseTree::Group(group) => group.items.iter().any(|tree| brings_id(tree, is_relata, is_outside)),
        UseTree::Rename(_) => false,
    }
}

impl ModelSource {
    /// `start` is where in the text the parser has begun.
    fn new(item: &ItemStruct, (text, start): (&str, usize), has_id: bool) -> Self {
        let place = |span: proc_macro2::Span| start + span.byte_range().start;
        let end = |span: proc_macro2::Span| start + span.byte_range().end;
        let written = |span: proc_macro2::Span| text[place(span)..end(span)].to_owned();
        let visibility = |visibility: &Visibility| match visibility {
            Visibility::Inherited => String::new(),
            other => written(other.span()),
        };
        let name = item.ident.to_string();
        let ours = item.attrs.iter().filter(|one| one.path().is_ident("derive") || one.path().is_ident("model"));
        let (braces, has_last_comma) = match &item.fields {
            Fields::Named(fields) => {
                let delimiters = fields.brace_token.span;
                ((place(delimiters.open()), place(delimiters.close())), fields.named.trailing_punct())
            }
            _ => ((0, 0), false),
        };
        let fields = item.fields.iter().filter_map(|field| {
            let ident = field.ident.as_ref()?;
            let (optional, list) = (argument_of(&field.ty, "Option"), argument_of(&field.ty, "Vec"));
            let part = optional.unwrap_or(&field.ty);
            let model = |ty: Option<&Type>| ty.map(|ty| last_word(ty, &name));
            let is_private = matches!(field.vis, Visibility::Inherited);
            let visible = if is_private { ident.span() } else { field.vis.span() };
            Some(FieldSource {
                name: unraw(&ident.to_string()),
                visibility: visibility(&field.vis),
                part: written(part.span()),
                is_optional: optional.is_some(),
                id_of: model(argument_of(part, "Id")),
                list_of: model(list.and_then(|list| argument_of(list, "Id"))),
                items: items_of(&field.attrs),
                start: place(visible),
                end: end(field.ty.span()),
            })
        });
        ModelSource {
            visibility: visibility(&item.vis),
            has_id,
            items: items_of(&item.attrs),
            fields: fields.collect(),
            attributes_end: ours.map(|one| end(one.span())).max().unwrap_or(0),
            start: place(item.span()),
            braces,
            has_last_comma,
            name,
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&FieldSource> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The relations whose keys are here.
    pub(super) fn relations(&self) -> Vec<KeySource> {
        let mut relations = Vec::new();
        for field in &self.fields {
            let Some(item) = field.item("belongs_to").or_else(|| field.item("references_many")) else { continue };
            let is_list = item.word == "references_many";
            let given = field.items.iter().find(|item| item.word == "name").map(AttributeItem::word_in);
            let default = match field.name.strip_suffix("_ids").filter(|_| is_list) {
                Some(stem) => plural(stem),
                None => relation_of_key(&field.name).to_owned(),
            };
            let name = given.or_else(|| item.option("name")).unwrap_or(default);
            let seen = field.id_of.as_ref().or(field.list_of.as_ref());
            let targets: Vec<String> = seen.map_or_else(|| item.targets(&self.name), |model| vec![model.clone()]);
            let is_polymorphic = targets.len() > 1;
            for target in targets {
                let end =
                    if is_polymorphic { format!("_{}", crate::names::snake_case(&target)) } else { String::new() };
                let fields = vec![field.name.clone()];
                relations.push(KeySource { name: format!("{name}{end}"), fields, target, is_list });
            }
            if is_polymorphic {
                // Its own name is taken too, and leads to no one model.
                relations.push(KeySource { name, fields: Vec::new(), target: String::new(), is_list });
            }
        }
        for item in self.items.iter().filter(|item| item.word == "belongs_to") {
            let Some(target) = item.targets(&self.name).into_iter().next() else { continue };
            let name = item.option("name").unwrap_or_else(|| crate::names::snake_case(&target));
            relations.push(KeySource { name, fields: item.list("key_from"), target, is_list: false });
        }
        relations
    }

    /// The relations whose keys are elsewhere.
    pub(super) fn inverses(&self) -> Vec<InverseSource> {
        let is_inverse = |item: &&AttributeItem| ["has_many", "has_one"].contains(&item.word.as_str());
        let inverses = self.items.iter().filter(is_inverse).map(|item| {
            let parts = split(item.arguments.clone());
            let words = |part: Option<&Vec<TokenTree>>| -> Vec<String> {
                let words = part.into_iter().flatten().filter(|token| matches!(token, TokenTree::Ident(_)));
                words.map(|word| unraw(&word.to_string())).collect()
            };
            let named = words(parts.first());
            let option =
                |word: &str| parts.iter().skip(1).find(|part| words(Some(part)).first().is_some_and(|w| w == word));
            InverseSource {
                word: item.word.clone(),
                name: named.first().cloned().unwrap_or_default(),
                model: named.last().map_or_else(String::new, |model| self.or_itself(model)),
                through: option("through").map(|part| words(Some(part)).last().cloned().unwrap_or_default()),
                has_via: option("via").is_some(),
            }
        });
        inverses.collect()
    }

    fn or_itself(&self, model: &str) -> String {
        if model == "Self" { self.name.clone() } else { model.to_owned() }
    }

    /// The primary key.
    pub(super) fn primary_key(&self) -> Vec<String> {
        self.keys("primary_key").into_iter().next().unwrap_or_default()
    }

    /// Whether no two rows have the same values in all of these fields.
    pub(super) fn is_unique(&self, fields: &[String]) -> bool {
        let mut keys = self.keys("primary_key").into_iter().chain(self.keys("unique"));
        keys.any(|key| key.iter().all(|field| fields.contains(field)))
    }

    /// The keys that are said by this word, on fields and on the struct.
    fn keys(&self, word: &str) -> Vec<Vec<String>> {
        let of_fields =
            self.fields.iter().filter(|field| field.item(word).is_some()).map(|field| vec![field.name.clone()]);
        let of_struct = self.items.iter().filter(|item| item.word == word).map(AttributeItem::words);
        of_fields.chain(of_struct).collect()
    }
}

impl FieldSource {
    pub(super) fn item(&self, word: &str) -> Option<&AttributeItem> {
        self.items.iter().find(|item| item.word == word)
    }
}

impl AttributeItem {
    fn words(&self) -> Vec<String> {
        let words = self.arguments.iter().filter(|token| matches!(token, TokenTree::Ident(_)));
        words.map(|word| unraw(&word.to_string())).collect()
    }

    fn word_in(&self) -> String {
        self.words().into_iter().next().unwrap_or_default()
    }

    /// The models before its options.
    fn targets(&self, itself: &str) -> Vec<String> {
        let parts = split(self.arguments.clone()).into_iter();
        let is_path = |part: &Vec<TokenTree>| {
            part.iter().all(|token| match token {
                TokenTree::Ident(_) => true,
                TokenTree::Punct(mark) => mark.as_char() == ':',
                _ => false,
            }) && !matches!(&part[..], [TokenTree::Ident(word)] if ["deferred", "acyclic"].iter().any(|option| word == option))
        };
        let last = |part: Vec<TokenTree>| part.last().map_or(String::new(), |word| unraw(&word.to_string()));
        let targets = parts.filter(is_path).map(last);
        targets.map(|target| if target == "Self" { itself.to_owned() } else { target }).collect()
    }

    /// `name = buyer` in its parentheses.
    fn option(&self, word: &str) -> Option<String> {
        split(self.arguments.clone()).into_iter().find_map(|part| match &part[..] {
            [TokenTree::Ident(first), TokenTree::Punct(_), TokenTree::Ident(value)] if first == word => {
                Some(unraw(&value.to_string()))
            }
            _ => None,
        })
    }

    /// `key_from(a, b)` or `key_from = a` in its parentheses.
    fn list(&self, word: &str) -> Vec<String> {
        let found = split(self.arguments.clone()).into_iter().find_map(|part| match &part[..] {
            [TokenTree::Ident(first), TokenTree::Group(group)] if first == word => {
                let words = group.stream().into_iter().filter(|token| matches!(token, TokenTree::Ident(_)));
                Some(words.map(|word| unraw(&word.to_string())).collect())
            }
            _ => None,
        });
        found.or_else(|| self.option(word).map(|field| vec![field])).unwrap_or_default()
    }
}

/// The items of every `#[model(..)]`.
fn items_of(attributes: &[Attribute]) -> Vec<AttributeItem> {
    let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("model"));
    let items = ours.flat_map(|attribute| split(arguments_of(attribute))).filter_map(|part| {
        let (word, arguments) = part.split_first()?;
        let arguments = match arguments {
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
                group.stream().into_iter().collect()
            }
            [TokenTree::Punct(_), value @ ..] => value.to_vec(),
            _ => Vec::new(),
        };
        Some(AttributeItem { word: word.to_string(), arguments })
    });
    items.collect()
}

fn arguments_of(attribute: &Attribute) -> Vec<TokenTree> {
    attribute.meta.require_list().map_or_else(|_| TokenStream::new(), |list| list.tokens.clone()).into_iter().collect()
}

/// Tokens between commas.
fn split(tokens: Vec<TokenTree>) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ',' => parts.push(Vec::new()),
            token => parts.last_mut().into_iter().for_each(|part| part.push(token.clone())),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// `T` of `Wrapper<T>`, known by the last segment of the path, as the derive knows it.
fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    }
}

/// The name of the model that a type is.
fn last_word(ty: &Type, itself: &str) -> String {
    let Type::Path(path) = ty else { return String::new() };
    let word = path.path.segments.last().map_or(String::new(), |segment| unraw(&segment.ident.to_string()));
    if word == "Self" { itself.to_owned() } else { word }
}

fn unraw(word: &str) -> String {
    word.strip_prefix("r#").unwrap_or(word).to_owned()
}
