//! Feature matrices: the door through which rows of numbers come in.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type};

use crate::error::nearest;
use crate::{Error, Result};

/// `n` rows of `d` finite numbers; checked once, read-only from then on.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Vec<f32>,
    n_columns: usize,
}

impl Features {
    /// Takes `values` row by row, shape `[n, n_columns]`.
    ///
    /// ```
    /// use graph_etl::features::Features;
    ///
    /// let features = Features::new(2, vec![0.0, 1.0, 2.0, 3.0])?;
    /// assert_eq!((features.n_rows(), features.row(1)), (2, &[2.0, 3.0][..]));
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `n_columns` is 0, or if there are more than 2³² - 2 rows;
    /// - [`Error::LengthMismatch`] if `values` is not a number of whole rows;
    /// - [`Error::NotFinite`] if a value is not finite.
    pub fn new(n_columns: usize, values: Vec<f32>) -> Result<Self> {
        if n_columns == 0 {
            let value = "0".into();
            return Err(Error::BadOption { option: "n_columns", value, allowed: "at least 1" });
        }
        let (found, n_rows) = (values.len(), values.len() / n_columns);
        if found % n_columns != 0 {
            let expected = n_rows * n_columns + n_columns;
            return Err(Error::LengthMismatch { name: "values", found, expected });
        }
        if u32::try_from(n_rows).is_ok_and(|n_rows| n_rows < u32::MAX) {
            return match values.iter().position(|value| !value.is_finite()) {
                None => Ok(Self { values, n_columns }),
                Some(at) => Err(Error::NotFinite {
                    name: "features",
                    row: at / n_columns,
                    column: at % n_columns,
                }),
            };
        }
        let value = n_rows.to_string().into();
        Err(Error::BadOption { option: "number of rows", value, allowed: "less than 2^32 - 1" })
    }

    /// Columns of numbers or of truth values of a table, in the order in which they are named.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] if there is no such column, with the most similar name;
    /// - [`Error::WrongType`] if one has something else;
    /// - [`Error::NotFinite`] if a value is null, or not finite as `f32`;
    /// - those of [`new`](Self::new).
    pub fn from_columns(table: &RecordBatch, columns: &[&str]) -> Result<Self> {
        let (n, d) = (table.num_rows(), columns.len());
        let mut values = vec![0.0; n * d];
        for (at, name) in columns.iter().enumerate() {
            let Some(column) = table.column_by_name(name) else {
                let schema = table.schema();
                let names = schema.fields().iter().map(|field| field.name().as_str());
                let nearest = nearest(name, names);
                return Err(Error::Unknown { kind: "column", name: (*name).into(), nearest });
            };
            let kind = column.data_type();
            if !kind.is_numeric() && *kind != DataType::Boolean {
                return Err(Error::WrongType {
                    what: format!("column `{name}`").into(),
                    found: graph_core::type_name(kind).into(),
                    expected: "one of numbers",
                });
            }
            let column = cast(column, &DataType::Float32).map_err(graph_core::Error::from)?;
            if let Some(row) = (0..n).find(|&row| column.is_null(row)) {
                return Err(Error::NotFinite { name: "features", row, column: at });
            }
            for (row, &value) in column.as_primitive::<Float32Type>().values().iter().enumerate() {
                values[row * d + at] = value;
            }
        }
        Self::new(d, values)
    }

    /// Number of rows `n`.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns
    }

    /// Number of columns `d`.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// All values row by row, shape `[n, d]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A row, shape `[d]`.
    ///
    /// # Panics
    ///
    /// If `row` is not in `0..n_rows`.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.n_columns..(row + 1) * self.n_columns]
    }

    /// Rows of length 1, for which the inner product is the cosine; rows of zeros stay.
    pub(super) fn normalized(&self) -> Self {
        let mut values = self.values.clone();
        for row in values.chunks_mut(self.n_columns) {
            let norm = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
            if norm > 0.0 {
                for value in row {
                    *value = (f64::from(*value) / norm) as f32;
                }
            }
        }
        Self { values, n_columns: self.n_columns }
    }
}
