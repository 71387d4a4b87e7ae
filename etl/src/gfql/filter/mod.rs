//! Filters on tables: which rows meet all conditions.

mod calendar;
mod compare;
mod kind;
mod range;
mod text;

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type};
use arrow::row::{RowConverter, SortField};

use super::error::{QueryError, QueryProblem};
use super::query::{Condition, Filter, Keep, Literal, Predicate};
use super::set::Set;
use super::view::Table;
use super::{Absent, Warning};
use crate::{Error, Result};

/// What evaluation needs to know, and what it has to say.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub absent: Absent,
    pub warnings: Vec<Warning>,
    /// Filters of the chain at hand: which rows they were asked of, and which passed.
    asked: Vec<(*const Filter, Set, Set)>,
}

impl Context {
    pub(super) fn new(absent: Absent) -> Self {
        Self { absent, ..Self::default() }
    }

    /// Forgets what filters said, since other columns are behind them now.
    pub(super) fn forget(&mut self) {
        self.asked.clear();
    }
}

/// The rows among `rows` that meet all conditions of `filter`.
///
/// Conditions that depend on other rows, such as duplicates, see the rows of `rows` alone, in
/// their order.
///
/// What a filter said is remembered until [`Context::forget`], so that only rows it has not seen
/// are asked when a pass of a chain comes to it again.
pub(super) fn select(
    table: Table,
    filter: &Filter,
    rows: &Set,
    context: &mut Context,
) -> Result<Set> {
    if filter.is_empty() {
        return Ok(rows.clone());
    }
    if !filter.columns.iter().all(|(_, predicate)| predicate.is_of_one_row()) {
        return evaluate_all(table, filter, rows, context);
    }
    let Some(at) = context.asked.iter().position(|(known, ..)| std::ptr::eq(*known, filter)) else {
        let hits = evaluate_all(table, filter, rows, context)?;
        context.asked.push((filter, rows.clone(), hits.clone()));
        return Ok(hits);
    };
    let unknown = rows.without(&context.asked[at].1);
    if !unknown.is_empty() {
        let fresh = evaluate_all(table, filter, &unknown, context)?;
        let (_, asked, hits) = &mut context.asked[at];
        *asked |= &unknown;
        *hits |= &fresh;
    }
    Ok(&context.asked[at].2 & rows)
}

fn evaluate_all(table: Table, filter: &Filter, rows: &Set, context: &mut Context) -> Result<Set> {
    let mut hits = rows.clone();
    for (name, predicate) in &filter.columns {
        let at = Asked { path: &filter.path, column: name };
        match table.column(name)? {
            Some(column) => hits &= &evaluate(&column, predicate, rows, at)?,
            None => {
                context.missing(&table, at)?;
                // A column that is not there is null in every row.
                if *predicate != Predicate::Null(true) {
                    hits = Set::empty(rows.len());
                }
            }
        }
    }
    match &filter.query {
        Some((path, condition)) => ask(table, path, condition, &hits),
        None => Ok(hits),
    }
}

/// The rows among `rows` that a query string is true of; its columns have to exist.
fn ask(table: Table, path: &str, condition: &Condition, rows: &Set) -> Result<Set> {
    match condition {
        Condition::All(parts) => {
            let mut hits = rows.clone();
            for part in parts {
                hits &= &ask(table, path, part, rows)?;
            }
            Ok(hits)
        }
        Condition::Any(parts) => {
            let mut hits = Set::empty(rows.len());
            for part in parts {
                hits |= &ask(table, path, part, rows)?;
            }
            Ok(hits)
        }
        Condition::Not(part) => Ok(rows.without(&ask(table, path, part, rows)?)),
        Condition::Test(column, predicate) => match table.column(column)? {
            Some(values) => evaluate(&values, predicate, rows, Asked { path, column }),
            None => {
                let names = table.names();
                let nearest = crate::error::nearest(column, names.iter().map(String::as_str));
                let nearest = nearest.map(String::from);
                let problem =
                    QueryProblem::Unknown { kind: "column", name: column.clone(), nearest };
                Err(QueryError::at(path, problem))
            }
        },
    }
}

impl Context {
    /// A column that does not exist: an error, a warning or neither, as the options say.
    fn missing(&mut self, table: &Table, at: Asked) -> Result<()> {
        let names = table.names();
        let nearest = crate::error::nearest(at.column, names.iter().map(String::as_str));
        let nearest = nearest.map(String::from);
        match self.absent {
            Absent::Refuse => {
                let name = at.column.to_owned();
                Err(at.error(QueryProblem::Unknown { kind: "column", name, nearest }))
            }
            Absent::Null => {
                let warning = Warning { path: at.path(), column: at.column.to_owned(), nearest };
                // The same filter may be asked several times on the way.
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
                Ok(())
            }
        }
    }
}

/// The rows among `rows` whose value in `column` is one of `values`.
pub(super) fn values_among(column: &ArrayRef, values: &[Literal], rows: &Set) -> Result<Set> {
    let at = Asked { path: "", column: "" };
    by_value(column, &Predicate::IsIn(values.to_vec()), rows, at)
}

