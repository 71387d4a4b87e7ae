//! Which types there are, and what they have in common.

use arrow::datatypes::DataType;
use graph_core::type_name;

use super::operators::time_constant;
use super::{Checked, MICROS, Resolved};
use crate::expr::{ExpressionError, Kind, Literal, Place, Problem};

pub(crate) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

pub(super) fn is_day(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

pub(super) fn is_time(data_type: &DataType) -> bool {
    is_day(data_type)
        || matches!(data_type, DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_))
}

/// Whether a moment has another value of this type in each zone.
pub(super) fn is_of_clocks(data_type: &DataType) -> bool {
    is_time(data_type)
        && !matches!(data_type, DataType::Timestamp(_, Some(_)) | DataType::Duration(_))
}

pub(super) fn wrong_type(what: &str, found: &Resolved, expected: &str) -> ExpressionError {
    let problem = Problem::WrongType {
        what: what.into(),
        found: type_name(&found.data_type).into(),
        expected: expected.into(),
    };
    ExpressionError::new(found.expr.place, problem)
}

pub(super) fn condition(what: &str, found: &Resolved) -> Checked<()> {
    match found.data_type {
        DataType::Boolean | DataType::Null => Ok(()),
        _ => Err(wrong_type(what, found, "true or false")),
    }
}

pub(super) fn text(what: &str, found: Resolved) -> Checked {
    match &found.data_type {
        DataType::Dictionary(_, values) if is_text(values) => Ok(found.to(&DataType::Utf8View)),
        other if is_text(other) || other.is_null() => Ok(found),
        _ => Err(wrong_type(what, &found, "text")),
    }
}

/// The type that a number is computed in alone.
pub(super) fn number_type(what: &str, found: &DataType, place: Place) -> Checked<DataType> {
    match found {
        DataType::Float32 => Ok(DataType::Float32),
        DataType::Float16 | DataType::Float64 => Ok(DataType::Float64),
        _ if found.is_integer() || found.is_null() => Ok(DataType::Int64),
        _ if found.is_decimal() => Ok(DataType::Float64),
        _ => Err(ExpressionError::new(
            place,
            Problem::WrongType {
                what: what.into(),
                found: type_name(found).into(),
                expected: "a number".into(),
            },
        )),
    }
}

pub(super) fn fits_in(value: i128, data_type: &DataType) -> bool {
    let (least, most): (i128, i128) = match data_type {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::Int64 => (i64::MIN.into(), i64::MAX.into()),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        DataType::UInt64 => (0, u64::MAX.into()),
        _ => return false,
    };
    (least..=most).contains(&value)
}

/// All `values` as one type, and that type.
pub(super) fn unified(what: &str, values: Vec<Resolved>) -> Checked<(Vec<Resolved>, DataType)> {
    let mut common = DataType::Null;
    let (constants, rest): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.is_literal());
    for value in rest {
        common = common_type(&common, &value.data_type).ok_or_else(|| {
            wrong_type(what, value, &format!("{}, as the others", type_name(&common)))
        })?;
    }
    for value in constants {
        let fits = match &value.expr.kind {
            Kind::Literal(Literal::Integer(number)) => {
                common.is_floating() || fits_in(*number, &common)
            }
            Kind::Literal(Literal::Float(_)) => common.is_floating(),
            Kind::Literal(Literal::Text(_)) => {
                is_time(&common) || matches!(common, DataType::Dictionary(..))
            }
            _ => false,
        };
        if !fits {
            common = common_type(&common, &value.data_type).ok_or_else(|| {
                wrong_type(what, value, &format!("{}, as the others", type_name(&common)))
            })?;
        }
    }
    if let DataType::Dictionary(..) = common {
        common = DataType::Utf8View;
    }
    let values = values
        .into_iter()
        .map(|value| match &value.expr.kind {
            Kind::Literal(Literal::Text(_)) if is_time(&common) => {
                time_constant(&value, &common).map(|value| value.to(&common))
            }
            _ => Ok(value.to(&common)),
        })
        .collect::<Checked<Vec<_>>>()?;
    Ok((values, common))
}

/// The type that values of both types can have.
fn common_type(left: &DataType, right: &DataType) -> Option<DataType> {
    Some(match (left, right) {
        _ if left == right => left.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (l, r) if l.is_integer() && r.is_integer() => {
            match l.is_unsigned_integer() && r.is_unsigned_integer() {
                true => DataType::UInt64,
                false => DataType::Int64,
            }
        }
        (l, r) if l.is_numeric() && r.is_numeric() => DataType::Float64,
        (l, r) if is_text(l) && is_text(r) => DataType::Utf8View,
        (DataType::Timestamp(_, a), DataType::Timestamp(_, b)) => {
            DataType::Timestamp(MICROS, if a == b { a.clone() } else { None })
        }
        (l, r) if is_day(l) && is_day(r) => DataType::Timestamp(MICROS, None),
        (DataType::Duration(_), DataType::Duration(_)) => DataType::Duration(MICROS),
        _ => return None,
    })
}

pub(super) fn check_cast(operand: &Resolved, to: &DataType) -> Checked<()> {
    let from = &operand.data_type;
    let possible = match from {
        _ if from == to || from.is_null() => true,
        _ if from.is_numeric() => to.is_numeric() || is_text(to) || matches!(to, DataType::Boolean),
        DataType::Boolean => to.is_numeric() || is_text(to),
        _ if is_text(from) => to.is_numeric() || is_text(to) || is_time(to),
        _ if is_day(from) => is_text(to) || is_day(to) || matches!(to, DataType::Time64(_)),
        DataType::Time32(_) | DataType::Time64(_) => is_text(to),
        DataType::Duration(_) => matches!(to, DataType::Int64),
        _ => false,
    };
    match possible {
        true => Ok(()),
        false => {
            Err(wrong_type("what is cast", operand, &format!("convertible to {}", type_name(to))))
        }
    }
}
