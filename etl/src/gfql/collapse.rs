//! The call `collapse`: names for clusters of nodes that have a value in common and hang together.
//!
//! From a start, edges are followed forward, and nodes that have the value are joined with those they
//! come from. As at the client, names follow the walk: a node has the name that its cluster had when
//! the walk last touched it, so that nodes that were met early may have a part of the name only.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};

use super::error::{QueryError, QueryProblem};
use super::set::Set;
use super::view::{View, set_column};
use crate::topology::Incidence;
use crate::{Control, Error, Result};

/// Steps of the walk at most; without cycles it may come to an edge many times.
const MOST: u64 = 10_000_000;

/// Parameters of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collapse {
    /// The id of the node to start at, as text.
    pub node: String,
    /// The value, and its column.
    pub attribute: String,
    pub column: String,
    /// Whether edges that are alike in all columns stay.
    pub self_edges: bool,
    /// Whether names are without the marks around ids.
    pub unwrap: bool,
}

impl Collapse {
    /// Adds the columns `node_final`, and `src_final` and `dst_final` of edges: the names of clusters,
    /// or else ids, as texts.
    pub(super) fn run(&self, view: &mut View, path: &str, control: &Control) -> Result<()> {
        let wrap = |error| Error::from(graph_core::Error::from(error));
        let ids = cast(view.graph.ids(), &DataType::Utf8).map_err(wrap)?;
        let ids = ids.as_string::<i32>();
        let start = (0..ids.len()).find(|&u| ids.value(u) == self.node).ok_or_else(|| {
            let value = format!("`{}`", self.node);
            QueryError::at(path, QueryProblem::BadValue { value, allowed: "the id of a node" })
        })?;
        let has = self.having(view, path)?;
        let is_odd = |u: &u32| {
            ids.value(*u as usize).contains(|char: char| char == '~' || char.is_whitespace())
        };
        if let Some(u) = has.members().into_iter().find(is_odd) {
            let value = format!("`{}`", ids.value(u as usize));
            let allowed = "an id that names can be made of, which has no space and no `~`";
            return Err(QueryError::at(path, QueryProblem::BadValue { value, allowed }));
        }
        let members = view.edges.members();
        let coo = view.graph.coo();
        let end = |ends: &[u32]| members.iter().map(|&e| ends[e as usize]).collect::<Vec<_>>();
        let rows = Incidence::of_ends(ids.len(), &end(coo.sources()), &end(coo.targets()), false);
        let mut walk = Walk {
            ids,
            has: &has,
            rows: &rows,
            clusters: vec![BTreeSet::new(); ids.len()],
            holders: vec![Vec::new(); ids.len()],
        };
        walk.from(start as u32, path, control)?;

        let clusters = walk.clusters;
        let name = |u: usize| {
            if clusters[u].is_empty() {
                return ids.value(u).to_owned();
            }
            let mut words: Vec<String> =
                clusters[u].iter().map(|&v| format!("~{}~", ids.value(v as usize))).collect();
            words.sort_unstable();
            let name = words.join(" ");
            if self.unwrap { name.replace('~', "") } else { name }
        };
        let names: Vec<String> = (0..ids.len()).map(name).collect();
        let of_ends = |ends: &[u32]| -> ArrayRef {
            let names = ends.iter().map(|&u| Some(names[u as usize].as_str()));
            Arc::new(names.collect::<StringArray>())
        };
        let (sources, targets) = (of_ends(coo.sources()), of_ends(coo.targets()));
        if !self.self_edges {
            view.edges = without_duplicates(view, &members)?;
        }
        set_column(&mut view.node_columns, "node_final", Arc::new(StringArray::from(names)));
        set_column(&mut view.edge_columns, "src_final", sources);
        set_column(&mut view.edge_columns, "dst_final", targets);
        Ok(())
    }

    /// The nodes that have the value, which is a text.
    fn having(&self, view: &View, path: &str) -> Result<Set> {
        let table = view.node_table();
        let Some(column) = table.column(&self.column)? else {
            let names = table.names();
            let nearest = crate::error::nearest(&self.column, names.iter().map(String::as_str));
            let nearest = nearest.map(String::from);
            let name = self.column.clone();
            return Err(QueryError::at(
                path,
                QueryProblem::Unknown { kind: "column", name, nearest },
            ));
        };
        let is_text = match column.data_type() {
            DataType::Dictionary(_, values) => values.is_string(),
            kind => kind.is_string(),
        };
        if !is_text {
            return Err(QueryError::at(
                path,
                QueryProblem::ColumnType {
                    column: self.column.clone(),
                    data_type: graph_core::type_name(column.data_type()),
                    condition: "whether it is a text",
                },
            ));
        }
        let texts = cast(&column, &DataType::LargeUtf8)
            .map_err(|error| Error::from(graph_core::Error::from(error)))?;
        let texts = texts.as_string::<i64>();
        Ok(view
            .nodes
            .filter(|u| texts.is_valid(u as usize) && texts.value(u as usize) == self.attribute))
    }
}

