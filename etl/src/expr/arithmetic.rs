//! Arithmetic that polars does not have: of integers that may not wrap, exact logarithms.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::Add;

use polars::prelude::{
    ChunkApply, ChunkExpandAtIndex, ChunkFullNull, ChunkedArray, Column, DataType, Expr, Field,
    Float64Chunked, Int64Chunked, IntoColumn, NamedFrom, PolarsError, PolarsResult, Schema, Series,
    UInt64Chunked, apply_multiple, arity, map_multiple,
};
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::Bitmap;
use polars_arrow::compute::utils::combine_validities_and;
use polars_arrow::types::NativeType;
use rayon::prelude::*;

/// How an error of ours begins inside of polars' errors; the rest is what did not fit.
pub(crate) const OVERFLOW: &str = "graphlume: does not fit into 64 bits: ";

/// The text that SQL makes a number where a sum does not fit, short enough to be whole in an error.
pub(crate) const SQL_OVERFLOW: &str = "graphlume sum overflow";

/// An operation of integers of 64 bits that is null or an error where polars' would wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integers {
    Add,
    Subtract,
    Multiply,
    /// Towards zero; null if the divisor is 0.
    Divide,
    /// Of the sign of the dividend; null if the divisor is 0.
    Remainder,
    /// To the greatest number that is not greater than the quotient; null if the divisor is 0.
    FloorDivide,
    /// An error if the exponent is negative.
    Power,
}

/// The operation of two columns of `i64`, or constants; an error if a result does not fit.
pub(super) fn checked_integers(operation: Integers, left: Expr, right: Expr) -> Expr {
    let run = move |columns: &mut [Column]| {
        let (left, right) = (short(&columns[0])?, short(&columns[1])?);
        operate(operation, left.i64()?, right.i64()?).map(IntoColumn::into_column)
    };
    let gives =
        |_: &Schema, fields: &[Field]| Ok(Field::new(fields[0].name().clone(), DataType::Int64));
    let sides = [left, right].map(|side| match side {
        // What is `i64` already passes as it is; constants of the plan may be narrower.
        Expr::Literal(_) => side.cast(DataType::Int64),
        _ => side,
    });
    map_multiple(run, sides, gives)
}

/// The quotient of two columns of numbers as `f64`, null where the divisor is 0.
///
/// One pass, in which zeros are only noticed; polars' own way of leaving them out takes four.
pub(super) fn quotient_of_floats(left: Expr, right: Expr) -> Expr {
    let run = |columns: &mut [Column]| {
        let of = |column: &Column| short_as(column, &DataType::Float64);
        let (left, right) = (of(&columns[0])?, of(&columns[1])?);
        divide(left.f64()?, right.f64()?).map(IntoColumn::into_column)
    };
    let gives =
        |_: &Schema, fields: &[Field]| Ok(Field::new(fields[0].name().clone(), DataType::Float64));
    map_multiple(run, [left, right], gives)
}

fn divide(left: &Float64Chunked, right: &Float64Chunked) -> PolarsResult<Float64Chunked> {
    let name = left.name().clone();
    let (left, right) = match (left.len(), right.len()) {
        (n, m) if n == m => (Cow::Borrowed(left), Cow::Borrowed(right)),
        (n, 1) => {
            return Ok(match right.get(0) {
                Some(by) if by != 0.0 => left.apply_values(|value| value / by),
                _ => Float64Chunked::full_null(name, n),
            });
        }
        (1, m) => (Cow::Owned(left.new_from_index(0, m)), Cow::Borrowed(right)),
        (n, m) => return Err(PolarsError::ShapeMismatch(format!("{n} and {m} rows").into())),
    };
    arity::try_binary(&left, &right, |l: &PrimitiveArray<f64>, r: &PrimitiveArray<f64>| {
        let (values, by) = (l.values().as_slice(), r.values().as_slice());
        let quotients: Vec<f64> = values.iter().zip(by).map(|(l, r)| l / r).collect();
        let mut validity = combine_validities_and(l.validity(), r.validity());
        // Counted, which takes no branches.
        if by.iter().map(|&by| u64::from(by == 0.0)).sum::<u64>() > 0 {
            let not_zero: Bitmap = by.iter().map(|&by| by != 0.0).collect();
            validity = combine_validities_and(validity.as_ref(), Some(&not_zero));
        }
        let kind = DataType::Float64.to_arrow(polars::prelude::CompatLevel::newest());
        PrimitiveArray::try_new(kind, quotients.into(), validity)
    })
}

