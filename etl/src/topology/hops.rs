//! Neighborhoods: what can be reached from some nodes in some number of hops.

use arrow::buffer::BooleanBuffer;
use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::incidence::{Direction, Incidence};
use super::relabel::check_distinct;
use super::reshaped::{Reshaped, select};
use super::subgraph::check_mask;
use crate::{Control, Error, Result};

/// How far, which way, and over what a walk from seeds may go.
#[derive(Debug, Clone, Copy)]
pub struct Hops<'a> {
    /// Which way edges are followed; in an undirected graph always both.
    pub direction: Direction,
    /// The nearest nodes that are wanted, in hops; nearer ones are only kept on the way to these.
    pub min_hops: u32,
    /// The farthest nodes that are wanted, in hops; `None` goes on until nothing new is met.
    pub max_hops: Option<u32>,
    /// Edges that may be followed, shape `[m]`; `None` allows all.
    pub edges: Option<&'a BooleanBuffer>,
    /// Nodes that may be left, seeds among them, shape `[n]`; `None` allows all.
    pub sources: Option<&'a BooleanBuffer>,
    /// Nodes that may be entered, shape `[n]`; `None` allows all.
    pub targets: Option<&'a BooleanBuffer>,
}

impl Default for Hops<'_> {
    /// One hop forward, over everything.
    fn default() -> Self {
        Self {
            direction: Direction::Forward,
            min_hops: 1,
            max_hops: Some(1),
            edges: None,
            sources: None,
            targets: None,
        }
    }
}

/// What a walk from seeds met.
#[derive(Debug, Clone)]
pub struct HopReport {
    /// Least number of hops from a seed to each node, 0 at seeds; [`HopReport::NEVER`] for nodes
    /// that no walk meets. Shape `[n]`.
    pub node_hops: Vec<u32>,
    /// The hop in which each edge is followed first; [`HopReport::NEVER`] for those that are not.
    /// Shape `[m]`.
    pub edge_hops: Vec<u32>,
    /// Nodes that are wanted, or on the way to one that is. Shape `[n]`.
    pub nodes: BooleanBuffer,
    /// Edges that are followed to a wanted node, or on the way to one. Shape `[m]`.
    pub edges: BooleanBuffer,
    /// Hops from a seed to the farthest node met.
    pub farthest: u32,
}

impl HopReport {
    /// In place of a number of hops: not met.
    pub const NEVER: u32 = u32::MAX;

    /// The part of `graph`, which the report is about, that was kept.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the graph has other numbers of nodes or edges.
    pub fn subgraph(&self, graph: &Graph) -> Result<Reshaped> {
        check_mask("nodes of the report", &self.nodes, graph.n_nodes())?;
        check_mask("edges of the report", &self.edges, graph.n_edges())?;
        let nodes = self.nodes.set_indices().map(|u| u as NodeId).collect();
        select(graph, nodes, self.edges.set_indices().map(|e| e as u32).collect())
    }
}

