//! Expressions that polars has made of SQL, with arithmetic of whole numbers that does not wrap.

use std::sync::Arc;

use polars::prelude::{
    DataType, Expr, FunctionExpr, LiteralValue, Operator, PowFunction, Schema, UnknownKind,
};

use super::arithmetic::{Integers, checked_integers, checked_magnitude, checked_unsigned};

/// Whether `expr` has arithmetic that could wrap, whatever its types are.
pub(crate) fn may_wrap(expr: &Expr) -> bool {
    expr.into_iter().any(|part| match part {
        Expr::Over { order_by: Some((by, _)), .. } => may_wrap(by),
        Expr::Function { function: FunctionExpr::Abs, .. } => true,
        part => operation(part).is_some(),
    })
}

/// `expr`, over frames of `schema`, where sums, differences, products, quotients, powers and magnitudes
/// of whole numbers are errors if they do not fit into 64 bits; those of narrower numbers have 64.
///
/// Arithmetic of columns that are chosen by a pattern stays as it is, as it stands for many.
pub(crate) fn unwrapped(expr: Expr, schema: &Schema) -> Expr {
    expr.map_expr(|part| match part {
        Expr::Over { function, partition_by, order_by, mapping } => {
            let order_by = order_by.map(|(by, options)| {
                (Arc::new(unwrapped(Arc::unwrap_or_clone(by), schema)), options)
            });
            Expr::Over { function, partition_by, order_by, mapping }
        }
        Expr::Function { function: FunctionExpr::Abs, input } => {
            let [values] = input.as_slice() else {
                return Expr::Function { function: FunctionExpr::Abs, input };
            };
            match whole(values, schema) {
                Some(DataType::Int64) => checked_magnitude(of_64_bits(values, &DataType::Int64)),
                _ => Expr::Function { function: FunctionExpr::Abs, input },
            }
        }
        part => match (operation(&part), whole(&part, schema)) {
            (Some((operation, left, right)), Some(to)) => {
                let (left, right) = (of_64_bits(left, &to), of_64_bits(right, &to));
                match to {
                    DataType::UInt64 => checked_unsigned(operation, left, right),
                    _ => checked_integers(operation, left, right),
                }
            }
            _ => part,
        },
    })
}

/// The operation of integers that `expr` is if both sides are integers.
fn operation(expr: &Expr) -> Option<(Integers, &Expr, &Expr)> {
    match expr {
        Expr::BinaryExpr { left, op, right } => {
            let operation = match op {
                Operator::Plus => Integers::Add,
                Operator::Minus => Integers::Subtract,
                Operator::Multiply => Integers::Multiply,
                Operator::FloorDivide => Integers::FloorDivide,
                _ => return None,
            };
            Some((operation, left, right))
        }
        Expr::Function { function: FunctionExpr::Pow(PowFunction::Generic), input } => {
            let [base, exponent] = input.as_slice() else { return None };
            Some((Integers::Power, base, exponent))
        }
        _ => None,
    }
}

/// The type of 64 bits that values of `expr` fit into, if they are whole numbers.
fn whole(expr: &Expr, schema: &Schema) -> Option<DataType> {
    match expr.to_field(schema).ok()?.dtype {
        DataType::UInt64 => Some(DataType::UInt64),
        DataType::Unknown(UnknownKind::Int(_)) => Some(DataType::Int64),
        data_type if data_type.is_integer() => Some(DataType::Int64),
        _ => None,
    }
}

/// A constant as `to`; other values become it when they are computed.
fn of_64_bits(expr: &Expr, to: &DataType) -> Expr {
    match expr {
        Expr::Literal(LiteralValue::Dyn(_)) => expr.clone().strict_cast(to.clone()),
        _ => expr.clone(),
    }
}
