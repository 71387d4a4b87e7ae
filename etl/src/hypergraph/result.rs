//! A hypergraph as tables and as a graph.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use arrow::array::{Array, ArrayRef, LargeStringArray, RecordBatch, UInt32Array, new_null_array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take_record_batch;
use arrow::datatypes::DataType;
use graph_core::{Coo, Graph, gather, repeat};
use rayon::prelude::*;

use crate::Result;
use crate::hypergraph::config::{HypergraphOpts, HypergraphWarning};
use crate::hypergraph::distinct::MISSING;
use crate::hypergraph::edges::{Edges, Numbers, Run, end_to_end};
use crate::hypergraph::entities::Nodes;
use crate::hypergraph::tables::{self, Columns, Labels, kept};

/// Entities, events and edges of a table of events.
///
/// Edges are kept as numbers, which columns without missing values share; a table is made when it is asked for, and those of
/// entities and events are kept. Generated ids are `LargeUtf8`, in edges as dictionaries; so are entity columns of strings,
/// and labels. Other columns of strings become views that share the bytes of the input.
#[derive(Debug)]
pub struct Hypergraph {
    pub(super) opts: HypergraphOpts,
    pub(super) drop_edge_attrs: bool,
    /// Columns of the events without that of event ids.
    pub(super) columns: Vec<Column>,
    /// Place of the events' own column of event ids; behind all others if there is none.
    pub(super) event_id_at: usize,
    /// Name, category and place in `columns` of each entity column.
    pub(super) entities: Vec<Entity>,
    pub(super) nodes: Nodes,
    /// Distinct ids of events.
    pub(super) event_ids: LargeStringArray,
    /// Id of each row of the events; `None` if each has its own.
    pub(super) event_codes: Option<Numbers>,
    pub(super) n_rows: usize,
    pub(super) edges: Edges,
    /// Label and category of each run of edges.
    pub(super) run_labels: Vec<[String; 2]>,
    pub(super) warnings: Vec<HypergraphWarning>,
    /// Tables that others are made of, kept once they are made.
    pub(super) made: [OnceLock<RecordBatch>; 2],
}

/// A column of the events.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) values: ArrayRef,
}

/// A column of the events whose values are entities.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) category: String,
    pub(super) column: usize,
}

/// A column of the table of edges.
enum EdgeColumn<'a> {
    Sources,
    Targets,
    Events,
    /// The label of each run, of the two that it has.
    Labels(usize),
    /// Values of the events.
    Attribute(&'a Column),
}

impl Hypergraph {
    /// Number of entities.
    pub fn n_entities(&self) -> usize {
        self.nodes.len()
    }

