//! Nodes by the ids that users know them by.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graph_core::{Graph, NodeId};
use serde_json::Value;

use super::options::problem;
use crate::analytics::UNREACHED;
use crate::{Error, Result};

/// The nodes with these external ids, numbers or strings, given for `option`. O(n) time.
pub(super) fn nodes(graph: &Graph, option: &str, ids: &[Value]) -> Result<Vec<NodeId>> {
    let mut names = HashMap::new();
    for id in ids {
        let name = match id {
            Value::String(name) => name.clone(),
            Value::Number(number) => number.to_string(),
            other => return Err(problem(option, &format!("{other} is not an id"))),
        };
        names.insert(name, None);
    }
    let column = graph.ids();
    if let DataType::Int64 = column.data_type() {
        let found = column.as_primitive::<Int64Type>().values().iter().zip(0_u32..);
        let asked: HashMap<i64, String> =
            names.keys().filter_map(|name| Some((name.parse().ok()?, name.clone()))).collect();
        for (id, node) in found {
            if let Some(name) = asked.get(id) {
                names.insert(name.clone(), Some(node));
            }
        }
    } else {
        let format = FormatOptions::default();
        let text = ArrayFormatter::try_new(column, &format).map_err(graph_core::Error::from)?;
        for node in 0..graph.n_nodes() {
            if let Some(slot) = names.get_mut(&text.value(node).to_string()) {
                *slot = Some(node as NodeId);
            }
        }
    }
    let name = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    ids.iter()
        .map(|id| {
            let name = name(id);
            names.get(&name).copied().flatten().ok_or_else(|| Error::Unknown {
                kind: "node",
                name: name.into(),
                nearest: None,
            })
        })
        .collect()
}

/// External ids of `nodes`, null for [`UNREACHED`].
pub(super) fn ids(graph: &Graph, nodes: &[NodeId]) -> Result<ArrayRef> {
    let nodes: UInt32Array =
        nodes.iter().map(|&node| (node != UNREACHED).then_some(node)).collect();
    Ok(take(graph.ids(), &nodes, None).map_err(graph_core::Error::from)?)
}

/// A column of integers, null for [`UNREACHED`].
pub(super) fn reached(values: &[u32]) -> ArrayRef {
    let values = values.iter().map(|&value| (value != UNREACHED).then_some(value));
    Arc::new(values.collect::<UInt32Array>())
}
