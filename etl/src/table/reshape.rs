//! Tables of events made wide or long, and values made codes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::Int64Type;
use polars::prelude as pl;
use polars::prelude::{
    ChunkCompareEq, ChunkSet, Column, DataFrame, DataType, Field, IntoColumn, PolarsError,
    PolarsResult, Schema,
};

use super::rows::no_duplicates;
use super::{Fit, JoinKind, JoinOptions, Keep, Table};
use crate::expr::{Aggregate, Expr, Function, Kind, column};
use crate::{Control, Error, Result, frame};

/// A table with codes in the place of values, and what they stand for.
#[derive(Debug, Clone)]
pub struct Factorized {
    /// The table, with the column of codes, of `u32`, at its end; null where the value is.
    pub table: Table,
    /// Column `code`, from 0 on without gaps, in the order in which values first appear, and column
    /// `value`.
    pub dictionary: Table,
}

/// How many columns a pivot may make.
const MAX_PIVOT_COLUMNS: usize = 10_000;
/// The columns of texts and of cells while a pivot is made.
const KEY: &str = "graphlume key";
const CELL: &str = "graphlume cell";

impl Table {
    /// Gives each different value of column `name` a number, in column `codes`.
    ///
    /// Needs the column in memory if it is of text, binary or integers of 64 bits; of other types its
    /// different values.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::DuplicateColumn`] if there is a column `codes`.
    pub fn factorize(&self, name: &str, codes: &str, control: &Control) -> Result<Factorized> {
        self.check_column(name)?;
        let names: Vec<&str> = self.column_names().chain([codes]).collect();
        no_duplicates(&names)?;
        let value = column(name).alias("value");
        let dictionary = self
            .then(move |lazy| lazy.select([value.clone()]))?
            .drop_nulls(&["value"])?
            .unique(&["value"], Keep::First)?
            .then(|lazy| lazy.with_row_index("code", None))?;
        let found = self.polars_schema().get(name);
        if matches!(
            found,
            Some(DataType::String | DataType::Binary | DataType::Int64 | DataType::UInt64)
        ) {
            let coded = column(name).apply(numbered, gives_codes).alias(codes);
            let table = self.then(move |lazy| lazy.with_column(coded.clone()))?.best(Fit::Pieces);
            return Ok(Factorized { table, dictionary });
        }
        let options = JoinOptions {
            kind: JoinKind::Left,
            left_on: vec![name.to_owned()],
            right_on: vec!["value".to_owned()],
            limit: None,
            suffix: " graphlume".to_owned(),
            ..JoinOptions::default()
        };
        let table = match dictionary.rename(&[("code", codes)]) {
            Ok(renamed) => self.join(&renamed, &options, control)?,
            // The codes are to have the name of the values of the dictionary.
            Err(Error::DuplicateColumn { .. }) => {
                let apart = dictionary.rename(&[("value", " value"), ("code", codes)])?;
                let options = JoinOptions { right_on: vec![" value".to_owned()], ..options };
                self.join(&apart, &options, control)?
            }
            Err(error) => return Err(error),
        };
        Ok(Factorized { table, dictionary })
    }

    /// One row for each combination of values of `index`, with a column for each different value of
    /// column `on`, which has `aggregate` of the rows of that value; columns are in the order of those
    /// values and have their text as names. Rows without a value have the last one, `null`.
    ///
    /// Reads the values of `on` now.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::TooMany`] for more than 10,000 columns;
    /// - [`Error::WrongType`] if the expression is not one aggregate of an expression;
    /// - [`Error::DuplicateColumn`] if a value is the name of an index column;
    /// - [`Error::Expression`] for an aggregate that does not fit the columns;
    /// - those of [`collect`](Self::collect).
    pub fn pivot<S: AsRef<str>>(
        &self,
        index: &[S],
        on: &str,
        aggregate: &Expr,
        control: &Control,
    ) -> Result<Self> {
        let index = self.named(index)?;
        self.check_column(on)?;
        let Kind::Aggregate(function, _) = &aggregate.kind else {
            return Err(Error::WrongType {
                what: "the value of a pivot".into(),
                found: aggregate.to_string().into(),
                expected: "an aggregate, such as sum(amount)",
            });
        };
        no_duplicates(self.column_names().chain([KEY, CELL]))?;
        let text = column(on).cast(DataType::String).alias(KEY);
        let keyed = self.then(move |lazy| lazy.with_column(text.clone()))?;
        let different = keyed.select(&[on, KEY])?.unique(&[KEY], Keep::Any)?;
        let values = different
            .limit(MAX_PIVOT_COLUMNS + 1)?
            .sort(&[super::SortKey::ascending(on)])?
            .collect_frame(control)?;
        if values.height() > MAX_PIVOT_COLUMNS {
            let (found, most) = (different.count(control)?, MAX_PIVOT_COLUMNS as u64);
            return Err(Error::TooMany { things: "columns of a pivot", found, most });
        }
        let values = values.column(KEY).and_then(|values| {
            values.str().map(|values| {
                values.iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>()
            })
        });
        let mut values = values.map_err(|error| Error::engine("pivoting", &error))?;
        // What has no value comes last.
        values.sort_by_key(Option::is_none);
        let name = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
        let names: Vec<String> = values.iter().map(name).collect();
        no_duplicates(index.iter().chain(&names))?;
        // First one row for each cell, then those of one index side by side.
        let of_cell: Vec<&str> = index.iter().map(String::as_str).chain([KEY]).collect();
        let cells = keyed.group_by(&of_cell, &[(CELL, aggregate.clone())])?;
        let columns: Vec<pl::Expr> = values
            .iter()
            .zip(&names)
            .map(|(value, name)| {
                let is_value = match value {
                    Some(value) => column(KEY).eq(pl::lit(value.as_str())),
                    None => column(KEY).is_null(),
                };
                let cell = column(CELL).filter(is_value).first();
                match of_nothing(*function) {
                    Some(nothing) => cell.fill_null(nothing),
                    None => cell,
                }
                .alias(name.as_str())
            })
            .collect();
        if index.is_empty() {
            return cells.then(move |lazy| lazy.select(&columns));
        }
        let index: Vec<pl::Expr> = index.iter().map(|name| column(name)).collect();
        cells.then(move |lazy| lazy.group_by_stable(&index).agg(&columns))
    }

