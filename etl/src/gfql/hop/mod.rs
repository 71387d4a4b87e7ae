//! One edge step: from seeds over edges to nodes.
//!
//! What is kept, and which hop a node or edge is labeled with, follows `PyGraphistry`'s `hop`
//! to the letter, since the results of chains depend on it. In short: a walk is a sequence of
//! edges that may come back to where it was; a node or edge is labeled with the first hop in which
//! some walk takes it; walks shorter than the least number of hops are pruned from their ends.

mod prune;
mod walk;

use super::ends::End;
use super::filter::{Context, select};
use super::query::{EdgeStep, Filter, HopCall};
use super::set::Set;
use super::view::View;
use crate::topology::{Direction, Incidence};
use crate::{Control, Result};

/// In place of a hop: none.
pub(super) const NO_HOP: u32 = u32::MAX;

/// What a hop is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec<'a> {
    pub direction: Direction,
    /// The least number of hops that counts.
    pub min: u32,
    /// The most; `None` goes on until nothing new is met.
    pub max: Option<u32>,
    /// Hops outside of this range are left out of the result.
    pub output_min: Option<u32>,
    pub output_max: Option<u32>,
    pub label_nodes: bool,
    pub label_edges: bool,
    pub label_seeds: bool,
    pub zero_hop_seed: bool,
    /// Whether seeds that no walk comes back to are left out.
    pub wavefront: bool,
    pub edge_match: &'a Filter,
    pub source_match: &'a Filter,
    pub target_match: &'a Filter,
}

impl<'a> Spec<'a> {
    /// The step of a chain, in its own direction. Output ranges are applied when steps are joined.
    pub(super) fn forward(step: &'a EdgeStep) -> Self {
        let labels = step.labels();
        Self {
            direction: step.direction,
            min: step.bounds.nearest(),
            max: step.bounds.farthest(),
            output_min: None,
            output_max: None,
            label_nodes: labels.0.is_some(),
            label_edges: labels.1.is_some(),
            label_seeds: step.label_seeds,
            zero_hop_seed: step.zero_hop_seed,
            wavefront: true,
            edge_match: &step.edge_match,
            source_match: &step.source_match,
            target_match: &step.target_match,
        }
    }

    /// The same step backwards, which finds what of it leads to the end of the chain.
    pub(super) fn backward(step: &'a EdgeStep) -> Self {
        let direction = match step.direction {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
            Direction::Both => Direction::Both,
        };
        let max = step.bounds.farthest();
        Self {
            direction,
            min: u32::from(max != Some(0)),
            label_nodes: step.label_nodes.is_some(),
            label_edges: step.label_edges.is_some(),
            source_match: &step.target_match,
            target_match: &step.source_match,
            ..Self::forward(step)
        }
    }

    /// The call `hop`, which is no part of a chain.
    pub(super) fn call(call: &'a HopCall) -> Self {
        let step = &call.edge;
        Self {
            output_min: step.bounds.output_min,
            output_max: step.bounds.output_max,
            label_nodes: step.label_nodes.is_some(),
            label_edges: step.label_edges.is_some(),
            wavefront: call.wavefront,
            ..Self::forward(step)
        }
    }

    /// Whether hops have to be counted for each node and edge.
    fn tracks(&self) -> bool {
        self.label_nodes
            || self.label_edges
            || self.label_seeds
            || self.output_min.is_some()
            || self.output_max.is_some()
            || self.min > 1
    }
}

/// Where a hop starts and what it may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// Nodes that there are.
    pub nodes: &'a Set,
    /// Edges that there are.
    pub edges: &'a Set,
    /// Where to start; `None` is everywhere.
    pub seeds: Option<&'a Set>,
    /// Where the last hop has to arrive.
    pub target: Option<&'a Set>,
}