/// The edges of which none before is the same in all columns.
fn without_duplicates(view: &View, members: &[u32]) -> Result<Set> {
    let wrap = |error| Error::from(graph_core::Error::from(error));
    let table = view.edge_table();
    let mut columns = Vec::new();
    for name in table.names() {
        columns.extend(table.column(&name)?);
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let keys = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(&columns))
        .map_err(wrap)?;
    let mut seen = HashSet::new();
    let kept = members.iter().copied().filter(|&e| seen.insert(keys.row(e as usize)));
    let mut edges = Set::empty(view.edges.len());
    kept.for_each(|e| edges.insert(e));
    Ok(edges)
}

struct Walk<'w> {
    ids: &'w StringArray,
    has: &'w Set,
    rows: &'w Incidence,
    /// The nodes whose ids make up the name of each.
    clusters: Vec<BTreeSet<u32>>,
    /// The nodes whose names have the id of each.
    holders: Vec<Vec<u32>>,
}

/// What is left to do behind a pair of nodes: to go from `parent` on to each of `children`.
struct Frame {
    parent: u32,
    children: Vec<u32>,
    next: usize,
    /// The pair that this is behind, if only where it is on the way may it come again.
    pair: Option<(u32, u32)>,
    /// A child that ends it.
    last: Option<u32>,
}

impl Walk<'_> {
    fn from(&mut self, start: u32, path: &str, control: &Control) -> Result<()> {
        let mut seen = HashSet::new();
        let mut on_the_way = HashSet::new();
        let mut stack: Vec<Frame> = Vec::new();
        stack.extend(self.visit(start, start, &mut seen, &mut on_the_way));
        let mut n_steps = 0;
        while let Some(frame) = stack.last_mut() {
            let child = frame.children.get(frame.next).copied();
            frame.next += 1;
            match child.filter(|_| child != frame.last) {
                Some(child) => {
                    let parent = frame.parent;
                    n_steps += 1;
                    if n_steps > MOST {
                        let problem =
                            QueryProblem::TooMuch { what: "steps", found: n_steps, most: MOST };
                        return Err(QueryError::at(path, problem));
                    }
                    if n_steps % 4096 == 0 {
                        control.step("collapse", n_steps, None)?;
                    }
                    stack.extend(self.visit(parent, child, &mut seen, &mut on_the_way));
                }
                None => {
                    if let Some(pair) = frame.pair {
                        on_the_way.remove(&pair);
                    }
                    stack.pop();
                }
            }
        }
        Ok(())
    }

    /// Joins a node and one it leads to, if both have the value, and says where to go from there.
    fn visit(
        &mut self,
        parent: u32,
        child: u32,
        seen: &mut HashSet<(u32, u32)>,
        on_the_way: &mut HashSet<(u32, u32)>,
    ) -> Option<Frame> {
        let pair = (parent, child);
        if seen.contains(&pair) {
            return None;
        }
        if !self.has.contains(parent) {
            // The client would never come back from a cycle.
            return on_the_way.insert(pair).then(|| Frame {
                parent: child,
                children: self.children(child),
                next: 0,
                pair: Some(pair),
                last: (parent == child).then_some(child),
            });
        }
        // The client compares pairs as texts, in which one may be the beginning of another.
        if !self.ids.value(child as usize).starts_with(self.ids.value(parent as usize)) {
            seen.insert((parent, parent));
            self.join(parent, parent);
        }
        if !self.has.contains(child) {
            return None;
        }
        self.join(parent, child);
        seen.insert(pair);
        let children = self.children(parent);
        Some(Frame { parent: child, children, next: 0, pair: None, last: None })
    }

    /// Where edges lead to from `u`, each once.
    fn children(&self, u: u32) -> Vec<u32> {
        let mut met = HashSet::new();
        self.rows.at(u).map(|(v, _)| v).filter(|&v| met.insert(v)).collect()
    }

    fn join(&mut self, parent: u32, child: u32) {
        let is_known = |u: u32| !self.holders[u as usize].is_empty();
        let (of, with) = match is_known(child) && is_known(parent) {
            true => (child, parent),
            false => (parent, child),
        };
        let mut cluster = BTreeSet::from([of, with]);
        for &holder in &self.holders[of as usize] {
            cluster.extend(&self.clusters[holder as usize]);
        }
        for u in [parent, child] {
            for &v in &self.clusters[u as usize] {
                self.holders[v as usize].retain(|&holder| holder != u);
            }
            for &v in &cluster {
                self.holders[v as usize].push(u);
            }
            self.clusters[u as usize].clone_from(&cluster);
        }
    }
}
