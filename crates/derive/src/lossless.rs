//! `#[derive(Lossless)]`, and the same for models: a value written and read field by field, in one order, without asking
//! the type's own serde implementations.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Type, Variant};

use crate::attr::Errors;
use crate::model::{Model, shown_at, unraw};
use crate::serde_attr;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        errors.on(
            &input.generics,
            "a lossless type has no generic parameters here: implement it for what it is used with",
        );
    }
    let rule = serde_attr::rename_rule(&input.attrs, &mut errors);
    let (write, read) = match &input.data {
        Data::Struct(data) => {
            refuse(&input.attrs, true, &mut errors);
            of_struct(&data.fields, rule.as_deref(), &mut errors)
        }
        Data::Enum(data) => {
            refuse(&input.attrs, false, &mut errors);
            of_enum(data.variants.iter(), &mut errors)
        }
        Data::Union(data) => {
            errors.at(data.union_token.span(), "a union has no fields that could be read one after the other");
            Default::default()
        }
    };
    let ident = &input.ident;
    errors.finish(quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::relata::Lossless for #ident {
            #[inline]
            fn write(
                &self,
                out: &mut ::relata::LosslessWriter<'_>,
            ) -> ::core::result::Result<(), ::relata::CodecError> {
                #write
            }

            #[inline]
            fn read(
                from: &mut ::relata::LosslessReader<'_, '_, '_>,
            ) -> ::core::result::Result<Self, ::relata::CodecError> {
                #read
            }
        }
    })
}

