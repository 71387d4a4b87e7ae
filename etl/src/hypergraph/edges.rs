//! Edges as numbers: which nodes each joins, and which row of the events it is from.

use arrow::buffer::ScalarBuffer;
use graph_core::room::filled;
use rayon::prelude::*;

use crate::hypergraph::distinct::MISSING;
use crate::{Error, Result};

/// Edges in runs, one for each column or pair of columns, in each by ascending row.
#[derive(Debug)]
pub(super) struct Edges {
    /// Node of the first entity, shape `[m]`.
    pub(super) sources: ScalarBuffer<u32>,
    /// Node of the second entity, shape `[m]`; `None` if the other end is the event.
    pub(super) targets: Option<ScalarBuffer<u32>>,
    /// Row of the events, shape `[m]`.
    pub(super) rows: ScalarBuffer<u32>,
    /// Length of each run.
    pub(super) runs: Vec<usize>,
}

impl Edges {
    /// Edges from the entities of each column in `order` to their events; `nodes` has for each
    /// column the node of every row, [`MISSING`] where there is none. O(m) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more edges than `u32` counts.
    pub(super) fn to_events(nodes: &[Vec<u32>], order: &[usize]) -> Result<Self> {
        let count = |&c: &usize| nodes[c].iter().filter(|&&node| node != MISSING).count();
        let runs: Vec<usize> = order.par_iter().map(count).collect();
        let m = checked_sum(&runs)?;
        let sources = filled(m, |sources| {
            let parts = split(sources, &runs).into_iter().zip(order);
            parts.par_bridge().for_each(|(sources, &c)| {
                let present = nodes[c].iter().filter(|&&node| node != MISSING);
                sources.iter_mut().zip(present).for_each(|(source, &node)| *source = node);
            });
        });
        let rows = filled(m, |rows| {
            let parts = split(rows, &runs).into_iter().zip(order);
            parts.par_bridge().for_each(|(rows, &c)| {
                let present = (0..).zip(&nodes[c]).filter(|&(_, &node)| node != MISSING);
                rows.iter_mut().zip(present).for_each(|(row, (at, _))| *row = at);
            });
        });
        Ok(Self { sources, targets: None, rows, runs })
    }

    /// Edges from the entity in the first to the one in the second column of each pair, of the
    /// same row. O(pairs · rows) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more edges than `u32` counts.
    pub(super) fn direct(nodes: &[Vec<u32>], pairs: &[[usize; 2]]) -> Result<Self> {
        let joined = |&[a, b]: &[usize; 2]| {
            let ends = nodes[a].iter().copied().zip(nodes[b].iter().copied());
            (0_u32..).zip(ends).filter(|&(_, (a, b))| a != MISSING && b != MISSING)
        };
        let runs: Vec<usize> = pairs.par_iter().map(|pair| joined(pair).count()).collect();
        let m = checked_sum(&runs)?;
        let column = |of: fn((u32, (u32, u32))) -> u32| {
            filled(m, |column| {
                let parts = split(column, &runs).into_iter().zip(pairs);
                parts.par_bridge().for_each(|(column, pair)| {
                    column.iter_mut().zip(joined(pair)).for_each(|(out, edge)| *out = of(edge));
                });
            })
        };
        let sources = column(|(_, (a, _))| a);
        let targets = Some(column(|(_, (_, b))| b));
        let rows = column(|(row, _)| row);
        Ok(Self { sources, targets, rows, runs })
    }

    /// Number of edges.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

fn checked_sum(runs: &[usize]) -> Result<usize> {
    let m: usize = runs.iter().sum();
    if u32::try_from(m).is_err() {
        let (found, most) = (m as u64, u64::from(u32::MAX));
        return Err(Error::TooMany { things: "edges", found, most });
    }
    Ok(m)
}

/// Parts of `whole` of the lengths `runs`.
fn split<'a>(mut whole: &'a mut [u32], runs: &[usize]) -> Vec<&'a mut [u32]> {
    runs.iter()
        .map(|&run| {
            let (part, rest) = std::mem::take(&mut whole).split_at_mut(run);
            whole = rest;
            part
        })
        .collect()
}
