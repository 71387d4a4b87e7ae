//! What a query can get wrong, and where.

/// A query that cannot be answered, and the place in it that says why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct QueryError {
    /// Where in the query, such as `$.chain[1].edge_match.since`; `$` is the whole.
    pub path: String,
    /// What is wrong there.
    pub problem: QueryProblem,
}

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryProblem {
    /// The text is no JSON.
    #[error("this is no JSON: {reason}")]
    NotJson {
        /// What the reader of JSON says, with line and column.
        reason: String,
    },
    /// Something else is expected here.
    #[error("{found} where {expected} is expected")]
    WrongType {
        /// What is expected.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A field is missing.
    #[error("the field `{field}` is missing")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// There is nothing of that name.
    #[error("there is no {kind} `{name}`{}", nearest.as_deref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// What it is thought to be, such as `"predicate"` or `"column"`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The most similar name, if one is similar.
        nearest: Option<String>,
    },
    /// It is of the language, but this library cannot do it.
    #[error("{what} cannot be done here: {reason}")]
    Unsupported {
        /// What is asked for.
        what: String,
        /// Why not, and what can be done instead.
        reason: &'static str,
    },
    /// A value has no meaning.
    #[error("{value} is not {allowed}")]
    BadValue {
        /// The value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A condition does not fit the type of its column.
    #[error("column `{column}` is of type {data_type}, which {condition} cannot be asked of")]
    ColumnType {
        /// The column.
        column: String,
        /// Its Arrow type.
        data_type: String,
        /// The condition.
        condition: &'static str,
    },
    /// An expression over rows has no value.
    #[error("`{text}` cannot be evaluated: {reason}")]
    Expression {
        /// The expression.
        text: String,
        /// Why not, with the place in it.
        reason: String,
    },
    /// A call has a parameter that it cannot have, or lacks one.
    #[error("`{name}` cannot be called so: {reason}")]
    Call {
        /// The call.
        name: String,
        /// Why not, with the parameter.
        reason: String,
    },
    /// An algorithm cannot be run as it was asked for.
    #[error("`{name}` cannot be computed: {reason}")]
    Measure {
        /// The algorithm.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The query is larger than the limits allow.
    #[error("{found} {what}, but at most {most} are allowed")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much is allowed.
        most: u64,
    },
    /// Names refer to one another in a circle.
    #[error("names refer to one another in a circle: {}", names.join(" → "))]
    Cycle {
        /// The names, of which the first is also the last.
        names: Vec<String>,
    },
}

impl QueryError {
    /// The error of `problem` at `path`.
    pub(super) fn at(path: &str, problem: QueryProblem) -> crate::Error {
        crate::Error::Query(Box::new(Self { path: path.to_owned(), problem }))
    }
}
