//! Keys of groups beside aggregates, as in `SELECT k, k + sum(x)` and `HAVING k > 1`: the engine takes all values
//! of a group for them, and gives lists.

use std::mem;
use std::sync::Arc;

use polars::prelude::{DataType, DslPlan, Expr, LazyFrame, PolarsError, PolarsResult};

use super::sql_plan::{inputs_of, schema};

/// Has keys stand for the one value that a group has of them, wherever groups are in `plan`.
pub(super) fn keep_keys(plan: &mut DslPlan) -> PolarsResult<()> {
    for input in inputs_of(plan) {
        keep_keys(input)?;
    }
    if let DslPlan::GroupBy { input, keys, predicates, aggs, .. } = plan {
        let groups = Groups { input, keys };
        for predicate in predicates {
            groups.keep(predicate)?;
        }
        // What has no aggregate is a list of the values that a group has.
        for expr in aggs {
            if groups.aggregates(expr)? {
                groups.keep(expr)?;
            }
        }
    }
    Ok(())
}

struct Groups<'a> {
    input: &'a DslPlan,
    keys: &'a [Expr],
}

impl Groups<'_> {
    fn is_key(&self, expr: &Expr) -> bool {
        self.keys.iter().any(|key| unnamed(key) == expr)
    }

    /// Whether a part of `expr` makes one value of many.
    fn aggregates(&self, expr: &Expr) -> PolarsResult<bool> {
        if self.is_key(expr) {
            return Ok(false);
        }
        if self.is_aggregate(expr)? {
            return Ok(true);
        }
        for part in parts(&mut expr.clone()) {
            if self.aggregates(part)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_aggregate(&self, expr: &Expr) -> PolarsResult<bool> {
        Ok(match expr {
            Expr::Agg(_) | Expr::Len => true,
            Expr::Function { .. } => {
                const NAME: &str = "a function of groups";
                let of_group = expr.clone().alias(NAME);
                let groups = LazyFrame::from(self.input.clone()).group_by(self.keys);
                let groups = groups.agg([of_group]).collect_schema()?;
                let of_rows = expr.to_field(schema(self.input)?.as_ref())?.dtype;
                groups.get(NAME) != Some(&DataType::List(Box::new(of_rows)))
            }
            _ => false,
        })
    }

    /// Has keys stand for their one value.
    ///
    /// # Errors
    ///
    /// That of the engine where a column is neither a key nor in an aggregate.
    fn keep(&self, expr: &mut Expr) -> PolarsResult<()> {
        if self.is_key(expr) {
            *expr = mem::replace(expr, Expr::Len).first();
            return Ok(());
        }
        if let Expr::Column(name) = expr {
            let reason = format!(
                "'{name}' should participate in the GROUP BY clause or an aggregate function"
            );
            return Err(PolarsError::SQLSyntax(reason.into()));
        }
        if self.is_aggregate(expr)? {
            return Ok(());
        }
        parts(expr).into_iter().try_for_each(|part| self.keep(part))
    }
}

/// An expression without the name that it is given.
fn unnamed(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(inner, _) => unnamed(inner),
        other => other,
    }
}

/// What `expr` is computed of, row by row.
fn parts(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Alias(inner, _) | Expr::Cast { expr: inner, .. } => vec![Arc::make_mut(inner)],
        Expr::BinaryExpr { left, right, .. } => vec![Arc::make_mut(left), Arc::make_mut(right)],
        Expr::Ternary { predicate, truthy, falsy } => {
            vec![Arc::make_mut(predicate), Arc::make_mut(truthy), Arc::make_mut(falsy)]
        }
        Expr::Function { input, .. } => input.iter_mut().collect(),
        _ => Vec::new(),
    }
}
