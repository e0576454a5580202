//! The declarations of lists of ids.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{action, marker, marker_type};
use crate::model::{Model, ReferencesMany};

/// What a list of ids is as a relation; its place is behind those of the belongs_to relations.
pub(super) fn references_many(model: &Model, index: usize, list: &ReferencesMany) -> TokenStream {
    let (ident, name, target) = (&model.ident, &list.name.text, &list.target);
    let marker = marker(model, name);
    let declaration = marker_type(model, &marker);
    let (field, field_name) = (&model.fields[list.field].ident, model.fields[list.field].name());
    let on_delete = action("ON_DELETE", list.on_delete.as_ref());
    quote_spanned! {list.span()=>
        #declaration

        #[automatically_derived]
        impl ::relata::ListRelation for #marker {
            type Source = #ident;
            type Target = #target;
            const NAME: &'static str = #name;
            const FIELD: &'static str = #field_name;
            const INDEX: usize = #index;
            #on_delete

            fn ids(row: &#ident) -> &[::relata::Id<#target>] {
                &row.#field
            }

            fn ids_mut(row: &mut #ident) -> &mut ::std::vec::Vec<::relata::Id<#target>> {
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
