//! The call `umap`: nodes by their numbers, as points and as edges between those that are alike.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use graph_core::{Coo, Graph};

use super::call::set_node_column;
use super::error::{QueryError, QueryProblem};
use super::view::{GraphOf, View};
use crate::features::{Features, Umap};
use crate::topology::table_of;
use crate::{Control, Error, Result};

/// Ends and weights of the edges are called so, as at the client.
const ENDS: [&str; 2] = ["_src_implicit", "_dst_implicit"];
const WEIGHT: &str = "_weight";

/// Weights are measured from this much above the largest and below the least, as at the client: a scale of 0 keeps none.
const SLACK: f32 = 1e-3;

/// Parameters of the call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UmapCall {
    /// Columns of numbers; without, all that nodes have.
    pub columns: Option<Vec<String>>,
    pub options: Umap,
    /// Edges whose weight is further below the largest are left out.
    pub scale: f64,
    /// What is put behind the names of new columns.
    pub suffix: String,
    /// Whether edges between nodes that are alike take the place of those that are there.
    pub edges: bool,
}

impl UmapCall {
    pub(super) fn run(&self, view: &mut View, path: &str, control: &Control) -> Result<()> {
        let (nodes, _) = view.collect()?;
        let features = self.features(&nodes, path)?;
        let (points, alike) = self.options.run_with_graph(&features, control).map_err(|error| {
            let bad = matches!(error, Error::BadOption { .. });
            if bad { measured(path, error.to_string()) } else { error }
        })?;
        let names = ["x", "y"].map(|axis| format!("{axis}{}", self.suffix));
        if !self.edges {
            let members = view.nodes.members();
            for (name, values) in names.iter().zip([points.x, points.y]) {
                let mut column = vec![None; view.nodes.len()];
                for (&u, value) in members.iter().zip(values) {
                    column[u as usize] = Some(value);
                }
                let column: ArrayRef = Arc::new(Float32Array::from(column));
                set_node_column(view, path, name, column)?;
            }
            return Ok(());
        }
        let schema = nodes.schema();
        if let Some(name) = names.iter().find(|name| *name == schema.field(0).name()) {
            let value = format!("`{name}`, a column of ids,");
            let allowed = "a column that may be replaced; set suffix";
            return Err(QueryError::at(path, QueryProblem::BadValue { value, allowed }));
        }
        let old = schema.fields().iter().map(|field| field.name().clone()).zip(nodes.columns());
        let new = [points.x, points.y].map(|axis| Arc::new(Float32Array::from(axis)) as ArrayRef);
        let columns: Vec<(String, ArrayRef)> = old
            .map(|(name, column)| (name, Arc::clone(column)))
            .filter(|(name, _)| !names.contains(name))
            .chain(names.iter().cloned().zip(new))
            .collect();
        let n_nodes = nodes.num_rows();
        let columns = columns.into_iter().enumerate();
        let nodes = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(at, (name, column))| (name, column, 0 < at)),
        )?;
        let (coo, weights) = self.kept(n_nodes, &alike)?;
        let field = Field::new(format!("{WEIGHT}{}", self.suffix), DataType::Float32, false);
        let n_edges = weights.len();
        let weights: ArrayRef = Arc::new(Float32Array::from(weights));
        let edges = table_of(Schema::new(vec![field]), vec![weights], n_edges)?;
        let made = Graph::from_parts(nodes, edges, coo, true)?.with_end_names(ENDS[0], ENDS[1]);
        *view = View::new(GraphOf::Made(Arc::new(made)));
        Ok(())
    }

    /// The columns as features.
    fn features(&self, nodes: &RecordBatch, path: &str) -> Result<Features> {
        let schema = nodes.schema();
        let is_number = |kind: &DataType| kind.is_numeric() || *kind == DataType::Boolean;
        let columns: Vec<&str> = match &self.columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => {
                let attributes = schema.fields().iter().skip(1);
                let numbers = attributes.filter(|field| is_number(field.data_type()));
                numbers.map(|field| field.name().as_str()).collect()
            }
        };
        if columns.is_empty() {
            return Err(measured(path, "nodes have no columns of numbers".to_owned()));
        }
        Features::from_columns(nodes, &columns).map_err(|error| match error {
            Error::Unknown { name, nearest, .. } => {
                let (name, nearest) = (name.into(), nearest.map(String::from));
                QueryError::at(path, QueryProblem::Unknown { kind: "column", name, nearest })
            }
            Error::NotFinite { row, column, .. } => {
                let column = columns[column];
                measured(path, format!("`{column}` has no finite number in row {row}"))
            }
            Error::WrongType { .. } => measured(path, error.to_string()),
            error => error,
        })
    }

    /// The edges whose weights are at most the scale below the largest, and these.
    fn kept(&self, n_nodes: usize, alike: &Coo) -> Result<(Coo, Vec<f32>)> {
        let all = alike.weights().unwrap_or_default();
        let most = all.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let least = all.iter().copied().fold(f32::INFINITY, f32::min);
        let bound = (most + SLACK - self.scale as f32).max(least - SLACK);
        let kept: Vec<usize> = (0..all.len()).filter(|&e| all[e] >= bound).collect();
        let pick = |ends: &[u32]| kept.iter().map(|&e| ends[e]).collect();
        let coo = Coo::new(n_nodes, pick(alike.sources()), pick(alike.targets()), None)?;
        Ok((coo, kept.iter().map(|&e| all[e]).collect()))
    }
}

fn measured(path: &str, reason: String) -> Error {
    QueryError::at(path, QueryProblem::Measure { name: "umap".to_owned(), reason })
}
