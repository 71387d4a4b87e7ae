//! Queries in SQL over tables.

use std::ops::ControlFlow;

use arrow::datatypes::{DataType, FieldRef};
use chrono::NaiveDate;
use polars::prelude::LazyFrame;
use sqlparser::ast::{
    DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectName, Query, SelectItem, SetExpr, Statement, TableFactor, TypedString, Value,
    ValueWithSpan, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use super::group_by::sums_fit;
use super::join::{JoinOptions, SMALL};
use super::sql_again::{again, first_column};
use super::sql_joins::check_joins;
use super::sql_order::{excludes, select_order};
use super::sql_parts::n_parts;
use super::sql_plan::Planned;
use super::sql_sums::{check_sums, repeat_constants, summed_columns};
use super::sql_text::{bind, text_of, written};
use super::sql_words::in_words;
use super::{Budget, Fit, Table};
use crate::error::nearest;
use crate::expr::{Bindings, MAX_NESTED, Place, check_regex, too_nested};
use crate::{Control, Error, Result};

/// Most parts of a query.
const MOST_PARTS: u64 = 2000;

/// How a query of SQL is run.
#[derive(Debug, Clone)]
pub struct SqlOptions {
    /// How many rows each join of the query may have by the estimate that is made first; without a
    /// limit none is made.
    pub limit: Option<u64>,
    /// Constants in the place of placeholders, such as `$name`; if `None` there may be none.
    pub bindings: Option<Bindings>,
    /// For queries of strangers: what the joins of the query, and those of its tables, [may make](Table::within).
    pub budget: Option<Budget>,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self { limit: JoinOptions::default().limit, bindings: None, budget: None }
    }
}

