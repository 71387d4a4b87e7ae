//! What types an expression has over the columns that there are, before any row is looked at.

use arrow::datatypes::{DataType, FieldRef, Schema, TimeUnit};

use super::display::type_name;
use super::functions::{Aggregate, Function, Gives, Takes};
use super::parse::check_regex;
use super::{
    Binary, Column, Expr, ExpressionError, Interval, Kind, Literal, Place, Problem, Unary, time,
};
use crate::error::nearest;

/// An expression that can be computed over the columns that it was checked against.
///
/// All conversions are explicit in it: columns exist, operands of arithmetic have the type of the
/// result, and text that stands for a time is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The expression.
    pub expr: Expr,
    /// The type of its values; [`DataType::Null`] if they can only be null.
    pub data_type: DataType,
}

type Checked<T = Resolved> = Result<T, ExpressionError>;

const MICROS: TimeUnit = TimeUnit::Microsecond;

impl Expr {
    /// Checks the expression, of values of one row, against the columns of `schema`.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`], with the place, for what does not exist or does not fit.
    pub fn resolve(&self, schema: &Schema) -> Checked {
        Checker { schema, keys: None }.check(self)
    }

    /// Checks the expression, of a group of rows that agree on `keys`, against `schema`.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`], also for columns outside of aggregates that are not in `keys`.
    pub fn resolve_group(&self, schema: &Schema, keys: &[&str]) -> Checked {
        Checker { schema, keys: Some(keys) }.check(self)
    }

    /// Checks the expression and that it is true, false or null.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), and if it is something else.
    pub fn resolve_condition(&self, schema: &Schema) -> Checked {
        let resolved = self.resolve(schema)?;
        condition("the condition", &resolved)?;
        Ok(resolved)
    }
}

struct Checker<'a> {
    schema: &'a Schema,
    /// The columns that a group has one value of; `None` where there are no groups.
    keys: Option<&'a [&'a str]>,
}

