//! Walks of several hops from one node: where they can end, and what they pass on the way there.
//!
//! Walks may come back to where they were, so they are not listed: what can still happen to a walk
//! depends on its node and on the hops so far, and of such states there are few. Hops beyond the
//! least number that counts are all the same if there is no most.

use std::collections::{HashMap, HashSet};

use super::set::Set;
use crate::topology::Incidence;

/// Edges that walks may take, and how many of them.
pub(super) struct Walks {
    /// Which edges leave each node.
    pub rows: Incidence,
    /// The edges of the graph that entries of `rows` are.
    pub members: Vec<u32>,
    /// The nodes that hops may leave from, if not all, and those they may arrive at.
    pub leave: Option<Set>,
    pub enter: Option<Set>,
    pub nearest: u32,
    pub farthest: Option<u32>,
}

/// What searches from many nodes share, so that each costs what it meets.
pub(super) struct Scratch {
    seen: Vec<u64>,
    tag: u64,
    /// Edges looked at so far.
    pub looked_at: usize,
}

impl Scratch {
    pub(super) fn new(n_nodes: usize) -> Self {
        Self { seen: vec![0; n_nodes], tag: 0, looked_at: 0 }
    }

    fn clear(&mut self) {
        self.tag += 1;
    }

    fn add(&mut self, nodes: &[u32]) {
        for &u in nodes {
            self.seen[u as usize] = self.tag;
        }
    }

    /// Whether `u` is new since the last [`clear`](Self::clear).
    fn is_new(&mut self, u: u32) -> bool {
        std::mem::replace(&mut self.seen[u as usize], self.tag) != self.tag
    }

    fn has(&self, u: u32) -> bool {
        self.seen[u as usize] == self.tag
    }
}

impl Walks {
    /// The layer behind which all are one, if there is no most.
    fn open_layer(&self) -> Option<u32> {
        self.farthest.is_none().then_some(self.nearest)
    }

    /// Where a hop from `u` can go, and over which edge.
    pub(super) fn hops(&self, u: u32) -> impl Iterator<Item = (u32, u32)> {
        let leaves = self.leave.as_ref().is_none_or(|set| set.contains(u));
        let enters = |v: u32| self.enter.as_ref().is_none_or(|set| set.contains(v));
        self.rows.at(u).filter(move |&(v, _)| leaves && enters(v))
    }

    /// Nodes by the hops of the walks that come to them, in each layer once; the last layer is of all
    /// hops from its number on if there is no most.
    fn layers(&self, start: u32, scratch: &mut Scratch) -> Vec<Vec<u32>> {
        let mut layers = vec![vec![start]];
        let last = self.farthest.unwrap_or(self.nearest);
        while layers.len() <= last as usize {
            scratch.clear();
            let mut next = Vec::new();
            for &u in &layers[layers.len() - 1] {
                scratch.looked_at += self.rows.degree(u);
                next.extend(self.hops(u).map(|(v, _)| v).filter(|&v| scratch.is_new(v)));
            }
            if next.is_empty() {
                return layers;
            }
            layers.push(next);
        }
        if self.open_layer().is_some() {
            let open = layers.last_mut().expect("there should be a first layer");
            scratch.clear();
            scratch.add(open);
            let mut at = 0;
            while let Some(&u) = open.get(at) {
                scratch.looked_at += self.rows.degree(u);
                open.extend(self.hops(u).map(|(v, _)| v).filter(|&v| scratch.is_new(v)));
                at += 1;
            }
        }
        layers
    }

    /// The nodes that walks from `start` end at, ascending.
    pub(super) fn ends(&self, start: u32, scratch: &mut Scratch) -> Vec<u32> {
        let found = self.layers(start, scratch);
        scratch.clear();
        let mut ends = Vec::new();
        for layer in found.iter().skip(self.nearest as usize) {
            ends.extend(layer.iter().copied().filter(|&u| scratch.is_new(u)));
        }
        ends.sort_unstable();
        ends
    }

    /// Adds to `nodes` and `edges` what is on walks from `start` to any of `ends`, which are sorted.
    pub(super) fn mark(
        &self,
        start: u32,
        ends: &[u32],
        scratch: &mut Scratch,
        (nodes, edges): (&mut Set, &mut Set),
    ) {
        let layers = self.layers(start, scratch);
        let is_end =
            |hop: usize, u: u32| hop >= self.nearest as usize && ends.binary_search(&u).is_ok();
        let last = layers.len() - 1;
        // Nodes of the layer behind from which a walk comes to an end.
        let mut later: Vec<u32> = Vec::new();
        for hop in (0..=last).rev() {
            let mut alive: Vec<u32> = match self.open_layer() == Some(hop as u32) {
                true => self.alive_in_open(&layers[hop], ends, scratch, edges),
                false => layers[hop].iter().copied().filter(|&u| is_end(hop, u)).collect(),
            };
            scratch.clear();
            scratch.add(&later);
            if !later.is_empty() {
                let was_alive: HashSet<u32> = alive.iter().copied().collect();
                for &u in &layers[hop] {
                    let mut leads = false;
                    for (v, member) in self.hops(u) {
                        if scratch.has(v) {
                            leads = true;
                            edges.insert(self.members[member as usize]);
                        }
                    }
                    if leads && !was_alive.contains(&u) {
                        alive.push(u);
                    }
                }
            }
            for &u in &alive {
                nodes.insert(u);
            }
            later = alive;
        }
    }

    /// The nodes of a layer of all further hops that lead to an end, and the edges between them.
    fn alive_in_open(
        &self,
        layer: &[u32],
        ends: &[u32],
        scratch: &mut Scratch,
        edges: &mut Set,
    ) -> Vec<u32> {
        let mut into: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
        for &u in layer {
            for (v, member) in self.hops(u) {
                into.entry(v).or_default().push((u, member));
            }
        }
        scratch.clear();
        let is_end = |u: &u32| ends.binary_search(u).is_ok();
        let mut alive: Vec<u32> = layer.iter().copied().filter(is_end).collect();
        scratch.add(&alive);
        let mut at = 0;
        while let Some(&v) = alive.get(at) {
            at += 1;
            for &(u, member) in into.get(&v).map_or(&[][..], Vec::as_slice) {
                edges.insert(self.members[member as usize]);
                if scratch.is_new(u) {
                    alive.push(u);
                }
            }
        }
        alive
    }
}
