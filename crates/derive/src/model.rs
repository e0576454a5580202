//! A struct as the derive understands it, once every attribute has been read and found to fit: what `check` makes and
//! `expand` writes out. Fields are named by their place in the struct.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type, Visibility};

use crate::attr::Action;

/// The struct.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) table: String,
    /// Names that the table had before.
    pub(crate) former_names: Vec<String>,
    pub(crate) version: u32,
    pub(crate) fields: Vec<Field>,
    /// Whether serde's attributes make another form of a row than its fields are.
    pub(crate) is_altered: bool,
    /// The primary key first, where there is one.
    pub(crate) uniques: Vec<UniqueKey>,
    pub(crate) has_primary_key: bool,
    pub(crate) indexes: Vec<Index>,
    /// The fields that are columns.
    pub(crate) columns: Vec<usize>,
    pub(crate) relations: Vec<BelongsTo>,
    pub(crate) lists: Vec<ReferencesMany>,
    pub(crate) polymorphics: Vec<Polymorphic>,
    pub(crate) inverses: Vec<Inverse>,
    pub(crate) throughs: Vec<Through>,
}

/// One field. In its type, `Self` is replaced by the struct's name, as most of what is written stands in other impls.
#[expect(clippy::struct_excessive_bools, reason = "each is what one attribute says")]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) ty: Type,
    pub(crate) type_name: String,
    pub(crate) external_name: String,
    /// Other names outside under which it is read.
    pub(crate) aliases: Vec<String>,
    /// Whether its ids may name rows that are gone.
    pub(crate) is_plain: bool,
    /// Whether a row that is loaded need not have the value that was saved: serde leaves the field out, or the user says so.
    pub(crate) may_differ: bool,
    /// Whether serde reads a row without it.
    pub(crate) has_default: bool,
    /// Whether it has a name of its own, if it is outside at all: it is not flattened.
    pub(crate) has_name: bool,
    /// Whether serde leaves it out, in one direction at least.
    pub(crate) is_skipped: bool,
    /// Whether its value outside is written and read by its type.
    pub(crate) has_own_form: bool,
}

/// A unique key.
pub(crate) struct UniqueKey {
    pub(crate) fields: Vec<usize>,
    /// What declared it.
    pub(crate) span: Span,
}

/// An index that is no unique key.
pub(crate) struct Index {
    pub(crate) fields: Vec<usize>,
    pub(crate) is_ordered: bool,
    /// What declared it.
    pub(crate) span: Span,
}

/// A `belongs_to` relation.
pub(crate) struct BelongsTo {
    pub(crate) name: Name,
    pub(crate) fields: Vec<usize>,
    /// Those of the fields that clearing the key clears.
    pub(crate) cleared: Vec<usize>,
    pub(crate) target: Type,
    pub(crate) reference: Reference,
    pub(crate) on_delete: Option<Action>,
    pub(crate) on_update: Option<Action>,
    /// The expression of the key that `set_default` gives, `Self` replaced in it.
    pub(crate) default: Option<TokenStream>,
    pub(crate) is_deferred: bool,
    pub(crate) is_acyclic: bool,
    /// Whether it is one of those over a polymorphic key.
    pub(crate) is_variant: bool,
}

/// A key that is an enum of ids: beside it there is a `belongs_to` relation for each target.
pub(crate) struct Polymorphic {
    pub(crate) name: Name,
    pub(crate) field: usize,
    pub(crate) targets: Vec<Type>,
}

/// A `references_many` relation.
pub(crate) struct ReferencesMany {
    pub(crate) name: Name,
    pub(crate) field: usize,
    pub(crate) target: Type,
    pub(crate) on_delete: Option<Action>,
}

/// What of the target a foreign key names.
pub(crate) enum Reference {
    Id,
    PrimaryKey,
    /// The unique key on these fields of the target.
    Unique(Vec<Ident>),
}

/// A `has_many` or `has_one` relation.
pub(crate) struct Inverse {
    pub(crate) kind: InverseKind,
    pub(crate) name: Name,
    pub(crate) source: Type,
    /// The relation of the source that it is the inverse of; `None` where the source has one only.
    pub(crate) via: Option<Ident>,
}

/// A `has_many` relation through a link model.
pub(crate) struct Through {
    pub(crate) name: Name,
    pub(crate) target: Type,
    pub(crate) link: Type,
    /// The relations of the link, that to this model and that to the target; `None` where it has one of each only.
    pub(crate) via: Option<[Ident; 2]>,
}

