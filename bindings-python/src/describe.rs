//! What can be called, with all options, their defaults and what they mean: Python's functions, type stubs
//! and documentation are made of it.

use clap::{Args, Command};
use graphlume::ImageConfig;
use graphlume::etl::analytics::measures::MEASURES;
use graphlume::gad::detectors;
use graphlume::layout::Config;
use pyo3::prelude::*;
use serde_json::{Map, Value, json};

use crate::values;

/// Measures, options of layouts and pictures, and detectors.
#[pyfunction]
pub(crate) fn describe(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let measures: Vec<Value> = MEASURES
        .iter()
        .map(|measure| {
            json!({
                "name": measure.name,
                "aliases": measure.aliases,
                "about": measure.about,
                "columns": measure.columns,
                "options": measure.options(),
                "about_options": measure
                    .options()
                    .keys()
                    .map(|name| (name.clone(), measure.about_option(name).into()))
                    .collect::<Map<String, Value>>(),
            })
        })
        .collect();
    let detectors: Vec<Value> = detectors::all()
        .iter()
        .map(|detector| {
            json!({
                "name": detector.name,
                "about": detector.doc,
                "source": detector.source,
                "result_type": detector.result_type.name(),
                "needs_features": detector.needs_features,
                "needs_times": detector.needs_times,
                "options": detector.defaults(),
            })
        })
        .collect();
    let described = json!({
        "measures": measures,
        "detectors": detectors,
        "layout": options::<Config>(&serde_json::to_value(Config::default())),
        "picture": options::<ImageConfig>(&serde_json::to_value(ImageConfig::default())),
    });
    values::to_python(py, &described)
}

/// Options of a struct in its order, with their defaults and what the command line says of them.
fn options<T: Args>(defaults: &serde_json::Result<Value>) -> Vec<Value> {
    let command = T::augment_args(Command::new("options"));
    let none = Map::new();
    let defaults = defaults.as_ref().ok().and_then(Value::as_object).unwrap_or(&none);
    let known = command.get_arguments().filter_map(|argument| {
        let name = argument.get_id().as_str();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let choices: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        let default = defaults.get(name)?;
        Some(json!({"name": name, "default": default, "about": help, "choices": choices}))
    });
    known.collect()
}