/// What a hop found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub nodes: Set,
    pub edges: Set,
    /// The hop of each node, if labels were asked for.
    pub node_hops: Option<Vec<u32>>,
    /// The hop of each edge, if labels were asked for.
    pub edge_hops: Option<Vec<u32>>,
}

impl Found {
    /// The edges that were found, and which of these each node can be left by in `direction`.
    pub(super) fn ways(&self, view: &View, direction: Direction) -> (Vec<u32>, Incidence) {
        let members = self.edges.members();
        let coo = view.graph.coo();
        let end = |ends: &[u32]| members.iter().map(|&e| ends[e as usize]).collect::<Vec<_>>();
        let (from, to) = match direction {
            Direction::Forward | Direction::Both => (end(coo.sources()), end(coo.targets())),
            Direction::Reverse => (end(coo.targets()), end(coo.sources())),
        };
        let both = direction == Direction::Both;
        let rows = Incidence::of_ends(view.nodes.len(), &from, &to, both);
        (members, rows)
    }
}

/// Ends of edges in the direction of a walk: where it comes from, and where it goes.
type Way = (End, End);

/// The ways in which edges may be taken.
fn ways(direction: Direction) -> &'static [Way] {
    match direction {
        Direction::Forward => &[(End::Source, End::Target)],
        Direction::Reverse => &[(End::Target, End::Source)],
        Direction::Both => &[(End::Source, End::Target), (End::Target, End::Source)],
    }
}

/// Walks over `view` as `spec` says, from and over what `input` gives.
pub(super) fn hop(
    view: &View,
    spec: &Spec,
    input: Input,
    context: &mut Context,
    control: &Control,
) -> Result<Found> {
    let n = view.nodes.len();
    let coo = view.graph.coo();
    let mut edges = select(view.edge_table(), spec.edge_match, input.edges, context)?;
    let reachable = match input.target {
        Some(target) => input.nodes | target,
        None => input.nodes.clone(),
    };
    if !reachable.is_full() {
        for end in [End::Source, End::Target] {
            let ends = end.of(coo);
            edges = edges.filter_dense(|e| reachable.contains(ends[e as usize]));
        }
    }
    let mut allowed = |filter: &Filter, rows: &Set| match filter.is_empty() {
        true => Ok(None),
        false => select(view.node_table(), filter, rows, context).map(Some),
    };
    let leave = match input.seeds {
        // Only seeds are left, so only they are asked.
        Some(seeds) if spec.max == Some(1) => allowed(spec.source_match, &(input.nodes & seeds))?,
        _ => allowed(spec.source_match, input.nodes)?,
    };
    let enter = allowed(spec.target_match, &reachable)?;
    let start = input.seeds.unwrap_or(input.nodes);
    let ground = walk::Ground {
        n,
        direction: spec.direction,
        view,
        ways: ways(spec.direction),
        coo,
        edges: &edges,
        leave: leave.as_ref(),
        enter: enter.as_ref(),
        target: input.target,
        reachable: &reachable,
    };
    let mut met = match spec.zero_hop_seed && (spec.min, spec.max) == (0, Some(0)) {
        true => ground.stay(spec, start),
        false => ground.walk(spec, start, control)?,
    };
    if met.farthest < spec.min {
        met = walk::Met::nothing(n, edges.len());
    }
    let mut pruned = false;
    if spec.min > 1 && met.farthest >= spec.min {
        pruned = prune::prune(&mut met, &ground, spec, input.seeds);
    }
    Ok(finish(&ground, spec, input, met, pruned))
}

