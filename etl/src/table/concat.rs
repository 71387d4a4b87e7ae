//! Tables one below the other.

use std::collections::HashMap;
use std::fmt;

use arrow::datatypes::DataType;
use polars::prelude as pl;
use polars::prelude::UnionArgs;

use super::Table;
use crate::error::{hint, nearest};
use crate::expr::column;
use crate::{Error, Result};

/// Two tables of which one cannot go below the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlikeTables {
    /// Their places among the tables that were to go below one another, counted from 0.
    pub places: [usize; 2],
    /// What they are called; where nothing else is known, `table` and a number, counted from 1.
    pub names: [Box<str>; 2],
    /// How the second differs from the first.
    pub difference: TableDifference,
}

/// How a table differs from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableDifference {
    /// It lacks a column.
    Lacks {
        /// The column.
        column: Box<str>,
        /// The column of it that is most like that, if one is.
        nearest: Option<Box<str>>,
    },
    /// A column has another type.
    Type {
        /// The column.
        column: Box<str>,
        /// Its types in both.
        types: [Box<str>; 2],
    },
    /// Its columns are the same, in another order.
    Order,
}

impl UnlikeTables {
    fn error(places: [usize; 2], difference: TableDifference) -> Error {
        let names = places.map(|place| format!("table {}", place + 1).into());
        Error::Unlike(Box::new(Self { places, names, difference }))
    }

    /// The same, with the names of tables by their places.
    pub fn named(self, name: impl Fn(usize) -> String) -> Self {
        Self { names: self.places.map(|place| name(place).into()), ..self }
    }
}

impl fmt::Display for UnlikeTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.names;
        match &self.difference {
            TableDifference::Lacks { column, nearest } => {
                let hint = hint(nearest.as_deref());
                write!(f, "{second} has no column `{column}`, which {first} has{hint}")
            }
            TableDifference::Type { column, types: [before, found] } => {
                write!(f, "column `{column}` is {found} in {second}, but {before} in {first}")
            }
            TableDifference::Order => {
                write!(f, "{second} has the columns of {first} in another order")
            }
        }
    }
}

impl std::error::Error for UnlikeTables {}

impl Table {
    /// The rows of all `tables`, one after another.
    ///
    /// With `fill`, a column that a table lacks is null there; otherwise all must have the same columns
    /// in the same order. Columns of one name must have one type, in either case, or be of numbers: integers of several
    /// widths become those of 64 bits, but for unsigned ones of 64 bits beside signed ones; and integers beside fractions
    /// become fractions of 64 bits, if these hold them exactly.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if there are no tables;
    /// - [`Error::Unlike`] for a column that a table lacks, or other orders of columns, without `fill`, and for a column
    ///   that has other types in different tables;
    /// - later, [`Error::Engine`] for integers that fractions do not hold.
    pub fn concat(tables: &[&Self], fill: bool) -> Result<Self> {
        let Some(&first) = tables.first() else {
            return Err(Error::BadOption {
                option: "tables",
                value: "empty".into(),
                allowed: "one or more tables",
            });
        };
        let alike = alike(tables)?;
        let tables: Vec<&Self> = alike.iter().collect();
        let mut known = HashMap::new();
        for (at, &table) in tables.iter().enumerate() {
            same_types(at, table, &mut known)?;
            if !fill {
                same_columns([0, at], [first, table])?;
            }
        }
        let empty = first.lazy();
        Self::of(&tables, move |inputs| {
            let options =
                UnionArgs { diagonal: fill, maintain_order: true, ..UnionArgs::default() };
            // Its one error is that there are no inputs.
            pl::concat(inputs, options).unwrap_or_else(|_| empty.clone())
        })
    }
}

/// The tables, where columns of one name and several types of numbers have a type that holds them all, if there is one.
fn alike(tables: &[&Table]) -> Result<Vec<Table>> {
    let mut types: HashMap<&str, Vec<&pl::DataType>> = HashMap::new();
    for (name, of) in tables.iter().flat_map(|table| table.polars_schema().iter()) {
        types.entry(name.as_str()).or_default().push(of);
    }
    let types: HashMap<&str, pl::DataType> =
        types.into_iter().filter_map(|(name, of)| Some((name, holds_all(&of)?))).collect();
    let wider = |(name, of): (&pl::PlSmallStr, &pl::DataType)| {
        let wider = types.get(name.as_str()).filter(|wider| *wider != of)?;
        let is_fraction = *wider == pl::DataType::Float64 && of.is_integer();
        Some(if is_fraction { exact(name) } else { column(name).strict_cast(wider.clone()) })
    };
    let table = |table: &&Table| {
        let casts: Vec<pl::Expr> = table.polars_schema().iter().filter_map(wider).collect();
        match casts.is_empty() {
            true => Ok((*table).clone()),
            false => table.then(move |lazy| lazy.with_columns(&casts)),
        }
    };
    tables.iter().map(table).collect()
}

