//! The border between polars and Arrow: columns pass it by the C data interface, without copies.
//!
//! Numbers, booleans, dates, times, timestamps, strings and binaries as views, decimals, and lists,
//! arrays and structs of these share their memory on both sides. Copied are, because polars keeps
//! them in another form: strings and binaries with offsets (`Utf8`, `LargeUtf8`, `Binary`, …), lists
//! with offsets of 32 bits (the offsets alone), dictionaries (categoricals), and times and timestamps
//! in seconds, which become milliseconds. Timestamps whose zone is an offset, such as `+05:30`, are of UTC there: polars
//! has zones by name alone. Metadata of schemas is not kept.

use std::collections::HashMap;
use std::mem::{align_of, size_of, transmute};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array, new_null_array};
use arrow::datatypes::{
    DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, SchemaRef,
};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use polars::prelude::{
    Column, CompatLevel, DataFrame, DataType, Field, IntoColumn, Schema, SchemaExt, Series,
};
use polars_arrow::ffi;

use crate::{Error, Result};

const _: () = assert!(
    size_of::<ffi::ArrowArray>() == size_of::<FFI_ArrowArray>()
        && size_of::<ffi::ArrowSchema>() == size_of::<FFI_ArrowSchema>()
        && align_of::<ffi::ArrowArray>() == align_of::<FFI_ArrowArray>()
        && align_of::<ffi::ArrowSchema>() == align_of::<FFI_ArrowSchema>(),
    "both sides should spell the structs of the C data interface alike"
);

/// The rows of `batches`, all of `schema`, one chunk for each batch.
///
/// # Errors
///
/// - [`Error::UnsupportedType`] if polars has no type for a column;
/// - [`Error::Engine`] if two columns have one name, or a batch has another schema.
pub(crate) fn from_batches(schema: &ArrowSchema, batches: &[RecordBatch]) -> Result<DataFrame> {
    let fields = schema.fields();
    for field in fields {
        check_supported(field.name(), field.data_type())?;
    }
    let height = batches.iter().map(RecordBatch::num_rows).sum();
    let mut columns = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let mut whole: Option<Series> = None;
        for batch in batches {
            let array = batch.columns().get(index).ok_or_else(|| Error::Engine {
                doing: "reading record batches",
                reason: format!("a batch has no column `{}`", field.name()).into(),
            })?;
            let part = series(field.name(), array)?;
            match &mut whole {
                None => whole = Some(part),
                Some(whole) => {
                    whole
                        .append(&part)
                        .map_err(|error| Error::engine("reading record batches", &error))?;
                }
            }
        }
        let whole = match whole {
            Some(whole) => whole,
            None => series(field.name(), &arrow::array::new_empty_array(field.data_type()))?,
        };
        columns.push(whole.into_column());
    }
    DataFrame::new(height, columns).map_err(|error| Error::engine("reading record batches", &error))
}

/// The rows of `frame` as batches, one for each run of rows whose columns are in one piece each.
/// Nothing is copied.
///
/// An empty frame gives one batch without rows.
///
/// # Errors
///
/// [`Error::Engine`] if a column has a type that Arrow has no name for.
pub(crate) fn to_batches(frame: &DataFrame) -> Result<Vec<RecordBatch>> {
    let lengths = |column: &Column| -> Vec<usize> {
        column.as_materialized_series().chunk_lengths().collect()
    };
    let Some((first, rest)) = frame.columns().split_first() else {
        return Ok(vec![batch(frame, 0)?]);
    };
    let first = lengths(first);
    if rest.iter().all(|column| lengths(column) == first) {
        return (0..first.len()).map(|chunk| batch(frame, chunk)).collect();
    }
    // Columns that come by different ways are in different pieces: these are cut at all ends.
    let mut ends: Vec<usize> = Vec::new();
    for column in frame.columns() {
        let mut end = 0;
        ends.extend(lengths(column).into_iter().map(|length| {
            end += length;
            end
        }));
    }
    ends.sort_unstable();
    ends.dedup();
    let mut begin = 0;
    let mut batches = Vec::with_capacity(ends.len());
    for end in ends {
        if end > begin {
            batches.push(batch(&frame.slice(begin as i64, end - begin), 0)?);
            begin = end;
        }
    }
    Ok(batches)
}

/// The rows of `frame` as one batch; copies the columns that are in several pieces, unless these are all
/// of a column of one of `held`.
///
/// # Errors
///
/// As [`to_batches`].
pub(crate) fn to_batch(mut frame: DataFrame, held: &[DataFrame]) -> Result<RecordBatch> {
    if frame.columns().iter().any(|column| column.n_chunks() > 1) {
        frame = undivided(&frame, held)?;
    }
    frame.rechunk_mut();
    batch(&frame, 0)
}

