//! From a checked expression to one of polars.

use std::cell::RefCell;

use polars::prelude as pl;
use polars::prelude::{DataType, RoundMode, Schema, TimeUnit, lit, when};

use super::arithmetic::{
    Integers, checked_integers, checked_sum, exact_sum, float_function, quotient_of_floats,
};
use super::check::UNITS;
use super::functions::{Aggregate, Function};
use super::of_text::like_regex;
use super::texts::repeated;
use super::unknown::negated;
use super::{Binary, Expr, Interval, Kind, Literal, Resolved, Unary};
use crate::{Error, Result, frame};

const MICROS: TimeUnit = TimeUnit::Microseconds;

/// The expression, over frames of `schema`, which is the schema it was checked against.
///
/// # Errors
///
/// [`Error::Engine`] if polars has another opinion of its types.
pub(crate) fn lower(resolved: &Resolved, schema: &Schema) -> Result<pl::Expr> {
    let lowering = Lowering { schema, in_group: false, sums: Sums::Near };
    let lowered = lowering.expr(&resolved.expr)?;
    lowering.ending(lowered, resolved)
}

/// As [`lower`], of an expression that was checked for groups.
///
/// # Errors
///
/// As [`lower`].
pub(crate) fn lower_group(resolved: &Resolved, schema: &Schema) -> Result<pl::Expr> {
    lower_group_as(resolved, schema, Sums::Near)
}

/// As [`lower_group`], for one group of all rows, which are in memory.
///
/// # Errors
///
/// As [`lower`].
pub(crate) fn lower_whole(resolved: &Resolved, schema: &Schema) -> Result<pl::Expr> {
    lower_group_as(resolved, schema, Sums::Exact)
}

/// As [`lower_group`], for columns of integers whose sums are known to fit, which are added to
/// `bounded`: those that are added up as they are.
///
/// # Errors
///
/// As [`lower`].
pub(crate) fn lower_bounded_group(
    resolved: &Resolved,
    schema: &Schema,
    bounded: &RefCell<Vec<String>>,
) -> Result<pl::Expr> {
    lower_group_as(resolved, schema, Sums::Bounded(bounded))
}

fn lower_group_as(resolved: &Resolved, schema: &Schema, sums: Sums<'_>) -> Result<pl::Expr> {
    let lowering = Lowering { schema, in_group: true, sums };
    let lowered = lowering.expr(&resolved.expr)?;
    lowering.ending(lowered, resolved)
}

/// The column of that very name; `polars::prelude::col` takes `*` and `^…$` for patterns of names.
pub(crate) fn column(name: &str) -> pl::Expr {
    pl::Expr::Column(name.into())
}

struct Lowering<'a> {
    schema: &'a Schema,
    /// Whether columns stand for the one value that a group has of them.
    in_group: bool,
    sums: Sums<'a>,
}

/// How sums of integers of 64 bits are kept from wrapping.
#[derive(Clone, Copy)]
enum Sums<'a> {
    /// By another one, of fractions.
    Near,
    /// Those of columns as they are need no check; the columns are put there.
    Bounded(&'a RefCell<Vec<String>>),
    /// By adding up 128 bits, one column at once.
    Exact,
}