/// A column of integers as fractions of 64 bits, if these can tell them apart.
fn exact(name: &pl::PlSmallStr) -> pl::Expr {
    let run = |integers: pl::Column| {
        let fractions = integers.strict_cast(&pl::DataType::Float64)?;
        let back = fractions.cast(integers.dtype())?;
        if !back.as_materialized_series().equals_missing(integers.as_materialized_series()) {
            let name = integers.name();
            let reason = format!(
                "column `{name}` has fractions in one table, and in another integers beyond 2^53, which would lose digits"
            );
            return Err(pl::PolarsError::ComputeError(reason.into()));
        }
        Ok(fractions)
    };
    let gives = |_: &pl::Schema, field: &pl::Field| {
        Ok(pl::Field::new(field.name().clone(), pl::DataType::Float64))
    };
    column(name).map(run, gives)
}

/// The type that holds numbers of all `types`, if they differ and there is one.
fn holds_all(types: &[&pl::DataType]) -> Option<pl::DataType> {
    let all = |is: fn(&pl::DataType) -> bool| types.iter().all(|of| is(of));
    if types.iter().all(|of| *of == types[0]) || !all(pl::DataType::is_primitive_numeric) {
        return None;
    }
    if types.iter().any(|of| of.is_float()) {
        return Some(pl::DataType::Float64);
    }
    if all(pl::DataType::is_unsigned_integer) {
        return Some(pl::DataType::UInt64);
    }
    // What is below 0 and what is beyond the signed integers share no type.
    (!types.contains(&&pl::DataType::UInt64)).then_some(pl::DataType::Int64)
}

/// Refuses a column that has another type in a table before. `known` has each column of those, with the place of the
/// first one that has it and its type there, and gets those of this one.
fn same_types<'t>(
    at: usize,
    table: &'t Table,
    known: &mut HashMap<&'t str, (usize, &'t DataType)>,
) -> Result<()> {
    let fields = table.schema().fields();
    let unlike = fields.iter().filter_map(|field| {
        let &(before, expected) = known.get(field.name().as_str())?;
        (expected != field.data_type()).then_some((before, expected, field))
    });
    if let Some((before, expected, field)) = unlike.min_by_key(|(before, ..)| *before) {
        let types = [expected, field.data_type()].map(|of| graph_core::type_name(of).into());
        let column = field.name().as_str().into();
        return Err(UnlikeTables::error([before, at], TableDifference::Type { column, types }));
    }
    for field in fields {
        known.entry(field.name().as_str()).or_insert((at, field.data_type()));
    }
    Ok(())
}

/// Refuses tables of other columns, or of the same in another order.
fn same_columns(places: [usize; 2], [first, second]: [&Table; 2]) -> Result<()> {
    let [a, b] = places;
    for (places, has, lacks) in [([a, b], first, second), ([b, a], second, first)] {
        let lacking = has.column_names().find(|name| !lacks.polars_schema().contains(name));
        if let Some(column) = lacking {
            let nearest = nearest(column, lacks.column_names());
            let column = column.into();
            return Err(UnlikeTables::error(places, TableDifference::Lacks { column, nearest }));
        }
    }
    match first.column_names().eq(second.column_names()) {
        true => Ok(()),
        false => Err(UnlikeTables::error(places, TableDifference::Order)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    use super::*;

    /// One row, of texts and then of numbers.
    fn table(texts: &[&str], numbers: &[&str]) -> Table {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let texts = texts.iter().map(|&name| (name, Arc::clone(&text)));
        let numbers = numbers.iter().map(|&name| (name, Arc::clone(&number)));
        Table::from_batch(RecordBatch::try_from_iter(texts.chain(numbers)).unwrap()).unwrap()
    }

    #[test]
    fn a_type_is_compared_with_the_first_table_that_has_the_column() {
        let unlike = |tables: &[Table]| {
            let tables: Vec<&Table> = tables.iter().collect();
            Table::concat(&tables, true).unwrap_err().to_string()
        };
        let [a, b] = [table(&["a"], &[]), table(&[], &["b"])];
        assert_eq!(
            unlike(&[a.clone(), b.clone(), b.clone(), table(&["b"], &[]), table(&[], &["a"])]),
            "column `b` is text in table 4, but int64 in table 2"
        );
        // Of several columns, that which the first of the tables has.
        assert_eq!(
            unlike(&[a, b, table(&["b"], &["a"])]),
            "column `a` is int64 in table 3, but text in table 1"
        );
        let fine = [table(&["a"], &["b"]), table(&["c"], &[]), table(&["a", "c"], &["b"])];
        assert!(Table::concat(&fine.iter().collect::<Vec<_>>(), true).is_ok());
    }
}
