//! Queries of SQL that the engine refuses, written so that it takes them.
//!
//! The engine names an expression after its first column, and takes `min(x), max(x)` for two columns of one name; here they
//! are called by their text. And it computes a QUALIFY over what is selected; here columns that it needs are selected
//! in an inner query, and left out by an outer one.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, Query, SelectItem, SetExpr, Visit, VisitMut, Visitor, VisitorMut,
};

use super::sql_order::{Hide, around};
use crate::{Error, Result};

/// The query written otherwise, if there is something in it that the engine may have refused.
pub(super) fn otherwise(query: &Query) -> Option<Query> {
    let mut query = query.clone();
    let mut queries = Queries { found: false };
    let visited = VisitMut::visit(&mut query, &mut queries);
    (queries.found && visited.is_continue()).then_some(query)
}

struct Queries {
    found: bool,
}

impl VisitorMut for Queries {
    type Break = Error;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        self.found |= name_selected(&mut query.body);
        match with_columns_inside(query) {
            Ok(None) => {}
            Ok(Some(outer)) => {
                *query = outer;
                self.found = true;
            }
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// Names expressions that the engine would name alike. Whether there are any.
fn name_selected(body: &mut SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => name_apart(&mut select.projection),
        SetExpr::SetOperation { left, right, .. } => {
            let in_left = name_selected(left);
            name_selected(right) || in_left
        }
        _ => false,
    }
}

fn name_apart(items: &mut [SelectItem]) -> bool {
    let names: Vec<Option<String>> = items.iter().map(engine_name).collect();
    let mut found = false;
    for (item, name) in items.iter_mut().zip(&names) {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        let alike = names.iter().filter(|other| other.is_none() || *other == name).count();
        if !is_column && alike > 1 {
            let alias = Ident::with_quote('"', expr.to_string());
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            found = true;
        }
    }
    found
}

/// What the engine calls a column of the result; `None` for several columns.
fn engine_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expr) => {
            let mut first = FirstColumn(String::new());
            let _ = Visit::visit(expr, &mut first);
            Some(first.0)
        }
        _ => None,
    }
}

struct FirstColumn(String);

impl Visitor for FirstColumn {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let column = match expr {
            Expr::Identifier(column) => Some(column),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        match column {
            Some(column) => {
                self.0.clone_from(&column.value);
                ControlFlow::Break(())
            }
            None => ControlFlow::Continue(()),
        }
    }
}

/// The query around `query`, if its rows are chosen by columns that are not selected.
fn with_columns_inside(query: &Query) -> Result<Option<Query>> {
    let mut inner = query.clone();
    let SetExpr::Select(select) = inner.body.as_mut() else { return Ok(None) };
    let Some(qualify) = &mut select.qualify else { return Ok(None) };
    let mut hide = Hide::new(&select.projection);
    let ControlFlow::Continue(()) = VisitMut::visit(qualify, &mut hide);
    // Of rows that are made distinct, more columns would make others.
    if hide.hides_nothing() || select.distinct.is_some() {
        return Ok(None);
    }
    around(query, inner, hide).map(Some)
}