/// The frame with columns of `held` in the place of those that are their pieces in order: an engine that works in pieces
/// divides columns that it does not change.
fn undivided(frame: &DataFrame, held: &[DataFrame]) -> Result<DataFrame> {
    let rows = frame.height();
    let whole = held.iter().filter(|held| held.height() == rows).flat_map(DataFrame::columns);
    let mut wholes: HashMap<usize, (&Column, Vec<Run>)> = HashMap::new();
    for column in whole.filter(|column| column.n_chunks() == 1) {
        if let Some(runs) = runs(column)? {
            wholes.insert(runs[0].values.start, (column, runs));
        }
    }
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let found = match column.n_chunks() > 1 && !wholes.is_empty() {
            true => runs(column)?,
            false => None,
        };
        let same = found.and_then(|pieces| {
            let (whole, runs) = wholes.get(&pieces[0].values.start)?;
            (whole.dtype() == column.dtype() && runs[0].is_made_of(&pieces)).then_some(*whole)
        });
        columns.push(match same {
            Some(whole) => whole.clone().with_name(column.name().clone()),
            None => column.clone(),
        });
    }
    DataFrame::new(rows, columns).map_err(|error| Error::engine("leaving polars", &error))
}

/// Where the memory of an array lies, which it keeps from being used for another one.
struct Run {
    _array: ArrayRef,
    /// Addresses of its values, in bits.
    values: Range<usize>,
    /// Address of its first flag of those that say which values are there, in bits, if it has them.
    valid: Option<usize>,
    rows: usize,
    nulls: usize,
}

impl Run {
    /// Whether `pieces` lie one behind the other, and are all of it.
    fn is_made_of(&self, pieces: &[Self]) -> bool {
        let (mut end, mut rows, mut nulls) = (self.values.start, 0, 0);
        for piece in pieces {
            // Pieces that have all of their values have no flags. That they may have lost is counted.
            let is_here = piece.values.start == end
                && match (piece.valid, self.valid) {
                    (Some(piece), Some(whole)) => piece == whole + rows,
                    (Some(_), None) => false,
                    (None, _) => true,
                };
            if !is_here {
                return false;
            }
            end = piece.values.end;
            rows += piece.rows;
            nulls += piece.nulls;
        }
        end == self.values.end && nulls == self.nulls
    }
}

/// Where the pieces of a column lie; `None` for types whose values are not side by side.
fn runs(column: &Column) -> Result<Option<Vec<Run>>> {
    let is_shared = match column.dtype() {
        DataType::Boolean | DataType::String | DataType::Binary | DataType::Date => true,
        DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => true,
        other => other.is_primitive_numeric() || other.is_decimal(),
    };
    if !is_shared {
        return Ok(None);
    }
    let mut runs = Vec::with_capacity(column.n_chunks());
    for chunk in 0..column.n_chunks() {
        let array = export(column, chunk)?.1;
        let data = array.to_data();
        let bits = match data.data_type() {
            ArrowType::Boolean => 1,
            ArrowType::Utf8View | ArrowType::BinaryView => 128,
            other => match other.primitive_width() {
                Some(bytes) => 8 * bytes,
                None => return Ok(None),
            },
        };
        if data.is_empty() {
            continue;
        }
        let Some(buffer) = data.buffers().first() else { return Ok(None) };
        let begin = 8 * (buffer.as_ptr() as usize) + data.offset() * bits;
        runs.push(Run {
            _array: array,
            values: begin..begin + data.len() * bits,
            valid: data
                .nulls()
                .map(|nulls| 8 * (nulls.validity().as_ptr() as usize) + nulls.offset()),
            rows: data.len(),
            nulls: data.null_count(),
        });
    }
    Ok((!runs.is_empty()).then_some(runs))
}

/// The names and types that [`to_batches`] gives a frame of `schema`.
///
/// # Errors
///
/// As [`to_batches`].
pub(crate) fn arrow_schema(schema: &Schema) -> Result<SchemaRef> {
    let fields =
        schema.iter_fields().map(|field| arrow_field(&field)).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ArrowSchema::new(fields)))
}

/// The type of polars that a column of Arrow's type has there.
///
/// # Errors
///
/// [`Error::Engine`] if there is none.
pub(crate) fn polars_type(data_type: &ArrowType) -> Result<DataType> {
    check_supported("", data_type)?;
    let known = in_utc(data_type).unwrap_or_else(|| data_type.clone());
    let field = ArrowField::new("", known, true);
    let own =
        FFI_ArrowSchema::try_from(&field).map_err(|error| Error::engine("naming types", &error))?;
    // SAFETY: as in `arrow_field`, in the other direction.
    let foreign = unsafe { transmute::<FFI_ArrowSchema, ffi::ArrowSchema>(own) };
    // SAFETY: arrow made `foreign` by the rules of the interface, and it lives to the end of this call.
    let field = unsafe { ffi::import_field_from_c(&foreign) };
    let field = field.map_err(|error| Error::engine("naming types", &error))?;
    Ok(DataType::from_arrow_field(&field))
}

fn arrow_field(field: &Field) -> Result<ArrowField> {
    check_name(field.name())?;
    let field = field.to_arrow(CompatLevel::newest());
    let foreign = ffi::export_field_to_c(&field);
    // SAFETY: both are the C data interface's ArrowSchema, which is `repr(C)`; the assertion above
    // compares their layouts. The value moves, so its release is called once, by the new owner.
    let own = unsafe { transmute::<ffi::ArrowSchema, FFI_ArrowSchema>(foreign) };
    let field =
        ArrowField::try_from(&own).map_err(|error| Error::engine("naming types", &error))?;
    Ok(field.with_nullable(true).with_metadata(HashMap::default()))
}

