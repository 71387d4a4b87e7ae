//! Rows that a condition is true of, as a mask.

use arrow::array::{Array as _, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, prep_null_mask_filter};
use arrow::datatypes::DataType;

use super::Table;
use crate::expr::Expr;
use crate::{Control, Result};

/// Whether `condition` is true of each row; where it has no value it is not.
///
/// # Errors
///
/// Those of [`Table::filter`] and [`Table::collect`].
pub fn rows_where(rows: RecordBatch, condition: &Expr, control: &Control) -> Result<BooleanBuffer> {
    let table = Table::from_batch(rows)?;
    // Says what is wrong with a condition, as a filter would.
    condition.resolve_condition(table.schema())?;
    let found = table.select_exprs(&[("keep", condition.clone())])?.collect(control)?;
    let keep = cast(found.column(0), &DataType::Boolean)?;
    Ok(truth(keep.as_boolean()))
}

/// What is true; what is missing is not.
pub fn truth(values: &BooleanArray) -> BooleanBuffer {
    match values.null_count() {
        0 => values.values().clone(),
        _ => prep_null_mask_filter(values).values().clone(),
    }
}
