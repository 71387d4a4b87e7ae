//! Options: from Python's keywords to JSON, as which the crates read them, and back.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::error::Failure;

/// `options` as an object, without those that are `None`, which mean the default.
pub(crate) fn object(options: Option<&Bound<'_, PyDict>>) -> PyResult<Map<String, Value>> {
    let mut object = Map::new();
    for (key, value) in options.into_iter().flatten() {
        let key: String = key.extract()?;
        let value = value_of(&key, &value)?;
        if !value.is_null() {
            object.insert(key, value);
        }
    }
    Ok(object)
}

/// The struct that `options` say.
pub(crate) fn parsed<T: DeserializeOwned>(options: Option<&Bound<'_, PyDict>>) -> PyResult<T> {
    let object = object(options)?;
    serde_json::from_value(Value::Object(object.clone())).map_err(|error| {
        let text = explained::<T>(&object, &error.to_string());
        Python::attach(|py| Failure::Input(text).raise(py))
    })
}

/// What is wrong with `options`, with the name of the option: serde tells that of unknown ones only.
fn explained<T: DeserializeOwned>(options: &Map<String, Value>, error: &str) -> String {
    if let Some((name, known)) =
        error.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("there is no option {name}; there is {known}");
    }
    // Without the option that is to blame, all is well or something else is wrong.
    let is_to_blame = |name: &&String| {
        let mut others = options.clone();
        others.remove(*name);
        match serde_json::from_value::<T>(Value::Object(others)) {
            Ok(_) => true,
            Err(other) => other.to_string() != error,
        }
    };
    // Of several the one whose value is named: without the name of a verb something else is wrong, too.
    let is_named = |name: &&String| match &options[*name] {
        Value::String(text) => {
            error.contains(&format!("`{text}`")) || error.contains(&format!("{text:?}"))
        }
        value => error.contains(&value.to_string()),
    };
    let blamed: Vec<&String> = options.keys().filter(is_to_blame).collect();
    let Some(name) = blamed.iter().copied().find(is_named).or(blamed.first().copied()) else {
        return error.to_owned();
    };
    let split = error.split_once(", expected ");
    match split.and_then(|(found, wanted)| Some((found.split_once(' ')?.0, wanted))) {
        Some(("unknown" | "invalid", wanted)) => {
            format!("`{name}` is {}, but it must be {wanted}", options[name])
        }
        _ => format!("`{name}` is {}: {error}", options[name]),
    }
}

/// How deep lists may lie in one another.
const MAX_DEPTH: usize = 32;

/// A value of the option `name`.
fn value_of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    nested(name, value, 0)
}

fn nested(name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth == MAX_DEPTH {
        let text = format!("`{name}` has lists in lists, more than {MAX_DEPTH} deep");
        return Err(Failure::Input(text).raise(value.py()));
    }
    let each = |item: PyResult<Bound<'_, PyAny>>| nested(name, &item?, depth + 1);
    if value.is_none() {
        return Ok(Value::Null);
    }
    if value.is_instance_of::<PyBool>() {
        return Ok(value.extract::<bool>()?.into());
    }
    if value.is_instance_of::<PyString>() {
        return Ok(value.extract::<String>()?.into());
    }
    if value.is_instance_of::<PyInt>() {
        return integer(name, value);
    }
    if value.is_instance_of::<PyFloat>() {
        return float(name, value.extract()?);
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let pairs = dict.iter().map(|(key, value)| {
            // Ids of nodes may be numbers; names of JSON are texts.
            Ok((key.str()?.extract()?, nested(name, &value, depth + 1)?))
        });
        return pairs.collect::<PyResult<Map<String, Value>>>().map(Value::Object);
    }
    if value.hasattr("__fspath__")? {
        return Ok(value.call_method0("__fspath__")?.extract::<String>()?.into());
    }
    // Arrays, numbers and truth values of NumPy, and columns of frames.
    for method in ["tolist", "to_list"] {
        if value.hasattr(method)? {
            return nested(name, &value.call_method0(method)?, depth + 1);
        }
    }
    if value.hasattr("__index__")? {
        return integer(name, &value.call_method0("__index__")?);
    }
    match value.try_iter() {
        Ok(items) => items.map(each).collect(),
        Err(_) => {
            let kind = value.get_type().name()?;
            Err(PyTypeError::new_err(format!("`{name}` cannot be of type {kind}")))
        }
    }
}

fn integer(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    match (value.extract::<i64>(), value.extract::<u64>()) {
        (Ok(number), _) => Ok(number.into()),
        (Err(_), Ok(number)) => Ok(number.into()),
        (Err(_), Err(_)) => {
            let text = format!("`{name}` is {value}, which does not fit into 64 bits");
            Err(Failure::Input(text).raise(value.py()))
        }
    }
}

fn float(name: &str, value: f64) -> PyResult<Value> {
    let number = Number::from_f64(value).map(Value::Number);
    number
        .ok_or_else(|| PyTypeError::new_err(format!("`{name}` is {value}, which no option can be")))
}

/// JSON as Python's values.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().unwrap_or(f64::NAN).into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let values: Vec<_> =
                values.iter().map(|value| to_python(py, value)).collect::<PyResult<_>>()?;
            PyList::new(py, values)?.into_any()
        }
        Value::Object(object) => {
            let dict = PyDict::new(py);
            for (key, value) in object {
                dict.set_item(key, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// A report as Python's values.
pub(crate) fn report<'py>(
    py: Python<'py>,
    report: &impl serde::Serialize,
) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(report);
    to_python(py, &value.map_err(|error| PyTypeError::new_err(error.to_string()))?)
}