/// As [`checked_integers`], of numbers of `u64`.
pub(super) fn checked_unsigned(operation: Integers, left: Expr, right: Expr) -> Expr {
    let run = move |columns: &mut [Column]| {
        let of = |column: &Column| short_as(column, &DataType::UInt64);
        let (left, right) = (of(&columns[0])?, of(&columns[1])?);
        let result: UInt64Chunked = arity::broadcast_try_binary_elementwise(
            left.u64()?,
            right.u64()?,
            |l: Option<u64>, r: Option<u64>| match (l, r) {
                (Some(l), Some(r)) => operation.of_unsigned(l, r),
                _ => Ok(None),
            },
        )?;
        Ok(result.into_column())
    };
    let gives =
        |_: &Schema, fields: &[Field]| Ok(Field::new(fields[0].name().clone(), DataType::UInt64));
    map_multiple(run, [left, right], gives)
}

/// The magnitude of each integer, which the least one of 64 bits has not: an error.
pub(super) fn checked_magnitude(values: Expr) -> Expr {
    let run = |column: Column| {
        let values = short(&column)?;
        let sizes: Int64Chunked =
            arity::try_unary_elementwise(values.i64()?, |value: Option<i64>| {
                let size = |value: i64| {
                    value.checked_abs().ok_or_else(|| {
                        PolarsError::ComputeError(format!("{OVERFLOW}abs({value})").into())
                    })
                };
                value.map(size).transpose()
            })?;
        Ok(sizes.into_column())
    };
    let gives = |_: &Schema, field: &Field| Ok(Field::new(field.name().clone(), DataType::Int64));
    values.map(run, gives)
}

/// The sum of `values`, of `i64` or `u64`, for each group; an error if it has wrapped.
///
/// Another sum, in `f64`, is made alongside. A sum that wrapped is off by at least 2⁶⁴, the other one
/// by rounding alone: at most n·2⁻⁵³ of the sum of magnitudes. What differs by more than 2⁶³ has
/// wrapped, as long as that sum is below 2¹¹⁶ / n: for 2³² rows, of a mean magnitude below 2⁵².
pub(super) fn checked_sum(values: Expr, what: &str) -> Expr {
    let what = what.to_owned();
    let run = move |columns: &mut [Column]| {
        let (exact, near) =
            (columns[0].as_materialized_series(), columns[1].as_materialized_series());
        let as_float = exact.cast(&DataType::Float64)?;
        let off = as_float.f64()?.iter().zip(near.f64()?.iter()).any(|pair| match pair {
            (Some(exact), Some(near)) => (exact - near).abs() > 2f64.powi(63),
            _ => false,
        });
        match off {
            true => Err(PolarsError::ComputeError(format!("{OVERFLOW}the sum of {what}").into())),
            false => Ok(exact.clone().into_column()),
        }
    };
    let gives = |_: &Schema, fields: &[Field]| Ok(fields[0].clone());
    let near = values.clone().cast(DataType::Float64).sum();
    map_multiple(run, [values.sum(), near], gives)
}

/// The sum of `values`, of `i64` or `u64`, of all rows; an error if it does not fit.
pub(super) fn exact_sum(values: Expr, what: &str) -> Expr {
    let what = what.to_owned();
    let run = move |columns: &mut [Column]| {
        let series = columns[0].as_materialized_series();
        let over = || PolarsError::ComputeError(format!("{OVERFLOW}the sum of {what}").into());
        let sum = match series.dtype() {
            DataType::UInt64 => {
                let sum: i128 = series.u64()?.downcast_iter().map(total).sum();
                u64::try_from(sum).map(|sum| Series::new(series.name().clone(), [sum]))
            }
            _ => {
                let sum: i128 = series.i64()?.downcast_iter().map(total).sum();
                i64::try_from(sum).map(|sum| Series::new(series.name().clone(), [sum]))
            }
        };
        sum.map(IntoColumn::into_column).map_err(|_| over())
    };
    let gives = |_: &Schema, fields: &[Field]| Ok(fields[0].clone());
    apply_multiple(run, [values], gives, true)
}

/// Values that one task adds up.
const TASK: usize = 1 << 16;

