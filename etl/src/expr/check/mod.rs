//! What types an expression has over the columns that there are, before any row is looked at.

mod calls;
mod operators;
mod types;

use arrow::datatypes::{DataType, FieldRef, Schema, TimeUnit};

#[cfg(feature = "tables")]
pub(super) use self::calls::UNITS;
use self::calls::call;
use self::operators::{binary, comparable, field, fixed_length};
pub(super) use self::types::is_text;
use self::types::{check_cast, condition, is_of_clocks, number_type, text, unified, wrong_type};
use super::functions::{Aggregate, Function};
use super::parse::check_regex;
use super::time::is_utc;
use super::{Binary, Column, Expr, ExpressionError, Kind, Literal, Place, Problem, Unary};
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
    /// Checks an expression whose value stands for itself: months, which have no length, do not.
    fn check(&self, expr: &Expr) -> Checked {
        let resolved = self.check_operand(expr)?;
        fixed_length(&resolved)?;
        Ok(resolved)
    }

    fn check_operand(&self, expr: &Expr) -> Checked {
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
                let sides = (self.check_operand(left)?, self.check_operand(right)?);
                return binary(sides.0, *operator, sides.1, place);
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
                    DataType::Timestamp(_, Some(zone)) if !is_utc(zone) && is_of_clocks(to) => {
                        operand.local()
                    }
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

    /// Timestamps as clocks in their zone show them.
    fn local(self) -> Self {
        let data_type = match self.data_type {
            DataType::Timestamp(unit, _) => DataType::Timestamp(unit, None),
            other => other,
        };
        let place = self.expr.place;
        let kind = Kind::Call(Function::LocalTime, vec![self.expr]);
        Self { expr: Expr { kind, place }, data_type }
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