/// What a model says of itself, where none of its serde attributes makes its serde form another than its fields are.
pub(crate) fn of_model(model: &Model) -> Option<TokenStream> {
    if model.is_altered {
        return None;
    }
    let types: Vec<&Type> = model.fields.iter().map(|field| &field.ty).collect();
    let idents: Vec<&Ident> = model.fields.iter().map(|field| &field.ident).collect();
    let names: Vec<&String> = model.fields.iter().map(|field| &field.external_name).collect();
    let ok = quote!(::core::result::Result::Ok);
    Some(quote! {
        const IS_LOSSLESS: bool = {
            #[allow(unused_imports)]
            use ::relata::Lossy as _;
            true #(&& ::relata::Probe::<#types>::IS_LOSSLESS)*
        };

        #[inline]
        fn write_lossless(
            &self,
            out: &mut ::relata::LosslessWriter<'_>,
        ) -> ::core::result::Result<(), ::relata::CodecError> {
            #[allow(unused_imports)]
            use ::relata::Lossy as _;
            out.fields(&[#(#names),*])?;
            #(::relata::Probe::<#types>::write(&self.#idents, out)?;)*
            out.end();
            #ok(())
        }

        #[inline]
        fn read_lossless(
            from: &mut ::relata::LosslessReader<'_, '_, '_>,
        ) -> ::core::result::Result<::core::option::Option<Self>, ::relata::CodecError> {
            #[allow(unused_imports)]
            use ::relata::Lossy as _;
            from.fields(&[#(#names),*])?;
            let row = Self { #(#idents: ::relata::Probe::<#types>::read(from)?,)* };
            from.end();
            #ok(::core::option::Option::Some(row))
        }
    })
}

/// Reports attributes that make the serde form another than the fields are.
fn refuse(attributes: &[syn::Attribute], renames_all: bool, errors: &mut Errors) {
    if let Some(word) = serde_attr::alters(attributes, renames_all) {
        errors.at(
            word.span(),
            format!(
                "`serde({word})` makes another form of it than its fields are: such a type is proved when it is saved"
            ),
        );
    }
}

/// The statements that write the fields of a struct or variant, and those that read them: what begins it, the rest of the
/// expression that makes the value, what ends it.
struct Parts {
    write: TokenStream,
    begin: TokenStream,
    construct: TokenStream,
    end: TokenStream,
}

/// `members` are expressions of references to the fields.
fn parts(fields: &Fields, members: &[TokenStream], rule: Option<&str>, errors: &mut Errors) -> Parts {
    fields.iter().for_each(|field| refuse(&field.attrs, false, errors));
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for (field, member) in fields.iter().zip(members) {
        let (ty, span) = (&field.ty, shown_at(field.ty.span()));
        writes.push(quote_spanned!(span=> <#ty as ::relata::Lossless>::write(#member, out)?;));
        reads.push(quote_spanned!(span=> <#ty as ::relata::Lossless>::read(from)?));
    }
    let nothing = TokenStream::new;
    match fields {
        Fields::Named(named) => {
            let idents = named.named.iter().filter_map(|field| Some((field, field.ident.as_ref()?)));
            let (idents, outside): (Vec<&Ident>, Vec<String>) = idents
                .map(|(field, ident)| (ident, serde_attr::external_name(&unraw(ident), &field.attrs, rule, errors)))
                .unzip();
            Parts {
                write: quote!(out.fields(&[#(#outside),*])?; #(#writes)* out.end();),
                begin: quote!(from.fields(&[#(#outside),*])?;),
                construct: quote!({ #(#idents: #reads,)* }),
                end: quote!(from.end();),
            }
        }
        Fields::Unnamed(_) if members.len() == 1 => {
            Parts { write: quote!(#(#writes)*), begin: nothing(), construct: quote!((#(#reads,)*)), end: nothing() }
        }
        Fields::Unnamed(_) => {
            let length = members.len();
            Parts {
                write: quote!(out.list(#length)?; #(#writes)* out.end();),
                begin: quote!(from.list(#length)?;),
                construct: quote!((#(#reads,)*)),
                end: quote!(from.end();),
            }
        }
        Fields::Unit => Parts {
            write: quote!(::relata::Lossless::write(&(), out)?;),
            begin: quote!(<() as ::relata::Lossless>::read(from)?;),
            construct: nothing(),
            end: nothing(),
        },
    }
}

/// The bodies of `write` and `read`.
fn of_struct(fields: &Fields, rule: Option<&str>, errors: &mut Errors) -> (TokenStream, TokenStream) {
    let members: Vec<TokenStream> = fields.members().map(|member| quote!(&self.#member)).collect();
    let Parts { write, begin, construct, end } = parts(fields, &members, rule, errors);
    let read = quote! {
        #begin
        let value = Self #construct;
        #end
        ::core::result::Result::Ok(value)
    };
    (quote!(#write ::core::result::Result::Ok(())), read)
}

/// The same of an enum.
fn of_enum<'a>(variants: impl Iterator<Item = &'a Variant>, errors: &mut Errors) -> (TokenStream, TokenStream) {
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for variant in variants {
        refuse(&variant.attrs, false, errors);
        let (ident, fields) = (&variant.ident, &variant.fields);
        let name = serde_attr::external_name(&unraw(ident), &variant.attrs, None, errors);
        if matches!(fields, Fields::Unit) {
            writes.push(quote!(Self::#ident => out.unit_variant(#name),));
            reads.push(quote!((#name, false) => ::core::result::Result::Ok(Self::#ident),));
            continue;
        }
        let bound: Vec<Ident> = (0..fields.len()).map(|place| format_ident!("__field_{place}")).collect();
        let members: Vec<TokenStream> = bound.iter().map(|ident| quote!(#ident)).collect();
        let places = fields.members();
        let Parts { write, begin, construct, end } = parts(fields, &members, None, errors);
        writes.push(quote! {
            Self::#ident { #(#places: #bound),* } => {
                out.variant(#name)?;
                #write
                out.end();
            }
        });
        reads.push(quote! {
            (#name, true) => {
                #begin
                let value = Self::#ident #construct;
                #end
                from.end();
                ::core::result::Result::Ok(value)
            }
        });
    }
    let write = quote! {
        match self {
            #(#writes)*
        }
        ::core::result::Result::Ok(())
    };
    let read = quote! {
        match from.variant()? {
            #(#reads)*
            _ => ::core::result::Result::Err(from.unknown()),
        }
    };
    (write, read)
}