impl Lowering<'_> {
    fn data_type(&self, lowered: &pl::Expr) -> Result<DataType> {
        let field = lowered.to_field(self.schema);
        field
            .map(|field| field.dtype)
            .map_err(|error| Error::engine("typing an expression", &error))
    }

    /// Makes constants of the type that the check found; they are narrower in polars.
    fn ending(&self, lowered: pl::Expr, resolved: &Resolved) -> Result<pl::Expr> {
        let found = self.data_type(&lowered)?;
        let expected = frame::polars_type(&resolved.data_type)?;
        let narrow = found.is_primitive_numeric() || found.is_unknown();
        Ok(if narrow && found != expected { lowered.strict_cast(expected) } else { lowered })
    }

    fn exprs(&self, exprs: &[Expr]) -> Result<Vec<pl::Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr(&self, expr: &Expr) -> Result<pl::Expr> {
        Ok(match &expr.kind {
            Kind::Column(named) => match self.in_group {
                true => column(&named.name).first(),
                false => column(&named.name),
            },
            Kind::Field(operand, name) => self.expr(operand)?.struct_().field_by_name(name),
            Kind::Literal(literal) => constant(literal),
            Kind::Unary(Unary::Not, operand) => negated(self.expr(operand)?),
            Kind::Unary(Unary::Negate, operand) => {
                let operand = self.expr(operand)?;
                match self.data_type(&operand)? {
                    DataType::Int64 => checked_integers(Integers::Subtract, lit(0i64), operand),
                    DataType::Duration(_) => operand * lit(-1i64),
                    _ => -operand,
                }
            }
            Kind::Binary(left, operator, right) => self.binary(left, *operator, right)?,
            Kind::IsNull(operand) => self.expr(operand)?.is_null(),
            Kind::In(operand, list) => self.is_in(operand, list)?,
            Kind::Like { operand, pattern, ignore_case } => {
                like(self.expr(operand)?, pattern, *ignore_case)
            }
            Kind::Matches { operand, pattern } => {
                self.expr(operand)?.str().contains(lit(pattern.as_str()), true)
            }
            Kind::Case { branches, otherwise } => {
                let mut result = match otherwise {
                    Some(otherwise) => self.expr(otherwise)?,
                    None => lit(pl::NULL),
                };
                for (condition, value) in branches.iter().rev() {
                    result = when(self.expr(condition)?).then(self.expr(value)?).otherwise(result);
                }
                result
            }
            Kind::Cast { operand, to, or_null } => {
                let operand = self.expr(operand)?;
                let to = frame::polars_type(to)?;
                match or_null {
                    true => operand.cast(to),
                    false => operand.strict_cast(to),
                }
            }
            Kind::Call(function, arguments) => self.call(*function, arguments)?,
            Kind::Aggregate(aggregate, argument) => {
                self.aggregate(*aggregate, argument.as_deref())?
            }
        })
    }

    fn binary(&self, left: &Expr, operator: Binary, right: &Expr) -> Result<pl::Expr> {
        if let Kind::Literal(Literal::Interval(interval)) = &right.kind
            && !matches!(left.kind, Kind::Literal(Literal::Interval(_)))
            && matches!(operator, Binary::Add | Binary::Subtract)
        {
            let left = self.expr(left)?;
            return Ok(match self.data_type(&left)? {
                DataType::Duration(_) if operator == Binary::Add => left + duration(interval),
                DataType::Duration(_) => left - duration(interval),
                _ => left.dt().offset_by(lit(offset(interval, operator == Binary::Subtract))),
            });
        }
        let (l, r) = match operator {
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual
            | Binary::Same => (self.compared(left)?, self.compared(right)?),
            _ => (self.expr(left)?, self.expr(right)?),
        };
        let integers = match operator {
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Remainder => {
                self.data_type(&l)? == DataType::Int64
            }
            _ => false,
        };
        Ok(match operator {
            Binary::Or => l.or(r),
            Binary::And => l.and(r),
            Binary::Equal => l.eq(r),
            Binary::NotEqual => l.neq(r),
            Binary::Less => l.lt(r),
            Binary::LessEqual => l.lt_eq(r),
            Binary::Greater => l.gt(r),
            Binary::GreaterEqual => l.gt_eq(r),
            Binary::Same => l.eq_missing(r),
            Binary::Add if integers => checked_integers(Integers::Add, l, r),
            Binary::Subtract if integers => checked_integers(Integers::Subtract, l, r),
            Binary::Multiply if integers => checked_integers(Integers::Multiply, l, r),
            Binary::Remainder if integers => checked_integers(Integers::Remainder, l, r),
            Binary::Add => l + r,
            Binary::Subtract => l - r,
            Binary::Multiply => l * r,
            Binary::Divide if self.are_of_floats(&l, &r)? => quotient_of_floats(l, r),
            Binary::Divide => l / not_zero(r),
            // The remainder of the quotient towards zero; polars' own is that of the floor.
            Binary::Remainder => {
                let r = not_zero(r);
                let quotient = l.clone() / r.clone();
                let whole = when(quotient.clone().lt(lit(0.0)))
                    .then(quotient.clone().ceil())
                    .otherwise(quotient.floor());
                l - whole * r
            }
            Binary::Concat => pl::concat_str([l, r], "", false),
        })
    }

    /// Whether the quotient is of plain numbers, is one of 64 bits, and has a divisor that may be 0.
    fn are_of_floats(&self, left: &pl::Expr, right: &pl::Expr) -> Result<bool> {
        if matches!(left, pl::Expr::Literal(_)) || matches!(right, pl::Expr::Literal(_)) {
            return Ok(false);
        }
        let is_number = |side| Ok::<_, Error>(self.data_type(side)?.is_primitive_numeric());
        let quotient = left.clone() / right.clone();
        Ok(is_number(left)? && is_number(right)? && self.data_type(&quotient)? == DataType::Float64)
    }

    /// A side of a comparison: whole numbers take the type of the other side there.
    fn compared(&self, expr: &Expr) -> Result<pl::Expr> {
        match &expr.kind {
            Kind::Literal(Literal::Integer(value)) => Ok(match i64::try_from(*value) {
                Ok(value) => lit(value),
                Err(_) => lit(*value as u64),
            }),
            _ => self.expr(expr),
        }
    }

    fn is_in(&self, operand: &Expr, list: &[Expr]) -> Result<pl::Expr> {
        let constants = list.iter().map(|item| match &item.kind {
            Kind::Literal(literal) => Some(literal),
            _ => None,
        });
        let operand = self.expr(operand)?;
        // Numbers are compared faster than they are looked up.
        let few = if self.data_type(&operand)?.is_primitive_numeric() { 16 } else { 3 };
        match constants.collect::<Option<Vec<_>>>() {
            Some(constants) if constants.len() > few => {
                let mut data_type = self.data_type(&operand)?;
                if matches!(data_type, DataType::Categorical(..) | DataType::Enum(..)) {
                    data_type = DataType::String;
                }
                let values: Vec<pl::AnyValue<'_>> = constants
                    .iter()
                    .filter(|literal| ***literal != Literal::Null)
                    .map(|literal| any_value(literal))
                    .collect();
                let has_null = values.len() < constants.len();
                let values =
                    pl::Series::from_any_values_and_dtype("".into(), &values, &data_type, false)
                        .map_err(|error| Error::engine("reading the list of IN", &error))?;
                let operand = match data_type {
                    DataType::String => operand.cast(DataType::String),
                    _ => operand,
                };
                let found = operand.is_in(lit(values).implode(false), false);
                Ok(match has_null {
                    true => when(found).then(lit(true)).otherwise(lit(pl::NULL)),
                    false => found,
                })
            }
            _ => {
                let mut found: Option<pl::Expr> = None;
                for item in list {
                    let equal = operand.clone().eq(self.compared(item)?);
                    found = Some(match found {
                        Some(found) => found.or(equal),
                        None => equal,
                    });
                }
                Ok(found.unwrap_or_else(|| lit(false)))
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each function")]
    fn call(&self, function: Function, arguments: &[Expr]) -> Result<pl::Expr> {
        let texts: Vec<Option<&str>> = arguments
            .iter()
            .map(|argument| match &argument.kind {
                Kind::Literal(Literal::Text(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let integers: Vec<Option<i64>> = arguments
            .iter()
            .map(|argument| match &argument.kind {
                Kind::Literal(Literal::Integer(value)) => i64::try_from(*value).ok(),
                _ => None,
            })
            .collect();
        let text = |index: usize| texts.get(index).copied().flatten();
        let integer = |index: usize| integers.get(index).copied().flatten();
        let mut lowered = self.exprs(arguments)?.into_iter();
        let mut next = || lowered.next().unwrap_or_else(|| lit(pl::NULL));
        let count = arguments.len();
        let first = next();
        let as_integer = |expr: pl::Expr| expr.cast(DataType::Int64);
        Ok(match function {
            Function::Lower => first.str().to_lowercase(),
            Function::Upper => first.str().to_uppercase(),
            Function::Length => as_integer(first.str().len_chars()),
            Function::Contains => first.str().contains_literal(next()),
            Function::StartsWith => first.str().starts_with(next()),
            Function::EndsWith => first.str().ends_with(next()),
            Function::Substring => {
                let from = next();
                let offset =
                    when(from.clone().gt(lit(0i64))).then(from.clone() - lit(1i64)).otherwise(from);
                let length = match count {
                    2 => lit(u64::MAX),
                    _ => {
                        let length = next();
                        when(length.clone().lt(lit(0i64)))
                            .then(lit(0i64))
                            .otherwise(length)
                            .cast(DataType::UInt64)
                    }
                };
                first.str().slice(offset, length)
            }
            Function::Left => first.str().head(next()),
            Function::Right => first.str().tail(next()),
            Function::Replace => first.str().replace_all(next(), next(), true),
            Function::RegexReplace => first.str().replace_all(next(), next(), false),
            Function::RegexExtract => {
                let group = integer(2).unwrap_or(0) as usize;
                first.str().extract(next(), group)
            }
            Function::Trim => first.str().strip_chars(next()),
            Function::TrimStart => first.str().strip_chars_start(next()),
            Function::TrimEnd => first.str().strip_chars_end(next()),
            Function::Concat => {
                let all: Vec<_> = std::iter::once(first).chain(lowered).collect();
                pl::concat_str(all, "", true)
            }
            Function::Reverse => first.str().reverse(),
            Function::PadStart | Function::PadEnd => {
                let length = lit(integer(1).unwrap_or(0) as u64);
                let fill = text(2).and_then(|fill| fill.chars().next()).unwrap_or(' ');
                match function {
                    Function::PadStart => first.str().pad_start(length, fill),
                    _ => first.str().pad_end(length, fill),
                }
            }
            Function::SplitPart => {
                let n = integer(2).unwrap_or(1);
                let index = if n > 0 { n - 1 } else { n };
                first.str().split(next()).list().get(lit(index), true)
            }
            Function::Repeat => repeated(first, next()),
            Function::Year => as_integer(first.dt().year()),
            Function::Quarter => as_integer(first.dt().quarter()),
            Function::Month => as_integer(first.dt().month()),
            Function::Week => as_integer(first.dt().week()),
            Function::Day => as_integer(first.dt().day()),
            Function::DayOfYear => as_integer(first.dt().ordinal_day()),
            Function::Weekday => as_integer(first.dt().weekday()),
            Function::Hour | Function::Minute | Function::Second => {
                // Dates begin at midnight.
                let first = match self.data_type(&first)? {
                    DataType::Date => first.cast(DataType::Datetime(MICROS, None)),
                    _ => first,
                };
                as_integer(match function {
                    Function::Hour => first.dt().hour(),
                    Function::Minute => first.dt().minute(),
                    _ => first.dt().second(),
                })
            }
            Function::Epoch => {
                let (first, per_second) = match self.data_type(&first)? {
                    DataType::Time => (first, 1e9),
                    DataType::Duration(_) => (first.cast(DataType::Duration(MICROS)), 1e6),
                    _ => (first.cast(DataType::Datetime(MICROS, None)), 1e6),
                };
                first.cast(DataType::Int64).cast(DataType::Float64) / lit(per_second)
            }
            Function::FromEpoch => (first * lit(1e6))
                .round(0, RoundMode::HalfAwayFromZero)
                .strict_cast(DataType::Int64)
                .cast(DataType::Datetime(MICROS, None)),
            Function::DateTrunc => {
                let unit = text(0).unwrap_or_default();
                let every = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
                let every = every.map_or("1d", |(_, every)| every);
                next().dt().truncate(lit(every))
            }
            Function::Date => match self.data_type(&first)? {
                DataType::Categorical(..) | DataType::Enum(..) => {
                    first.cast(DataType::String).strict_cast(DataType::Date)
                }
                // Of the clock of its zone.
                DataType::Datetime(..) => first.dt().date(),
                _ => first.strict_cast(DataType::Date),
            },
            Function::LocalTime => match self.data_type(&first)? {
                // Each moment is one time of a clock, so that neither choice is ever made.
                DataType::Datetime(_, Some(_)) => {
                    first.dt().replace_time_zone(None, lit("raise"), pl::NonExistent::Raise)
                }
                DataType::Datetime(..) => first,
                _ => first.cast(DataType::Datetime(MICROS, None)),
            },
            Function::FormatTime => first.dt().to_string(text(1).unwrap_or_default()),
            Function::ParseTime => {
                let options = pl::StrptimeOptions {
                    format: text(1).map(Into::into),
                    strict: true,
                    exact: true,
                    cache: true,
                };
                first.str().to_datetime(Some(MICROS), None, options, lit("raise"))
            }
            Function::Abs => match self.data_type(&first)? {
                DataType::Int64 => {
                    let negated = checked_integers(Integers::Subtract, lit(0i64), first.clone());
                    when(first.clone().lt(lit(0i64))).then(negated).otherwise(first)
                }
                _ => first.abs(),
            },
            Function::Sign => first.sign(),
            Function::Round | Function::Floor | Function::Ceil => match self
                .data_type(&first)?
                .is_float()
            {
                false => first,
                true => match function {
                    Function::Floor => first.floor(),
                    Function::Ceil => first.ceil(),
                    _ => first.round(integer(1).unwrap_or(0) as u32, RoundMode::HalfAwayFromZero),
                },
            },
            Function::Sqrt => first.cast(DataType::Float64).sqrt(),
            Function::Exp => float_function(first, f64::exp),
            Function::Ln => float_function(first, f64::ln),
            Function::Log10 => float_function(first, f64::log10),
            Function::Log2 => float_function(first, f64::log2),
            Function::Sin => float_function(first, f64::sin),
            Function::Cos => float_function(first, f64::cos),
            Function::Tan => float_function(first, f64::tan),
            Function::Power => first.pow(next()),
            Function::Atan2 => first.arctan2(next()),
            Function::IntegerDivide => checked_integers(Integers::Divide, first, next()),
            Function::IsNan => first.cast(DataType::Float64).is_nan(),
            Function::IsFinite => first.cast(DataType::Float64).is_finite(),
            Function::Coalesce => {
                let all: Vec<_> = std::iter::once(first).chain(lowered).collect();
                pl::coalesce(&all)
            }
            Function::NullIf => when(first.clone().eq(next())).then(lit(pl::NULL)).otherwise(first),
            Function::If => when(first).then(next()).otherwise(next()),
            Function::Least | Function::Greatest => {
                let mut best = first;
                for other in lowered {
                    let better = match function {
                        Function::Least => other.clone().lt(best.clone()),
                        _ => other.clone().gt(best.clone()),
                    };
                    best = when(best.clone().is_null().or(better)).then(other).otherwise(best);
                }
                best
            }
        })
    }

    /// The same value in each row, where it is a constant: polars has it once, however many rows there are.
    fn for_each_row(&self, values: pl::Expr) -> pl::Expr {
        let reads = |part: &pl::Expr| matches!(part, pl::Expr::Column(_) | pl::Expr::Len);
        match self.schema.iter_names().next() {
            Some(name) if !values.into_iter().any(reads) => {
                when(column(name).is_null()).then(values.clone()).otherwise(values)
            }
            _ => values,
        }
    }

    fn aggregate(&self, aggregate: Aggregate, argument: Option<&Expr>) -> Result<pl::Expr> {
        let Some(argument) = argument else {
            return Ok(pl::len().cast(DataType::Int64));
        };
        // Sums of columns of at most 32 bits cannot leave 64 bits with fewer than 2³² rows.
        let narrow = |expr: &pl::Expr| match expr {
            pl::Expr::Cast { expr, .. } => {
                self.data_type(expr).map(|of| !matches!(of, DataType::Int64 | DataType::UInt64))
            }
            _ => Ok(false),
        };
        let values =
            Lowering { schema: self.schema, in_group: false, sums: Sums::Near }.expr(argument)?;
        let values = self.for_each_row(values);
        Ok(match aggregate {
            Aggregate::Count => values.count().cast(DataType::Int64),
            Aggregate::CountDistinct => {
                let null = values.clone().null_count().gt(lit(0u32)).cast(DataType::Int64);
                values.n_unique().cast(DataType::Int64) - null
            }
            Aggregate::Sum => match self.data_type(&values)? {
                DataType::Int64 | DataType::UInt64 if !narrow(&values)? => {
                    match (&values, self.sums) {
                        (pl::Expr::Column(name), Sums::Bounded(bounded)) => {
                            bounded.borrow_mut().push(name.to_string());
                            values.sum()
                        }
                        (_, Sums::Exact) => exact_sum(values, &argument.to_string()),
                        _ => checked_sum(values, &argument.to_string()),
                    }
                }
                _ => values.sum(),
            },
            Aggregate::Mean => values.mean(),
            Aggregate::Min => values.min(),
            Aggregate::Max => values.max(),
            Aggregate::Std => values.std(1),
            Aggregate::Var => values.var(1),
            Aggregate::Median => values.median(),
            Aggregate::Quantile(q) => values.quantile(lit(q), pl::QuantileMethod::Linear),
            Aggregate::First => values.first(),
            Aggregate::Last => values.last(),
            Aggregate::Any => values.any(true),
            Aggregate::All => values.all(true),
            Aggregate::List => values.implode(true),
        })
    }
}

fn constant(literal: &Literal) -> pl::Expr {
    match literal {
        Literal::Null => lit(pl::NULL),
        // Beside columns of `f32` it is one too.
        Literal::Float(value) => lit(*value),
        Literal::Timestamp { utc: true, .. } => {
            scalar(any_value(literal)).cast(DataType::Datetime(MICROS, Some(pl::TimeZone::UTC)))
        }
        other => scalar(any_value(other)),
    }
}

fn scalar(value: pl::AnyValue<'_>) -> pl::Expr {
    pl::Expr::Literal(pl::LiteralValue::from(value))
}

fn any_value(literal: &Literal) -> pl::AnyValue<'_> {
    match literal {
        Literal::Null => pl::AnyValue::Null,
        Literal::Boolean(value) => pl::AnyValue::Boolean(*value),
        Literal::Integer(value) => match i64::try_from(*value) {
            Ok(value) => pl::AnyValue::Int64(value),
            Err(_) => pl::AnyValue::UInt64(*value as u64),
        },
        Literal::Float(value) => pl::AnyValue::Float64(*value),
        Literal::Text(text) => pl::AnyValue::String(text),
        Literal::Date(days) => pl::AnyValue::Date(*days),
        Literal::Time(nanos) => pl::AnyValue::Time(*nanos),
        Literal::Timestamp { micros, .. } => pl::AnyValue::Datetime(*micros, MICROS, None),
        Literal::Interval(interval) => pl::AnyValue::Duration(fixed_micros(interval), MICROS),
    }
}

fn fixed_micros(interval: &Interval) -> i64 {
    i64::from(interval.days) * 86_400_000_000 + interval.micros
}

fn duration(interval: &Interval) -> pl::Expr {
    scalar(pl::AnyValue::Duration(fixed_micros(interval), MICROS))
}

/// The interval as polars' text of it, which has one sign for all.
fn offset(interval: &Interval, negated: bool) -> String {
    let sign = if negated { -1 } else { 1 };
    let parts = [
        (i64::from(interval.months) * sign, "mo"),
        (i64::from(interval.days) * sign, "d"),
        (interval.micros * sign, "us"),
    ];
    let negative = parts.iter().all(|&(amount, _)| amount <= 0);
    let mut text = String::from(if negative { "-" } else { "" });
    for (amount, unit) in parts {
        let amount = if negative { -amount } else { amount };
        if amount != 0 {
            text.push_str(&amount.to_string());
            text.push_str(unit);
        }
    }
    if text.ends_with(['-']) || text.is_empty() {
        return "0us".to_owned();
    }
    text
}

/// `divisor`, and null in the place of 0.
fn not_zero(divisor: pl::Expr) -> pl::Expr {
    if matches!(divisor, pl::Expr::Literal(_)) {
        return divisor;
    }
    when(divisor.clone().neq(lit(0))).then(divisor).otherwise(lit(pl::NULL))
}

/// Whether `operand` matches the pattern of LIKE, by the cheapest means there are.
fn like(operand: pl::Expr, pattern: &str, ignore_case: bool) -> pl::Expr {
    if !ignore_case && !pattern.contains(['_', '\\']) {
        let inner = pattern.trim_matches('%');
        if !inner.contains('%') {
            let inner = lit(inner);
            return match (pattern.starts_with('%'), pattern.ends_with('%')) {
                (true, true) => operand.str().contains_literal(inner),
                (true, false) => operand.str().ends_with(inner),
                (false, true) => operand.str().starts_with(inner),
                (false, false) => operand.cast(DataType::String).eq(inner),
            };
        }
    }
    operand.str().contains(lit(like_regex(pattern, ignore_case)), true)
}
