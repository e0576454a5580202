//! The fields as values, and the indexes and columns that are declared on them.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{marker, marker_type};
use crate::model::{Field, Index, Model, Reference, shown_at, unraw};

/// `Order::FIELDS.total_cents`, and the type of each field.
pub(super) fn fields(model: &Model) -> TokenStream {
    let (ident, visibility) = (&model.ident, &model.visibility);
    let holder = format_ident!("__{}Fields", unraw(ident));
    let types = (0..model.fields.len()).map(|place| field_type(model, place));
    let members = model.fields.iter().enumerate().map(|(place, field)| {
        let (name, visibility, of) = (&field.ident, &field.visibility, parameters(model, place));
        let doc = format!("The field `{}`.", field.name());
        quote!(#[doc = #doc] #visibility #name: ::relata::Field<#of>)
    });
    let values = model.fields.iter().map(|field| {
        let name = &field.ident;
        quote!(#name: ::relata::Field::new())
    });
    quote! {
        #(#types)*

        #[doc = "The fields of the model as values."]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #visibility struct #holder {
            #(#members,)*
        }

        #[automatically_derived]
        impl #ident {
            #[doc = "The fields as values, to read, set and query by."]
            #visibility const FIELDS: #holder = #holder { #(#values,)* };
        }
    }
}

fn field_marker(model: &Model, place: usize) -> Ident {
    marker(model, &format!("field_{}", model.fields[place].name()))
}

