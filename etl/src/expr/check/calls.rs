//! What functions take, and what they give.

use arrow::datatypes::DataType;

use super::operators::time_constant;
use super::types::{condition, is_day, is_text, is_time, number_type, text, unified, wrong_type};
use super::{Checked, MICROS, Resolved};
use crate::expr::functions::{Function, Gives, Takes};
use crate::expr::parse::check_regex;
use crate::expr::{Expr, ExpressionError, Kind, Literal, Place, Problem};

pub(super) fn call(function: Function, arguments: Vec<Resolved>, place: Place) -> Checked {
    let signature = function.signature();
    if let Some(expected) = signature.wrong_count(arguments.len()) {
        let problem =
            Problem::WrongCount { function: function.name(), found: arguments.len(), expected };
        return Err(ExpressionError::new(place, problem));
    }
    let mut checked = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.into_iter().enumerate() {
        let takes = signature.takes(index);
        checked.push(check_argument(function, index, takes, signature.gives, argument)?);
    }
    special(function, &mut checked, place)?;
    let any = |index: usize| signature.takes(index) == Takes::Any;
    let mut common = DataType::Null;
    if matches!(signature.gives, Gives::Common) || function == Function::NullIf {
        let what = format!("an argument of {}", function.name());
        let (fixed, open): (Vec<_>, Vec<_>) =
            checked.into_iter().enumerate().partition(|&(index, _)| !any(index));
        let (open, of) = unified(&what, open.into_iter().map(|(_, argument)| argument).collect())?;
        common = of;
        checked = fixed.into_iter().map(|(_, argument)| argument).chain(open).collect();
    }
    let data_type = match signature.gives {
        Gives::Boolean => DataType::Boolean,
        Gives::Integer => DataType::Int64,
        Gives::Float => DataType::Float64,
        Gives::Text => DataType::Utf8View,
        Gives::Date => DataType::Date32,
        Gives::Timestamp => match (function, checked.first().map(|first| &first.data_type)) {
            (Function::LocalTime, Some(&DataType::Timestamp(unit, _))) => {
                DataType::Timestamp(unit, None)
            }
            _ => DataType::Timestamp(MICROS, None),
        },
        Gives::Common => common,
        Gives::AsFirst if function == Function::NullIf => common,
        Gives::AsFirst => {
            let index = usize::from(function == Function::DateTrunc);
            checked[index].data_type.clone()
        }
    };
    let arguments = checked.into_iter().map(|argument| argument.expr).collect();
    Ok(Resolved { expr: Expr { kind: Kind::Call(function, arguments), place }, data_type })
}

fn check_argument(
    function: Function,
    index: usize,
    takes: Takes,
    gives: Gives,
    argument: Resolved,
) -> Checked {
    let what = format!("argument {} of {}", index + 1, function.name());
    let found = &argument.data_type;
    let null = found.is_null();
    match takes {
        Takes::Any => Ok(argument),
        Takes::Boolean => condition(&what, &argument).map(|()| argument),
        Takes::Integer if found.is_integer() || null => Ok(argument.to(&DataType::Int64)),
        Takes::Integer => Err(wrong_type(&what, &argument, "a whole number")),
        Takes::Number => {
            let to = match gives {
                Gives::Float | Gives::Timestamp => {
                    number_type(&what, found, argument.expr.place)?;
                    DataType::Float64
                }
                _ => number_type(&what, found, argument.expr.place)?,
            };
            Ok(argument.to(&to))
        }
        Takes::Text => text(&what, argument),
        Takes::Day | Takes::Time => {
            let right = if takes == Takes::Day { is_day(found) } else { is_time(found) };
            match right || null {
                true => Ok(argument),
                false if is_text(found) && argument.is_literal() => {
                    time_constant(&argument, &DataType::Timestamp(MICROS, None))
                }
                false => Err(wrong_type(&what, &argument, "a date or time")),
            }
        }
        Takes::TextConstant => match &argument.expr.kind {
            Kind::Literal(Literal::Text(_)) => Ok(argument),
            _ => Err(wrong_type(&what, &argument, "a text in single quotes")),
        },
        Takes::IntegerConstant => match &argument.expr.kind {
            Kind::Literal(Literal::Integer(_)) => Ok(argument),
            _ => Err(wrong_type(&what, &argument, "a whole number, not an expression")),
        },
    }
}

