//! Comparisons of columns with values, by the rules of pandas.

use std::cmp::Ordering;
use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};

use super::super::query::{Comparison, Literal};
use super::super::set::Set;
use super::super::temporal::{self, DAY, Moment, Zone};
use super::{Asked, nulls};
use crate::{Error, Result};

const UTC: Zone = Zone::Fixed(0);

/// The values of a column, in the widest type of their kind.
pub(super) enum Values {
    Ints(ArrayRef),
    Unsigned(ArrayRef),
    Floats(ArrayRef),
    Bools(ArrayRef),
    Texts(ArrayRef),
    /// Numbers of the unit given, in nanoseconds, since 1970, and the zone that days are of.
    Moments(ArrayRef, Moment, Zone),
    /// What only its nulls can be asked of.
    Other,
}

impl Values {
    pub(super) fn of(column: &ArrayRef) -> Result<Self> {
        let to = |data_type: &DataType| {
            cast(column, data_type).map_err(|error| Error::from(graph_core::Error::from(error)))
        };
        Ok(match column.data_type() {
            DataType::UInt64 => Self::Unsigned(to(&DataType::UInt64)?),
            kind if kind.is_integer() => Self::Ints(to(&DataType::Int64)?),
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Self::Floats(to(&DataType::Float64)?),
            kind if kind.is_floating() => Self::Floats(to(&DataType::Float64)?),
            DataType::Boolean => Self::Bools(to(&DataType::Boolean)?),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Texts(to(&DataType::Utf8View)?)
            }
            DataType::Timestamp(unit, zone) => {
                let scale = match unit {
                    TimeUnit::Second => 1_000_000_000,
                    TimeUnit::Millisecond => 1_000_000,
                    TimeUnit::Microsecond => 1_000,
                    TimeUnit::Nanosecond => 1,
                };
                let zone = zone.as_deref().and_then(Zone::of).unwrap_or(UTC);
                Self::Moments(to(&DataType::Int64)?, scale, zone)
            }
            DataType::Date32 => Self::Moments(
                cast(&to(&DataType::Int32)?, &DataType::Int64).map_err(graph_core::Error::from)?,
                DAY,
                UTC,
            ),
            DataType::Date64 => Self::Moments(to(&DataType::Int64)?, 1_000_000, UTC),
            _ => Self::Other,
        })
    }
}

