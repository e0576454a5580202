// fault C5: a field that cannot go to another thread is one error with the remedy.

use std::cell::RefCell;
use std::error::Error;
use std::marker::PhantomData;
use std::rc::Rc;

use relata::Model;
use serde::{Deserialize, Serialize};

#[derive(Model, Clone, Serialize, Deserialize)]
struct Shared {
    #[serde(skip)]
    name: Rc<String>,
    #[serde(skip)]
    count: Vec<(u8, RefCell<u32>)>,
    #[serde(skip)]
    why: Option<Rc<dyn Error>>,
    #[serde(skip)]
    last: [Option<std::sync::Arc<dyn Error>>; 2],
    #[serde(skip)]
    fine: PhantomData<Rc<u8>>,
    #[serde(skip)]
    good: Option<std::sync::Arc<dyn Error + Send + Sync>>,
}

fn main() {}
