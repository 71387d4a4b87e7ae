//! Comparisons of columns with values, by the rules of pandas.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use super::super::query::{Comparison, Literal};
use super::super::set::Set;
use super::super::temporal::{self, DAY, Moment};
use super::kind::{Kind, floats, ints_in, units, with_ints};
use super::range::Range;
use super::text::{self, Texts};
use super::{Asked, nulls, present};
use crate::Result;

/// Equality as plain values in filters have it, which insists on fitting types.
pub(super) fn is(column: &ArrayRef, value: &Literal, rows: &Set, at: Asked) -> Result<Set> {
    match (Kind::of(column.data_type()), value) {
        (Kind::Ints | Kind::Floats, Literal::Text(_)) => {
            Err(at.wrong_type(column, "equality with a text"))
        }
        (Kind::Texts, Literal::Int(_) | Literal::Float(_)) => {
            Err(at.wrong_type(column, "equality with a number"))
        }
        (Kind::Moments(..), Literal::Text(text)) if temporal::moment(text, "UTC").is_none() => {
            Err(at.wrong_type(column, "equality with a text that is no time"))
        }
        _ => compare(column, Comparison::Eq, value, rows, at),
    }
}

/// The rows whose value compares with `value` as asked; nulls never do.
///
/// Values of kinds that have no order are unequal and in none: texts and numbers, say.
pub(super) fn compare(
    column: &ArrayRef,
    comparison: Comparison,
    value: &Literal,
    rows: &Set,
    at: Asked,
) -> Result<Set> {
    let kind = Kind::of(column.data_type());
    let is_order = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    let is_number = matches!(value, Literal::Int(_) | Literal::Float(_));
    match kind {
        Kind::Moments(..) if is_number => {
            return Err(at.wrong_type(column, "comparison with a plain number"));
        }
        Kind::Moments(..) => {}
        _ if matches!(value, Literal::Moment(_) | Literal::Date(_) | Literal::Time(_)) => {
            return Err(at.wrong_type(column, "comparison with a time"));
        }
        // A truth value is a number to equality, but has no order with one.
        Kind::Bools if is_order && is_number => return Ok(Set::empty(rows.len())),
        _ => {}
    }
    if let (true, Kind::Moments(..), Literal::Text(text)) = (is_order, &kind, value)
        && temporal::moment(text, "UTC").is_none()
    {
        return Err(at.wrong_type(column, "order with a text that is no time"));
    }
    compare_known(column, kind, comparison, value, rows)
}

pub(super) fn between(
    column: &ArrayRef,
    (low, high): (&Literal, &Literal),
    inclusive: bool,
    rows: &Set,
    at: Asked,
) -> Result<Set> {
    if Kind::of(column.data_type()) == Kind::Texts {
        return Err(at.wrong_type(column, "being between numbers or times"));
    }
    let (above, below) = match inclusive {
        true => (Comparison::Ge, Comparison::Le),
        false => (Comparison::Gt, Comparison::Lt),
    };
    let low = compare(column, above, low, rows, at)?;
    compare(column, below, high, &low, at)
}