/// Model, type of the value, presence, type of the field.
fn parameters(model: &Model, place: usize) -> TokenStream {
    let (ident, part, presence) = (&model.ident, model.fields[place].part(), presence(&model.fields[place]));
    let marker = field_marker(model, place);
    quote!(#ident, #part, ::relata::#presence, #marker)
}

fn presence(field: &Field) -> Ident {
    format_ident!("{}", if field.is_optional() { "Optional" } else { "Required" })
}

fn field_type(model: &Model, place: usize) -> TokenStream {
    let (ident, field) = (&model.ident, &model.fields[place]);
    let (name, field_ident, ty, part, presence) =
        (field.name(), &field.ident, &field.ty, field.part(), presence(field));
    let marker = field_marker(model, place);
    let visibility = &field.visibility;
    let column = model.columns.iter().position(|column| *column == place).map(|column| {
        quote!(
            const COLUMN: ::core::option::Option<usize> = ::core::option::Option::Some(#column);
        )
    });
    let is_in = |fields: &Vec<usize>| fields.contains(&place);
    let span = shown_at(field.ty.span());
    let feed = model.uniques.iter().any(|unique| is_in(&unique.fields)).then(|| {
        quote_spanned! {span=>
            fn feed(value: &#part, mut hasher: &mut dyn ::core::hash::Hasher) -> bool {
                ::core::hash::Hash::hash(value, &mut hasher);
                true
            }
        }
    });
    let hash = model.indexes.iter().any(|index| !index.is_ordered && is_in(&index.fields)).then(|| {
        quote_spanned! {span=>
            fn hash(value: &#part) -> ::core::option::Option<u64> {
                ::relata::hash_part(::core::option::Option::Some(value))
            }
        }
    });
    let order = model.indexes.iter().any(|index| index.is_ordered && is_in(&index.fields)).then(|| {
        quote_spanned! {span=>
            fn order(value: &#part) -> ::core::option::Option<::relata::IndexKey> {
                ::core::option::Option::Some(::relata::order_part(::core::option::Option::Some(value)))
            }
        }
    });
    let names_row = model.relations.iter().any(|relation| {
        matches!(relation.reference, Reference::Id) && !relation.is_variant && relation.fields[..] == [place]
    });
    let target = names_row.then(|| {
        quote! {
            fn target(value: &#part) -> ::core::option::Option<::relata::RowId> {
                ::core::option::Option::Some(value.erase())
            }
        }
    });
    let external_name = &field.external_name;
    let abilities = abilities(field);
    quote! {
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #visibility struct #marker;

        #[automatically_derived]
        impl ::relata::FieldOf<#ident, #part, ::relata::#presence> for #marker {
            const INDEX: usize = #place;
            const NAME: &'static str = #name;
            #column

            #[inline]
            fn get(row: &#ident) -> &#ty {
                &row.#field_ident
            }
            #[inline]
            fn get_mut(row: &mut #ident) -> &mut #ty {
                &mut row.#field_ident
            }
            #feed
            #hash
            #order
            #target

            const EXTERNAL_NAME: &'static str = #external_name;
            #abilities
        }
    }
}

/// What the type of a field can do. It can be read by itself only where serde writes it by itself.
fn abilities(field: &Field) -> TokenStream {
    let part = field.part();
    let asks = |name: &str, ty: TokenStream| {
        let name = format_ident!("{name}");
        quote! {
            const #name: ::core::option::Option<#ty> = {
                #[allow(unused_imports)]
                use ::relata::Unable as _;
                ::relata::Ability::<#part>::#name
            };
        }
    };
    let asked = [
        asks("EQUAL", quote!(fn(&#part, &#part) -> bool)),
        asks("COMPARE", quote!(fn(&#part, &#part) -> ::core::option::Option<::core::cmp::Ordering>)),
        asks("HASH", quote!(fn(&#part) -> u64)),
        asks("ORDER", quote!(fn(&#part) -> ::relata::IndexKey)),
        asks("TEXT", quote!(fn(&#part) -> &str)),
    ];
    let has_default = field.has_default.then(|| {
        quote!(
            const HAS_DEFAULT: bool = true;
        )
    });
    let is_skipped = field.is_skipped.then(|| {
        quote!(
            const IS_SKIPPED: bool = true;
        )
    });
    if !field.has_own_form {
        return quote!(#has_default #is_skipped);
    }
    quote! {
        #(#asked)*
        #has_default
        #is_skipped

        fn read<'de, __Deserializer: ::relata::Deserializer<'de>>(
            deserializer: __Deserializer,
        ) -> ::relata::ReadValue<#part, __Deserializer::Error> {
            #[allow(unused_imports)]
            use ::relata::Unable as _;
            ::relata::Ability::<#part>::read(deserializer)
        }
    }
}

/// What `Model::visit_fields` shows.
pub(super) fn visited(model: &Model) -> TokenStream {
    let fields = model.fields.iter().filter(|field| field.has_name).map(|field| {
        let name = &field.ident;
        quote!(::relata::FieldVisitor::field(visitor, Self::FIELDS.#name);)
    });
    quote! {
        fn visit_fields<__Visitor: ::relata::FieldVisitor<Self>>(visitor: &mut __Visitor) {
            #(#fields)*
            let _ = visitor;
        }
    }
}

fn index_marker(model: &Model, index: &Index) -> Ident {
    let kind = if index.is_ordered { "ordered" } else { "index" };
    marker(model, &format!("{kind}_{}", model.field_names(&index.fields, "_")))
}

/// The type of each index.
pub(super) fn indexes(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let one = |(place, index): (usize, &Index)| {
        let (fields, is_ordered, marker) = (&index.fields, index.is_ordered, index_marker(model, index));
        let declaration = marker_type(model, &marker);
        let (function, whole) = if is_ordered { ("order_part", "grouped") } else { ("hash_part", "hashed") };
        let (function, whole) = (format_ident!("{function}"), format_ident!("{whole}"));
        let parts = fields.iter().map(|field| {
            let field = &model.fields[*field];
            let name = &field.ident;
            let value = if field.is_optional() {
                quote!(row.#name.as_ref())
            } else {
                quote!(::core::option::Option::Some(&row.#name))
            };
            quote_spanned!(shown_at(field.ty.span())=> ::relata::#function(#value))
        });
        quote_spanned! {index.span(model)=>
            #declaration

            #[automatically_derived]
            impl ::relata::Index for #marker {
                type Model = #ident;
                const FIELDS: &'static [usize] = &[#(#fields),*];
                const INDEX: usize = #place;
                const IS_ORDERED: bool = #is_ordered;

                fn key(row: &#ident) -> ::relata::IndexKey {
                    ::relata::IndexKey::#whole(&[#(#parts),*])
                }
            }
        }
    };
    model.indexes.iter().enumerate().map(one).collect()
}

/// What `Model::declare` shows of indexes and columns.
pub(super) fn declared(model: &Model) -> TokenStream {
    let indexes = model.indexes.iter().map(|index| {
        let marker = index_marker(model, index).to_token_stream();
        quote!(::relata::Visitor::index::<#marker>(visitor);)
    });
    let columns = model.columns.iter().map(|place| {
        let name = &model.fields[*place].ident;
        quote_spanned!(shown_at(model.fields[*place].ty.span())=> ::relata::Visitor::column(visitor, Self::FIELDS.#name);)
    });
    quote!(#(#indexes)* #(#columns)*)
}