/// How many sources an owner may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum InverseKind {
    HasMany,
    HasOne,
}

/// The name of a relation.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Model {
    /// Whether a field can be edited in place: it is part of no key, and neither in an index nor a column, so that changing
    /// it changes nothing else.
    pub(crate) fn is_editable(&self, field: usize) -> bool {
        self.is_keyless(field)
            && !self.columns.contains(&field)
            && !self.indexes.iter().any(|index| index.fields.contains(&field))
    }

    /// Whether a field is part of no unique key and no foreign key, and no list of ids.
    pub(crate) fn is_keyless(&self, field: usize) -> bool {
        let keys = self.uniques.iter().map(|unique| &unique.fields);
        let mut keys = keys.chain(self.relations.iter().map(|relation| &relation.fields));
        !keys.any(|fields| fields.contains(&field)) && !self.lists.iter().any(|list| list.field == field)
    }

    /// The names of fields, joined.
    pub(crate) fn field_names(&self, fields: &[usize], separator: &str) -> String {
        let names: Vec<String> = fields.iter().map(|&field| self.fields[field].name()).collect();
        names.join(separator)
    }

    /// The name of the constant that stands for a unique key.
    pub(crate) fn unique_constant(&self, unique: &UniqueKey) -> String {
        format!("BY_{}", self.field_names(&unique.fields, "_").to_uppercase())
    }

    /// Whether a row may have no target over a relation.
    pub(crate) fn may_lack_target(&self, relation: &BelongsTo) -> bool {
        relation.is_variant || self.is_optional(&relation.fields)
    }

    /// Whether a row may lack this key.
    pub(crate) fn is_optional(&self, fields: &[usize]) -> bool {
        fields.iter().any(|&field| self.fields[field].is_optional())
    }
}

impl Field {
    /// Its name, without the `r#` of a raw identifier.
    pub(crate) fn name(&self) -> String {
        unraw(&self.ident)
    }

    /// Whether its type is an `Option`.
    pub(crate) fn is_optional(&self) -> bool {
        argument_of(&self.ty, "Option").is_some()
    }

    /// Its type as part of a key: what is inside of an `Option`.
    pub(crate) fn part(&self) -> &Type {
        argument_of(&self.ty, "Option").unwrap_or(&self.ty)
    }

    /// The model of the `Id<..>` or `Option<Id<..>>` that it is.
    pub(crate) fn id_of(&self) -> Option<&Type> {
        argument_of(self.part(), "Id")
    }

    /// The model of the first `Id<..>` anywhere in its type. An id that another type or an alias hides is not seen.
    pub(crate) fn id_within(&self) -> Option<&Type> {
        id_within(&self.ty)
    }

    /// Whether it can be seen to be a list of ids that can be enforced.
    pub(crate) fn is_list(&self) -> bool {
        is_list(&self.ty)
    }

    /// Whether its type can be seen to have no ids in it.
    pub(crate) fn is_scalar(&self) -> bool {
        const SCALARS: [&str; 17] = [
            "bool", "char", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
            "isize", "f32", "f64",
        ];
        let Type::Path(path) = bare(self.part()) else { return false };
        path.path.get_ident().is_some_and(|word| SCALARS.iter().any(|scalar| word == scalar))
    }
}

impl UniqueKey {
    /// Where the compiler shows what it has against the key: the type of its field, or the list of its fields.
    pub(crate) fn span(&self, model: &Model) -> Span {
        match self.fields[..] {
            [field] => shown_at(model.fields[field].ty.span()),
            _ => shown_at(self.span),
        }
    }
}

impl Index {
    /// Where the compiler shows what it has against the index: the type of its field, or the list of its fields.
    pub(crate) fn span(&self, model: &Model) -> Span {
        match self.fields[..] {
            [field] => shown_at(model.fields[field].ty.span()),
            _ => shown_at(self.span),
        }
    }
}

impl BelongsTo {
    /// Where the compiler shows what it has against the relation: the fields of the target if they are named, the
    /// target if not.
    pub(crate) fn span(&self) -> Span {
        match &self.reference {
            Reference::Unique(fields) => shown_at(fields.first().map_or_else(|| self.target.span(), Ident::span)),
            Reference::Id | Reference::PrimaryKey => shown_at(self.target.span()),
        }
    }
}

impl ReferencesMany {
    /// Where the compiler shows what it has against the relation: the target.
    pub(crate) fn span(&self) -> Span {
        shown_at(self.target.span())
    }
}

