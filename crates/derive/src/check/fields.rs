//! Types that no field of a model can have, whatever is implemented by hand: they cannot go to another thread.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, TypeParamBound};

use super::Checker;
use crate::model::{argument_of, type_name};

impl Checker {
    /// Reports the first such type in each field.
    pub(super) fn check_types(&mut self) {
        for field in &self.model.fields {
            if let Some((ty, remedy)) = unfit(&field.ty) {
                let (name, shown) = (field.name(), type_name(ty.to_token_stream()));
                self.errors.on(ty, format!("`{name}` holds a `{shown}`, and rows can go to other threads: {remedy}"));
            }
        }
    }
}

/// The first type inside of a type that cannot go to another thread, and what to write instead.
fn unfit(ty: &Type) -> Option<(&Type, String)> {
    let text = |ty: &Type| type_name(ty.to_token_stream());
    if let Some(inside) = argument_of(ty, "Rc") {
        return Some((ty, format!("make it an `Arc<{}>`", text(inside))));
    }
    if let Some(inside) = argument_of(ty, "RefCell") {
        let inside = text(inside);
        return Some((ty, format!("hold the `{inside}` itself, as rows are changed through the database")));
    }
    match ty {
        Type::Group(group) => unfit(&group.elem),
        Type::Paren(paren) => unfit(&paren.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(unfit),
        Type::Array(array) => unfit(&array.elem),
        Type::TraitObject(object) => {
            let is = |bound: &TypeParamBound, name: &str| match bound {
                TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == name),
                _ => false,
            };
            let has = |name| object.bounds.iter().any(|bound| is(bound, name));
            let is_bare_error = has("Error") && !(has("Send") && has("Sync"));
            is_bare_error.then(|| (ty, "keep what it says, as a `String`, or an enum of what can go wrong".to_owned()))
        }
        Type::Path(path) => path.path.segments.iter().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) if segment.ident != "PhantomData" => {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(ty) => unfit(ty),
                    _ => None,
                })
            }
            _ => None,
        }),
        _ => None,
    }
}
