//! Rows of paths: one row for each way in which a pattern fits the graph.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use graph_core::gather;

use super::super::error::{QueryError, QueryProblem};
use super::super::filter::{Context, select};
use super::super::hop::{Input, Spec, hop};
use super::super::query::{Bounds, EdgeStep, NodeStep, Step, StepKind};
use super::super::set::Set;
use super::super::view::View;
use super::{batch, set};
use crate::topology::Direction;
use crate::{Control, Result};

/// Beginnings of paths that are walked at most, all together.
const MOST: usize = 50_000_000;

/// A pattern whose paths are rows.
///
/// Steps are nodes and edges by turns, from node to node, or nodes alone, which need not be joined:
/// then every combination is a row. A path takes each edge at most once.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gfql) struct Pattern {
    pub steps: Vec<Step>,
    pub attributes: Attributes,
}

/// The attributes of node steps that are asked for; ids always are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::gfql) struct Attributes {
    /// Those of these steps alone.
    pub of: Option<Vec<String>>,
    /// These of each step named here, none of others.
    pub only: Option<Vec<(String, Vec<String>)>>,
}

impl Pattern {
    /// The pattern of `steps`, if they are one.
    pub(in crate::gfql) fn new(
        steps: Vec<Step>,
        attributes: Attributes,
        path: &str,
    ) -> Result<Self> {
        let refused = |what: &str, reason| {
            let problem = QueryProblem::Unsupported { what: what.to_owned(), reason };
            Err(QueryError::at(path, problem))
        };
        let is_node = |step: &Step| matches!(step.what, StepKind::Node(_));
        if steps.is_empty() {
            return refused("a row for each path of no steps", "name at least one node step");
        }
        let by_turns = || {
            steps.len() % 2 == 1
                && steps.iter().enumerate().all(|(at, step)| is_node(step) == (at % 2 == 0))
        };
        if !steps.iter().all(is_node) && !by_turns() {
            return refused(
                "a row for each path of these steps",
                "paths go from a node step over edge and node steps by turns to a node step",
            );
        }
        for step in &steps {
            if let StepKind::Edge(edge) = &step.what
                && edge.name.is_some()
                && !is_one_edge(edge)
            {
                let problem = QueryProblem::Unsupported {
                    what: "a name for several edges of a path".to_owned(),
                    reason: "a row has one edge for each name; write the hops as steps",
                };
                return Err(QueryError::at(&step.path, problem));
            }
        }
        let mut names: Vec<&str> = steps.iter().filter_map(name).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[one, other]| one == other) {
            let value = format!("`{twice}`, the name of two steps,");
            return Err(QueryError::at(
                path,
                QueryProblem::BadValue { value, allowed: "distinct" },
            ));
        }
        // The client attaches all attributes where no edges are.
        let attributes = if steps.iter().all(is_node) { Attributes::default() } else { attributes };
        Ok(Self { steps, attributes })
    }

    /// Columns `a`, the id, and `a.x` for each attribute `x` and for the name itself, of each node
    /// step called `a`; the same without ids of each edge step; and the hops of each edge step that
    /// labels them.
    pub(super) fn run(
        &self,
        view: &View,
        path: &str,
        context: &mut Context,
        control: &Control,
    ) -> Result<RecordBatch> {
        context.forget();
        let mut walk = Walk { view, path, context, control, places: Vec::new() };
        let ends = match self.steps.get(1).map(|step| &step.what) {
            Some(StepKind::Edge(_)) => walk.connected(&self.steps)?,
            _ => walk.combined(&self.steps)?,
        };
        let places = walk.places;
        self.columns(view, &places, &ends)
    }

    fn columns(&self, view: &View, places: &[Place], ends: &[u32]) -> Result<RecordBatch> {
        // The last place of each row at the step at hand, from the last step to the first.
        let mut here = ends.to_vec();
        let mut found: Vec<Vec<(String, ArrayRef)>> = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.iter().enumerate().rev() {
            step_back(places, &mut here, at);
            let place = |row: &u32| places[*row as usize];
            let mut columns = Vec::new();
            match &step.what {
                StepKind::Node(node) => {
                    let nodes: Vec<u32> = here.iter().map(|row| place(row).node).collect();
                    let label = at.checked_sub(1).and_then(|before| label(&self.steps[before]));
                    let hops = label.map(|label| (label, least_hops(&here, places)));
                    self.node_columns(view, node, &nodes, hops, &mut columns)?;
                }
                StepKind::Edge(edge) => {
                    if let Some(label) = &edge.label_nodes {
                        let hops = here.iter().map(|row| i64::from(place(row).hop));
                        let hops: ArrayRef = Arc::new(Int64Array::from_iter_values(hops));
                        columns.push((label.clone(), hops));
                    }
                    let edges: Vec<u32> = here.iter().map(|row| place(row).edge).collect();
                    edge_columns(view, edge, &edges, &mut columns)?;
                }
                StepKind::Call(_) => unreachable!("a pattern should have no calls"),
            }
            found.push(columns);
        }
        let mut columns = Vec::new();
        for (name, values) in found.into_iter().rev().flatten() {
            set(&mut columns, &name, values);
        }
        batch(columns, ends.len())
    }

    fn node_columns(
        &self,
        view: &View,
        node: &NodeStep,
        nodes: &[u32],
        hops: Option<(&str, Vec<i64>)>,
        columns: &mut Vec<(String, ArrayRef)>,
    ) -> Result<()> {
        let Some(step) = &node.name else { return Ok(()) };
        let ids = gather(view.graph.ids(), nodes)?;
        columns.push((step.clone(), Arc::clone(&ids)));
        if self.attributes.of.as_ref().is_some_and(|steps| !steps.contains(step)) {
            return Ok(());
        }
        let wanted = match &self.attributes.only {
            None => None,
            Some(steps) => match steps.iter().find(|(known, _)| known == step) {
                Some((_, wanted)) if !wanted.is_empty() => Some(wanted),
                _ => return Ok(()),
            },
        };
        let schema = view.graph.nodes().schema();
        let id = schema.field(0).name();
        columns.push((format!("{step}.{id}"), ids));
        let table = view.node_table();
        let names = table.names();
        let asked = |name: &str| wanted.is_none_or(|wanted| wanted.iter().any(|w| w == name));
        for name in names.iter().filter(|name| *name != id && asked(name)) {
            if let Some(values) = table.column(name)? {
                columns.push((format!("{step}.{name}"), gather(&values, nodes)?));
            }
        }
        if !names.contains(step) && asked(step) {
            let all: ArrayRef = Arc::new(BooleanArray::from(vec![true; nodes.len()]));
            columns.push((format!("{step}.{step}"), all));
        }
        if let Some((label, hops)) = hops.filter(|(label, _)| asked(label)) {
            set(columns, &format!("{step}.{label}"), Arc::new(Int64Array::from(hops)));
        }
        Ok(())
    }
}

