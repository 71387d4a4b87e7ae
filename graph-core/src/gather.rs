//! Rows of a column by number.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, BooleanBufferBuilder, DictionaryArray, GenericStringArray,
    Int32Builder, OffsetSizeTrait, UInt32Array, make_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{can_cast_types, cast, concat, take};
use arrow::datatypes::{ArrowNativeType, DataType, Int32Type};
use arrow::error::ArrowError;
use bytemuck::Pod;
use rayon::prelude::*;

use crate::Result;
use crate::room::{collected_buffer, filled, filled_buffer};

/// Rows that one task gathers.
const TASK: usize = 1 << 14;

/// The entries `rows` of `column`, in this order and of its type.
///
/// Numbers, times and texts are gathered in parallel: one read and one write of each.
///
/// # Errors
///
/// [`Error::Arrow`](crate::Error::Arrow) if texts overflow the offsets of their type.
///
/// # Panics
///
/// If a row is not below the length of the column.
pub fn gather(column: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::Utf8 => return texts(column.as_string::<i32>(), rows),
        DataType::LargeUtf8 => return texts(column.as_string::<i64>(), rows),
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let keys = gather(&make_array(dictionary.keys().to_data()), rows)?;
            return with_keys(column, &keys);
        }
        _ => {}
    }
    // Intervals are structs, which words may not be aligned as.
    let is_word = !matches!(column.data_type(), DataType::Interval(_));
    match column.data_type().primitive_width().filter(|_| is_word) {
        Some(1) => words::<u8>(column, rows),
        Some(2) => words::<u16>(column, rows),
        Some(4) => words::<u32>(column, rows),
        Some(8) => words::<u64>(column, rows),
        Some(16) => words::<i128>(column, rows),
        _ => Ok(take(column, &UInt32Array::from(rows.to_vec()), None)?),
    }
}

/// The whole column, `times` times over: one write of each value, and no row numbers.
///
/// # Errors
///
/// Those of [`gather`].
pub fn repeat(column: &ArrayRef, times: usize) -> Result<ArrayRef> {
    if times == 0 {
        return Ok(column.slice(0, 0));
    }
    if let DataType::Dictionary(..) = column.data_type() {
        let dictionary = column.as_any_dictionary();
        let keys = repeat(&make_array(dictionary.keys().to_data()), times)?;
        return with_keys(column, &keys);
    }
    stack(&vec![column; times])
}

/// The columns, which are of one type, one below the other. What is null throughout is not written.
///
/// # Errors
///
/// [`Error::Arrow`](crate::Error::Arrow) if Arrow cannot join them.
pub fn stack(columns: &[&ArrayRef]) -> Result<ArrayRef> {
    let Some(first) = columns.first() else { return Err(nothing().into()) };
    if columns.iter().any(|column| column.data_type() != first.data_type()) {
        return joined(columns);
    }
    match first.data_type() {
        DataType::LargeUtf8 => stacked_texts(columns),
        DataType::Dictionary(..) => {
            let values = first.as_any_dictionary().values().to_data();
            let of_same =
                |column: &&ArrayRef| column.as_any_dictionary().values().to_data().ptr_eq(&values);
            if !columns.iter().all(of_same) {
                return merged(columns);
            }
            let keys = columns.iter().map(|column| column.as_any_dictionary().keys().to_data());
            let keys: Vec<ArrayRef> = keys.map(make_array).collect();
            with_keys(first, &stack(&keys.iter().collect::<Vec<_>>())?)
        }
        DataType::Interval(_) => joined(columns),
        other => match other.primitive_width() {
            Some(1) => stacked_words::<u8>(columns),
            Some(2) => stacked_words::<u16>(columns),
            Some(4) => stacked_words::<u32>(columns),
            Some(8) => stacked_words::<u64>(columns),
            Some(16) => stacked_words::<i128>(columns),
            _ => joined(columns),
        },
    }
}

fn nothing() -> ArrowError {
    ArrowError::InvalidArgumentError("there are no columns to put below one another".to_owned())
}

