//! A text looked for in all columns of rows, as they are shown.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use regex::Regex;

use super::{column, named, wrap};
use crate::Result;

/// Stands for no value where numbers are shown.
const NOTHING: f64 = 2_147_483_647.0;

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub(in crate::gfql) struct Search {
    /// The step whose columns are looked at, if rows tell steps apart.
    pub alias: String,
    /// Name of the column of answers.
    pub name: String,
    pub pattern: Regex,
    /// Whether numbers and times are looked at too.
    pub numeric: bool,
    /// Columns to look at, whatever their types; those whose types ask for it without.
    pub columns: Option<Vec<String>>,
}

impl PartialEq for Search {
    fn eq(&self, other: &Self) -> bool {
        (&self.alias, &self.name, self.numeric, &self.columns, self.pattern.as_str())
            == (&other.alias, &other.name, other.numeric, &other.columns, other.pattern.as_str())
    }
}

impl Search {
    /// Whether each row shows the text anywhere. A missing value shows nothing.
    pub(super) fn run(&self, rows: &RecordBatch, path: &str) -> Result<ArrayRef> {
        let n = rows.num_rows();
        let mut hits = BooleanBuffer::new_unset(n);
        for values in self.searched(rows, path)? {
            if let Some(texts) = shown(&values).map_err(wrap)? {
                let is_hit = |row| texts.is_valid(row) && self.pattern.is_match(texts.value(row));
                hits = &hits | &BooleanBuffer::collect_bool(n, is_hit);
            }
        }
        Ok(Arc::new(BooleanArray::from(hits)))
    }

    fn searched(&self, rows: &RecordBatch, path: &str) -> Result<Vec<ArrayRef>> {
        // Nothing can be wrong with a column of no rows.
        if rows.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let prefix = format!("{}.", self.alias);
        let all = named(rows);
        let is_told_apart = all.iter().any(|(name, _)| name.starts_with(&prefix));
        if let Some(names) = &self.columns {
            let full =
                |name: &String| if is_told_apart { prefix.clone() + name } else { name.clone() };
            return names.iter().map(|name| column(rows, &full(name), path)).collect();
        }
        let is_of_step = |name: &str| match is_told_apart {
            true => name.starts_with(&prefix),
            false => name != self.alias,
        };
        let asks = |kind: &DataType| match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
            DataType::Dictionary(_, values) => values.is_string(),
            kind => self.numeric && (kind.is_numeric() || matches!(kind, DataType::Timestamp(..))),
        };
        let searched = all.into_iter().filter(|(name, _)| is_of_step(name));
        Ok(searched.map(|(_, values)| values).filter(|values| asks(values.data_type())).collect())
    }
}

/// The texts that a column is shown as; of some types none are.
fn shown(values: &ArrayRef) -> Result<Option<StringArray>, ArrowError> {
    let to = |kind: &DataType| cast(values, kind);
    Ok(Some(match values.data_type() {
        kind if kind.is_floating() => {
            let values = to(&DataType::Float64)?;
            values
                .as_primitive::<Float64Type>()
                .iter()
                .map(|value| value.and_then(number))
                .collect()
        }
        DataType::Timestamp(_, zone) => {
            let values = to(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let values = values.as_primitive::<TimestampMicrosecondType>();
            let moment = |row| {
                let moment = values.is_valid(row).then(|| values.value_as_datetime(row))??;
                Some(moment.format("%b %-d %Y, %-I:%M:%S %P UTC").to_string())
            };
            (0..values.len()).map(moment).collect()
        }
        DataType::Boolean => {
            let word = |flag| if flag { "True" } else { "False" };
            values.as_boolean().iter().map(|flag| flag.map(word)).collect()
        }
        kind if kind.is_integer()
            || kind.is_string()
            || matches!(kind, DataType::Dictionary(..)) =>
        {
            to(&DataType::Utf8)?.as_string::<i32>().clone()
        }
        _ => return Ok(None),
    }))
}

/// A number with four decimals, or none if it is whole.
fn number(value: f64) -> Option<String> {
    if value.is_nan() || value == NOTHING {
        return None;
    }
    Some(if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if value.fract() != 0.0 {
        format!("{value:.4}")
    } else if value.abs() < 1e21 {
        format!("{value:.0}")
    } else {
        format!("{value:e}").replace('e', "e+")
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, TimestampMillisecondArray};

    use super::*;

    /// What the client's `render_float_pandas` and `render_datetime_pandas` give.
    #[test]
    fn values_are_shown_as_the_client_shows_them() {
        let numbers =
            [0.5, -0.0, 2.0, -1234.56789, 1e20, 1.5e300, f64::INFINITY, NOTHING, f64::NAN];
        let found = shown(&(Arc::new(Float64Array::from(numbers.to_vec())) as ArrayRef)).unwrap();
        let expected = [
            Some("0.5000"),
            Some("0"),
            Some("2"),
            Some("-1234.5679"),
            Some("100000000000000000000"),
            Some("1.5e+300"),
            Some("Infinity"),
            None,
            None,
        ];
        assert_eq!(found.unwrap().iter().collect::<Vec<_>>(), expected);
        let moments = TimestampMillisecondArray::from(vec![Some(0), Some(1_583_156_705_999), None]);
        let found = shown(&(Arc::new(moments) as ArrayRef)).unwrap().unwrap();
        let expected =
            [Some("Jan 1 1970, 12:00:00 am UTC"), Some("Mar 2 2020, 1:45:05 pm UTC"), None];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}
