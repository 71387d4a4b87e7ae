//! Tables of events made wide or long, and values made codes.

use polars::prelude as pl;

use super::rows::no_duplicates;
use super::{JoinKind, JoinOptions, Keep, Table};
use crate::expr::{Aggregate, Expr, Kind, column};
use crate::{Control, Error, Result};

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

impl Table {
    /// Gives each different value of column `name` a number, in column `codes`.
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
    /// values and have their text as names.
    ///
    /// Reads the values of `on` now.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::TooManyRows`] for more than 10,000 columns;
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
        let Kind::Aggregate(function, argument) = &aggregate.kind else {
            return Err(Error::WrongType {
                what: "the value of a pivot".into(),
                found: aggregate.to_string().into(),
                expected: "an aggregate, such as sum(amount)",
            });
        };
        let key = "graphlume key";
        let text = column(on).cast(pl::DataType::String).alias(key);
        let values = self
            .then(move |lazy| lazy.select([text.clone()]))?
            .drop_nulls(&[key])?
            .unique(&[key], Keep::Any)?
            .limit(MAX_PIVOT_COLUMNS + 1)?
            .sort(&[super::SortKey::ascending(key)])?
            .collect_frame(control)?;
        let values = values.column(key).and_then(|values| {
            values
                .str()
                .map(|values| values.iter().flatten().map(str::to_owned).collect::<Vec<_>>())
        });
        let values = values.map_err(|error| Error::engine("pivoting", &error))?;
        if values.len() > MAX_PIVOT_COLUMNS {
            return Err(Error::TooManyRows {
                verb: "the pivot, of columns,",
                estimated: values.len() as u64,
                limit: MAX_PIVOT_COLUMNS as u64,
            });
        }
        let as_text = Expr::new(Kind::Cast {
            operand: Box::new(Expr::column(on)),
            to: arrow::datatypes::DataType::Utf8View,
            or_null: false,
        });
        let whole = argument.as_deref().cloned().unwrap_or_else(|| Expr::literal(true));
        // What is not of a value's rows is null, which aggregates leave out.
        let function = if argument.is_none() { Aggregate::Count } else { *function };
        let columns: Vec<(String, Expr)> = values
            .into_iter()
            .map(|value| {
                let is_value = as_text.clone().equals(Expr::literal(value.as_str()));
                let of_value =
                    Kind::Case { branches: vec![(is_value, whole.clone())], otherwise: None };
                (value, Expr::aggregate(function, Some(Expr::new(of_value))))
            })
            .collect();
        self.group_by(&index, &columns)
    }

    /// One row for each row and column of `columns`: the columns that are not among them, then
    /// `name` with the name of the column and `value` with its value.
    ///
    /// Rows are in the order of columns and, for one column, as they were.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there, [`Error::BadOption`] if there are none;
    /// - [`Error::WrongType`] for columns of different types;
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
        for other in &columns[1..] {
            let (a, b) = (self.polars_schema().get(first), self.polars_schema().get(other));
            if a != b {
                return Err(Error::WrongType {
                    what: format!("column `{other}`").into(),
                    found: b.map(ToString::to_string).unwrap_or_default().into(),
                    expected: "of the type of the first column to unpivot",
                });
            }
        }
        let index: Vec<String> = self
            .column_names()
            .filter(|name| !columns.iter().any(|c| c == name))
            .map(str::to_owned)
            .collect();
        no_duplicates(index.iter().map(String::as_str).chain([name, value]))?;
        let (name, value) = (name.to_owned(), value.to_owned());
        self.then(move |lazy| {
            lazy.unpivot(pl::UnpivotArgsDSL {
                on: Some(pl::by_name(columns.clone(), true, false)),
                index: pl::by_name(index.clone(), true, false),
                variable_name: Some(name.as_str().into()),
                value_name: Some(value.as_str().into()),
            })
        })
    }
}
