//! The generated structs: a row lent to be edited, a row to walk from.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::{ends_of, inverse_of, marker};
use crate::model::{InverseKind, Model, short_name, shown_at, unraw};

/// The view that lends the fields which no index covers.
pub(super) fn editable(model: &Model) -> TokenStream {
    let (ident, visibility) = (&model.ident, &model.visibility);
    if model.fields.is_empty() {
        return quote! {
            #[automatically_derived]
            impl ::relata::Editable for #ident {
                type Mut<'a> = ();

                fn lend(&mut self) {}
            }
        };
    }
    let view = format_ident!("__{}Mut", unraw(ident));
    let mutability = |place| model.is_editable(place).then(|| quote!(mut));
    let members = model.fields.iter().enumerate().map(|(place, field)| {
        let (name, visibility, ty, mutability) = (&field.ident, &field.visibility, &field.ty, mutability(place));
        let doc = format!(
            "The field `{}`{}.",
            field.name(),
            if mutability.is_some() { "" } else { ", which is in a key, an index or a column" }
        );
        quote!(#[doc = #doc] #visibility #name: &'a #mutability #ty)
    });
    let values = model.fields.iter().enumerate().map(|(place, field)| {
        let (name, mutability) = (&field.ident, mutability(place));
        quote!(#name: &#mutability self.#name)
    });
    quote! {
        #[doc = "A row whose fields can be changed, but for those that are in a key, an index or a column."]
        #visibility struct #view<'a> {
            #(#members,)*
        }

        #[automatically_derived]
        impl ::relata::Editable for #ident {
            type Mut<'a> = #view<'a>;

            fn lend(&mut self) -> #view<'_> {
                #view { #(#values,)* }
            }
        }
    }
}

/// `Model::changed` and `Model::exchange`: the fields that [`editable`] lends, one by one.
pub(super) fn states(model: &Model) -> TokenStream {
    let editable: Vec<_> = model.fields.iter().enumerate().filter(|(place, _)| model.is_editable(*place)).collect();
    let changed = editable.iter().map(|(place, field)| {
        let name = &field.ident;
        quote! {
            if ::relata::Both(&before.#name, &after.#name).are_equal() != ::core::option::Option::Some(true) {
                fields.insert(#place);
            }
        }
    });
    let kept = editable.iter().map(|(place, field)| {
        let name = &field.ident;
        quote! {
            if !fields.contains(#place) {
                ::core::mem::swap(&mut left.#name, &mut right.#name);
            }
        }
    });
    quote! {
        #[allow(unused_imports, unused_mut)]
        fn changed(before: &Self, after: &Self) -> ::relata::FieldSet {
            use ::relata::Incomparable as _;
            let _ = (before, after);
            let mut fields = ::relata::FieldSet::none();
            #(#changed)*
            fields
        }

        fn exchange(left: &mut Self, right: &mut Self, fields: &::relata::FieldSet) {
            ::core::mem::swap(left, right);
            let _ = fields;
            #(#kept)*
        }
    }
}

/// The view from which relations are followed by name.
pub(super) fn navigate(model: &Model) -> TokenStream {
    let (ident, visibility) = (&model.ident, &model.visibility);
    let view = format_ident!("__{}Row", unraw(ident));
    let debug_name = format!("{}Row", unraw(ident));
    let methods = relation_methods(model);
    quote! {
        #[doc = "A row from which its relations are followed by name."]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        #visibility struct #view<'a>(::relata::RowRef<'a, #ident>);

        #[automatically_derived]
        impl<'a> #view<'a> {
            #[doc = "The row's id."]
            #visibility fn id(&self) -> ::relata::Id<#ident> {
                self.0.id()
            }

            #[doc = "The row, for as long as the database is borrowed."]
            #visibility fn get(&self) -> &'a #ident {
                self.0.get()
            }

            #methods
        }

        #[automatically_derived]
        impl<'a> ::core::convert::From<::relata::RowRef<'a, #ident>> for #view<'a> {
            fn from(row: ::relata::RowRef<'a, #ident>) -> Self {
                #view(row)
            }
        }

        #[automatically_derived]
        impl ::core::ops::Deref for #view<'_> {
            type Target = #ident;

            fn deref(&self) -> &#ident {
                self.0.get()
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #view<'_> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#debug_name).field("id", &self.0.id()).finish_non_exhaustive()
            }
        }

        #[automatically_derived]
        impl ::relata::Navigate for #ident {
            type Row<'a> = #view<'a>;
        }
    }
}

