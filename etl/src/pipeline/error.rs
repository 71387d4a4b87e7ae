//! What can be wrong with a pipeline.

use crate::Error;
use crate::error::hint;

/// A fault of a pipeline, with the part and the line of its file where it is.
#[derive(Debug, thiserror::Error)]
#[error("{}{part}: {fault}", at(*line))]
pub struct PipelineError {
    /// The line, counted from 1; absent if no one line is to blame.
    pub line: Option<u32>,
    /// The part, such as ``step `join` ``.
    pub part: Box<str>,
    /// What is wrong.
    #[source]
    pub fault: PipelineFault,
}

/// What is wrong with a part of a pipeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineFault {
    /// The text is not TOML.
    #[error("{0}")]
    Syntax(Box<str>),
    /// A step, verb, option or choice does not exist.
    #[error("there is no {kind} `{name}`{}", hint(nearest.as_deref()))]
    Unknown {
        /// What it should be, such as `"verb"`.
        kind: &'static str,
        /// The name.
        name: Box<str>,
        /// The name that is most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// A parameter of a case has neither a value nor a default.
    #[error("it is given no value, and has no default")]
    NoValue,
    /// An option that the part needs is not given.
    #[error("option `{option}` is missing")]
    Missing {
        /// The option.
        option: &'static str,
    },
    /// An option has a value that it cannot have.
    #[error("option `{option}` {reason}")]
    Value {
        /// The option.
        option: &'static str,
        /// What is wrong with the value.
        reason: Box<str>,
    },
    /// A parameter is used where its value may not be.
    #[error("parameter `{name}` {reason}")]
    Parameter {
        /// The parameter.
        name: Box<str>,
        /// What is wrong with that.
        reason: Box<str>,
    },
    /// A place is named that may not be read.
    #[error("`{place}` may not be read: {reason}")]
    Forbidden {
        /// The place.
        place: Box<str>,
        /// Why.
        reason: Box<str>,
    },
    /// A limit is reached.
    #[error("{what}: {found}, but at most {limit} are allowed")]
    Limit {
        /// What is limited, such as `"rows"`.
        what: &'static str,
        /// How many there are, at least.
        found: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The step takes tables and gets a graph, or the other way round.
    #[error("`{verb}` works on {expected}, but {found}")]
    Kind {
        /// The verb.
        verb: Box<str>,
        /// What it needs, in words.
        expected: &'static str,
        /// What it gets, in words.
        found: Box<str>,
    },
    /// The options of a verb do not fit it.
    #[error("options of `{verb}`: {reason}")]
    Options {
        /// The verb.
        verb: &'static str,
        /// What is wrong.
        reason: Box<str>,
    },
    /// Two parts have one name.
    #[error("the name is that of {other}, too")]
    NameTwice {
        /// The other part.
        other: Box<str>,
    },
    /// Parts need one another.
    #[error("the steps go in a circle: {}", names.join(" → "))]
    Cycle {
        /// The names along the circle; the last is the first.
        names: Vec<String>,
    },
    /// The step gets more or fewer tables than it works on.
    #[error("`{verb}` works on {expected}, but {found} are given")]
    Tables {
        /// The verb.
        verb: &'static str,
        /// How many it needs, in words.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// There is nothing to do.
    #[error("there is no `[[{0}]]`")]
    Empty(&'static str),
    /// The estimate of memory is above the limit.
    #[error("about {estimated} bytes of memory are needed, but {limit} are allowed")]
    Memory {
        /// Estimated bytes.
        estimated: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The part itself failed.
    #[error(transparent)]
    Failed(Box<Error>),
}

impl From<Error> for PipelineFault {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

fn at(line: Option<u32>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
