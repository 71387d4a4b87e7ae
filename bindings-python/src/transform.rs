//! Tables through verbs, from sources, and by files of steps: all of it is pipelines.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use graphlume::WriteOptions;
use graphlume::device::Device;
use graphlume::etl::pipeline::{Event, Pipeline, PipelineError, Steps};
use graphlume::etl::{Error, Result};
use graphlume::graph::write_table_with;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::tables::Table;
use crate::values;
use crate::work::{work, work_apart};

/// `options` as the text of a pipeline.
pub(crate) fn toml(py: Python<'_>, options: Map<String, Value>) -> PyResult<String> {
    let text = toml::to_string(&options);
    text.map_err(|error| Failure::Input(format!("the options are no steps: {error}")).raise(py))
}

/// The error without a line, where no file has one.
fn without_line(error: Error) -> Error {
    match error {
        Error::Pipeline(error) => PipelineError { line: None, ..*error }.into(),
        error => error,
    }
}

/// Puts the warnings of what happens behind the others.
fn hear(event: Event<'_>, warnings: &mut Vec<String>) {
    if let Event::Warned { name, text } = event {
        warnings.push(format!("{name}: {text}"));
    }
}

/// What steps, a list at `step` of `options`, make of tables, and their warnings.
#[pyfunction]
pub(crate) fn transform(
    py: Python<'_>,
    names: Vec<String>,
    tables: Vec<Bound<'_, Table>>,
    options: &Bound<'_, PyDict>,
) -> PyResult<(Table, Vec<String>)> {
    let text = toml(py, values::object(Some(options))?)?;
    let batches: Vec<RecordBatch> = tables.iter().map(|table| table.get().0.clone()).collect();
    let (made, warnings) = work_apart(py, "transform", move |control| {
        let mut warnings = Vec::new();
        let mut tell = |event: Event| hear(event, &mut warnings);
        let given: Vec<&str> = names.iter().map(String::as_str).collect();
        let made = Steps::parse(&text, &given)
            .and_then(|steps| steps.run_telling(&batches, control, &mut tell))
            .map_err(without_line)?;
        Ok::<_, Error>((made, warnings))
    })?;
    Ok((Table(made), warnings))
}

/// What the inputs and steps in `options` make, whose paths are relative to this folder.
fn of_sources(options: &str) -> Result<Pipeline> {
    Pipeline::parse(options, Path::new("")).map_err(without_line)
}

/// The device of that name.
fn device(py: Python<'_>, name: &str) -> PyResult<Device> {
    Device::parse(name).map_err(|error| Failure::from(error).raise(py))
}

/// The rows of the last step, or of the only input, and warnings.
#[pyfunction]
pub(crate) fn scan(
    py: Python<'_>,
    options: &Bound<'_, PyDict>,
    device: &str,
) -> PyResult<(Table, Vec<String>)> {
    let text = toml(py, values::object(Some(options))?)?;
    let device = self::device(py, device)?;
    let (made, warnings) = work_apart(py, "transform", move |control| {
        let mut warnings = Vec::new();
        let mut tell = |event: Event| hear(event, &mut warnings);
        let pipeline = of_sources(&text)?.on_device(device);
        let made = pipeline.collect(control, &mut tell).map_err(without_line)?;
        Ok::<_, Error>((made, warnings))
    })?;
    Ok((Table(made), warnings))
}

/// What would be done, in lines.
#[pyfunction]
pub(crate) fn plan(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<String> {
    let text = toml(py, values::object(Some(options))?)?;
    let planned =
        work(py, "plan", |control| of_sources(&text)?.plan(control).map_err(without_line))?;
    Ok(planned.to_string())
}

/// A pipeline: a file in TOML, or the same as a dict, whose paths are relative to the folder.
#[derive(FromPyObject)]
pub(crate) enum Said<'py> {
    Options(Bound<'py, PyDict>),
    File(PathBuf),
}

/// Runs a pipeline, or only says what it would do.
#[pyfunction]
pub(crate) fn pipeline<'py>(
    py: Python<'py>,
    said: Said<'py>,
    dry_run: bool,
    device: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let device = self::device(py, device)?;
    let (path, text) = match said {
        Said::File(path) => (path, None),
        Said::Options(options) => {
            (PathBuf::new(), Some(toml(py, values::object(Some(&options))?)?))
        }
    };
    let report = work_apart(py, "pipeline", move |control| {
        let pipeline = match &text {
            Some(text) => of_sources(text)?,
            None => Pipeline::open(&path)?,
        };
        let pipeline = pipeline.on_device(device);
        Ok::<_, Error>(match dry_run {
            true => serde_json::to_value(pipeline.plan(control)?),
            false => {
                let run = pipeline.run(control, &mut |_: Event| {});
                serde_json::to_value(run.map_err(|error| match text {
                    Some(_) => without_line(error),
                    None => error,
                })?)
            }
        })
    })?;
    let report = report.map_err(|error| Failure::Input(error.to_string()).raise(py))?;
    values::to_python(py, &report)
}

/// Writes a table to a file, whole or not at all.
#[pyfunction]
pub(crate) fn write_table(py: Python<'_>, table: &Table, path: PathBuf) -> PyResult<()> {
    let table = table.0.clone();
    work_apart(py, "write", move |control| {
        write_table_with(&table, &path, &WriteOptions::default(), control)
    })
    .map(drop)
}