/// A column in a filter, for messages.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    path: &'a str,
    column: &'a str,
}

impl Asked<'_> {
    fn path(self) -> String {
        format!("{}[{:?}]", self.path, self.column)
    }

    fn error(self, problem: QueryProblem) -> Error {
        QueryError::at(&self.path(), problem)
    }

    fn wrong_type(self, array: &dyn Array, condition: &'static str) -> Error {
        let data_type = graph_core::type_name(array.data_type());
        self.error(QueryProblem::ColumnType {
            column: self.column.to_owned(),
            data_type,
            condition,
        })
    }
}

fn evaluate(column: &ArrayRef, predicate: &Predicate, rows: &Set, at: Asked) -> Result<Set> {
    match predicate {
        Predicate::Null(wanted) => {
            let nulls = nulls(column)?.unwrap_or_else(|| Set::empty(rows.len()));
            Ok(if *wanted { rows & &nulls } else { rows.without(&nulls) })
        }
        Predicate::Duplicated(keep) => duplicated(column, *keep, rows),
        Predicate::AllOf(parts) => {
            let mut hits = rows.clone();
            for part in parts {
                hits &= &evaluate(column, part, rows, at)?;
            }
            Ok(hits)
        }
        _ => by_value(column, predicate, rows, at),
    }
}

/// Conditions that look at one value at a time; those on dictionaries look at each entry once.
fn by_value(column: &ArrayRef, predicate: &Predicate, rows: &Set, at: Asked) -> Result<Set> {
    if let DataType::Dictionary(..) = column.data_type() {
        let dictionary = column.as_any_dictionary();
        let values = dictionary.values();
        let hits = by_value(values, predicate, &Set::full(values.len()), at)?;
        let keys = dictionary.normalized_keys();
        let null_hit = matches!(predicate, Predicate::Text(test) if test.na);
        return Ok(rows.filter(|row| match column.is_valid(row as usize) {
            true => hits.contains(keys[row as usize] as u32),
            false => null_hit,
        }));
    }
    match predicate {
        Predicate::Text(test) => text::test(column, test, rows, at),
        Predicate::Class(class) => text::class(column, *class, rows, at),
        Predicate::Calendar(test) => calendar::test(column, *test, rows, at),
        Predicate::Is(value) => compare::is(column, value, rows, at),
        Predicate::Among(values) => compare::among(column, values, &present(column, rows)?),
        Predicate::IsIn(values) => compare::among(column, values, rows),
        Predicate::Compare(comparison, value) => {
            compare::compare(column, *comparison, value, rows, at)
        }
        Predicate::Between { low, high, inclusive } => {
            compare::between(column, (low, high), *inclusive, rows, at)
        }
        Predicate::Null(_) | Predicate::Duplicated(_) | Predicate::AllOf(_) => {
            evaluate(column, predicate, rows, at)
        }
    }
}

/// The rows without a value; what is not a number counts as none. `None` if all have one.
fn nulls(column: &ArrayRef) -> Result<Option<Set>> {
    let missing = column.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let missing = missing.map(|nulls| {
        let valid = Set::of_mask(nulls.inner());
        Set::full(valid.len()).without(&valid)
    });
    if !column.data_type().is_floating() {
        return Ok(missing);
    }
    let mut nans = Set::full(column.len());
    nans = match column.data_type() {
        DataType::Float32 => {
            nans.filter_values(column.as_primitive::<Float32Type>().values(), f32::is_nan)
        }
        _ => nans.filter_values(kind::floats(column)?.values(), f64::is_nan),
    };
    if let Some(missing) = &missing {
        nans |= missing;
    }
    Ok(Some(nans).filter(|nans| !nans.is_empty()))
}

/// The rows among `rows` that have a value.
fn present(column: &ArrayRef, rows: &Set) -> Result<Set> {
    Ok(match nulls(column)? {
        Some(nulls) => rows.without(&nulls),
        None => rows.clone(),
    })
}

/// The rows among `rows` whose value another of them has, too; nulls are equal to one another.
fn duplicated(column: &ArrayRef, keep: Keep, rows: &Set) -> Result<Set> {
    let wrap = |error| Error::from(graph_core::Error::from(error));
    let converter =
        RowConverter::new(vec![SortField::new(column.data_type().clone())]).map_err(wrap)?;
    let keys = converter.convert_columns(&[std::sync::Arc::clone(column)]).map_err(wrap)?;
    let mut seen: HashMap<&[u8], (u32, u32, u32)> = HashMap::new();
    let members = rows.members();
    for &row in &members {
        let (_, last, count) = seen.entry(keys.row(row as usize).data()).or_insert((row, row, 0));
        *last = row;
        *count += 1;
    }
    let kept = |row: u32| {
        let (first, last, count) = seen[keys.row(row as usize).data()];
        match keep {
            Keep::First => row == first,
            Keep::Last => row == last,
            Keep::None => count == 1,
        }
    };
    Ok(Set::of_members(rows.len(), members.into_iter().filter(|&row| !kept(row))))
}
