//! Dates, times and lengths of time in expressions on devices: integers of units that types name.

use arrow::datatypes::{DataType, TimeUnit};
use graph_kernels::{Arithmetic, DatePart, ValueType};

use super::formula::Formula;
use super::lower::{Lowered, refused};
use crate::Result;
use crate::expr::{Binary, Expr, Function};

const SECONDS_A_DAY: i64 = 86_400;
const MICROS: TimeUnit = TimeUnit::Microsecond;

/// Whether values of a type are times or lengths of time.
pub(super) fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date32
            | DataType::Date64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(..)
            | DataType::Duration(_)
    )
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Units of a second; of whole days none.
fn units(data_type: &DataType) -> Option<i64> {
    match data_type {
        DataType::Date64 => Some(per_second(TimeUnit::Millisecond)),
        DataType::Time32(unit)
        | DataType::Time64(unit)
        | DataType::Timestamp(unit, _)
        | DataType::Duration(unit) => Some(per_second(*unit)),
        _ => None,
    }
}

fn integer(value: i64) -> Formula {
    Formula::Integer(value)
}

/// What is left of `x` by a positive number, never negative.
fn rest(x: Formula, by: i64) -> Formula {
    let signed = x.compute(Arithmetic::Remainder, integer(by));
    signed.compute(Arithmetic::Add, integer(by)).compute(Arithmetic::Remainder, integer(by))
}

/// `x` by a positive number, rounded down.
fn quotient(x: Formula, by: i64) -> Formula {
    match by {
        1 => x,
        _ => {
            let rest = rest(x.clone(), by);
            x.compute(Arithmetic::Subtract, rest).compute(Arithmetic::Quotient, integer(by))
        }
    }
}

/// So many units of a second as so many of another.
fn scaled(x: Formula, from: i64, to: i64) -> Formula {
    match (x, to >= from) {
        (x, _) if from == to => x,
        (x, true) => x.compute(Arithmetic::Multiply, integer(to / from)),
        (x, false) => quotient(x, from / to),
    }
}

/// Days since 1970-01-01 of a date or timestamp.
fn days(expr: &Expr, of: Lowered) -> Result<Formula> {
    match (&of.data_type, units(&of.data_type)) {
        (DataType::Date32, _) => Ok(of.formula),
        (DataType::Timestamp(_, zone), Some(_)) if !is_utc(zone.as_deref()) => {
            Err(refused(expr, "devices know no clocks but UTC"))
        }
        (DataType::Date64 | DataType::Timestamp(..), Some(units)) => {
            Ok(quotient(of.formula, units * SECONDS_A_DAY))
        }
        _ => Err(refused(expr, "devices take no dates of that")),
    }
}

/// Whether clocks show the moments as they are stored.
fn is_utc(zone: Option<&str>) -> bool {
    zone.is_none_or(crate::expr::is_utc)
}

/// Two times or lengths of time in units of one size.
pub(super) fn alike(expr: &Expr, a: Lowered, b: Lowered) -> Result<(Formula, Formula)> {
    if a.data_type == b.data_type {
        return Ok((a.formula, b.formula));
    }
    match (units(&a.data_type), units(&b.data_type)) {
        (Some(x), Some(y)) => {
            let finest = x.max(y);
            Ok((scaled(a.formula, x, finest), scaled(b.formula, y, finest)))
        }
        _ => Err(refused(expr, "devices compare no days with times")),
    }
}

/// A time as one of another type; numbers are none.
pub(super) fn cast(expr: &Expr, of: Lowered, to: &DataType) -> Result<Lowered> {
    let formula = match (&of.data_type, to) {
        (DataType::Timestamp(..) | DataType::Date64, DataType::Date32) => days(expr, of)?,
        (DataType::Date32, DataType::Timestamp(unit, _)) => {
            of.formula.compute(Arithmetic::Multiply, integer(SECONDS_A_DAY * per_second(*unit)))
        }
        (DataType::Date64, DataType::Timestamp(unit, _)) => {
            scaled(of.formula, per_second(TimeUnit::Millisecond), per_second(*unit))
        }
        (DataType::Timestamp(from, _), DataType::Timestamp(unit, _))
        | (DataType::Duration(from), DataType::Duration(unit)) => {
            scaled(of.formula, per_second(*from), per_second(*unit))
        }
        _ => return Err(refused(expr, "devices have no such conversion")),
    };
    Ok(Lowered::new(formula, to.clone()))
}

