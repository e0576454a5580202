//! `#[derive(PolymorphicId)]`: an enum of ids, read, checked and written out in one file, as it is small.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Type};

use crate::attr::Errors;
use crate::model::{argument_of, short_name, shown_at, type_name, unraw};
use crate::serde_attr;

/// A variant that holds ids of one model.
struct Variant<'a> {
    ident: &'a Ident,
    model: Type,
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let variants = variants(input, &mut errors);
    errors.finish(())?;
    Ok(expand(input, &variants))
}

fn variants<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Vec<Variant<'a>> {
    if !input.generics.params.is_empty() {
        errors.on(&input.generics, "a polymorphic id has no generic parameters: its models are known");
    }
    // As a part of rows, it must come back from a snapshot as they do.
    serde_attr::rename_rule(&input.attrs, errors);
    let Data::Enum(data) = &input.data else {
        errors.on(&input.ident, "a polymorphic id is an enum, with a variant for each model: `Person(Id<Person>)`");
        return Vec::new();
    };
    if data.variants.is_empty() {
        errors.on(&input.ident, "a polymorphic id needs a variant for each model that it can name a row of");
    }
    let mut variants: Vec<Variant<'a>> = Vec::new();
    for variant in &data.variants {
        serde_attr::external_name(&unraw(&variant.ident), &variant.attrs, None, errors);
        let held = match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
            _ => None,
        };
        let Some(model) = held.and_then(|field| argument_of(&field.ty, "Id")) else {
            errors.on(variant, format!("a variant holds one id: `{0}(Id<{0}>)`", variant.ident));
            continue;
        };
        let name = type_name(model.to_token_stream());
        if variants.iter().any(|other| type_name(other.model.to_token_stream()) == name) {
            errors.on(model, format!("a second variant for `{name}`: each model has one"));
        }
        variants.push(Variant { ident: &variant.ident, model: model.clone() });
    }
    variants
}

fn expand(input: &DeriveInput, variants: &[Variant<'_>]) -> TokenStream {
    let (ident, visibility, count) = (&input.ident, &input.vis, variants.len());
    let rows = format_ident!("{}Row", unraw(ident));
    let rows_doc = format!("The view of a row that a `{}` names.", unraw(ident));
    let models = variants.iter().map(|variant| short_name(&variant.model)).collect::<Vec<_>>().join(", ");
    let declaration = format!(
        "the targets of a relation by `{}` are the models of its variants, in their order: `belongs_to({models})`",
        unraw(ident)
    );
    let row_variants = variants.iter().map(|Variant { ident, model }| {
        let doc = format!("A `{}`.", short_name(model));
        quote_spanned!(shown_at(model.span())=> #[doc = #doc] #ident(::relata::Row<'a, #model>))
    });
    let row_arms = variants.iter().map(|Variant { ident: variant, .. }| {
        quote!(#ident::#variant(id) => ::relata::Database::row(database, id).map(#rows::#variant))
    });
    let debug_arms = variants.iter().map(|Variant { ident: variant, .. }| {
        let name = unraw(variant);
        quote!(#rows::#variant(_) => f.debug_struct(#name).finish_non_exhaustive())
    });
    let of_variants = variants.iter().enumerate().map(|(place, variant)| of_variant(ident, place, variant));
    quote! {
        #[doc = #rows_doc]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #[allow(dead_code, reason = "nobody has to walk from row to row")]
        #visibility enum #rows<'a> {
            #(#row_variants,)*
        }

        #[doc(hidden)]
        #[allow(deprecated, unreachable_patterns)]
        const _: () = {
            #[automatically_derived]
            impl ::core::fmt::Debug for #rows<'_> {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    match self {
                        #(#debug_arms,)*
                    }
                }
            }

            #[automatically_derived]
            impl ::relata::PolymorphicId for #ident {
                const VARIANTS: usize = #count;
                const DECLARATION: &'static str = #declaration;
                type Row<'a> = #rows<'a>;

                fn row(self, database: &::relata::Database) -> ::core::result::Result<#rows<'_>, ::relata::Error> {
                    match self {
                        #(#row_arms,)*
                    }
                }
            }

            #(#of_variants)*
        };
    }
}

fn of_variant(ident: &Ident, place: usize, Variant { ident: variant, model }: &Variant<'_>) -> TokenStream {
    quote_spanned! {shown_at(model.span())=>
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::core::convert::From<::relata::Id<#model>> for #ident {
            fn from(id: ::relata::Id<#model>) -> Self {
                #ident::#variant(id)
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::relata::HasVariant<#model> for #ident {
            const PLACE: usize = #place;

            fn of(id: ::relata::Id<#model>) -> Self {
                #ident::#variant(id)
            }

            fn id(self) -> ::core::option::Option<::relata::Id<#model>> {
                match self {
                    #ident::#variant(id) => ::core::option::Option::Some(id),
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}
