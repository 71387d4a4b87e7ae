//! Expressions over columns, row by row.

use crate::cpu::keys::f64_key;
use crate::program;
use crate::{
    Arithmetic, Column, Comparison, DatePart, Entries, Expression, Meaning, Numbers, Result,
    Rounding, ValueType,
};

/// A value that is there.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f64),
}

impl Value {
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Boolean(value) => value.into(),
            Self::Integer(value) => value as u64,
            Self::Float(value) => value.to_bits(),
        }
    }

    /// The same value, as a float if that is asked for.
    pub(crate) fn into_type(self, wanted: ValueType) -> Self {
        match wanted {
            ValueType::Float => Self::Float(self.float()),
            _ => self,
        }
    }

    fn is_true(self) -> bool {
        matches!(self, Self::Boolean(true))
    }

    fn float(self) -> f64 {
        match self {
            Self::Boolean(value) => f64::from(u8::from(value)),
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// A column whose numbers are the CPU's.
pub(crate) struct HostColumn<'a> {
    numbers: HostNumbers<'a>,
    valid: Option<&'a [u32]>,
}

enum HostNumbers<'a> {
    Flags(&'a [u32]),
    Narrow(&'a [u32], Meaning),
    Wide(&'a [u64], Meaning),
}

impl<'a> HostColumn<'a> {
    pub(crate) fn new(column: &Column<'a>) -> Result<Self> {
        let numbers = match column.numbers {
            Numbers::Flags(numbers) => HostNumbers::Flags(numbers.host()?),
            Numbers::Narrow(numbers, meaning) => HostNumbers::Narrow(numbers.host()?, meaning),
            Numbers::Wide(numbers, meaning) => HostNumbers::Wide(numbers.host()?, meaning),
        };
        let valid = match column.valid {
            Some(valid) => Some(valid.host()?),
            None => None,
        };
        Ok(Self { numbers, valid })
    }

    fn get(&self, row: usize) -> Result<Option<Value>, Overflow> {
        if self.valid.is_some_and(|valid| valid[row] == 0) {
            return Ok(None);
        }
        Ok(Some(match self.numbers {
            HostNumbers::Flags(numbers) => Value::Boolean(numbers[row] != 0),
            HostNumbers::Narrow(numbers, Meaning::Float) => {
                Value::Float(f32::from_bits(numbers[row]).into())
            }
            HostNumbers::Narrow(numbers, Meaning::Signed) => {
                Value::Integer((numbers[row] as i32).into())
            }
            HostNumbers::Narrow(numbers, Meaning::Unsigned) => Value::Integer(numbers[row].into()),
            HostNumbers::Wide(numbers, Meaning::Float) => {
                Value::Float(f64::from_bits(numbers[row]))
            }
            HostNumbers::Wide(numbers, Meaning::Unsigned) => {
                Value::Integer(i64::try_from(numbers[row]).map_err(|_| Overflow)?)
            }
            HostNumbers::Wide(numbers, Meaning::Signed) => Value::Integer(numbers[row] as i64),
        }))
    }
}

fn ordering(a: Value, b: Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(&b),
        _ => f64_key(a.float().to_bits()).cmp(&f64_key(b.float().to_bits())),
    }
}

/// One row's value; an error says that an integer does not fit.
pub(crate) fn evaluate(
    expression: &Expression,
    (columns, types): (&[HostColumn<'_>], &[ValueType]),
    row: usize,
) -> Result<Option<Value>, Overflow> {
    let part = |of: &Expression| evaluate(of, (columns, types), row);
    Ok(match expression {
        Expression::Column(number) => columns[*number].get(row)?,
        Expression::Absent(_) => None,
        Expression::Boolean(value) => value.map(Value::Boolean),
        Expression::Integer(value) => Some(Value::Integer(*value)),
        Expression::Float(value) => Some(Value::Float(*value)),
        Expression::Not(of) => part(of)?.map(|value| Value::Boolean(!value.is_true())),
        Expression::And(a, b) => {
            let (a, b) = (part(a)?.map(Value::is_true), part(b)?.map(Value::is_true));
            match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(Value::Boolean(false)),
                (Some(true), Some(true)) => Some(Value::Boolean(true)),
                _ => None,
            }
        }
        Expression::Or(a, b) => {
            let (a, b) = (part(a)?.map(Value::is_true), part(b)?.map(Value::is_true));
            match (a, b) {
                (Some(true), _) | (_, Some(true)) => Some(Value::Boolean(true)),
                (Some(false), Some(false)) => Some(Value::Boolean(false)),
                _ => None,
            }
        }
        Expression::IsNull(of) => Some(Value::Boolean(part(of)?.is_none())),
        Expression::Compare(how, a, b) => {
            let (a, b) = (part(a)?, part(b)?);
            a.zip(b).map(|(a, b)| {
                let found = ordering(a, b);
                Value::Boolean(match how {
                    Comparison::Equal => found.is_eq(),
                    Comparison::NotEqual => found.is_ne(),
                    Comparison::Less => found.is_lt(),
                    Comparison::LessOrEqual => found.is_le(),
                    Comparison::Greater => found.is_gt(),
                    Comparison::GreaterOrEqual => found.is_ge(),
                })
            })
        }
        Expression::Compute(what, a, b) => match (part(a)?, part(b)?) {
            (Some(a), Some(b)) => compute(*what, a, b)?,
            _ => None,
        },
        Expression::Negate(of) => match part(of)? {
            Some(Value::Integer(value)) => {
                Some(Value::Integer(value.checked_neg().ok_or(Overflow)?))
            }
            value => value.map(|value| Value::Float(-value.float())),
        },
        Expression::Abs(of) => match part(of)? {
            Some(Value::Integer(value)) => {
                Some(Value::Integer(value.checked_abs().ok_or(Overflow)?))
            }
            value => value.map(|value| Value::Float(value.float().abs())),
        },
        Expression::ToFloat(of) => part(of)?.map(|value| Value::Float(value.float())),
        Expression::Round(how, of) => part(of)?.map(|value| {
            let value = value.float();
            Value::Float(match how {
                Rounding::Down => value.floor(),
                Rounding::Up => value.ceil(),
                Rounding::TowardsZero => value.trunc(),
                Rounding::HalfAway => value.round(),
                Rounding::Single => f64::from(value as f32),
            })
        }),
        Expression::Part(wanted, of) => {
            part(of)?.map(|days| Value::Integer(date_part(*wanted, days.bits() as i64)))
        }
        Expression::LookUp(of, table) => {
            let at = part(of)?.map(|value| (value.bits() as usize).min(table.len() - 1));
            at.and_then(|at| match table {
                Entries::Booleans(entries) => entries[at].map(Value::Boolean),
                Entries::Integers(entries) => entries[at].map(Value::Integer),
            })
        }
        // Both are computed, so that an overflow of either is found as kernels find it.
        Expression::Coalesce(a, b) => {
            let (a, b) = (part(a)?, part(b)?);
            a.or(b).map(|value| value.into_type(type_of(expression, types)))
        }
        Expression::Choose(condition, a, b) => {
            let is_true = part(condition)?.is_some_and(Value::is_true);
            let (a, b) = (part(a)?, part(b)?);
            let picked = if is_true { a } else { b };
            picked.map(|value| value.into_type(type_of(expression, types)))
        }
    })
}

/// The type of an expression whose columns were checked.
fn type_of(expression: &Expression, types: &[ValueType]) -> ValueType {
    program::type_of(expression, types).expect("the columns should have been checked")
}

/// A part of the date `days` after 1970-01-01, counted year by year.
fn date_part(part: DatePart, days: i64) -> i64 {
    const CYCLE: i64 = 146_097;
    // Weeks and leap years repeat every 400 years.
    let (cycles, mut rest) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let weekday = (rest + 3) % 7 + 1;
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year: i64| if is_leap(year) { 366 } else { 365 };
    let mut year = 1970;
    while rest >= length(year) {
        rest -= length(year);
        year += 1;
    }
    let day_of_year = rest + 1;
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (mut month, mut day_of_quarter) = (0, day_of_year);
    while rest >= months[month] {
        rest -= months[month];
        month += 1;
        if month % 3 == 0 {
            day_of_quarter = rest + 1;
        }
    }
    match part {
        DatePart::Year => year + 400 * cycles,
        DatePart::Quarter => month as i64 / 3 + 1,
        DatePart::Month => month as i64 + 1,
        DatePart::Week => {
            // That of the week's Thursday, which may be in the year before or after.
            let thursday = day_of_year + 4 - weekday;
            let in_year = match thursday {
                ..1 => thursday + length(year - 1),
                _ if thursday > length(year) => thursday - length(year),
                _ => thursday,
            };
            (in_year - 1) / 7 + 1
        }
        DatePart::Day => rest + 1,
        DatePart::DayOfYear => day_of_year,
        DatePart::DayOfQuarter => day_of_quarter,
        DatePart::Weekday => weekday,
    }
}

/// What becomes of two values; nothing if the second is a divisor and 0.
fn compute(what: Arithmetic, a: Value, b: Value) -> Result<Option<Value>, Overflow> {
    if let (Value::Integer(a), Value::Integer(b)) = (a, b)
        && what != Arithmetic::Divide
    {
        let whole = match what {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            _ if b == 0 => return Ok(None),
            Arithmetic::Quotient | Arithmetic::Divide => a.checked_div(b),
            // That of the least integer and -1 is 0, though their quotient does not fit.
            Arithmetic::Remainder => Some(a.wrapping_rem(b)),
        };
        return whole.map(Value::Integer).map(Some).ok_or(Overflow);
    }
    let (a, b) = (a.float(), b.float());
    Ok(match what {
        Arithmetic::Add => Some(a + b),
        Arithmetic::Subtract => Some(a - b),
        Arithmetic::Multiply => Some(a * b),
        // Quotients of integers alone were made above.
        Arithmetic::Divide | Arithmetic::Quotient | Arithmetic::Remainder => {
            (b != 0.0).then(|| a / b)
        }
    }
    .map(Value::Float))
}

/// An integer does not fit in 64 bits.
#[derive(Debug)]
pub(crate) struct Overflow;