/// A time and a length of time, two lengths, or the length between two times.
pub(super) fn arithmetic(expr: &Expr, a: Lowered, operator: Binary, b: Lowered) -> Result<Lowered> {
    let what = match operator {
        Binary::Add => Arithmetic::Add,
        Binary::Subtract => Arithmetic::Subtract,
        _ => return Err(refused(expr, "devices have no such operator")),
    };
    let refuse = |why| Err(refused(expr, why));
    let result = a.data_type.clone();
    if a.data_type.is_null() || b.data_type.is_null() {
        let known = if a.data_type.is_null() { b.data_type } else { result };
        return Ok(Lowered::new(Formula::Absent(ValueType::Integer), known));
    }
    let (formula, result) = match (&a.data_type, &b.data_type) {
        (DataType::Timestamp(..), DataType::Timestamp(..)) => {
            let (a, b) = alike(expr, a, b)?;
            (a.compute(what, b), DataType::Duration(MICROS))
        }
        (DataType::Duration(x), DataType::Duration(y)) => {
            let (x, y) = (per_second(*x), per_second(*y));
            let to = per_second(MICROS);
            let sum = scaled(a.formula, x, to).compute(what, scaled(b.formula, y, to));
            (sum, DataType::Duration(MICROS))
        }
        (DataType::Timestamp(_, zone), _) if !is_utc(zone.as_deref()) => {
            return refuse("devices know no clocks but UTC");
        }
        (DataType::Date32, DataType::Duration(_)) => match b.formula {
            Formula::Integer(micros) if micros % (SECONDS_A_DAY * 1_000_000) == 0 => {
                let days = integer(micros / (SECONDS_A_DAY * 1_000_000));
                (a.formula.compute(what, days), result)
            }
            _ => return refuse("devices add whole days to dates"),
        },
        (DataType::Timestamp(unit, _), DataType::Duration(other)) => {
            let (own, given) = (per_second(*unit), per_second(*other));
            let length = match b.formula {
                Formula::Integer(length) if own < given && length % (given / own) == 0 => {
                    integer(length / (given / own))
                }
                Formula::Integer(_) if own < given => {
                    return refuse("the interval is no multiple of the column's unit");
                }
                length if own >= given => scaled(length, given, own),
                _ => return refuse("the length of time has a finer unit than the time"),
            };
            (a.formula.compute(what, length), result)
        }
        _ => return refuse("devices have no such operator of times"),
    };
    Ok(Lowered::new(formula, result))
}

/// A function of one time.
pub(super) fn part(expr: &Expr, function: Function, of: Lowered) -> Result<Lowered> {
    let part = match function {
        Function::Year => DatePart::Year,
        Function::Quarter => DatePart::Quarter,
        Function::Month => DatePart::Month,
        Function::Week => DatePart::Week,
        Function::Day => DatePart::Day,
        Function::DayOfYear => DatePart::DayOfYear,
        Function::Weekday => DatePart::Weekday,
        Function::Hour | Function::Minute | Function::Second => {
            return Ok(Lowered::new(clock(expr, function, of)?, DataType::Int64));
        }
        Function::Epoch => return epoch(expr, of),
        Function::Date => return Ok(Lowered::new(days(expr, of)?, DataType::Date32)),
        _ => return Err(refused(expr, "devices have no such function")),
    };
    let formula = Formula::Part(part, Box::new(days(expr, of)?));
    Ok(Lowered::new(formula, DataType::Int64))
}

fn clock(expr: &Expr, function: Function, of: Lowered) -> Result<Formula> {
    let of = match &of.data_type {
        DataType::Date32 => cast(expr, of, &DataType::Timestamp(TimeUnit::Second, None))?,
        DataType::Timestamp(_, zone) if !is_utc(zone.as_deref()) => {
            return Err(refused(expr, "devices know no clocks but UTC"));
        }
        _ => of,
    };
    let Some(units) = units(&of.data_type) else {
        return Err(refused(expr, "devices take no clocks of that"));
    };
    let seconds = quotient(rest(of.formula, units * SECONDS_A_DAY), units);
    Ok(match function {
        Function::Hour => quotient(seconds, 3600),
        Function::Minute => rest(quotient(seconds, 60), 60),
        _ => rest(seconds, 60),
    })
}

fn epoch(expr: &Expr, of: Lowered) -> Result<Lowered> {
    let (formula, per_second) = match &of.data_type {
        DataType::Time32(unit) | DataType::Time64(unit) => {
            (scaled(of.formula, per_second(*unit), 1_000_000_000), 1e9)
        }
        DataType::Duration(unit) => (scaled(of.formula, per_second(*unit), 1_000_000), 1e6),
        _ => (cast(expr, of, &DataType::Timestamp(MICROS, None))?.formula, 1e6),
    };
    let seconds = formula.compute(Arithmetic::Divide, Formula::Float(per_second));
    Ok(Lowered::new(seconds, DataType::Float64))
}

/// The begin of the unit of the calendar or clock that a time is in.
pub(super) fn truncated(expr: &Expr, unit: &str, of: Lowered) -> Result<Lowered> {
    let data_type = of.data_type.clone();
    let (unit, of_day) = (unit.to_ascii_lowercase(), days(expr, of.clone())?);
    let seconds = match unit.as_str() {
        "second" => Some(1),
        "minute" => Some(60),
        "hour" => Some(3600),
        _ => None,
    };
    if let Some(seconds) = seconds {
        let Some(units) = units(&data_type) else {
            return Err(refused(expr, "dates of devices have no clock"));
        };
        let rest = rest(of.formula.clone(), seconds * units);
        return Ok(Lowered::new(of.formula.compute(Arithmetic::Subtract, rest), data_type));
    }
    let number = |part| Formula::Part(part, Box::new(of_day.clone()));
    // Days since the unit began, and one.
    let since = match unit.as_str() {
        "year" => number(DatePart::DayOfYear),
        "quarter" => number(DatePart::DayOfQuarter),
        "month" => number(DatePart::Day),
        "week" => number(DatePart::Weekday),
        _ => integer(1),
    };
    let first = of_day.clone().compute(Arithmetic::Add, integer(1));
    let first = first.compute(Arithmetic::Subtract, since);
    let formula = match units(&data_type) {
        None => first,
        Some(units) => first.compute(Arithmetic::Multiply, integer(units * SECONDS_A_DAY)),
    };
    Ok(Lowered::new(formula, data_type))
}