    /// One row for each row and column of `columns`: the columns that are not among them, then
    /// `name` with the name of the column and `value` with its value.
    ///
    /// The engine works in pieces of rows: each piece has the rows of the first column, then those of the next, and
    /// for one column they are as they were. Columns of numbers of several types become the one that
    /// arithmetic of them gives; whole numbers that it has not are an error when the table is computed.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there, [`Error::BadOption`] if there are none;
    /// - [`Error::WrongType`] for columns of types that no type holds, such as texts and numbers;
    /// - [`Error::DuplicateColumn`] if `name` or `value` is a name of another column.
    pub fn unpivot<S: AsRef<str>>(&self, columns: &[S], name: &str, value: &str) -> Result<Self> {
        let columns = self.named(columns)?;
        let Some(first) = columns.first() else {
            return Err(Error::BadOption {
                option: "columns",
                value: "empty".into(),
                allowed: "one or more columns",
            });
        };
        let of = |name: &String| self.polars_schema().get(name);
        if columns.iter().any(|other| of(other) != of(first)) {
            let common = |columns: &[String]| {
                let values = columns.iter().map(Expr::column).collect();
                Expr::call(Function::Coalesce, values).resolve(self.schema())
            };
            let common = common(&columns).map_err(|_| {
                let mut prefixes = (1..columns.len()).map(|n| &columns[..=n]);
                let odd = prefixes.find(|prefix| common(prefix).is_err());
                let odd = odd.and_then(|prefix| prefix.last()).unwrap_or(first);
                Error::WrongType {
                    what: format!("column `{odd}`").into(),
                    found: self.type_of(odd),
                    expected: "of a type that has values of the columns before it, too",
                }
            })?;
            let common = frame::polars_type(&common.data_type)?;
            let cast: Vec<_> =
                columns.iter().map(|name| column(name).strict_cast(common.clone())).collect();
            let same = self.then(move |lazy| lazy.with_columns(cast.clone()))?;
            return same.unpivot(&columns, name, value);
        }
        let index: Vec<String> = self
            .column_names()
            .filter(|name| !columns.iter().any(|c| c == name))
            .map(str::to_owned)
            .collect();
        no_duplicates(index.iter().map(String::as_str).chain([name, value]))?;
        let (name, value) = (name.to_owned(), value.to_owned());
        let long = self.then(move |lazy| {
            lazy.unpivot(pl::UnpivotArgsDSL {
                on: Some(pl::by_name(columns.clone(), true, false)),
                index: pl::by_name(index.clone(), true, false),
                variable_name: Some(name.as_str().into()),
                value_name: Some(value.as_str().into()),
            })
        })?;
        Ok(long.best(Fit::Pieces))
    }
}

/// The value of an aggregate of no rows, where that is not null.
fn of_nothing(aggregate: Aggregate) -> Option<pl::Expr> {
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct | Aggregate::Sum => Some(pl::lit(0)),
        Aggregate::Any => Some(pl::lit(false)),
        Aggregate::All => Some(pl::lit(true)),
        _ => None,
    }
}

/// The number of each value of a whole column, in the order of first appearance; null for nulls.
fn numbered(values: Column) -> PolarsResult<Column> {
    let failed =
        |error: &dyn std::fmt::Display| PolarsError::ComputeError(error.to_string().into());
    let name = values.name().clone();
    let whole = DataFrame::new(values.len(), vec![values])?;
    let batch = frame::to_batch(whole, &[]).map_err(|error| failed(&error))?;
    let array: ArrayRef = match batch.column(0).as_primitive_opt::<Int64Type>() {
        // Numbers of one pattern of bits are the same number.
        Some(signed) => {
            let bits = ScalarBuffer::<u64>::from(signed.values().inner().clone());
            Arc::new(UInt64Array::new(bits, signed.nulls().cloned()))
        }
        None => Arc::clone(batch.column(0)),
    };
    let found = graph_core::factorize(&name, &array).map_err(|error| failed(&error))?;
    let codes = pl::UInt32Chunked::from_vec(name, found.codes);
    Ok(match array.null_count() {
        0 => codes.into_column(),
        _ => {
            let is_value = codes.not_equal(graph_core::Factorized::NULL);
            codes.set(&!is_value, None)?.into_column()
        }
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the engine asks for a function that may fail")]
fn gives_codes(_: &Schema, field: &Field) -> PolarsResult<Field> {
    Ok(Field::new(field.name().clone(), DataType::UInt32))
}
