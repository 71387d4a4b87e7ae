//! A graph and the features of its nodes, as static detectors see them.

use graph_core::{Coo, Csr, NodeId};
use rayon::prelude::*;

use crate::{Error, Result};

/// Features of nodes, shape `[n, columns]`, row by row; all are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    n_columns: usize,
    values: Vec<f64>,
}

impl Features {
    /// Takes rows of `n_columns` numbers each.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if there are no columns; [`Error::LengthMismatch`] if the last row is not
    /// whole; [`Error::NotFinite`].
    pub fn new(n_columns: usize, values: Vec<f64>) -> Result<Self> {
        if n_columns == 0 {
            let allowed = "at least 1";
            return Err(Error::BadOption { option: "n_columns", value: "0".into(), allowed });
        }
        if !values.len().is_multiple_of(n_columns) {
            return Err(Error::LengthMismatch {
                name: "features",
                found: values.len(),
                of: "whole rows",
                expected: values.len().next_multiple_of(n_columns),
            });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(Error::NotFinite { name: "features", index, value: values[index] }),
            None => Ok(Self { n_columns, values }),
        }
    }

    /// Number of rows `n`.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// The features of a node.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_columns..][..self.n_columns]
    }

    /// The mean of each column, shape `[columns]`.
    pub(super) fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.n_columns];
        for row in self.values.chunks_exact(self.n_columns) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        mean.into_iter().map(|sum| sum / self.n_rows() as f64).collect()
    }
}

/// A simple undirected graph, and the features of its nodes if it has any.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeData {
    graph: Csr,
    features: Option<Features>,
}

impl NodeData {
    /// Forgets directions, weights, self-loops and parallel edges of `edges`. O(m log m).
    ///
    /// # Errors
    ///
    /// [`Error::Graph`] if both directions of all edges are more than 2³² - 1;
    /// [`Error::LengthMismatch`] if features are not of as many nodes.
    pub fn new(edges: &Coo, features: Option<Features>) -> Result<Self> {
        let n_nodes = edges.n_nodes();
        if let Some(features) = &features
            && features.n_rows() != n_nodes
        {
            let (name, found, of) = ("features", features.n_rows(), "the nodes of the graph");
            return Err(Error::LengthMismatch { name, found, of, expected: n_nodes });
        }
        let ends = edges.sources().par_iter().zip(edges.targets());
        let mut pairs: Vec<(NodeId, NodeId)> =
            ends.filter(|(u, v)| u != v).flat_map_iter(|(&u, &v)| [(u, v), (v, u)]).collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        let (sources, targets) = pairs.into_iter().unzip();
        let both = Coo::new(n_nodes, sources, targets, None)?;
        Ok(Self { graph: Csr::from_coo(&both), features })
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.graph.n_nodes()
    }

    /// Both directions of each edge.
    pub fn graph(&self) -> &Csr {
        &self.graph
    }

    /// Features, if there are any.
    pub fn features(&self) -> Option<&Features> {
        self.features.as_ref()
    }

    pub(super) fn need_features(&self) -> Result<&Features> {
        self.features().ok_or(Error::Empty { name: "features" })
    }

    pub(super) fn nodes(&self) -> impl IndexedParallelIterator<Item = NodeId> {
        (0..self.n_nodes() as NodeId).into_par_iter()
    }

    /// The mean of `features` over the neighbors of each node, shape `[n, columns]`; 0 without any.
    pub(super) fn mean_of_neighbors(&self, features: &Features) -> Features {
        let n_columns = features.n_columns;
        let mut values = vec![0.0; features.values.len()];
        values.par_chunks_mut(n_columns).enumerate().for_each(|(u, mean)| {
            let neighbors = self.graph.neighbors(u as NodeId);
            for &v in neighbors {
                mean.iter_mut().zip(features.row(v as usize)).for_each(|(sum, x)| *sum += x);
            }
            let share = 1.0 / neighbors.len().max(1) as f64;
            for sum in mean {
                *sum *= share;
            }
        });
        Features { n_columns, values }
    }

    /// `[x, mean₁, mean₂, ln(1 + degree)]` of each node.
    pub(super) fn neighborhood(&self, own: Option<&Features>) -> Result<Features> {
        let parts = own.map(|own| {
            let first = self.mean_of_neighbors(own);
            let second = self.mean_of_neighbors(&first);
            [own.clone(), first, second]
        });
        let n_columns = parts.iter().flatten().map(Features::n_columns).sum::<usize>() + 1;
        let mut values = Vec::with_capacity(self.n_nodes() * n_columns);
        for u in 0..self.n_nodes() {
            parts.iter().flatten().for_each(|part| values.extend_from_slice(part.row(u)));
            values.push((self.graph.degree(u as NodeId) as f64).ln_1p());
        }
        Features::new(n_columns, values)
    }

    /// How many neighbors the ends of each entry of the graph share, shape `[2 m]`.
    ///
    /// Rows are merged: O(Σ d²) time at most, in parallel.
    pub(super) fn common_neighbors(&self) -> Vec<u32> {
        let graph = &self.graph;
        self.nodes()
            .flat_map_iter(|u| {
                let row = graph.neighbors(u);
                row.iter().map(move |&v| shared(row, graph.neighbors(v)))
            })
            .collect()
    }
}

/// How many numbers two ascending lists share.
fn shared(mut a: &[NodeId], mut b: &[NodeId]) -> u32 {
    let mut count = 0;
    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        count += u32::from(x == y);
        a = &a[usize::from(x <= y)..];
        b = &b[usize::from(y <= x)..];
    }
    count
}