impl Inverse {
    /// Where the compiler shows what it has against the relation: the relation of the source if it is named, the source
    /// if not.
    pub(crate) fn span(&self) -> Span {
        shown_at(self.via.as_ref().map_or_else(|| self.source.span(), Ident::span))
    }
}

impl Through {
    /// Where the compiler shows what it has against the relation: the relation to the target if it is named, the link if
    /// not.
    pub(crate) fn span(&self) -> Span {
        shown_at(self.via.as_ref().map_or_else(|| self.link.span(), |[_, far]| far.span()))
    }
}

/// The span of generated code that messages show at a word of the user. Names in it are still those of the macro, and
/// lints know that the user has not written it.
pub(crate) fn shown_at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

impl InverseKind {
    /// As the attribute says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            InverseKind::HasMany => "has_many",
            InverseKind::HasOne => "has_one",
        }
    }
}

impl Name {
    pub(crate) fn of(ident: &Ident) -> Self {
        Name { text: unraw(ident), span: ident.span() }
    }

    /// The name of the constant that stands for the relation.
    pub(crate) fn constant(&self) -> String {
        self.text.to_uppercase()
    }

    /// The name of the method that follows the relation: raw where it is a keyword (`type_id` gives `r#type`).
    pub(crate) fn method(&self) -> Ident {
        match syn::parse_str::<Ident>(&self.text) {
            Ok(_) => Ident::new(&self.text, self.span),
            Err(_) => Ident::new_raw(&self.text, self.span),
        }
    }
}

/// The text of an identifier without `r#`.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

/// `T` of `Wrapper<T>`, known by the last segment of the path: a derive sees names, not types.
pub(crate) fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match (arguments.args.first()?, arguments.args.len()) {
        (GenericArgument::Type(argument), 1) => Some(argument),
        _ => None,
    }
}

/// Whether a type is one of the lists for which `relata::IdList` is implemented.
fn is_list(ty: &Type) -> bool {
    let is_id = |ty| argument_of(ty, "Id").is_some();
    let is_place = |ty| is_id(ty) || argument_of(ty, "Option").is_some_and(is_id);
    let inside = |wrapper| argument_of(ty, wrapper);
    match bare(ty) {
        Type::Array(array) => is_place(&array.elem),
        Type::Slice(slice) => is_id(&slice.elem),
        _ => {
            inside("Vec").is_some_and(is_place)
                || inside("SmallVec").is_some_and(is_list)
                || ["VecDeque", "BTreeSet"].into_iter().filter_map(inside).any(is_id)
                || ["Option", "Box"].into_iter().filter_map(inside).any(is_list)
        }
    }
}

/// The model of the first `Id<..>` in a type. `PhantomData` and functions name types and hold none.
fn id_within(ty: &Type) -> Option<&Type> {
    if let Some(target) = argument_of(ty, "Id") {
        return Some(target);
    }
    match bare(ty) {
        Type::Path(path) => path.path.segments.iter().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) if segment.ident != "PhantomData" => {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(ty) => id_within(ty),
                    _ => None,
                })
            }
            _ => None,
        }),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(id_within),
        Type::Array(array) => id_within(&array.elem),
        Type::Slice(slice) => id_within(&slice.elem),
        Type::Reference(reference) => id_within(&reference.elem),
        _ => None,
    }
}

/// The last segment of a type's path: what two ways to write the same model have in common.
pub(crate) fn short_name(ty: &Type) -> String {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| unraw(&segment.ident)).unwrap_or_default(),
        other => type_name(other.to_token_stream()),
    }
}

/// The type inside the invisible groups that a `macro_rules` argument comes in, and inside parentheses.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// Tokens with `Self` replaced by the struct's name, each in the place of the `Self` it replaces.
pub(crate) fn without_self(tokens: TokenStream, model: &Ident) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => TokenTree::Ident(Ident::new(&model.to_string(), ident.span())),
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), without_self(group.stream(), model));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

/// A type as a person writes it. It goes into the fingerprint of the schema, so it must not depend on how this or that
/// compiler release spaces tokens when it prints them.
pub(crate) fn type_name(tokens: TokenStream) -> String {
    let mut text = String::new();
    append(&mut text, tokens);
    text
}

fn append(text: &mut String, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                append(text, group.stream());
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                if matches!(punct.as_char(), ',' | ';') {
                    text.push(' ');
                }
            }
            word => {
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}
