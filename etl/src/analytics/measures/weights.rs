//! Weights of edges that an option names.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use graph_core::Graph;

use super::options::{Options, problem};
use crate::error::nearest;
use crate::{Error, Result};

/// The option.
const OPTION: &str = "weight_column";

/// The numbers of the edge column that the option names, if it does, shape `[m]`; they may be below 0.
pub(super) fn weight_column(graph: &Graph, options: &mut Options) -> Result<Option<Vec<f64>>> {
    let Some(name) = options.take::<String>(OPTION)? else { return Ok(None) };
    let Some(column) = graph.edges().column_by_name(&name) else {
        let schema = graph.edges().schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let nearest = nearest(&name, names);
        return Err(Error::Unknown { kind: "column", nearest, name: name.into() });
    };
    if !column.data_type().is_numeric() {
        let kind = graph_core::type_name(column.data_type());
        return Err(problem(OPTION, &format!("column `{name}` is of {kind}, not of numbers")));
    }
    let numbers = cast(column, &DataType::Float64).map_err(graph_core::Error::from)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    let is_none = |&row: &usize| numbers.is_null(row) || !numbers.value(row).is_finite();
    // From 0, as rows are counted in [`Error::NotFinite`].
    match (0..numbers.len()).find(is_none) {
        Some(row) => {
            let what = format!("column `{name}` has no finite number in row {row}, counted from 0");
            Err(problem(OPTION, &what))
        }
        None => Ok(Some(numbers.values().to_vec())),
    }
}

/// Refuses the option, where the weights can only be those of the graph.
pub(super) fn no_weight_column(options: &mut Options) -> Result<()> {
    match options.take::<String>(OPTION)? {
        Some(_) => Err(problem(OPTION, &"is for the processor, and not for devices")),
        None => Ok(()),
    }
}
