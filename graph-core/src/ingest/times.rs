//! Times among the texts of formats that have no type for them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use rayon::prelude::*;

use crate::Result;
use crate::ingest::moment::{Moment, UTC, midnight, moment};

/// What the texts of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Days,
    /// Times of a clock, and days that begin at its midnight.
    Local,
    /// Times with their distance from UTC.
    Instants,
}

/// The same rows, where columns of text become days or times if all of their values are such, as they do in
/// delimited text; columns `ids`, which name nodes, stay as they are. All batches have one schema, before and after.
///
/// A column costs a look at its first value if that is no time, else one at all.
pub(crate) fn with_times(batches: Vec<RecordBatch>, ids: &[usize]) -> Result<Vec<RecordBatch>> {
    let Some(schema) = batches.first().map(RecordBatch::schema) else { return Ok(batches) };
    let found: Vec<Option<Times>> = (0..schema.fields().len())
        .into_par_iter()
        .map(|at| match schema.field(at).data_type() {
            DataType::Utf8 | DataType::LargeUtf8 if !ids.contains(&at) => {
                of_columns(batches.iter().map(|b| b.column(at)))
            }
            _ => None,
        })
        .collect();
    if found.iter().all(Option::is_none) {
        return Ok(batches);
    }
    let batch = |batch: &RecordBatch| {
        let columns = batch.columns().par_iter().zip(&found).map(|(column, times)| match times {
            Some(times) => converted(column, *times),
            None => Arc::clone(column),
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let fields = schema.fields().iter().zip(&columns);
        let fields = fields
            .map(|(field, column)| Field::clone(field).with_data_type(column.data_type().clone()));
        let schema =
            Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone());
        Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
    };
    batches.par_iter().map(batch).collect()
}

/// What all values of the columns together are; nothing if one is no time, if some have a distance from UTC and others
/// not, or if there is no value.
fn of_columns<'a>(columns: impl Iterator<Item = &'a ArrayRef>) -> Option<Times> {
    let mut found = None;
    for text in columns.flat_map(|column| texts(column).flatten()) {
        let here = match moment(text.as_bytes())? {
            Moment::Day(_) => Times::Days,
            Moment::Local(_) => Times::Local,
            Moment::Instant(_) => Times::Instants,
        };
        found = match (found, here) {
            (None, here) => Some(here),
            (Some(before), here) if before == here => found,
            (Some(Times::Days | Times::Local), Times::Days | Times::Local) => Some(Times::Local),
            _ => return None,
        };
    }
    found
}

/// The values of a column of text.
fn texts(column: &ArrayRef) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
    match column.as_string_opt::<i32>() {
        Some(texts) => Box::new(texts.iter()),
        None => Box::new(column.as_string::<i64>().iter()),
    }
}

/// A column of text whose values are all `times`.
fn converted(column: &ArrayRef, times: Times) -> ArrayRef {
    let moments = texts(column).map(|text| moment(text?.as_bytes()));
    let micros = |moment| match moment {
        Moment::Day(day) => midnight(day),
        Moment::Local(micros) | Moment::Instant(micros) => micros,
    };
    match times {
        Times::Days => Arc::new(
            moments
                .map(|moment| match moment {
                    Some(Moment::Day(day)) => Some(day),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        Times::Local | Times::Instants => {
            let values: TimestampMicrosecondArray =
                moments.map(|moment| moment.map(micros)).collect();
            let is_utc = times == Times::Instants;
            Arc::new(values.with_timezone_opt(is_utc.then_some(UTC)))
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{LargeStringArray, StringArray};

    use super::*;

    /// Texts have long offsets where there are more than 2 GiB of them.
    #[test]
    fn short_and_long_offsets_are_alike_and_pieces_agree() {
        let of = |values: [Option<&str>; 2]| {
            let columns: [(&str, ArrayRef); 3] = [
                ("id", Arc::new(StringArray::from(values.to_vec()))),
                ("short", Arc::new(StringArray::from(values.to_vec()))),
                ("long", Arc::new(LargeStringArray::from(values.to_vec()))),
            ];
            RecordBatch::try_from_iter_with_nullable(columns.map(|(name, c)| (name, c, true)))
                .unwrap()
        };
        // Days alone in the first piece, and times of a clock in the second.
        let pieces = vec![of([Some("1970-01-02"), None]), of([Some("1970-01-01T00:00:01"), None])];
        let found = with_times(pieces.clone(), &[0]).unwrap();
        for (piece, micros) in found.iter().zip([86_400_000_000, 1_000_000]) {
            let expected: ArrayRef =
                Arc::new(TimestampMicrosecondArray::from(vec![Some(micros), None]));
            assert_eq!(piece.column(0).data_type(), &DataType::Utf8);
            assert_eq!(piece.columns()[1..], [Arc::clone(&expected), expected]);
        }
        let unlike = vec![pieces[0].clone(), of([Some("soon"), None])];
        assert_eq!(with_times(unlike.clone(), &[0]).unwrap(), unlike);
    }
}