/// A method for each relation.
fn relation_methods(model: &Model) -> TokenStream {
    let visibility = &model.visibility;
    let row = |of: &Type| quote_spanned!(shown_at(of.span())=> ::relata::Row<'a, #of>);
    let relations = model.relations.iter().map(|relation| {
        let (method, row) = (relation.name.method(), row(&relation.target));
        let marker = marker(model, &relation.name.text);
        let doc = format!("The `{}` that the row refers to.", short_name(&relation.target));
        let out = if model.may_lack_target(relation) { quote!(::core::option::Option<#row>) } else { row };
        quote_spanned! {relation.span()=>
            #[doc = #doc]
            #visibility fn #method(&self) -> ::core::result::Result<#out, ::relata::Error> {
                self.0.target(::relata::BelongsTo::<#marker>::new())
            }
        }
    });
    let lists = model.lists.iter().map(|list| {
        let (method, row, marker) = (list.name.method(), row(&list.target), marker(model, &list.name.text));
        let field = model.fields[list.field].name();
        let doc = format!("Every `{}` that `{field}` lists, in its order.", short_name(&list.target));
        quote_spanned! {list.span()=>
            #[doc = #doc]
            #visibility fn #method(&self) -> ::core::result::Result<
                impl ::core::iter::Iterator<Item = #row> + use<'a>,
                ::relata::Error,
            > {
                self.0.listed(::relata::ReferencesMany::<#marker>::new())
            }
        }
    });
    let inverses = model.inverses.iter().map(|inverse| {
        let (method, row, relation) = (inverse.name.method(), row(&inverse.source), inverse_of(model, inverse));
        let source = short_name(&inverse.source);
        match inverse.kind {
            InverseKind::HasMany => {
                let doc = format!("Every `{source}` that refers to the row, in the order in which they joined it.");
                quote_spanned! {inverse.span()=>
                    #[doc = #doc]
                    #visibility fn #method(&self) -> impl ::core::iter::Iterator<Item = #row> + use<'a> {
                        self.0.sources(::relata::HasMany::<#relation>::new())
                    }
                }
            }
            InverseKind::HasOne => {
                let doc = format!("The `{source}` that refers to the row, if there is one.");
                quote_spanned! {inverse.span()=>
                    #[doc = #doc]
                    #visibility fn #method(&self) -> ::core::option::Option<#row> {
                        self.0.source(::relata::HasOne::<#relation>::new())
                    }
                }
            }
        }
    });
    let throughs = model.throughs.iter().map(|through| {
        let (method, row, [near, far]) = (through.name.method(), row(&through.target), ends_of(model, through));
        let (target, link) = (short_name(&through.target), short_name(&through.link));
        let doc = format!("Every `{target}` that a `{link}` links to the row, in the order of linking.");
        quote_spanned! {through.span()=>
            #[doc = #doc]
            #visibility fn #method(&self) -> ::core::result::Result<
                impl ::core::iter::Iterator<Item = #row> + use<'a>,
                ::relata::Error,
            > {
                self.0.linked(::relata::Through::<#near, #far>::new())
            }
        }
    });
    let polymorphics = model.polymorphics.iter().map(|polymorphic| {
        let (field, name, method) =
            (&model.fields[polymorphic.field], &polymorphic.name.text, polymorphic.name.method());
        let (ident, ty) = (&field.ident, field.part());
        let doc = format!("The row of one model or another that `{}` refers to.", field.name());
        let row = quote_spanned!(shown_at(ty.span())=> <#ty as ::relata::PolymorphicId>::Row<'a>);
        let target = quote_spanned!(shown_at(ty.span())=> self.0.polymorphic_target::<#ty>);
        let (out, row) = if field.is_optional() {
            let row_of = quote!(self.0.get().#ident.map(|id| #target(#name, id)).transpose());
            (quote!(::core::option::Option<#row>), row_of)
        } else {
            (row, quote!(#target(#name, self.0.get().#ident)))
        };
        quote_spanned! {shown_at(ty.span())=>
            #[doc = #doc]
            #visibility fn #method(&self) -> ::core::result::Result<#out, ::relata::Error> {
                #row
            }
        }
    });
    quote!(#(#relations)* #(#lists)* #(#inverses)* #(#throughs)* #(#polymorphics)*)
}
