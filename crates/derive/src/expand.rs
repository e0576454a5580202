//! From a [`Model`] to the declarations that `relata` reads: marker types, constants, trait implementations.
//!
//! All types written here live in one `const _` block, out of the user's sight, but their names are in scope for the
//! types of the user's fields: hence the two underscores before each. Paths are fully qualified, as a user may have a
//! type of any name. The visibility of what is written is that of the struct and of its fields.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

mod fields;
mod lists;
mod views;

use crate::attr::Action;
use crate::lossless;
use crate::model::{
    BelongsTo, Inverse, InverseKind, Model, Polymorphic, Reference, Through, UniqueKey, short_name, shown_at, unraw,
};

/// Writes the declarations of a model.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let uniques = model.uniques.iter().enumerate().map(|(index, unique)| unique_key(model, index, unique));
    let relations = model.relations.iter().enumerate().map(|(index, relation)| belongs_to(model, index, relation));
    let behind = model.relations.len();
    let lists = model.lists.iter().enumerate().map(|(index, list)| lists::references_many(model, behind + index, list));
    let primary_key = primary_key(model);
    let variants = variants(model);
    let refers_to = refers_to(model);
    let single_relations = single_relations(model);
    let constants = constants(model);
    let fields = fields::fields(model);
    let indexes = fields::indexes(model);
    let declaration = declaration(model);
    let editable = views::editable(model);
    let navigate = views::navigate(model);
    quote! {
        #[doc(hidden)]
        #[allow(dead_code, deprecated, non_camel_case_types, non_snake_case, private_interfaces, unreachable_pub)]
        const _: () = {
            #(#uniques)*
            #(#relations)*
            #(#lists)*
            #primary_key
            #variants
            #refers_to
            #single_relations
            #constants
            #fields
            #indexes
            #declaration
            #editable
            #navigate
        };
    }
}

/// Declares a marker. Only what the compiler can have something against says that it is the user's own: this does not,
/// so that no lint asks the user for more of it.
fn marker_type(model: &Model, marker: &Ident) -> TokenStream {
    let visibility = &model.visibility;
    quote! {
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #visibility struct #marker;
    }
}

/// The zero-sized type that stands for a unique key or a relation.
fn marker(model: &Model, name: &str) -> Ident {
    format_ident!("__{}_{}", unraw(&model.ident), name)
}

fn unique_marker(model: &Model, unique: &UniqueKey) -> Ident {
    marker(model, &format!("by_{}", model.field_names(&unique.fields, "_")))
}

