//! Expressions over rows, evaluated column by column.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Datum, Float64Array, Int64Array, RecordBatch, Scalar,
    StringArray, TimestampNanosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::kernels::cmp::{eq, gt, gt_eq, lt, lt_eq, neq};
use arrow::compute::kernels::concat_elements::concat_elements_utf8;
use arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{
    CastOptions, and_kleene, cast, cast_with_options, contains, ends_with, is_not_null, is_null,
    not, or_kleene, starts_with, take,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use super::super::query::{Comparison, Literal};
use super::expr::{Arithmetic, Expr, Function, Logic, TextOperator};

/// A column, or one value that stands for a column of it.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Column(ArrayRef),
    One(ArrayRef),
}

impl Value {
    fn array(&self) -> &ArrayRef {
        match self {
            Self::Column(array) | Self::One(array) => array,
        }
    }

    /// As a column of `n` rows.
    pub(super) fn into_column(self, n: usize) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Column(array) => Ok(array),
            Self::One(array) => take(&array, &UInt32Array::from(vec![0; n]), None),
        }
    }

    fn with(&self, array: ArrayRef) -> Self {
        match self {
            Self::Column(_) => Self::Column(array),
            Self::One(_) => Self::One(array),
        }
    }

    fn cast(&self, to: &DataType) -> Result<Self, ArrowError> {
        // What does not fit is an error, not a null.
        let options = CastOptions { safe: false, ..CastOptions::default() };
        Ok(self.with(cast_with_options(self.array(), to, &options)?))
    }
}

