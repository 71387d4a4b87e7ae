//! What is in a table, column by column.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use polars::prelude as pl;
use polars::prelude::{AnyValue, DataType};

use super::Table;
use crate::expr::column;
use crate::{Control, Result};

/// What is in a column.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// How many rows have a value.
    pub n_values: u64,
    /// How many have none.
    pub n_nulls: u64,
    /// How many different values there are; not of lists and structs.
    pub n_unique: Option<u64>,
    /// The least value as text; not of lists and structs.
    pub min: Option<String>,
    /// The greatest value as text.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// The standard deviation of numbers, of a sample.
    pub std: Option<f64>,
    /// The first quartile, the median and the third quartile of numbers.
    pub quartiles: Option<[f64; 3]>,
}

impl Table {
    /// Describes all columns, in one pass over the rows.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub fn describe(&self, control: &Control) -> Result<Vec<Summary>> {
        let mut measures = Vec::new();
        for (index, field) in self.polars_schema().iter_values().enumerate() {
            let name = self.schema().field(index).name();
            let value = || column(name);
            let mut add = |what: &str, measure: pl::Expr| {
                measures.push(measure.alias(format!("{index} {what}")));
            };
            add("values", value().count().cast(DataType::UInt64));
            add("nulls", value().null_count().cast(DataType::UInt64));
            if !field.is_nested() {
                // Categories are ordered by their codes.
                let plain = match field {
                    DataType::Categorical(..) | DataType::Enum(..) => {
                        value().cast(DataType::String)
                    }
                    _ => value(),
                };
                if !matches!(field, DataType::Null) {
                    let present = plain.clone().drop_nulls();
                    add("unique", present.n_unique().cast(DataType::UInt64));
                }
                add("min", plain.clone().min());
                add("max", plain.max());
            }
            if field.is_primitive_numeric() || field.is_decimal() {
                let number = value().cast(DataType::Float64);
                add("mean", number.clone().mean());
                add("std", number.clone().std(1));
                for q in [0.25, 0.5, 0.75] {
                    let quantile = number.clone().quantile(pl::lit(q), pl::QuantileMethod::Linear);
                    add(&format!("q{q}"), quantile);
                }
            }
        }
        if measures.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.then(move |lazy| lazy.select(&measures))?.collect_frame(control)?;
        let get = |index: usize, what: &str| {
            let column = found.column(&format!("{index} {what}")).ok()?;
            column.get(0).ok().map(AnyValue::into_static).filter(|value| !value.is_null())
        };
        let whole = |index: usize, what: &str| get(index, what)?.extract::<u64>();
        let float = |index: usize, what: &str| get(index, what)?.extract::<f64>();
        let text = |index: usize, what: &str| {
            Some(match get(index, what)? {
                AnyValue::StringOwned(text) => text.to_string(),
                // As many digits as it takes to tell it from its neighbors.
                AnyValue::Float64(value) => format!("{value:?}"),
                AnyValue::Float32(value) => format!("{value:?}"),
                other => other.to_string(),
            })
        };
        let summaries = self.schema().fields().iter().enumerate().map(|(index, field)| Summary {
            name: field.name().clone(),
            data_type: graph_core::type_name(field.data_type()),
            n_values: whole(index, "values").unwrap_or(0),
            n_nulls: whole(index, "nulls").unwrap_or(0),
            n_unique: whole(index, "unique"),
            min: text(index, "min"),
            max: text(index, "max"),
            mean: float(index, "mean"),
            std: float(index, "std"),
            quartiles: (|| {
                Some([float(index, "q0.25")?, float(index, "q0.5")?, float(index, "q0.75")?])
            })(),
        });
        Ok(summaries.collect())
    }
    /// [`describe`](Self::describe) as a table, a row for each column: `name`, `type`, `values`, `nulls`, `unique`, `min`,
    /// `max`, `mean`, `std`, `q25`, `median` and `q75`; null is what a column of that type does not have.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub fn description(&self, control: &Control) -> Result<Self> {
        let found = self.describe(control)?;
        let texts = |of: fn(&Summary) -> Option<&str>| -> ArrayRef {
            Arc::new(found.iter().map(of).collect::<StringArray>())
        };
        let counts = |of: fn(&Summary) -> Option<u64>| -> ArrayRef {
            Arc::new(found.iter().map(of).collect::<UInt64Array>())
        };
        let numbers = |of: fn(&Summary) -> Option<f64>| -> ArrayRef {
            Arc::new(found.iter().map(of).collect::<Float64Array>())
        };
        let columns = [
            ("name", texts(|column| Some(&column.name))),
            ("type", texts(|column| Some(&column.data_type))),
            ("values", counts(|column| Some(column.n_values))),
            ("nulls", counts(|column| Some(column.n_nulls))),
            ("unique", counts(|column| column.n_unique)),
            ("min", texts(|column| column.min.as_deref())),
            ("max", texts(|column| column.max.as_deref())),
            ("mean", numbers(|column| column.mean)),
            ("std", numbers(|column| column.std)),
            ("q25", numbers(|column| column.quartiles.map(|q| q[0]))),
            ("median", numbers(|column| column.quartiles.map(|q| q[1]))),
            ("q75", numbers(|column| column.quartiles.map(|q| q[2]))),
        ];
        let columns = columns.map(|(name, values)| (name, values, true));
        Self::from_batch(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}