fn total<T: NativeType + Into<i128>>(chunk: &PrimitiveArray<T>) -> i128 {
    let values = chunk.values().as_slice();
    match chunk.validity().filter(|validity| validity.unset_bits() > 0) {
        None => values
            .par_chunks(TASK)
            .map(|part| part.iter().map(|&value| value.into()).sum())
            .reduce(|| 0, Add::add),
        Some(validity) => {
            let part = |(task, part): (usize, &[T])| {
                let valid = validity.clone().sliced(task * TASK, part.len());
                part.iter()
                    .zip(valid.iter())
                    .map(|(&value, valid)| if valid { value.into() } else { 0 })
                    .sum()
            };
            values.par_chunks(TASK).enumerate().map(part).reduce(|| 0, Add::add)
        }
    }
}

/// `function` of each value of a column of `f64`.
pub(super) fn float_function(
    values: Expr,
    function: impl Fn(f64) -> f64 + Copy + Send + Sync + 'static,
) -> Expr {
    let run = move |column: Column| {
        let series = column.as_materialized_series().cast(&DataType::Float64)?;
        Ok(series.f64()?.apply_values(function).into_column())
    };
    let gives = |_: &Schema, field: &Field| Ok(Field::new(field.name().clone(), DataType::Float64));
    values.map(run, gives)
}

fn short(column: &Column) -> PolarsResult<Series> {
    short_as(column, &DataType::Int64)
}

/// A column of one value as one value, others as they are, of the type `to`.
pub(super) fn short_as(column: &Column, to: &DataType) -> PolarsResult<Series> {
    let series = match column {
        Column::Scalar(scalar) => scalar.as_single_value_series(),
        Column::Series(_) => column.as_materialized_series().clone(),
    };
    series.strict_cast(to)
}

impl Integers {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "div",
            Self::Remainder => "%",
            Self::FloorDivide => "//",
            Self::Power => "to the power",
        }
    }

    fn of_unsigned(self, left: u64, right: u64) -> PolarsResult<Option<u64>> {
        let result = match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Power => power(left.into(), right).and_then(|power| power.try_into().ok()),
            Self::Divide | Self::FloorDivide | Self::Remainder if right == 0 => return Ok(None),
            Self::Divide | Self::FloorDivide => Some(left / right),
            Self::Remainder => Some(left % right),
        };
        result.map(Some).ok_or_else(|| overflow(self.symbol(), left, right))
    }
}

