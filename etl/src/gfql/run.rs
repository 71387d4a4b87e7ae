//! Queries run: chains with calls around them, and names that refer to one another.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::error::{QueryError, QueryProblem};
use super::filter::Context;
use super::query::{Binding, Bound, Call, PathCondition, Query, Step, StepKind};
use super::rows::RowCall;
use super::view::View;
use super::{Encoding, call, chain};
use crate::{Control, Result};

/// Runs queries over one graph.
pub(super) struct Run<'r> {
    pub context: Context,
    pub control: &'r Control<'r>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub encodings: Vec<Encoding>,
}

/// What names stand for: those of the innermost `Let` first.
type Names<'n, 'g> = HashMap<&'n str, View<'g>>;

impl Run<'_> {
    /// What `query` makes of `root`, given what names around it stand for.
    pub(super) fn query<'g>(
        &mut self,
        query: &Query,
        root: &View<'g>,
        names: &Names<'_, 'g>,
    ) -> Result<View<'g>> {
        match query {
            Query::Chain(steps) => self.steps(steps, &[], root.clone()),
            Query::Paths(steps, conditions) => self.steps(steps, conditions, root.clone()),
            Query::Let { bindings, output } => {
                let order = order(bindings, names)?;
                let wanted = match output {
                    Some(output) => output,
                    None => match order.last() {
                        Some(&last) => &bindings[last].0,
                        None => return Ok(root.clone()),
                    },
                };
                let mut names = names.clone();
                for at in order {
                    let (name, binding) = &bindings[at];
                    let view = match &binding.what {
                        Bound::Query(query) => self.query(query, root, &names)?,
                        Bound::Ref { name: other, steps } => {
                            let Some(view) = names.get(other.as_str()) else {
                                return Err(unknown(binding, other, names.keys().copied()));
                            };
                            self.steps(steps, &[], view.clone())?
                        }
                    };
                    names.insert(name, view);
                }
                let view = names.remove(wanted.as_str());
                Ok(view.expect("the output should have been checked to be a binding"))
            }
        }
    }

    fn steps<'g>(
        &mut self,
        steps: &[Step],
        conditions: &[PathCondition],
        mut view: View<'g>,
    ) -> Result<View<'g>> {
        let is_call = |step: &Step| matches!(step.what, StepKind::Call(_));
        let first = steps.iter().position(|step| !is_call(step)).unwrap_or(steps.len());
        let last = steps.iter().rposition(|step| !is_call(step)).map_or(first, |last| last + 1);
        let (before, rest) = steps.split_at(first);
        let (pattern, after) = rest.split_at(last - first);
        for step in before {
            self.call(step, &mut view)?;
        }
        if let (Some(step), Some(_)) = (pattern.first(), &view.rows) {
            return Err(call::of_graphs_alone(&step.path));
        }
        let of_paths = |step: &Step| matches!(&step.what, StepKind::Call(Call::Rows(call)) if call.is_of_paths());
        view.before = None;
        // Rows of the paths of a pattern need nothing else of it.
        let is_rows =
            |step: &Step| matches!(&step.what, StepKind::Call(Call::Rows(RowCall::Paths(_))));
        if !pattern.is_empty() && !after.first().is_some_and(is_rows) {
            if after.iter().any(of_paths) {
                view.before = Some(Arc::new(view.clone()));
            }
            let before = view.before.clone();
            pattern.iter().try_for_each(|step| check_names(&view, step))?;
            view = chain::run(&view, pattern, conditions, &mut self.context, self.control)?;
            view.before = before;
        }
        for step in after {
            self.call(step, &mut view)?;
        }
        view.before = None;
        Ok(view)
    }

    fn call(&mut self, step: &Step, view: &mut View) -> Result<()> {
        match &step.what {
            StepKind::Call(call) => call::call(call, &step.path, view, self),
            StepKind::Node(_) | StepKind::Edge(_) => Ok(()),
        }
    }
}

