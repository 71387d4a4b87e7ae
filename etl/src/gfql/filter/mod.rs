//! Filters on tables: which rows meet all conditions.

mod calendar;
mod compare;
mod text;

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
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
}

/// The rows among `rows` that meet all conditions of `filter`.
///
/// Conditions that depend on other rows, such as duplicates, see the rows of `rows` alone, in
/// their order.
pub(super) fn select(
    table: Table,
    filter: &Filter,
    rows: &Set,
    context: &mut Context,
) -> Result<Set> {
    let mut hits = rows.clone();
    for (name, predicate) in &filter.columns {
        let at = Asked { path: &filter.path, column: name };
        match table.column(name, rows)? {
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
        Condition::Test(column, predicate) => match table.column(column, rows)? {
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
        let data_type = array.data_type().to_string();
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
            let nulls = nulls(column)?;
            Ok(rows.filter(|row| nulls.contains(row) == *wanted))
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
        Predicate::Among(values) => {
            let nulls = nulls(column)?;
            Ok(compare::among(column, values, rows)?.without(&nulls))
        }
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

/// The rows without a value; what is not a number counts as none.
fn nulls(column: &ArrayRef) -> Result<Set> {
    let missing = column.logical_nulls();
    if column.data_type().is_floating() {
        let values = cast(column, &DataType::Float64).map_err(graph_core::Error::from)?;
        let values = values.as_primitive::<Float64Type>().values();
        return Ok(Set::of(column.len(), |row| {
            values[row as usize].is_nan()
                || missing.as_ref().is_some_and(|nulls| nulls.is_null(row as usize))
        }));
    }
    Ok(match missing {
        Some(nulls) => Set::of(column.len(), |row| nulls.is_null(row as usize)),
        None => Set::empty(column.len()),
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
