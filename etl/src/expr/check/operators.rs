//! What operators take, and what they give.

use arrow::datatypes::DataType;
use graph_core::type_name;

use super::types::{condition, fits_in, is_day, is_text, is_time, number_type, text, wrong_type};
use super::{Checked, MICROS, Resolved};
use crate::error::nearest;
use crate::expr::{Binary, Expr, ExpressionError, Interval, Kind, Literal, Place, Problem, time};

pub(super) fn field(operand: Resolved, name: &str, place: Place) -> Checked {
    let DataType::Struct(fields) = &operand.data_type else {
        return Err(wrong_type("what has the field", &operand, "a struct"));
    };
    let Some((_, found)) = fields.find(name) else {
        let nearest = nearest(name, fields.iter().map(|field| field.name().as_str()));
        return Err(ExpressionError::new(
            place,
            Problem::UnknownColumn { name: name.into(), nearest },
        ));
    };
    let data_type = found.data_type().clone();
    Ok(Resolved {
        expr: Expr { kind: Kind::Field(operand.boxed(), name.to_owned()), place },
        data_type,
    })
}

pub(super) fn binary(left: Resolved, operator: Binary, right: Resolved, place: Place) -> Checked {
    let symbol = operator.symbol();
    let (left, right, data_type) = match operator {
        Binary::And | Binary::Or => {
            for side in [&left, &right] {
                condition(&format!("an operand of {symbol}"), side)?;
            }
            (left, right, DataType::Boolean)
        }
        Binary::Equal
        | Binary::NotEqual
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::Same => {
            let (left, right) = comparable(left, operator, right, place)?;
            (left, right, DataType::Boolean)
        }
        Binary::Concat => {
            let left = text("an operand of ||", left)?;
            (left, text("an operand of ||", right)?, DataType::Utf8View)
        }
        Binary::Add | Binary::Subtract if is_time(&left.data_type) || is_time(&right.data_type) => {
            return time_arithmetic(left, operator, right, place);
        }
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => {
            if matches!(operator, Binary::Divide | Binary::Remainder)
                && matches!(&right.expr.kind, Kind::Literal(literal) if literal.is_zero())
            {
                return Err(ExpressionError::new(
                    right.expr.place.or(place),
                    Problem::DivisionByZero,
                ));
            }
            let what = format!("an operand of {symbol}");
            let (left, right, common) = numbers(&what, left, right)?;
            let common = match (operator, &common) {
                (Binary::Divide, DataType::Int64) => DataType::Float64,
                _ => common,
            };
            (left.to(&common), right.to(&common), common)
        }
    };
    let kind = Kind::Binary(left.boxed(), operator, right.boxed());
    Ok(Resolved { expr: Expr { kind, place }, data_type })
}

/// Both operands and the type that they are computed in; constants follow the other side.
fn numbers(what: &str, left: Resolved, right: Resolved) -> Checked<(Resolved, Resolved, DataType)> {
    let of = |side: &Resolved| number_type(what, &side.data_type, side.expr.place);
    let (l, r) = (of(&left)?, of(&right)?);
    let common = match (&l, &r) {
        (DataType::Int64, DataType::Int64) => DataType::Int64,
        (DataType::Float32, DataType::Float32) => DataType::Float32,
        (DataType::Float32, _) if right.is_literal() => DataType::Float32,
        (_, DataType::Float32) if left.is_literal() => DataType::Float32,
        _ => DataType::Float64,
    };
    Ok((left, right, common))
}

/// Both operands as types that can be compared.
pub(super) fn comparable(
    left: Resolved,
    operator: Binary,
    right: Resolved,
    place: Place,
) -> Checked<(Resolved, Resolved)> {
    let (l, r) = (left.data_type.clone(), right.data_type.clone());
    if l.is_null() || r.is_null() {
        return Ok((left, right));
    }
    if l.is_numeric() && r.is_numeric() {
        if l.is_integer() && r.is_integer() {
            return Ok(same_integers(left, right));
        }
        let (left, right, common) = numbers("an operand of a comparison", left, right)?;
        return Ok((left.to(&common), right.to(&common)));
    }
    if is_text(&l) && is_text(&r) {
        // Codes of categories tell equality from constants, but no order.
        let equality = matches!(operator, Binary::Equal | Binary::NotEqual | Binary::Same);
        let as_text = |side: Resolved, other_is_constant: bool| match &side.data_type {
            DataType::Dictionary(..) if !(equality && other_is_constant) => {
                side.to(&DataType::Utf8View)
            }
            _ => side,
        };
        let (left_constant, right_constant) = (left.is_literal(), right.is_literal());
        return Ok((as_text(left, right_constant), as_text(right, left_constant)));
    }
    if is_time(&l) && is_text(&r) {
        let right = time_constant(&right, &l)?;
        return comparable(left, operator, right, place);
    }
    if is_text(&l) && is_time(&r) {
        let left = time_constant(&left, &r)?;
        return comparable(left, operator, right, place);
    }
    if is_day(&l) && is_day(&r) {
        if l == r {
            return Ok((left, right));
        }
        // Zones make no difference to when something was.
        let common = DataType::Timestamp(MICROS, None);
        return Ok((left.to(&common), right.to(&common)));
    }
    let same_kind = match (&l, &r) {
        (DataType::Boolean, DataType::Boolean)
        | (DataType::Time32(_) | DataType::Time64(_), DataType::Time32(_) | DataType::Time64(_)) => {
            true
        }
        (DataType::Duration(_), DataType::Duration(_)) => {
            for side in [&left, &right] {
                fixed_length(side)?;
            }
            true
        }
        (
            DataType::BinaryView | DataType::Binary | DataType::LargeBinary,
            DataType::BinaryView | DataType::Binary | DataType::LargeBinary,
        ) => true,
        _ => false,
    };
    if same_kind {
        return Ok((left, right));
    }
    let what = format!("the right side of {}", operator.symbol());
    let mut error = wrong_type(&what, &right, &format!("{}, as the left side", type_name(&l)));
    error.place = error.place.or(place);
    Err(error)
}

