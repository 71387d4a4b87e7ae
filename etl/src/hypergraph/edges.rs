//! Edges as numbers: which nodes each joins, and which row of the events it is from.

use std::ops::Deref;
use std::sync::{Arc, LazyLock, OnceLock};

use arrow::array::{ArrayRef, LargeStringArray};
use arrow::buffer::ScalarBuffer;
use graph_core::room::filled;
use rayon::prelude::*;

use crate::hypergraph::distinct::MISSING;
use crate::hypergraph::tables::{by_number, cut, kept};
use crate::{Error, Result};

/// Edges in runs, one for each column or pair of columns.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) runs: Vec<Run>,
    /// Number of edges.
    pub(super) len: usize,
    /// Whether the other end is an entity, not the event.
    pub(super) is_direct: bool,
}

/// The edges of a column or of a pair of columns, by ascending row.
///
/// Where each row has its edge, these are the columns' own numbers: shared by all runs, and not copied.
#[derive(Debug)]
pub(super) struct Run {
    /// Node of the first entity, shape `[m]`.
    pub(super) sources: Numbers,
    /// Node of the second entity, shape `[m]`; `None` if the other end is the event.
    pub(super) targets: Option<Numbers>,
    /// Row of the events, shape `[m]`.
    pub(super) rows: Numbers,
}

/// Numbers of ids. Clones share them, and the array of these ids once it is made.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    values: ScalarBuffer<u32>,
    made: Arc<OnceLock<ArrayRef>>,
}

impl Numbers {
    /// The ids that these are the numbers of.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`] if there is a number beyond the ids.
    pub(super) fn of(&self, ids: &LargeStringArray) -> Result<ArrayRef> {
        kept(&self.made, || by_number(&self.values, ids))
    }
}

impl From<ScalarBuffer<u32>> for Numbers {
    fn from(values: ScalarBuffer<u32>) -> Self {
        Self { values, made: Arc::default() }
    }
}

impl Deref for Numbers {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.values
    }
}

/// The node of every row of a column, [`MISSING`] where there is none.
#[derive(Debug)]
pub(super) struct NodeOfRow {
    pub(super) nodes: Numbers,
    /// Whether no row is without a node.
    pub(super) is_complete: bool,
}

impl Edges {
    /// Edges from the entities of each column in `order` to their events; `nodes` has for each
    /// column the node of every row, of which there are `n_rows`. O(m) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more edges than `u32` counts.
    pub(super) fn to_events(nodes: &[NodeOfRow], n_rows: usize, order: &[usize]) -> Result<Self> {
        let count = |&c: &usize| match nodes[c].is_complete {
            true => n_rows,
            false => nodes[c].nodes.iter().filter(|&&node| node != MISSING).count(),
        };
        let counts: Vec<usize> = order.par_iter().map(count).collect();
        let len = checked_sum(&counts)?;
        let all = LazyLock::new(|| all_rows(n_rows));
        let run = |(&c, &n): (&usize, &usize)| match &nodes[c] {
            NodeOfRow { nodes, is_complete: true } => {
                Run { sources: nodes.clone(), targets: None, rows: all.clone() }
            }
            NodeOfRow { nodes, .. } => {
                let present = || (0..).zip(nodes.iter()).filter(|&(_, &node)| node != MISSING);
                Run {
                    sources: column(n, present().map(|(_, &node)| node)),
                    targets: None,
                    rows: column(n, present().map(|(row, _)| row)),
                }
            }
        };
        let runs = order.par_iter().zip(&counts).map(run).collect();
        Ok(Self { runs, len, is_direct: false })
    }

    /// Edges from the entity in the first to the one in the second column of each pair, of the
    /// same row. O(pairs · rows) time, and O(rows) if each row has a node in each column.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more edges than `u32` counts.
    pub(super) fn direct(nodes: &[NodeOfRow], n_rows: usize, pairs: &[[usize; 2]]) -> Result<Self> {
        let are_complete = |&[a, b]: &[usize; 2]| nodes[a].is_complete && nodes[b].is_complete;
        let joined = |&[a, b]: &[usize; 2]| {
            let ends = nodes[a].nodes.iter().copied().zip(nodes[b].nodes.iter().copied());
            (0_u32..).zip(ends).filter(|&(_, (a, b))| a != MISSING && b != MISSING)
        };
        let count = |pair: &[usize; 2]| {
            if are_complete(pair) { n_rows } else { joined(pair).count() }
        };
        let counts: Vec<usize> = pairs.par_iter().map(count).collect();
        let len = checked_sum(&counts)?;
        let all = LazyLock::new(|| all_rows(n_rows));
        let run = |(pair, &n): (&[usize; 2], &usize)| {
            if are_complete(pair) {
                let [sources, targets] = pair.map(|c| nodes[c].nodes.clone());
                return Run { sources, targets: Some(targets), rows: all.clone() };
            }
            Run {
                sources: column(n, joined(pair).map(|(_, (a, _))| a)),
                targets: Some(column(n, joined(pair).map(|(_, (_, b))| b))),
                rows: column(n, joined(pair).map(|(row, _)| row)),
            }
        };
        let runs = pairs.par_iter().zip(&counts).map(run).collect();
        Ok(Self { runs, len, is_direct: true })
    }
}

impl Run {
    /// Number of edges.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// A column of the `n` values that there are.
fn column(n: usize, values: impl Iterator<Item = u32>) -> Numbers {
    let column = filled(n, |column: &mut [u32]| {
        column.iter_mut().zip(values).for_each(|(out, value)| *out = value);
    });
    column.into()
}

fn all_rows(n: usize) -> Numbers {
    let rows = filled(n, |rows: &mut [u32]| {
        rows.par_iter_mut().enumerate().for_each(|(i, row)| *row = i as u32);
    });
    rows.into()
}

fn checked_sum(runs: &[usize]) -> Result<usize> {
    let m: usize = runs.iter().sum();
    if u32::try_from(m).is_err() {
        let (found, most) = (m as u64, u64::from(u32::MAX));
        return Err(Error::TooMany { things: "edges", found, most });
    }
    Ok(m)
}

/// The numbers of runs of edges, one run behind the other; those of a single one are not copied.
pub(super) fn end_to_end(parts: &[&Numbers]) -> Numbers {
    if let [part] = parts {
        return (*part).clone();
    }
    let all = filled(parts.iter().map(|part| part.len()).sum(), |mut rest: &mut [u32]| {
        let tasks: Vec<_> = parts.iter().map(|part| (cut(&mut rest, part.len()), part)).collect();
        tasks.into_par_iter().with_max_len(1).for_each(|(out, part)| out.copy_from_slice(part));
    });
    all.into()
}
