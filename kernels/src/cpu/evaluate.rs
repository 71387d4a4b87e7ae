//! Expressions over columns, row by row.

use crate::cpu::keys::f64_key;
use crate::expression;
use crate::{Arithmetic, Column, Comparison, Expression, Meaning, Numbers, Result, ValueType};

/// A value that is there.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f64),
}

impl Value {
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Boolean(value) => value.into(),
            Self::Integer(value) => value as u64,
            Self::Float(value) => value.to_bits(),
        }
    }

    /// The same value, as a float if that is asked for.
    pub(crate) fn into_type(self, wanted: ValueType) -> Self {
        match wanted {
            ValueType::Float => Self::Float(self.float()),
            _ => self,
        }
    }

    fn is_true(self) -> bool {
        matches!(self, Self::Boolean(true))
    }

    fn float(self) -> f64 {
        match self {
            Self::Boolean(value) => f64::from(u8::from(value)),
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// A column whose numbers are the CPU's.
pub(crate) struct HostColumn<'a> {
    numbers: HostNumbers<'a>,
    valid: Option<&'a [u32]>,
}

enum HostNumbers<'a> {
    Flags(&'a [u32]),
    Narrow(&'a [u32], Meaning),
    Wide(&'a [u64], Meaning),
}

impl<'a> HostColumn<'a> {
    pub(crate) fn new(column: &Column<'a>) -> Result<Self> {
        let numbers = match column.numbers {
            Numbers::Flags(numbers) => HostNumbers::Flags(numbers.host()?),
            Numbers::Narrow(numbers, meaning) => HostNumbers::Narrow(numbers.host()?, meaning),
            Numbers::Wide(numbers, meaning) => HostNumbers::Wide(numbers.host()?, meaning),
        };
        let valid = match column.valid {
            Some(valid) => Some(valid.host()?),
            None => None,
        };
        Ok(Self { numbers, valid })
    }

    fn get(&self, row: usize) -> Option<Value> {
        if self.valid.is_some_and(|valid| valid[row] == 0) {
            return None;
        }
        Some(match self.numbers {
            HostNumbers::Flags(numbers) => Value::Boolean(numbers[row] != 0),
            HostNumbers::Narrow(numbers, Meaning::Float) => {
                Value::Float(f32::from_bits(numbers[row]).into())
            }
            HostNumbers::Narrow(numbers, Meaning::Signed) => {
                Value::Integer((numbers[row] as i32).into())
            }
            HostNumbers::Narrow(numbers, Meaning::Unsigned) => Value::Integer(numbers[row].into()),
            HostNumbers::Wide(numbers, Meaning::Float) => {
                Value::Float(f64::from_bits(numbers[row]))
            }
            HostNumbers::Wide(numbers, _) => Value::Integer(numbers[row] as i64),
        })
    }
}

fn ordering(a: Value, b: Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(&b),
        _ => f64_key(a.float().to_bits()).cmp(&f64_key(b.float().to_bits())),
    }
}

/// One row's value; an error says that an integer does not fit.
pub(crate) fn evaluate(
    expression: &Expression,
    (columns, types): (&[HostColumn<'_>], &[ValueType]),
    row: usize,
) -> Result<Option<Value>, Overflow> {
    let part = |of: &Expression| evaluate(of, (columns, types), row);
    Ok(match expression {
        Expression::Column(number) => columns[*number].get(row),
        Expression::Boolean(value) => value.map(Value::Boolean),
        Expression::Integer(value) => Some(Value::Integer(*value)),
        Expression::Float(value) => Some(Value::Float(*value)),
        Expression::Not(of) => part(of)?.map(|value| Value::Boolean(!value.is_true())),
        Expression::And(a, b) => {
            let (a, b) = (part(a)?.map(Value::is_true), part(b)?.map(Value::is_true));
            match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(Value::Boolean(false)),
                (Some(true), Some(true)) => Some(Value::Boolean(true)),
                _ => None,
            }
        }
        Expression::Or(a, b) => {
            let (a, b) = (part(a)?.map(Value::is_true), part(b)?.map(Value::is_true));
            match (a, b) {
                (Some(true), _) | (_, Some(true)) => Some(Value::Boolean(true)),
                (Some(false), Some(false)) => Some(Value::Boolean(false)),
                _ => None,
            }
        }
        Expression::IsNull(of) => Some(Value::Boolean(part(of)?.is_none())),
        Expression::Compare(how, a, b) => {
            let (a, b) = (part(a)?, part(b)?);
            a.zip(b).map(|(a, b)| {
                let found = ordering(a, b);
                Value::Boolean(match how {
                    Comparison::Equal => found.is_eq(),
                    Comparison::NotEqual => found.is_ne(),
                    Comparison::Less => found.is_lt(),
                    Comparison::LessOrEqual => found.is_le(),
                    Comparison::Greater => found.is_gt(),
                    Comparison::GreaterOrEqual => found.is_ge(),
                })
            })
        }
        Expression::Compute(what, a, b) => match (part(a)?, part(b)?) {
            (Some(_), Some(b)) if *what == Arithmetic::Divide && b.float() == 0.0 => None,
            (Some(a), Some(b)) => Some(compute(*what, a, b)?),
            _ => None,
        },
        Expression::Negate(of) => match part(of)? {
            Some(Value::Integer(value)) => {
                Some(Value::Integer(value.checked_neg().ok_or(Overflow)?))
            }
            value => value.map(|value| Value::Float(-value.float())),
        },
        Expression::Abs(of) => match part(of)? {
            Some(Value::Integer(value)) => {
                Some(Value::Integer(value.checked_abs().ok_or(Overflow)?))
            }
            value => value.map(|value| Value::Float(value.float().abs())),
        },
        Expression::ToFloat(of) => part(of)?.map(|value| Value::Float(value.float())),
        Expression::LookUp(of, table) => {
            let at = part(of)?.map(|value| (value.bits() as usize).min(table.len() - 1));
            at.and_then(|at| table[at]).map(Value::Boolean)
        }
        // Both are computed, so that an overflow of either is found as kernels find it.
        Expression::Coalesce(a, b) => {
            let (a, b) = (part(a)?, part(b)?);
            a.or(b).map(|value| value.into_type(type_of(expression, types)))
        }
        Expression::Choose(condition, a, b) => {
            let is_true = part(condition)?.is_some_and(Value::is_true);
            let (a, b) = (part(a)?, part(b)?);
            let picked = if is_true { a } else { b };
            picked.map(|value| value.into_type(type_of(expression, types)))
        }
    })
}

/// The type of an expression whose columns were checked.
fn type_of(expression: &Expression, types: &[ValueType]) -> ValueType {
    expression::type_of(expression, types).expect("the columns should have been checked")
}

fn compute(what: Arithmetic, a: Value, b: Value) -> Result<Value, Overflow> {
    if let (Value::Integer(a), Value::Integer(b)) = (a, b)
        && what != Arithmetic::Divide
    {
        let whole = match what {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            _ => a.checked_mul(b),
        };
        return whole.map(Value::Integer).ok_or(Overflow);
    }
    let (a, b) = (a.float(), b.float());
    Ok(Value::Float(match what {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
    }))
}

/// An integer does not fit in 64 bits.
#[derive(Debug)]
pub(crate) struct Overflow;