/// Refuses names of columns that would take the place of ids.
fn check_names(view: &View, step: &Step) -> Result<()> {
    let graph = &view.graph;
    let id = graph.nodes().schema().field(0).name().clone();
    let (of_nodes, of_edges) = match &step.what {
        StepKind::Node(node) => ([node.name.as_ref(), None], [None, None]),
        StepKind::Edge(edge) => {
            ([edge.label_nodes.as_ref(), None], [edge.name.as_ref(), edge.label_edges.as_ref()])
        }
        StepKind::Call(_) => return Ok(()),
    };
    let taken = of_nodes.into_iter().flatten().find(|&name| *name == id).or_else(|| {
        of_edges.into_iter().flatten().find(|name| graph.end_names().contains(&name.as_str()))
    });
    match taken {
        Some(name) => {
            let value = format!("`{name}`, a column of ids,");
            let allowed = "a name for a step or for labels";
            Err(QueryError::at(&step.path, QueryProblem::BadValue { value, allowed }))
        }
        None => Ok(()),
    }
}

/// An order in which every binding comes behind those it refers to; where there is a choice, that
/// of the text, breadth first.
fn order(bindings: &[(String, Binding)], outer: &Names) -> Result<Vec<usize>> {
    let place: HashMap<&str, usize> =
        bindings.iter().enumerate().map(|(at, (name, _))| (&**name, at)).collect();
    let mut needs: Vec<BTreeSet<usize>> = Vec::with_capacity(bindings.len());
    for (_, binding) in bindings {
        let mut here = BTreeSet::new();
        for name in free(&binding.what) {
            match place.get(name) {
                Some(&at) => _ = here.insert(at),
                None if outer.contains_key(name) => {}
                None => {
                    let known = place.keys().chain(outer.keys()).copied();
                    return Err(unknown(binding, name, known));
                }
            }
        }
        needs.push(here);
    }
    let mut left: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut ready: VecDeque<usize> = (0..bindings.len()).filter(|&at| left[at] == 0).collect();
    let mut order = Vec::with_capacity(bindings.len());
    while let Some(at) = ready.pop_front() {
        order.push(at);
        for (other, needs) in needs.iter().enumerate() {
            if needs.contains(&at) {
                left[other] -= 1;
                if left[other] == 0 {
                    ready.push_back(other);
                }
            }
        }
    }
    if order.len() == bindings.len() {
        return Ok(order);
    }
    Err(cycle(bindings, &needs, &left))
}

/// The circle that keeps bindings from being ordered: from any that is left, to one it needs that
/// is left, until one comes again.
fn cycle(
    bindings: &[(String, Binding)],
    needs: &[BTreeSet<usize>],
    left: &[usize],
) -> crate::Error {
    let start = left.iter().position(|&left| left > 0).unwrap_or(0);
    let mut way = vec![start];
    loop {
        let at = way[way.len() - 1];
        let next = needs[at].iter().copied().find(|&next| left[next] > 0).unwrap_or(at);
        if let Some(first) = way.iter().position(|&known| known == next) {
            way.push(next);
            let names = way[first..].iter().map(|&at| bindings[at].0.clone()).collect();
            let path = &bindings[way[first]].1.path;
            return QueryError::at(path, QueryProblem::Cycle { names });
        }
        way.push(next);
    }
}

/// Names that a binding takes from around it.
fn free(bound: &Bound) -> BTreeSet<&str> {
    match bound {
        Bound::Ref { name, .. } => BTreeSet::from([name.as_str()]),
        Bound::Query(Query::Chain(_) | Query::Paths(..)) => BTreeSet::new(),
        Bound::Query(Query::Let { bindings, .. }) => {
            let inner: BTreeSet<&str> =
                bindings.iter().flat_map(|(_, binding)| free(&binding.what)).collect();
            let own: BTreeSet<&str> = bindings.iter().map(|(name, _)| name.as_str()).collect();
            inner.difference(&own).copied().collect()
        }
    }
}

fn unknown<'n>(
    binding: &Binding,
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> crate::Error {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    let nearest = crate::error::nearest(name, known).map(String::from);
    let problem = QueryProblem::Unknown { kind: "binding", name: name.to_owned(), nearest };
    QueryError::at(&binding.path, problem)
}
