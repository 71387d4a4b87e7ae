//! What an expression is, once it is read.

use std::num::NonZeroU32;

use arrow::datatypes::DataType;

use super::functions::{Aggregate, Function};

/// An expression over the columns of a row or, with aggregates, of a group of rows.
///
/// Read one with [`parse`](str::parse) or build one; [`Display`](std::fmt::Display) gives text that
/// reads as an equal expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it began in the text; makes no difference to equality.
    pub place: Place,
}

/// The kinds of expressions.
///
/// SQL's other forms are read as these: `BETWEEN` as two comparisons, `x IS NOT NULL` and `x NOT IN
/// (…)` as negations, `CASE x WHEN y …` with `x = y` as the conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The value of a column.
    Column(Column),
    /// A field of a struct. Text has the struct's column and the field as one name with a dot, which
    /// is taken for this where there is no column of the whole name.
    Field(Box<Expr>, String),
    /// A constant.
    Literal(Literal),
    /// An operator before its operand.
    Unary(Unary, Box<Expr>),
    /// An operator between its operands.
    Binary(Box<Expr>, Binary, Box<Expr>),
    /// Whether the operand is null; never null itself.
    IsNull(Box<Expr>),
    /// Whether the operand is one of the list: null if the operand is, or if it is none of the list
    /// and the list has a null.
    In(Box<Expr>, Vec<Expr>),
    /// Whether the operand matches a pattern as a whole.
    Like {
        /// The text.
        operand: Box<Expr>,
        /// `%` stands for any characters, `_` for one, and `\` takes their meaning from them.
        pattern: String,
        /// Whether capital letters match small ones.
        ignore_case: bool,
    },
    /// Whether a regular expression matches somewhere in the operand.
    Matches {
        /// The text.
        operand: Box<Expr>,
        /// The expression, in the syntax of the `regex` crate.
        pattern: String,
    },
    /// The value of the first branch whose condition is true.
    Case {
        /// Conditions and values, in order; at least one.
        branches: Vec<(Expr, Expr)>,
        /// The value if no condition is true; null if absent.
        otherwise: Option<Box<Expr>>,
    },
    /// The operand as another type.
    Cast {
        /// What to convert.
        operand: Box<Expr>,
        /// The type.
        to: DataType,
        /// Whether a value that cannot be converted gives null; otherwise it is an error.
        or_null: bool,
    },
    /// A function of values of one row.
    Call(Function, Vec<Expr>),
    /// A function of the values of a group of rows; `None` is all rows, as in `count(*)`.
    Aggregate(Aggregate, Option<Box<Expr>>),
}

/// A column by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// Whose column it is, where the text said so: `point:degree`, `edge:weight`.
    pub element: Option<Element>,
    /// Its name without that prefix.
    pub name: String,
}

/// Nodes or edges, as the prefix of a column tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// `point:` or `node:`.
    Node,
    /// `edge:`.
    Edge,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// No value.
    Null,
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A whole number, of the range of `i64` and `u64`.
    Integer(i128),
    /// A number with a point or an exponent; finite.
    Float(f64),
    /// Text in single quotes.
    Text(String),
    /// `DATE '2026-11-21'`, as days since 1970-01-01.
    Date(i32),
    /// `TIME '12:30:00'`, as nanoseconds since midnight.
    Time(i64),
    /// `TIMESTAMP '2026-11-21 12:30:00'`, as microseconds since 1970-01-01.
    Timestamp {
        /// Microseconds since 1970-01-01 00:00.
        micros: i64,
        /// Whether that is in UTC, as for a text that ends in `Z` or an offset; otherwise it is on
        /// the clock of no zone in particular.
        utc: bool,
    },
    /// `INTERVAL '1 month 2 days'`.
    Interval(Interval),
}

/// A length of time, part of which depends on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interval {
    /// Months, of as many days as they have.
    pub months: i32,
    /// Days, of as many hours as they have where clocks change.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

/// An operator with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `NOT`: null stays null.
    Not,
    /// `-`.
    Negate,
}

/// An operator with two operands. Null operands give null, but for [`And`](Self::And) of false,
/// [`Or`](Self::Or) of true, and [`Same`](Self::Same).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `OR`.
    Or,
    /// `AND`.
    And,
    /// `=`.
    Equal,
    /// `<>` or `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `IS NOT DISTINCT FROM`: equal, where nulls equal nulls.
    Same,
    /// `+`, also of a time and an interval.
    Add,
    /// `-`, also of times.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`: a fraction, even of integers; null if the divisor is 0.
    Divide,
    /// `%`: the remainder, of the sign of the dividend; null if the divisor is 0.
    Remainder,
    /// `||`.
    Concat,
}

/// A character of the text, from 1 on; or unknown, for expressions that were built.
///
/// All places are equal, so that equal expressions need not be at equal places.
#[derive(Clone, Copy, Default)]
pub struct Place(Option<NonZeroU32>);

