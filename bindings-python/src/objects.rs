//! Values of a column as Python's objects.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, Int64Array, MapArray,
    OffsetSizeTrait,
};
use arrow::compute::cast;
use arrow::datatypes::{ArrowNativeType, DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};

use crate::arrays::{raise, times};

/// A value each, `None` where it is missing: numbers, truth values and texts, `datetime`s, `date`s, `time`s and
/// `timedelta`s, `Decimal`s, `bytes`, lists and dicts. Times that Python's cannot hold are NumPy's; what has no
/// counterpart is text.
pub(crate) fn objects<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let array = &unpacked(py, array)?;
    let nulls = array.logical_nulls();
    let is_missing = |at: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(at));
    let to = |kind: &DataType| cast(array, kind).map_err(|error| raise(py, error));
    let mut values = Vec::with_capacity(array.len());
    macro_rules! each {
        ($value:expr) => {
            for at in 0..array.len() {
                values.push(match is_missing(at) {
                    true => py.None().into_bound(py),
                    false => $value(at)?,
                });
            }
        };
    }
    macro_rules! plain {
        ($value:expr) => {
            each!(|at: usize| Ok::<_, PyErr>($value(at).into_pyobject(py)?.to_owned().into_any()))
        };
    }
    match array.data_type() {
        DataType::Null => values.resize_with(array.len(), || py.None().into_bound(py)),
        DataType::Boolean => plain!(|at| array.as_boolean().value(at)),
        DataType::UInt64 => plain!(|at| array.as_primitive::<UInt64Type>().value(at)),
        kind if kind.is_integer() => {
            let wide = to(&DataType::Int64)?;
            plain!(|at| wide.as_primitive::<Int64Type>().value(at));
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = to(&DataType::Float64)?;
            plain!(|at| wide.as_primitive::<Float64Type>().value(at));
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = to(&DataType::LargeUtf8)?;
            let texts = texts.as_string::<i64>();
            each!(|at: usize| Ok::<_, PyErr>(PyString::new(py, texts.value(at)).into_any()));
        }
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => {
            let bytes = to(&DataType::LargeBinary)?;
            let bytes = bytes.as_binary::<i64>();
            each!(|at: usize| Ok::<_, PyErr>(PyBytes::new(py, bytes.value(at)).into_any()));
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Duration(_) => {
            return instants(py, array);
        }
        DataType::Time32(_) | DataType::Time64(_) => return clocks(py, array),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => {
            static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
            let decimal = DECIMAL.import(py, "decimal", "Decimal")?;
            let options = FormatOptions::default();
            let text =
                ArrayFormatter::try_new(array, &options).map_err(|error| raise(py, error))?;
            each!(|at: usize| decimal.call1((text.value(at).to_string(),)));
        }
        DataType::List(_) => lists(py, array.as_list::<i32>(), &is_missing, &mut values)?,
        DataType::LargeList(_) => lists(py, array.as_list::<i64>(), &is_missing, &mut values)?,
        DataType::FixedSizeList(_, size) => {
            let list: &FixedSizeListArray = array.as_fixed_size_list();
            // Both never negative: the array was checked.
            let size = usize::try_from(*size).unwrap_or_default();
            let items = objects(py, list.values())?;
            each!(|at: usize| Ok::<_, PyErr>(
                PyList::new(py, &items[at * size..(at + 1) * size])?.into_any()
            ));
        }
        DataType::Map(..) => return maps(py, array.as_map()),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            let columns: Vec<Vec<Bound<'py, PyAny>>> =
                columns.map(|column| objects(py, column)).collect::<PyResult<_>>()?;
            each!(|at: usize| {
                let dict = PyDict::new(py);
                for (field, column) in fields.iter().zip(&columns) {
                    dict.set_item(field.name(), &column[at])?;
                }
                Ok::<_, PyErr>(dict.into_any())
            });
        }
        _ => {
            let options = FormatOptions::default();
            let text =
                ArrayFormatter::try_new(array, &options).map_err(|error| raise(py, error))?;
            plain!(|at| text.value(at).to_string());
        }
    }
    Ok(values)
}

