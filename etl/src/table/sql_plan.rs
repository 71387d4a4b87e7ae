//! What a query of SQL does, before it has its tables: a plan over stand-ins, whose expressions can be
//! changed and whose joins can be listed.

use std::sync::Arc;

use polars::prelude::{
    DataFrame, DataType, DslPlan, Expr, IntoLazy, JoinType, LazyFrame, PolarsResult, Schema,
    SchemaRef,
};
use polars::sql::SQLContext;

use super::joins::has_joins;
use super::sql_groups::keep_keys;
use crate::expr::{may_be_unknown, may_wrap, unknown_kept, unwrapped};

/// The plan of a query, with an empty frame in the place of each table.
#[derive(Clone)]
pub(super) struct Planned {
    plan: DslPlan,
    stand_ins: Vec<Arc<DataFrame>>,
}

impl Planned {
    /// The plan of `query` over tables of these names, columns and types.
    pub(super) fn new<'a>(
        query: &str,
        tables: impl IntoIterator<Item = (&'a str, &'a Schema)>,
    ) -> PolarsResult<Self> {
        let mut context = SQLContext::new();
        let mut stand_ins = Vec::new();
        for (name, schema) in tables {
            let stand_in = DataFrame::empty_with_schema(schema).lazy();
            if let DslPlan::DataFrameScan { df, .. } = &stand_in.logical_plan {
                stand_ins.push(Arc::clone(df));
            }
            context.register(name, stand_in);
        }
        let mut plan = context.execute(query)?.logical_plan;
        forget_conversions(&mut plan);
        keep_keys(&mut plan)?;
        Ok(Self { plan, stand_ins })
    }

    /// The plan with arithmetic of whole numbers that is an error where it would wrap, and with conditions
    /// whose parts are unknown where they should be.
    pub(super) fn mended(mut self) -> PolarsResult<Self> {
        mend(&mut self.plan)?;
        Ok(self)
    }

    /// The plan over `inputs`, in the order of the tables.
    pub(super) fn over(&self, inputs: &[LazyFrame]) -> LazyFrame {
        let mut plan = self.plan.clone();
        self.put(&mut plan, inputs);
        LazyFrame::from(plan)
    }

    fn put(&self, plan: &mut DslPlan, inputs: &[LazyFrame]) {
        if let DslPlan::DataFrameScan { df, .. } = plan {
            let place = self.stand_ins.iter().position(|stand_in| Arc::ptr_eq(stand_in, df));
            if let Some(input) = place.and_then(|place| inputs.get(place)) {
                *plan = input.logical_plan.clone();
            }
            return;
        }
        for input in inputs_of(plan) {
            self.put(input, inputs);
        }
    }

    /// The joins of the plan that can have more rows than their sides, inner ones first.
    pub(super) fn joins(&self) -> PolarsResult<Vec<Join>> {
        let mut joins = Vec::new();
        self.list(&self.plan, &mut joins)?;
        Ok(joins)
    }

    fn list(&self, plan: &DslPlan, joins: &mut Vec<Join>) -> PolarsResult<()> {
        for input in inputs_of(&mut plan.clone()) {
            self.list(input, joins)?;
        }
        match plan {
            DslPlan::Join { input_left, input_right, left_on, right_on, predicates, options }
                if !matches!(options.args.how, JoinType::Semi | JoinType::Anti) =>
            {
                let side = |plan: &Arc<DslPlan>| Self {
                    plan: plan.as_ref().clone(),
                    stand_ins: self.stand_ins.clone(),
                };
                joins.push(Join {
                    left: side(input_left),
                    right: side(input_right),
                    on: left_on.iter().cloned().zip(right_on.iter().cloned()).collect(),
                    conditions: predicates.clone(),
                    how: options.args.how.clone(),
                    suffix: options.args.suffix().to_string(),
                    nulls_equal: options.args.nulls_equal,
                });
            }
            // What is asked of all pairs of rows is a condition of the join, which is made of both.
            DslPlan::Filter { input, predicate } if is_cross(input) => {
                if let Some(join) = joins.last_mut() {
                    join.conditions.push(predicate.clone());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether there are joins, or tables put after one another.
    pub(super) fn has_joins(&self) -> bool {
        has_joins(&self.plan)
    }

    /// Whether there are groups, or tables put after one another, which the engine does best in pieces.
    pub(super) fn is_best_in_pieces(&self) -> bool {
        is_best_in_pieces(&self.plan)
    }

    /// The names and types of the columns.
    pub(super) fn schema(&self) -> PolarsResult<SchemaRef> {
        schema(&self.plan)
    }
}

/// Two parts of a plan that are joined.
pub(super) struct Join {
    pub(super) left: Planned,
    pub(super) right: Planned,
    /// What must be equal of a row of the left side, and of the right one.
    pub(super) on: Vec<(Expr, Expr)>,
    /// What must be true of both, where columns of the right side that the left one has, too, have the
    /// `suffix`.
    pub(super) conditions: Vec<Expr>,
    pub(super) how: JoinType,
    pub(super) suffix: String,
    pub(super) nulls_equal: bool,
}

fn is_best_in_pieces(plan: &DslPlan) -> bool {
    matches!(plan, DslPlan::GroupBy { .. } | DslPlan::Union { .. } | DslPlan::HConcat { .. })
        || inputs_of(&mut plan.clone()).into_iter().any(|input| is_best_in_pieces(input))
}

/// Whether it is all pairs of rows.
pub(super) fn is_cross(plan: &DslPlan) -> bool {
    match plan {
        DslPlan::Join { options, .. } => options.args.how == JoinType::Cross,
        _ => false,
    }
}

pub(super) fn schema(plan: &DslPlan) -> PolarsResult<SchemaRef> {
    LazyFrame::from(plan.clone()).collect_schema()
}

/// Undoes what was converted for a look at types: it would be taken instead of the plan.
pub(super) fn forget_conversion(plan: &mut DslPlan) {
    while let DslPlan::IR { dsl, .. } = plan {
        *plan = dsl.as_ref().clone();
    }
}

fn forget_conversions(plan: &mut DslPlan) {
    forget_conversion(plan);
    for input in inputs_of(plan) {
        forget_conversions(input);
    }
}

/// What gives the columns that expressions are over, which takes a while.
type Of<'a> = &'a dyn Fn() -> PolarsResult<SchemaRef>;

/// Writes expressions otherwise, by `to`, if `asks` says so of any.
fn rewrite(
    exprs: &mut [Expr],
    of: Of<'_>,
    asks: fn(&Expr) -> bool,
    to: fn(Expr, &Schema) -> Expr,
) -> PolarsResult<()> {
    if exprs.iter().any(asks) {
        let schema = of()?;
        for expr in exprs {
            *expr = to(std::mem::replace(expr, Expr::Len), &schema);
        }
    }
    Ok(())
}

/// Makes arithmetic of whole numbers an error where it would wrap, and keeps what is unknown in conditions.
fn mend(plan: &mut DslPlan) -> PolarsResult<()> {
    for input in inputs_of(plan) {
        mend(input)?;
    }
    let over = |exprs: &mut [Expr], of: Of<'_>| rewrite(exprs, of, may_wrap, unwrapped);
    let conditions = |exprs: &mut [Expr], of: Of<'_>| {
        over(exprs, of)?;
        rewrite(exprs, of, may_be_unknown, unknown_kept)
    };
    match plan {
        DslPlan::Filter { input, predicate } => {
            conditions(std::slice::from_mut(predicate), &|| schema(input))
        }
        DslPlan::Select { expr, input, .. } => over(expr, &|| schema(input)),
        DslPlan::HStack { input, exprs, .. } => over(exprs, &|| schema(input)),
        DslPlan::Sort { input, by_column, .. } => over(by_column, &|| schema(input)),
        DslPlan::GroupBy { input, keys, predicates, aggs, .. } => {
            over(keys, &|| schema(input))?;
            over(aggs, &|| schema(input))?;
            conditions(predicates, &|| schema(input))
        }
        DslPlan::Join { input_left, input_right, left_on, right_on, predicates, options } => {
            over(left_on, &|| schema(input_left))?;
            over(right_on, &|| schema(input_right))?;
            let (left_schema, right_schema) = (schema(input_left)?, schema(input_right)?);
            same_width(left_on, right_on, &left_schema, &right_schema);
            let all_pairs = || {
                let cross = LazyFrame::from(input_left.as_ref().clone()).cross_join(
                    LazyFrame::from(input_right.as_ref().clone()),
                    Some(options.args.suffix().clone()),
                );
                schema(&cross.logical_plan)
            };
            conditions(predicates, &all_pairs)
        }
        _ => Ok(()),
    }
}

/// Gives keys that are whole numbers of different widths 64 bits: one of them may have got them here.
fn same_width(left: &mut [Expr], right: &mut [Expr], left_schema: &Schema, right_schema: &Schema) {
    for (left, right) in left.iter_mut().zip(right) {
        let (Ok(l), Ok(r)) = (left.to_field(left_schema), right.to_field(right_schema)) else {
            continue;
        };
        let fits = |of: &DataType| of.is_integer() && *of != DataType::UInt64;
        if l.dtype != r.dtype && fits(&l.dtype) && fits(&r.dtype) {
            for key in [left, right] {
                *key = key.clone().strict_cast(DataType::Int64);
            }
        }
    }
}

/// The plans that `plan` works on.
pub(super) fn inputs_of(plan: &mut DslPlan) -> Vec<&mut DslPlan> {
    match plan {
        DslPlan::Filter { input, .. }
        | DslPlan::Cache { input, .. }
        | DslPlan::Select { input, .. }
        | DslPlan::GroupBy { input, .. }
        | DslPlan::HStack { input, .. }
        | DslPlan::MatchToSchema { input, .. }
        | DslPlan::Pivot { input, .. }
        | DslPlan::Distinct { input, .. }
        | DslPlan::Sort { input, .. }
        | DslPlan::Slice { input, .. }
        | DslPlan::MapFunction { input, .. }
        | DslPlan::Sink { input, .. }
        | DslPlan::IR { dsl: input, .. } => vec![Arc::make_mut(input)],
        DslPlan::Join { input_left, input_right, .. } => {
            vec![Arc::make_mut(input_left), Arc::make_mut(input_right)]
        }
        DslPlan::Gather { input, idxs, .. } => vec![Arc::make_mut(input), Arc::make_mut(idxs)],
        DslPlan::PipeWithSchema { input, .. } => Arc::make_mut(input).iter_mut().collect(),
        DslPlan::Union { inputs, .. }
        | DslPlan::HConcat { inputs, .. }
        | DslPlan::SinkMultiple { inputs } => inputs.iter_mut().collect(),
        DslPlan::ExtContext { input, contexts } => {
            std::iter::once(Arc::make_mut(input)).chain(contexts).collect()
        }
        DslPlan::Scan { .. } | DslPlan::DataFrameScan { .. } => Vec::new(),
    }
}
