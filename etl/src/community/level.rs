//! The graph that communities are looked for in, and its contraction to a graph of communities.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use graph_core::NodeId;
use rayon::prelude::*;

use crate::tally::{Tallies, Tally};
use crate::topology::Undirected;
use crate::{Control, Error, Result};

/// Rows are contracted in about this many blocks. Sums are made within a block, then over blocks,
/// so blocks may not depend on the number of threads.
const BLOCKS: usize = 64;

/// Blocks have so many entries, at least and at most: less is not worth handing out, more does not
/// fit into a cache.
const BLOCK: RangeInclusive<usize> = 1 << 13..=1 << 17;

/// Symmetric rows without self-loops; sums of each node are beside them.
///
/// | array       | shape     | meaning                                                      |
/// |-------------|-----------|--------------------------------------------------------------|
/// | `offsets`   | `[n + 1]` | neighbors of `u` sit at `offsets[u]..offsets[u+1]`           |
/// | `targets`   | `[2 m]`   | each edge in the rows of both its ends                       |
/// | `weights`   | `[2 m]`   | weight of each entry                                         |
/// | `strengths` | `[n]`     | sum of the weights of a node's edges, self-loops twice       |
/// | `loops`     | `[n]`     | weight of the self-loop: of all edges inside, once contracted |
#[derive(Debug)]
pub(super) struct Level<'a> {
    offsets: Cow<'a, [u32]>,
    targets: Cow<'a, [NodeId]>,
    weights: Weights<'a>,
    pub(super) strengths: Vec<f64>,
    loops: Vec<f64>,
    /// Sum of all strengths: twice the weight of all edges.
    pub(super) total: f64,
}

#[derive(Debug)]
enum Weights<'a> {
    Unit,
    Single(&'a [f32]),
    Double(Vec<f64>),
}

impl<'a> Level<'a> {
    pub(super) fn new(graph: &'a Undirected) -> Self {
        let n = graph.n_nodes();
        let loops: Vec<f64> = match graph.loops() {
            Some(loops) => loops.iter().map(|&weight| weight.into()).collect(),
            None => vec![0.0; n],
        };
        let strengths: Vec<f64> = (0..n)
            .into_par_iter()
            .map(|u| {
                let row = graph.row(u as NodeId);
                let sum = match graph.weights() {
                    Some(weights) => weights[row].iter().map(|&weight| f64::from(weight)).sum(),
                    None => row.len() as f64,
                };
                2.0 * loops[u] + sum
            })
            .collect();
        let weights = graph.weights().map_or(Weights::Unit, Weights::Single);
        let total = strengths.iter().sum();
        let (offsets, targets) = (graph.offsets().into(), graph.targets().into());
        Self { offsets, targets, weights, strengths, loops, total }
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.strengths.len()
    }

    /// Weight of the self-loop of each node, shape `[n]`.
    pub(super) fn loops(&self) -> &[f64] {
        &self.loops
    }

    /// Number of entries in all rows.
    pub(super) fn n_entries(&self) -> usize {
        self.targets.len()
    }

    pub(super) fn degree(&self, u: NodeId) -> usize {
        self.row(u).len()
    }

    fn row(&self, u: NodeId) -> Range<usize> {
        self.offsets[u as usize] as usize..self.offsets[u as usize + 1] as usize
    }

    pub(super) fn neighbors(&self, u: NodeId) -> &[NodeId] {
        &self.targets[self.row(u)]
    }

    /// Calls `visit(v, weight)` for each neighbor `v` of `u`.
    #[inline(always)]
    pub(super) fn for_each(&self, u: NodeId, mut visit: impl FnMut(NodeId, f64)) {
        let row = self.row(u);
        let targets = &self.targets[row.clone()];
        match &self.weights {
            Weights::Unit => {
                for &v in targets {
                    visit(v, 1.0);
                }
            }
            Weights::Single(weights) => {
                for (&v, &weight) in targets.iter().zip(&weights[row]) {
                    visit(v, weight.into());
                }
            }
            Weights::Double(weights) => {
                for (&v, &weight) in targets.iter().zip(&weights[row]) {
                    visit(v, weight);
                }
            }
        }
    }

    /// Modularity if each node is a community; see [`modularity`](super::modularity()).
    pub(super) fn modularity(&self, resolution: f64) -> f64 {
        let inside: f64 = self.loops.iter().sum();
        let expected: f64 = self.strengths.iter().map(|k| (k / self.total).powi(2)).sum();
        2.0 * inside / self.total - resolution * expected
    }

    /// Blocks of `nodes`.
    fn blocks(&self, nodes: &[NodeId]) -> Vec<Range<usize>> {
        let mut blocks = Vec::new();
        let size = (self.n_entries() / BLOCKS).clamp(*BLOCK.start(), *BLOCK.end());
        let (mut first, mut entries) = (0, 0);
        for (at, &u) in nodes.iter().enumerate() {
            // A node costs something without neighbors too.
            entries += self.degree(u) + 1;
            if entries >= size {
                blocks.push(first..at + 1);
                (first, entries) = (at + 1, 0);
            }
        }
        if first < nodes.len() {
            blocks.push(first..nodes.len());
        }
        blocks
    }

