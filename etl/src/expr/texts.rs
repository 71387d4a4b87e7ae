//! Functions of text that polars does not have.

use polars::prelude::{
    Column, DataType, Expr, Field, IntoColumn, PolarsError, PolarsResult, Schema, StringChunked,
    arity, map_multiple,
};

use super::arithmetic::short_as;

/// Characters that one repeated text may have.
const LONGEST: usize = 1 << 20;

/// Each text as often as the number beside it says, one after another; nothing if that is negative.
pub(super) fn repeated(texts: Expr, times: Expr) -> Expr {
    let run = |columns: &mut [Column]| {
        let texts = short_as(&columns[0], &DataType::String)?;
        let times = short_as(&columns[1], &DataType::Int64)?;
        let repeated: StringChunked = arity::broadcast_try_binary_elementwise(
            texts.str()?,
            times.i64()?,
            |text: Option<&str>, times: Option<i64>| {
                text.zip(times).map(|(text, times)| repeat(text, times)).transpose()
            },
        )?;
        Ok(repeated.into_column())
    };
    let gives =
        |_: &Schema, fields: &[Field]| Ok(Field::new(fields[0].name().clone(), DataType::String));
    map_multiple(run, [texts, times], gives)
}

fn repeat(text: &str, times: i64) -> PolarsResult<String> {
    let times = usize::try_from(times).unwrap_or(0);
    match text.len().checked_mul(times) {
        Some(length) if length <= LONGEST => Ok(text.repeat(times)),
        _ => {
            let reason =
                format!("repeat: {} bytes {times} times are more than {LONGEST} bytes", text.len());
            Err(PolarsError::ComputeError(reason.into()))
        }
    }
}