/// The table that a query of SQL makes of `tables`, each under its name.
///
/// The dialect is that of polars. One statement, a `SELECT` (with `WITH`, `UNION`, `VALUES` and so on),
/// which sees the tables that are given and nothing else. Sums and other arithmetic of whole numbers
/// have 64 bits and do not wrap; only that of columns which are chosen by a pattern does.
///
/// If there is a limit, rows of joins are estimated first, as [`Table::join`] does, which reads keys once more, and what
/// comes before the join; where nothing has to be equal, a thousand rows of each side are tried with one another.
///
/// # Errors
///
/// - [`Error::Engine`] for text that is not SQL, or SQL that polars has not;
/// - [`Error::Expression`] for a placeholder without a value, and for a constant that should be a regular expression and is none;
/// - [`Error::WrongType`] for a regular expression behind `~` that is no constant;
/// - [`Error::Refused`] for `SIMILAR TO`, for a `DATE` that is no day, for all but one `SELECT`, for functions that read
///   files, for `SELECT INTO`, for a column that a table has and the place in the query has not, for a column
///   of the name that a `*` beside it leaves out, and for more than 2000 parts, where each use of a name of `WITH` counts all that it stands for;
/// - [`Error::Unknown`] for a table that is not given, or a column that is in none;
/// - [`Error::DuplicateColumn`] if two tables have one name;
/// - [`Error::TooManyRows`] if a join would have more rows than the limit;
/// - those of [`Table::collect`], of the estimates;
/// - later, [`Error::Overflow`] for a number that does not fit into 64 bits;
/// - later, [`Error::OverBudget`] if joins make more than they may.
pub fn sql(
    query: &str,
    tables: &[(&str, Table)],
    options: &SqlOptions,
    control: &Control,
) -> Result<Table> {
    super::rows::no_duplicates(tables.iter().map(|(name, _)| *name))?;
    check_nesting(query)?;
    let mut parsed = match &options.bindings {
        Some(bindings) => bind(query, bindings)?,
        None => read(query)?,
    };
    check(&parsed, tables)?;
    let has_constants = repeat_constants(&mut parsed);
    let is_changed = select_order(&mut parsed)? || has_constants || options.bindings.is_some();
    let sizes: Vec<(&str, u64)> = tables.iter().map(|(name, table)| (*name, table.parts)).collect();
    let parts = n_parts(&parsed, &sizes);
    if parts > MOST_PARTS {
        let what = format!("a query of {parts} parts");
        return Err(refused(
            what,
            "there can be 2000, where each use of a name counts all that it stands for",
        ));
    }
    let query = if is_changed { text_of(&parsed)? } else { query.to_owned() };
    let all: Vec<&Table> = tables.iter().map(|(_, table)| table).collect();
    let plan = |query: &str| {
        let tables = tables.iter().map(|(name, table)| (*name, table.polars_schema().as_ref()));
        Planned::new(query, tables)
    };
    // A join of few rows is done faster whole, and needs no watching.
    let table = |planned: Planned, joins_little: bool| {
        let is_whole = joins_little && !planned.is_best_in_pieces();
        let grows = planned.has_joins() && !is_whole;
        let table = Table::of(&all, move |inputs: Vec<LazyFrame>| planned.over(&inputs))?;
        let table = Table { grows: table.grows || grows, parts, ..table };
        let table = table.best(if is_whole { Fit::Whole } else { Fit::Pieces });
        match &options.budget {
            Some(budget) => table.within(budget),
            None => Ok(table),
        }
    };
    let first = |query: &str| -> Result<(Planned, Table)> {
        let planned = plan(query)
            .map_err(|error| unknown_column(&in_words(&error.to_string(), query), tables))?;
        let unchecked = table(planned.clone(), false).map_err(|error| match error {
            Error::Engine { reason, .. } => unknown_column(&reason, tables),
            other => other,
        })?;
        Ok((planned, unchecked))
    };
    // Errors are to be about the query as it was written.
    let (planned, unchecked) = match first(&query) {
        Ok(made) => made,
        Err(refusal) => match again(&parsed, &refusal, first) {
            Some((made, other)) => {
                *parsed = other;
                made
            }
            None => return Err(refusal),
        },
    };
    let mut joins_little = false;
    if let Some(limit) = options.limit {
        let inputs: Vec<LazyFrame> = all.iter().map(|table| table.lazy()).collect();
        let largest = check_joins(&planned, &inputs, limit, control)?;
        joins_little = largest.is_some_and(|rows| rows <= SMALL);
    }
    // Queries with sums that are checked; `None` is the one that is planned.
    let checked_sums = match cannot_wrap(&parsed, tables) {
        true => vec![None],
        false => match [true, false].map(|widen| check_sums(&parsed, widen)) {
            [Some(wide), Some(narrow)] => vec![Some(text_of(&wide)?), Some(text_of(&narrow)?)],
            _ => vec![None],
        },
    };
    for query in checked_sums {
        let again = query.map_or_else(|| Ok(planned.clone()), |query| plan(&query));
        if let Ok(planned) = again.and_then(Planned::mended)
            && let Ok(checked) = table(planned, joins_little)
            && differs_in_width_only(&unchecked, &checked)
        {
            return Ok(checked);
        }
    }
    Err(Error::Engine {
        doing: "planning SQL",
        reason: "arithmetic has a type that cannot be checked for overflow".into(),
    })
}

/// Whether no sum of the query can leave 64 bits, as far as values that are in memory tell.
fn cannot_wrap(query: &Query, tables: &[(&str, Table)]) -> bool {
    let Some((columns, read)) = summed_columns(query) else { return false };
    if columns.is_empty() {
        return false;
    }
    let given = |name: &String| tables.iter().find(|(known, _)| known == name);
    let Some(read) = read.iter().map(given).collect::<Option<Vec<_>>>() else { return false };
    // A row for each combination of rows is the most that joins can make.
    let mut n_rows: u128 = 1;
    for (_, table) in &read {
        match table.held() {
            Some(frame) => n_rows = n_rows.saturating_mul(frame.height() as u128),
            None => return false,
        }
    }
    let fits = |(_, table): &&(&str, Table)| {
        let here = |column: &&String| table.column_names().any(|name| name == **column);
        let columns: Vec<String> = columns.iter().filter(here).cloned().collect();
        let is_of_64_bits = |column: &String| {
            let kind =
                table.schema().field_with_name(column).map(arrow::datatypes::Field::data_type);
            matches!(kind, Ok(DataType::Int64 | DataType::UInt64))
        };
        columns.iter().all(is_of_64_bits)
            && table.held().is_some_and(|frame| sums_fit(&frame, &columns, n_rows).unwrap_or(false))
    };
    read.iter().all(fits)
}

