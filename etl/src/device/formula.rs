//! Expressions over the named columns of a table on a device.

#[cfg(feature = "expressions")]
use arrow::array::{Array, StringArray};
use graph_kernels::{Arithmetic, Comparison, DatePart, Entries, Expression, Rounding, ValueType};

use super::column::Kind;
use super::table::DeviceTable;
#[cfg(feature = "expressions")]
use crate::expr::{Expr, OfText, Word};
use crate::{Error, Result};

/// What is asked of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Whether it begins with another.
    StartsWith,
    /// Whether it ends with another.
    EndsWith,
    /// Whether another is in it.
    Contains,
}

/// What is computed of each row of a table, with the values of columns.
///
/// A value may be absent: arithmetic with it is absent, and so are comparisons. False and anything
/// is false, true or anything is true. Integers are of 64 bits and floats of 64; an integer meets a
/// float as a float, and a quotient is always one, absent if the divisor is 0. Dates and times are
/// the integers that they are stored as. Tests of strings are made once for each distinct
/// string, on the host; rows look them up.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// The value of the column of that name.
    Column(String),
    /// True or false.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// Nothing, of a type.
    Absent(ValueType),
    /// A string, to be compared with a column.
    Text(String),
    /// Not so.
    Not(Box<Formula>),
    /// Both.
    And(Box<Formula>, Box<Formula>),
    /// Either.
    Or(Box<Formula>, Box<Formula>),
    /// Whether it is absent.
    IsNull(Box<Formula>),
    /// How two values compare; of strings, by their bytes.
    Compare(Comparison, Box<Formula>, Box<Formula>),
    /// What becomes of two numbers.
    Compute(Arithmetic, Box<Formula>, Box<Formula>),
    /// A number with the other sign.
    Negate(Box<Formula>),
    /// A number without its sign.
    Abs(Box<Formula>),
    /// The first if it is there, or else the second.
    Coalesce(Box<Formula>, Box<Formula>),
    /// The second if the first is true, or else the third.
    Choose(Box<Formula>, Box<Formula>, Box<Formula>),
    /// An integer as a float.
    ToFloat(Box<Formula>),
    /// A float of fewer digits.
    Round(Rounding, Box<Formula>),
    /// A part of the date that is so many days after 1970-01-01.
    Part(DatePart, Box<Formula>),
    /// What a string is in relation to another.
    Test(TextTest, Box<Formula>, String),
    /// A condition or an integer of the expression language, of the strings of the column of that
    /// name, which is the only one that it reads. Made once for each distinct string and for what is
    /// absent, on the host.
    #[cfg(feature = "expressions")]
    OfText(String, Expr),
}

impl Formula {
    /// The value of the column of that name.
    pub fn column(name: impl Into<String>) -> Self {
        Self::Column(name.into())
    }

    /// Whether it compares so with `other`.
    pub fn compare(self, how: Comparison, other: Self) -> Self {
        Self::Compare(how, self.into(), other.into())
    }

    /// Whether it equals `other`.
    pub fn equals(self, other: Self) -> Self {
        self.compare(Comparison::Equal, other)
    }

    /// Whether it is less than `other`.
    pub fn less(self, other: Self) -> Self {
        self.compare(Comparison::Less, other)
    }

    /// Whether it is greater than `other`.
    pub fn greater(self, other: Self) -> Self {
        self.compare(Comparison::Greater, other)
    }

    /// Whether both are true.
    pub fn and(self, other: Self) -> Self {
        Self::And(self.into(), other.into())
    }

    /// Whether either is true.
    pub fn or(self, other: Self) -> Self {
        Self::Or(self.into(), other.into())
    }

    /// What becomes of it and `other`.
    pub fn compute(self, what: Arithmetic, other: Self) -> Self {
        Self::Compute(what, self.into(), other.into())
    }

    /// Whether it is one of `values`; absent if it is.
    pub fn is_in(self, values: impl IntoIterator<Item = Self>) -> Self {
        let equal = values.into_iter().map(|value| self.clone().equals(value));
        equal.reduce(Self::or).unwrap_or(Self::Boolean(false))
    }

