//! Conditions between the steps of a chain: only paths that meet all of them count.
//!
//! Whether two steps of a path fit each other cannot be told by looking at one step, so paths are
//! walked, step by step, over what the passes of the chain have left. A condition is asked as soon
//! as both of its steps are there. Of an edge step of several hops only the ends of its walks are
//! kept, and what lies between them is looked for at last.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};

use super::chain::{Part, Pass};
use super::error::{QueryError, QueryProblem};
use super::hop::Found;
use super::query::{Comparison, EdgeStep, PathCondition};
use super::set::Set;
use super::view::{View, flags, set_column};
use super::walks::{Scratch, Walks};
use crate::{Error, Result};

/// Beginnings of paths that are walked at most, all together.
const MOST: usize = 50_000_000;

/// The part of the view whose nodes and edges are on paths that meet all `conditions`.
pub(super) fn run<'g>(
    pass: &mut Pass<'_, 'g>,
    kept: &[Found],
    conditions: &[PathCondition],
) -> Result<View<'g>> {
    let tests: Vec<Test> =
        conditions.iter().map(|condition| Test::new(pass, condition)).collect::<Result<_>>()?;
    let n = pass.view.nodes.len();
    let mut scratch = Scratch::new(n);
    let mut levels: Vec<Vec<Place>> = Vec::new();
    let mut walks: Vec<Option<Walks>> = Vec::new();
    let mut total = 0;
    for (at, part) in pass.parts.iter().enumerate() {
        let mut walk = None;
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
                let walks = pass.walks(edge, &kept[at])?;
                let starts = before.map_or(&[][..], |before| &levels[before]);
                if is_several(edge) {
                    // Paths that are at the same node can go on in the same ways.
                    let mut known: HashMap<u32, Vec<u32>> = HashMap::new();
                    for (before, start) in starts.iter().enumerate() {
                        let ends = known
                            .entry(start.node)
                            .or_insert_with(|| walks.ends(start.node, &mut scratch));
                        let before = before as u32;
                        level.extend(ends.iter().map(|&node| Place {
                            element: node,
                            before,
                            node,
                        }));
                        let found = total + level.len() + scratch.looked_at;
                        if found > MOST {
                            return Err(pass.too_many(found));
                        }
                    }
                } else {
                    for (before, start) in starts.iter().enumerate() {
                        for (node, member) in walks.hops(start.node) {
                            let element = walks.members[member as usize];
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
                walk = Some(walks);
            }
        }
        total += level.len();
        levels.push(level);
        walks.push(walk);
    }
    Ok(collect(pass, &levels, &walks, &mut scratch))
}

/// Whether a path may have another number of edges than one for this step.
fn is_several(edge: &EdgeStep) -> bool {
    (edge.bounds.nearest(), edge.bounds.farthest()) != (1, Some(1))
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
fn collect<'g>(
    pass: &Pass<'_, 'g>,
    levels: &[Vec<Place>],
    walks: &[Option<Walks>],
    scratch: &mut Scratch,
) -> View<'g> {
    let mut view = pass.view.clone();
    (view.nodes, view.edges) = (Set::empty(view.nodes.len()), Set::empty(view.edges.len()));
    let mut on_path: Vec<bool> = levels.last().map_or(Vec::new(), |last| vec![true; last.len()]);
    for (at, part) in pass.parts.iter().enumerate().rev() {
        let mut before = vec![false; at.checked_sub(1).map_or(0, |before| levels[before].len())];
        let found = levels[at].iter().zip(&on_path).filter(|(_, on_path)| **on_path);
        let is_node = part.node().is_some();
        let all = if is_node { &view.nodes } else { &view.edges };
        let mut here = Set::empty(all.len());
        // For each node that a step of several hops starts at, where its walks have to end.
        let mut wanted: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let is_several = matches!(part, Part::Edge(edge) if is_several(edge));
        for (place, _) in found {
            if is_several {
                let start = levels[at - 1][place.before as usize].node;
                wanted.entry(start).or_default().push(place.node);
            } else {
                here.insert(place.element);
            }
            if let Some(before) = before.get_mut(place.before as usize) {
                *before = true;
            }
        }
        if let Some(walks) = &walks[at] {
            for (start, mut ends) in wanted {
                ends.sort_unstable();
                ends.dedup();
                walks.mark(start, &ends, scratch, (&mut view.nodes, &mut here));
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
            if let Part::Edge(edge) = pass.parts[at]
                && is_several(edge)
            {
                let problem = QueryProblem::Unsupported {
                    what: "a comparison with an edge step of several hops".to_owned(),
                    reason: "write the hops as steps of their own",
                };
                return Err(QueryError::at(&condition.path, problem));
            }
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
    /// The walks of an edge step over the edges that the passes have left of it.
    fn walks(&mut self, edge: &EdgeStep, kept: &Found) -> Result<Walks> {
        if edge.label_nodes.is_some() || edge.label_edges.is_some() || edge.has_output_range() {
            let problem = QueryProblem::Unsupported {
                what: "labels or an output range of hops with `where`".to_owned(),
                reason: "hops are counted for a step as a whole, not for paths",
            };
            return Err(QueryError::at(self.path, problem));
        }
        let (members, rows) = kept.ways(self.view, edge.direction);
        let (nearest, farthest) = (edge.bounds.nearest(), edge.bounds.farthest());
        let leave = self.allowed(&edge.source_match)?;
        let enter = self.allowed(&edge.target_match)?;
        Ok(Walks { rows, members, leave, enter, nearest, farthest })
    }

    fn too_many(&self, found: usize) -> Error {
        let (found, most) = (found as u64, MOST as u64);
        QueryError::at(self.path, QueryProblem::TooMuch { what: "paths", found, most })
    }
}