    /// Number of rows of [`events`](Self::events): none if edges are direct.
    pub fn n_events(&self) -> usize {
        if self.is_direct() { 0 } else { self.n_rows }
    }

    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.edges.len
    }

    /// What is likely not meant, though it has a meaning.
    pub fn warnings(&self) -> &[HypergraphWarning] {
        &self.warnings
    }

    /// Names of the columns with the ends of an edge.
    pub fn end_names(&self) -> [&str; 2] {
        let opts = &self.opts;
        if self.is_direct() {
            [&opts.source, &opts.destination]
        } else {
            [&opts.attrib_id, &opts.event_id]
        }
    }

    /// One row for each entity, in order of columns, then of first appearance: the value in its own
    /// column, `nodeTitle`, `type`, `category`, `nodeID`, and the other columns of nodes, empty.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`](crate::Error::Arrow) if a column refuses to have its rows taken.
    pub fn entities(&self) -> Result<RecordBatch> {
        kept(&self.made[0], || self.make_entities())
    }

    fn make_entities(&self) -> Result<RecordBatch> {
        let opts = &self.opts;
        let n = self.nodes.len();
        let mut table = Columns::default();
        let own = |column: usize| {
            let values = &self.columns[column].values;
            let entity = self.entities.iter().position(|entity| entity.column == column);
            let own = entity.map_or(0..0, |entity| self.nodes.of_column(entity));
            tables::placed(values, &self.nodes.firsts[own.clone()], own.start, n)
        };
        let places = self.node_columns();
        let owned = |&place: &Option<usize>| match place {
            Some(column) => own(column),
            None => Ok(new_null_array(&DataType::LargeUtf8, n)),
        };
        let owned = places.par_iter().map(owned).collect::<Result<Vec<_>>>()?;
        let first = self.entities[0].column;
        let of_first = places.iter().position(|&place| place == Some(first));
        let of_first = of_first.expect("nodes should have the columns of entities");
        table.set(&self.columns[first].name, Arc::clone(&owned[of_first]));
        let [types, categories] = self.node_labels(|keys| {
            let runs = (0..self.entities.len()).map(|c| (self.nodes.of_column(c).len(), keys[c]));
            runs.collect()
        })?;
        table.set(&opts.title, Arc::new(self.nodes.titles.clone()));
        table.set(&opts.node_type, types);
        table.set(&opts.category, categories);
        table.set(&opts.node_id, Arc::new(self.nodes.ids.clone()));
        for (place, values) in places.into_iter().zip(owned) {
            let name = place.map_or(&opts.event_id, |column| &self.columns[column].name);
            if !table.has(name) {
                table.set(name, values);
            }
        }
        table.into_batch(n)
    }

    /// One row for each event: its columns, `EventID`, `type`, `category`, `nodeID` and
    /// `nodeTitle`. No rows if edges are direct.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`](crate::Error::Arrow) if a column refuses to have its rows taken.
    pub fn events(&self) -> Result<RecordBatch> {
        kept(&self.made[1], || self.make_events())
    }

    fn make_events(&self) -> Result<RecordBatch> {
        let opts = &self.opts;
        let n = self.n_events();
        let event_ids: ArrayRef = Arc::new(self.event_ids.clone());
        let event_ids = match &self.event_codes {
            None => event_ids.slice(0, n),
            Some(codes) => gather(&event_ids, &codes[..n])?,
        };
        let [types, categories] = self.node_labels(|keys| vec![(n, keys[self.entities.len()])])?;
        let mut table = Columns::default();
        if self.is_direct() {
            for column in self.entities.iter().map(|entity| &self.columns[entity.column]) {
                table.set(&column.name, column.values.slice(0, 0));
            }
            table.set(&opts.title, Arc::clone(&event_ids));
            table.set(&opts.event_id, Arc::clone(&event_ids));
            table.set(&opts.node_type, types);
            table.set(&opts.category, categories);
            table.set(&opts.node_id, event_ids);
        } else {
            for place in self.node_columns() {
                match place {
                    Some(column) => {
                        let Column { name, values } = &self.columns[column];
                        table.set(name, Arc::clone(values));
                    }
                    None => table.set(&opts.event_id, Arc::clone(&event_ids)),
                }
            }
            table.set(&opts.node_type, types);
            table.set(&opts.category, categories);
            table.set(&opts.node_id, Arc::clone(&event_ids));
            table.set(&opts.title, event_ids);
        }
        table.into_batch(n)
    }

    /// The rows of [`entities`](Self::entities), then those of [`events`](Self::events).
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`](crate::Error::Arrow) if columns refuse to be joined.
    pub fn nodes(&self) -> Result<RecordBatch> {
        tables::stacked(&self.node_batches()?)
    }

    /// The rows of [`nodes`](Self::nodes), those of entities and those of events in a batch of their own, both of one
    /// schema: for tables of many pieces, and for files. Takes what both tables take; nothing is copied to join them.
    ///
    /// # Errors
    ///
    /// Those of [`entities`](Self::entities) and [`events`](Self::events).
    pub fn node_batches(&self) -> Result<Vec<RecordBatch>> {
        tables::alike(vec![self.entities()?, self.events()?])
    }

    /// One row for each edge, by column or pair of columns in order of their names, then by row of
    /// the events: both ends, `edgeType`, `category` if there are categories, `EventID`, and the
    /// columns of the event unless they are to be left out.
    ///
    /// O(m · columns) time and space, the columns in parallel.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`](crate::Error::Arrow) if a column refuses to have its rows taken.
    pub fn edges(&self) -> Result<RecordBatch> {
        self.edges_of(0..self.edges.runs.len(), true)
    }

    /// The rows of [`edges`](Self::edges), those of each column or pair of columns in a batch of their own, all of one
    /// schema: for tables of many pieces, and for files. Without edges there is one batch, which is empty.
    ///
    /// Where each event has an edge in a batch, columns of the events are in it as they are, and ends as all batches have
    /// them. So this takes O(m) space for the labels alone, as long as no entity is missing.
    ///
    /// # Errors
    ///
    /// Those of [`edges`](Self::edges).
    pub fn edge_batches(&self) -> Result<Vec<RecordBatch>> {
        let n_runs = self.edges.runs.len();
        let mut spans: Vec<Range<usize>> = (0..n_runs).map(|run| run..run + 1).collect();
        if spans.is_empty() {
            spans.push(0..0);
        }
        let batches = spans.into_par_iter().with_max_len(1).map(|runs| self.edges_of(runs, true));
        tables::alike(batches.collect::<Result<_>>()?)
    }

    /// The table of the edges of some runs, with their ends or with all other columns alone.
    fn edges_of(&self, runs: Range<usize>, with_ends: bool) -> Result<RecordBatch> {
        let [source, target] = self.end_names();
        let opts = &self.opts;
        let labels = [(&opts.edge_type, 0), (&opts.category, 1)];
        let labels = &labels[..=usize::from(self.has_categories())];
        let of_target = if self.is_direct() { EdgeColumn::Targets } else { EdgeColumn::Events };
        let mut parts = vec![(source, EdgeColumn::Sources), (target, of_target)];
        parts
            .extend(labels.iter().map(|&(name, which)| (name.as_str(), EdgeColumn::Labels(which))));
        if self.is_direct() {
            parts.push((&opts.event_id, EdgeColumn::Events));
        }
        if !self.drop_edge_attrs {
            let generated: Vec<&str> = parts.iter().map(|&(name, _)| name).collect();
            let is_kept = |column: &&Column| {
                column.name != opts.node_type && !generated.contains(&column.name.as_str())
            };
            let kept = self.columns.iter().filter(is_kept);
            parts.extend(kept.map(|column| (column.name.as_str(), EdgeColumn::Attribute(column))));
        }
        parts.drain(..if with_ends { 0 } else { 2 });
        let first = runs.start;
        let runs = &self.edges.runs[runs];
        // Of many runs they are put together once for all columns.
        let rows =
            LazyLock::new(|| end_to_end(&runs.iter().map(|run| &run.rows).collect::<Vec<_>>()));
        let made = parts.par_iter().with_max_len(1);
        let made = made.map(|(_, part)| self.edge_column(part, runs, first, &|| rows.clone()));
        let made = made.collect::<Result<Vec<_>>>()?;
        let mut table = Columns::default();
        for ((name, _), values) in parts.into_iter().zip(made) {
            table.set(name, values);
        }
        table.into_batch(runs.iter().map(Run::len).sum())
    }

    /// A column of the edges of `runs`, the first of which is run `first` of all, and which are of the events `rows`.
    fn edge_column(
        &self,
        part: &EdgeColumn,
        runs: &[Run],
        first: usize,
        rows: &dyn Fn() -> Numbers,
    ) -> Result<ArrayRef> {
        let joined = |of: fn(&Run) -> Option<&Numbers>| {
            end_to_end(&runs.iter().filter_map(of).collect::<Vec<_>>()).of(&self.nodes.ids)
        };
        match part {
            EdgeColumn::Sources => joined(|run| Some(&run.sources)),
            EdgeColumn::Targets => joined(|run| run.targets.as_ref()),
            EdgeColumn::Events => match &self.event_codes {
                None => rows().of(&self.event_ids),
                Some(codes) if runs.iter().all(|run| run.len() == self.n_rows) => {
                    end_to_end(&vec![codes; runs.len()]).of(&self.event_ids)
                }
                Some(codes) => {
                    let codes: ScalarBuffer<u32> =
                        rows().iter().map(|&row| codes[row as usize]).collect();
                    Numbers::from(codes).of(&self.event_ids)
                }
            },
            EdgeColumn::Labels(which) => {
                // Those of all runs, so that all batches have the same names.
                let mut labels = Labels::default();
                let keys: Vec<usize> =
                    self.run_labels.iter().map(|label| labels.key(&label[*which])).collect();
                let runs: Vec<_> =
                    runs.iter().map(Run::len).zip(keys[first..].iter().copied()).collect();
                tables::labels(tables::label_keys(&runs), &labels.into_array())
            }
            EdgeColumn::Attribute(Column { values, .. }) => {
                let is_whole = runs.iter().all(|run| run.len() == self.n_rows);
                Ok(match (is_whole, runs.len()) {
                    (true, 1) => Arc::clone(values),
                    (true, times) => repeat(values, times)?,
                    (false, _) => gather(values, &rows())?,
                })
            }
        }
    }

    /// The graph: ids are `nodeID`, edges are directed from `attribID` to `EventID`, or from `src`
    /// to `dst`, and have the columns of [`edges`](Self::edges).
    ///
    /// Events of the same id are one node, with the columns of the first of them; so are an event
    /// and an entity of the same id.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`](crate::Error::Arrow) or [`Error::Graph`](crate::Error::Graph) if tables are
    /// too large for their types.
    pub fn graph(&self) -> Result<Graph> {
        let nodes = self.nodes()?;
        let n_entities = self.nodes.len();
        let ids = nodes.column_by_name(&self.opts.node_id).expect("nodes should have ids");
        let mut kept: Vec<u32> = (0..n_entities as u32).collect();
        let mut node_of_row = Vec::new();
        if !self.is_direct() {
            let mut node_of_id = self.entities_named_like_events();
            node_of_row.reserve(self.n_rows);
            for row in 0..self.n_rows {
                let id = self.event_codes.as_ref().map_or(row, |codes| codes[row] as usize);
                if node_of_id[id] == MISSING {
                    node_of_id[id] = kept.len() as u32;
                    kept.push((n_entities + row) as u32);
                }
                node_of_row.push(node_of_id[id]);
            }
        }
        let mut table = Columns::default();
        table.set(&self.opts.node_id, Arc::clone(ids));
        for (field, column) in nodes.schema().fields().iter().zip(nodes.columns()) {
            table.set(field.name(), Arc::clone(column));
        }
        let mut table = table.into_batch(nodes.num_rows())?;
        let n_nodes = kept.len();
        if n_nodes < table.num_rows() {
            table = take_record_batch(&table, &UInt32Array::from(kept))?;
        }
        let mut sources = Vec::with_capacity(self.edges.len);
        let mut targets = Vec::with_capacity(self.edges.len);
        for run in &self.edges.runs {
            sources.extend_from_slice(&run.sources);
            match &run.targets {
                Some(entities) => targets.extend_from_slice(entities),
                None => targets.extend(run.rows.iter().map(|&row| node_of_row[row as usize])),
            }
        }
        let coo = Coo::new(n_nodes, sources, targets, None)?;
        let attributes = self.edges_of(0..self.edges.runs.len(), false)?;
        let graph = Graph::from_parts(table, attributes, coo, true)?;
        let [source, target] = self.end_names();
        Ok(graph.with_end_names(source, target))
    }

    /// Whether edges say which columns they are from beside which categories they join.
    fn has_categories(&self) -> bool {
        !self.opts.categories.is_empty()
    }

    fn is_direct(&self) -> bool {
        self.edges.is_direct
    }

    /// The columns that nodes have from the events, in order; `None` is that of event ids.
    fn node_columns(&self) -> Vec<Option<usize>> {
        let entities = self.entities.iter().map(|entity| Some(entity.column));
        if self.is_direct() {
            return entities.chain([None]).collect();
        }
        let mut places: Vec<_> = (0..self.columns.len()).map(Some).collect();
        places.insert(self.event_id_at, None);
        places
    }

    /// Types and categories of nodes, in runs that `runs` makes of the key of each entity column and of events, which comes
    /// last.
    fn node_labels(&self, runs: impl Fn(&[usize]) -> Vec<(usize, usize)>) -> Result<[ArrayRef; 2]> {
        let of = |name: &dyn Fn(&Entity) -> &str, event: &str| {
            let mut labels = Labels::default();
            // Of events there are the most, and their key is the one that costs nothing.
            let of_events = labels.key(event);
            let mut keys: Vec<usize> =
                self.entities.iter().map(|entity| labels.key(name(entity))).collect();
            keys.push(of_events);
            (runs(&keys), labels.into_array())
        };
        let opts = &self.opts;
        let (type_runs, types) = of(&|entity| &entity.name, &opts.event_id);
        let (category_runs, categories) = of(&|entity| &entity.category, &opts.event_type);
        let type_keys = tables::label_keys(&type_runs);
        let category_keys = match category_runs == type_runs {
            true => type_keys.clone(),
            false => tables::label_keys(&category_runs),
        };
        Ok([tables::labels(type_keys, &types)?, tables::labels(category_keys, &categories)?])
    }

    /// For each id of an event the entity of the same id, [`MISSING`] if there is none.
    fn entities_named_like_events(&self) -> Vec<u32> {
        let mut node_of_id = vec![MISSING; self.event_ids.len()];
        let prefix = format!("{}{}", self.opts.event_id, self.opts.delim);
        let alike = self.entities.iter().any(|entity| {
            let other = format!("{}{}", entity.category, self.opts.delim);
            other.starts_with(&prefix) || prefix.starts_with(&other)
        });
        if alike {
            let entities: HashMap<&str, u32> = self.nodes.ids.iter().flatten().zip(0..).collect();
            for (node, id) in node_of_id.iter_mut().zip(self.event_ids.iter().flatten()) {
                *node = entities.get(id).copied().unwrap_or(MISSING);
            }
        }
        node_of_id
    }

    /// Warns of columns of the events that generated ones stand in for.
    pub(super) fn warn_of_replaced(&mut self) {
        let opts = &self.opts;
        let [source, target] = self.end_names();
        let of_nodes = [&opts.title, &opts.node_type, &opts.category, &opts.node_id];
        let mut of_edges = vec![source, target, &opts.edge_type, &opts.node_type];
        if self.has_categories() {
            of_edges.push(&opts.category);
        }
        let in_nodes: Vec<usize> = self.node_columns().into_iter().flatten().collect();
        let mut warnings = Vec::new();
        for (at, Column { name, .. }) in self.columns.iter().enumerate() {
            let mut warn = |table| {
                warnings.push(HypergraphWarning::Replaced { column: name.clone(), table });
            };
            if in_nodes.contains(&at) && of_nodes.contains(&name) {
                warn("nodes");
            }
            if !self.drop_edge_attrs && of_edges.contains(&name.as_str()) {
                warn("edges");
            }
        }
        self.warnings.extend(warnings);
    }
}
