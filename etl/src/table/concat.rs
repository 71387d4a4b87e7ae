//! Tables one below the other.

use std::collections::HashMap;
use std::fmt;

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
        for (at, &table) in tables.iter().enumerate().skip(1) {
            for (before, &other) in tables[..at].iter().enumerate() {
                same_types([before, at], [other, table])?;
            }
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
    let wider = |(name, of): (&pl::PlSmallStr, &pl::DataType)| {
        let wider = holds_all(&types[name.as_str()]).filter(|wider| wider != of)?;
        let is_fraction = wider == pl::DataType::Float64 && of.is_integer();
        Some(if is_fraction { exact(name) } else { column(name).strict_cast(wider) })
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

/// Refuses columns of one name and several types.
fn same_types(places: [usize; 2], [left, right]: [&Table; 2]) -> Result<()> {
    for field in right.schema().fields() {
        if let Some((_, other)) = left.schema().column_with_name(field.name())
            && other.data_type() != field.data_type()
        {
            let types = [other.data_type(), field.data_type()];
            let types = types.map(|of| graph_core::type_name(of).into());
            let column = field.name().as_str().into();
            return Err(UnlikeTables::error(places, TableDifference::Type { column, types }));
        }
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
