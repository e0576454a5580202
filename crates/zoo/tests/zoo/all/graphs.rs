//! Graphs, arenas, generators of random numbers: what holds more than its elements.

use generational_arena::Arena;
use indextree::Arena as Tree;
use petgraph::graph::{DiGraph, UnGraph};
use petgraph::graphmap::DiGraphMap;
use petgraph::stable_graph::StableDiGraph;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_pcg::Pcg64;
use slotmap::{DefaultKey, DenseSlotMap, SecondaryMap, SlotMap};

use crate::case::zoo;
use crate::harness::{eq, text};

fn digraph() -> DiGraph<String, u8> {
    let mut graph = DiGraph::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| graph.add_node(name.to_owned()));
    graph.add_edge(a, b, 1);
    graph.add_edge(c, a, 2);
    graph.remove_node(b);
    graph
}

/// With a hole, which stays one.
fn stable() -> StableDiGraph<u8, ()> {
    let mut graph = StableDiGraph::new();
    let [a, b, c] = [0, 1, 2].map(|number| graph.add_node(number));
    graph.add_edge(a, c, ());
    graph.remove_node(b);
    graph
}

fn slots() -> (SlotMap<DefaultKey, u8>, DefaultKey) {
    let mut map = SlotMap::new();
    let gone = map.insert(1);
    let kept = map.insert(2);
    map.remove(gone);
    (map, kept)
}

fn dense() -> DenseSlotMap<DefaultKey, u8> {
    let mut map = DenseSlotMap::new();
    let gone = map.insert(1);
    map.insert(2);
    map.remove(gone);
    map
}

fn arena() -> Arena<u8> {
    let mut arena = Arena::new();
    let gone = arena.insert(1);
    arena.insert(2);
    arena.remove(gone);
    arena
}

fn tree() -> Tree<String> {
    let mut tree = Tree::new();
    let root = tree.new_node("root".to_owned());
    let gone = root.append_value("gone".to_owned(), &mut tree);
    root.append_value("kept".to_owned(), &mut tree);
    gone.remove(&mut tree);
    tree
}

/// In the middle of a block.
fn used<R: Rng + SeedableRng>(times: u8) -> R {
    let mut random = R::seed_from_u64(7);
    for _ in 0..times {
        random.next_u32();
    }
    random
}

zoo! {
    petgraph_: field DiGraph<String, u8> => text([DiGraph::new(), digraph()]);
    petgraph_undirected: field UnGraph<(), f32> => text([UnGraph::from_edges([(0, 1, 0.1_f32), (1, 1, -0.0)])]);
    petgraph_stable: field StableDiGraph<u8, ()> => text([stable()]);
    petgraph_map: field DiGraphMap<u8, i8> => text([DiGraphMap::from_edges([(1, 2, -1), (2, 1, 1)])]);
    slotmap_: field SlotMap<DefaultKey, u8> => text([slots().0]);
    slotmap_dense: field DenseSlotMap<DefaultKey, u8> => text([dense()]);
    slotmap_secondary: field SecondaryMap<DefaultKey, u8> => eq([SecondaryMap::from_iter([(slots().1, 1)])]);
    slotmap_key: key DefaultKey => eq([slots().1, DefaultKey::default()]);
    // The order in which its free slots will be taken is not written, and there is no `PartialEq` that would tell.
    generational_arena_: field Arena<u8> => text([Arena::with_capacity(0)]).lost([arena()]);
    generational_index: key generational_arena::Index => eq([arena().iter().next().expect("one").0]);
    indextree_: field Tree<String> => eq([Tree::new(), tree()]);
    rand_chacha_: field ChaCha8Rng => eq([used::<ChaCha8Rng>(0), used(3), used(200)]);
    rand_pcg_: field Pcg64 => eq([used::<Pcg64>(0), used(3)]);
}
