//! Sources against databases and servers of their own.

mod postgres;
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
mod postgresql;
mod sqlite;
mod web;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;

use super::rows::Rows;
use super::{Source, SourceOptions};
use crate::{Control, Result};

fn rows(address: &str, options: SourceOptions) -> Result<RecordBatch> {
    let source = Source::new(address, options)?;
    let Rows { schema, batches, .. } =
        source.rows(&Control::NONE).map_err(|halt| source.error(halt))?;
    Ok(concat_batches(&schema, &batches).unwrap())
}

fn query(text: &str) -> SourceOptions {
    SourceOptions { query: Some(text.to_owned()), ..SourceOptions::default() }
}

/// The values of a column as text; nulls are `-`, and instants are shown without their zone.
fn shown(column: &ArrayRef) -> Vec<String> {
    let local = column
        .as_primitive_opt::<TimestampMicrosecondType>()
        .map(|instants| Arc::new(instants.clone().with_timezone_opt(None::<&str>)) as ArrayRef);
    let column = local.as_ref().unwrap_or(column);
    let value = |i| match column.is_null(i) {
        true => "-".to_owned(),
        false => array_value_to_string(column, i).unwrap(),
    };
    (0..column.len()).map(value).collect()
}