/// Nodes and edges of the result: ends of edges that are kept are kept, seeds only if met again.
fn finish(ground: &walk::Ground, spec: &Spec, input: Input, met: walk::Met, pruned: bool) -> Found {
    let walk::Met { nodes: met_nodes, mut edges, node_hops, edge_hops, .. } = met;
    let tracked = spec.tracks();
    let output_max = spec.output_max.or(spec.max);
    let in_range = |hop: u32| {
        hop != NO_HOP
            && spec.output_min.is_none_or(|min| hop >= min)
            && output_max.is_none_or(|max| hop <= max)
    };
    if tracked {
        edges = edges.filter(|e| in_range(edge_hops[e as usize]));
    }
    let mut nodes = &met_nodes & ground.reachable;
    if pruned {
        nodes = nodes.filter(|u| node_hops[u as usize] != NO_HOP);
    }
    let ends = ground.view.both_ends(&edges);
    let mut backed = ends.clone();
    if let (true, false, false, Some(seeds)) =
        (pruned, spec.label_nodes, spec.label_seeds, input.seeds)
    {
        backed = backed.without(&seeds.without(&nodes));
    }
    nodes |= &backed;

    let labels = tracked
        .then(|| labels(ground, spec, input.seeds, (&nodes, &edges), (node_hops, &edge_hops)));
    if let Some(labels) = &labels
        && (spec.output_min.is_some() || output_max.is_some())
        && !edges.is_empty()
    {
        let labeled_seeds = input.seeds.filter(|_| spec.label_seeds);
        nodes = nodes.filter(|u| {
            in_range(labels[u as usize])
                || ends.contains(u)
                || labeled_seeds.is_some_and(|seeds| seeds.contains(u))
        });
    }
    if let (true, true, Some(seeds)) = (spec.wavefront, spec.min >= 1, input.seeds) {
        let mut back = seeds & &met_nodes;
        if spec.direction == Direction::Both && spec.max.is_none_or(|max| max > 1) {
            back &= &prune::met_again(ground.coo, &edges, seeds);
        }
        nodes = nodes.without(&seeds.without(&back));
    }
    Found {
        nodes,
        edges,
        node_hops: labels.filter(|_| spec.label_nodes),
        edge_hops: spec.label_edges.then_some(edge_hops),
    }
}

/// The hops that nodes of the result are labeled with.
fn labels(
    ground: &walk::Ground,
    spec: &Spec,
    seeds: Option<&Set>,
    (nodes, edges): (&Set, &Set),
    (mut hops, edge_hops): (Vec<u32>, &[u32]),
) -> Vec<u32> {
    // Where edges are labeled, too, a node that no walk arrived at has the least hop of its edges.
    let edges_are_labeled =
        spec.label_edges || spec.output_min.is_some() || spec.output_max.is_some();
    let unlabeled_seeds = seeds.filter(|_| !spec.label_seeds);
    let is_seed = |u: u32| unlabeled_seeds.is_some_and(|seeds| seeds.contains(u));
    let reached: Vec<bool> = hops.iter().map(|&hop| hop != NO_HOP).collect();
    if edges_are_labeled {
        for e in edges.members() {
            for u in [ground.coo.sources()[e as usize], ground.coo.targets()[e as usize]] {
                if !reached[u as usize] && !is_seed(u) {
                    hops[u as usize] = hops[u as usize].min(edge_hops[e as usize]);
                }
            }
        }
    }
    if let Some(seeds) = unlabeled_seeds {
        let both = spec.direction == Direction::Both;
        for u in seeds.members() {
            let hop = &mut hops[u as usize];
            if both || !reached[u as usize] || *hop == 0 {
                *hop = NO_HOP;
            }
        }
        if edges_are_labeled && !both {
            let (_, to) = ground.first_way();
            let mut arrived = vec![NO_HOP; ground.n];
            for e in edges.members() {
                let at = &mut arrived[to[e as usize] as usize];
                *at = (*at).min(edge_hops[e as usize]);
            }
            for u in seeds.members() {
                if hops[u as usize] == NO_HOP {
                    hops[u as usize] = arrived[u as usize];
                }
            }
        }
    }
    for (u, hop) in hops.iter_mut().enumerate() {
        if !nodes.contains(u as u32) {
            *hop = NO_HOP;
        }
    }
    hops
}
