//! Groups of nodes made into one node each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, LargeStringArray, RecordBatch,
    UInt32Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graph_core::{Coo, Graph, NodeId};
use rayon::prelude::*;

use super::reshaped::join;
use super::simplify::{Combine, merge, sorted_ends};
use crate::error::nearest;
use crate::{Error, Result};

/// How groups of nodes become nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Contract {
    /// What becomes of the weights of all edges between the same two groups.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "sum"))]
    pub combine: Combine,
    /// Whether edges within a group become self-loops; otherwise they are left out.
    #[cfg_attr(feature = "clap", arg(long))]
    pub self_loops: bool,
}

/// A graph of groups.
#[derive(Debug, Clone)]
pub struct ContractReport {
    /// One node for each group, in the order of their first nodes. Columns are the id (the label or
    /// the value that the group has in common, under the name of the column), and `n_nodes`, how
    /// many nodes the group has. Edge columns are `n_edges`, how many edges one stands for, and
    /// where there are weights, `weight`.
    pub graph: Graph,
    /// The new node of each old one, shape `[n]`.
    pub groups: Vec<NodeId>,
}

impl Contract {
    /// The graph of the groups `labels`, shape `[n]`: nodes with equal labels become one, whose
    /// external id is the label.
    ///
    /// O(n + m log d) time for largest degree d of the result; O(n + m) space.
    ///
    /// ```
    /// use graph_core::generate::cycle;
    /// use graph_etl::topology::Contract;
    ///
    /// let report = Contract::default().run(&cycle(4)?, &[7, 7, 5, 5])?;
    /// assert_eq!(report.groups, [0, 0, 1, 1]);
    /// assert_eq!(report.graph.coo().weights(), Some(&[2.0][..]));
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`] if there are not as many labels as nodes;
    /// - [`Error::Graph`] if a sum of weights is too large for an `f32`.
    pub fn run(&self, graph: &Graph, labels: &[u32]) -> Result<ContractReport> {
        let n = graph.n_nodes();
        if labels.len() != n {
            return Err(Error::LengthMismatch { name: "labels", found: labels.len(), expected: n });
        }
        let mut known = HashMap::new();
        let mut firsts = Vec::new();
        let groups = number(labels.iter().copied(), &mut known, &mut firsts);
        let ids: ArrayRef =
            Arc::new(firsts.iter().map(|&u| Some(labels[u as usize])).collect::<UInt32Array>());
        self.contract(graph, groups, "label", ids)
    }

    /// The graph of the groups of nodes that have the same value in the node column `column`,
    /// which is also the external id of the group.
    ///
    /// Nodes without a value, or with a NaN, are a group, too. As a node has to have an id, that of this group is `null`
    /// (`null 2` and so on where that is a value), and the other ids become text; without such a group they stay as they
    /// are. Cost as [`run`](Self::run). Feature `tables` has `by_column_with`, which also computes aggregates of other
    /// columns.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] if there is no such column, with the most similar name;
    /// - [`Error::Graph`] if its values cannot be compared, or a sum of weights is too large for
    ///   an `f32`.
    pub fn by_column(&self, graph: &Graph, column: &str) -> Result<ContractReport> {
        let wrap = |error| Error::from(graph_core::Error::from(error));
        let Some(values) = graph.nodes().column_by_name(column) else {
            let schema = graph.nodes().schema();
            let nearest = nearest(column, schema.fields().iter().map(|f| f.name().as_str()));
            return Err(Error::Unknown { kind: "column", name: column.into(), nearest });
        };
        let values = plain_floats(values).map_err(wrap)?;
        let field = SortField::new(values.data_type().clone());
        let converter = RowConverter::new(vec![field]).map_err(wrap)?;
        let rows = converter.convert_columns(&[Arc::clone(&values)]).map_err(wrap)?;
        let mut known = HashMap::new();
        let mut firsts = Vec::new();
        let groups = number(rows.iter().map(|row| row.data()), &mut known, &mut firsts);
        let ids = take(&values, &UInt32Array::from(firsts), None).map_err(wrap)?;
        self.contract(graph, groups, column, all_named(ids).map_err(wrap)?)
    }

    fn contract(
        self,
        graph: &Graph,
        groups: Vec<NodeId>,
        id_name: &str,
        ids: ArrayRef,
    ) -> Result<ContractReport> {
        let n_groups = ids.len();
        let mut sizes = vec![0_u32; n_groups];
        for &group in &groups {
            sizes[group as usize] += 1;
        }
        let schema = Schema::new(vec![
            Field::new(id_name, ids.data_type().clone(), false),
            Field::new("n_nodes", DataType::UInt32, false),
        ]);
        let columns = vec![ids, Arc::new(UInt32Array::from(sizes)) as ArrayRef];
        let nodes =
            RecordBatch::try_new(Arc::new(schema), columns).map_err(graph_core::Error::from)?;

        let coo = graph.coo();
        let ends: Vec<(NodeId, NodeId, u32)> = coo
            .sources()
            .par_iter()
            .zip(coo.targets())
            .enumerate()
            .map(|(e, (&u, &v))| (groups[u as usize], groups[v as usize], e as u32))
            .filter(|(u, v, _)| self.self_loops || u != v)
            .collect();
        let sources: Vec<NodeId> = ends.iter().map(|&(u, ..)| u).collect();
        let targets: Vec<NodeId> = ends.iter().map(|&(_, v, _)| v).collect();
        let weights: Option<Vec<f32>> =
            coo.weights().map(|weights| ends.iter().map(|&(.., e)| weights[e as usize]).collect());
        let (low, high);
        let keys = match graph.is_directed() {
            true => (&sources[..], &targets[..]),
            false => {
                (low, high) = sorted_ends(&sources, &targets);
                (&low[..], &high[..])
            }
        };
        let merged = merge(n_groups, keys, weights.as_deref(), self.combine);

        let mut fields = vec![Field::new("n_edges", DataType::UInt32, false)];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(merged.counts))];
        if let Some(weights) = &merged.weights {
            fields.push(Field::new("weight", DataType::Float32, false));
            columns.push(Arc::new(Float32Array::from(weights.clone())));
        }
        let edges = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(graph_core::Error::from)?;
        let end = |ends: &[NodeId]| merged.edges.iter().map(|&e| ends[e as usize]).collect();
        let coo = Coo::new(n_groups, end(&sources), end(&targets), merged.weights)?;
        let graph = join(graph, nodes, edges, coo, graph.is_directed())?;
        Ok(ContractReport { graph, groups })
    }
}

/// Floats as ids tell them apart: NaN is none, and zero has no sign. Other columns stay.
fn plain_floats(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !values.data_type().is_floating() {
        return Ok(Arc::clone(values));
    }
    let wide = cast(values, &DataType::Float64)?;
    let plain = wide.as_primitive::<Float64Type>().iter();
    let plain: Float64Array =
        plain.map(|value| value.filter(|value| !value.is_nan()).map(|value| value + 0.0)).collect();
    cast(&plain, values.data_type())
}

/// Different ids of which one may be null: if it is, as text, with a name in its place.
fn all_named(ids: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(missing) = ids.logical_nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(ids);
    };
    let shown = without_fractions(&ids)?;
    let format = FormatOptions::default();
    let text = ArrayFormatter::try_new(&shown, &format)?;
    let names: Vec<Option<String>> = (0..shown.len())
        .map(|row| missing.is_valid(row).then(|| text.value(row).try_to_string()).transpose())
        .collect::<Result<_, _>>()?;
    let taken: HashSet<&str> = names.iter().flatten().map(String::as_str).collect();
    let (mut name, mut number) = ("null".to_owned(), 1);
    while taken.contains(name.as_str()) {
        number += 1;
        name = format!("null {number}");
    }
    let of_row = |known: &Option<String>| known.clone().unwrap_or_else(|| name.clone());
    let named = LargeStringArray::from_iter_values(names.iter().map(of_row));
    match ids.data_type() {
        DataType::LargeUtf8 => Ok(Arc::new(named)),
        _ => cast(&named, &DataType::Utf8),
    }
}

/// Floats that are all whole as integers, which is how they are read as ids. Other columns stay.
fn without_fractions(ids: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !ids.data_type().is_floating() {
        return Ok(Arc::clone(ids));
    }
    let (wide, whole) = (cast(ids, &DataType::Float64)?, cast(ids, &DataType::Int64)?);
    let again = cast(&whole, &DataType::Float64)?;
    let are_same = wide.as_primitive::<Float64Type>() == again.as_primitive::<Float64Type>();
    Ok(if are_same { whole } else { Arc::clone(ids) })
}

/// Numbers keys in the order of their first appearance; `firsts` gets the places of these.
fn number<K: std::hash::Hash + Eq>(
    keys: impl Iterator<Item = K>,
    known: &mut HashMap<K, NodeId>,
    firsts: &mut Vec<NodeId>,
) -> Vec<NodeId> {
    keys.enumerate()
        .map(|(place, key)| {
            *known.entry(key).or_insert_with(|| {
                firsts.push(place as NodeId);
                firsts.len() as NodeId - 1
            })
        })
        .collect()
}
