//! What can be wrong with an expression.

use super::Place;
use crate::error::hint;

/// What is wrong with an expression, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}", placed(problem, *place))]
pub struct ExpressionError {
    /// Where in the text.
    pub place: Place,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with an expression.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not an expression.
    #[error("{0}")]
    Syntax(Box<str>),
    /// It is SQL, but of a kind that this language has not.
    #[error("{0} is not part of the expression language")]
    Unsupported(Box<str>),
    /// It nests deeper, or is longer, than is allowed.
    #[error("the expression has more than {limit} {what}")]
    TooLong {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// There is no such column.
    #[error("there is no column `{name}`{}", hint(nearest.as_deref()))]
    UnknownColumn {
        /// The name given.
        name: Box<str>,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// There is no value for a placeholder.
    #[error("there is no parameter `${name}`{}", hint(nearest.as_deref()))]
    UnknownParameter {
        /// The name given, without the `$`.
        name: Box<str>,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// There is no such function.
    #[error("there is no function `{name}`{}", hint(nearest.as_deref()))]
    UnknownFunction {
        /// The name given.
        name: Box<str>,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// A function has too few or too many arguments.
    #[error("{function} has {found} arguments, but takes {expected}")]
    WrongCount {
        /// The function.
        function: &'static str,
        /// Number of arguments given.
        found: usize,
        /// Numbers that it takes.
        expected: Box<str>,
    },
    /// An operand or argument has a type that there is no meaning for.
    #[error("{what} is {found}, but must be {expected}")]
    WrongType {
        /// The operand or argument.
        what: Box<str>,
        /// Its type.
        found: Box<str>,
        /// What it may be, as the end of a sentence.
        expected: Box<str>,
    },
    /// A constant cannot be read as what it must be.
    #[error("`{text}` is not {expected}")]
    BadConstant {
        /// The constant.
        text: Box<str>,
        /// What it must be, as the end of a sentence.
        expected: &'static str,
    },
    /// A pattern is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    BadPattern {
        /// The pattern.
        pattern: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// Something is divided by the constant 0.
    #[error("division by zero")]
    DivisionByZero,
    /// Aggregates are where there are no groups, or inside one another.
    #[error("{aggregate} is an aggregate, which cannot be {place}")]
    MisplacedAggregate {
        /// The aggregate.
        aggregate: &'static str,
        /// Where it is.
        place: &'static str,
    },
    /// A column is neither in an aggregate nor among those that rows are grouped by.
    #[error("column `{0}` must be in an aggregate, or rows be grouped by it")]
    NotGrouped(Box<str>),
}

impl ExpressionError {
    pub(crate) fn new(place: Place, problem: Problem) -> Self {
        Self { place, problem }
    }
}

impl From<ExpressionError> for crate::Error {
    fn from(error: ExpressionError) -> Self {
        Self::Expression(Box::new(error))
    }
}

/// A problem and its place, which stands before what may have been meant.
fn placed(problem: &Problem, place: Place) -> String {
    let at = place.character().map_or_else(String::new, |at| format!(", at character {at}"));
    let problem = problem.to_string();
    match problem.split_once(graph_core::words::DID_YOU_MEAN) {
        Some((what, rest)) => format!("{what}{at}{}{rest}", graph_core::words::DID_YOU_MEAN),
        None => problem + &at,
    }
}
