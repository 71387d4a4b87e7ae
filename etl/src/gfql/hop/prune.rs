//! Walks that are too short, and seeds that no walk comes back to.

use graph_core::Coo;

use super::super::set::Set;
use super::walk::{Ground, Met};
use super::{NO_HOP, Spec};
use crate::topology::{Direction, Incidence};

/// Takes away what does not lead to an edge of hop `spec.min` or later; whether it did.
pub(super) fn prune(met: &mut Met, ground: &Ground, spec: &Spec, seeds: Option<&Set>) -> bool {
    let (n, hops) = (ground.n, &met.edge_hops);
    let (from, to) = ground.first_way();
    let both = spec.direction == Direction::Both;
    let late = met.edges.filter(|e| hops[e as usize] >= spec.min);
    if late.is_empty() {
        return false;
    }
    let mut goals = late.ends(to, n);
    if both {
        goals |= &late.ends(from, n);
    }
    let mut levels: Vec<Vec<u32>> = Vec::new();
    for e in met.edges.members() {
        let level = hops[e as usize] as usize;
        levels.resize_with(levels.len().max(level + 1), Vec::new);
        levels[level].push(e);
    }
    let mut kept_nodes = goals.clone();
    let mut kept_edges = Set::empty(met.edges.len());
    let mut node_hops = vec![NO_HOP; n];
    let mut current = goals;
    for (hop, edges) in levels.iter().enumerate().skip(1).rev() {
        let hop = hop as u32;
        let is_goal = hop >= spec.min;
        let mut next = Set::empty(n);
        for &e in edges {
            let (u, v) = (from[e as usize], to[e as usize]);
            let mut keep = |left: u32, entered: u32| {
                if is_goal || current.contains(entered) {
                    kept_edges.insert(e);
                    next.insert(left);
                    if !both && (spec.label_seeds || hop > 1) {
                        node_hops[left as usize] = node_hops[left as usize].min(hop - 1);
                    }
                }
            };
            keep(u, v);
            if both {
                keep(v, u);
            }
        }
        kept_nodes |= &next;
        current = next;
    }
    if both {
        node_hops.clone_from(&met.node_hops);
        for (u, hop) in node_hops.iter_mut().enumerate() {
            if !kept_nodes.contains(u as u32) {
                *hop = NO_HOP;
            }
        }
    } else {
        for e in late.members() {
            let hop = &mut node_hops[to[e as usize] as usize];
            *hop = (*hop).min(hops[e as usize]);
        }
        if let Some(seeds) = seeds.filter(|_| !spec.label_seeds) {
            for e in kept_edges.members().into_iter().filter(|&e| seeds.contains(to[e as usize])) {
                let hop = &mut node_hops[to[e as usize] as usize];
                *hop = (*hop).min(hops[e as usize]);
            }
        }
    }
    let edge_hops = hops.iter().enumerate();
    met.edge_hops = edge_hops
        .map(|(e, &hop)| if kept_edges.contains(e as u32) { hop } else { NO_HOP })
        .collect();
    met.node_hops = node_hops;
    met.edges &= &kept_edges;
    met.nodes &= &kept_nodes;
    true
}

/// The seeds that some walk over `edges`, taking none twice, comes to.
///
/// These are the seeds whose component has another seed, and those on a cycle; parallel edges and
/// self-loops are cycles. Nodes at the ends of branches are peeled off until cycles, and what lies
/// between them, are left. O(n + m) time.
pub(super) fn met_again(coo: &Coo, edges: &Set, seeds: &Set) -> Set {
    let n = coo.n_nodes();
    let members = edges.members();
    let end = |ends: &[u32]| members.iter().map(|&e| ends[e as usize]).collect::<Vec<_>>();
    let (sources, targets) = (end(coo.sources()), end(coo.targets()));
    let mut again = Set::empty(n);
    let mut degree = vec![0_u32; n];
    let mut parent: Vec<u32> = (0..n as u32).collect();
    for (&u, &v) in sources.iter().zip(&targets) {
        if u == v {
            again.insert(u);
            continue;
        }
        degree[u as usize] += 1;
        degree[v as usize] += 1;
        let (a, b) = (find(&mut parent, u), find(&mut parent, v));
        parent[a.max(b) as usize] = a.min(b);
    }
    let rows = Incidence::of_ends(n, &sources, &targets, true);
    let mut leaves: Vec<u32> = (0..n as u32).filter(|&u| degree[u as usize] == 1).collect();
    while let Some(u) = leaves.pop() {
        if std::mem::replace(&mut degree[u as usize], 0) == 0 {
            continue;
        }
        for (v, _) in rows.at(u).filter(|&(v, _)| v != u) {
            let left = &mut degree[v as usize];
            *left = left.saturating_sub(1);
            if *left == 1 {
                leaves.push(v);
            }
        }
    }
    (0..n as u32).filter(|&u| degree[u as usize] > 0).for_each(|u| again.insert(u));
    let mut seeds_in = vec![0_u32; n];
    let seed_list = seeds.members();
    for &seed in &seed_list {
        seeds_in[find(&mut parent, seed) as usize] += 1;
    }
    for &seed in &seed_list {
        if seeds_in[find(&mut parent, seed) as usize] > 1 {
            again.insert(seed);
        }
    }
    &again & seeds
}

/// Root of `u`, halving the path on the way.
fn find(parent: &mut [u32], mut u: u32) -> u32 {
    while parent[u as usize] != u {
        parent[u as usize] = parent[parent[u as usize] as usize];
        u = parent[u as usize];
    }
    u
}
