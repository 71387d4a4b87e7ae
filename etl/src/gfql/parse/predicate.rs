//! Conditions on columns: plain values, lists, and predicates.

use super::super::error::QueryProblem;
use super::super::query::{
    Calendar, CharClass, Comparison, Keep, Literal, Predicate, TextKind, TextTest,
};
use super::super::temporal;
use super::Place;
use super::json::Json;
use super::regular::{Anchor, compile};
use crate::Result;

const PREDICATES: [&str; 35] = [
    "GT",
    "LT",
    "GE",
    "LE",
    "EQ",
    "NE",
    "Between",
    "IsNA",
    "NotNA",
    "IsNull",
    "NotNull",
    "IsIn",
    "Duplicated",
    "AllOf",
    "Contains",
    "Startswith",
    "Endswith",
    "Match",
    "Fullmatch",
    "IsNumeric",
    "IsAlpha",
    "IsDigit",
    "IsLower",
    "IsUpper",
    "IsSpace",
    "IsAlnum",
    "IsDecimal",
    "IsTitle",
    "IsMonthStart",
    "IsMonthEnd",
    "IsQuarterStart",
    "IsQuarterEnd",
    "IsYearStart",
    "IsYearEnd",
    "IsLeapYear",
];

/// What a filter asks of one column.
pub(super) fn condition(place: &Place) -> Result<Predicate> {
    match place.value {
        Json::Object(_) => predicate(place),
        Json::List(_) => Ok(Predicate::Among(literals(place)?)),
        _ => Ok(Predicate::Is(literal(place)?)),
    }
}

fn predicate(place: &Place) -> Result<Predicate> {
    let kind = place.need("type")?;
    let compare = |comparison| Ok(Predicate::Compare(comparison, value(place, "val")?));
    let class = |class| Ok(Predicate::Class(class));
    let calendar = |test| Ok(Predicate::Calendar(test));
    match kind.text()? {
        "GT" => compare(Comparison::Gt),
        "LT" => compare(Comparison::Lt),
        "GE" => compare(Comparison::Ge),
        "LE" => compare(Comparison::Le),
        "EQ" => compare(Comparison::Eq),
        "NE" => compare(Comparison::Ne),
        "Between" => between(place),
        "IsNA" | "IsNull" => Ok(Predicate::Null(true)),
        "NotNA" | "NotNull" => Ok(Predicate::Null(false)),
        "IsIn" => Ok(Predicate::IsIn(literals(&place.need("options")?)?)),
        "Duplicated" => duplicated(place),
        "AllOf" => all_of(place),
        "Contains" => contains(place),
        "Startswith" => {
            let (any, case) = boundary(place)?;
            text_test(place, TextKind::StartsWith { any, case })
        }
        "Endswith" => {
            let (any, case) = boundary(place)?;
            text_test(place, TextKind::EndsWith { any, case })
        }
        "Match" => regular(place, Anchor::Start),
        "Fullmatch" => regular(place, Anchor::Whole),
        "IsNumeric" => class(CharClass::Numeric),
        "IsAlpha" => class(CharClass::Alpha),
        "IsDigit" => class(CharClass::Digit),
        "IsLower" => class(CharClass::Lower),
        "IsUpper" => class(CharClass::Upper),
        "IsSpace" => class(CharClass::Space),
        "IsAlnum" => class(CharClass::Alnum),
        "IsDecimal" => class(CharClass::Decimal),
        "IsTitle" => class(CharClass::Title),
        "IsMonthStart" => calendar(Calendar::MonthStart),
        "IsMonthEnd" => calendar(Calendar::MonthEnd),
        "IsQuarterStart" => calendar(Calendar::QuarterStart),
        "IsQuarterEnd" => calendar(Calendar::QuarterEnd),
        "IsYearStart" => calendar(Calendar::YearStart),
        "IsYearEnd" => calendar(Calendar::YearEnd),
        "IsLeapYear" => calendar(Calendar::LeapYear),
        "datetime" | "date" | "time" => Ok(Predicate::Compare(Comparison::Eq, literal(place)?)),
        name => Err(kind.unknown("predicate", name, PREDICATES)),
    }
}

fn value(place: &Place, field: &'static str) -> Result<Literal> {
    let place = place.need(field)?;
    match literal(&place)? {
        Literal::Null => Err(place.wrong("a value")),
        value => Ok(value),
    }
}

fn between(place: &Place) -> Result<Predicate> {
    let (low, high) = (value(place, "lower")?, value(place, "upper")?);
    let kind = |literal: &Literal| match literal {
        Literal::Int(_) | Literal::Float(_) | Literal::Bool(_) => Some(0),
        Literal::Moment(_) | Literal::Date(_) | Literal::Time(_) => Some(1),
        Literal::Text(_) | Literal::Null => None,
    };
    match (kind(&low), kind(&high)) {
        (Some(a), Some(b)) if a == b => {
            Ok(Predicate::Between { low, high, inclusive: place.bool_or("inclusive", true)? })
        }
        _ => Err(place.wrong("two numbers, or two times, as `lower` and `upper`")),
    }
}

