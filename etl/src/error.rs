//! What a caller, a file, a query or a device can do wrong.

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that a caller can tell apart and act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller stopped the computation.
    #[error("stopped after {done} {stage}")]
    Stopped {
        /// What was being counted.
        stage: &'static str,
        /// How many of these were done.
        done: u64,
    },
    /// An option has a value that the computation has no meaning for.
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
        /// What it was thought to be, such as `"column"` or `"function"`.
        kind: &'static str,
        /// The name given.
        name: Box<str>,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// An array has another length than the rest asks for.
    #[error("{name} has {found} entries, but {expected} were expected")]
    LengthMismatch {
        /// The array.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The length asked for.
        expected: usize,
    },
    /// A node is named that the graph does not have.
    #[error("{name} names node {node}, but there are only {n_nodes} nodes")]
    NoSuchNode {
        /// Where it is named, such as `"sources"`.
        name: &'static str,
        /// The node.
        node: u32,
        /// Number of nodes of the graph.
        n_nodes: usize,
    },
    /// An iteration has no answer with these options: its numbers grow without end.
    #[error("{measure} grows without end, as seen after {iterations} iterations")]
    Diverged {
        /// What was iterated.
        measure: &'static str,
        /// How many iterations it took to see.
        iterations: usize,
    },
    /// The graph has a cycle where it must have none.
    #[error("node {node} is on a cycle, or comes after one")]
    Cycle {
        /// The smallest node that has no place in an order.
        node: u32,
    },
    /// The graph could not be made or read.
    #[error(transparent)]
    Graph(Box<graph_core::Error>),
    /// A device could not do its part.
    #[error(transparent)]
    Device(Box<graph_kernels::Error>),
}

const _: () = assert!(size_of::<Error>() <= 64, "a Result should stay cheap to pass");

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

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The name among `names` that is most like `name`, if one is like it at all.
pub(crate) fn nearest<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<Box<str>> {
    let lower = name.to_lowercase();
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.into())
}