    /// The graph whose nodes are the `n` communities of `labels`, shape `[n_nodes]`.
    ///
    /// Weights between communities are summed, and those inside become self-loops. O(n + m) time;
    /// the result does not depend on the number of threads.
    pub(super) fn contract(
        &self,
        labels: &[u32],
        n: usize,
        tallies: &Tallies,
        control: &Control,
    ) -> Result<Level<'static>> {
        let members = Members::new(labels, n);
        let mut strengths = vec![0.0; n];
        let mut loops = vec![0.0; n];
        for (u, &label) in labels.iter().enumerate() {
            strengths[label as usize] += self.strengths[u];
            loops[label as usize] += self.loops[u];
        }
        let parts: Vec<Part> = self
            .blocks(&members.nodes)
            .into_par_iter()
            .map(|block| match control.is_stopped() {
                true => Part::default(),
                false => self.contract_block(&members.nodes[block], labels, n, &mut tallies.mine()),
            })
            .collect();
        if control.is_stopped() {
            return Err(Error::Stopped { stage: "communities", done: 0 });
        }
        let mut rows = Rows { ends: Vec::with_capacity(n), ..Rows::default() };
        let mut last = None;
        let mut tally = tallies.mine();
        for part in &parts {
            for (row, &community) in part.communities.iter().enumerate() {
                if last == Some(community) {
                    tally.reset(n, n);
                    rows.take_last(&mut tally);
                    part.rows.row(row).for_each(|(label, weight)| tally.add(label, weight));
                    rows.push(tally.iter());
                } else {
                    rows.push(part.rows.row(row));
                }
                loops[community as usize] += part.inside[row] / 2.0;
                last = Some(community);
            }
        }
        let offsets: Vec<u32> = std::iter::once(0).chain(rows.ends).collect();
        Ok(Level {
            offsets: offsets.into(),
            targets: rows.targets.into(),
            weights: Weights::Double(rows.weights),
            strengths,
            loops,
            total: self.total,
        })
    }

    /// Rows of the communities whose members are among `nodes`, members of a community together.
    fn contract_block(
        &self,
        nodes: &[NodeId],
        labels: &[u32],
        n: usize,
        tally: &mut Tally,
    ) -> Part {
        let mut part = Part::default();
        for members in nodes.chunk_by(|&u, &v| labels[u as usize] == labels[v as usize]) {
            let community = labels[members[0] as usize];
            let entries: usize = members.iter().map(|&u| self.degree(u)).sum();
            tally.reset(entries.min(n), n);
            let mut inside = 0.0;
            for &u in members {
                self.for_each(u, |v, weight| match labels[v as usize] {
                    label if label == community => inside += weight,
                    label => tally.add(label, weight),
                });
            }
            part.communities.push(community);
            part.inside.push(inside);
            part.rows.push(tally.iter());
        }
        part
    }
}

/// Nodes by their label: those of a label ascend.
pub(super) struct Members {
    offsets: Vec<u32>,
    /// Shape `[n_nodes]`.
    pub(super) nodes: Vec<NodeId>,
}

impl Members {
    /// `labels` are in `0..n`. Time in proportion to nodes and labels.
    pub(super) fn new(labels: &[u32], n: usize) -> Self {
        // One more in front: counts become starts, and starts, once filled, ends.
        let mut offsets = vec![0_u32; n + 2];
        for &label in labels {
            offsets[label as usize + 2] += 1;
        }
        for label in 2..n + 2 {
            offsets[label] += offsets[label - 1];
        }
        let mut nodes = vec![0; labels.len()];
        for (u, &label) in labels.iter().enumerate() {
            let slot = &mut offsets[label as usize + 1];
            nodes[*slot as usize] = u as NodeId;
            *slot += 1;
        }
        offsets.pop();
        Self { offsets, nodes }
    }

    /// Where the nodes of `label` are.
    pub(super) fn range(&self, label: usize) -> Range<usize> {
        self.offsets[label] as usize..self.offsets[label + 1] as usize
    }

    /// Nodes of `label`.
    pub(super) fn of(&self, label: usize) -> &[NodeId] {
        &self.nodes[self.range(label)]
    }
}

/// What a block of nodes gives to ascending communities; the first and the last may have more
/// members in other blocks.
#[derive(Default)]
struct Part {
    communities: Vec<u32>,
    rows: Rows,
    /// Sum of the entries inside each community, each edge twice.
    inside: Vec<f64>,
}

/// Rows of a graph in the making.
#[derive(Default)]
struct Rows {
    ends: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f64>,
}

impl Rows {
    /// Adds a row; entries without weight are left out.
    fn push(&mut self, row: impl Iterator<Item = (u32, f64)>) {
        for (label, weight) in row.filter(|&(_, weight)| weight > 0.0) {
            self.targets.push(label);
            self.weights.push(weight);
        }
        self.ends.push(self.targets.len() as u32);
    }

    fn start(&self, row: usize) -> usize {
        row.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let entries = self.start(row)..self.ends[row] as usize;
        let weights = &self.weights[entries.clone()];
        self.targets[entries].iter().copied().zip(weights.iter().copied())
    }

    /// Moves the last row into `tally`.
    fn take_last(&mut self, tally: &mut Tally) {
        let Some(last) = self.ends.len().checked_sub(1) else { return };
        self.row(last).for_each(|(label, weight)| tally.add(label, weight));
        let start = self.start(last);
        self.targets.truncate(start);
        self.weights.truncate(start);
        self.ends.truncate(last);
    }
}