    /// The same over the numbers of the columns of `table`.
    pub(super) fn lower(&self, table: &DeviceTable) -> Result<Expression> {
        let part = |of: &Self| of.lower(table).map(Box::new);
        Ok(match self {
            Self::Column(name) => Expression::Column(place(table, name)?),
            Self::Boolean(value) => Expression::Boolean(Some(*value)),
            Self::Integer(value) => Expression::Integer(*value),
            Self::Float(value) => Expression::Float(*value),
            Self::Absent(of) => Expression::Absent(*of),
            Self::ToFloat(of) => Expression::ToFloat(number(of, table)?),
            Self::Round(how, of) => Expression::Round(*how, number(of, table)?),
            Self::Part(part, of) => Expression::Part(*part, number(of, table)?),
            #[cfg(feature = "expressions")]
            Self::OfText(name, expression) => of_text(name, expression, table)?,
            Self::Text(text) => return Err(only_columns(text)),
            Self::Not(of) => Expression::Not(part(of)?),
            Self::And(a, b) => Expression::And(part(a)?, part(b)?),
            Self::Or(a, b) => Expression::Or(part(a)?, part(b)?),
            Self::IsNull(of) => match text_column(of, table)? {
                Some(number) => Expression::IsNull(Expression::Column(number).into()),
                None => Expression::IsNull(number(of, table)?),
            },
            Self::Compare(how, a, b) => match (&**a, &**b) {
                (of, Self::Text(text)) => {
                    test(of, table, text, |found| holds(*how, found.cmp(text.as_str())))?
                }
                (Self::Text(text), of) => {
                    test(of, table, text, |found| holds(*how, text.as_str().cmp(found)))?
                }
                (a, b) => Expression::Compare(*how, number(a, table)?, number(b, table)?),
            },
            Self::Compute(what, a, b) => {
                Expression::Compute(*what, number(a, table)?, number(b, table)?)
            }
            Self::Negate(of) => Expression::Negate(number(of, table)?),
            Self::Abs(of) => Expression::Abs(number(of, table)?),
            Self::Coalesce(a, b) => Expression::Coalesce(number(a, table)?, number(b, table)?),
            Self::Choose(condition, a, b) => {
                Expression::Choose(part(condition)?, number(a, table)?, number(b, table)?)
            }
            Self::Test(what, of, text) => test(of, table, text, |found| match what {
                TextTest::StartsWith => found.starts_with(text.as_str()),
                TextTest::EndsWith => found.ends_with(text.as_str()),
                TextTest::Contains => found.contains(text.as_str()),
            })?,
        })
    }
}

fn place(table: &DeviceTable, name: &str) -> Result<usize> {
    table.column(name)?;
    let found = table.columns.iter().position(|column| &*column.name == name);
    Ok(found.expect("a column that is there should have a place"))
}

/// A part that is no string: codes of strings say nothing as numbers.
fn number(of: &Formula, table: &DeviceTable) -> Result<Box<Expression>> {
    match text_column(of, table)? {
        None => Ok(of.lower(table)?.into()),
        Some(number) => Err(table.columns[number]
            .wrong("a number or a boolean: devices compare strings with texts, not with columns")),
    }
}

/// The column of strings that a formula is, if it is one.
fn text_column(of: &Formula, table: &DeviceTable) -> Result<Option<usize>> {
    let Formula::Column(name) = of else {
        return Ok(None);
    };
    let number = place(table, name)?;
    Ok((table.columns[number].kind == Kind::Codes).then_some(number))
}

/// A test of strings: its answers for all distinct ones, looked up by code.
fn test(
    of: &Formula,
    table: &DeviceTable,
    text: &str,
    is_so: impl Fn(&str) -> bool,
) -> Result<Expression> {
    let Some(number) = text_column(of, table)? else {
        return match of {
            Formula::Column(name) => {
                Err(table.column(name)?.wrong("a string to be compared with a text"))
            }
            _ => Err(only_columns(text)),
        };
    };
    let strings = table.columns[number].strings();
    let mut answers: Vec<Option<bool>> = strings.iter().map(|s| s.map(&is_so)).collect();
    if answers.is_empty() {
        answers.push(None);
    }
    Ok(Expression::LookUp(Expression::Column(number).into(), Entries::Booleans(answers)))
}

/// What an expression is of each distinct string, looked up by code; and what it is of none.
#[cfg(feature = "expressions")]
fn of_text(name: &str, expression: &Expr, table: &DeviceTable) -> Result<Expression> {
    let column = table.column(name)?;
    if column.kind != Kind::Codes {
        return Err(column.wrong("a string to be computed as one"));
    }
    let of = OfText::new(expression, name)?;
    let strings: &StringArray = column.strings();
    // An empty dictionary has absent values alone, which are not looked up.
    let values = (0..strings.len()).map(|code| of.value(Some(strings.value(code))));
    let values = values.chain(strings.is_empty().then_some(Word::Null));
    let entries = match of.is_condition() {
        true => Entries::Booleans(values.map(|value| value.boolean()).collect()),
        false => Entries::Integers(values.map(|value| value.integer()).collect()),
    };
    let number = place(table, name)?;
    let codes = || Box::new(Expression::Column(number));
    let found = Expression::LookUp(codes(), entries);
    let of_none = match of.value(None) {
        Word::Boolean(value) => Expression::Boolean(Some(value)),
        Word::Integer(value) => Expression::Integer(value),
        _ => return Ok(found),
    };
    Ok(Expression::Choose(Expression::IsNull(codes()).into(), of_none.into(), found.into()))
}

fn only_columns(text: &str) -> Error {
    Error::BadOption {
        option: "a text in a formula",
        value: text.into(),
        allowed: "compared with a column of strings",
    }
}

fn holds(how: Comparison, found: std::cmp::Ordering) -> bool {
    match how {
        Comparison::Equal => found.is_eq(),
        Comparison::NotEqual => found.is_ne(),
        Comparison::Less => found.is_lt(),
        Comparison::LessOrEqual => found.is_le(),
        Comparison::Greater => found.is_gt(),
        Comparison::GreaterOrEqual => found.is_ge(),
    }
}
