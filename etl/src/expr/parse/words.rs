//! What single words and constants of SQL stand for.

use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::ast::{self, BinaryOperator, DateTimeField};

use crate::expr::functions::Function;
use crate::expr::{Binary, ExpressionError, Literal, Place, Problem};

pub(super) fn number(text: &str) -> Option<Literal> {
    let text = text.replace('_', "");
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let value: i128 = text.parse().ok()?;
        return (value <= i128::from(u64::MAX)).then_some(Literal::Integer(value));
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Literal::Float(value))
}

/// `pattern` with the backslash in the place of `escape`.
pub(super) fn with_backslashes(pattern: &str, escape: char) -> String {
    if escape == '\\' {
        return pattern.to_owned();
    }
    let mut written = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == escape {
            written.push('\\');
            written.extend(characters.next());
        } else {
            if character == '\\' {
                written.push('\\');
            }
            written.push(character);
        }
    }
    written
}

pub(super) fn binary_operator(operator: &BinaryOperator) -> Option<Binary> {
    Some(match operator {
        BinaryOperator::Or => Binary::Or,
        BinaryOperator::And => Binary::And,
        BinaryOperator::Eq => Binary::Equal,
        BinaryOperator::NotEq => Binary::NotEqual,
        BinaryOperator::Lt => Binary::Less,
        BinaryOperator::LtEq => Binary::LessEqual,
        BinaryOperator::Gt => Binary::Greater,
        BinaryOperator::GtEq => Binary::GreaterEqual,
        BinaryOperator::Plus => Binary::Add,
        BinaryOperator::Minus => Binary::Subtract,
        BinaryOperator::Multiply => Binary::Multiply,
        BinaryOperator::Divide => Binary::Divide,
        BinaryOperator::Modulo => Binary::Remainder,
        BinaryOperator::StringConcat => Binary::Concat,
        _ => return None,
    })
}

pub(super) fn extracted(field: &DateTimeField) -> Option<Function> {
    Some(match field {
        DateTimeField::Year | DateTimeField::Years => Function::Year,
        DateTimeField::Quarter => Function::Quarter,
        DateTimeField::Month | DateTimeField::Months => Function::Month,
        DateTimeField::Week(None) | DateTimeField::Weeks | DateTimeField::IsoWeek => Function::Week,
        DateTimeField::Day | DateTimeField::Days => Function::Day,
        DateTimeField::Doy | DateTimeField::DayOfYear => Function::DayOfYear,
        DateTimeField::Isodow => Function::Weekday,
        DateTimeField::Hour | DateTimeField::Hours => Function::Hour,
        DateTimeField::Minute | DateTimeField::Minutes => Function::Minute,
        DateTimeField::Second | DateTimeField::Seconds => Function::Second,
        DateTimeField::Epoch => Function::Epoch,
        _ => return None,
    })
}

pub(super) fn cast_type(named: &ast::DataType) -> Option<DataType> {
    use ast::DataType as Sql;
    Some(match named {
        Sql::Boolean | Sql::Bool => DataType::Boolean,
        Sql::TinyInt(None) => DataType::Int8,
        Sql::SmallInt(None) | Sql::Int2(None) | Sql::Int16 => DataType::Int16,
        Sql::Int(None) | Sql::Integer(None) | Sql::Int4(None) | Sql::Int32 => DataType::Int32,
        Sql::BigInt(None) | Sql::Int8(None) | Sql::Int64 => DataType::Int64,
        Sql::UTinyInt | Sql::TinyIntUnsigned(None) | Sql::UInt8 => DataType::UInt8,
        Sql::USmallInt | Sql::SmallIntUnsigned(None) | Sql::UInt16 => DataType::UInt16,
        Sql::IntUnsigned(None) | Sql::IntegerUnsigned(None) | Sql::UInt32 => DataType::UInt32,
        Sql::UBigInt | Sql::BigIntUnsigned(None) | Sql::UInt64 => DataType::UInt64,
        Sql::Real | Sql::Float4 | Sql::Float32 => DataType::Float32,
        Sql::Float(ast::ExactNumberInfo::None)
        | Sql::Double(ast::ExactNumberInfo::None)
        | Sql::DoublePrecision
        | Sql::Float8
        | Sql::Float64 => DataType::Float64,
        Sql::Text | Sql::String(None) | Sql::Varchar(None) | Sql::CharacterVarying(None) => {
            DataType::Utf8View
        }
        Sql::Date | Sql::Date32 => DataType::Date32,
        Sql::Time(None, _) => DataType::Time64(TimeUnit::Nanosecond),
        Sql::Timestamp(None, ast::TimezoneInfo::None | ast::TimezoneInfo::WithoutTimeZone)
        | Sql::Datetime(None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        Sql::Timestamp(None, ast::TimezoneInfo::WithTimeZone | ast::TimezoneInfo::Tz) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        Sql::Custom(name, arguments) if arguments.is_empty() => {
            match name.to_string().to_ascii_lowercase().as_str() {
                "usmallint" => DataType::UInt16,
                "uinteger" | "uint" => DataType::UInt32,
                "ubigint" => DataType::UInt64,
                "utinyint" => DataType::UInt8,
                "string" => DataType::Utf8View,
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Refuses what the `regex` crate cannot compile.
pub(crate) fn check_regex(pattern: &str, place: Place) -> Result<(), ExpressionError> {
    match regex::Regex::new(pattern) {
        Ok(_) => Ok(()),
        Err(error) => {
            // The last line says what is wrong; those before it draw an arrow.
            let reason = error.to_string();
            let reason =
                reason.lines().last().unwrap_or_default().trim_start_matches("error: ").into();
            Err(ExpressionError::new(
                place,
                Problem::BadPattern { pattern: pattern.into(), reason },
            ))
        }
    }
}