fn unique_key(model: &Model, index: usize, unique: &UniqueKey) -> TokenStream {
    let ident = &model.ident;
    let marker = unique_marker(model, unique);
    let declaration = marker_type(model, &marker);
    let names = names(model, &unique.fields);
    let parts = unique.fields.iter().map(|&field| model.fields[field].part());
    let key = key(model, &unique.fields);
    let joined = model.field_names(&unique.fields, ",");
    quote_spanned! {unique.span(model)=>
        #declaration

        #[automatically_derived]
        impl ::relata::Unique for #marker {
            type Model = #ident;
            type Key = (#(#parts,)*);
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            const INDEX: usize = #index;

            fn key(row: &#ident) -> ::core::option::Option<<Self::Key as ::relata::Key>::Ref<'_>> {
                #key
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::relata::NamedUnique<{ ::relata::name_hash(#joined) }> for #ident {
            type Unique = #marker;
        }
    }
}

fn primary_key(model: &Model) -> Option<TokenStream> {
    let unique = model.uniques.first().filter(|_| model.has_primary_key)?;
    let (ident, marker) = (&model.ident, unique_marker(model, unique));
    Some(quote! {
        #[automatically_derived]
        impl ::relata::HasPrimaryKey for #ident {
            type PrimaryKey = #marker;
        }
    })
}

/// The names of fields as literals.
fn names(model: &Model, fields: &[usize]) -> Vec<String> {
    fields.iter().map(|&field| model.fields[field].name()).collect()
}

/// The parts of a natural key as a row lends them; `None` where one is absent.
fn key(model: &Model, fields: &[usize]) -> TokenStream {
    let parts = fields.iter().map(|&field| {
        let field = &model.fields[field];
        let ident = &field.ident;
        if field.is_optional() {
            quote_spanned!(shown_at(ident.span())=> row.#ident.as_ref()?)
        } else {
            quote_spanned!(shown_at(ident.span())=> &row.#ident)
        }
    });
    quote!(::core::option::Option::Some((#(#parts,)*)))
}

fn belongs_to(model: &Model, index: usize, relation: &BelongsTo) -> TokenStream {
    let (ident, name, target) = (&model.ident, &relation.name.text, &relation.target);
    let marker = marker(model, name);
    let declaration = marker_type(model, &marker);
    let presence = match (model.is_optional(&relation.fields), relation.is_variant) {
        (true, _) => quote!(Optional),
        (false, true) => quote!(OneOf),
        (false, false) => quote!(Required),
    };
    let reference = reference(relation);
    let names = names(model, &relation.fields);
    let on_delete = action("ON_DELETE", relation.on_delete.as_ref());
    let on_update = action("ON_UPDATE", relation.on_update.as_ref());
    let deferred = relation.is_deferred.then(|| {
        quote!(
            const DEFERRED: bool = true;
        )
    });
    let default_key = relation.default.as_ref().map(|default| {
        quote! {
            fn default_key() -> ::core::option::Option<::relata::KeyOf<Self>> {
                ::core::option::Option::Some(#default)
            }
        }
    });
    let acyclic = relation.is_acyclic.then(|| {
        quote!(
            const ACYCLIC: bool = true;
        )
    });
    let key = foreign_key(model, relation);
    let assign = assign(model, relation);
    quote_spanned! {relation.span()=>
        #declaration

        #[automatically_derived]
        impl ::relata::Relation for #marker {
            type Source = #ident;
            type Target = #target;
            type Presence = ::relata::#presence;
            type Reference = #reference;
            const NAME: &'static str = #name;
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            const INDEX: usize = #index;
            #on_delete
            #on_update
            #deferred
            #acyclic

            fn key(row: &#ident) -> ::core::option::Option<::relata::KeyRef<'_, Self>> {
                #key
            }

            fn assign(row: &mut #ident, key: ::core::option::Option<::relata::KeyOf<Self>>) {
                #assign
            }

            #default_key
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::relata::NamedRelation<{ ::relata::name_hash(#name) }> for #ident {
            type Relation = #marker;
        }
    }
}

fn reference(relation: &BelongsTo) -> TokenStream {
    let target = &relation.target;
    match &relation.reference {
        Reference::Id => quote_spanned!(relation.span()=> ::relata::ById<#target>),
        Reference::PrimaryKey => quote_spanned! {relation.span()=>
            ::relata::ByKey<<#target as ::relata::HasPrimaryKey>::PrimaryKey>
        },
        Reference::Unique(fields) => {
            let joined = fields.iter().map(unraw).collect::<Vec<_>>().join(",");
            quote_spanned! {relation.span()=>
                ::relata::ByKey<<#target as ::relata::NamedUnique<{ ::relata::name_hash(#joined) }>>::Unique>
            }
        }
    }
}

fn action(constant: &str, action: Option<&Action>) -> Option<TokenStream> {
    let (constant, variant) = (format_ident!("{constant}"), format_ident!("{}", action?.variant));
    Some(quote!(const #constant: ::relata::Action = ::relata::Action::#variant;))
}

/// The body of `Relation::key`.
fn foreign_key(model: &Model, relation: &BelongsTo) -> TokenStream {
    if relation.is_variant {
        let field = &model.fields[relation.fields[0]];
        let (ident, target, ty) = (&field.ident, &relation.target, field.part());
        let id = quote_spanned!(relation.span()=> <#ty as ::relata::HasVariant<#target>>::id);
        return if field.is_optional() { quote!(row.#ident.and_then(#id)) } else { quote!(#id(row.#ident)) };
    }
    let (Reference::Id, [field]) = (&relation.reference, &relation.fields[..]) else {
        return key(model, &relation.fields);
    };
    let field = &model.fields[*field];
    let ident = &field.ident;
    if field.is_optional() {
        quote_spanned!(shown_at(ident.span())=> row.#ident)
    } else {
        quote_spanned!(shown_at(ident.span())=> ::core::option::Option::Some(row.#ident))
    }
}

/// The body of `Relation::assign`.
fn assign(model: &Model, relation: &BelongsTo) -> TokenStream {
    let fields: Vec<_> = relation.fields.iter().map(|&field| &model.fields[field]).collect();
    if relation.is_variant {
        let (ident, target, ty) = (&fields[0].ident, &relation.target, fields[0].part());
        let variant = quote_spanned!(relation.span()=> <#ty as ::relata::HasVariant<#target>>::of);
        if !fields[0].is_optional() {
            return quote!(row.#ident = #variant(::relata::expect_id::<Self>(key)););
        }
        // The key of another variant is not that of this relation, and stays.
        return quote! {
            if key.is_some() || <Self as ::relata::Relation>::key(row).is_some() {
                row.#ident = key.map(#variant);
            }
        };
    }
    if let [field] = fields[..] {
        let ident = &field.ident;
        return if field.is_optional() {
            quote_spanned!(shown_at(ident.span())=> row.#ident = key;)
        } else {
            quote_spanned! {shown_at(ident.span())=>
                if let ::core::option::Option::Some(key) = key {
                    row.#ident = key;
                }
            }
        };
    }
    let parts: Vec<Ident> = (0..fields.len()).map(|part| format_ident!("part_{part}")).collect();
    let given = fields.iter().zip(&parts).map(|(field, part)| {
        let ident = &field.ident;
        if field.is_optional() {
            quote_spanned!(shown_at(ident.span())=> row.#ident = ::core::option::Option::Some(#part);)
        } else {
            quote_spanned!(shown_at(ident.span())=> row.#ident = #part;)
        }
    });
    let given = quote!(::core::option::Option::Some((#(#parts,)*)) = key { #(#given)* });
    if !model.is_optional(&relation.fields) {
        return quote!(if let #given);
    }
    let cleared = relation.cleared.iter().map(|&field| &model.fields[field].ident);
    quote! {
        if let #given else {
            #(row.#cleared = ::core::option::Option::None;)*
        }
    }
}

/// That the targets of each polymorphic key are those of its enum.
fn variants(model: &Model) -> TokenStream {
    let check = |polymorphic: &Polymorphic| {
        let (ty, targets) = (model.fields[polymorphic.field].part(), &polymorphic.targets);
        let places = targets
            .iter()
            .map(|target| quote_spanned!(shown_at(target.span())=> <#ty as ::relata::HasVariant<#target>>::PLACE));
        quote_spanned! {shown_at(ty.span())=>
            const _: () = ::relata::expect_variants::<#ty>(&[#(#places),*]);
        }
    };
    model.polymorphics.iter().map(check).collect()
}

/// `RefersTo` for every target; where several relations lead there, by the first and with what is to be said of it.
/// Targets are told apart by the last segment of their paths: two paths to one type must not give two implementations.
fn refers_to(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let relations = model.relations.iter().map(|relation| {
        let marker = marker(model, &relation.name.text);
        (&relation.target, &relation.name.text, relation.span(), quote!(#marker))
    });
    let lists = model.lists.iter().map(|list| {
        let marker = marker(model, &list.name.text);
        (&list.target, &list.name.text, list.span(), quote!(::relata::ReferencesMany<#marker>))
    });
    let all: Vec<_> = relations.chain(lists).map(|relation| (short_name(relation.0), relation)).collect();
    let mut implementations = TokenStream::new();
    for (place, (target, (ty, _, span, by))) in all.iter().enumerate() {
        if all[..place].iter().any(|(earlier, _)| earlier == target) {
            continue;
        }
        let names: Vec<String> =
            all.iter().filter(|(other, _)| other == target).map(|(_, (_, name, ..))| format!("`{name}`")).collect();
        let several = (names.len() > 1).then(|| {
            let text = format!(
                "`{ident}` has several relations to `{target}`, {}: say which is meant, as in `via = {}`; of links both, \
                 as in `via(one, other)`",
                names.join(", "),
                names[0].trim_matches('`'),
            );
            quote!(
                const SEVERAL: ::core::option::Option<&'static str> = ::core::option::Option::Some(#text);
            )
        });
        implementations.extend(quote_spanned! {*span=>
            #[automatically_derived]
            impl ::relata::RefersTo<#ty> for #ident {
                type By = #by;
                #several
            }
        });
    }
    implementations
}

/// That where no relation is named by `via`, there is only one.
fn single_relations(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let inverses = model.inverses.iter().filter(|inverse| inverse.via.is_none());
    let of_inverses = inverses.map(|inverse| (&inverse.source, ident.to_token_stream()));
    let throughs = model.throughs.iter().filter(|through| through.via.is_none());
    let of_throughs = throughs.flat_map(|through| {
        [(&through.link, ident.to_token_stream()), (&through.link, through.target.to_token_stream())]
    });
    let checks = of_inverses.chain(of_throughs).map(|(source, target)| {
        quote_spanned! {shown_at(source.span())=>
            const _: () = ::relata::expect_single(<#source as ::relata::RefersTo<#target>>::SEVERAL);
        }
    });
    checks.collect()
}

/// The relation type that a `has_many` or `has_one` is the inverse of.
fn inverse_of(model: &Model, inverse: &Inverse) -> TokenStream {
    match &inverse.via {
        None => only_relation(&inverse.source, &model.ident, inverse.span()),
        Some(via) => named_relation(&inverse.source, via),
    }
}

/// The relation types of a link: that to this model, that to what it is linked with.
fn ends_of(model: &Model, through: &Through) -> [TokenStream; 2] {
    let link = &through.link;
    match &through.via {
        None => [
            only_relation(link, &model.ident, shown_at(link.span())),
            only_relation(link, &through.target, shown_at(link.span())),
        ],
        Some([near, far]) => [named_relation(link, near), named_relation(link, far)],
    }
}

fn only_relation(source: &Type, target: &impl ToTokens, span: Span) -> TokenStream {
    quote_spanned!(span=> <#source as ::relata::RefersTo<#target>>::By)
}

fn named_relation(source: &Type, relation: &Ident) -> TokenStream {
    let name = unraw(relation);
    quote_spanned!(shown_at(relation.span())=> <#source as ::relata::NamedRelation<{ ::relata::name_hash(#name) }>>::Relation)
}

/// `Order::CUSTOMER`, `Customer::ORDERS`, `Customer::BY_EMAIL`.
fn constants(model: &Model) -> TokenStream {
    let (ident, visibility) = (&model.ident, &model.visibility);
    let constant = |name: &str, span: Span, doc: String, ty: &str, of: TokenStream| {
        let (name, ty) = (Ident::new(name, Span::call_site()), format_ident!("{ty}"));
        quote_spanned! {span=>
            #[doc = #doc]
            #visibility const #name: ::relata::#ty<#of> = ::relata::#ty::new();
        }
    };
    let uniques = model.uniques.iter().map(|unique| {
        let doc = format!("The unique key on `{}`.", model.field_names(&unique.fields, "`, `"));
        let marker = unique_marker(model, unique).to_token_stream();
        constant(&model.unique_constant(unique), unique.span(model), doc, "By", marker)
    });
    let relations = model.relations.iter().map(|relation| {
        let name = &relation.name;
        let fields = model.field_names(&relation.fields, "`, `");
        let doc = format!("The `{}` that `{fields}` refers to.", short_name(&relation.target));
        let marker = marker(model, &name.text).to_token_stream();
        constant(&name.constant(), relation.span(), doc, "BelongsTo", marker)
    });
    let lists = model.lists.iter().map(|list| {
        let (name, field) = (&list.name, model.fields[list.field].name());
        let doc = format!("Every `{}` that `{field}` lists.", short_name(&list.target));
        let marker = marker(model, &name.text).to_token_stream();
        constant(&name.constant(), list.span(), doc, "ReferencesMany", marker)
    });
    let inverses = model.inverses.iter().map(|inverse| {
        let (name, source) = (&inverse.name, short_name(&inverse.source));
        let (doc, ty) = match inverse.kind {
            InverseKind::HasMany => (format!("Every `{source}` that refers to the row."), "HasMany"),
            InverseKind::HasOne => (format!("The `{source}` that refers to the row, if there is one."), "HasOne"),
        };
        constant(&name.constant(), inverse.span(), doc, ty, inverse_of(model, inverse))
    });
    let throughs = model.throughs.iter().map(|through| {
        let doc =
            format!("Every `{}` that a `{}` links to the row.", short_name(&through.target), short_name(&through.link));
        let [near, far] = ends_of(model, through);
        constant(&through.name.constant(), through.span(), doc, "Through", quote!(#near, #far))
    });
    quote! {
        #[automatically_derived]
        impl #ident {
            #(#uniques)*
            #(#relations)*
            #(#lists)*
            #(#inverses)*
            #(#throughs)*
        }
    }
}

fn declaration(model: &Model) -> TokenStream {
    let (ident, table, version) = (&model.ident, &model.table, model.version);
    let primary_key = model.has_primary_key.then(|| {
        quote!(
            const PRIMARY_KEY: ::core::option::Option<usize> = ::core::option::Option::Some(0);
        )
    });
    let former_names = (!model.former_names.is_empty()).then(|| {
        let names = &model.former_names;
        quote!(
            const FORMER_NAMES: &'static [&'static str] = &[#(#names),*];
        )
    });
    let aliases: Vec<TokenStream> = model
        .fields
        .iter()
        .flat_map(|field| field.aliases.iter().map(|alias| (alias, field.name())))
        .map(|(alias, name)| quote!((#alias, #name)))
        .collect();
    let aliases = (!aliases.is_empty()).then(|| {
        quote!(
            const ALIASES: &'static [(&'static str, &'static str)] = &[#(#aliases),*];
        )
    });
    let plain: Vec<&String> =
        model.fields.iter().filter(|field| field.is_plain).map(|field| &field.external_name).collect();
    let plain = (!plain.is_empty()).then(|| {
        quote!(
            const PLAIN: &'static [&'static str] = &[#(#plain),*];
        )
    });
    let visited = fields::visited(model);
    let comparison = comparison(model);
    let lossless = lossless::of_model(model);
    let states = views::states(model);
    let columns = model.fields.iter().map(|field| {
        let (name, external_name, type_name) = (field.name(), &field.external_name, &field.type_name);
        quote!(::relata::Column { name: #name, external_name: #external_name, type_name: #type_name })
    });
    let uniques = model.uniques.iter().map(|unique| {
        let marker = unique_marker(model, unique);
        quote!(::relata::Visitor::unique::<#marker>(visitor);)
    });
    let relations = model.relations.iter().map(|relation| {
        let marker = marker(model, &relation.name.text);
        quote_spanned!(relation.span()=> ::relata::Visitor::belongs_to::<#marker>(visitor);)
    });
    let lists = model.lists.iter().map(|list| {
        let marker = marker(model, &list.name.text);
        quote_spanned!(list.span()=> ::relata::Visitor::references_many::<#marker>(visitor);)
    });
    let declared = fields::declared(model);
    let inverses = model.inverses.iter().map(|inverse| {
        let (kind, name) = (format_ident!("{}", inverse.kind.name()), &inverse.name.text);
        let relation = inverse_of(model, inverse);
        quote_spanned!(inverse.span()=> ::relata::Visitor::#kind::<#relation>(visitor, #name);)
    });
    let throughs = model.throughs.iter().map(|through| {
        let name = &through.name.text;
        let [near, far] = ends_of(model, through);
        quote_spanned!(through.span()=> ::relata::Visitor::has_many_through::<#near, #far>(visitor, #name);)
    });
    quote! {
        #[automatically_derived]
        impl ::relata::Model for #ident {
            const NAME: &'static str = #table;
            const VERSION: u32 = #version;
            const COLUMNS: &'static [::relata::Column] = &[#(#columns),*];
            #primary_key
            #former_names
            #aliases
            #plain

            #visited

            #comparison

            #lossless

            #[inline]
            fn declare<__Visitor: ::relata::Visitor<Self>>(visitor: &mut __Visitor) {
                #(#uniques)*
                #(#relations)*
                #(#lists)*
                #declared
                #(#inverses)*
                #(#throughs)*
                let _ = visitor;
            }

            #states
        }
    }
}

/// Compares two rows field by field. What serde leaves out, and what may differ, is passed over.
fn comparison(model: &Model) -> TokenStream {
    let fields = model.fields.iter().filter(|field| !field.may_differ).map(|field| {
        let (ident, name) = (&field.ident, &field.external_name);
        quote! {
            match ::relata::Both(&left.#ident, &right.#ident).are_equal() {
                ::core::option::Option::Some(true) => {}
                ::core::option::Option::Some(false) => return ::relata::Comparison::Differs(#name),
                ::core::option::Option::None => unknown.push(#name),
            }
        }
    });
    quote! {
        fn compare(left: &Self, right: &Self) -> ::relata::Comparison {
            #[allow(unused_imports)]
            use ::relata::Incomparable as _;
            let _ = (left, right);
            #[allow(unused_mut)]
            let mut unknown = ::relata::Fields::default();
            #(#fields)*
            ::relata::Comparison::Same(unknown)
        }
    }
}
