//! The sources that are expected, as modules: they compile. They are formatted by rustfmt's own rules, not by those of this
//! repository.
#![allow(dead_code, unreachable_pub, clippy::pedantic, reason = "models are written for programs that use all of them")]

#[rustfmt::skip]
#[path = "../../definitions/chinook.rs"]
pub(crate) mod chinook;
#[rustfmt::skip]
#[path = "../../definitions/clinic.rs"]
pub(crate) mod clinic;
#[rustfmt::skip]
#[path = "../../definitions/discovery.rs"]
pub(crate) mod discovery;
#[rustfmt::skip]
#[path = "../../definitions/registry.rs"]
pub(crate) mod registry;
#[rustfmt::skip]
#[path = "../../definitions/shop.rs"]
pub(crate) mod shop;
#[rustfmt::skip]
#[path = "../../definitions/shop_by_id.rs"]
pub(crate) mod shop_by_id;
#[rustfmt::skip]
#[path = "../../definitions/tree.rs"]
pub(crate) mod tree;