fn joined(columns: &[&ArrayRef]) -> Result<ArrayRef> {
    Ok(concat(&columns.iter().map(|column| column.as_ref()).collect::<Vec<_>>())?)
}

/// Columns of one type of dictionary, in one that has each value once: arrow's own way may repeat values, which some who
/// read it refuse.
fn merged(columns: &[&ArrayRef]) -> Result<ArrayRef> {
    let Some(first) = columns.first() else { return Err(nothing().into()) };
    let DataType::Dictionary(_, of_values) = first.data_type() else { return joined(columns) };
    let values: Vec<ArrayRef> =
        columns.iter().map(|column| Arc::clone(column.as_any_dictionary().values())).collect();
    let once = DataType::Dictionary(Box::new(DataType::Int32), of_values.clone());
    let all = joined(&values.iter().collect::<Vec<_>>())?;
    if !can_cast_types(of_values, &once) {
        return joined(columns);
    }
    let all = cast(&all, &once)?;
    let all = all.as_dictionary::<Int32Type>();
    let mut keys = Int32Builder::with_capacity(columns.iter().map(|column| column.len()).sum());
    let mut before = 0;
    for column in columns {
        let dictionary = column.as_any_dictionary();
        if dictionary.values().is_empty() {
            keys.append_nulls(column.len());
            continue;
        }
        for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
            let is_value = column.is_valid(row) && all.is_valid(before + key);
            keys.append_option(is_value.then(|| all.keys().value(before + key)));
        }
        before += dictionary.values().len();
    }
    let merged: ArrayRef =
        Arc::new(DictionaryArray::try_new(keys.finish(), Arc::clone(all.values()))?);
    Ok(cast(&merged, first.data_type())?)
}

/// The dictionary `like` with other keys, of the same type.
///
/// # Errors
///
/// [`Error::Arrow`](crate::Error::Arrow) if a key is beyond the values, or of another type.
///
/// # Panics
///
/// If `like` is no dictionary.
pub fn with_keys(like: &ArrayRef, keys: &ArrayRef) -> Result<ArrayRef> {
    let data = keys.to_data().into_builder().data_type(like.data_type().clone());
    let data = data.add_child_data(like.as_any_dictionary().values().to_data());
    Ok(make_array(data.build()?))
}

fn stacked_words<T: ArrowNativeType + Pod>(columns: &[&ArrayRef]) -> Result<ArrayRef> {
    let len = columns.iter().map(|column| column.len()).sum();
    let stacked = filled_buffer(len, |mut rest: &mut [T]| {
        let mut tasks = Vec::with_capacity(columns.len());
        for column in columns {
            let (here, behind) = std::mem::take(&mut rest).split_at_mut(column.len());
            rest = behind;
            if column.null_count() < column.len() {
                tasks.push((here, column.to_data()));
            }
        }
        tasks.into_par_iter().for_each(|(out, data)| {
            let values = &data.buffers()[0].typed_data::<T>()[data.offset()..];
            out.copy_from_slice(&values[..out.len()]);
        });
    });
    let stacked = ArrayData::builder(columns[0].data_type().clone())
        .len(len)
        .add_buffer(stacked)
        .nulls(stacked_nulls(columns, len));
    Ok(make_array(stacked.build()?))
}

