//! Hypergraphs: rows of events become entities and the edges between them.
//!
//! Each distinct value of an entity column is a node. A row of the events either becomes a node
//! too, with an edge to each of its entities, or joins its entities with one another:
//!
//! | rows                  | `direct: false`                        | `direct: true`      |
//! |-----------------------|----------------------------------------|---------------------|
//! | `user=ann, ip=1.2`    | `user::ann` — `EventID::0` — `ip::1.2` | `user::ann` → `ip::1.2` |
//! | `user=bob, ip=1.2`    | `user::bob` — `EventID::1` — `ip::1.2` | `user::bob` → `ip::1.2` |
//!
//! The semantics, and the names of options and columns, are those of `hypergraph()` of
//! `PyGraphistry` 0.61.2 with its pandas engine. What is done otherwise, since it depends there on
//! hashing, on the version of pandas or on its lack of missing integers:
//!
//! - The columns of an edge are in a fixed order: both ends, `edgeType`, `category`, and the columns
//!   of its event in their order there. In `PyGraphistry` the order differs from run to run.
//! - Entities have no value, rather than 0 or true, in columns other than their own.
//! - A missing value that is kept (`drop_na: false`) is called `NULLVAL`, whatever its type.
//! - A column of times has one form in all tables: without the time of the day if all are whole
//!   days, and with as many digits of a second as the column needs.
//! - `-0.0` and `0.0` are two entities, since they are two texts: no edge names a node that is not
//!   there.
//! - Ids of edges are made of the columns of the events even where a generated column has the name
//!   of one of them.

mod config;
mod distinct;
mod edges;
mod entities;
mod result;
mod tables;
mod text;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::OnceLock;

use arrow::array::{LargeStringArray, RecordBatch};
use rayon::prelude::*;

use crate::hypergraph::config::Plan;
use crate::hypergraph::distinct::Distinct;
use crate::hypergraph::edges::{Edges, NodeOfRow, Numbers};
use crate::hypergraph::entities::{Ids, Nodes, numbered};
use crate::hypergraph::result::{Column, Entity};
use crate::{Control, Error, Result};

pub use config::{HypergraphConfig, HypergraphOpts, HypergraphWarning};
pub use result::Hypergraph;

