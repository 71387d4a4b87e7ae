//! How many rows the joins of a query of SQL would have.

use polars::prelude::{DataType, Expr, JoinType, LazyFrame, Operator, Schema, col, len};

use super::Table;
use super::join::JoinOptions;
use super::run::guarded;
use super::sample::{picked, row_number};
use super::sql_plan::{Join, Planned};
use crate::{Control, Error, Result};

/// How many rows of each side are tried with one another where nothing has to be equal, about.
const TRIED_ROWS: u64 = 1 << 10;

/// Refuses `planned` if a join of it would have more than `limit` rows over `inputs`. About how many rows the largest
/// join has, or what it cannot have more than; `None` without joins.
///
/// # Errors
///
/// - [`Error::TooManyRows`] for the first such join;
/// - those of [`Table::collect`], of what is looked at.
pub(super) fn check_joins(
    planned: &Planned,
    inputs: &[LazyFrame],
    limit: u64,
    control: &Control,
) -> Result<Option<u64>> {
    let mut largest = None;
    let joins = planned.joins().map_err(|error| Error::engine("planning SQL", &error))?;
    for join in &joins {
        let estimated = estimate(join, inputs, limit, control)?;
        if estimated > limit {
            return Err(Error::TooManyRows { verb: "a join in SQL", estimated, limit });
        }
        largest = largest.max(Some(estimated));
    }
    Ok(largest)
}

/// About how many rows `join` has; what it cannot have more than, if that is at most `enough`.
fn estimate(join: &Join, inputs: &[LazyFrame], enough: u64, control: &Control) -> Result<u64> {
    let engine = |error: polars::prelude::PolarsError| Error::engine("estimating a join", &error);
    let [left, right] = [join.left.over(inputs), join.right.over(inputs)];
    let sides = [Table::from_lazy(left.clone())?, Table::from_lazy(right.clone())?];
    let [n_left, n_right] = [sides[0].count(control)?, sides[1].count(control)?];
    let unmatched = match join.how {
        JoinType::Left => n_left,
        JoinType::Right => n_right,
        JoinType::Full => n_left.saturating_add(n_right),
        _ => 0,
    };
    let most = n_left.saturating_mul(n_right).saturating_add(unmatched);
    let schemas = [join.left.schema().map_err(engine)?, join.right.schema().map_err(engine)?];
    let mut equal = join.on.clone();
    for condition in &join.conditions {
        equalities(condition, &schemas[0], &schemas[1], &join.suffix, &mut equal);
    }
    if most <= enough || equal.is_empty() && join.conditions.is_empty() {
        return Ok(most);
    }
    if equal.is_empty() {
        let tried = |side: LazyFrame, n_rows: u64, seed| {
            let share = (TRIED_ROWS as f64 / n_rows.max(1) as f64).min(1.0);
            (share, picked(row_number(side), share, seed))
        };
        let ((left_share, left), (right_share, right)) =
            (tried(left, n_left, 0), tried(right, n_right, 1));
        let pairs = left.cross_join(right, Some(join.suffix.as_str().into()));
        let both = join.conditions.iter().cloned().fold(pairs, LazyFrame::filter);
        // The streaming engine has no joins by conditions that are not equalities.
        let count = both.select([len().cast(DataType::UInt64).alias("rows")]);
        let counted = guarded("estimating a join", || count.collect())?;
        let found = counted.column("rows").and_then(|rows| rows.u64().map(|rows| rows.get(0)));
        let found = found.map_err(engine)?.unwrap_or(0);
        // A conversion to whole numbers keeps to their range.
        let inner = (found as f64 / (left_share * right_share)).round() as u64;
        return Ok(inner.saturating_add(unmatched));
    }
    let names: Vec<String> = (0..equal.len()).map(|key| format!("graphlume key {key}")).collect();
    let (of_left, of_right): (Vec<Expr>, Vec<Expr>) = equal.into_iter().unzip();
    let keyed = |side: &Table, keys: Vec<Expr>| {
        let keys = keys.into_iter().zip(&names).map(|(key, name)| key.alias(name.as_str()));
        let keys: Vec<Expr> = keys.collect();
        side.then(move |side| side.select(keys.clone()))
    };
    let options = JoinOptions {
        left_on: names.clone(),
        right_on: names.clone(),
        nulls_equal: join.nulls_equal,
        limit: None,
        ..JoinOptions::default()
    };
    let [left, right] = &sides;
    let (left, right) = (keyed(left, of_left)?, keyed(right, of_right)?);
    let inner = left.join_rows(&right, &options, enough.saturating_sub(unmatched), control)?;
    Ok(inner.saturating_add(unmatched))
}

/// Adds what `condition` asks to be equal of one row of either side, as expressions over these.
fn equalities(
    condition: &Expr,
    left: &Schema,
    right: &Schema,
    suffix: &str,
    equal: &mut Vec<(Expr, Expr)>,
) {
    let Expr::BinaryExpr { left: a, op, right: b } = condition else { return };
    match op {
        Operator::And | Operator::LogicalAnd => {
            equalities(a, left, right, suffix, equal);
            equalities(b, left, right, suffix, equal);
        }
        Operator::Eq => {
            let sides = |a: &Expr, b: &Expr| {
                Some((over_left(a, left)?, over_right(b, left, right, suffix)?))
            };
            equal.extend(sides(a, b).or_else(|| sides(b, a)));
        }
        _ => {}
    }
}

/// The names of the columns that `expr` reads.
fn names(expr: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    for part in expr {
        if let Expr::Column(name) = part {
            names.push(name.as_str());
        }
    }
    names
}

/// `expr`, if it reads columns of the left side alone.
fn over_left(expr: &Expr, left: &Schema) -> Option<Expr> {
    let names = names(expr);
    (!names.is_empty() && names.iter().all(|name| left.contains(name))).then(|| expr.clone())
}

/// `expr` with the names that the right side has, if it reads columns of it alone.
fn over_right(expr: &Expr, left: &Schema, right: &Schema, suffix: &str) -> Option<Expr> {
    let own = |name: &str| match name.strip_suffix(suffix) {
        Some(own) if left.contains(own) && right.contains(own) => Some(own.to_owned()),
        _ => (!left.contains(name) && right.contains(name)).then(|| name.to_owned()),
    };
    let names = names(expr);
    if names.is_empty() || names.iter().any(|name| own(name).is_none()) {
        return None;
    }
    Some(expr.clone().map_expr(|part| match part {
        Expr::Column(name) => col(own(&name).unwrap_or_default()),
        part => part,
    }))
}