impl Checker<'_> {
    fn check(&self, expr: &Expr) -> Checked {
        let place = expr.place;
        let (kind, data_type) = match &expr.kind {
            Kind::Column(column) => return self.column(column, place),
            Kind::Field(operand, name) => {
                let operand = self.check(operand)?;
                return field(operand, name, place);
            }
            Kind::Literal(literal) => (Kind::Literal(literal.clone()), literal.data_type()),
            Kind::Unary(Unary::Not, operand) => {
                let operand = self.check(operand)?;
                condition("the operand of NOT", &operand)?;
                (Kind::Unary(Unary::Not, operand.boxed()), DataType::Boolean)
            }
            Kind::Unary(Unary::Negate, operand) => {
                let operand = self.check(operand)?;
                let to = match &operand.data_type {
                    DataType::Duration(unit) => DataType::Duration(*unit),
                    other => number_type("the operand of -", other, place)?,
                };
                (Kind::Unary(Unary::Negate, operand.to(&to).boxed()), to)
            }
            Kind::Binary(left, operator, right) => {
                return binary(self.check(left)?, *operator, self.check(right)?, place);
            }
            Kind::IsNull(operand) => {
                (Kind::IsNull(self.check(operand)?.boxed()), DataType::Boolean)
            }
            Kind::In(operand, list) => return self.is_in(operand, list, place),
            Kind::Like { operand, pattern, ignore_case } => {
                let operand = text("the operand of LIKE", self.check(operand)?)?.boxed();
                let (pattern, ignore_case) = (pattern.clone(), *ignore_case);
                (Kind::Like { operand, pattern, ignore_case }, DataType::Boolean)
            }
            Kind::Matches { operand, pattern } => {
                let operand = text("the operand of ~", self.check(operand)?)?.boxed();
                check_regex(pattern, place)?;
                (Kind::Matches { operand, pattern: pattern.clone() }, DataType::Boolean)
            }
            Kind::Case { branches, otherwise } => {
                return self.case(branches, otherwise.as_deref(), place);
            }
            Kind::Cast { operand, to, or_null } => {
                let operand = self.check(operand)?;
                check_cast(&operand, to)?;
                let operand = match &operand.data_type {
                    DataType::Dictionary(..) => operand.to(&DataType::Utf8View),
                    _ => operand,
                };
                (
                    Kind::Cast { operand: operand.boxed(), to: to.clone(), or_null: *or_null },
                    to.clone(),
                )
            }
            Kind::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.check(argument))
                    .collect::<Checked<Vec<_>>>()?;
                return call(*function, arguments, place);
            }
            Kind::Aggregate(aggregate, argument) => {
                return self.aggregate(*aggregate, argument.as_deref(), place);
            }
        };
        Ok(Resolved { expr: Expr { kind, place }, data_type })
    }

    fn column(&self, column: &Column, place: Place) -> Checked {
        let found = self.schema.column_with_name(&column.name).map(|(_, field)| field);
        if let Some(found) = found {
            if self.keys.is_some_and(|keys| !keys.contains(&column.name.as_str())) {
                return Err(ExpressionError::new(
                    place,
                    Problem::NotGrouped(column.name.as_str().into()),
                ));
            }
            let column = Column { element: None, name: column.name.clone() };
            let expr = Expr { kind: Kind::Column(column), place };
            return Ok(Resolved { expr, data_type: found.data_type().clone() });
        }
        // `a.b` may be field `b` of column `a`.
        if let Some((outer, name)) = column.name.rsplit_once('.')
            && let Ok(outer) = self.column(&Column { element: None, name: outer.to_owned() }, place)
            && matches!(outer.data_type, DataType::Struct(_))
        {
            return field(outer, name, place);
        }
        let names = self.schema.fields().iter().map(|field| field.name().as_str());
        let nearest = nearest(&column.name, names);
        Err(ExpressionError::new(
            place,
            Problem::UnknownColumn { name: column.name.as_str().into(), nearest },
        ))
    }

    fn is_in(&self, operand: &Expr, list: &[Expr], place: Place) -> Checked {
        let mut operand = self.check(operand)?;
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            let item = self.check(item)?;
            let at = item.expr.place;
            // Each is compared with the operand, by the same rules as `=`.
            let (left, right) = comparable(operand.clone(), Binary::Equal, item, at)?;
            operand = left;
            items.push(right);
        }
        // Conversions of the operand for one item hold for those before it too.
        let to = operand.data_type.clone();
        let items = items.into_iter().map(|item| item.to(&to).expr).collect();
        let expr = Expr { kind: Kind::In(operand.boxed(), items), place };
        Ok(Resolved { expr, data_type: DataType::Boolean })
    }

    fn case(&self, branches: &[(Expr, Expr)], otherwise: Option<&Expr>, place: Place) -> Checked {
        let mut conditions = Vec::with_capacity(branches.len());
        let mut values = Vec::with_capacity(branches.len() + 1);
        for (when, then) in branches {
            let when = self.check(when)?;
            condition("the condition of CASE", &when)?;
            conditions.push(when.expr);
            values.push(self.check(then)?);
        }
        if let Some(otherwise) = otherwise {
            values.push(self.check(otherwise)?);
        }
        let (mut values, data_type) = unified("the results of CASE", values)?;
        let otherwise = otherwise.and_then(|_| values.pop()).map(|value| value.boxed());
        let values = values.into_iter().map(|value| value.expr);
        let branches = conditions.into_iter().zip(values).collect();
        Ok(Resolved { expr: Expr { kind: Kind::Case { branches, otherwise }, place }, data_type })
    }

    fn aggregate(&self, aggregate: Aggregate, argument: Option<&Expr>, place: Place) -> Checked {
        let misplaced = |at| {
            let problem = Problem::MisplacedAggregate { aggregate: aggregate.name(), place: at };
            ExpressionError::new(place, problem)
        };
        if self.keys.is_none() {
            return Err(misplaced("in an expression of single rows"));
        }
        let Some(argument) = argument else {
            let expr = Expr { kind: Kind::Aggregate(aggregate, None), place };
            return Ok(Resolved { expr, data_type: DataType::Int64 });
        };
        if argument.has_aggregate() {
            return Err(misplaced("around another aggregate"));
        }
        let argument = Checker { schema: self.schema, keys: None }.check(argument)?;
        let of = |expected: &str| {
            let what = format!("the argument of {}", aggregate.name());
            wrong_type(&what, &argument, expected)
        };
        let found = &argument.data_type;
        let number = found.is_numeric() || found.is_null();
        let (to, data_type) = match aggregate {
            Aggregate::Count | Aggregate::CountDistinct => {
                if found.is_nested() && aggregate == Aggregate::CountDistinct {
                    return Err(of("no list or struct"));
                }
                (found.clone(), DataType::Int64)
            }
            Aggregate::Sum => match found {
                DataType::Boolean => (DataType::Int64, DataType::Int64),
                DataType::Duration(_) | DataType::Decimal128(..) => (found.clone(), found.clone()),
                _ if found.is_unsigned_integer() => (DataType::UInt64, DataType::UInt64),
                _ if found.is_signed_integer() || found.is_null() => {
                    (DataType::Int64, DataType::Int64)
                }
                _ if found.is_floating() => (DataType::Float64, DataType::Float64),
                _ => return Err(of("a number, a truth value or a length of time")),
            },
            Aggregate::Mean
            | Aggregate::Std
            | Aggregate::Var
            | Aggregate::Median
            | Aggregate::Quantile(_) => {
                if !number {
                    return Err(of("a number"));
                }
                (DataType::Float64, DataType::Float64)
            }
            Aggregate::Min | Aggregate::Max => {
                if found.is_nested() {
                    return Err(of("something with an order"));
                }
                match found {
                    DataType::Dictionary(..) => (DataType::Utf8View, DataType::Utf8View),
                    _ => (found.clone(), found.clone()),
                }
            }
            Aggregate::First | Aggregate::Last => (found.clone(), found.clone()),
            Aggregate::Any | Aggregate::All => {
                condition("the argument", &argument)?;
                (found.clone(), DataType::Boolean)
            }
            Aggregate::List => {
                let item: FieldRef =
                    arrow::datatypes::Field::new("item", found.clone(), true).into();
                (found.clone(), DataType::LargeList(item))
            }
        };
        let argument = argument.to(&to);
        let kind = Kind::Aggregate(aggregate, Some(argument.boxed()));
        Ok(Resolved { expr: Expr { kind, place }, data_type })
    }
}