impl Place {
    /// Not from a text.
    pub const UNKNOWN: Self = Self(None);

    /// The character `offset` of the text, from 1 on; 0 is unknown.
    pub fn at(offset: u32) -> Self {
        Self(NonZeroU32::new(offset))
    }

    /// The character, from 1 on.
    pub fn character(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }

    /// This place or, if it is unknown, `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(at) => write!(f, "@{at}"),
            None => f.write_str("@?"),
        }
    }
}

impl Expr {
    /// An expression that is from no text.
    pub fn new(kind: Kind) -> Self {
        Self { kind, place: Place::UNKNOWN }
    }

    /// The column `name`.
    pub fn column(name: impl Into<String>) -> Self {
        Self::new(Kind::Column(Column { element: None, name: name.into() }))
    }

    /// The constant `value`.
    pub fn literal(value: impl Into<Literal>) -> Self {
        Self::new(Kind::Literal(value.into()))
    }

    /// `self operator right`.
    pub fn binary(self, operator: Binary, right: Self) -> Self {
        let place = self.place;
        Self { kind: Kind::Binary(Box::new(self), operator, Box::new(right)), place }
    }

    /// `self AND right`.
    pub fn and(self, right: Self) -> Self {
        self.binary(Binary::And, right)
    }

    /// `self OR right`.
    pub fn or(self, right: Self) -> Self {
        self.binary(Binary::Or, right)
    }

    /// `self = right`.
    pub fn equals(self, right: Self) -> Self {
        self.binary(Binary::Equal, right)
    }

    /// `NOT self`.
    #[expect(clippy::should_implement_trait, reason = "it makes an expression, as its siblings do")]
    pub fn not(self) -> Self {
        let place = self.place;
        Self { kind: Kind::Unary(Unary::Not, Box::new(self)), place }
    }

    /// `self IS NULL`.
    pub fn is_null(self) -> Self {
        let place = self.place;
        Self { kind: Kind::IsNull(Box::new(self)), place }
    }

    /// `self IN (list)`.
    pub fn is_in(self, list: Vec<Self>) -> Self {
        let place = self.place;
        Self { kind: Kind::In(Box::new(self), list), place }
    }

    /// The function of `arguments`.
    pub fn call(function: Function, arguments: Vec<Self>) -> Self {
        Self::new(Kind::Call(function, arguments))
    }

    /// The aggregate of `argument`, or of whole rows.
    pub fn aggregate(aggregate: Aggregate, argument: Option<Self>) -> Self {
        Self::new(Kind::Aggregate(aggregate, argument.map(Box::new)))
    }

    /// Calls `visit` with this expression and all inside it, from the outside in and left to right.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The expressions that this one is made of, left to right.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Column(_) | Kind::Literal(_) | Kind::Aggregate(_, None) => Vec::new(),
            Kind::Field(operand, _)
            | Kind::Unary(_, operand)
            | Kind::IsNull(operand)
            | Kind::Like { operand, .. }
            | Kind::Matches { operand, .. }
            | Kind::Cast { operand, .. }
            | Kind::Aggregate(_, Some(operand)) => vec![operand],
            Kind::Binary(left, _, right) => vec![left, right],
            Kind::In(operand, list) => std::iter::once(operand.as_ref()).chain(list).collect(),
            Kind::Case { branches, otherwise } => branches
                .iter()
                .flat_map(|(condition, value)| [condition, value])
                .chain(otherwise.as_deref())
                .collect(),
            Kind::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// The columns it reads, each once, in order of appearance.
    pub fn columns(&self) -> Vec<&Column> {
        let mut columns = Vec::new();
        self.walk(&mut |part| {
            if let Kind::Column(column) = &part.kind
                && !columns.contains(&column)
            {
                columns.push(column);
            }
        });
        columns
    }

    /// Whether there is an aggregate in it.
    pub fn has_aggregate(&self) -> bool {
        let mut found = false;
        self.walk(&mut |part| found |= matches!(part.kind, Kind::Aggregate(..)));
        found
    }
}

impl Literal {
    /// The day that the text says, such as `2026-11-21`.
    pub fn date(text: &str) -> Option<Self> {
        super::time::date(text).map(Self::Date)
    }

    /// The point in time that the text says, such as `2026-11-21 12:30:00`, with an offset or without.
    pub fn timestamp(text: &str) -> Option<Self> {
        let (micros, utc) = super::time::timestamp(text)?;
        Some(Self::Timestamp { micros, utc })
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Literal {
    fn from(value: i64) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u64> for Literal {
    fn from(value: u64) -> Self {
        Self::Integer(value.into())
    }
}

/// A number that is not finite has no text, and is read as null.
impl From<f64> for Literal {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Float(value) } else { Self::Null }
    }
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
