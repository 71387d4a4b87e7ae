//! Queries of SQL that the engine refuses, written so that it takes them.
//!
//! The engine names an expression after its first column, and takes `min(x), max(x)` for two columns of one name; here they
//! are called by their text. And it computes a QUALIFY over what is selected; here columns that it needs are selected
//! in an inner query, and left out by an outer one.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, OrderBy, OrderByKind, Query, SelectItem, SetExpr, Visit, VisitMut,
    Visitor, VisitorMut, WildcardAdditionalOptions,
};

use super::sql_order::{Hide, around, has_aggregate, replace_queries};
use super::sql_text::text_of;
use crate::{Error, Result};

/// How many times a query is written otherwise: once for each name that is there twice.
const MOST_TIMES: usize = 16;

/// What `make` makes of the text of `query` once the engine takes it, of which it said `refusal` first; with the query as
/// it is written then.
pub(super) fn again<T>(
    query: &Query,
    refusal: &Error,
    make: impl Fn(&str) -> Result<T>,
) -> Option<(T, Query)> {
    let mut query = otherwise(query, refusal)?;
    for _ in 0..MOST_TIMES {
        match make(&text_of(&query).ok()?) {
            Ok(made) => return Some((made, query)),
            Err(refusal) => query = otherwise(&query, &refusal)?,
        }
    }
    None
}

/// The query without what it was refused for, if that is one of two things.
fn otherwise(query: &Query, refusal: &Error) -> Option<Query> {
    let mut query = query.clone();
    let found = match refusal {
        Error::Engine { reason, .. } => {
            let mut alike = Alike { name: duplicate(reason)?, found: false };
            let ControlFlow::Continue(()) = VisitMut::visit(&mut query, &mut alike);
            alike.found
        }
        // A column that is there, but is not selected.
        Error::Refused { .. } => replace_queries(&mut query, with_columns_inside).ok()?,
        _ => false,
    };
    found.then_some(query)
}

/// The name that two columns have, if it is this that the engine refuses.
fn duplicate(reason: &str) -> Option<&str> {
    if !reason.contains("duplicate") {
        return None;
    }
    let begins = ["duplicate output name '", "the name '", "column '"];
    let (_, rest) = begins.iter().find_map(|begin| reason.split_once(begin))?;
    rest.split_once('\'').map(|(name, _)| name)
}

/// Names expressions that the engine would call `name`, beside another column of that name.
struct Alike<'a> {
    name: &'a str,
    found: bool,
}

impl VisitorMut for Alike<'_> {
    type Break = std::convert::Infallible;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        self.name_selected(&mut query.body);
        ControlFlow::Continue(())
    }
}

impl Alike<'_> {
    fn name_selected(&mut self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => self.name_apart(&mut select.projection),
            SetExpr::SetOperation { left, right, .. } => {
                self.name_selected(left);
                self.name_selected(right);
            }
            _ => {}
        }
    }

    fn name_apart(&mut self, items: &mut [SelectItem]) {
        let is_alike: Vec<bool> = items.iter().map(|item| self.may_be_called(item)).collect();
        if is_alike.iter().filter(|is_alike| **is_alike).count() < 2 {
            return;
        }
        for (item, is_alike) in items.iter_mut().zip(is_alike) {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            if is_alike && !is_column {
                let alias = Ident::with_quote('"', expr.to_string());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                self.found = true;
            }
        }
    }

    /// Whether the engine may call a column of the result so.
    fn may_be_called(&self, item: &SelectItem) -> bool {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.value == self.name,
            SelectItem::UnnamedExpr(expr) => first_column(expr).as_deref() == Some(self.name),
            SelectItem::Wildcard(options) => *options == WildcardAdditionalOptions::default(),
            _ => false,
        }
    }
}

/// The column that the engine names an expression after.
pub(super) fn first_column(expr: &Expr) -> Option<String> {
    match Visit::visit(expr, &mut FirstColumn) {
        ControlFlow::Break(name) => name,
        ControlFlow::Continue(()) => None,
    }
}

struct FirstColumn;

impl Visitor for FirstColumn {
    type Break = Option<String>;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Option<String>> {
        match expr {
            Expr::Identifier(column) => ControlFlow::Break(Some(column.value.clone())),
            Expr::CompoundIdentifier(parts) => {
                ControlFlow::Break(parts.last().map(|column| column.value.clone()))
            }
            // It is named after what it gives, not after what it asks for.
            Expr::Case { conditions, .. } => {
                let first = conditions.first();
                ControlFlow::Break(first.and_then(|first| first_column(&first.result)))
            }
            // Nor is a window named after what divides it.
            Expr::Function(function) if function.over.is_some() => {
                match Visit::visit(&function.args, self) {
                    ControlFlow::Continue(()) => ControlFlow::Break(None),
                    found @ ControlFlow::Break(_) => found,
                }
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The query around `query`, if its rows are chosen by columns that are not selected.
fn with_columns_inside(query: &Query) -> Result<Option<Query>> {
    let (mut inner, mut order) = (query.clone(), query.order_by.clone());
    let SetExpr::Select(select) = inner.body.as_mut() else { return Ok(None) };
    let Some(qualify) = &mut select.qualify else { return Ok(None) };
    let has_groups =
        !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    // Of rows that are made distinct, more columns would make others; and of rows that are no groups there is no aggregate.
    if select.distinct.is_some() || !has_groups && has_aggregate(qualify) {
        return Ok(None);
    }
    let mut hide = Hide::new(&select.projection);
    let ControlFlow::Continue(()) = VisitMut::visit(qualify, &mut hide);
    if !hide.has_changed() {
        return Ok(None);
    }
    if let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &mut order {
        for key in keys {
            let ControlFlow::Continue(()) = VisitMut::visit(&mut key.expr, &mut hide);
        }
    }
    if hide.hides_nothing() {
        inner.order_by = order;
        return Ok(Some(inner));
    }
    Ok(Some(Query { order_by: order, ..around(query, inner, hide)? }))
}
