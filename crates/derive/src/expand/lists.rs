//! The declarations of lists of ids.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::{action, marker, marker_type};
use crate::model::{Model, ReferencesMany, shown_at};

/// What a list of ids is as a relation; its place is behind those of the belongs_to relations.
pub(super) fn references_many(model: &Model, index: usize, list: &ReferencesMany) -> TokenStream {
    let (ident, name, target) = (&model.ident, &list.name.text, &list.target);
    let marker = marker(model, name);
    let declaration = marker_type(model, &marker);
    let (field, field_name) = (&model.fields[list.field].ident, model.fields[list.field].name());
    let ty = &model.fields[list.field].ty;
    let list_type = quote_spanned!(shown_at(ty.span())=> type List = #ty;);
    let clears = list.on_delete.as_ref().filter(|action| action.variant == "SetNull");
    let can_lose = clears.map(|action| {
        quote_spanned! {shown_at(action.span)=>
            const _: () = ::relata::expect_list_that_can_lose::<#target, #ty>();
        }
    });
    let on_delete = action("ON_DELETE", list.on_delete.as_ref());
    quote_spanned! {list.span()=>
        #declaration

        #can_lose

        #[automatically_derived]
        impl ::relata::ListRelation for #marker {
            type Source = #ident;
            type Target = #target;
            #list_type
            const NAME: &'static str = #name;
            const FIELD: &'static str = #field_name;
            const INDEX: usize = #index;
            #on_delete

            fn list(row: &#ident) -> &#ty {
                &row.#field
            }

            fn list_mut(row: &mut #ident) -> &mut #ty {
                &mut row.#field
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::relata::NamedRelation<{ ::relata::name_hash(#name) }> for #ident {
            type Relation = ::relata::ReferencesMany<#marker>;
        }
    }
}