fn duplicated(place: &Place) -> Result<Predicate> {
    let Some(keep) = place.get("keep")? else { return Ok(Predicate::Duplicated(Keep::First)) };
    match keep.value {
        Json::Text(text) if text == "first" => Ok(Predicate::Duplicated(Keep::First)),
        Json::Text(text) if text == "last" => Ok(Predicate::Duplicated(Keep::Last)),
        Json::Bool(false) => Ok(Predicate::Duplicated(Keep::None)),
        _ => Err(keep.wrong("`first`, `last` or false")),
    }
}

fn all_of(place: &Place) -> Result<Predicate> {
    let parts = place.need("predicates")?;
    let predicates: Vec<Predicate> = parts.list()?.iter().map(predicate).collect::<Result<_>>()?;
    match predicates.is_empty() {
        true => Err(parts.wrong("at least one predicate")),
        false => Ok(Predicate::AllOf(predicates)),
    }
}

fn text_test(place: &Place, kind: TextKind) -> Result<Predicate> {
    Ok(Predicate::Text(TextTest { kind, na: place.bool_or("na", false)? }))
}

fn flags(place: &Place) -> Result<u64> {
    let Some(flags) = place.get("flags")? else { return Ok(0) };
    flags.count().map(u64::from)
}

fn regular(place: &Place, anchor: Anchor) -> Result<Predicate> {
    let pattern = place.need("pat")?;
    let case = place.bool_or("case", true)?;
    match compile(pattern.text()?, case, flags(place)?, anchor) {
        Ok(regex) => text_test(place, TextKind::Regex(regex)),
        Err(reason) => Err(pattern.error(QueryProblem::BadValue {
            value: format!("`{}` ({reason})", pattern.text()?),
            allowed: "a regular expression without look-around and back-references",
        })),
    }
}

fn contains(place: &Place) -> Result<Predicate> {
    if place.bool_or("regex", true)? {
        return regular(place, Anchor::Anywhere);
    }
    let pattern = place.need("pat")?.text()?;
    if place.bool_or("case", true)? {
        return text_test(place, TextKind::Contains(pattern.to_owned()));
    }
    let regex = compile(&regex::escape(pattern), false, 0, Anchor::Anywhere);
    match regex {
        Ok(regex) => text_test(place, TextKind::Regex(regex)),
        Err(_) => Err(place.need("pat")?.wrong("a shorter text")),
    }
}

/// Texts of which one has to stand at the start or end, and whether case counts.
fn boundary(place: &Place) -> Result<(Vec<String>, bool)> {
    let pattern = place.need("pat")?;
    let any: Vec<&str> = match pattern.value {
        Json::List(_) => pattern.list()?.iter().map(Place::text).collect::<Result<_>>()?,
        _ => vec![pattern.text()?],
    };
    let case = place.bool_or("case", true)?;
    let any = any.into_iter().map(|text| if case { text.to_owned() } else { text.to_lowercase() });
    Ok((any.collect(), case))
}

pub(super) fn literals(place: &Place) -> Result<Vec<Literal>> {
    place.list()?.iter().map(literal).collect()
}

/// A value, or a tagged date or time.
pub(super) fn literal(place: &Place) -> Result<Literal> {
    Ok(match place.value {
        Json::Null => Literal::Null,
        Json::Bool(value) => Literal::Bool(*value),
        Json::Text(text) => Literal::Text(text.clone()),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Literal::Int(value),
            None => Literal::Float(number.as_f64().ok_or_else(|| place.wrong("a number"))?),
        },
        Json::Object(_) => tagged(place)?,
        Json::List(_) => return Err(place.wrong("a single value")),
    })
}

fn tagged(place: &Place) -> Result<Literal> {
    let kind = place.need("type")?;
    let value = place.need("value")?;
    let bad = |allowed| {
        let value = value.value.to_value().to_string();
        place.error(QueryProblem::BadValue { value, allowed })
    };
    match kind.text()? {
        "datetime" if matches!(value.value, Json::Text(_)) => {
            if let Some(unit) = place.get("unit")? {
                return Err(unit.wrong("no unit beside a text"));
            }
            let zone = place.text_or("timezone", "UTC")?;
            let moment = temporal::moment(value.text()?, &zone);
            moment.map(Literal::Moment).ok_or_else(|| bad("an ISO 8601 time in a known zone"))
        }
        "datetime" => {
            let unit = place.need("unit")?;
            let nanos = match unit.text()? {
                "s" => 1_000_000_000,
                "ms" => 1_000_000,
                _ => return Err(unit.wrong("`s` or `ms`")),
            };
            let number = match value.value {
                Json::Number(number) => number.as_f64().filter(|number| number.fract() == 0.0),
                _ => None,
            };
            match number.filter(|number| number.abs() <= 9_007_199_254_740_991.0) {
                Some(count) => Ok(Literal::Moment(count as i128 * nanos)),
                None => Err(bad("a whole number below 2^53")),
            }
        }
        "date" => {
            temporal::date(value.text()?).map(Literal::Date).ok_or_else(|| bad("an ISO 8601 date"))
        }
        "time" => temporal::time_of_day(value.text()?)
            .map(Literal::Time)
            .ok_or_else(|| bad("a time such as 14:30:00")),
        name => Err(kind.unknown("type of value", name, ["datetime", "date", "time"])),
    }
}
