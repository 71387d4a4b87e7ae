//! A column: what comes back from analytics, and what NumPy's arrays become on their way in.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeStringArray,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, UInt64Type};
use graphlume::graph;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::Failure;
use crate::memory;
use crate::objects::{objects, unpacked};

/// A column of values of one type, some of which may be missing.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Array(pub(crate) ArrayRef);

#[pymethods]
impl Array {
    /// The column in an array of one dimension that has `__array_interface__`, without a copy but for
    /// truth values.
    #[staticmethod]
    fn from_numpy(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        memory::import_interface(array).map(Self)
    }

    /// The column in an object that has `__arrow_c_array__`.
    #[staticmethod]
    fn from_arrow(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        memory::import_array(array).map(Self)
    }

    /// A column of texts, or `None` where there is none.
    #[staticmethod]
    fn from_strings(texts: Vec<Option<String>>) -> Self {
        Self(Arc::new(LargeStringArray::from(texts)))
    }

    /// A column of integers, or `None` where there is none.
    #[staticmethod]
    fn from_integers(values: Vec<Option<i64>>) -> Self {
        Self(Arc::new(Int64Array::from(values)))
    }

    /// A column of numbers, or `None` where there is none.
    #[staticmethod]
    fn from_floats(values: Vec<Option<f64>>) -> Self {
        Self(Arc::new(Float64Array::from(values)))
    }

    /// A column of truth values, or `None` where there is none.
    #[staticmethod]
    fn from_booleans(values: Vec<Option<bool>>) -> Self {
        Self(Arc::new(BooleanArray::from(values)))
    }

    /// A column without values.
    #[staticmethod]
    fn nulls(len: usize) -> Self {
        Self(new_null_array(&DataType::Null, len))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Name of the type.
    #[getter]
    fn dtype(&self) -> String {
        graph::type_name(self.0.data_type())
    }

    fn __repr__(&self) -> String {
        format!("Array({}, {} values)", graph::type_name(self.0.data_type()), self.0.len())
    }

    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        memory::interface(py, &self.0)?.ok_or_else(|| {
            PyAttributeError::new_err("only a column of numbers without missing ones is an array")
        })
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Py<PyAny>>,
    ) -> PyResult<memory::Pair<'py>> {
        // Whoever wants another type casts it; the interface leaves that open.
        drop(requested_schema);
        memory::array_capsules(py, &self.0)
    }

    /// The column as an array of NumPy.
    ///
    /// Numbers are a view, which cannot be written to; where some are missing, they are `float64` with NaN, or
    /// objects if `float64` cannot hold an integer of them. Dates and times are `datetime64` (those of a zone in
    /// UTC), durations `timedelta64`, truth values `bool`, all else objects as in `to_pylist`: copies, which cannot
    /// be written to either.
    pub(crate) fn to_numpy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, array) = (slf.py(), &unpacked(slf.py(), &slf.get().0)?);
        let missing = 0 < array.logical_null_count();
        match array.data_type() {
            kind if kind.is_numeric() && !kind.is_decimal() && (!missing || fits(py, array)?) => {
                let numbers = if missing { with_nan(py, array)? } else { Arc::clone(array) };
                py.import("numpy")?.call_method1("asarray", (Bound::new(py, Self(numbers))?,))
            }
            DataType::Boolean if !missing => {
                let bytes = cast(array, &DataType::UInt8).map_err(|error| raise(py, error))?;
                view(py, bytes, "bool")
            }
            DataType::Timestamp(..)
            | DataType::Date32
            | DataType::Date64
            | DataType::Duration(_) => times(py, array),
            _ => {
                let values = PyList::new(py, objects(py, array)?)?;
                let numpy = py.import("numpy")?;
                // Lists must not become further dimensions.
                let objects = numpy.call_method1("fromiter", (values, "O", array.len()))?;
                let options = PyDict::new(py);
                options.set_item("write", false)?;
                objects.call_method("setflags", (), Some(&options))?;
                Ok(objects)
            }
        }
    }

    /// The column as a list; `None` where a value is missing. Texts, numbers and truth values are what they
    /// are, times `datetime`s, `date`s, `time`s and `timedelta`s, or NumPy's where Python's cannot hold them;
    /// decimals are `Decimal`s, and there are `bytes`, lists, and dicts of structs. All else is text.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, objects(py, &self.0)?)
    }
}