fn name(step: &Step) -> Option<&str> {
    match &step.what {
        StepKind::Node(node) => node.name.as_deref(),
        StepKind::Edge(edge) => edge.name.as_deref(),
        StepKind::Call(_) => None,
    }
}

fn label(step: &Step) -> Option<&str> {
    match &step.what {
        StepKind::Edge(edge) => edge.label_nodes.as_deref(),
        _ => None,
    }
}

/// The least and the most edges that a path has for this step. As at the client, `hops` alone is
/// both here, though in a chain it is the most.
fn least_most(edge: &EdgeStep) -> (u32, Option<u32>) {
    let Bounds { hops, min, max, .. } = edge.bounds;
    (min.or(hops).unwrap_or(1), max.or(hops))
}

/// Whether a path has exactly one edge for this step.
fn is_one_edge(edge: &EdgeStep) -> bool {
    least_most(edge) == (1, Some(1)) && !edge.bounds.fixed_point
}

/// In place of an edge: none.
const NONE: u32 = u32::MAX;

/// One node of a path, and how it was come to.
#[derive(Debug, Clone, Copy)]
struct Place {
    node: u32,
    /// The edge that led here, if one did.
    edge: u32,
    /// The place before; [`NONE`] at the start.
    before: u32,
    /// The step that led here; a step of several hops has several places, and a node step behind
    /// an edge step none of its own.
    step: u32,
    /// Edges of that step so far.
    hop: u32,
}

/// From places of steps behind `step` to the last ones of it or before.
fn step_back(places: &[Place], rows: &mut [u32], step: usize) {
    for row in rows {
        while places[*row as usize].step as usize > step {
            *row = places[*row as usize].before;
        }
    }
}

/// For each place the least hops with which any of `rows` comes to its node.
fn least_hops(rows: &[u32], places: &[Place]) -> Vec<i64> {
    let mut least = HashMap::new();
    for place in rows.iter().map(|&row| places[row as usize]) {
        least
            .entry(place.node)
            .and_modify(|hop: &mut u32| *hop = place.hop.min(*hop))
            .or_insert(place.hop);
    }
    rows.iter().map(|&row| i64::from(least[&places[row as usize].node])).collect()
}

fn edge_columns(
    view: &View,
    edge: &EdgeStep,
    edges: &[u32],
    columns: &mut Vec<(String, ArrayRef)>,
) -> Result<()> {
    let Some(step) = &edge.name else { return Ok(()) };
    let table = view.edge_table();
    let names = table.names();
    let ends = view.graph.end_names();
    for name in names.iter().filter(|name| !ends.contains(&name.as_str())) {
        if let Some(values) = table.column(name)? {
            columns.push((format!("{step}.{name}"), gather(&values, edges)?));
        }
    }
    if !names.contains(step) {
        let all: ArrayRef = Arc::new(BooleanArray::from(vec![true; edges.len()]));
        columns.push((format!("{step}.{step}"), all));
    }
    Ok(())
}

struct Walk<'w, 'g> {
    view: &'w View<'g>,
    path: &'w str,
    context: &'w mut Context,
    control: &'w Control<'w>,
    places: Vec<Place>,
}

