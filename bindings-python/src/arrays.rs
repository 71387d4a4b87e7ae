//! A column: what comes back from analytics, and what NumPy's arrays become on their way in.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeStringArray,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graphlume::graph;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::Failure;
use crate::memory;

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

    /// Name of the type, as Arrow has it.
    #[getter]
    fn dtype(&self) -> String {
        self.0.data_type().to_string()
    }

    fn __repr__(&self) -> String {
        format!("Array({}, {} values)", self.0.data_type(), self.0.len())
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
    /// Numbers are a view, which cannot be written to; where some are missing, they are `float64` with NaN.
    /// Times are `datetime64`, truth values `bool`, all else objects: copies, which cannot be written to either.
    pub(crate) fn to_numpy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, array) = (slf.py(), &slf.get().0);
        let numpy = py.import("numpy")?;
        let view = |array: Bound<'py, Self>, kind: &str| {
            numpy.call_method1("asarray", (array,))?.call_method1("view", (kind,))
        };
        let missing = 0 < array.logical_null_count();
        match array.data_type() {
            kind if kind.is_numeric()
                && !matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..)) =>
            {
                match missing {
                    false => numpy.call_method1("asarray", (slf,)),
                    true => numpy.call_method1("asarray", (with_nan(py, array)?,)),
                }
            }
            DataType::Boolean if !missing => {
                let bytes = cast(array, &DataType::UInt8).map_err(|error| raise(py, error))?;
                view(Bound::new(py, Self(bytes))?, "bool")
            }
            DataType::Timestamp(unit, _) => {
                let unit = match unit {
                    TimeUnit::Second => "s",
                    TimeUnit::Millisecond => "ms",
                    TimeUnit::Microsecond => "us",
                    TimeUnit::Nanosecond => "ns",
                };
                let numbers = cast(array, &DataType::Int64).map_err(|error| raise(py, error))?;
                let numbers = numbers.as_primitive::<Int64Type>();
                // What NumPy calls no time.
                let filled = numbers.iter().map(|time| time.unwrap_or(i64::MIN));
                let filled: Int64Array = filled.map(Some).collect();
                view(Bound::new(py, Self(Arc::new(filled)))?, &format!("datetime64[{unit}]"))
            }
            _ => {
                let values = slf.get().to_pylist(py)?;
                let options = PyDict::new(py);
                options.set_item("dtype", "object")?;
                let objects = numpy.call_method("empty", (array.len(),), Some(&options))?;
                objects.set_item(pyo3::types::PySlice::full(py), values)?;
                let options = PyDict::new(py);
                options.set_item("write", false)?;
                objects.call_method("setflags", (), Some(&options))?;
                Ok(objects)
            }
        }
    }

    /// The column as a list; `None` where a value is missing. Texts, numbers and truth values are what they
    /// are, all else is text.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let array = match self.0.data_type() {
            DataType::Dictionary(_, values) => {
                cast(&self.0, values).map_err(|error| raise(py, error))?
            }
            _ => Arc::clone(&self.0),
        };
        let nulls = array.logical_nulls();
        let is_missing = |at: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(at));
        let to = |kind: DataType| cast(&array, &kind).map_err(|error| raise(py, error));
        let mut values = Vec::with_capacity(array.len());
        macro_rules! each {
            ($value:expr) => {
                for at in 0..array.len() {
                    values.push(match is_missing(at) {
                        true => py.None().into_bound(py),
                        false => $value(at).into_pyobject(py)?.to_owned().into_any(),
                    });
                }
            };
        }
        match array.data_type() {
            DataType::Null => values.resize_with(array.len(), || py.None().into_bound(py)),
            DataType::Boolean => each!(|at| array.as_boolean().value(at)),
            DataType::UInt64 => each!(|at| array.as_primitive::<UInt64Type>().value(at)),
            kind if kind.is_integer() => {
                let wide = to(DataType::Int64)?;
                each!(|at| wide.as_primitive::<Int64Type>().value(at));
            }
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                let wide = to(DataType::Float64)?;
                each!(|at| wide.as_primitive::<Float64Type>().value(at));
            }
            _ => {
                let options = FormatOptions::default();
                let text =
                    ArrayFormatter::try_new(&array, &options).map_err(|error| raise(py, error))?;
                each!(|at| text.value(at).to_string());
            }
        }
        PyList::new(py, values)
    }
}

/// Numbers with NaN where one is missing.
fn with_nan(py: Python<'_>, array: &ArrayRef) -> PyResult<Array> {
    let numbers = cast(array, &DataType::Float64).map_err(|error| raise(py, error))?;
    let filled =
        numbers.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN));
    let filled: Float64Array = filled.map(Some).collect();
    Ok(Array(Arc::new(filled)))
}

fn raise(py: Python<'_>, error: arrow::error::ArrowError) -> PyErr {
    Failure::from(graph::Error::from(error)).raise(py)
}

/// `array` as numbers of 64 bits, which it must all have.
pub(crate) fn floats(py: Python<'_>, name: &str, array: &ArrayRef) -> PyResult<Vec<f64>> {
    let kind = array.data_type();
    if !(kind.is_numeric() || *kind == DataType::Boolean) {
        return Err(
            Failure::Input(format!("`{name}` is of type {kind}, but numbers are needed")).raise(py)
        );
    }
    let numbers = cast(array, &DataType::Float64).map_err(|error| raise(py, error))?;
    match (0..numbers.len()).find(|&at| numbers.is_null(at)) {
        Some(at) => Err(Failure::Input(format!("`{name}` has no value at {at}")).raise(py)),
        None => Ok(numbers.as_primitive::<Float64Type>().values().to_vec()),
    }
}
