//! Detectors of anomalies: over a whole graph, and over a stream as it comes.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array as _, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use graphlume::gad::detectors::nodes::Features;
use graphlume::gad::detectors::stream::{StreamDetector, StreamEdges, StreamScores, restore};
use graphlume::gad::detectors::{Configured, Dataset, configure};
use graphlume::graph::type_name;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde_json::Value;

use crate::arrays::{Array, floats};
use crate::error::Failure;
use crate::values;
use crate::work::work_apart;

fn configured(py: Python<'_>, name: &str, options: &Bound<'_, PyDict>) -> PyResult<Configured> {
    let options = values::object(Some(options))?;
    let texts: Vec<(String, String)> = options
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => (key, text),
            value => (key, value.to_string()),
        })
        .collect();
    let given = texts.iter().map(|(key, text)| (key.as_str(), text.as_str()));
    configure(name, given).map_err(|error| Failure::from(error).raise(py))
}

/// A column as integers of 64 bits, of which none is missing.
fn integers(py: Python<'_>, name: &str, column: &ArrayRef, kind: &DataType) -> PyResult<ArrayRef> {
    let bad = |text: String| Failure::Input(text).raise(py);
    let found = column.data_type();
    if !(found.is_integer() || matches!(found, DataType::Timestamp(..))) {
        return Err(bad(format!(
            "`{name}` is of type {}, but integers are needed",
            type_name(found)
        )));
    }
    let numbers = cast(column, kind).map_err(|error| bad(error.to_string()))?;
    match (0..numbers.len()).find(|&at| numbers.is_null(at)) {
        Some(at) => Err(bad(format!("`{name}` has no value at {at}"))),
        None => Ok(numbers),
    }
}

fn nodes(py: Python<'_>, name: &str, column: &Array) -> PyResult<Vec<u64>> {
    let numbers = integers(py, name, &column.0, &DataType::UInt64)?;
    Ok(numbers.as_primitive::<UInt64Type>().values().to_vec())
}

fn times(py: Python<'_>, column: &Array) -> PyResult<Vec<i64>> {
    let numbers = integers(py, "times", &column.0, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().values().to_vec())
}

/// Scores of a detector over all edges: of nodes, edges or windows, when windows began, and how it ran.
#[pyfunction]
#[pyo3(signature = (name, options, *, n_nodes, sources, targets, times, features, n_features))]
#[expect(clippy::too_many_arguments, reason = "the package's Python part names and documents them")]
pub(crate) fn detect<'py>(
    py: Python<'py>,
    name: &str,
    options: &Bound<'py, PyDict>,
    n_nodes: usize,
    sources: &Array,
    targets: &Array,
    times: Option<&Array>,
    features: Option<&Array>,
    n_features: usize,
) -> PyResult<(Array, Option<Array>, Bound<'py, PyAny>)> {
    let detector = configured(py, name, options)?;
    let features = match features {
        Some(features) => {
            let values = floats(py, "features", &features.0)?;
            Some(
                Features::new(n_features, values)
                    .map_err(|error| Failure::from(error).raise(py))?,
            )
        }
        None => None,
    };
    let data = Dataset {
        n_nodes,
        sources: nodes(py, "sources", sources)?.into(),
        targets: nodes(py, "targets", targets)?.into(),
        times: times.map(|column| self::times(py, column)).transpose()?.map(Into::into),
        features,
        labels: None,
    };
    let name = detector.info().name;
    let results = work_apart(py, name, move |control| detector.run(&data, control))?;
    let windows = results.timestamps.filter(|_| results.edges.is_none()).map(Array);
    let metadata = values::to_python(py, &Value::Object(results.metadata))?;
    Ok((Array(Arc::new(results.scores)), windows, metadata))
}

/// A detector that takes edges as they come.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Stream(Mutex<Box<dyn StreamDetector>>);

impl Stream {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut dyn StreamDetector) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        let called =
            py.detach(|| call(self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut()));
        called.map_err(|error| error.raise(py))
    }
}

fn arrays(scores: StreamScores) -> (Array, Array) {
    let windows = Array(Arc::new(Int64Array::from(scores.windows)));
    (Array(Arc::new(Float64Array::from(scores.scores))), windows)
}

#[pymethods]
impl Stream {
    #[new]
    fn new(py: Python<'_>, name: &str, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let detector = configured(py, name, options)?;
        let started = detector.start().map_err(|error| Failure::from(error).raise(py))?;
        started.map(|started| Self(Mutex::new(started))).ok_or_else(|| {
            let text = format!("{name} needs all edges at once, so that it cannot follow a stream");
            Failure::Input(text).raise(py)
        })
    }

    /// The detector whose state `bytes` are.
    #[staticmethod]
    fn restore(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let restored = restore(bytes).map_err(|error| Failure::from(error).raise(py))?;
        Ok(Self(Mutex::new(restored)))
    }

    /// Takes edges: scores, and when windows began, if these are what is scored.
    fn push(
        &self,
        py: Python<'_>,
        sources: &Array,
        targets: &Array,
        times: &Array,
    ) -> PyResult<(Array, Array)> {
        let (sources, targets) = (nodes(py, "sources", sources)?, nodes(py, "targets", targets)?);
        let times = self::times(py, times)?;
        let m = sources.len();
        for (name, found) in [("targets", targets.len()), ("times", times.len())] {
            if found != m {
                let text = format!("{name} has {found} entries, but sources has {m}");
                return Err(Failure::Input(text).raise(py));
            }
        }
        let mut scores = StreamScores::default();
        // Ctrl-C is heard between two parts.
        for start in (0..m).step_by(1 << 14) {
            let part = start..m.min(start + (1 << 14));
            let edges = StreamEdges {
                sources: &sources[part.clone()],
                targets: &targets[part.clone()],
                times: &times[part],
            };
            self.with(py, |detector| Ok(detector.push(&edges, &mut scores)?))?;
            py.check_signals()?;
        }
        Ok(arrays(scores))
    }

    /// Ends the window that is open: its score, and when it began.
    fn finish(&self, py: Python<'_>) -> PyResult<(Array, Array)> {
        let scores = self.with(py, |detector| {
            let mut scores = StreamScores::default();
            detector.finish(&mut scores);
            Ok(scores)
        })?;
        Ok(arrays(scores))
    }

    /// The whole state.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |detector| Ok(detector.checkpoint()))?))
    }

    #[getter]
    fn n_edges(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |detector| Ok(detector.n_edges()))
    }
}
