//! Conditions between the steps of a chain: only paths that meet all of them count.
//!
//! Whether two steps of a path fit each other cannot be told by looking at one step, so paths are
//! walked, step by step, over what the passes of the chain have left. A condition is asked as soon
//! as both of its steps are there. Every edge step is one hop here.

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};

use super::chain::{Part, Pass};
use super::error::{QueryError, QueryProblem};
use super::hop::Found;
use super::query::{Comparison, PathCondition};
use super::set::Set;
use super::view::{View, flags, set_column};
use crate::topology::{Direction, Incidence};
use crate::{Error, Result};

/// Beginnings of paths that are walked at most, all together.
const MOST: usize = 50_000_000;

/// The part of the view whose nodes and edges are on paths that meet all `conditions`.
pub(super) fn run<'g>(
    pass: &Pass<'_, 'g>,
    kept: &[Found],
    conditions: &[PathCondition],
) -> Result<View<'g>> {
    let tests: Vec<Test> =
        conditions.iter().map(|condition| Test::new(pass, condition)).collect::<Result<_>>()?;
    let coo = pass.view.graph.coo();
    let n = pass.view.nodes.len();
    let mut levels: Vec<Vec<Place>> = Vec::new();
    let mut total = 0;
    for (at, part) in pass.parts.iter().enumerate() {
        let mut level: Vec<Place> = Vec::new();
        // Tests whose later step is this one.
        let tests: Vec<&Test> = tests.iter().filter(|test| test.later() == at).collect();
        let fits = |levels: &[Vec<Place>], place: Place| {
            tests.iter().all(|test| test.passes(|step| element(levels, at, place, step)))
        };
        match (part, at.checked_sub(1)) {
            (Part::Node(_), None) => {
                kept[0].nodes.each(|u| level.push(Place { element: u, before: 0, node: u }));
                level.retain(|&place| fits(&levels, place));
            }
            (Part::Node(_), Some(before)) => {
                for (before, place) in levels[before].iter().enumerate() {
                    let place =
                        Place { element: place.node, before: before as u32, node: place.node };
                    if kept[at].nodes.contains(place.node) && fits(&levels, place) {
                        level.push(place);
                    }
                }
            }
            (Part::Edge(edge), before) => {
                pass.control.step("paths", at as u64, Some(pass.parts.len() as u64))?;
                if !edge.is_single() {
                    return Err(pass.refused("`where` over an edge step of several hops"));
                }
                let members = kept[at].edges.members();
                let end =
                    |ends: &[u32]| members.iter().map(|&e| ends[e as usize]).collect::<Vec<_>>();
                let (from, to) = match edge.direction {
                    Direction::Forward | Direction::Both => {
                        (end(coo.sources()), end(coo.targets()))
                    }
                    Direction::Reverse => (end(coo.targets()), end(coo.sources())),
                };
                let rows = Incidence::of_ends(n, &from, &to, edge.direction == Direction::Both);
                let starts = before.map_or(&[][..], |before| &levels[before]);
                for (before, start) in starts.iter().enumerate() {
                    for (node, e) in rows.at(start.node) {
                        let element = members[e as usize];
                        let place = Place { element, before: before as u32, node };
                        if fits(&levels, place) {
                            level.push(place);
                        }
                    }
                    if total + level.len() > MOST {
                        return Err(pass.too_many(total + level.len()));
                    }
                }
            }
        }
        total += level.len();
        levels.push(level);
    }
    Ok(collect(pass, &levels))
}

/// A node or edge at a step of a path.
#[derive(Debug, Clone, Copy)]
struct Place {
    element: u32,
    /// Number of the place at the step before.
    before: u32,
    /// Where the path has come to.
    node: u32,
}

/// The node or edge at `step` of the path that ends at `place` of step `at`.
fn element(levels: &[Vec<Place>], mut at: usize, mut place: Place, step: usize) -> u32 {
    while at > step {
        at -= 1;
        place = levels[at][place.before as usize];
    }
    place.element
}

/// What is on a path that came to the end.
fn collect<'g>(pass: &Pass<'_, 'g>, levels: &[Vec<Place>]) -> View<'g> {
    let mut view = pass.view.clone();
    (view.nodes, view.edges) = (Set::empty(view.nodes.len()), Set::empty(view.edges.len()));
    let mut on_path: Vec<bool> = levels.last().map_or(Vec::new(), |last| vec![true; last.len()]);
    for (at, part) in pass.parts.iter().enumerate().rev() {
        let mut before = vec![false; at.checked_sub(1).map_or(0, |before| levels[before].len())];
        let found = levels[at].iter().zip(&on_path).filter(|(_, on_path)| **on_path);
        let is_node = part.node().is_some();
        let all = if is_node { &view.nodes } else { &view.edges };
        let mut here = Set::empty(all.len());
        for (place, _) in found {
            here.insert(place.element);
            if let Some(before) = before.get_mut(place.before as usize) {
                *before = true;
            }
        }
        match part {
            Part::Node(node) => {
                view.nodes |= &here;
                if let Some(name) = &node.name {
                    set_column(&mut view.node_columns, name, flags(&here));
                }
            }
            Part::Edge(edge) => {
                view.edges |= &here;
                if let Some(name) = &edge.name {
                    set_column(&mut view.edge_columns, name, flags(&here));
                }
            }
        }
        on_path = before;
    }
    view
}

