//! What a caller, a file or a method can do wrong.

use std::path::PathBuf;

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that a caller can tell apart and act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two arrays that belong together differ in length.
    #[error("{name} has {found} entries, but {of} has {expected}")]
    LengthMismatch {
        /// The array.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The array that it belongs to.
        of: &'static str,
        /// The length of that one.
        expected: usize,
    },
    /// Scores lie in rows, but not those of this result type, or the other way round.
    #[error(
        "scores[0] is {}, but {result_type} has {}",
        if *in_rows { "a row" } else { "no row" },
        if *in_rows { "one list of scores, without rows" } else { "a row of scores for each snapshot" }
    )]
    WrongShape {
        /// What is scored.
        result_type: crate::results::ResultType,
        /// Whether scores lie in rows.
        in_rows: bool,
    },
    /// Experiments that are to be compared have different numbers of scores that count.
    #[error(
        "{name} has {found} samples with a score and a label, but {first} has {expected}: only scores of the same samples \
         can be compared"
    )]
    DifferentSamples {
        /// The experiment.
        name: Box<str>,
        /// How many it has.
        found: usize,
        /// The first experiment.
        first: Box<str>,
        /// How many that has.
        expected: usize,
    },
    /// There is nothing to measure.
    #[error("{name} is empty")]
    Empty {
        /// The array.
        name: &'static str,
    },
    /// A number is infinite or not a number.
    #[error("{name} has {value} at {index}, which is no finite number")]
    NotFinite {
        /// The array.
        name: &'static str,
        /// Where, from 0.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// A score is absent or no finite number, where that is refused.
    #[error("scores[{place}] is {}", value.map_or_else(|| "null or not finite".to_owned(), |value| value.to_string()))]
    MissingScore {
        /// Which score, from 0, rows after one another.
        index: usize,
        /// The same as it is in the file, where scores in rows have two numbers.
        place: Box<str>,
        /// What is there, if it is known: formats without such numbers have null.
        value: Option<f64>,
    },
    /// A label is neither 0 nor 1.
    #[error("label {index} is {value}, but a label is 0 or 1")]
    BadLabel {
        /// Which label, from 0.
        index: usize,
        /// What is there.
        value: Box<str>,
    },
    /// All samples have one label, so that there is nothing to tell apart.
    #[error("all {n_samples} labels are {}", if *n_positives == 0 { "negative" } else { "positive" })]
    OneClass {
        /// Number of positive labels.
        n_positives: usize,
        /// Number of labels.
        n_samples: usize,
    },
    /// A measure of probabilities was asked of scores that are none.
    #[error("score {index} is {value}, which is no probability")]
    NotProbability {
        /// Which score, from 0.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// A statistical test was asked of too little data.
    #[error("{test} needs at least {needed} {of}, but there are {found}")]
    TooFew {
        /// The test.
        test: &'static str,
        /// What there is too little of.
        of: &'static str,
        /// How many there must be.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// An option has a value that it has no meaning for.
    #[error("{option} is {value}, but it must be {allowed}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: Box<str>,
        /// What it may be, as the end of a sentence.
        allowed: &'static str,
    },
    /// Something is asked for by a name that does not exist.
    #[error("there is no {kind} `{name}`{}", hint(nearest.as_deref()))]
    Unknown {
        /// What it was thought to be, such as `"result type"`.
        kind: &'static str,
        /// The name given.
        name: Box<str>,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    BadFile {
        /// The file.
        path: Box<PathBuf>,
        /// What is wrong, and where.
        problem: Box<str>,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: Box<PathBuf>,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An edge of a stream is older than one before it.
    #[error("edge {edge} is of time {time}, but the stream is at {before} already")]
    TimeGoesBack {
        /// Which edge, from 0.
        edge: u64,
        /// Its time.
        time: i64,
        /// The time of the edge before it, or when the first tick begins.
        before: i64,
    },
    /// A parameter of a method has a value of another type.
    #[error("parameter `{parameter}`: {problem}")]
    BadParameter {
        /// The parameter.
        parameter: Box<str>,
        /// What is wrong with its value.
        problem: Box<str>,
    },
    /// A column of a table is not what it should be.
    #[error("column `{name}` {problem}")]
    BadColumn {
        /// The column.
        name: Box<str>,
        /// What is wrong with it, as the rest of a sentence.
        problem: Box<str>,
    },
    /// A saved state cannot be taken up again.
    #[error("the checkpoint cannot be used: {problem}")]
    BadCheckpoint {
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// A method was asked to read a dataset that it does not know.
    #[error("{method} cannot read the dataset `{dataset}`, it can read {supported}")]
    UnsupportedDataset {
        /// The method.
        method: Box<str>,
        /// The dataset.
        dataset: Box<str>,
        /// Patterns of what it can read.
        supported: Box<str>,
    },
    /// What a method needs could not be made ready.
    #[error("{what}: {problem}")]
    Preparation {
        /// What could not be made, or run.
        what: Box<str>,
        /// Why, and where more is said.
        problem: Box<str>,
    },
    /// Something did not happen in time.
    #[error("{what} did not end within {secs} s")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        secs: f64,
    },
    /// What is asked for can only be found on another machine, or in another container.
    #[error(
        "only the machine or container of {runner}, which gives no sign of life, can tell and end it"
    )]
    Elsewhere {
        /// Who ran it, and where.
        runner: Box<str>,
    },
    /// The caller stopped the computation.
    #[error(transparent)]
    Stopped(#[from] graph_core::Stopped),
    /// A graph is not what it should be.
    #[error(transparent)]
    Graph(Box<graph_core::Error>),
    /// A device failed.
    #[error(transparent)]
    Device(Box<graph_kernels::Error>),
    /// Columns could not be made or read.
    #[error(transparent)]
    Arrow(Box<arrow::error::ArrowError>),
}

const _: () = assert!(size_of::<Error>() <= 64, "results should stay cheap to move");

impl Error {
    /// There is no `kind` of this name; `known` are those there are.
    pub(crate) fn unknown<'a>(
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let nearest = known
            .into_iter()
            .map(|known| {
                (strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase()), known)
            })
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, known)| 2 * distance <= known.chars().count());
        Self::Unknown { kind, name: name.into(), nearest: nearest.map(|(_, known)| known.into()) }
    }

    /// What the operating system said of `path`.
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: Box::new(path.to_owned()), source }
    }

    /// `what` could not be made ready.
    pub(crate) fn preparation(what: impl Into<Box<str>>, problem: impl Into<Box<str>>) -> Self {
        Self::Preparation { what: what.into(), problem: problem.into() }
    }

    /// `path` is not what it should be.
    pub(crate) fn bad_file(path: &std::path::Path, problem: impl Into<Box<str>>) -> Self {
        Self::BadFile { path: Box::new(path.to_owned()), problem: problem.into() }
    }
}

impl From<graph_core::Error> for Error {
    fn from(error: graph_core::Error) -> Self {
        Self::Graph(Box::new(error))
    }
}

impl From<graph_kernels::Error> for Error {
    fn from(error: graph_kernels::Error) -> Self {
        Self::Device(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Arrow(Box::new(error))
    }
}

/// What to add to a message about an unknown name.
fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(", did you mean `{nearest}`?"))
}