impl Walk<'_, '_> {
    /// The last places of all paths of steps that edges join.
    fn connected(&mut self, steps: &[Step]) -> Result<Vec<u32>> {
        let mut ends = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            self.control.step("paths", at as u64, Some(steps.len() as u64))?;
            match &step.what {
                StepKind::Node(node) if at == 0 => {
                    let nodes = self.nodes(node, &self.view.nodes)?;
                    for u in nodes.members() {
                        ends.push(self.push(Place {
                            node: u,
                            edge: NONE,
                            before: NONE,
                            step: 0,
                            hop: 0,
                        })?);
                    }
                }
                StepKind::Node(node) => {
                    let reached = self.reached(&ends);
                    let nodes = self.nodes(node, &reached)?;
                    ends.retain(|&end| nodes.contains(self.places[end as usize].node));
                }
                StepKind::Edge(edge) => ends = self.edges(edge, at, &ends)?,
                StepKind::Call(_) => unreachable!("a pattern should have no calls"),
            }
        }
        Ok(ends)
    }

    /// Every combination of the nodes of each step.
    fn combined(&mut self, steps: &[Step]) -> Result<Vec<u32>> {
        let mut ends: Vec<u32> = vec![NONE];
        for (at, step) in steps.iter().enumerate() {
            self.control.step("combinations", at as u64, Some(steps.len() as u64))?;
            let StepKind::Node(node) = &step.what else { unreachable!("these should be nodes") };
            let nodes = self.nodes(node, &self.view.nodes)?.members();
            let mut next = Vec::new();
            for &before in &ends {
                for &node in &nodes {
                    let step = at as u32;
                    next.push(self.push(Place { node, edge: NONE, before, step, hop: 0 })?);
                }
            }
            ends = next;
        }
        Ok(ends)
    }

    fn nodes(&mut self, node: &NodeStep, among: &Set) -> Result<Set> {
        let among = among & &self.view.nodes;
        select(self.view.node_table(), &node.filter, &among, self.context)
    }

    /// Nodes that paths have come to.
    fn reached(&self, ends: &[u32]) -> Set {
        let mut reached = Set::empty(self.view.nodes.len());
        for &end in ends {
            reached.insert(self.places[end as usize].node);
        }
        reached
    }

    /// All ways to go on from `starts` over an edge step: fewer hops first, then in the order of the
    /// starts, then of the edges, of which those taken backwards come last.
    fn edges(&mut self, edge: &EdgeStep, at: usize, starts: &[u32]) -> Result<Vec<u32>> {
        let seeds = self.reached(starts);
        let input = Input {
            nodes: &self.view.nodes,
            edges: &self.view.edges,
            seeds: Some(&seeds),
            target: None,
        };
        let found = hop(self.view, &Spec::forward(edge), input, self.context, self.control)?;
        let (members, rows) = found.ways(self.view, edge.direction);
        let both = edge.direction == Direction::Both;
        let sources = self.view.graph.coo().sources();
        let (nearest, farthest) = least_most(edge);
        let step = at as u32;
        let is_one = is_one_edge(edge) && !found.nodes.is_empty();
        let mut ends = Vec::new();
        let mut wave = Vec::with_capacity(starts.len());
        if nearest == 0 {
            for &before in starts {
                let node = self.places[before as usize].node;
                let place = self.push(Place { node, edge: NONE, before, step, hop: 0 })?;
                ends.push(place);
                wave.push(place);
            }
        } else {
            wave.extend_from_slice(starts);
        }
        // A path takes no edge twice, so that it comes to an end.
        let mut hop = 0;
        while !wave.is_empty() && farthest.is_none_or(|farthest| hop < farthest) {
            hop += 1;
            self.control.step("hops", u64::from(hop), farthest.map(u64::from))?;
            let mut next = Vec::new();
            for &before in &wave {
                let u = self.places[before as usize].node;
                for backwards in [false, true] {
                    if backwards && !both {
                        continue;
                    }
                    for (v, member) in rows.at(u) {
                        let edge = members[member as usize];
                        let is_backwards = both && sources[edge as usize] != u;
                        let enters = !is_one || found.nodes.contains(v);
                        if is_backwards == backwards && enters && !self.has_taken(before, edge) {
                            next.push(self.push(Place { node: v, edge, before, step, hop })?);
                        }
                    }
                }
            }
            if hop >= nearest {
                ends.extend_from_slice(&next);
            }
            wave = next;
        }
        Ok(ends)
    }

    /// Whether the path that ends at `place` has `edge`.
    fn has_taken(&self, mut place: u32, edge: u32) -> bool {
        while place != NONE {
            let here = self.places[place as usize];
            if here.edge == edge {
                return true;
            }
            place = here.before;
        }
        false
    }

    fn push(&mut self, place: Place) -> Result<u32> {
        if self.places.len() >= MOST {
            let (found, most) = (self.places.len() as u64 + 1, MOST as u64);
            let problem = QueryProblem::TooMuch { what: "beginnings of paths", found, most };
            return Err(QueryError::at(self.path, problem));
        }
        self.places.push(place);
        Ok(self.places.len() as u32 - 1)
    }
}