impl Resolved {
    fn boxed(self) -> Box<Expr> {
        Box::new(self.expr)
    }

    fn is_literal(&self) -> bool {
        matches!(self.expr.kind, Kind::Literal(_))
    }

    /// The values as `to`; constants are converted here, others when rows are there.
    fn to(self, to: &DataType) -> Self {
        if self.data_type == *to || self.data_type.is_null() && self.is_literal() {
            return self;
        }
        let place = self.expr.place;
        let kind = match self.expr.kind {
            Kind::Literal(Literal::Integer(value)) if to.is_floating() => {
                Kind::Literal(Literal::Float(value as f64))
            }
            Kind::Literal(literal @ Literal::Integer(_)) if to.is_integer() => {
                Kind::Literal(literal)
            }
            Kind::Literal(literal @ Literal::Float(_)) if to.is_floating() => {
                Kind::Literal(literal)
            }
            kind => {
                let operand = Box::new(Expr { kind, place });
                Kind::Cast { operand, to: to.clone(), or_null: false }
            }
        };
        Self { expr: Expr { kind, place }, data_type: to.clone() }
    }
}

impl Literal {
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Boolean(_) => DataType::Boolean,
            Self::Integer(value) if i64::try_from(*value).is_ok() => DataType::Int64,
            Self::Integer(_) => DataType::UInt64,
            Self::Float(_) => DataType::Float64,
            Self::Text(_) => DataType::Utf8View,
            Self::Date(_) => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
            Self::Timestamp { utc, .. } => DataType::Timestamp(MICROS, utc.then(|| "UTC".into())),
            Self::Interval(_) => DataType::Duration(MICROS),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Integer(0)) || matches!(self, Self::Float(value) if *value == 0.0)
    }
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_day(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

fn is_time(data_type: &DataType) -> bool {
    is_day(data_type)
        || matches!(data_type, DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_))
}

fn wrong_type(what: &str, found: &Resolved, expected: &str) -> ExpressionError {
    let problem = Problem::WrongType {
        what: what.into(),
        found: type_name(&found.data_type).into(),
        expected: expected.into(),
    };
    ExpressionError::new(found.expr.place, problem)
}

fn condition(what: &str, found: &Resolved) -> Checked<()> {
    match found.data_type {
        DataType::Boolean | DataType::Null => Ok(()),
        _ => Err(wrong_type(what, found, "true or false")),
    }
}

fn text(what: &str, found: Resolved) -> Checked {
    match &found.data_type {
        DataType::Dictionary(_, values) if is_text(values) => Ok(found.to(&DataType::Utf8View)),
        other if is_text(other) || other.is_null() => Ok(found),
        _ => Err(wrong_type(what, &found, "text")),
    }
}

fn field(operand: Resolved, name: &str, place: Place) -> Checked {
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

/// The type that a number is computed in alone.
fn number_type(what: &str, found: &DataType, place: Place) -> Checked<DataType> {
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

fn binary(left: Resolved, operator: Binary, right: Resolved, place: Place) -> Checked {
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
fn comparable(
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

fn fits_in(value: i128, data_type: &DataType) -> bool {
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

/// A text constant as the time that `like` is.
fn time_constant(side: &Resolved, like: &DataType) -> Checked {
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
fn fixed_length(side: &Resolved) -> Checked<()> {
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

/// All `values` as one type, and that type.
fn unified(what: &str, values: Vec<Resolved>) -> Checked<(Vec<Resolved>, DataType)> {
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

fn check_cast(operand: &Resolved, to: &DataType) -> Checked<()> {
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

fn call(function: Function, arguments: Vec<Resolved>, place: Place) -> Checked {
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
        Gives::Timestamp => DataType::Timestamp(MICROS, None),
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
pub(super) const UNITS: &[(&str, &str)] = &[
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