/// A condition whose columns have been made comparable.
struct Test {
    steps: [usize; 2],
    comparison: Comparison,
    /// Keys of all rows of both columns, in the order of the values.
    keys: [Rows; 2],
    present: [Option<Set>; 2],
}

impl Test {
    fn new(pass: &Pass, condition: &PathCondition) -> Result<Self> {
        let sides = [&condition.left, &condition.right];
        let mut steps = [0; 2];
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(2);
        for (place, (step, name)) in steps.iter_mut().zip(sides) {
            let is_called = |part: &Part| part.name() == Some(step.as_str());
            let Some(at) = pass.parts.iter().position(is_called) else {
                let names = pass.parts.iter().filter_map(Part::name);
                let nearest = crate::error::nearest(step, names).map(String::from);
                let problem = QueryProblem::Unknown { kind: "step", name: step.clone(), nearest };
                return Err(QueryError::at(&condition.path, problem));
            };
            *place = at;
            let table = match pass.parts[at] {
                Part::Node(_) => pass.view.node_table(),
                Part::Edge(_) => pass.view.edge_table(),
            };
            let Some(column) = table.column(name)? else {
                let names = table.names();
                let nearest = crate::error::nearest(name, names.iter().map(String::as_str));
                let nearest = nearest.map(String::from);
                let problem = QueryProblem::Unknown { kind: "column", name: name.clone(), nearest };
                return Err(QueryError::at(&condition.path, problem));
            };
            columns.push(column);
        }
        let kinds = [columns[0].data_type(), columns[1].data_type()];
        let common = common(kinds).ok_or_else(|| {
            let value = format!("a comparison of {} with {}", kinds[0], kinds[1]);
            let allowed = "one of values that have an order";
            QueryError::at(&condition.path, QueryProblem::BadValue { value, allowed })
        })?;
        let wrap = |error| Error::from(graph_core::Error::from(error));
        let converter = RowConverter::new(vec![SortField::new(common.clone())]).map_err(wrap)?;
        let mut keys = Vec::with_capacity(2);
        let mut present = [None, None];
        for (column, present) in columns.iter().zip(&mut present) {
            let column = cast(column, &common).map_err(wrap)?;
            *present = column.logical_nulls().map(|nulls| Set::of_mask(nulls.inner()));
            keys.push(converter.convert_columns(&[column]).map_err(wrap)?);
        }
        let keys = keys.try_into().unwrap_or_else(|_| unreachable!("there are two columns"));
        Ok(Self { steps, comparison: condition.comparison, keys, present })
    }

    fn later(&self) -> usize {
        self.steps[0].max(self.steps[1])
    }

    /// Whether the values of both steps compare as asked; missing ones do not.
    fn passes(&self, element: impl Fn(usize) -> u32) -> bool {
        let [a, b] = self.steps.map(element);
        let is_there =
            |present: &Option<Set>, row| present.as_ref().is_none_or(|set| set.contains(row));
        is_there(&self.present[0], a)
            && is_there(&self.present[1], b)
            && self
                .comparison
                .accepts(self.keys[0].row(a as usize).cmp(&self.keys[1].row(b as usize)))
    }
}

/// The type that both can be compared in.
fn common([a, b]: [&DataType; 2]) -> Option<DataType> {
    let plain = |kind: &DataType| match kind {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        kind => kind.clone(),
    };
    let is_text =
        |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match (plain(a), plain(b)) {
        (a, b) if a == b => Some(a),
        (a, b) if is_text(&a) && is_text(&b) => Some(DataType::LargeUtf8),
        (a, b) if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        (a, b) if a.is_numeric() && b.is_numeric() => Some(DataType::Float64),
        (a, b) if a.is_temporal() && b.is_temporal() => {
            Some(DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None))
        }
        _ => None,
    }
}

impl Pass<'_, '_> {
    fn refused(&self, what: &str) -> Error {
        let reason = "write the hops as steps of their own";
        QueryError::at(self.path, QueryProblem::Unsupported { what: what.to_owned(), reason })
    }

    fn too_many(&self, found: usize) -> Error {
        let (found, most) = (found as u64, MOST as u64);
        QueryError::at(self.path, QueryProblem::TooMuch { what: "paths", found, most })
    }
}