/// Whether columns of `after` have the names and types of those of `before`, but for whole numbers of
/// 64 bits in the place of narrower ones.
fn differs_in_width_only(before: &Table, after: &Table) -> bool {
    let (before, after) = (before.schema().fields(), after.schema().fields());
    let fits = |(before, after): (&FieldRef, &FieldRef)| {
        before.name() == after.name()
            && (before.data_type() == after.data_type()
                || before.data_type().is_integer() && *after.data_type() == DataType::Int64)
    };
    before.len() == after.len() && before.iter().zip(after.iter()).all(fits)
}

fn refused(what: impl std::fmt::Display, why: &'static str) -> Error {
    Error::Refused { what: what.to_string().into(), why }
}

/// Refuses what is no query of the tables.
fn check(query: &Query, tables: &[(&str, Table)]) -> Result<()> {
    let mut checker = Checker { tables, named: Vec::new() };
    match Visit::visit(query, &mut checker) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Refuses what would take the parser a time that doubles with each level.
fn check_nesting(query: &str) -> Result<()> {
    let tokens = Tokenizer::new(&GenericDialect, query)
        .tokenize_with_location()
        .map_err(|error| Error::engine("reading SQL", &error))?;
    match too_nested(&tokens) {
        None => Ok(()),
        Some(place) => Err(Error::Engine {
            doing: "reading SQL",
            reason: format!("more than {MAX_NESTED} levels of CASE, CAST and the like{place}")
                .into(),
        }),
    }
}

/// The one query that the text is.
pub(super) fn read(query: &str) -> Result<Box<Query>> {
    let parsed = Parser::parse_sql(&GenericDialect, query)
        .map_err(|error| Error::engine("reading SQL", &error))?;
    match <[Statement; 1]>::try_from(parsed) {
        Ok([Statement::Query(query)]) => Ok(query),
        Ok([other]) => {
            let text = other.to_string();
            let word = text.split_whitespace().next().unwrap_or_default();
            Err(refused(word, "there must be one SELECT, which changes nothing"))
        }
        Err(none) if none.is_empty() => Err(refused("no statement", "there must be one SELECT")),
        Err(_) => Err(refused("more than one statement", "there must be one SELECT")),
    }
}

/// Walks a query, with the names that are defined in it.
struct Checker<'a> {
    tables: &'a [(&'a str, Table)],
    named: Vec<String>,
}

impl Visitor for Checker<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        if let Some(with) = &query.with {
            self.named.extend(with.cte_tables.iter().map(|table| table.alias.name.value.clone()));
        }
        check_body(&query.body)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } => ControlFlow::Break(refused(
                name,
                "a query reads the tables that it is given, no files",
            )),
            TableFactor::TableFunction { expr, .. } => ControlFlow::Break(refused(
                expr,
                "a query reads the tables that it is given, no files",
            )),
            TableFactor::Function { name, .. }
                if name.to_string().to_ascii_lowercase().starts_with("read_") =>
            {
                ControlFlow::Break(refused(
                    name,
                    "a query reads the tables that it is given, no files",
                ))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Error> {
        let name = match relation.0.as_slice() {
            [part] => match part.as_ident() {
                Some(ident) => ident.value.clone(),
                None => relation.to_string(),
            },
            _ => relation.to_string(),
        };
        let known =
            self.tables.iter().map(|(name, _)| *name).chain(self.named.iter().map(String::as_str));
        match known.clone().any(|known| known == name) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(Error::Unknown {
                kind: "table",
                nearest: nearest(&name, known),
                name: name.into(),
            }),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Function(function)
                if function.name.to_string().to_ascii_lowercase().starts_with("read_") =>
            {
                ControlFlow::Break(refused(
                    &function.name,
                    "a query reads the tables that it is given, no files",
                ))
            }
            Expr::SimilarTo { .. } => ControlFlow::Break(refused(
                written(expr),
                "patterns are those of LIKE and ILIKE, and regular expressions behind ~ and ~*",
            )),
            Expr::TypedString(TypedString { data_type: SqlType::Date, value, .. })
                if !is_date(&value.value) =>
            {
                // The engine would read it as null.
                ControlFlow::Break(refused(
                    written(expr),
                    "days of the calendar are written as DATE '2024-02-29'",
                ))
            }
            expr => match pattern(expr).map(check_pattern) {
                Some(Err(error)) => ControlFlow::Break(error),
                Some(Ok(())) | None => ControlFlow::Continue(()),
            },
        }
    }
}

