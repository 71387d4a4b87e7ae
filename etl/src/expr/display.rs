//! From an expression back to text.

use std::fmt::{Display, Formatter, Result};

use arrow::datatypes::DataType;
use sqlparser::keywords::ALL_KEYWORDS;

use super::functions::Aggregate;
use super::{Binary, Column, Element, Expr, Kind, Literal, Unary, time};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Kind::Column(column) => column.fmt(f),
            Kind::Field(operand, name) => {
                write!(f, "{operand}.{}", Column { element: None, name: name.clone() })
            }
            Kind::Literal(literal) => literal.fmt(f),
            Kind::Unary(Unary::Not, operand) => write!(f, "NOT {}", Inner(operand)),
            Kind::Unary(Unary::Negate, operand) => write!(f, "-({operand})"),
            Kind::Binary(left, operator, right) => {
                match &left.kind {
                    // Chains read from left to right.
                    Kind::Binary(_, same, _)
                        if same == operator && matches!(same, Binary::And | Binary::Or) =>
                    {
                        write!(f, "{left}")?;
                    }
                    _ => write!(f, "{}", Inner(left))?,
                }
                write!(f, " {} {}", operator.symbol(), Inner(right))
            }
            Kind::IsNull(operand) => write!(f, "{} IS NULL", Inner(operand)),
            // SQL has no empty lists; nothing is in one, not even null.
            Kind::In(_, list) if list.is_empty() => f.write_str("FALSE"),
            Kind::In(operand, list) => {
                write!(f, "{} IN (", Inner(operand))?;
                separated(f, list)?;
                f.write_str(")")
            }
            Kind::Like { operand, pattern, ignore_case } => {
                let word = if *ignore_case { "ILIKE" } else { "LIKE" };
                write!(f, "{} {word} {}", Inner(operand), Quoted(pattern))
            }
            Kind::Matches { operand, pattern } => {
                write!(f, "{} ~ {}", Inner(operand), Quoted(pattern))
            }
            Kind::Case { branches, otherwise } => {
                f.write_str("CASE")?;
                for (condition, value) in branches {
                    write!(f, " WHEN {condition} THEN {value}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
            Kind::Cast { operand, to, or_null } => {
                let word = if *or_null { "TRY_CAST" } else { "CAST" };
                write!(f, "{word}({operand} AS {})", cast_name(to))
            }
            Kind::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                separated(f, arguments)?;
                f.write_str(")")
            }
            Kind::Aggregate(aggregate, None) => write!(f, "{}(*)", aggregate.name()),
            Kind::Aggregate(Aggregate::Quantile(quantile), Some(argument)) => {
                write!(f, "quantile({argument}, {quantile:?})")
            }
            Kind::Aggregate(aggregate, Some(argument)) => {
                write!(f, "{}({argument})", aggregate.name())
            }
        }
    }
}

/// An operand, in parentheses where its own operators could be taken for those around it.
struct Inner<'a>(&'a Expr);

impl Display for Inner<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0.kind {
            Kind::Unary(..)
            | Kind::Binary(..)
            | Kind::IsNull(_)
            | Kind::In(..)
            | Kind::Like { .. }
            | Kind::Matches { .. } => write!(f, "({})", self.0),
            _ => self.0.fmt(f),
        }
    }
}

/// Text in single quotes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

fn separated(f: &mut Formatter<'_>, list: &[Expr]) -> Result {
    for (index, item) in list.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.element {
            Some(Element::Node) => f.write_str("point:")?,
            Some(Element::Edge) => f.write_str("edge:")?,
            None => {}
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_word = self.name.chars().all(plain)
            && self.name.starts_with(|c: char| !c.is_ascii_digit())
            && ALL_KEYWORDS.binary_search(&self.name.to_ascii_uppercase().as_str()).is_err();
        match is_word {
            true => f.write_str(&self.name),
            false => write!(f, "\"{}\"", self.name.replace('"', "\"\"")),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Date(days) => {
                f.write_str("DATE '")?;
                time::write_date(*days, f)?;
                f.write_str("'")
            }
            Self::Time(nanos) => {
                f.write_str("TIME '")?;
                time::write_time(*nanos, f)?;
                f.write_str("'")
            }
            Self::Timestamp { micros, utc } => {
                f.write_str("TIMESTAMP '")?;
                time::write_timestamp(*micros, *utc, f)?;
                f.write_str("'")
            }
            Self::Interval(interval) => write!(f, "INTERVAL '{interval}'"),
        }
    }
}

impl Binary {
    /// As SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Same => "IS NOT DISTINCT FROM",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Concat => "||",
        }
    }
}

/// How a cast of SQL names a type that it can make; of others, what they are called.
fn cast_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "UTINYINT",
        DataType::UInt16 => "USMALLINT",
        DataType::UInt32 => "UINTEGER",
        DataType::UInt64 => "UBIGINT",
        DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => "TEXT",
        DataType::Date32 => "DATE",
        DataType::Time64(_) | DataType::Time32(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        other => return graph_core::type_name(other),
    }
    .to_owned()
}
