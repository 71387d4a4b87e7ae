//! Measures of nodes by their neighbors.

#![expect(clippy::unnecessary_wraps, reason = "all measures of the table have one type")]

use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, UInt32Array, UInt64Array};
use graph_core::Graph;
use serde_json::Value;

use super::options::{Options, problem};
use super::weights::weight_column;
use super::{Measured, Work, ids};
use crate::Result;
use crate::analytics::rows::check_option;
use crate::analytics::{
    CentralityReport, Clustering, ClusteringReport, Components, CoreNumbers, Degrees, Eigenvector,
    Hits, Katz, Levels, PageRank, PageRankReport, Triangles, core_numbers, cut_points, degrees,
    degrees_by, strong_components, triangles, weak_components,
};
use crate::topology::{Merge, Undirected};

pub(super) fn degree(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let weights = weight_column(graph, &mut options)?;
    Ok(Box::new(move |_| {
        Ok(counted(match &weights {
            Some(weights) => degrees_by(graph, weights)?,
            None => degrees(graph),
        }))
    }))
}

pub(super) fn counted(found: Degrees) -> Measured {
    let mut measured = Measured::default()
        .node("degree", Arc::new(UInt32Array::from(found.total)))
        .node("degree_in", Arc::new(UInt32Array::from(found.r#in)))
        .node("degree_out", Arc::new(UInt32Array::from(found.out)));
    if let Some(weighted) = found.weighted {
        measured = measured
            .node("weighted_degree", Arc::new(Float64Array::from(weighted.total)))
            .node("weighted_degree_in", Arc::new(Float64Array::from(weighted.r#in)))
            .node("weighted_degree_out", Arc::new(Float64Array::from(weighted.out)));
    }
    measured
}

pub(super) fn partition(found: Components) -> Measured {
    let largest = found.sizes.iter().max().copied();
    let count = found.n_components();
    Measured::default()
        .node("component", Arc::new(UInt32Array::from(found.component)))
        .with("n_components", count)
        .with("largest", largest)
}

pub(super) fn weak(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |control| weak_components(graph, control).map(partition)))
}

pub(super) fn strong(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |control| strong_components(graph, control).map(partition)))
}

pub(super) fn page_rank(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure = page_rank_options(graph, options)?;
    Ok(Box::new(move |control| measure.run(graph, control).map(ranked)))
}

pub(super) fn page_rank_options(graph: &Graph, mut options: Options) -> Result<PageRank> {
    let starts: Vec<(Value, f64)> = match options.take::<Value>("personalization")? {
        None => Vec::new(),
        Some(Value::Array(ids)) => ids.into_iter().map(|id| (id, 1.0)).collect(),
        Some(Value::Object(weights)) => weights
            .into_iter()
            .map(|(id, weight)| {
                let found = weight.as_f64();
                let weight =
                    found.ok_or_else(|| problem("personalization", &"weights are numbers"))?;
                check_option("personalization", weight, weight > 0.0, "finite and above 0")?;
                Ok((Value::String(id), weight))
            })
            .collect::<Result<_>>()?,
        Some(_) => return Err(problem("personalization", &"is neither a list nor an object")),
    };
    let mut measure: PageRank = options.rest()?;
    let (ids, weights): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
    let nodes = ids::nodes(graph, "personalization", &ids)?;
    measure.personalization = nodes.into_iter().zip(weights).collect();
    Ok(measure)
}

pub(super) fn ranked(found: PageRankReport) -> Measured {
    Measured::default()
        .node("page_rank", Arc::new(Float64Array::from(found.rank)))
        .with("iterations", found.iterations)
        .with("change", found.change)
        .with("converged", found.converged)
}

pub(super) fn hits(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Hits = options.rest()?;
    Ok(Box::new(move |control| {
        let found = measure.run(graph, control)?;
        Ok(Measured::default()
            .node("hub", Arc::new(Float64Array::from(found.hub)))
            .node("authority", Arc::new(Float64Array::from(found.authority)))
            .with("iterations", found.iterations)
            .with("change", found.change)
            .with("converged", found.converged))
    }))
}

fn centrality(name: &str, found: CentralityReport) -> Measured {
    Measured::default()
        .node(name, Arc::new(Float64Array::from(found.centrality)))
        .with("iterations", found.iterations)
        .with("change", found.change)
        .with("converged", found.converged)
}

pub(super) fn eigenvector(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Eigenvector = options.rest()?;
    Ok(Box::new(move |control| Ok(centrality("eigenvector", measure.run(graph, control)?))))
}

pub(super) fn katz(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Katz = options.rest()?;
    Ok(Box::new(move |control| Ok(centrality("katz", measure.run(graph, control)?))))
}

pub(super) fn core_number(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |control| {
        core_numbers(&Undirected::new(graph, Merge::Unit), control).map(peeled)
    }))
}

pub(super) fn peeled(found: CoreNumbers) -> Measured {
    Measured::default()
        .node("core_number", Arc::new(UInt32Array::from(found.core)))
        .with("largest", found.largest)
}

pub(super) fn triangle_count(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |control| {
        triangles(&Undirected::new(graph, Merge::Unit), control).map(closed)
    }))
}

pub(super) fn closed(found: Triangles) -> Measured {
    Measured::default()
        .node("triangles", Arc::new(UInt64Array::from(found.count)))
        .with("n_triangles", found.total)
}

pub(super) fn clustering(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Clustering = options.rest()?;
    Ok(Box::new(move |control| {
        let merge = if measure.weighted { Merge::Sum } else { Merge::Unit };
        measure.run(&Undirected::new(graph, merge), control).map(clustered)
    }))
}

pub(super) fn clustered(found: ClusteringReport) -> Measured {
    Measured::default()
        .node("clustering", Arc::new(Float64Array::from(found.coefficient)))
        .node("triangles", Arc::new(UInt64Array::from(found.triangles)))
        .with("average", found.average)
        .with("global", found.global)
        .with("n_triangles", found.n_triangles)
}

pub(super) fn levels(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Levels = options.rest()?;
    Ok(Box::new(move |control| {
        let found = measure.run(graph, control)?;
        Ok(Measured::default()
            .node("level", Arc::new(UInt32Array::from(found.level)))
            .with("n_levels", found.n_levels)
            .with("n_broken", found.n_broken))
    }))
}

pub(super) fn cuts(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |control| {
        let found = cut_points(graph, control)?;
        Ok(Measured::default()
            .node("is_articulation", Arc::new(BooleanArray::from(found.is_articulation)))
            .edge("is_bridge", Arc::new(BooleanArray::from(found.is_bridge)))
            .with("n_articulations", found.n_articulations)
            .with("n_bridges", found.n_bridges))
    }))
}
