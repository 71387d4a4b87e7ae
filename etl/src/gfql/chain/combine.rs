//! What all steps of a chain kept, in one graph.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::super::hop::{Found, Input, NO_HOP, Spec};
use super::super::query::{EdgeStep, OWN_LABEL};
use super::super::set::Set;
use super::super::view::{View, flags, set_column};
use super::{Part, Pass};
use crate::Result;

/// The nodes and edges that `backward` kept, with columns for names and labels.
pub(super) fn combine<'g>(
    pass: &mut Pass<'_, 'g>,
    forward: &[Found],
    backward: &[Found],
) -> Result<View<'g>> {
    let mut result = pass.view.clone();
    let (nodes, node_labels) = nodes(pass, forward, backward, &mut result);
    let edges = edges(pass, forward, backward, &mut result)?;
    result.nodes = nodes;
    // Both ends of an edge are nodes, whatever ranges of hops left out.
    result.nodes |= &pass.view.both_ends(&edges);
    result.edges = edges;
    for (name, hops) in node_labels.columns {
        if name != OWN_LABEL {
            set_column(&mut result.node_columns, &name, column(&hops));
        }
    }
    Ok(result)
}

/// Columns of hops, in the order of the steps that they are of.
#[derive(Default)]
struct Labels {
    columns: Vec<(String, Vec<u32>)>,
}

impl Labels {
    /// Sets what `hops` knows and the column of that name does not.
    fn fill(&mut self, name: &str, hops: &[u32]) {
        match self.columns.iter_mut().find(|(known, _)| known == name) {
            Some((_, column)) => fill(column, hops),
            None => self.columns.push((name.to_owned(), hops.to_vec())),
        }
    }

    fn get(&self, name: &str) -> Option<&Vec<u32>> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, hops)| hops)
    }

    /// The column that ranges of `step` are about: its own, or else the first.
    fn of(&self, label: Option<&String>) -> Option<&Vec<u32>> {
        match label {
            Some(label) => self.get(label),
            None => self.columns.first().map(|(_, hops)| hops),
        }
    }
}

fn fill(column: &mut [u32], hops: &[u32]) {
    for (known, &hop) in column.iter_mut().zip(hops) {
        if *known == NO_HOP {
            *known = hop;
        }
    }
}

fn column(hops: &[u32]) -> ArrayRef {
    let hops = hops.iter().map(|&hop| (hop != NO_HOP).then_some(i64::from(hop)));
    Arc::new(hops.collect::<Int64Array>())
}

/// Whether `hop` is in the range that `step` puts out; where a walk starts always is.
fn is_out(step: &EdgeStep, hop: u32) -> bool {
    let bounds = &step.bounds;
    hop == NO_HOP
        || hop == 0
        || bounds.output_min.is_none_or(|min| min == 0 || hop >= min)
            && bounds.output_max.is_none_or(|max| max == 0 || hop <= max)
}

fn nodes(pass: &Pass, forward: &[Found], backward: &[Found], result: &mut View) -> (Set, Labels) {
    let parts = pass.parts;
    let mut nodes = Set::empty(pass.view.nodes.len());
    for (part, kept) in parts.iter().zip(backward) {
        match (part, &kept.node_hops) {
            (Part::Edge(edge), Some(hops)) if edge.has_output_range() => {
                nodes |= &kept.nodes.filter(|u| is_out(edge, hops[u as usize]));
            }
            _ => nodes |= &kept.nodes,
        }
    }
    let mut labels = Labels::default();
    for (part, found) in parts.iter().zip(forward) {
        if let (Some(name), Some(hops)) =
            (part.edge().and_then(|edge| edge.labels().0), &found.node_hops)
        {
            labels.fill(name, hops);
        }
    }
    for edge in parts.iter().filter_map(Part::edge).filter(|edge| edge.has_output_range()) {
        if let Some(hops) = labels.of(edge.label_nodes.as_ref()) {
            nodes = nodes.filter(|u| is_out(edge, hops[u as usize]));
        }
    }
    let seeds = &forward[0].nodes;
    let label_seeds = parts.iter().filter_map(Part::edge).any(|edge| edge.label_seeds);
    if label_seeds {
        let zero: Vec<u32> =
            (0..nodes.len() as u32).map(|u| if seeds.contains(u) { 0 } else { NO_HOP }).collect();
        labels.columns.iter_mut().for_each(|(_, hops)| fill(hops, &zero));
    }
    let mut marks = marks(pass, backward, &nodes);
    nodes = only_labeled(parts, nodes, &labels, &marks);
    if !labels.columns.is_empty() {
        if label_seeds {
            nodes |= seeds;
        } else {
            relabel_seeds(parts, forward, seeds, &mut labels);
        }
        marks_in_range(parts, &labels, &mut marks);
    }
    for (at, mark) in marks {
        if let Some(name) = parts[at].node().and_then(|node| node.name.as_deref()) {
            set_column(&mut result.node_columns, name, flags(&(&mark & &nodes)));
        }
    }
    (nodes, labels)
}