/// The rows whose value is one of `values`, and those without one if null is.
pub(super) fn among(column: &ArrayRef, values: &[Literal], rows: &Set) -> Result<Set> {
    let mut hits = match (values.contains(&Literal::Null), nulls(column)?) {
        (true, Some(nulls)) => &nulls & rows,
        _ => Set::empty(rows.len()),
    };
    let kind = Kind::of(column.data_type());
    match kind {
        Kind::Texts => {
            let wanted = values.iter().filter_map(|value| match value {
                Literal::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let wanted: hashbrown::HashSet<&str, foldhash::fast::FixedState> = wanted.collect();
            let texts = Texts::of(column);
            hits |= &present(column, rows)?.filter(|row| wanted.contains(texts.value(row)));
        }
        Kind::Ints => hits |= &present(column, &ints_among(column, values, rows))?,
        _ => {
            for value in values {
                hits |= &compare_known(column, kind, Comparison::Eq, value, rows)?;
            }
        }
    }
    Ok(hits)
}

/// The rows of an integer column that have one of `values`; what is below a null may be among them.
fn ints_among(column: &ArrayRef, values: &[Literal], rows: &Set) -> Set {
    with_ints!(column, |ints: &[Int]| {
        let wanted = values.iter().filter_map(whole).filter_map(|value| Int::try_from(value).ok());
        let wanted: hashbrown::HashSet<Int, foldhash::fast::FixedState> = wanted.collect();
        let (Some(&low), Some(&high)) = (wanted.iter().min(), wanted.iter().max()) else {
            return Set::empty(rows.len());
        };
        let near = rows.filter_values(ints, |value| low <= value && value <= high);
        near.filter(|row| wanted.contains(&ints[row as usize]))
    })
}

/// The integer that a number, or a truth value, is.
fn whole(value: &Literal) -> Option<i64> {
    match *value {
        Literal::Int(value) => Some(value),
        Literal::Bool(value) => Some(i64::from(value)),
        Literal::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Some(value as i64),
        _ => None,
    }
}

/// [`compare`] for kinds that are known to fit.
fn compare_known(
    column: &ArrayRef,
    kind: Kind,
    comparison: Comparison,
    value: &Literal,
    rows: &Set,
) -> Result<Set> {
    let number = match *value {
        Literal::Bool(value) => Some(Number::Int(i64::from(value))),
        Literal::Int(value) => Some(Number::Int(value)),
        Literal::Float(value) => Some(Number::Float(value)),
        _ => None,
    };
    let hits = match (kind, number, value) {
        // Nothing equals null, and what equals nothing is not unequal to it either.
        (_, _, Literal::Null) => return Ok(Set::empty(rows.len())),
        (Kind::Ints, Some(Number::Int(to)), _) => {
            ints_in(column, Range::of(comparison, to.into(), 1), rows)
        }
        (Kind::Ints, Some(Number::Float(to)), _) => {
            with_ints!(column, |ints: &[Int]| {
                floats_with(ints, |int: Int| int as f64, comparison, to, rows)
            })
        }
        (Kind::Floats, Some(to), _) => {
            let to = to.as_float();
            match column.data_type() {
                DataType::Float32 => {
                    let floats = column.as_primitive::<arrow::datatypes::Float32Type>().values();
                    floats_with(floats, f64::from, comparison, to, rows)
                }
                _ => floats_with(floats(column)?.values(), |float| float, comparison, to, rows),
            }
        }
        (Kind::Bools, Some(to), _) => {
            let passes = |value: f64| {
                floats_with(&[value], |float| float, comparison, to.as_float(), &Set::full(1))
                    .is_full()
            };
            let yes = Set::of_mask(column.as_boolean().values());
            match (passes(1.0), passes(0.0)) {
                (true, true) => rows.clone(),
                (true, false) => rows & &yes,
                (false, true) => rows.without(&yes),
                (false, false) => Set::empty(rows.len()),
            }
        }
        (Kind::Texts, None, Literal::Text(to)) => text::compare(column, comparison, to, rows),
        (Kind::Moments(scale, zone), None, _) => {
            let range = |to: Moment| Range::of(comparison, to, scale);
            match value {
                Literal::Moment(to) => ints_in(column, range(*to), rows),
                Literal::Text(text) => match temporal::moment(text, "UTC") {
                    Some(to) => ints_in(column, range(to), rows),
                    None => without_order(comparison, rows),
                },
                Literal::Date(day) => {
                    let day = Moment::from(*day);
                    ordered(column, comparison, rows, |unit| {
                        zone.local(unit * scale).div_euclid(DAY).cmp(&day)
                    })
                }
                Literal::Time(to) => {
                    let to = Moment::from(*to);
                    ordered(column, comparison, rows, |unit| {
                        zone.local(unit * scale).rem_euclid(DAY).cmp(&to)
                    })
                }
                _ => without_order(comparison, rows),
            }
        }
        _ => without_order(comparison, rows),
    };
    present(column, &hits)
}

/// What values that have no order compare as: unequal.
fn without_order(comparison: Comparison, rows: &Set) -> Set {
    match comparison {
        Comparison::Ne => rows.clone(),
        _ => Set::empty(rows.len()),
    }
}

/// The rows of a column of times whose units since 1970 have an `order` that is asked for.
fn ordered(
    column: &ArrayRef,
    comparison: Comparison,
    rows: &Set,
    order: impl Fn(Moment) -> Ordering + Sync,
) -> Set {
    let is = |unit: Moment| comparison.accepts(order(unit));
    units(column, |units| rows.filter(|row| is(units[row as usize].into())))
}

/// The rows whose value, as a float, compares with `to` as asked; only the sight of NaN is not.
fn floats_with<T: Copy + Sync>(
    values: &[T],
    float: impl Fn(T) -> f64 + Sync,
    comparison: Comparison,
    to: f64,
    rows: &Set,
) -> Set {
    match comparison {
        Comparison::Gt => rows.filter_values(values, |value| float(value) > to),
        Comparison::Lt => rows.filter_values(values, |value| float(value) < to),
        Comparison::Ge => rows.filter_values(values, |value| float(value) >= to),
        Comparison::Le => rows.filter_values(values, |value| float(value) <= to),
        Comparison::Eq => rows.filter_values(values, |value| float(value) == to),
        Comparison::Ne => rows.filter_values(values, |value| float(value) != to),
    }
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn as_float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// What clocks of its zone show at the times of a column, in nanoseconds since 1970; absent for
/// columns of other types.
pub(super) fn local_moments(column: &ArrayRef) -> Option<Vec<Moment>> {
    let Kind::Moments(scale, zone) = Kind::of(column.data_type()) else { return None };
    let local = |unit: i64| zone.local(Moment::from(unit) * scale);
    Some(units(column, |units| units.iter().map(|&unit| local(unit)).collect()))
}