/// Times of a day as Python's.
fn clocks<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let micros = cast(array, &DataType::Time64(TimeUnit::Microsecond))
        .and_then(|times| cast(&times, &DataType::Int64))
        .map_err(|error| raise(py, error))?;
    let micros: &Int64Array = micros.as_primitive();
    let kind = py.import("datetime")?.getattr("time")?;
    let time = |micros: Option<i64>| match micros {
        None => Ok(py.None().into_bound(py)),
        Some(micros) => {
            let seconds = micros / 1_000_000;
            let below = micros.rem_euclid(1_000_000);
            kind.call1((seconds / 3600, seconds / 60 % 60, seconds % 60, below))
        }
    };
    micros.iter().map(time).collect()
}

/// Maps as lists of pairs: a key may come twice.
fn maps<'py>(py: Python<'py>, map: &MapArray) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let (keys, items) = (objects(py, map.keys())?, objects(py, map.values())?);
    let pairs: Vec<_> = keys.into_iter().zip(items).collect();
    let offsets = map.value_offsets();
    let list = |at: usize| {
        if map.is_null(at) {
            return Ok(py.None().into_bound(py));
        }
        let [start, end] = [offsets[at], offsets[at + 1]].map(ArrowNativeType::as_usize);
        Ok(PyList::new(py, pairs[start..end].iter().cloned())?.into_any())
    };
    (0..map.len()).map(list).collect()
}

/// The values that a column of numbers of them stands for.
pub(crate) fn unpacked(py: Python<'_>, array: &ArrayRef) -> PyResult<ArrayRef> {
    match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).map_err(|error| raise(py, error)),
        _ => Ok(Arc::clone(array)),
    }
}

fn lists<'py, O: OffsetSizeTrait>(
    py: Python<'py>,
    list: &GenericListArray<O>,
    is_missing: &dyn Fn(usize) -> bool,
    values: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let items = objects(py, list.values())?;
    for (at, ends) in list.value_offsets().windows(2).enumerate() {
        values.push(match is_missing(at) {
            true => py.None().into_bound(py),
            false => PyList::new(py, &items[ends[0].as_usize()..ends[1].as_usize()])?.into_any(),
        });
    }
    Ok(())
}

/// Dates, times and durations, which NumPy makes Python's of.
fn instants<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let failed = |error: ArrowError| raise(py, error);
    let micros =
        |unit: TimeUnit| if unit == TimeUnit::Nanosecond { TimeUnit::Microsecond } else { unit };
    // What Python's values count, and the least and the most that they hold: the years 1 to 9999, and 999,999,999 days.
    let day = 86_400;
    let (kind, range) = match array.data_type() {
        DataType::Timestamp(unit, zone) => (
            DataType::Timestamp(micros(*unit), zone.clone()),
            (-719_162 * day, 2_932_897 * day - 1, per_second(micros(*unit))),
        ),
        DataType::Duration(unit) => {
            let most = 999_999_999 * day;
            (DataType::Duration(micros(*unit)), (-most, most, per_second(micros(*unit))))
        }
        _ => (DataType::Date32, (-719_162, 2_932_896, 1)),
    };
    let short = cast(array, &kind).map_err(failed)?;
    let numbers = cast(&short, &DataType::Int64).map_err(failed)?;
    let numbers: &Int64Array = numbers.as_primitive();
    let (least, most, scale) = range;
    let fit = |value: i64| (least..=most).contains(&value.div_euclid(scale));
    let same = *cast(&short, array.data_type()).map_err(failed)? == **array;
    if !same || !numbers.iter().flatten().all(fit) {
        let scalars = times(py, array)?;
        let mut values = Vec::with_capacity(array.len());
        for (at, value) in scalars.try_iter()?.enumerate() {
            values.push(if array.is_null(at) { py.None().into_bound(py) } else { value? });
        }
        return Ok(values);
    }
    let mut values: Vec<Bound<'py, PyAny>> =
        times(py, &short)?.call_method0("tolist")?.extract()?;
    if let DataType::Timestamp(_, Some(zone)) = array.data_type() {
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        // Without a list of zones the same instants are those of UTC.
        let zone = py.import("zoneinfo")?.call_method1("ZoneInfo", (&**zone,));
        let zone = zone.unwrap_or_else(|_| utc.clone());
        let options = PyDict::new(py);
        options.set_item("tzinfo", &utc)?;
        for value in values.iter_mut().filter(|value| !value.is_none()) {
            let at = value.call_method("replace", (), Some(&options))?;
            *value = at.call_method1("astimezone", (&zone,))?;
        }
    }
    Ok(values)
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}
