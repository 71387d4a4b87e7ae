//! Conditions whose parts may be unknown where that is asked for, as with `IS NULL` or `NOT` around them.
//!
//! In a filter the engine writes `false` for `x = y AND x <> y`, and for `a AND NOT a`, wherever they are. Both
//! are unknown where a value is missing, which is the same to a filter alone and another thing to what is around
//! them. It looks at one of its two operators of conjunction only; the other has the same values.

use std::sync::Arc;

use polars::prelude::{BooleanFunction, DataType, Expr, FunctionExpr, Operator, Schema};

/// Whether a part of `condition` that is not true could matter as more than that, whatever its types are.
pub(crate) fn may_be_unknown(condition: &Expr) -> bool {
    let mut parts = vec![condition];
    while let Some(part) = parts.pop() {
        match sides(part) {
            Some(sides) => parts.extend(sides),
            None if part.into_iter().any(|inner| sides(inner).is_some()) => return true,
            None => {}
        }
    }
    false
}

/// `condition`, over frames of `schema`, where what is unknown stays so until the end.
///
/// `AND` and `OR` of numbers, which are of their bits, stay as they are.
pub(crate) fn unknown_kept(condition: Expr, schema: &Schema) -> Expr {
    condition.map_expr(|part| match part {
        Expr::BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }
            if is_truth(&left, schema) || is_truth(&right, schema) =>
        {
            let op = if op == Operator::And { Operator::LogicalAnd } else { Operator::LogicalOr };
            Expr::BinaryExpr { left, op, right }
        }
        // SQL has one of what it negates.
        Expr::Cast { expr, dtype, .. }
            if dtype.as_literal() == Some(&DataType::Boolean) && is_truth(&expr, schema) =>
        {
            Arc::unwrap_or_clone(expr)
        }
        Expr::Function { function: FunctionExpr::Boolean(BooleanFunction::Not), mut input } => {
            match input.pop() {
                Some(operand) => negated(operand),
                None => Expr::Function { function: BooleanFunction::Not.into(), input },
            }
        }
        part => part,
    })
}

/// What is not so. Of logical conjunctions and disjunctions the engine would make others.
pub(crate) fn negated(condition: Expr) -> Expr {
    let both = |left: Arc<Expr>, op, right: Arc<Expr>| {
        let side = |side| Arc::new(negated(Arc::unwrap_or_clone(side)));
        Expr::BinaryExpr { left: side(left), op, right: side(right) }
    };
    match condition {
        Expr::BinaryExpr { left, op: Operator::LogicalAnd, right } => {
            both(left, Operator::LogicalOr, right)
        }
        Expr::BinaryExpr { left, op: Operator::LogicalOr, right } => {
            both(left, Operator::LogicalAnd, right)
        }
        // The engine has no negation of it without a type.
        Expr::Literal(value) if value.is_null() => Expr::Literal(value).cast(DataType::Boolean),
        other => other.not(),
    }
}

/// The sides of a conjunction or of a disjunction.
fn sides(expr: &Expr) -> Option<[&Expr; 2]> {
    use Operator::{And, LogicalAnd, LogicalOr, Or};
    match expr {
        Expr::BinaryExpr { left, op: And | Or | LogicalAnd | LogicalOr, right } => {
            Some([left, right])
        }
        _ => None,
    }
}

/// Whether `expr` has a truth of each row.
fn is_truth(expr: &Expr, schema: &Schema) -> bool {
    match expr {
        Expr::BinaryExpr { op: Operator::LogicalAnd | Operator::LogicalOr, .. } => true,
        Expr::BinaryExpr { op, .. } if op.is_comparison() => true,
        _ => {
            let field = expr.to_field(schema);
            field.is_ok_and(|field| field.dtype == DataType::Boolean)
        }
    }
}