/// Equality as plain values in filters have it, which insists on fitting types.
pub(super) fn is(column: &ArrayRef, value: &Literal, rows: &Set, at: Asked) -> Result<Set> {
    match (Values::of(column)?, value) {
        (Values::Ints(_) | Values::Unsigned(_) | Values::Floats(_), Literal::Text(_)) => {
            Err(at.wrong_type(column, "equality with a text"))
        }
        (Values::Texts(_), Literal::Int(_) | Literal::Float(_)) => {
            Err(at.wrong_type(column, "equality with a number"))
        }
        (Values::Moments(..), Literal::Text(text)) if temporal::moment(text, "UTC").is_none() => {
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
    let test = |order: Option<Ordering>| match comparison {
        Comparison::Gt => order == Some(Ordering::Greater),
        Comparison::Lt => order == Some(Ordering::Less),
        Comparison::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Eq => order == Some(Ordering::Equal),
        Comparison::Ne => order != Some(Ordering::Equal),
    };
    let values = Values::of(column)?;
    let is_order = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    if matches!(values, Values::Moments(..)) && matches!(value, Literal::Int(_) | Literal::Float(_))
    {
        return Err(at.wrong_type(column, "comparison with a plain number"));
    }
    let timeless = matches!(value, Literal::Moment(_) | Literal::Date(_) | Literal::Time(_))
        && !matches!(values, Values::Moments(..));
    if timeless {
        return Err(at.wrong_type(column, "comparison with a time"));
    }
    // A truth value is a number to equality, but has no order with one.
    if is_order
        && matches!(values, Values::Bools(_))
        && matches!(value, Literal::Int(_) | Literal::Float(_))
    {
        return Ok(Set::empty(rows.len()));
    }
    if let (true, Values::Moments(..), Literal::Text(text)) = (is_order, &values, value)
        && temporal::moment(text, "UTC").is_none()
    {
        return Err(at.wrong_type(column, "order with a text that is no time"));
    }
    order_with(column, &values, value, rows, test)
}

pub(super) fn between(
    column: &ArrayRef,
    (low, high): (&Literal, &Literal),
    inclusive: bool,
    rows: &Set,
    at: Asked,
) -> Result<Set> {
    if matches!(Values::of(column)?, Values::Texts(_)) {
        return Err(at.wrong_type(column, "being between numbers or times"));
    }
    let (above, below) = match inclusive {
        true => (Comparison::Ge, Comparison::Le),
        false => (Comparison::Gt, Comparison::Lt),
    };
    let low = compare(column, above, low, rows, at)?;
    Ok(&low & &compare(column, below, high, rows, at)?)
}

/// The rows whose value is one of `values`, and those without one if null is.
pub(super) fn among(column: &ArrayRef, values: &[Literal], rows: &Set) -> Result<Set> {
    let kind = Values::of(column)?;
    let mut hits = match values.contains(&Literal::Null) {
        true => &nulls(column)? & rows,
        false => Set::empty(rows.len()),
    };
    match &kind {
        Values::Texts(array) => {
            let texts = array.as_string_view();
            let wanted: HashSet<&str> = values
                .iter()
                .filter_map(|value| match value {
                    Literal::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            hits |= &rows.filter(|row| {
                let row = row as usize;
                texts.is_valid(row) && wanted.contains(texts.value(row))
            });
        }
        Values::Ints(array) => {
            let ints = array.as_primitive::<Int64Type>();
            let wanted: HashSet<i64> = values.iter().filter_map(whole).collect();
            hits |= &rows.filter(|row| {
                let row = row as usize;
                ints.is_valid(row) && wanted.contains(&ints.value(row))
            });
        }
        _ => {
            for value in values {
                hits |= &order_with(column, &kind, value, rows, |order| {
                    order == Some(Ordering::Equal)
                })?;
            }
        }
    }
    Ok(hits)
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

/// The rows whose value `test` accepts, given how it compares with `value`; nulls are not asked.
fn order_with(
    column: &ArrayRef,
    values: &Values,
    value: &Literal,
    rows: &Set,
    test: impl Fn(Option<Ordering>) -> bool + Sync,
) -> Result<Set> {
    let nulls = nulls(column)?;
    let ask = |order: &(dyn Fn(usize) -> Option<Ordering> + Sync)| {
        rows.filter(|row| !nulls.contains(row) && test(order(row as usize)))
    };
    let number = match *value {
        Literal::Bool(value) => Some(Number::Int(i64::from(value))),
        Literal::Int(value) => Some(Number::Int(value)),
        Literal::Float(value) => Some(Number::Float(value)),
        _ => None,
    };
    Ok(match (values, number, value) {
        (Values::Ints(array), Some(Number::Int(to)), _) => {
            let ints = array.as_primitive::<Int64Type>().values();
            ask(&|row| Some(ints[row].cmp(&to)))
        }
        (Values::Ints(array), Some(Number::Float(to)), _) => {
            let ints = array.as_primitive::<Int64Type>().values();
            ask(&|row| (ints[row] as f64).partial_cmp(&to))
        }
        (Values::Unsigned(array), Some(Number::Int(to)), _) => {
            let ints = array.as_primitive::<UInt64Type>().values();
            ask(&|row| Some(i128::from(ints[row]).cmp(&i128::from(to))))
        }
        (Values::Unsigned(array), Some(Number::Float(to)), _) => {
            let ints = array.as_primitive::<UInt64Type>().values();
            ask(&|row| (ints[row] as f64).partial_cmp(&to))
        }
        (Values::Floats(array), Some(to), _) => {
            let floats = array.as_primitive::<Float64Type>().values();
            let to = to.as_float();
            ask(&|row| floats[row].partial_cmp(&to))
        }
        (Values::Bools(array), Some(to), _) => {
            let bools = array.as_boolean();
            let to = to.as_float();
            ask(&|row| f64::from(u8::from(bools.value(row))).partial_cmp(&to))
        }
        (Values::Texts(array), None, Literal::Text(to)) => {
            let texts = array.as_string_view();
            ask(&|row| Some(texts.value(row).cmp(to)))
        }
        (Values::Moments(array, scale, zone), None, _) => {
            let units = array.as_primitive::<Int64Type>().values();
            let moment = |row: usize| Moment::from(units[row]) * scale;
            match value {
                Literal::Moment(to) => ask(&|row| Some(moment(row).cmp(to))),
                Literal::Date(day) => {
                    let day = Moment::from(*day);
                    ask(&|row| Some(zone.local(moment(row)).div_euclid(DAY).cmp(&day)))
                }
                Literal::Time(to) => {
                    let to = Moment::from(*to);
                    ask(&|row| Some(zone.local(moment(row)).rem_euclid(DAY).cmp(&to)))
                }
                Literal::Text(text) => match temporal::moment(text, "UTC") {
                    Some(to) => ask(&|row| Some(moment(row).cmp(&to))),
                    None => ask(&|_| None),
                },
                _ => ask(&|_| None),
            }
        }
        _ => match value {
            // Nothing equals null, and what equals nothing is not unequal to it either.
            Literal::Null => Set::empty(rows.len()),
            _ => ask(&|_| None),
        },
    })
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
pub(super) fn local_moments(column: &ArrayRef) -> Result<Option<Vec<Moment>>> {
    Ok(match Values::of(column)? {
        Values::Moments(array, scale, zone) => {
            let units = array.as_primitive::<Int64Type>().values();
            Some(units.iter().map(|&unit| zone.local(Moment::from(unit) * scale)).collect())
        }
        _ => None,
    })
}