fn stacked_nulls(columns: &[&ArrayRef], len: usize) -> Option<NullBuffer> {
    if columns.iter().all(|column| column.null_count() == 0) {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(len);
    for column in columns {
        match column.nulls() {
            Some(nulls) => valid.append_buffer(nulls.inner()),
            None => valid.append_n(column.len(), true),
        }
    }
    Some(NullBuffer::new(valid.finish()))
}

fn stacked_texts(columns: &[&ArrayRef]) -> Result<ArrayRef> {
    let len: usize = columns.iter().map(|column| column.len()).sum();
    let range = |column: &ArrayRef| {
        let offsets = column.as_string::<i64>().value_offsets();
        offsets[0] as usize..offsets[column.len()] as usize
    };
    let size = columns.iter().map(|column| range(column).len()).sum();
    let bytes = filled_buffer(size, |out: &mut [u8]| {
        let mut at = 0;
        for column in columns {
            let part = &column.as_string::<i64>().value_data()[range(column)];
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
    });
    let offsets = filled(len + 1, |out: &mut [i64]| {
        let (mut at, mut start) = (1, 0);
        for column in columns {
            let offsets = column.as_string::<i64>().value_offsets();
            for (out, offset) in out[at..].iter_mut().zip(&offsets[1..]) {
                *out = start + offset - offsets[0];
            }
            at += column.len();
            start += range(column).len() as i64;
        }
    });
    let nulls = stacked_nulls(columns, len);
    let texts = GenericStringArray::<i64>::try_new(OffsetBuffer::new(offsets), bytes, nulls)?;
    Ok(Arc::new(texts))
}

/// Rows of a column whose values have the width of `T`.
fn words<T: ArrowNativeType + Pod>(column: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    let data = column.to_data();
    let values = &data.buffers()[0].typed_data::<T>()[data.offset()..];
    let values = &values[..data.len()];
    let of_rows = rows.par_iter().with_min_len(TASK).map(|&row| values[row as usize]);
    let gathered = collected_buffer(of_rows);
    let gathered = ArrayData::builder(data.data_type().clone())
        .len(rows.len())
        .add_buffer(gathered)
        .nulls(nulls(column, rows));
    Ok(make_array(gathered.build()?))
}

/// Which of the rows are null, if any is.
fn nulls(array: &dyn Array, rows: &[u32]) -> Option<NullBuffer> {
    let nulls = array.nulls()?;
    let mut valid = BooleanBufferBuilder::new(rows.len());
    for &row in rows {
        valid.append(nulls.is_valid(row as usize));
    }
    Some(NullBuffer::new(valid.finish())).filter(|nulls| nulls.null_count() > 0)
}

fn texts<O: OffsetSizeTrait>(array: &GenericStringArray<O>, rows: &[u32]) -> Result<ArrayRef> {
    let (old, bytes) = (array.value_offsets(), array.value_data());
    let nulls = nulls(array, rows);
    let mut end = 0_usize;
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    offsets.push(O::usize_as(0));
    for (place, &row) in rows.iter().enumerate() {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(place)) {
            let row = row as usize;
            end += (old[row + 1] - old[row]).as_usize();
        }
        offsets.push(O::usize_as(end));
    }
    // Offsets rise, so if the last one fits, all do.
    if O::from_usize(end).is_none() {
        return Err(ArrowError::OffsetOverflowError(end).into());
    }
    let gathered = filled_buffer(end, |out: &mut [u8]| {
        let mut tasks = Vec::with_capacity(rows.len().div_ceil(TASK));
        let mut rest = out;
        for (task, rows) in rows.chunks(TASK).enumerate() {
            let first = task * TASK;
            let offsets = &offsets[first..=first + rows.len()];
            let size = (offsets[rows.len()] - offsets[0]).as_usize();
            let (here, behind) = rest.split_at_mut(size);
            rest = behind;
            tasks.push((rows, offsets, here));
        }
        tasks.into_par_iter().for_each(|(rows, offsets, out)| {
            let start = offsets[0].as_usize();
            for (&row, window) in rows.iter().zip(offsets.windows(2)) {
                let (at, length) =
                    (window[0].as_usize() - start, (window[1] - window[0]).as_usize());
                let text = old[row as usize].as_usize();
                // Sixteen bytes are copied faster than a few; the next text overwrites what is over.
                match (bytes[text..].first_chunk::<16>(), out[at..].first_chunk_mut::<16>()) {
                    (Some(from), Some(to)) if length <= 16 => *to = *from,
                    _ => out[at..at + length].copy_from_slice(&bytes[text..text + length]),
                }
            }
        });
    });
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let texts = GenericStringArray::try_new(offsets, gathered, nulls)?;
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, Date32Array, LargeStringArray, StringArray, StringViewArray,
        TimestampMillisecondArray,
    };
    use arrow::array::{Decimal128Array, DictionaryArray};
    use arrow::datatypes::Int8Type;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: Arrow's own.
        #[test]
        fn rows_are_those_that_arrow_takes(
            texts in prop::collection::vec(prop::option::of("[a-ü]{0,20}"), 1..60),
            rows in prop::collection::vec(0..1000_u32, 0..100),
        ) {
            let rows: Vec<u32> = rows.iter().map(|row| row % texts.len() as u32).collect();
            let ints = || texts.iter().map(|text| text.as_ref().map(|text| text.len() as i32));
            let short = texts.iter().map(|text| text.as_deref().and_then(|text| text.get(..1)));
            let columns: [ArrayRef; 8] = [
                Arc::new(short.collect::<DictionaryArray<Int8Type>>()),
                Arc::new(ints().map(|int| int.map(i128::from)).collect::<Decimal128Array>()),
                Arc::new(StringArray::from(texts.clone())),
                Arc::new(LargeStringArray::from(texts.clone())),
                Arc::new(StringViewArray::from_iter(texts.clone())),
                Arc::new(ints().collect::<Date32Array>()),
                Arc::new(ints().map(|int| int.map(|int| int > 5)).collect::<BooleanArray>()),
                Arc::new(
                    ints()
                        .map(|int| int.map(i64::from))
                        .collect::<TimestampMillisecondArray>()
                        .with_timezone("UTC"),
                ),
            ];
            for column in columns {
                let gathered = gather(&column, &rows).unwrap();
                gathered.to_data().validate_full().unwrap();
                let expected = take(&column, &UInt32Array::from(rows.clone()), None).unwrap();
                prop_assert_eq!(&gathered, &expected);
                // Of a part of a column, too, whose buffers begin elsewhere.
                let part = column.slice(1, column.len() - 1);
                let rows: Vec<u32> =
                    rows.iter().copied().filter(|&row| (row as usize) < part.len()).collect();
                let expected = take(&part, &UInt32Array::from(rows.clone()), None).unwrap();
                prop_assert_eq!(&gather(&part, &rows).unwrap(), &expected);
                let none = arrow::array::new_null_array(column.data_type(), 3);
                for columns in [vec![&column, &part, &column], vec![&none, &part], vec![&part]] {
                    let stacked = stack(&columns).unwrap();
                    stacked.to_data().validate_full().unwrap();
                    let parts: Vec<&dyn Array> = columns.iter().map(|column| column.as_ref()).collect();
                    prop_assert_eq!(&stacked, &concat(&parts).unwrap());
                }
                let parts: Vec<&dyn Array> = vec![part.as_ref(); 3];
                prop_assert_eq!(&repeat(&part, 3).unwrap(), &concat(&parts).unwrap());
                prop_assert_eq!(&repeat(&part, 0).unwrap(), &part.slice(0, 0));
            }
        }
    }

    #[test]
    fn dictionaries_of_several_columns_have_each_value_once() {
        let column = |texts: &[Option<&str>]| -> ArrayRef {
            Arc::new(texts.iter().copied().collect::<DictionaryArray<Int8Type>>())
        };
        let parts = [
            column(&[Some("user"), None, Some("ip"), Some("user")]),
            column(&[Some("ip"), Some("host")]),
            column(&[]),
            column(&[None]),
            column(&[None, Some("user")]),
        ];
        let stacked = stack(&parts.iter().collect::<Vec<_>>()).unwrap();
        stacked.to_data().validate_full().unwrap();
        assert_eq!(stacked.data_type(), parts[0].data_type());
        let dictionary = stacked.as_any_dictionary();
        let values: Vec<_> = dictionary.values().as_string::<i32>().iter().flatten().collect();
        assert_eq!(values, ["user", "ip", "host"]);
        let texts = arrow::compute::cast(&stacked, &DataType::Utf8).unwrap();
        let texts: Vec<_> = texts.as_string::<i32>().iter().collect();
        let (user, ip, host) = (Some("user"), Some("ip"), Some("host"));
        assert_eq!(texts, [user, None, ip, user, ip, host, None, None, user]);
    }
}
