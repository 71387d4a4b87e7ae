//! Chains of node and edge steps: forward to find, backward to keep what leads to the end.

mod combine;

use super::filter::{Context, select};
use super::hop::{Found, Input, Spec, hop};
use super::paths;
use super::query::{EdgeStep, Filter, NodeStep, PathCondition, Step, StepKind};
use super::set::Set;
use super::view::{View, flags, set_column};
use crate::topology::Direction;
use crate::{Control, Result};

/// A step of a pattern: nodes, or edges between them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    Node(&'a NodeStep),
    Edge(&'a EdgeStep),
}

impl Part<'_> {
    fn edge(&self) -> Option<&EdgeStep> {
        match self {
            Self::Edge(edge) => Some(edge),
            Self::Node(_) => None,
        }
    }

    pub(super) fn node(&self) -> Option<&NodeStep> {
        match self {
            Self::Node(node) => Some(node),
            Self::Edge(_) => None,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Node(node) => node.name.as_deref(),
            Self::Edge(edge) => edge.name.as_deref(),
        }
    }
}

/// The part of `view` that matches the node and edge steps `steps`, with a column for each name.
///
/// Three passes: forward, each step finds what it matches from what the one before found; backward,
/// each keeps of that what leads to what the next one kept; at last, what all steps kept is joined.
/// Each pass looks at every edge once for each hop.
pub(super) fn run<'g>(
    view: &View<'g>,
    steps: &[Step],
    conditions: &[PathCondition],
    context: &mut Context,
    control: &Control,
) -> Result<View<'g>> {
    context.forget();
    let mut parts: Vec<Part> = steps
        .iter()
        .filter_map(|step| match &step.what {
            StepKind::Node(node) => Some(Part::Node(node)),
            StepKind::Edge(edge) => Some(Part::Edge(edge)),
            StepKind::Call(_) => None,
        })
        .collect();
    if let ([Part::Node(node)], []) = (&parts[..], conditions) {
        let nodes = select(view.node_table(), &node.filter, &view.nodes, context)?;
        return Ok(one_step(view, nodes, node));
    }
    // An edge step starts and ends at nodes.
    let any = NodeStep::default();
    if matches!(parts.first(), Some(Part::Edge(_))) {
        parts.insert(0, Part::Node(&any));
    }
    if matches!(parts.last(), Some(Part::Edge(_))) {
        parts.push(Part::Node(&any));
    }
    let path = steps.first().map_or("$", |step| step.path.as_str());
    let mut pass = Pass { view, parts: &parts, context, control, path };
    let forward = pass.forward()?;
    let backward = pass.backward(&forward)?;
    if !conditions.is_empty() {
        return paths::run(&mut pass, &backward, conditions);
    }
    combine::combine(&mut pass, &forward, &backward)
}

/// A single node step keeps no edges.
fn one_step<'g>(view: &View<'g>, nodes: Set, node: &NodeStep) -> View<'g> {
    let mut result = view.clone();
    if let Some(name) = &node.name {
        set_column(&mut result.node_columns, name, flags(&nodes));
    }
    result.nodes = nodes;
    result.edges = Set::empty(view.edges.len());
    result
}

/// The passes over one chain.
pub(super) struct Pass<'p, 'g> {
    pub(super) view: &'p View<'g>,
    pub(super) parts: &'p [Part<'p>],
    context: &'p mut Context,
    pub(super) control: &'p Control<'p>,
    /// Where in the query the chain begins.
    pub(super) path: &'p str,
}

impl Pass<'_, '_> {
    /// What each step finds.
    fn forward(&mut self) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let before = found.last().map(|found| &found.nodes);
            let next = match part {
                Part::Node(node) => {
                    let nodes = before.unwrap_or(&self.view.nodes);
                    self.nodes(node, nodes, None)?
                }
                Part::Edge(edge) => {
                    let (nodes, edges) = (&self.view.nodes, &self.view.edges);
                    let input = Input { nodes, edges, seeds: before, target: None };
                    self.hop(&Spec::forward(edge), input)?
                }
            };
            found.push(next);
        }
        Ok(found)
    }

    /// What of `forward` leads to the end of the chain.
    fn backward(&mut self, forward: &[Found]) -> Result<Vec<Found>> {
        let mut kept: Vec<Found> = Vec::with_capacity(forward.len());
        for (at, part) in self.parts.iter().enumerate().rev() {
            let here = &forward[at];
            let wave = match kept.last() {
                Some(later) => &later.nodes & &self.view.nodes,
                None => &forward[forward.len() - 1].nodes & &self.view.nodes,
            };
            let target = at.checked_sub(1).map(|before| &forward[before].nodes & &self.view.nodes);
            let next = match part {
                Part::Node(node) => self.nodes(node, &wave, target.as_ref())?,
                Part::Edge(edge) if edge.is_single() && !here.edges.is_empty() => {
                    self.single_back(edge, here, &wave, target.as_ref())
                }
                Part::Edge(edge) => {
                    let (nodes, edges) = (&here.nodes, &here.edges);
                    let input = Input { nodes, edges, seeds: Some(&wave), target: target.as_ref() };
                    self.hop(&Spec::backward(edge), input)?
                }
            };
            kept.push(next);
        }
        kept.reverse();
        Ok(kept)
    }

    /// The nodes that `filter` says yes to, if not all.
    pub(super) fn allowed(&mut self, filter: &Filter) -> Result<Option<Set>> {
        if filter.is_empty() {
            return Ok(None);
        }
        select(self.view.node_table(), filter, &self.view.nodes, self.context).map(Some)
    }

    fn nodes(&mut self, node: &NodeStep, wave: &Set, target: Option<&Set>) -> Result<Found> {
        let mut nodes = select(self.view.node_table(), &node.filter, wave, self.context)?;
        if let Some(target) = target {
            nodes &= target;
        }
        let edges = Set::empty(self.view.edges.len());
        Ok(Found { nodes, edges, node_hops: None, edge_hops: None })
    }

    fn hop(&mut self, spec: &Spec, input: Input) -> Result<Found> {
        hop(self.view, spec, input, self.context, self.control)
    }

    /// A single hop back: the edges found that go from `target` to `wave`.
    fn single_back(
        &self,
        edge: &EdgeStep,
        here: &Found,
        wave: &Set,
        target: Option<&Set>,
    ) -> Found {
        let edges = self.between(edge.direction, &here.edges, target, Some(wave));
        let mut nodes = self.view.left(&edges, edge.direction);
        nodes &= &self.view.nodes;
        Found { nodes, edges, node_hops: None, edge_hops: None }
    }

    /// The edges of `edges` that go, in `direction`, from a node of `from` to one of `to`.
    fn between(
        &self,
        direction: Direction,
        edges: &Set,
        from: Option<&Set>,
        to: Option<&Set>,
    ) -> Set {
        let coo = self.view.graph.coo();
        let (sources, targets) = (coo.sources(), coo.targets());
        let from = from.filter(|set| !set.is_full());
        let to = to.filter(|set| !set.is_full());
        let within = |edges: &Set, ends: &[u32], set: Option<&Set>| match set {
            Some(set) => edges.filter_dense(|e| set.contains(ends[e as usize])),
            None => edges.clone(),
        };
        let way = |tails, heads| within(&within(edges, tails, from), heads, to);
        match direction {
            Direction::Forward => way(sources, targets),
            Direction::Reverse => way(targets, sources),
            Direction::Both => {
                let mut both = way(sources, targets);
                if from.is_some() || to.is_some() {
                    both |= &way(targets, sources);
                }
                both
            }
        }
    }
}