fn batch(frame: &DataFrame, chunk: usize) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(frame.width());
    let mut arrays = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let (field, array) = export(column, chunk)?;
        fields.push(field);
        arrays.push(array);
    }
    let rows = arrays.first().map_or(frame.height(), |array| array.len());
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(ArrowSchema::new(fields));
    RecordBatch::try_new_with_options(schema, arrays, &options)
        .map_err(|error| Error::engine("leaving polars", &error))
}

/// The interface's names end at the first byte 0, which only a file that is no table has in them.
fn check_name(name: &str) -> Result<()> {
    match name.contains('\0') {
        true => {
            let reason = format!("the name {name:?} of a column has a byte 0, as no table's has");
            Err(Error::engine("naming columns", &reason))
        }
        false => Ok(()),
    }
}

fn export(column: &Column, chunk: usize) -> Result<(ArrowField, ArrayRef)> {
    check_name(column.name())?;
    let series = column.as_materialized_series();
    let field = arrow_field(&series.field())?;
    // Polars gives these a buffer, which Arrow's have not.
    if field.data_type() == &ArrowType::Null {
        let rows = series.chunk_lengths().nth(chunk).unwrap_or(0);
        return Ok((field, new_null_array(&ArrowType::Null, rows)));
    }
    let array = ffi::export_array_to_c(series.to_arrow(chunk, CompatLevel::newest()));
    // SAFETY: as in `arrow_field`; the array's buffers are kept alive by its private data until the
    // new owner calls its release.
    let array = unsafe { transmute::<ffi::ArrowArray, FFI_ArrowArray>(array) };
    let schema = FFI_ArrowSchema::try_from(&field)
        .map_err(|error| Error::engine("leaving polars", &error))?;
    // SAFETY: polars made `array` by the rules of the C data interface, of the type that `schema`
    // names: both come from the same series and the same level of compatibility.
    let data = unsafe { from_ffi(array, &schema) }
        .map_err(|error| Error::engine("leaving polars", &error))?;
    Ok((field, make_array(data)))
}

fn series(name: &str, array: &dyn Array) -> Result<Series> {
    let entering = |error: &dyn std::fmt::Display| Error::engine("entering polars", error);
    let mut data = array.to_data();
    if let Some(known) = in_utc(data.data_type()) {
        data = data.into_builder().data_type(known).build().map_err(|error| entering(&error))?;
    }
    let (array, schema) = to_ffi(&data).map_err(|error| entering(&error))?;
    // SAFETY: both are `repr(C)` structs of the C data interface, compared by the assertion above;
    // the values move, so each release is called once.
    let (array, schema) = unsafe {
        (
            transmute::<FFI_ArrowArray, ffi::ArrowArray>(array),
            transmute::<FFI_ArrowSchema, ffi::ArrowSchema>(schema),
        )
    };
    // SAFETY: arrow made `schema` by the rules of the interface, and it lives to the end of this call.
    let field = unsafe { ffi::import_field_from_c(&schema) }.map_err(|error| entering(&error))?;
    // SAFETY: arrow made `array` of the type that `schema` names.
    let array = unsafe { ffi::import_array_from_c(array, field.dtype) }
        .map_err(|error| entering(&error))?;
    Series::from_arrow(name.into(), array).map_err(|error| entering(&error))
}

/// The type of the same moments of UTC, if that of a column has an offset for a zone.
fn in_utc(data_type: &ArrowType) -> Option<ArrowType> {
    match data_type {
        ArrowType::Timestamp(unit, Some(zone)) if zone.starts_with(['+', '-']) => {
            Some(ArrowType::Timestamp(*unit, Some("UTC".into())))
        }
        _ => None,
    }
}

/// Refuses types that polars would panic at, or that would lose their meaning there.
fn check_supported(column: &str, found: &ArrowType) -> Result<()> {
    match found {
        ArrowType::Union(..)
        | ArrowType::RunEndEncoded(..)
        | ArrowType::ListView(_)
        | ArrowType::LargeListView(_)
        | ArrowType::Interval(_)
        | ArrowType::Float16
        | ArrowType::Map(..)
        | ArrowType::Decimal256(..) => Err(Error::UnsupportedType {
            column: column.into(),
            found: graph_core::type_name(found).into(),
        }),
        ArrowType::List(field)
        | ArrowType::LargeList(field)
        | ArrowType::FixedSizeList(field, _) => check_supported(column, field.data_type()),
        ArrowType::Struct(fields) => {
            fields.iter().try_for_each(|field| check_supported(column, field.data_type()))
        }
        ArrowType::Dictionary(_, values) => match values.as_ref() {
            ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => Ok(()),
            _ => Err(Error::UnsupportedType {
                column: column.into(),
                found: graph_core::type_name(found).into(),
            }),
        },
        _ => Ok(()),
    }
}
