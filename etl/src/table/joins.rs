//! Plans whose joins are seen while they run: rows that come out of them, and pairs of rows that are only tried.

use std::sync::Arc;

use polars::prelude::{
    AnyValue, Column, DataFrame, DataType, DslPlan, Expr, Field, JoinType, LazyFrame, Operator,
    OptFlags, PolarsResult, Scalar, Schema, map_multiple,
};

use super::sql_plan::{forget_conversion, inputs_of, is_cross};

/// What the engine may do past a function that changes nothing.
pub(super) const FLAGS: OptFlags =
    OptFlags::PREDICATE_PUSHDOWN.union(OptFlags::PROJECTION_PUSHDOWN).union(OptFlags::STREAMING);

/// The same plan, of which `see` is given all rows that joins make, and tables put together, in pieces if the plan runs
/// in pieces; and nothing, now and then, while conditions are asked of pairs of rows. An error of it ends the run.
///
/// The engine that streams then also does what it has not: joins by comparisons alone, and counts of tables that are put
/// after one another.
pub(super) fn around_joins(
    lazy: LazyFrame,
    see: impl Fn(Option<&DataFrame>) -> PolarsResult<()> + Clone + Send + Sync + 'static,
) -> LazyFrame {
    if !has_joins(&lazy.logical_plan) {
        return lazy;
    }
    let (of_rows, of_pairs) = (see.clone(), see.clone());
    let rows = move |frame: DataFrame| of_rows(Some(&frame)).map(|()| frame);
    let pairs = move |frame: DataFrame| of_pairs(None).map(|()| frame);
    let tried = move |columns: &mut [Column]| {
        see(None)?;
        let height = columns.iter().map(Column::len).max().unwrap_or(0);
        let yes = Scalar::new(DataType::Boolean, AnyValue::Boolean(true));
        Ok(Column::new_scalar("".into(), yes, height))
    };
    let is_true = |_: &Schema, _: &[Field]| Ok(Field::new("".into(), DataType::Boolean));
    let no_conditions = FLAGS.difference(OptFlags::PREDICATE_PUSHDOWN);
    // One function for all: what is in a plan twice must stay equal.
    let around = Around {
        rows: LazyFrame::default().map(rows, FLAGS, None, Some("rows seen")).logical_plan,
        pairs: LazyFrame::default().map(pairs, no_conditions, None, Some("pairs")).logical_plan,
        tried: map_multiple(tried, [], is_true),
    };
    let mut plan = lazy.logical_plan;
    around.put(&mut plan, false);
    LazyFrame::from(plan)
}

struct Around {
    /// The function over rows, of nothing.
    rows: DslPlan,
    /// The function over pairs of rows, of nothing; no condition goes past it.
    pairs: DslPlan,
    /// The function over columns of pairs, of none.
    tried: Expr,
}

impl Around {
    /// Puts the functions into `plan`, whose rows are asked to have equal columns or not; says whether there are joins.
    fn put(&self, plan: &mut DslPlan, are_equal: bool) -> bool {
        forget_conversion(plan);
        let asked = match plan {
            DslPlan::Filter { predicate, .. } => are_equal || asks_equal(predicate),
            _ => are_equal,
        };
        let is_grown = grows(plan);
        let mut joins = false;
        for input in inputs_of(plan) {
            joins |= self.put(input, asked);
        }
        match plan {
            // It may be asked of pairs, of which few or none come out.
            DslPlan::Filter { predicate, .. } if joins => {
                let mut all = Vec::new();
                self.try_pairs(predicate, &mut all);
                *predicate = all.into_iter().fold(predicate.clone(), Expr::and);
            }
            DslPlan::Join { predicates, .. } if predicates.iter().any(asks_equal) => {
                let mut all = Vec::new();
                for predicate in predicates.iter() {
                    self.try_pairs(predicate, &mut all);
                }
                predicates.extend(all);
            }
            // Of these the engine would make a join that it has not.
            DslPlan::Join { predicates, options, .. } if !predicates.is_empty() => {
                let conditions = std::mem::take(predicates);
                Arc::make_mut(options).args.how = JoinType::Cross;
                put_around(plan, &self.pairs);
                let pairs = LazyFrame::from(plan.clone());
                *plan = conditions.into_iter().fold(pairs, LazyFrame::filter).logical_plan;
            }
            _ if is_cross(plan) && !are_equal => put_around(plan, &self.pairs),
            _ => {}
        }
        if !is_grown {
            return joins;
        }
        put_around(plan, &self.rows);
        true
    }

    /// Adds a condition that sees the same pairs for each part of `condition` that asks for more than equal columns.
    fn try_pairs(&self, condition: &Expr, all: &mut Vec<Expr>) {
        match condition {
            Expr::BinaryExpr { left, op: Operator::And | Operator::LogicalAnd, right } => {
                self.try_pairs(left, all);
                self.try_pairs(right, all);
            }
            // The engine looks them up.
            Expr::BinaryExpr { op: Operator::Eq, .. } => {}
            _ => {
                let mut names = Vec::new();
                for part in condition {
                    if let Expr::Column(name) = part
                        && !names.contains(name)
                    {
                        names.push(name.clone());
                    }
                }
                let mut tried = self.tried.clone();
                if let Expr::AnonymousFunction { input, .. } = &mut tried
                    && names.len() > 1
                {
                    *input = names.into_iter().map(Expr::Column).collect();
                    all.push(tried);
                }
            }
        }
    }
}

/// Puts `function`, which is one of nothing, around `plan`.
fn put_around(plan: &mut DslPlan, function: &DslPlan) {
    let part = std::mem::replace(plan, function.clone());
    for input in inputs_of(plan) {
        *input = part.clone();
    }
}

/// Whether a condition asks for columns to be equal, so that not all pairs of rows are made.
fn asks_equal(condition: &Expr) -> bool {
    let reads = |expr: &Expr| expr.into_iter().any(|part| matches!(part, Expr::Column(_)));
    match condition {
        Expr::BinaryExpr { left, op: Operator::And | Operator::LogicalAnd, right } => {
            asks_equal(left) || asks_equal(right)
        }
        Expr::BinaryExpr { left, op: Operator::Eq, right } => reads(left) && reads(right),
        _ => false,
    }
}

/// Whether a plan has joins, or tables that are put together: what can make much of little.
pub(super) fn has_joins(plan: &DslPlan) -> bool {
    grows(plan) || inputs_of(&mut plan.clone()).into_iter().any(|input| has_joins(input))
}

/// Whether a plan may hold what its joins make before all of it has come out.
pub(super) fn holds_joins(plan: &DslPlan) -> bool {
    let by_window = |expr: &Expr| expr.into_iter().any(|part| matches!(part, Expr::Over { .. }));
    let holds = match plan {
        DslPlan::Sort { .. }
        | DslPlan::Distinct { .. }
        | DslPlan::Pivot { .. }
        | DslPlan::HConcat { .. } => true,
        DslPlan::HStack { exprs, .. } | DslPlan::Select { expr: exprs, .. } => {
            exprs.iter().any(by_window)
        }
        // One of the sides is, most likely this one.
        DslPlan::Join { input_left, input_right, .. } => {
            return has_joins(input_right) || holds_joins(input_left);
        }
        _ => false,
    };
    let mut plan = plan.clone();
    inputs_of(&mut plan)
        .into_iter()
        .any(|input| if holds { has_joins(input) } else { holds_joins(input) })
}

fn grows(plan: &DslPlan) -> bool {
    matches!(plan, DslPlan::Join { .. } | DslPlan::Union { .. } | DslPlan::HConcat { .. })
}