/// Integers as a type that holds both; unsigned ones of 64 bits stay exact beside constants.
fn same_integers(left: Resolved, right: Resolved) -> (Resolved, Resolved) {
    let (l, r) = (&left.data_type, &right.data_type);
    if l == r {
        return (left, right);
    }
    let fits = |literal: &Resolved, data_type: &DataType| match &literal.expr.kind {
        Kind::Literal(Literal::Integer(value)) => fits_in(*value, data_type),
        _ => false,
    };
    if fits(&right, l) {
        let to = l.clone();
        return (left, right.to(&to));
    }
    if fits(&left, r) {
        let to = r.clone();
        return (left.to(&to), right);
    }
    let wide = |data_type: &DataType| *data_type == DataType::UInt64;
    // A constant outside of the other side's range is as far outside as a float.
    let common = match wide(l) || wide(r) {
        true if l.is_unsigned_integer() && r.is_unsigned_integer() => DataType::UInt64,
        true => DataType::Float64,
        false => DataType::Int64,
    };
    (left.to(&common), right.to(&common))
}

/// A text constant as the time that `like` is.
pub(super) fn time_constant(side: &Resolved, like: &DataType) -> Checked {
    let place = side.expr.place;
    let Kind::Literal(Literal::Text(text)) = &side.expr.kind else {
        let expected = "converted with CAST to be compared with a time";
        return Err(wrong_type("the text", side, expected));
    };
    let timestamp =
        || time::timestamp(text).map(|(micros, utc)| Literal::Timestamp { micros, utc });
    let (literal, expected) = match like {
        DataType::Date32 | DataType::Date64 => {
            (time::date(text).map(Literal::Date).or_else(timestamp), "a date such as 2026-11-21")
        }
        DataType::Timestamp(..) => (timestamp(), "a timestamp such as 2026-11-21 12:30:00"),
        DataType::Duration(_) => {
            (Interval::read(text).map(Literal::Interval), "a length of time such as 3 hours")
        }
        _ => (time::time(text).map(Literal::Time), "a time such as 12:30:00"),
    };
    let literal = literal.ok_or_else(|| {
        let problem = Problem::BadConstant { text: text.as_str().into(), expected };
        ExpressionError::new(place, problem)
    })?;
    let data_type = literal.data_type();
    Ok(Resolved { expr: Expr { kind: Kind::Literal(literal), place }, data_type })
}

/// Refuses months where only a length of time has a meaning.
pub(super) fn fixed_length(side: &Resolved) -> Checked<()> {
    match &side.expr.kind {
        Kind::Literal(Literal::Interval(interval)) if interval.months != 0 => {
            Err(wrong_type("an interval with months", side, "added to a date or timestamp"))
        }
        _ => Ok(()),
    }
}

fn time_arithmetic(left: Resolved, operator: Binary, right: Resolved, place: Place) -> Checked {
    let (left, right) = match operator {
        // `interval + time` is `time + interval`.
        Binary::Add if !is_day(&left.data_type) && is_day(&right.data_type) => (right, left),
        _ => (left, right),
    };
    let l = left.data_type.clone();
    let (left, right, data_type) = match (&l, &right.data_type) {
        (_, DataType::Null) => (left, right, l),
        (l, r) if is_day(l) && is_day(r) && operator == Binary::Subtract => {
            let common = DataType::Timestamp(MICROS, None);
            (left.to(&common), right.to(&common), DataType::Duration(MICROS))
        }
        (l, DataType::Duration(_)) if is_day(l) => {
            let whole_days = matches!(
                &right.expr.kind,
                Kind::Literal(Literal::Interval(interval)) if interval.micros == 0
            );
            let to = match l {
                DataType::Date32 | DataType::Date64 if !whole_days => {
                    DataType::Timestamp(MICROS, None)
                }
                other => other.clone(),
            };
            (left.to(&to), right, to)
        }
        (DataType::Duration(_), DataType::Duration(_)) => {
            for side in [&left, &right] {
                fixed_length(side)?;
            }
            (left, right, DataType::Duration(MICROS))
        }
        _ => {
            let what = format!("the right side of {} after {}", operator.symbol(), type_name(&l));
            let mut error = wrong_type(&what, &right, "an interval, or for - a date or timestamp");
            error.place = error.place.or(place);
            return Err(error);
        }
    };
    let kind = Kind::Binary(left.boxed(), operator, right.boxed());
    Ok(Resolved { expr: Expr { kind, place }, data_type })
}
