//! Sums in SQL: errors where those of polars would wrap.
//!
//! A query is rewritten before it is run, in SQL alone, since functions of ours would not be known in
//! its inner queries. Beside each sum another one is made, of fractions. Whole numbers that wrapped are
//! off by at least 2⁶⁴ from it, and then a text that is no number is made one, which is an error.
//!
//! Sums that cannot wrap, since the largest value as often as there can be rows does not, stay alone.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query,
    Select, SelectItem, SetExpr, TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::sql_text::written;
use crate::expr::SQL_OVERFLOW;

/// Half of what a sum that wrapped is off by.
const OFF: &str = "9223372036854775808.0";
/// Beyond all whole numbers; sums of fractions may be there, and may be off by anything.
const BEYOND: &str = "19000000000000000000.0";

/// `query` with sums that do not wrap; `None` if there are no sums.
///
/// With `widen`, sums of whole numbers have 64 bits whatever the numbers have; there may be other types
/// that this has no meaning for.
pub(super) fn check_sums(query: &Query, widen: bool) -> Option<Query> {
    let mut query = query.clone();
    let mut sums = Sums { widen, found: false };
    let ControlFlow::Continue(()) = VisitMut::visit(&mut query, &mut sums);
    sums.found.then_some(query)
}

/// The columns whose sums, as they are, are all that `query` adds up, and the tables that it reads, as
/// often as it does; `None` if it adds up anything else, or rows of other queries.
pub(super) fn summed_columns(query: &Query) -> Option<(Vec<String>, Vec<String>)> {
    let mut look = Look::default();
    let is_plain = Visit::visit(query, &mut look).is_continue();
    (is_plain && query.with.is_none() && matches!(*query.body, SetExpr::Select(_)))
        .then_some((look.columns, look.tables))
}

/// The query with `n * c` for sums of a constant `c`, where the engine has `c`: it adds up one value, and not one for each of
/// the `n` rows. Whether there were any.
pub(super) fn repeat_constants(query: &mut Query) -> bool {
    let mut constants = Constants { found: false };
    let ControlFlow::Continue(()) = VisitMut::visit(query, &mut constants);
    constants.found
}

struct Constants {
    found: bool,
}

impl VisitorMut for Constants {
    type Break = std::convert::Infallible;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        // What is selected is named as it was asked for, and not after what counts the rows.
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && Visit::visit(expr, &mut Constant).is_break()
            {
                let alias = Ident::with_quote('"', expr.to_string());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Some(product) = times(expr) {
            *expr = product;
            self.found = true;
        }
        ControlFlow::Continue(())
    }
}

/// The sum of a constant as a product, if it is one.
fn times(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let constant = summed(function)?;
    let FunctionArguments::List(list) = &function.args else { return None };
    let is_plain = list.duplicate_treatment.is_none()
        && function.filter.is_none()
        && function.over.is_none()
        && is_constant(constant);
    is_plain.then(|| read(&format!("(CAST(COUNT(*) AS BIGINT) * ({constant}))")))?
}

/// Ends at a sum of a constant.
struct Constant;

impl Visitor for Constant {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if times(expr).is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Whether it is a number, or made of numbers by arithmetic and casts: whatever names a column, asks a query or calls a
/// function may be another one in each row.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Nested(inner)
        | Expr::UnaryOp { expr: inner, .. }
        | Expr::Cast { expr: inner, .. } => is_constant(inner),
        Expr::BinaryOp { left, op, right } => {
            let is_arithmetic = matches!(
                op,
                BinaryOperator::Plus
                    | BinaryOperator::Minus
                    | BinaryOperator::Multiply
                    | BinaryOperator::Divide
                    | BinaryOperator::Modulo
            );
            is_arithmetic && is_constant(left) && is_constant(right)
        }
        _ => false,
    }
}

#[derive(Default)]
struct Look {
    n_queries: usize,
    columns: Vec<String>,
    tables: Vec<String>,
}

impl Visitor for Look {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.n_queries += 1;
        if self.n_queries == 1 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, .. } => match name.0.as_slice() {
                [part] if part.as_ident().is_some() => {
                    self.tables.extend(part.as_ident().map(|ident| ident.value.clone()));
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            },
            _ => ControlFlow::Break(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        match summed(function) {
            Some(Expr::Identifier(column)) => self.columns.push(column.value.clone()),
            Some(Expr::CompoundIdentifier(parts)) => {
                self.columns.extend(parts.last().map(|column| column.value.clone()));
            }
            Some(_) => return ControlFlow::Break(()),
            None => {}
        }
        ControlFlow::Continue(())
    }
}

struct Sums {
    widen: bool,
    found: bool,
}

impl VisitorMut for Sums {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Function(sum) = &*expr
            && let Some(summed) = summed(sum)
            && let Some(checked) = checked(sum, summed, self.widen)
        {
            *expr = checked;
            self.found = true;
        }
        ControlFlow::Continue(())
    }
}

/// What is added up, if that is what the function does.
fn summed(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(summed))]
            if function.name.to_string().eq_ignore_ascii_case("sum") =>
        {
            Some(summed)
        }
        _ => None,
    }
}

/// `sum` of its argument, if that is near the sum of it as fractions.
fn checked(sum: &Function, summed: &Expr, widen: bool) -> Option<Expr> {
    let values = match widen {
        true => format!("({}) + CAST(0 AS BIGINT)", written(summed)),
        false => written(summed),
    };
    let of = |values: &str| {
        let mut sum = sum.clone();
        if let FunctionArguments::List(list) = &mut sum.args {
            list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(read(values)?))];
        }
        Some(sum)
    };
    let (sum, near) = (of(&values)?, of(&format!("CAST({values} AS DOUBLE)"))?);
    let [sum, near] = [written(&sum), written(&near)];
    let size = format!("CAST({sum} AS DOUBLE)");
    read(&format!(
        "(CASE WHEN CAST(CASE WHEN ABS({size} - {near}) > {OFF} AND ABS({size}) < {BEYOND} \
         THEN '{SQL_OVERFLOW}' ELSE '0' END AS BIGINT) = 0 THEN {sum} END)"
    ))
}

fn read(text: &str) -> Option<Expr> {
    Parser::new(&GenericDialect).try_with_sql(text).ok()?.parse_expr().ok()
}