impl Hops<'_> {
    /// Walks from `seeds`, breadth first.
    ///
    /// A node at `h` hops is wanted if `min_hops ≤ h ≤ max_hops`. An edge followed in hop `h` is
    /// kept if `h ≥ min_hops`, or else if it enters, in that hop, a node that a kept edge leaves in
    /// the next: so what is kept are the ways of least hops to wanted nodes, and what else the last
    /// hops met. Seeds are kept where a kept edge leaves them, and all if `min_hops` is 0.
    ///
    /// Frontiers are expanded in parallel; the result does not depend on the number of threads.
    /// O(n + m) time and space in all.
    ///
    /// ```
    /// use graph_core::generate::path;
    /// use graph_etl::Control;
    /// use graph_etl::topology::Hops;
    ///
    /// let graph = path(5)?;
    /// let two = Hops { min_hops: 2, max_hops: Some(2), ..Hops::default() };
    /// let report = two.run(&graph, &[0], &Control::NONE)?;
    /// assert_eq!(report.subgraph(&graph)?.nodes, [0, 1, 2]);
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NoSuchNode`] or [`Error::BadOption`] if a seed is not a node, or listed twice;
    /// - [`Error::BadOption`] if `min_hops` is more than `max_hops`;
    /// - [`Error::LengthMismatch`] if a mask does not fit the graph;
    /// - [`Error::Stopped`] if the caller stops it.
    pub fn run(&self, graph: &Graph, seeds: &[NodeId], control: &Control) -> Result<HopReport> {
        let (n, m) = (graph.n_nodes(), graph.n_edges());
        check_distinct("seeds", n, seeds)?;
        let max_hops = self.max_hops.unwrap_or(u32::MAX);
        if self.min_hops > max_hops {
            return Err(Error::BadOption {
                option: "min_hops",
                value: self.min_hops.to_string().into(),
                allowed: "at most max_hops",
            });
        }
        for (name, mask, len) in [
            ("mask of edges", self.edges, m),
            ("mask of sources", self.sources, n),
            ("mask of targets", self.targets, n),
        ] {
            mask.map_or(Ok(()), |mask| check_mask(name, mask, len))?;
        }
        let direction = if graph.is_directed() { self.direction } else { Direction::Both };
        let rows = Incidence::new(graph.coo(), direction);
        let mut walk = Walk {
            node_hops: vec![HopReport::NEVER; n],
            edge_hops: vec![HopReport::NEVER; m],
            layers: Vec::new(),
        };
        for &seed in seeds {
            walk.node_hops[seed as usize] = 0;
        }
        let mut frontier = seeds.to_vec();
        let mut hop = 0;
        while hop < max_hops && !frontier.is_empty() {
            hop += 1;
            control.step("hops", u64::from(hop) - 1, self.max_hops.map(u64::from))?;
            frontier = self.expand(&rows, &frontier, hop, &mut walk);
        }
        Ok(self.report(walk, n, m))
    }

    /// Follows the allowed edges out of `frontier`; returns the nodes met for the first time.
    fn expand(
        &self,
        rows: &Incidence,
        frontier: &[NodeId],
        hop: u32,
        walk: &mut Walk,
    ) -> Vec<NodeId> {
        let allowed =
            |mask: Option<&BooleanBuffer>, at: u32| mask.is_none_or(|mask| mask.value(at as usize));
        let followed: Vec<Step> = frontier
            .par_iter()
            .filter(|&&u| allowed(self.sources, u))
            .flat_map_iter(|&u| rows.at(u).map(move |(v, e)| Step { from: u, to: v, edge: e }))
            .filter(|step| allowed(self.edges, step.edge) && allowed(self.targets, step.to))
            .collect();
        let mut met = Vec::new();
        for step in &followed {
            let at = &mut walk.node_hops[step.to as usize];
            if *at == HopReport::NEVER {
                *at = hop;
                met.push(step.to);
            }
            let at = &mut walk.edge_hops[step.edge as usize];
            *at = hop.min(*at);
        }
        walk.layers.push(followed);
        met
    }

    /// Which nodes and edges of `walk` are kept: goes back from the last layer.
    fn report(&self, walk: Walk, n: usize, m: usize) -> HopReport {
        let Walk { node_hops, edge_hops, layers } = walk;
        let (mut nodes, mut edges) = (vec![false; n], vec![false; m]);
        for (u, _) in node_hops.iter().enumerate().filter(|&(_, &h)| h == 0) {
            nodes[u] = self.min_hops == 0;
        }
        // A node is left in the hop behind that in which it is met, so one bit tells of that hop.
        let mut left = vec![false; n];
        for (layer, steps) in layers.iter().enumerate().rev() {
            let hop = layer as u32 + 1;
            let leads = |u: NodeId| node_hops[u as usize] == hop && left[u as usize];
            let kept: Vec<&Step> =
                steps.par_iter().filter(|step| hop >= self.min_hops || leads(step.to)).collect();
            for step in kept {
                left[step.from as usize] = true;
                nodes[step.from as usize] = true;
                nodes[step.to as usize] = true;
                edges[step.edge as usize] = true;
            }
        }
        let met = node_hops.iter().filter(|&&hops| hops != HopReport::NEVER);
        HopReport {
            farthest: met.max().copied().unwrap_or(0),
            nodes: nodes.into_iter().collect(),
            edges: edges.into_iter().collect(),
            node_hops,
            edge_hops,
        }
    }
}

struct Step {
    from: NodeId,
    to: NodeId,
    edge: u32,
}

/// The state of a walk.
struct Walk {
    node_hops: Vec<u32>,
    edge_hops: Vec<u32>,
    /// What was followed in each hop.
    layers: Vec<Vec<Step>>,
}
