//! What a caller, a file, a query or a device can do wrong.

pub(crate) use graph_core::words::{hint, nearest};

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
    /// An option, given by its name, has a value that it cannot have.
    #[error("option `{option}`: {problem}")]
    OptionValue {
        /// The option.
        option: Box<str>,
        /// What is wrong with its value.
        problem: Box<str>,
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
    /// A number is infinite or not a number.
    #[error("{name} has no finite number in row {row}, column {column}")]
    NotFinite {
        /// The array.
        name: &'static str,
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
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
    #[error("node `{id}` is on a cycle, or comes after one")]
    Cycle {
        /// The smallest node that has no place in an order.
        node: u32,
        /// Its id, as text.
        id: Box<str>,
    },
    /// An expression cannot be read, or cannot be computed over the columns that there are.
    #[cfg(feature = "expressions")]
    #[error(transparent)]
    Expression(Box<crate::expr::ExpressionError>),
    /// A column has a type that the step has no meaning for.
    #[error("{what} is {found}, but must be {expected}")]
    WrongType {
        /// The column, argument or result.
        what: Box<str>,
        /// Its type.
        found: Box<str>,
        /// What types it may have, as the end of a sentence.
        expected: &'static str,
    },
    /// Two columns of a result would have one name.
    #[error("there would be two columns `{column}`")]
    DuplicateColumn {
        /// The name.
        column: Box<str>,
    },
    /// A column has an Arrow type that tables cannot hold.
    #[error("column `{column}` has the type {found}, which tables cannot hold")]
    UnsupportedType {
        /// The column.
        column: Box<str>,
        /// Its type.
        found: Box<str>,
    },
    /// A result of integers does not fit into 64 bits.
    #[error("{column} does not fit into 64 bits")]
    Overflow {
        /// What was being computed.
        column: Box<str>,
    },
    /// A step would make more rows than the caller allows.
    #[error("{verb} would make about {estimated} rows, but at most {limit} are allowed")]
    TooManyRows {
        /// The step.
        verb: &'static str,
        /// Rows that it was estimated to make; at least as many as it certainly makes.
        estimated: u64,
        /// Rows that it may make.
        limit: u64,
    },
    /// The joins of a table make more than [it may](crate::table::Table::within).
    #[error("its joins make more than {limit} bytes")]
    OverBudget {
        /// Bytes that they may make.
        limit: u64,
    },
    /// A table is to become a graph, but does not say which of its columns are the ends of edges.
    #[error(
        "a format of graphs needs two columns of ends, such as `source` and `target`; rename two of `{columns}`, or write a table, as .csv or .json"
    )]
    NoEnds {
        /// Names of the columns.
        columns: Box<str>,
    },
    /// A query asks for something that it may not do.
    #[error("{what} is refused: {why}")]
    Refused {
        /// The part of the query.
        what: Box<str>,
        /// The reason.
        why: &'static str,
    },
    /// The engine under the tables could not do its part.
    #[error("{doing}: {reason}")]
    Engine {
        /// What was being done.
        doing: &'static str,
        /// What it says of it.
        reason: Box<str>,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file or folder.
        path: Box<std::path::Path>,
        /// What the system says of it.
        #[source]
        error: std::io::Error,
    },
    /// A file of text is not the table that it should be.
    #[cfg(feature = "tables")]
    #[error(transparent)]
    BrokenFile(Box<crate::table::BrokenFile>),
    /// Tables cannot go below one another.
    #[cfg(feature = "tables")]
    #[error(transparent)]
    Unlike(Box<crate::table::UnlikeTables>),
    /// A name is given twice where it has to be one thing.
    #[error("{place} has `{name}` twice")]
    Repeated {
        /// Where.
        place: &'static str,
        /// The name.
        name: Box<str>,
    },
    /// No column is left to become the entities of a hypergraph.
    #[error("none of the {n_columns} columns of the events becomes an entity")]
    NoEntities {
        /// Number of columns of the events.
        n_columns: usize,
    },
    /// A column is named that does not become the entities of a hypergraph.
    #[error("{place} names `{column}`, which is no entity column{}", hint(nearest.as_deref()))]
    NotAnEntity {
        /// The column.
        column: Box<str>,
        /// Where it is named.
        place: &'static str,
        /// The entity column most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// A column is in two categories.
    #[error("column `{column}` is in two categories, `{}` and `{}`", categories[0], categories[1])]
    Overlap {
        /// The column.
        column: Box<str>,
        /// The categories.
        categories: Box<[Box<str>; 2]>,
    },
    /// There is more of something than there can be.
    #[error("{found} {things} are too many; there can be at most {most}")]
    TooMany {
        /// What is counted.
        things: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// Arrow refused.
    #[error(transparent)]
    Arrow(Box<arrow::error::ArrowError>),
    /// A graph query cannot be answered.
    #[error(transparent)]
    Query(Box<crate::gfql::QueryError>),
    /// A table could not be read from where it is.
    #[cfg(feature = "tables")]
    #[error(transparent)]
    Source(Box<crate::source::SourceError>),
    /// A pipeline has something wrong in it, or a part of it failed.
    #[cfg(feature = "tables")]
    #[error(transparent)]
    Pipeline(Box<crate::pipeline::PipelineError>),
    /// The graph could not be made or read.
    #[error(transparent)]
    Graph(Box<graph_core::Error>),
    /// A device could not do its part.
    #[error(transparent)]
    Device(Box<graph_kernels::Error>),
}

const _: () = assert!(size_of::<Error>() <= 64, "a Result should stay cheap to pass");

impl From<graph_core::Stopped> for Error {
    fn from(stopped: graph_core::Stopped) -> Self {
        Self::Stopped { stage: stopped.stage, done: stopped.done }
    }
}

impl From<graph_core::Error> for Error {
    fn from(error: graph_core::Error) -> Self {
        Self::Graph(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Arrow(Box::new(error))
    }
}

impl From<graph_kernels::Error> for Error {
    fn from(error: graph_kernels::Error) -> Self {
        Self::Device(Box::new(error))
    }
}

impl Error {
    /// `node` has no place in an order of the nodes of `graph`.
    pub(crate) fn cycle(graph: &graph_core::Graph, node: u32) -> Self {
        let id = arrow::util::display::array_value_to_string(graph.ids(), node as usize);
        Self::Cycle { node, id: id.unwrap_or_else(|_| node.to_string()).into() }
    }

    /// What the engine says of `doing`.
    #[cfg(feature = "tables")]
    pub(crate) fn engine(doing: &'static str, reason: &dyn std::fmt::Display) -> Self {
        let reason = reason.to_string();
        if let Some((_, what)) = reason.split_once(crate::expr::OVERFLOW) {
            return Self::Overflow { column: what.lines().next().unwrap_or_default().into() };
        }
        if reason.contains(crate::expr::SQL_OVERFLOW) {
            return Self::overflowed_sum();
        }
        Self::Engine { doing, reason: crate::table::in_our_words(&reason).into() }
    }

    /// A sum wrapped, and nobody knows which.
    #[cfg(feature = "tables")]
    pub(crate) fn overflowed_sum() -> Self {
        Self::Overflow { column: "a sum of whole numbers".into() }
    }

    /// What the system says of the file or folder `path`.
    #[cfg(feature = "tables")]
    pub(crate) fn file(path: &std::path::Path, error: std::io::Error) -> Self {
        Self::File { path: path.into(), error }
    }
}

#[cfg(feature = "tables")]
impl From<crate::pipeline::PipelineError> for Error {
    fn from(error: crate::pipeline::PipelineError) -> Self {
        Self::Pipeline(Box::new(error))
    }
}

#[cfg(feature = "tables")]
impl From<crate::source::SourceError> for Error {
    fn from(error: crate::source::SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}