/// Numbers as an array of NumPy of another kind, in the same memory.
fn view<'py>(py: Python<'py>, numbers: ArrayRef, kind: &str) -> PyResult<Bound<'py, PyAny>> {
    let array = Bound::new(py, Array(numbers))?;
    py.import("numpy")?.call_method1("asarray", (array,))?.call_method1("view", (kind,))
}

/// Dates, times and durations as `datetime64` and `timedelta64`.
pub(crate) fn times<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    let name = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    let (kind, unit, direct) = match array.data_type() {
        DataType::Timestamp(unit, _) => ("datetime64", name(unit), DataType::Int64),
        DataType::Duration(unit) => ("timedelta64", name(unit), DataType::Int64),
        DataType::Date64 => ("datetime64", "ms", DataType::Int64),
        _ => ("datetime64", "D", DataType::Int32),
    };
    let numbers = cast(array, &direct).and_then(|numbers| cast(&numbers, &DataType::Int64));
    let numbers = numbers.map_err(|error| raise(py, error))?;
    let numbers: &Int64Array = numbers.as_primitive();
    // What NumPy calls no time.
    let filled = numbers.iter().map(|time| time.unwrap_or(i64::MIN));
    let filled: Int64Array = filled.map(Some).collect();
    view(py, Arc::new(filled), &format!("{kind}[{unit}]"))
}

/// Whether `float64` holds all the numbers.
fn fits(py: Python<'_>, array: &ArrayRef) -> PyResult<bool> {
    if !array.data_type().is_integer() {
        return Ok(true);
    }
    // Of those from 2^53 on it holds every second alone.
    let small = 0..=1 << 53;
    Ok(match array.data_type() {
        DataType::UInt64 => {
            array.as_primitive::<UInt64Type>().iter().flatten().all(|value| small.contains(&value))
        }
        _ => {
            let wide = cast(array, &DataType::Int64).map_err(|error| raise(py, error))?;
            let wide: &Int64Array = wide.as_primitive();
            wide.iter().flatten().all(|value| small.contains(&value.unsigned_abs()))
        }
    })
}

/// Numbers with NaN where one is missing.
fn with_nan(py: Python<'_>, array: &ArrayRef) -> PyResult<ArrayRef> {
    let numbers = cast(array, &DataType::Float64).map_err(|error| raise(py, error))?;
    let filled =
        numbers.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN));
    let filled: Float64Array = filled.map(Some).collect();
    Ok(Arc::new(filled))
}

pub(crate) fn raise(py: Python<'_>, error: arrow::error::ArrowError) -> PyErr {
    Failure::from(graph::Error::from(error)).raise(py)
}

/// `array` as numbers of 64 bits, which it must all have.
pub(crate) fn floats(py: Python<'_>, name: &str, array: &ArrayRef) -> PyResult<Vec<f64>> {
    let kind = array.data_type();
    if !(kind.is_numeric() || *kind == DataType::Boolean) {
        return Err(Failure::Input(format!(
            "`{name}` is of type {}, but numbers are needed",
            graph::type_name(kind)
        ))
        .raise(py));
    }
    let numbers = cast(array, &DataType::Float64).map_err(|error| raise(py, error))?;
    match (0..numbers.len()).find(|&at| numbers.is_null(at)) {
        Some(at) => Err(Failure::Input(format!("`{name}` has no value at {at}")).raise(py)),
        None => Ok(numbers.as_primitive::<Float64Type>().values().to_vec()),
    }
}