/// The units of `date_trunc`.
pub(crate) const UNITS: &[(&str, &str)] = &[
    ("year", "1y"),
    ("quarter", "1q"),
    ("month", "1mo"),
    ("week", "1w"),
    ("day", "1d"),
    ("hour", "1h"),
    ("minute", "1m"),
    ("second", "1s"),
];

/// What single functions ask of their arguments beyond types.
fn special(function: Function, arguments: &mut [Resolved], place: Place) -> Checked<()> {
    let constant = |index: usize| match arguments.get(index).map(|argument| &argument.expr.kind) {
        Some(Kind::Literal(Literal::Text(text))) => Some(text.clone()),
        _ => None,
    };
    let integer = |index: usize| match arguments.get(index).map(|argument| &argument.expr.kind) {
        Some(Kind::Literal(Literal::Integer(value))) => Some(*value),
        _ => None,
    };
    let at = |index: usize| arguments.get(index).map_or(place, |argument| argument.expr.place);
    let bad = |index: usize, text: String, expected: &'static str| {
        let problem = Problem::BadConstant { text: text.into(), expected };
        Err(ExpressionError::new(at(index), problem))
    };
    match function {
        Function::RegexReplace | Function::RegexExtract => {
            if let Some(pattern) = constant(1) {
                check_regex(&pattern, at(1))?;
            }
            match integer(2) {
                Some(group) if function == Function::RegexExtract && !(0..100).contains(&group) => {
                    bad(2, group.to_string(), "the number of a group, from 0 to 99")
                }
                _ => Ok(()),
            }
        }
        Function::DateTrunc => match constant(0) {
            Some(unit) if !UNITS.iter().any(|(name, _)| name.eq_ignore_ascii_case(&unit)) => {
                bad(0, unit, "one of year, quarter, month, week, day, hour, minute, second")
            }
            _ => Ok(()),
        },
        Function::PadStart | Function::PadEnd => match (integer(1), constant(2)) {
            (Some(n), _) if !(0..=1_000_000).contains(&n) => {
                bad(1, n.to_string(), "a number of characters from 0 to 1000000")
            }
            (_, Some(fill)) if fill.chars().count() != 1 => bad(2, fill, "one character"),
            _ => Ok(()),
        },
        Function::SplitPart => match (constant(1), integer(2)) {
            (Some(separator), _) if separator.is_empty() => bad(1, separator, "a separator"),
            (_, Some(0)) => bad(2, "0".to_owned(), "the number of a part, from 1 on"),
            _ => Ok(()),
        },
        Function::Round => match integer(1) {
            Some(digits) if !(0..=20).contains(&digits) => {
                bad(1, digits.to_string(), "a number of digits from 0 to 20")
            }
            _ => Ok(()),
        },
        Function::IntegerDivide if matches!(&arguments[1].expr.kind, Kind::Literal(literal) if literal.is_zero()) => {
            Err(ExpressionError::new(at(1), Problem::DivisionByZero))
        }
        Function::Date => {
            let found = &arguments[0].data_type;
            match is_day(found) || is_text(found) || found.is_null() {
                true => Ok(()),
                false => Err(wrong_type(
                    "argument 1 of date",
                    &arguments[0],
                    "a date, timestamp or text",
                )),
            }
        }
        Function::Year
        | Function::Quarter
        | Function::Month
        | Function::Week
        | Function::Day
        | Function::DayOfYear
        | Function::Weekday => Ok(()),
        Function::Hour | Function::Minute | Function::Second | Function::FormatTime => {
            match matches!(arguments[0].data_type, DataType::Duration(_)) {
                true => Err(wrong_type("argument 1", &arguments[0], "a date, time or timestamp")),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
