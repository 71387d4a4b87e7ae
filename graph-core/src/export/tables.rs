//! The tables of a graph as writers want them: with the weights among the edge attributes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, Schema};

use crate::{Graph, Result};

/// Edge attributes, and which of them holds the weights.
#[derive(Debug)]
pub(super) struct EdgeAttributes {
    pub table: RecordBatch,
    pub weight: Option<usize>,
}

/// Edge attributes of `graph`. Weights that no attribute column `weight` holds (those of a matrix,
/// of a generator or of a column with another name) become such a column.
pub(super) fn edge_attributes(graph: &Graph) -> Result<EdgeAttributes> {
    let table = graph.edges().clone();
    let Some(weights) = graph.coo().weights() else {
        return Ok(EdgeAttributes { table, weight: None });
    };
    let schema = table.schema();
    // Only by this name will a reader take it for the weights again.
    if let Some((column, _)) = schema.column_with_name("weight")
        && holds(table.column(column), weights)?
    {
        return Ok(EdgeAttributes { table, weight: Some(column) });
    }
    let name = free_name("weight", |name| {
        graph.end_names().contains(&name) || schema.column_with_name(name).is_some()
    });
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    let mut arrays = table.columns().to_vec();
    fields.push(Arc::new(Field::new(name, DataType::Float32, false)));
    arrays.push(Arc::new(Float32Array::from(weights.to_vec())) as ArrayRef);
    let weight = Some(arrays.len() - 1);
    Ok(EdgeAttributes {
        table: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?,
        weight,
    })
}

/// Whether `array` is where `weights` came from.
fn holds(array: &ArrayRef, weights: &[f32]) -> Result<bool> {
    if !array.data_type().is_numeric() || array.null_count() > 0 {
        return Ok(false);
    }
    let values = cast(array, &DataType::Float32)?;
    Ok(values.null_count() == 0 && values.as_primitive::<Float32Type>().values()[..] == *weights)
}

/// The whole edge table of `graph`, weights included.
pub(super) fn edge_table(graph: &Graph) -> Result<RecordBatch> {
    let table = graph.edge_table()?;
    let attributes = edge_attributes(graph)?.table;
    if attributes.num_columns() == graph.edges().num_columns() {
        return Ok(table);
    }
    let schema = table.schema();
    let ends = schema.fields().iter().take(2).cloned();
    let fields: Vec<_> = ends.chain(attributes.schema().fields().iter().cloned()).collect();
    let arrays = table.columns().iter().take(2).chain(attributes.columns()).cloned().collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// `name`, or `name` with the fewest underscores behind it that make it differ from the `taken`.
pub(crate) fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = name.to_owned();
    while taken(&name) {
        name.push('_');
    }
    name
}

/// Whether two edges join the same nodes (in the same direction, if that counts).
pub(super) fn has_parallel_edges(graph: &Graph) -> bool {
    let edges = graph.out_edges();
    let parallel = |u| edges.neighbors(u).windows(2).any(|pair| pair[0] == pair[1]);
    (0..graph.n_nodes() as u32).any(parallel)
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;
    use crate::Coo;

    fn graph(column: &str, values: Vec<i64>, weights: Vec<f32>) -> Graph {
        let coo = Coo::new(2, vec![0, 0], vec![1, 1], Some(weights)).unwrap();
        let nodes = Graph::from_coo(coo.clone(), true).nodes().clone();
        let array: ArrayRef = Arc::new(Int64Array::from(values));
        let edges = RecordBatch::try_from_iter([(column, array)]).unwrap();
        Graph::from_parts(nodes, edges, coo, true).unwrap()
    }

    #[test]
    fn a_column_that_holds_the_weights_is_not_written_twice() {
        let attributes = edge_attributes(&graph("weight", vec![3, 4], vec![3.0, 4.0])).unwrap();
        assert_eq!((attributes.table.num_columns(), attributes.weight), (1, Some(0)));
    }

    /// Else a reader would not know that the column holds weights.
    #[test]
    fn weights_from_a_column_of_another_name_are_written_as_weights() {
        let attributes = edge_attributes(&graph("strength", vec![3, 4], vec![3.0, 4.0])).unwrap();
        assert_eq!((attributes.table.num_columns(), attributes.weight), (2, Some(1)));
        assert_eq!(attributes.table.schema().field(1).name(), "weight");
    }

    #[test]
    fn weights_without_a_column_get_one_with_a_free_name() {
        let attributes = edge_attributes(&graph("weight", vec![3, 4], vec![0.5, 4.0])).unwrap();
        assert_eq!(attributes.weight, Some(1));
        assert_eq!(attributes.table.schema().field(1).name(), "weight_");
        let table = edge_table(&graph("other", vec![3, 4], vec![0.5, 4.0])).unwrap();
        let names: Vec<_> = table.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["source", "target", "other", "weight"]);
    }
}
