//! Communities.

use std::sync::Arc;

use arrow::array::UInt32Array;
use graph_core::Graph;

use super::options::Options;
use super::{Measured, Work};
use crate::Result;
use crate::community::{Communities, LabelPropagation, Leiden, Louvain};
use crate::topology::{Merge, Undirected};

/// What becomes of the weights of parallel edges: of the two directions of a pair, too.
fn merge(options: &mut Options) -> Result<Merge> {
    Ok(options.take("merge")?.unwrap_or(Merge::Sum))
}

fn found(communities: Communities) -> Measured {
    let measured = Measured::default()
        .with("n_communities", communities.sizes.len())
        .with("modularity", communities.modularity)
        .with("converged", communities.converged);
    measured.node("community", Arc::new(UInt32Array::from(communities.labels)))
}

pub(super) fn louvain(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let merge = merge(&mut options)?;
    let measure: Louvain = options.rest()?;
    Ok(Box::new(move |control| measure.run(&Undirected::new(graph, merge), control).map(found)))
}

pub(super) fn leiden(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let merge = merge(&mut options)?;
    let measure: Leiden = options.rest()?;
    Ok(Box::new(move |control| measure.run(&Undirected::new(graph, merge), control).map(found)))
}

pub(super) fn label_propagation(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let merge = merge(&mut options)?;
    let measure: LabelPropagation = options.rest()?;
    Ok(Box::new(move |control| {
        let found = measure.run(&Undirected::new(graph, merge), control)?;
        Ok(Measured::default()
            .with("n_communities", found.sizes.len())
            .with("rounds", found.rounds)
            .with("converged", found.converged)
            .node("community", Arc::new(UInt32Array::from(found.labels))))
    }))
}