/// A regular expression of a query.
#[derive(Clone, Copy)]
struct Pattern<'a> {
    expr: &'a Expr,
    /// Whether it must be a constant; it is not that of each row.
    is_constant: bool,
}

/// The regular expression that `expr` asks a text for.
fn pattern(expr: &Expr) -> Option<Pattern<'_>> {
    use sqlparser::ast::BinaryOperator as Op;
    Some(match expr {
        Expr::RLike { pattern, .. } => Pattern { expr: pattern, is_constant: false },
        Expr::BinaryOp {
            op: Op::PGRegexMatch | Op::PGRegexIMatch | Op::PGRegexNotMatch | Op::PGRegexNotIMatch,
            right,
            ..
        } => Pattern { expr: right, is_constant: true },
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. })
            if name.to_string().eq_ignore_ascii_case("regexp_like") =>
        {
            match list.args.get(1)? {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(pattern)) => {
                    Pattern { expr: pattern, is_constant: false }
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Whether a constant is a day of the calendar.
fn is_date(value: &Value) -> bool {
    match value {
        Value::SingleQuotedString(text) => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        _ => false,
    }
}

fn check_pattern(pattern: Pattern<'_>) -> Result<()> {
    let mut expr = pattern.expr;
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            check_regex(text, Place::UNKNOWN).map_err(Error::from)
        }
        Expr::Value(_) => Ok(()),
        _ if pattern.is_constant => Err(Error::WrongType {
            what: "a regular expression".into(),
            found: format!("`{}`", written(pattern.expr)).into(),
            expected: "a text in single quotes",
        }),
        _ => Ok(()),
    }
}

fn check_body(body: &SetExpr) -> ControlFlow<Error> {
    match body {
        SetExpr::Select(select) if select.into.is_some() => {
            ControlFlow::Break(refused("SELECT INTO", "a query changes nothing"))
        }
        SetExpr::Select(select) => match left_out(&select.projection) {
            Some(name) => ControlFlow::Break(refused(
                format!("`* EXCLUDE ({name})` beside another column `{name}`"),
                "the engine would leave out both; `* REPLACE (x + 1 AS x)` has another value in the place of a column",
            )),
            None => ControlFlow::Continue(()),
        },
        SetExpr::SetOperation { left, right, .. } => {
            check_body(left)?;
            check_body(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            ControlFlow::Break(refused(
                body.to_string().split_whitespace().next().unwrap_or_default(),
                "a query changes nothing",
            ))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// The name of a column that is selected beside a `*` which is to leave out one of that name.
fn left_out(items: &[SelectItem]) -> Option<String> {
    let named = items.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expr) => first_column(expr),
        _ => None,
    });
    let is_left_out = |name: &String| {
        items
            .iter()
            .any(|item| matches!(item, SelectItem::Wildcard(options) if excludes(options, name)))
    };
    named.into_iter().find(is_left_out)
}

/// Polars' error of a column as ours, with the name that is most like it.
fn unknown_column(error: &dyn std::fmt::Display, tables: &[(&str, Table)]) -> Error {
    let text = error.to_string();
    let missing = ["unable to find column \"", "no column found with name \"", "not found: "]
        .iter()
        .find_map(|begin| text.split_once(begin))
        .map(|(_, rest)| rest.split(['"', ';', '\n']).next().unwrap_or_default().trim());
    match missing {
        Some(name)
            if tables.iter().any(|(_, table)| table.column_names().any(|known| known == name)) =>
        {
            Error::Refused {
                what: format!("column `{name}`, where this query has it,").into(),
                why: "it is not among the columns there; they may be those that are selected inside",
            }
        }
        Some(name) if !name.is_empty() => {
            let names = tables.iter().flat_map(|(_, table)| table.column_names());
            Error::Unknown { kind: "column", name: name.into(), nearest: nearest(name, names) }
        }
        _ => Error::engine("planning SQL", &text),
    }
}