/// `base` to the power `exponent`, if that fits.
fn power(base: i128, exponent: u64) -> Option<i128> {
    match base {
        // Exponents of these do not matter but for their last bit.
        -1..=1 => Some(base.pow(if exponent == 0 { 0 } else { 2 - (exponent & 1) as u32 })),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

fn operate(
    operation: Integers,
    left: &Int64Chunked,
    right: &Int64Chunked,
) -> PolarsResult<Int64Chunked> {
    // Divisors that are one and the same need no look at each.
    let divisor = (right.len() == 1).then(|| right.get(0)).flatten();
    let symbol = operation.symbol();
    match (operation, divisor) {
        (Integers::Add, _) => no_wrap(symbol, left, right, sum),
        (Integers::Subtract, _) => no_wrap(symbol, left, right, difference),
        (Integers::Multiply, _) => no_wrap(symbol, left, right, product),
        (Integers::Divide, Some(by)) if by != 0 && by != -1 => {
            one_sided(left, |l| (l, by), symbol, |l, r| (l / r, 0))
        }
        (Integers::Remainder, Some(by)) if by != 0 => {
            one_sided(left, |l| (l, by), symbol, |l, r| (l.wrapping_rem(r), 0))
        }
        (Integers::Divide, _) => {
            quotient(left, right, |l, r| l.checked_div(r).ok_or_else(|| overflow(symbol, l, r)))
        }
        (Integers::FloorDivide, _) => quotient(left, right, |l, r| {
            let towards_zero = l.checked_div(r).ok_or_else(|| overflow(symbol, l, r))?;
            Ok(towards_zero - i64::from(l % r != 0 && (l < 0) != (r < 0)))
        }),
        // The remainder of the least integer and -1 is 0, though their quotient does not fit.
        (Integers::Remainder, _) => quotient(left, right, |l, r| Ok(l.wrapping_rem(r))),
        (Integers::Power, _) => arity::broadcast_try_binary_elementwise(
            left,
            right,
            |l: Option<i64>, r: Option<i64>| {
                let (Some(l), Some(r)) = (l, r) else { return Ok(None) };
                let exponent = u64::try_from(r).map_err(|_| {
                    let text = format!("{l} {symbol} {r} is no whole number; cast one to float64");
                    PolarsError::InvalidOperation(text.into())
                })?;
                let result = power(l.into(), exponent).and_then(|power| power.try_into().ok());
                result.map(Some).ok_or_else(|| overflow(symbol, l, r))
            },
        ),
    }
}

/// The sum, and a number that is not 0 if it has wrapped: operands of one sign, and a sum of the other.
fn sum(left: i64, right: i64) -> (i64, u64) {
    let sum = left.wrapping_add(right);
    (sum, ((left ^ sum) & (right ^ sum)) as u64 >> 63)
}

/// The difference, and a number that is not 0 if it has wrapped.
fn difference(left: i64, right: i64) -> (i64, u64) {
    let difference = left.wrapping_sub(right);
    (difference, ((left ^ right) & (left ^ difference)) as u64 >> 63)
}

/// The product, and a number that is not 0 if it has wrapped.
fn product(left: i64, right: i64) -> (i64, u64) {
    let (product, wrapped) = left.overflowing_mul(right);
    (product, u64::from(wrapped))
}

fn quotient(
    left: &Int64Chunked,
    right: &Int64Chunked,
    of: impl Fn(i64, i64) -> PolarsResult<i64>,
) -> PolarsResult<Int64Chunked> {
    arity::broadcast_try_binary_elementwise(left, right, |l: Option<i64>, r: Option<i64>| {
        match (l, r) {
            (Some(l), Some(r)) if r != 0 => of(l, r).map(Some),
            _ => Ok(None),
        }
    })
}

fn overflow(symbol: &str, left: impl Display, right: impl Display) -> PolarsError {
    PolarsError::ComputeError(format!("{OVERFLOW}{left} {symbol} {right}").into())
}

fn no_wrap(
    symbol: &'static str,
    left: &Int64Chunked,
    right: &Int64Chunked,
    of: impl Fn(i64, i64) -> (i64, u64) + Copy,
) -> PolarsResult<Int64Chunked> {
    let name = left.name().clone();
    match (left.len(), right.len()) {
        (n, m) if n == m => {
            arity::try_binary(left, right, |l: &PrimitiveArray<i64>, r: &PrimitiveArray<i64>| {
                let validity = combine_validities_and(l.validity(), r.validity());
                pairs(
                    symbol,
                    l.values().iter().copied().zip(r.values().iter().copied()),
                    validity,
                    of,
                )
            })
        }
        (n, 1) => match right.get(0) {
            None => Ok(Int64Chunked::full_null(name, n)),
            Some(r) => one_sided(left, |l| (l, r), symbol, of),
        },
        (1, m) => match left.get(0) {
            None => Ok(Int64Chunked::full_null(name, m)),
            Some(l) => {
                one_sided(right, |r| (l, r), symbol, of).map(|result| result.with_name(name))
            }
        },
        (n, m) => Err(PolarsError::ShapeMismatch(format!("{n} and {m} rows").into())),
    }
}

fn one_sided(
    column: &Int64Chunked,
    pair: impl Fn(i64) -> (i64, i64) + Copy,
    symbol: &'static str,
    of: impl Fn(i64, i64) -> (i64, u64) + Copy,
) -> PolarsResult<Int64Chunked> {
    let chunks = column.downcast_iter().map(|chunk| {
        pairs(symbol, chunk.values().iter().copied().map(pair), chunk.validity().cloned(), of)
    });
    ChunkedArray::try_from_chunk_iter(column.name().clone(), chunks)
}

/// `of` each pair that is valid. One pass without branches; only if something wrapped, one more to
/// tell whether that was where a value is.
fn pairs(
    symbol: &str,
    values: impl Iterator<Item = (i64, i64)> + Clone,
    validity: Option<Bitmap>,
    of: impl Fn(i64, i64) -> (i64, u64),
) -> PolarsResult<PrimitiveArray<i64>> {
    let mut wrapped = 0;
    let results: Vec<i64> = values
        .clone()
        .map(|(l, r)| {
            let (result, over) = of(l, r);
            wrapped |= over;
            result
        })
        .collect();
    if wrapped != 0 {
        let valid = |index: usize| validity.as_ref().is_none_or(|validity| validity.get_bit(index));
        let first = values.enumerate().find(|&(index, (l, r))| valid(index) && of(l, r).1 != 0);
        if let Some((_, (l, r))) = first {
            return Err(overflow(symbol, l, r));
        }
    }
    PrimitiveArray::try_new(
        DataType::Int64.to_arrow(polars::prelude::CompatLevel::newest()),
        results.into(),
        validity,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[Option<i64>]) -> Int64Chunked {
        values.iter().copied().collect()
    }

    #[test]
    fn quotients_by_zero_are_null() {
        let floats = |values: &[Option<f64>]| values.iter().copied().collect::<Float64Chunked>();
        let many = floats(&[Some(1.0), Some(0.0), None, Some(-3.0), Some(f64::NAN)]);
        let by = floats(&[Some(0.0), Some(-0.0), Some(2.0), Some(2.0), None]);
        let quotients = |left, right| divide(left, right).unwrap().to_vec();
        assert_eq!(quotients(&many, &by), [None, None, None, Some(-1.5), None]);
        let [two, zero, none] = [Some(2.0), Some(0.0), None].map(|value| floats(&[value]));
        assert_eq!(quotients(&many, &two)[..4], [Some(0.5), Some(0.0), None, Some(-1.5)]);
        for divisor in [&zero, &none] {
            assert_eq!(quotients(&many, divisor), [None; 5]);
        }
        assert_eq!(quotients(&two, &by), [None, None, Some(1.0), Some(1.0), None]);
        assert_eq!(quotients(&none, &by), [None; 5]);
        // In pieces of other lengths.
        let mut pieces = floats(&[Some(1.0), Some(0.0)]);
        pieces.append(&floats(&[None, Some(-3.0), Some(0.0)])).unwrap();
        assert_eq!(quotients(&pieces, &by), [None, None, None, Some(-1.5), None]);
        assert!(divide(&many, &pieces.slice(0, 2)).is_err());
    }

    #[test]
    fn integers_wrap_nowhere_but_under_nulls() {
        let big = column(&[Some(i64::MAX), None, Some(1)]);
        let one = column(&[Some(1)]);
        let error = operate(Integers::Add, &big, &one).unwrap_err().to_string();
        assert!(error.contains("9223372036854775807 + 1"), "{error}");
        let under_null = big.slice(1, 2);
        assert_eq!(operate(Integers::Add, &under_null, &one).unwrap().to_vec(), [None, Some(2)]);
        assert!(operate(Integers::Subtract, &column(&[Some(i64::MIN)]), &one).is_err());
        assert!(operate(Integers::Multiply, &big, &big).is_err());
        assert!(
            operate(Integers::Divide, &column(&[Some(i64::MIN)]), &column(&[Some(-1)])).is_err()
        );
        let rest = operate(
            Integers::Remainder,
            &column(&[Some(i64::MIN), Some(-7)]),
            &column(&[Some(-1), Some(3)]),
        );
        assert_eq!(rest.unwrap().to_vec(), [Some(0), Some(-1)]);
        let floors = operate(
            Integers::FloorDivide,
            &column(&[Some(7), Some(-7), Some(-6), Some(7), None]),
            &column(&[Some(2), Some(2), Some(2), Some(-2), Some(1)]),
        );
        let expected = [Some(3), Some(-4), Some(-3), Some(-4), None];
        assert_eq!(floors.unwrap().to_vec(), expected);
        let powers = operate(
            Integers::Power,
            &column(&[Some(-2), Some(-1), Some(-1), Some(0), None, Some(10)]),
            &column(&[Some(63), Some(i64::MAX), Some(4), Some(0), Some(1), Some(18)]),
        );
        assert_eq!(
            powers.unwrap().to_vec(),
            [Some(i64::MIN), Some(-1), Some(1), Some(1), None, Some(10i64.pow(18))]
        );
        for exponent in [63, -1] {
            let of_two = operate(Integers::Power, &column(&[Some(2)]), &column(&[Some(exponent)]));
            assert!(of_two.is_err(), "{exponent}");
        }
        assert!(Integers::Subtract.of_unsigned(1, 2).is_err());
        assert_eq!(Integers::Multiply.of_unsigned(1 << 63, 1).unwrap(), Some(1 << 63));
        assert!(Integers::Power.of_unsigned(2, 64).is_err());
        let by_zero = operate(Integers::Divide, &one, &column(&[Some(0), None]));
        assert_eq!(by_zero.unwrap().to_vec(), [None, None]);
    }
}
