//! Functions that are others put together: they are read as these, so that nothing else knows of them.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::datatypes::DataType;

use super::Parsed;
use super::calls::{call, wrong_count};
use crate::expr::functions::Function;
use crate::expr::{
    Aggregate, Binary, Expr, ExpressionError, Interval, Kind, Literal, Place, Problem,
};

/// Names of the functions, and how many arguments each takes.
pub(in crate::expr) const DERIVED: &[(&str, usize)] = &[
    ("mod", 2),
    ("dow", 1),
    ("date_diff", 3),
    ("datediff", 3),
    ("last_day", 1),
    ("position", 2),
    ("strpos", 2),
    ("now", 0),
    ("today", 0),
];

thread_local! {
    static TIME: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Reads expressions in which `now()` is one and the same time.
#[cfg(feature = "tables")]
pub(crate) fn at_one_time<T>(read: impl FnOnce() -> T) -> T {
    let before = TIME.replace(Some(now()));
    let result = read();
    TIME.set(before);
    result
}

/// Microseconds since 1970 in UTC.
fn now() -> i64 {
    TIME.get().unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

/// Parts that an argument may have which has to be written more than once.
const MAX_PARTS: usize = 50;

/// The expression that `name`, one of [`DERIVED`], means with these arguments.
pub(super) fn derived(name: &str, place: Place, mut arguments: Vec<Expr>) -> Parsed {
    let name = name.to_ascii_lowercase();
    let known = DERIVED.iter().find(|(known, _)| *known == name);
    let &(known, expected) = known.expect("the caller should have looked for the name");
    if arguments.len() != expected {
        let expected = expected.to_string().into();
        return Err(wrong_count(place, known, arguments.len(), expected));
    }
    let mut next = || arguments.remove(0);
    match known {
        "mod" => Ok(next().binary(Binary::Remainder, next())),
        "dow" => Ok(day_of_week(place, next())),
        "date_diff" | "datediff" => difference(place, &next(), &next(), &next()),
        "last_day" => Ok(last_day(place, next())),
        // The words are the other way round in `position(part IN text)`.
        "position" => {
            let part = next();
            position(place, next(), part)
        }
        "strpos" => position(place, next(), next()),
        "now" => Ok(at(Literal::Timestamp { micros: now(), utc: true }, place)),
        _ => {
            let days = now().div_euclid(86_400_000_000);
            Ok(at(Literal::Date(days as i32), place))
        }
    }
}

/// Refuses what is too long to be written several times: nested, it would grow without bounds.
fn check_short(expr: &Expr) -> Result<(), ExpressionError> {
    let mut n_parts = 0;
    expr.walk(&mut |_| n_parts += 1);
    match n_parts <= MAX_PARTS {
        true => Ok(()),
        false => Err(ExpressionError::new(
            expr.place,
            Problem::TooLong { what: "parts of an argument", limit: MAX_PARTS },
        )),
    }
}

fn at(literal: Literal, place: Place) -> Expr {
    Expr { kind: Kind::Literal(literal), place }
}

/// 0 for Sunday to 6 for Saturday.
pub(super) fn day_of_week(place: Place, time: Expr) -> Expr {
    call(place, Function::Weekday, vec![time]).binary(Binary::Remainder, Expr::literal(7_i64))
}

fn last_day(place: Place, time: Expr) -> Expr {
    let month = call(place, Function::DateTrunc, vec![at("month".into(), place), time]);
    let months = |months, days| at(Literal::Interval(Interval { months, days, micros: 0 }), place);
    let next = month.binary(Binary::Add, months(1, 0));
    call(place, Function::Date, vec![next.binary(Binary::Subtract, months(0, 1))])
}

/// How many begins of `unit` are after `from`, up to `to`.
fn difference(place: Place, unit: &Expr, from: &Expr, to: &Expr) -> Parsed {
    let Kind::Literal(Literal::Text(unit_name)) = &unit.kind else {
        let problem = Problem::WrongType {
            what: "argument 1 of date_diff".into(),
            found: format!("`{unit}`").into(),
            expected: "a text in single quotes".into(),
        };
        return Err(ExpressionError::new(unit.place, problem));
    };
    let unit_name = unit_name.to_ascii_lowercase();
    check_short(from)?;
    check_short(to)?;
    let of = |function, time: &Expr| call(place, function, vec![time.clone()]);
    let months = |per_year: i64, part: Option<Function>| {
        let count = |time: &Expr| {
            let years = of(Function::Year, time).binary(Binary::Multiply, Expr::literal(per_year));
            match part {
                Some(part) => years.binary(Binary::Add, of(part, time)),
                None => years,
            }
        };
        count(to).binary(Binary::Subtract, count(from))
    };
    let seconds: i64 = match unit_name.as_str() {
        "year" => return Ok(months(1, None)),
        "quarter" => return Ok(months(4, Some(Function::Quarter))),
        "month" => return Ok(months(12, Some(Function::Month))),
        "week" => 7 * 86_400,
        "day" => 86_400,
        "hour" => 3_600,
        "minute" => 60,
        "second" => 1,
        _ => {
            let expected = "one of year, quarter, month, week, day, hour, minute, second";
            let problem = Problem::BadConstant { text: unit_name.into(), expected };
            return Err(ExpressionError::new(unit.place, problem));
        }
    };
    let begin = |time: &Expr| {
        let unit = at(unit_name.as_str().into(), place);
        let begin = call(place, Function::DateTrunc, vec![unit, time.clone()]);
        call(place, Function::Epoch, vec![begin])
    };
    let units = begin(to).binary(Binary::Subtract, begin(from));
    let units = units.binary(Binary::Divide, Expr::literal(seconds));
    // Days may have 23 or 25 hours where clocks are changed.
    let operand = Box::new(call(place, Function::Round, vec![units]));
    Ok(Expr { kind: Kind::Cast { operand, to: DataType::Int64, or_null: false }, place })
}

/// The number of the character of `text` at which `part` begins, from 1; 0 if it is not there.
pub(super) fn position(place: Place, text: Expr, part: Expr) -> Parsed {
    check_short(&text)?;
    let Kind::Literal(Literal::Text(constant)) = &part.kind else {
        let problem = Problem::WrongType {
            what: "the part that position looks for".into(),
            found: format!("`{part}`").into(),
            expected: "a text in single quotes".into(),
        };
        return Err(ExpressionError::new(part.place, problem));
    };
    let before = match constant.is_empty() {
        true => Expr::literal(0_i64),
        false => {
            let parts = vec![text.clone(), part.clone(), Expr::literal(1_i64)];
            let before = call(place, Function::SplitPart, parts);
            call(place, Function::Length, vec![before])
        }
    };
    let is_there = call(place, Function::Contains, vec![text.clone(), part]);
    let null = Expr { kind: Kind::IsNull(Box::new(text)), place };
    let branches = vec![
        (is_there, before.binary(Binary::Add, Expr::literal(1_i64))),
        (null.not(), Expr::literal(0_i64)),
    ];
    Ok(Expr { kind: Kind::Case { branches, otherwise: None }, place })
}

/// `aggregate` of the rows for which `condition` is true; `None` for those that count nulls.
pub(super) fn filtered(
    aggregate: Aggregate,
    argument: Option<Box<Expr>>,
    condition: Expr,
    place: Place,
) -> Option<Expr> {
    if matches!(aggregate, Aggregate::First | Aggregate::Last | Aggregate::List) {
        return None;
    }
    let value = argument.map_or_else(|| Expr::literal(true), |argument| *argument);
    let kind = Kind::Case { branches: vec![(condition, value)], otherwise: None };
    let chosen = Expr { kind, place };
    Some(Expr { kind: Kind::Aggregate(aggregate, Some(Box::new(chosen))), place })
}
