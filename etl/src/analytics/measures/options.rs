//! Options by name, checked before anything runs.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::nearest;
use crate::{Error, Result};

/// Options of one measure, by the names they have here; all others have their defaults.
#[derive(Debug)]
pub(super) struct Options {
    given: Map<String, Value>,
}

impl Options {
    /// Takes `given`, an object or null; `known` are all options there are.
    pub(super) fn new(
        given: &Value,
        known: &Map<String, Value>,
        renamed: &[(&'static str, &'static str)],
    ) -> Result<Self> {
        let mut options = Map::new();
        let given = match given {
            Value::Null => return Ok(Self { given: options }),
            Value::Object(given) => given,
            other => return Err(problem("options", &format!("{other} is not an object"))),
        };
        for (name, value) in given {
            let here = own_name(name, known, renamed);
            if !known.contains_key(here) {
                let names = known.keys().map(String::as_str);
                let names = names.chain(renamed.iter().map(|&(there, _)| there));
                return Err(Error::Unknown {
                    kind: "option",
                    name: name.as_str().into(),
                    nearest: nearest(name, names),
                });
            }
            if options.insert(here.to_owned(), value.clone()).is_some() {
                return Err(problem(here, &"is given twice, by two names"));
            }
        }
        Ok(Self { given: options })
    }

    /// The option `name`, which the struct that [`rest`](Self::rest) makes does not have.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>> {
        match self.given.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                serde_json::from_value(value).map(Some).map_err(|error| unread(name, &error))
            }
        }
    }

    /// All options that have not been taken, as a struct of options.
    pub(super) fn rest<T: DeserializeOwned>(self) -> Result<T> {
        // One by one first: an error of the whole does not say which of them it is about.
        for (name, value) in &self.given {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<T>(alone.into()).map_err(|error| unread(name, &error))?;
        }
        serde_json::from_value(self.given.into()).map_err(|error| unread("options", &error))
    }
}

/// What the option `name` of here or there is called here.
pub(super) fn own_name<'n>(
    name: &'n str,
    known: &Map<String, Value>,
    renamed: &[(&str, &'static str)],
) -> &'n str {
    let here = renamed.iter().find(|(there, _)| *there == name).map(|&(_, here)| here);
    if known.contains_key(name) { name } else { here.unwrap_or(name) }
}

/// An option has a value of another kind.
fn unread(option: &str, error: &serde_json::Error) -> Error {
    problem(option, &graph_core::words::of_serde(&error.to_string()))
}

/// An option has a value that it cannot have.
pub(super) fn problem(option: &str, problem: &dyn std::fmt::Display) -> Error {
    Error::OptionValue { option: option.into(), problem: problem.to_string().into() }
}

/// Options of the struct `T` with their defaults.
pub(super) fn defaults<T: Default + serde::Serialize>() -> Map<String, Value> {
    match serde_json::to_value(T::default()) {
        Ok(Value::Object(options)) => options,
        _ => unreachable!("a struct of options should be an object of JSON"),
    }
}

/// `options` and one more.
pub(super) fn and(
    mut options: Map<String, Value>,
    name: &str,
    default: impl Into<Value>,
) -> Map<String, Value> {
    options.insert(name.to_owned(), default.into());
    options
}

/// No options.
pub(super) fn none() -> Map<String, Value> {
    Map::new()
}
