//! Queries of SQL that are ordered by aggregates.
//!
//! The engine orders the rows that a query has made, and computes an aggregate there anew: `ORDER BY COUNT(*)` counts the
//! groups, and so orders nothing. Here such aggregates become columns of an inner query, by which an outer one
//! orders and which it leaves out.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ExcludeSelectItem, Expr, Function, Ident, ObjectName, ObjectNamePart, OrderByKind, Query,
    SelectItem, SetExpr, Visit, VisitMut, Visitor, VisitorMut, WildcardAdditionalOptions,
};

use super::sql::read;
use super::sql_text::written;
use crate::{Error, Result};

/// Functions that make one value of many.
const AGGREGATES: [&str; 26] = [
    "array_agg",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "first",
    "group_concat",
    "last",
    "listagg",
    "max",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_samp",
    "stdev",
    "stdev_samp",
    "string_agg",
    "sum",
    "total",
    "var",
    "var_samp",
    "variance",
];

/// What the names of columns that are made here begin with.
const HIDDEN: &str = "graphlume order ";

/// Puts the aggregates that queries are ordered by into inner queries. Whether there were any.
///
/// # Errors
///
/// [`Error::Refused`] for rows that are distinct, and ordered by an aggregate that they do not show.
pub(super) fn select_order(query: &mut Query) -> Result<bool> {
    replace_queries(query, with_order_inside)
}

/// What a query is to be, if it is to be another one.
type Other = fn(&Query) -> Result<Option<Query>>;

/// Puts others in the place of queries, the inner ones first. Whether there were any.
pub(super) fn replace_queries(query: &mut Query, other: Other) -> Result<bool> {
    let mut queries = Queries { other, found: false };
    match VisitMut::visit(query, &mut queries) {
        ControlFlow::Continue(()) => Ok(queries.found),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Queries {
    other: Other,
    found: bool,
}

impl VisitorMut for Queries {
    type Break = Error;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match (self.other)(query) {
            Ok(None) => {}
            Ok(Some(other)) => {
                *query = other;
                self.found = true;
            }
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// The query around `query`, if that is ordered by an aggregate.
fn with_order_inside(query: &Query) -> Result<Option<Query>> {
    let Some(mut order) = query.order_by.clone() else { return Ok(None) };
    let OrderByKind::Expressions(keys) = &mut order.kind else { return Ok(None) };
    let mut inner = query.clone();
    let SetExpr::Select(select) = inner.body.as_mut() else { return Ok(None) };
    if !keys.iter().any(|key| has_aggregate(&key.expr)) {
        return Ok(None);
    }
    let mut hide = Hide::new(&select.projection);
    for key in keys {
        let ControlFlow::Continue(()) = VisitMut::visit(&mut key.expr, &mut hide);
    }
    // Of rows that are made distinct, more columns would make others.
    if select.distinct.is_some() && !hide.hidden.is_empty() {
        return Err(Error::Refused {
            what: "an order by an aggregate, of distinct rows,".into(),
            why: "these have what is selected alone; select it under a name, and order by the name",
        });
    }
    Ok(Some(Query { order_by: Some(order), ..around(query, inner, hide)? }))
}

/// `query` with its rows from `inner`, which selects what is hidden, too.
pub(super) fn around(query: &Query, mut inner: Query, hide: Hide) -> Result<Query> {
    let names: Vec<Ident> = (0..hide.hidden.len()).map(|at| name(hide.first + at)).collect();
    if let SetExpr::Select(select) = inner.body.as_mut() {
        for (expr, alias) in hide.hidden.into_iter().zip(names.clone()) {
            select.projection.push(SelectItem::ExprWithAlias { expr, alias });
        }
    }
    inner.with = None;
    inner.order_by = None;
    inner.limit_clause = None;
    inner.fetch = None;
    let left_out = match names.as_slice() {
        [] => String::new(),
        names => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            format!(" EXCLUDE ({})", names.join(", "))
        }
    };
    let inner = written(&inner);
    let outer = read(&format!("SELECT *{left_out} FROM ({inner}) AS \"graphlume ordered\""))?;
    Ok(Query {
        with: query.with.clone(),
        order_by: query.order_by.clone(),
        limit_clause: query.limit_clause.clone(),
        fetch: query.fetch.clone(),
        ..*outer
    })
}

fn name(hidden: usize) -> Ident {
    Ident::with_quote('"', format!("{HIDDEN}{hidden}"))
}

/// Takes out of expressions what only an inner query knows: aggregates, and columns that are not selected.
pub(super) struct Hide {
    shown: Vec<SelectItem>,
    hidden: Vec<Expr>,
    /// How many columns were hidden before.
    first: usize,
    changed: bool,
}

impl Hide {
    /// For expressions over what is `shown`.
    pub(super) fn new(shown: &[SelectItem]) -> Self {
        let is_hidden = |item: &&SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value.starts_with(HIDDEN));
        let first = shown.iter().filter(is_hidden).count();
        Self { shown: shown.to_vec(), hidden: Vec::new(), first, changed: false }
    }

    pub(super) fn hides_nothing(&self) -> bool {
        self.hidden.is_empty()
    }

    /// Whether an expression is another one now.
    pub(super) fn has_changed(&self) -> bool {
        self.changed
    }

    /// The name under which an expression is selected.
    fn alias(&self, wanted: &Expr) -> Option<Ident> {
        self.shown.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if expr == wanted => Some(alias.clone()),
            _ => None,
        })
    }

    /// Whether a column of the result has this name.
    fn is_shown(&self, name: &Ident) -> bool {
        self.shown.iter().any(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.value == name.value,
            SelectItem::UnnamedExpr(Expr::Identifier(column)) => column.value == name.value,
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().is_some_and(|column| column.value == name.value)
            }
            SelectItem::UnnamedExpr(_) => false,
            SelectItem::Wildcard(options) => !excludes(options, &name.value),
            _ => true,
        })
    }
}

impl VisitorMut for Hide {
    type Break = std::convert::Infallible;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let is_known = match &*expr {
            Expr::Identifier(column) => column.value.starts_with(HIDDEN) || self.is_shown(column),
            Expr::CompoundIdentifier(_) => false,
            other => !is_aggregate(other),
        };
        if !is_known {
            let place = match self.alias(expr) {
                Some(alias) => alias,
                None => {
                    self.hidden.push(expr.clone());
                    name(self.first + self.hidden.len() - 1)
                }
            };
            self.changed = true;
            *expr = Expr::Identifier(place);
        }
        ControlFlow::Continue(())
    }
}

/// Whether `*` is to leave out a column.
pub(super) fn excludes(options: &WildcardAdditionalOptions, name: &str) -> bool {
    let is_it = |of: &ObjectName| {
        of.0.last().and_then(ObjectNamePart::as_ident).is_some_and(|of| of.value == name)
    };
    match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(of)) => is_it(of),
        Some(ExcludeSelectItem::Multiple(all)) => all.iter().any(is_it),
        None => false,
    }
}

fn is_aggregate(expr: &Expr) -> bool {
    let Expr::Function(Function { name, over: None, .. }) = expr else { return false };
    AGGREGATES.contains(&name.to_string().to_ascii_lowercase().as_str())
}

pub(super) fn has_aggregate(expr: &Expr) -> bool {
    Visit::visit(expr, &mut Aggregates).is_break()
}

struct Aggregates;

impl Visitor for Aggregates {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match is_aggregate(expr) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