/// Where a walk starts it is at no hop, unless some step comes to that node later.
fn relabel_seeds(parts: &[Part], forward: &[Found], seeds: &Set, labels: &mut Labels) {
    for (name, hops) in &mut labels.columns {
        seeds.members().into_iter().for_each(|u| hops[u as usize] = NO_HOP);
        for (part, found) in parts.iter().zip(forward) {
            if let (Some(of), Some(known)) =
                (part.edge().and_then(|edge| edge.labels().0), &found.node_hops)
                && of == name
            {
                fill(hops, known);
            }
        }
    }
}

/// For each named node step, the nodes that it kept and that its edges leave from.
fn marks(pass: &Pass, backward: &[Found], nodes: &Set) -> Vec<(usize, Set)> {
    let mut marks = Vec::new();
    for (at, part) in pass.parts.iter().enumerate() {
        if part.node().is_none_or(|node| node.name.is_none()) {
            continue;
        }
        let mut mark = &backward[at].nodes & nodes;
        if let Some((edge, kept)) =
            pass.parts.get(at + 1).and_then(Part::edge).zip(backward.get(at + 1))
        {
            mark &= &pass.view.left(&kept.edges, edge.direction);
        }
        marks.push((at, mark));
    }
    marks
}

/// Where ranges of hops are put out, nodes without a hop are not; named ones may be.
fn only_labeled(parts: &[Part], nodes: Set, labels: &Labels, marks: &[(usize, Set)]) -> Set {
    let ranges = || parts.iter().filter_map(Part::edge).map(|edge| edge.bounds);
    let Some((_, hops)) = labels.columns.first() else { return nodes };
    if ranges().any(|bounds| bounds.output_min.is_some()) {
        return nodes.filter(|u| hops[u as usize] != NO_HOP);
    }
    if ranges().any(|bounds| bounds.output_max.is_some()) {
        return nodes.filter(|u| {
            hops[u as usize] != NO_HOP || marks.iter().any(|(_, mark)| mark.contains(u))
        });
    }
    nodes
}

/// A name behind an edge step is of the nodes in the range of hops of that step.
fn marks_in_range(parts: &[Part], labels: &Labels, marks: &mut [(usize, Set)]) {
    for (at, mark) in marks {
        let Some(edge) = at.checked_sub(1).and_then(|before| parts[before].edge()) else {
            continue;
        };
        let Some(hops) = edge.labels().0.and_then(|label| labels.get(label)) else { continue };
        let bounds = &edge.bounds;
        let min = bounds.output_min.or(bounds.min).or(bounds.hops).unwrap_or(1);
        let max = match bounds.fixed_point {
            true => None,
            false => bounds.output_max.or(bounds.max).or(bounds.hops),
        };
        *mark = mark.filter(|u| {
            let hop = hops[u as usize];
            (min <= 1 || hop != NO_HOP && hop >= min)
                && max.is_none_or(|max| hop != NO_HOP && hop <= max)
        });
    }
}

fn edges(pass: &mut Pass, forward: &[Found], backward: &[Found], result: &mut View) -> Result<Set> {
    let parts = pass.parts;
    let far = parts.iter().filter_map(Part::edge).any(|edge| !edge.is_single());
    let mut kept: Vec<(usize, &EdgeStep, Found)> = Vec::new();
    for (at, edge) in parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.edge()?))) {
        // The steps before and behind are nodes, or edges without a node step between.
        let found = match far {
            true => {
                let seeds = &forward[at - 1].nodes & &pass.view.nodes;
                let (nodes, edges) = (&pass.view.nodes, &backward[at].edges);
                let input = Input { nodes, edges, seeds: Some(&seeds), target: None };
                pass.hop(&Spec::forward(edge), input)?
            }
            false => {
                let (before, behind) = (&forward[at - 1].nodes, &forward[at + 1].nodes);
                let (from, to) = (Some(before), Some(behind));
                let edges = pass.between(edge.direction, &backward[at].edges, from, to);
                Found { edges, ..backward[at].clone() }
            }
        };
        kept.push((at, edge, found));
    }
    let mut edges = Set::empty(pass.view.edges.len());
    for (_, edge, found) in &kept {
        match &found.edge_hops {
            Some(hops) if edge.has_output_range() => {
                edges |= &found.edges.filter(|e| is_out(edge, hops[e as usize]));
            }
            _ => edges |= &found.edges,
        }
    }
    let mut labels = Labels::default();
    for &(at, edge, _) in &kept {
        if let (Some(name), Some(hops)) = (edge.labels().1, &forward[at].edge_hops) {
            labels.fill(name, hops);
        }
    }
    for (_, edge, _) in kept.iter().filter(|(_, edge, _)| edge.has_output_range()) {
        if let Some(hops) = labels.of(edge.label_edges.as_ref()) {
            edges = edges.filter(|e| is_out(edge, hops[e as usize]));
        }
    }
    for (name, hops) in &labels.columns {
        if name != OWN_LABEL {
            set_column(&mut result.edge_columns, name, column(hops));
        }
    }
    for (_, edge, found) in &kept {
        if let Some(name) = &edge.name {
            set_column(&mut result.edge_columns, name, flags(&(&found.edges & &edges)));
        }
    }
    Ok(edges)
}
