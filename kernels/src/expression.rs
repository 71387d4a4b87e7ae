//! Expressions over columns.

use crate::{Buffer, Device, Meaning};

/// What an expression's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// True or false.
    Boolean,
    /// A signed integer of 64 bits.
    Integer,
    /// A float of 64 bits.
    Float,
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal: zeros are, and so is all that is not a number.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less; what is not a number is greater than all else.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

/// What becomes of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The sum.
    Add,
    /// The difference.
    Subtract,
    /// The product.
    Multiply,
    /// The quotient, always a float; absent if the divisor is 0.
    Divide,
    /// The whole part of the quotient of two integers, towards zero; absent if the divisor is 0.
    Quotient,
    /// What that leaves, of the sign of the dividend; absent if the divisor is 0.
    Remainder,
}

/// What a float is rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// The greatest whole number that is not greater.
    Down,
    /// The least whole number that is not less.
    Up,
    /// The next whole number towards zero.
    TowardsZero,
    /// The nearest whole number, halves away from zero.
    HalfAway,
    /// The nearest `f32`, ties to even: sums, differences, products and quotients of two `f32` are
    /// those of single precision once they are rounded so.
    Single,
}

/// A part of a day's date in the Gregorian calendar, also before it was introduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// The year; that before the year 1 is 0.
    Year,
    /// The quarter, from 1 to 4.
    Quarter,
    /// The month, from 1 to 12.
    Month,
    /// The week of ISO 8601, from 1 to 53.
    Week,
    /// The day of the month, from 1 to 31.
    Day,
    /// The day of the year, from 1 to 366.
    DayOfYear,
    /// The day of the quarter, from 1 to 92.
    DayOfQuarter,
    /// The day of the week of ISO 8601, from 1 for Monday to 7.
    Weekday,
}

/// Entries to look up, each of which may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entries {
    /// Booleans.
    Booleans(Vec<Option<bool>>),
    /// Integers.
    Integers(Vec<Option<i64>>),
}

/// What is computed of each row. Columns have numbers.
///
/// Any value may be absent. Arithmetic with what is absent is absent, and so are comparisons; of
/// booleans, false with anything is false, and true or anything is true. An integer meets a float as
/// a float. Integers that do not fit in 64 bits are an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The value of a column.
    Column(usize),
    /// True or false, or neither.
    Boolean(Option<bool>),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// Nothing, of a type.
    Absent(ValueType),
    /// Not so.
    Not(Box<Expression>),
    /// Both.
    And(Box<Expression>, Box<Expression>),
    /// Either.
    Or(Box<Expression>, Box<Expression>),
    /// Whether it is absent.
    IsNull(Box<Expression>),
    /// How two compare.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// What becomes of two numbers.
    Compute(Arithmetic, Box<Expression>, Box<Expression>),
    /// A number with the other sign.
    Negate(Box<Expression>),
    /// A number without its sign.
    Abs(Box<Expression>),
    /// An integer as a float.
    ToFloat(Box<Expression>),
    /// A float as one of fewer digits.
    Round(Rounding, Box<Expression>),
    /// A part of the date that is so many days after 1970-01-01.
    Part(DatePart, Box<Expression>),
    /// Entry of a table, at an integer; the last entry for what is beyond. It makes of a function of
    /// strings one of their codes.
    LookUp(Box<Expression>, Entries),
    /// The first if it is there, or else the second.
    Coalesce(Box<Expression>, Box<Expression>),
    /// The second if the first is true, or else the third.
    Choose(Box<Expression>, Box<Expression>, Box<Expression>),
}

/// Numbers of a column, by how they are read.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// Booleans: 0 is false.
    Flags(&'a Buffer<u32>),
    /// Integers from 0, signed ones, or `f32`.
    Narrow(&'a Buffer<u32>, Meaning),
    /// Signed integers, or `f64`. Integers from 0 that are 2⁶³ or more do not fit.
    Wide(&'a Buffer<u64>, Meaning),
}

/// A column of an expression.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Its numbers, shape `[n]`.
    pub numbers: Numbers<'a>,
    /// 0 where there is none, shape `[n]`; absent if all are there.
    pub valid: Option<&'a Buffer<u32>>,
}

impl Column<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self.numbers {
            Numbers::Flags(numbers) | Numbers::Narrow(numbers, _) => numbers.len(),
            Numbers::Wide(numbers, _) => numbers.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device it lies on.
    pub fn device(&self) -> Device {
        match self.numbers {
            Numbers::Flags(numbers) | Numbers::Narrow(numbers, _) => numbers.device(),
            Numbers::Wide(numbers, _) => numbers.device(),
        }
    }

    /// What its values are in an expression.
    pub fn value_type(&self) -> ValueType {
        match self.numbers {
            Numbers::Flags(_) => ValueType::Boolean,
            Numbers::Narrow(_, Meaning::Float) | Numbers::Wide(_, Meaning::Float) => {
                ValueType::Float
            }
            Numbers::Narrow(..) | Numbers::Wide(..) => ValueType::Integer,
        }
    }

    /// Bytes of a row.
    pub(crate) fn width(&self) -> u64 {
        let width = match self.numbers {
            Numbers::Flags(_) | Numbers::Narrow(..) => 4,
            Numbers::Wide(..) => 8,
        };
        width + if self.valid.is_some() { 4 } else { 0 }
    }
}
