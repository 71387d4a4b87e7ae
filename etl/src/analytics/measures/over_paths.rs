//! Measures of nodes and edges by shortest paths.

use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array};
use graph_core::{Graph, NodeId};
use serde_json::Value;

use super::options::{Options, problem};
use super::weights::weight_column;
use super::{Measured, Work, ids};
use crate::analytics::{
    Betweenness, Bfs, BfsReport, Closeness, ClosenessReport, SpanningForest, Sssp, SsspReport,
};
use crate::{Control, Result};

/// Nodes that paths start from: one id, or a list of ids.
fn sources(graph: &Graph, options: &mut Options) -> Result<Vec<NodeId>> {
    let sources = match options.take::<Value>("sources")? {
        None => return Err(problem("sources", &"is needed: ids of the nodes to start from")),
        Some(Value::Array(ids)) => ids,
        Some(id) => vec![id],
    };
    ids::nodes(graph, "sources", &sources)
}

pub(super) fn bfs(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure = bfs_options(graph, options)?;
    Ok(Box::new(move |control| hops(graph, &measure.run(graph, control)?)))
}

pub(super) fn bfs_options(graph: &Graph, mut options: Options) -> Result<Bfs> {
    // Nodes last: whether they exist is all that only the graph can tell.
    Ok(Bfs {
        direction: options.take("direction")?.unwrap_or_default(),
        max_distance: options.take("max_distance")?,
        sources: sources(graph, &mut options)?,
    })
}

pub(super) fn hops(graph: &Graph, found: &BfsReport) -> Result<Measured> {
    Ok(Measured::default()
        .node("distance", ids::reached(&found.distance))
        .node("predecessor", ids::ids(graph, &found.parent)?)
        .with("n_reached", found.n_reached)
        .with("depth", found.depth))
}

pub(super) fn sssp(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure = sssp_options(graph, options)?;
    Ok(Box::new(move |control| lengths(graph, &measure.run(graph, control)?)))
}

pub(super) fn sssp_options(graph: &Graph, mut options: Options) -> Result<Sssp> {
    // Nodes last: whether they exist is all that only the graph can tell.
    Ok(Sssp {
        direction: options.take("direction")?.unwrap_or_default(),
        delta: options.take("delta")?,
        sources: sources(graph, &mut options)?,
    })
}

pub(super) fn lengths(graph: &Graph, found: &SsspReport) -> Result<Measured> {
    let distance = found.distance.iter().map(|d| d.is_finite().then_some(*d));
    Ok(Measured::default()
        .node("distance", Arc::new(distance.collect::<Float64Array>()))
        .node("predecessor", ids::ids(graph, &found.parent)?)
        .with("n_reached", found.n_reached))
}

pub(super) fn betweenness(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Betweenness = options.rest()?;
    Ok(Box::new(move |control| {
        let found = measure.run(graph, control)?;
        let mut measured = Measured::default()
            .node("betweenness", Arc::new(Float64Array::from(found.node)))
            .with("n_sources", found.n_sources);
        if let Some(edge) = found.edge {
            measured = measured.edge("edge_betweenness", Arc::new(Float64Array::from(edge)));
        }
        Ok(measured)
    }))
}

pub(super) fn edge_betweenness(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure = Betweenness { edges: true, ..options.rest()? };
    Ok(Box::new(move |control| {
        let found = measure.run(graph, control)?;
        let edge = Float64Array::from(found.edge.unwrap_or_default());
        let measured = Measured::default().edge("edge_betweenness", Arc::new(edge));
        Ok(measured.with("n_sources", found.n_sources))
    }))
}

/// One of the three columns that closeness gives.
fn one_of<'g>(
    graph: &'g Graph,
    options: Options,
    name: &'static str,
    column: fn(ClosenessReport) -> Vec<f64>,
) -> Result<Work<'g>> {
    let measure: Closeness = options.rest()?;
    Ok(Box::new(move |control: &Control| {
        let found = measure.run(graph, control)?;
        let n_sources = found.n_sources;
        let values = Float64Array::from(column(found));
        Ok(Measured::default().node(name, Arc::new(values)).with("n_sources", n_sources))
    }))
}

pub(super) fn closeness(graph: &Graph, options: Options) -> Result<Work<'_>> {
    one_of(graph, options, "closeness", |found| found.closeness)
}

pub(super) fn harmonic(graph: &Graph, options: Options) -> Result<Work<'_>> {
    one_of(graph, options, "harmonic", |found| found.harmonic)
}

pub(super) fn eccentricity(graph: &Graph, options: Options) -> Result<Work<'_>> {
    one_of(graph, options, "eccentricity", |found| found.eccentricity)
}

pub(super) fn spanning_forest(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let weights = weight_column(graph, &mut options)?;
    let measure: SpanningForest = options.rest()?;
    Ok(Box::new(move |control| {
        let found = match &weights {
            Some(weights) => measure.run_by(graph, weights, control)?,
            None => measure.run(graph, control)?,
        };
        let mut is_in = vec![false; graph.n_edges()];
        for &e in &found.edges {
            is_in[e as usize] = true;
        }
        Ok(Measured::default()
            .edge("in_forest", Arc::new(BooleanArray::from(is_in)))
            .with("n_trees", found.n_trees)
            .with("weight", found.weight))
    }))
}