/// The value of `literal`.
pub(super) fn literal(literal: &Literal) -> ArrayRef {
    match literal {
        Literal::Null => new_null_array(&DataType::Null, 1),
        Literal::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
        Literal::Int(value) => Arc::new(Int64Array::from(vec![*value])),
        Literal::Float(value) => Arc::new(Float64Array::from(vec![*value])),
        Literal::Text(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        Literal::Moment(moment) => {
            let nanos = i64::try_from(*moment).ok();
            Arc::new(TimestampNanosecondArray::from(vec![nanos]).with_timezone("UTC"))
        }
        Literal::Date(days) => Arc::new(arrow::array::Date32Array::from(vec![*days])),
        Literal::Time(nanos) => Arc::new(arrow::array::Time64NanosecondArray::from(vec![*nanos])),
    }
}

/// The value of `expr` in every row of `rows`; an error says what is wrong, without the place.
pub(super) fn evaluate(expr: &Expr, rows: &RecordBatch) -> Result<Value, String> {
    let said = |error: ArrowError| match error {
        ArrowError::DivideByZero => "division by zero".to_owned(),
        ArrowError::ArithmeticOverflow(_) => "a number too large for its type".to_owned(),
        other => other.to_string(),
    };
    let inner = |expr: &Expr| evaluate(expr, rows);
    match expr {
        Expr::Column(name, property) => column(rows, name, property.as_deref()).map(Value::Column),
        Expr::Value(value) => Ok(Value::One(literal(value))),
        Expr::List(_) => Err("a list stands only behind `in`".to_owned()),
        Expr::Not(of) => {
            let of = inner(of)?;
            let flags = truth(&of)?;
            not(&flags).map(|flags| of.with(Arc::new(flags))).map_err(said)
        }
        Expr::Negative(of) => {
            let of = number(&inner(of)?)?;
            neg(of.array()).map(|array| of.with(array)).map_err(said)
        }
        Expr::IsNull(of, wanted) => {
            let of = inner(of)?;
            let flags = if *wanted { is_null(of.array()) } else { is_not_null(of.array()) };
            flags.map(|flags| of.with(Arc::new(flags))).map_err(said)
        }
        Expr::Compare(comparison, a, b) => compare(*comparison, &inner(a)?, &inner(b)?),
        Expr::Logic(logic, a, b) => {
            let (a, b) = same_length(&inner(a)?, &inner(b)?, rows.num_rows()).map_err(said)?;
            let (x, y) = (truth(&a)?, truth(&b)?);
            let flags = match logic {
                Logic::And => and_kleene(&x, &y),
                Logic::Or => or_kleene(&x, &y),
                Logic::Xor => neq(&x, &y),
            };
            flags.map(|flags| a.with(Arc::new(flags))).map_err(said)
        }
        Expr::Arithmetic(operator, a, b) => arithmetic(*operator, &inner(a)?, &inner(b)?, rows),
        Expr::Text(operator, a, b) => {
            let (a, b) = (text(&inner(a)?)?, text(&inner(b)?)?);
            let test = match operator {
                TextOperator::Contains => contains,
                TextOperator::StartsWith => starts_with,
                TextOperator::EndsWith => ends_with,
            };
            both(&a, &b, |a, b| test(a, b).map(|flags| Arc::new(flags) as ArrayRef)).map_err(said)
        }
        Expr::In(of, items) => {
            let of = inner(of)?;
            let mut hits = of.with(Arc::new(BooleanArray::from(vec![false; of.array().len()])));
            for item in items {
                let hit = compare(Comparison::Eq, &of, &inner(item)?)?;
                let (x, y) = same_length(&hits, &hit, rows.num_rows()).map_err(said)?;
                let flags = or_kleene(&truth(&x)?, &truth(&y)?).map_err(said)?;
                hits = x.with(Arc::new(flags));
            }
            Ok(hits)
        }
        Expr::Call(function, args) => {
            let args = args.iter().map(inner).collect::<Result<Vec<_>, _>>()?;
            call(*function, &args, rows.num_rows())
        }
    }
}

/// A column, or a property of a step: that of the rows, for which the step is a column of flags.
fn column(rows: &RecordBatch, name: &str, property: Option<&str>) -> Result<ArrayRef, String> {
    let plain = |name: &str| match rows.column_by_name(name)?.data_type() {
        DataType::Dictionary(_, values) => Some(cast(rows.column_by_name(name)?, values).ok()?),
        _ => rows.column_by_name(name).map(Arc::clone),
    };
    let found = match property {
        None => plain(name),
        Some(property) => plain(&format!("{name}.{property}"))
            .or_else(|| rows.column_by_name(name).and_then(|_| plain(property))),
    };
    found.ok_or_else(|| {
        let asked =
            property.map_or_else(|| name.to_owned(), |property| format!("{name}.{property}"));
        let schema = rows.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        match crate::error::nearest(&asked, names) {
            Some(near) => format!("there is no column `{asked}`; did you mean `{near}`?"),
            None => format!("there is no column `{asked}`"),
        }
    })
}

/// Two values as columns of `n` rows, unless both are one value.
fn same_length(a: &Value, b: &Value, n: usize) -> Result<(Value, Value), ArrowError> {
    if let (Value::One(_), Value::One(_)) = (a, b) {
        return Ok((a.clone(), b.clone()));
    }
    let column = |value: &Value| value.clone().into_column(n).map(Value::Column);
    Ok((column(a)?, column(b)?))
}

/// `of` applied to two values, of which one value counts for every row.
fn both(
    a: &Value,
    b: &Value,
    of: impl Fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>,
) -> Result<Value, ArrowError> {
    let one = |array: &ArrayRef| Scalar::new(Arc::clone(array));
    Ok(match (a, b) {
        (Value::Column(a), Value::Column(b)) => Value::Column(of(a, b)?),
        (Value::Column(a), Value::One(b)) => Value::Column(of(a, &one(b))?),
        (Value::One(a), Value::Column(b)) => Value::Column(of(&one(a), b)?),
        (Value::One(a), Value::One(b)) => Value::One(of(a, b)?),
    })
}

fn truth(value: &Value) -> Result<BooleanArray, String> {
    match value.array().data_type() {
        DataType::Boolean => Ok(value.array().as_boolean().clone()),
        DataType::Null => Ok(BooleanArray::from(vec![None; value.array().len()])),
        other => Err(format!("a truth value was expected, not {other}")),
    }
}

fn number(value: &Value) -> Result<Value, String> {
    let found = value.array().data_type();
    let to = match found {
        DataType::Null | DataType::Float64 | DataType::Int64 => return Ok(value.clone()),
        found if found.is_integer() => DataType::Int64,
        found if found.is_numeric() => DataType::Float64,
        other => return Err(format!("a number was expected, not {other}")),
    };
    value.cast(&to).map_err(|error| error.to_string())
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn text(value: &Value) -> Result<Value, String> {
    match value.array().data_type() {
        DataType::Null => value.cast(&DataType::LargeUtf8),
        found if is_text(found) => value.cast(&DataType::LargeUtf8),
        other => return Err(format!("a text was expected, not {other}")),
    }
    .map_err(|error| error.to_string())
}

/// Two values in one type that can be compared.
fn comparable(a: &Value, b: &Value) -> Result<(Value, Value), String> {
    let (x, y) = (a.array().data_type(), b.array().data_type());
    let to = match (x, y) {
        (x, y) if x == y => return Ok((a.clone(), b.clone())),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (x, y) if is_text(x) && is_text(y) => DataType::LargeUtf8,
        (x, y) if x.is_integer() && y.is_integer() => DataType::Int64,
        (x, y) if x.is_numeric() && y.is_numeric() => DataType::Float64,
        (time, other) | (other, time)
            if time.is_temporal() && (other.is_temporal() || is_text(other)) =>
        {
            let zone = match time {
                DataType::Timestamp(_, zone) => zone.clone(),
                _ => None,
            };
            DataType::Timestamp(TimeUnit::Nanosecond, zone)
        }
        (x, y) => return Err(format!("{x} cannot be compared with {y}")),
    };
    let cast = |value: &Value| value.cast(&to).map_err(|error| error.to_string());
    Ok((cast(a)?, cast(b)?))
}

fn compare(comparison: Comparison, a: &Value, b: &Value) -> Result<Value, String> {
    let (a, b) = comparable(a, b)?;
    let test = match comparison {
        Comparison::Gt => gt,
        Comparison::Lt => lt,
        Comparison::Ge => gt_eq,
        Comparison::Le => lt_eq,
        Comparison::Eq => eq,
        Comparison::Ne => neq,
    };
    if *a.array().data_type() == DataType::Null {
        let n = a.array().len().max(b.array().len());
        return Ok(a.with(Arc::new(BooleanArray::from(vec![None; n]))));
    }
    both(&a, &b, |a, b| test(a, b).map(|flags| Arc::new(flags) as ArrayRef))
        .map_err(|error| error.to_string())
}

/// Integers stay integers, and are divided towards zero.
fn arithmetic(
    operator: Arithmetic,
    a: &Value,
    b: &Value,
    rows: &RecordBatch,
) -> Result<Value, String> {
    let said = |error: ArrowError| match error {
        ArrowError::DivideByZero => "division by zero".to_owned(),
        ArrowError::ArithmeticOverflow(_) => "a number too large for its type".to_owned(),
        other => other.to_string(),
    };
    let texts = is_text(a.array().data_type()) || is_text(b.array().data_type());
    if operator == Arithmetic::Add && texts {
        let (a, b) = same_length(&text(a)?, &text(b)?, rows.num_rows()).map_err(said)?;
        let joined = concat_elements_utf8(a.array().as_string::<i64>(), b.array().as_string());
        return joined.map(|texts| a.with(Arc::new(texts))).map_err(said);
    }
    let (mut a, mut b) = (number(a)?, number(b)?);
    let kinds = [a.array().data_type().clone(), b.array().data_type().clone()];
    if kinds.contains(&DataType::Null) || kinds[0] != kinds[1] {
        let to = match kinds.contains(&DataType::Float64) {
            true => DataType::Float64,
            false => DataType::Int64,
        };
        (a, b) = (a.cast(&to).map_err(said)?, b.cast(&to).map_err(said)?);
    }
    let compute = match operator {
        Arithmetic::Add => add,
        Arithmetic::Subtract => sub,
        Arithmetic::Multiply => mul,
        Arithmetic::Divide => div,
        Arithmetic::Remainder => rem,
    };
    both(&a, &b, |a, b| compute(a, b)).map_err(said)
}

fn call(function: Function, args: &[Value], n: usize) -> Result<Value, String> {
    let said = |error: ArrowError| error.to_string();
    if function == Function::Coalesce {
        let Some((first, rest)) = args.split_first() else {
            return Err("`coalesce` takes one or more values".to_owned());
        };
        let mut found = first.clone();
        for next in rest {
            let (a, b) = comparable(&found, next)?;
            let (a, b) = same_length(&a, &b, n).map_err(said)?;
            let present = is_not_null(a.array()).map_err(said)?;
            found = a.with(zip(&present, a.array(), b.array()).map_err(said)?);
        }
        return Ok(found);
    }
    let [of] = args else {
        return Err(format!("one value was expected in the parentheses, not {}", args.len()));
    };
    let each_text = |map: &dyn Fn(&str) -> String| -> Result<Value, String> {
        let texts = text(of)?;
        let texts_of = texts.array().as_string::<i64>();
        let mapped: StringArray = texts_of.iter().map(|text| text.map(map)).collect();
        Ok(of.with(Arc::new(mapped)))
    };
    match function {
        Function::Lower => each_text(&str::to_lowercase),
        Function::Upper => each_text(&str::to_uppercase),
        Function::Size => {
            let texts = text(of)?;
            let texts = texts.array().as_string::<i64>();
            let sizes = texts.iter().map(|text| text.map(|text| text.chars().count() as i64));
            Ok(of.with(Arc::new(sizes.collect::<Int64Array>())))
        }
        Function::Abs => {
            let of = number(of)?;
            let array: ArrayRef = match of.array().data_type() {
                DataType::Int64 => {
                    let ints = of.array().as_primitive::<Int64Type>();
                    let abs = ints.try_unary::<_, Int64Type, _>(|int| {
                        int.checked_abs()
                            .ok_or_else(|| ArrowError::ArithmeticOverflow(int.to_string()))
                    });
                    Arc::new(abs.map_err(said)?)
                }
                DataType::Float64 => {
                    let floats = of.array().as_primitive::<Float64Type>();
                    Arc::new(floats.unary::<_, Float64Type>(f64::abs))
                }
                _ => Arc::clone(of.array()),
            };
            Ok(of.with(array))
        }
        Function::ToText => of.cast(&DataType::Utf8).map_err(said),
        // What is no number becomes none.
        Function::ToInt | Function::ToFloat => {
            let floats = cast(of.array(), &DataType::Float64);
            let array = match function {
                Function::ToInt if of.array().data_type().is_integer() => {
                    cast(of.array(), &DataType::Int64)
                }
                Function::ToInt => floats.and_then(|floats| cast(&floats, &DataType::Int64)),
                _ => floats,
            };
            array.map(|array| of.with(array)).map_err(said)
        }
        Function::Coalesce => unreachable!("it should have been done before"),
    }
}
