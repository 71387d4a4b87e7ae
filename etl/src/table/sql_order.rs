//! Queries of SQL that are ordered by aggregates.
//!
//! The engine orders the rows that a query has made, and computes an aggregate there anew: `ORDER BY COUNT(*)` counts the
//! groups, and so orders nothing. Here such aggregates become columns of an inner query, by which an outer one
//! orders and which it leaves out.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, Ident, OrderByKind, Query, Select, SelectItem, SetExpr, Value, Visit, VisitMut,
    Visitor, VisitorMut,
};

use super::sql::read;
use super::sql_text::written;

/// Functions that make one value of many.
const AGGREGATES: [&str; 18] = [
    "avg",
    "corr",
    "count",
    "covar",
    "covar_samp",
    "first",
    "last",
    "max",
    "mean",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "std",
    "stddev",
    "sum",
    "var",
    "variance",
];

/// Puts the aggregates that queries are ordered by into inner queries. Whether there were any.
pub(super) fn select_order(query: &mut Query) -> bool {
    let mut queries = Queries { found: false };
    let ControlFlow::Continue(()) = VisitMut::visit(query, &mut queries);
    queries.found
}

struct Queries {
    found: bool,
}

impl VisitorMut for Queries {
    type Break = std::convert::Infallible;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if let Some(outer) = with_order_inside(query) {
            *query = outer;
            self.found = true;
        }
        ControlFlow::Continue(())
    }
}

/// The query around `query`, if that is ordered by an aggregate.
fn with_order_inside(query: &Query) -> Option<Query> {
    let mut order = query.order_by.clone()?;
    let OrderByKind::Expressions(keys) = &mut order.kind else { return None };
    let mut inner = query.clone();
    let SetExpr::Select(select) = inner.body.as_mut() else { return None };
    // Of rows that are made distinct, more columns would make others.
    if select.distinct.is_some() || !keys.iter().any(|key| has_aggregate(&key.expr)) {
        return None;
    }
    let mut hidden: Vec<Ident> = Vec::new();
    for key in keys {
        if is_selected(&key.expr, select) {
            continue;
        }
        let name = Ident::with_quote('"', format!("graphlume order {}", hidden.len()));
        let expr = std::mem::replace(&mut key.expr, Expr::Identifier(name.clone()));
        hidden.push(name.clone());
        select.projection.push(SelectItem::ExprWithAlias { expr, alias: name });
    }
    inner.with = None;
    inner.order_by = None;
    inner.limit_clause = None;
    inner.fetch = None;
    let names: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    let (names, inner) = (names.join(", "), written(&inner));
    let text = format!("SELECT * EXCLUDE ({names}) FROM ({inner}) AS \"graphlume ordered\"");
    let outer = *read(&text).ok()?;
    Some(Query {
        with: query.with.clone(),
        order_by: Some(order),
        limit_clause: query.limit_clause.clone(),
        fetch: query.fetch.clone(),
        ..outer
    })
}

/// Whether a key of the order is a column of the result: by its place, or by its name.
fn is_selected(key: &Expr, select: &Select) -> bool {
    match key {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Identifier(name) => select.projection.iter().any(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.value == name.value,
            SelectItem::UnnamedExpr(Expr::Identifier(column)) => column.value == name.value,
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().is_some_and(|column| column.value == name.value)
            }
            SelectItem::UnnamedExpr(_) => false,
            _ => true,
        }),
        _ => false,
    }
}

fn has_aggregate(expr: &Expr) -> bool {
    Visit::visit(expr, &mut Aggregates).is_break()
}

struct Aggregates;

impl Visitor for Aggregates {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(Function { name, over: None, .. })
                if AGGREGATES.contains(&name.to_string().to_ascii_lowercase().as_str()) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