impl HypergraphConfig {
    /// Makes a hypergraph of `events`, one row for each; several tables are first to be joined with
    /// [`arrow::compute::concat_batches`].
    ///
    /// Takes O(rows · columns) time on average, the columns in parallel; the result does not depend
    /// on the number of threads. Needs, beside the input, 4 bytes for each row and entity column, 8 if it is of strings,
    /// 8 to 12 bytes for each edge of columns in which values are missing, and each distinct value's text twice, that of
    /// values that are no strings three times.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow::array::{ArrayRef, RecordBatch, StringArray};
    /// use graph_etl::Control;
    /// use graph_etl::hypergraph::HypergraphConfig;
    ///
    /// let column = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    /// let events = RecordBatch::try_from_iter([
    ///     ("user", column(["ann", "bob"])),
    ///     ("ip", column(["1.2", "1.2"])),
    /// ])?;
    /// let graph = HypergraphConfig::default().run(&events, &Control::NONE)?.graph()?;
    /// assert_eq!((graph.n_nodes(), graph.n_edges()), (5, 4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] if an entity column does not exist;
    /// - [`Error::NoEntities`] if no column is left to become entities;
    /// - [`Error::NotAnEntity`] if `EDGES` names a column that is not an entity column;
    /// - [`Error::Overlap`] if a column is in two of the `CATEGORIES`;
    /// - [`Error::Repeated`] if a name is given twice where it has to be one thing;
    /// - [`Error::WrongType`] if an entity column has lists, structs or bytes;
    /// - [`Error::TooMany`] if there are more than `i32::MAX` rows or entities, or more than
    ///   `u32::MAX` edges;
    /// - [`Error::Stopped`] if `control` says so.
    pub fn run(&self, events: &RecordBatch, control: &Control) -> Result<Hypergraph> {
        let schema = events.schema();
        let plan = Plan::new(self, &schema)?;
        let n_rows = events.num_rows();
        if n_rows > i32::MAX as usize {
            let (found, most) = (n_rows as u64, i32::MAX as u64);
            return Err(Error::TooMany { things: "events", found, most });
        }
        let null_val = (!self.drop_na).then_some(plan.opts.null_val.as_str());
        let name = |at: usize| schema.field(at).name().as_str();
        let stage = "columns";
        let n_entities = plan.entities.len() as u64;
        let total = Some(n_entities + 2);
        control.step(stage, 0, total)?;

        // What takes longest begins first, so that no thread is left with it when the others are done.
        let size = |place: &usize| events.column(plan.entities[*place]).get_array_memory_size();
        let mut order: Vec<usize> = (0..plan.entities.len()).collect();
        order.sort_by_key(|place| Reverse(size(place)));
        let distinct = |&place: &usize| {
            if control.is_stopped() {
                return Err(Error::Stopped { stage, done: 0 });
            }
            let at = plan.entities[place];
            Ok((place, Distinct::of(name(at), events.column(at))?))
        };
        let (values, event_ids) = rayon::join(
            || order.par_iter().with_max_len(1).map(distinct).collect::<Result<Vec<_>>>(),
            || event_ids(&plan, events),
        );
        let (mut values, (event_ids, event_codes)) = (values?, event_ids?);
        values.sort_unstable_by_key(|&(place, _)| place);
        let mut values: Vec<Distinct> = values.into_iter().map(|(_, values)| values).collect();
        control.step(stage, n_entities, total)?;
        let codes: Vec<_> = values.iter_mut().map(Distinct::take_codes).collect();
        let ids: Vec<Ids> = values
            .par_iter()
            .zip(&plan.categories)
            .map(|(values, category)| {
                Ids::new(format!("{category}{}", plan.opts.delim), values, null_val)
            })
            .collect();
        let nodes = Nodes::new(&ids)?;
        control.step(stage, n_entities + 1, total)?;
        let node_of_row: Vec<NodeOfRow> = codes
            .into_iter()
            .zip(&ids)
            .enumerate()
            .map(|(c, (codes, ids))| nodes.of_rows(c, ids, codes))
            .collect();
        let (edges, run_labels) = edges(&plan, &node_of_row, n_rows, &name)?;
        drop((node_of_row, ids));
        control.step(stage, n_entities + 2, total)?;

        // Place of each of the events' columns among the entity columns, for their codes.
        let coded: HashMap<usize, (usize, &Distinct)> = plan
            .entities
            .iter()
            .copied()
            .zip(values.iter().enumerate())
            .filter(|(_, (_, values))| values.is_string())
            .collect();
        let places: Vec<usize> =
            (0..events.num_columns()).filter(|&at| Some(at) != plan.event_id).collect();
        let column = |&at: &usize| {
            let values = match coded.get(&at) {
                Some(&(entity, values)) => tables::coded(values, &nodes, entity)?,
                None => tables::shareable(events.column(at))?,
            };
            Ok(Column { name: name(at).to_owned(), values })
        };
        let columns = places.par_iter().map(column).collect::<Result<Vec<_>>>()?;
        let place_of = |at: usize| at - usize::from(plan.event_id.is_some_and(|id| id < at));
        let entities = plan
            .entities
            .iter()
            .zip(&plan.categories)
            .map(|(&at, &category)| Entity {
                name: name(at).to_owned(),
                category: category.to_owned(),
                column: place_of(at),
            })
            .collect();
        let mut hypergraph = Hypergraph {
            opts: plan.opts.clone(),
            drop_edge_attrs: self.drop_edge_attrs,
            event_id_at: plan.event_id.unwrap_or(columns.len()),
            columns,
            entities,
            nodes,
            event_ids,
            event_codes,
            n_rows,
            edges,
            run_labels,
            warnings: plan.warnings,
            made: [const { OnceLock::new() }; 2],
        };
        hypergraph.warn_of_replaced();
        Ok(hypergraph)
    }
}

/// The edges that `plan` asks for, and for each run of them what `edgeType` and `category` say;
/// `name` is that of a column of the events.
fn edges<'a>(
    plan: &Plan,
    node_of_row: &[NodeOfRow],
    n_rows: usize,
    name: &dyn Fn(usize) -> &'a str,
) -> Result<(Edges, Vec<[String; 2]>)> {
    let label = |c: usize| [plan.categories[c], name(plan.entities[c])].map(str::to_owned);
    if let Some(pairs) = &plan.pairs {
        let join = |a: String, b: String| format!("{a}{}{b}", plan.opts.delim);
        let label = |&[a, b]: &[usize; 2]| {
            let ([first, first_name], [second, second_name]) = (label(a), label(b));
            [join(first, second), join(first_name, second_name)]
        };
        return Ok((Edges::direct(node_of_row, n_rows, pairs)?, pairs.iter().map(label).collect()));
    }
    let mut order: Vec<usize> = (0..plan.entities.len()).collect();
    order.sort_by_key(|&c| name(plan.entities[c]));
    let edges = Edges::to_events(node_of_row, n_rows, &order)?;
    Ok((edges, order.into_iter().map(label).collect()))
}

/// Distinct ids of the events, and the id of every row unless each has its own.
fn event_ids(plan: &Plan, events: &RecordBatch) -> Result<(LargeStringArray, Option<Numbers>)> {
    let opts = plan.opts;
    let prefix = format!("{}{}", opts.event_id, opts.delim);
    let Some(at) = plan.event_id else {
        return Ok((numbered(&prefix, events.num_rows()), None));
    };
    let mut values = Distinct::of(&opts.event_id, events.column(at))?;
    let codes = values.take_codes();
    let ids = Ids::new(prefix, &values, Some(&opts.null_val));
    let nodes = Nodes::new(std::slice::from_ref(&ids))?;
    let codes = nodes.of_rows(0, &ids, codes).nodes;
    let all_differ = nodes.len() == events.num_rows();
    Ok((nodes.ids, (!all_differ).then_some(codes)))
}
