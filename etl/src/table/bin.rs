//! Numbers and times into bins, and how many are in each.

use polars::prelude as pl;
use polars::prelude::{Column, DataType, Field, IntoColumn, Schema};

use super::Table;
use crate::expr::{Interval, column};
use crate::{Control, Error, Result};

/// How the range of a column is cut into bins.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// This many, of equal width, from the least to the greatest value.
    Linear(usize),
    /// This many, of equal width of the logarithm, from the least to the greatest value above 0.
    Log(usize),
    /// This many, with about equally many values; fewer where values are equal.
    Quantile(usize),
    /// Between these edges, which ascend.
    Edges(Vec<f64>),
}

/// A table with a column of bins.
#[derive(Debug, Clone)]
pub struct Binned {
    /// The table, with the number of the bin from 0 on, of `u32`, at its end: null where the value is
    /// null, not a number, or outside of all bins.
    pub table: Table,
    /// The edges of the bins, one more than there are bins. A value on an edge is in the bin above it,
    /// but for the last one, which is part of the last bin.
    pub edges: Vec<f64>,
}

/// How many values are in each bin.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Histogram {
    /// The edges of the bins, one more than there are bins.
    pub edges: Vec<f64>,
    /// How many values are in each bin.
    pub counts: Vec<u64>,
    /// How many are null, not a number, or outside of all bins.
    pub outside: u64,
}

/// How many bins there may be.
const MAX_BINS: usize = 1_000_000;

impl Table {
    /// Adds column `into` with the number of the bin that the value of column `name` is in; a
    /// timestamp counts in microseconds since 1970, a date in days.
    ///
    /// Reads the column now, to find the edges, unless they are given. Of a column without values, or
    /// for logarithms without values above 0, there are no bins.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::WrongType`] for one that is neither of numbers nor of times;
    /// - [`Error::DuplicateColumn`] if there is a column `into`;
    /// - [`Error::BadOption`] for no bins or more than a million, and for edges that do not ascend;
    /// - those of [`collect`](Self::collect).
    pub fn bin(&self, name: &str, bins: &Bins, into: &str, control: &Control) -> Result<Binned> {
        let values = self.numbers(name)?;
        super::rows::no_duplicates(self.column_names().chain([into]))?;
        let edges = self.edges(&values, bins, control)?;
        let inner = edges.clone();
        let run = move |values: Column| {
            let values = values.as_materialized_series().f64()?;
            let numbers: pl::UInt32Chunked =
                values.iter().map(|value| bin_of(&inner, value?)).collect();
            Ok(numbers.with_name("".into()).into_column())
        };
        let gives =
            |_: &Schema, field: &Field| Ok(Field::new(field.name().clone(), DataType::UInt32));
        let binned = values.map(run, gives).alias(into);
        let table = self.then(move |lazy| lazy.with_column(binned.clone()))?;
        Ok(Binned { table, edges })
    }

    /// How many values of column `name` are in each of the bins, which are those of [`bin`](Self::bin).
    ///
    /// # Errors
    ///
    /// Those of [`bin`](Self::bin).
    pub fn histogram(&self, name: &str, bins: &Bins, control: &Control) -> Result<Histogram> {
        let doing = "counting the values of bins";
        let alone = self.select(&[name])?.rename(&[(name, "value")])?;
        let Binned { table, edges } = alone.bin("value", bins, "bin", control)?;
        let rows = crate::expr::Expr::aggregate(crate::expr::Aggregate::Count, None);
        let counted = table.group_by(&["bin"], &[("rows", rows)])?.collect_frame(control)?;
        let mut histogram =
            Histogram { counts: vec![0; edges.len().saturating_sub(1)], edges, outside: 0 };
        let failed = |error: pl::PolarsError| Error::engine(doing, &error);
        let numbers = counted.column("bin").map_err(failed)?.u32().map_err(failed)?;
        let rows = counted.column("rows").map_err(failed)?.i64().map_err(failed)?;
        for (bin, rows) in numbers.iter().zip(rows.iter()) {
            let rows = rows.unwrap_or(0) as u64;
            match bin {
                Some(bin) => histogram.counts[bin as usize] = rows,
                None => histogram.outside = rows,
            }
        }
        Ok(histogram)
    }

    /// Adds column `into` with the begin of the interval of length `every` that the timestamp or date
    /// of column `name` is in, such as `"15 minutes"`, `"1 day"` or `"3 months"`: counted from 1970 on,
    /// weeks from Mondays, and in the zone of the column.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::WrongType`] for one that is neither of timestamps nor of dates;
    /// - [`Error::DuplicateColumn`] if there is a column `into`;
    /// - [`Error::BadOption`] for an interval that is not one, of several parts, or not above 0.
    pub fn bin_time(&self, name: &str, every: &str, into: &str) -> Result<Self> {
        self.check_column(name)?;
        super::rows::no_duplicates(self.column_names().chain([into]))?;
        let found = self.polars_schema().get(name).cloned().unwrap_or(DataType::Null);
        if !matches!(found, DataType::Date | DataType::Datetime(..)) {
            return Err(Error::WrongType {
                what: format!("column `{name}`").into(),
                found: found.to_string().into(),
                expected: "a date or timestamp",
            });
        }
        let length = match Interval::read(every) {
            Some(Interval { months: months @ 1.., days: 0, micros: 0 }) => format!("{months}mo"),
            Some(Interval { months: 0, days: days @ 1.., micros: 0 }) if days % 7 == 0 => {
                format!("{}w", days / 7)
            }
            Some(Interval { months: 0, days: days @ 1.., micros: 0 }) => format!("{days}d"),
            Some(Interval { months: 0, days: 0, micros: micros @ 1.. }) => format!("{micros}us"),
            _ => {
                return Err(Error::BadOption {
                    option: "every",
                    value: every.into(),
                    allowed: "one length of time above 0, such as 15 minutes, 1 day or 3 months",
                });
            }
        };
        let values = match found {
            DataType::Date if length.ends_with("us") => {
                column(name).cast(DataType::Datetime(pl::TimeUnit::Microseconds, None))
            }
            _ => column(name),
        };
        let begin = values.dt().truncate(pl::lit(length)).alias(into);
        self.then(move |lazy| lazy.with_column(begin.clone()))
    }

    /// Column `name` in `f64`.
    fn numbers(&self, name: &str) -> Result<pl::Expr> {
        self.check_column(name)?;
        let found = self.polars_schema().get(name).cloned().unwrap_or(DataType::Null);
        let values = match &found {
            _ if found.is_primitive_numeric() || found.is_decimal() => column(name),
            DataType::Datetime(_, zone) => column(name)
                .cast(DataType::Datetime(pl::TimeUnit::Microseconds, zone.clone()))
                .to_physical(),
            DataType::Date => column(name).to_physical(),
            _ => {
                return Err(Error::WrongType {
                    what: format!("column `{name}`").into(),
                    found: found.to_string().into(),
                    expected: "a number, date or timestamp",
                });
            }
        };
        Ok(values.cast(DataType::Float64))
    }

    fn edges(&self, values: &pl::Expr, bins: &Bins, control: &Control) -> Result<Vec<f64>> {
        let n = match bins {
            Bins::Edges(edges) => {
                let ascends = edges.windows(2).all(|pair| pair[0] < pair[1]);
                let finite = edges.iter().all(|edge| edge.is_finite());
                if edges.len() < 2 || !ascends || !finite {
                    return Err(Error::BadOption {
                        option: "edges",
                        value: format!("{edges:?}").into(),
                        allowed: "two or more numbers that ascend",
                    });
                }
                return Ok(edges.clone());
            }
            Bins::Linear(n) | Bins::Log(n) | Bins::Quantile(n) => *n,
        };
        if n == 0 || n > MAX_BINS {
            return Err(Error::BadOption {
                option: "bins",
                value: n.to_string().into(),
                allowed: "from 1 to 1000000",
            });
        }
        let least = if matches!(bins, Bins::Log(_)) { 0.0 } else { f64::NEG_INFINITY };
        let values = values.clone().alias("value");
        let usable = self.then(move |lazy| {
            let value = column("value");
            lazy.select([values.clone()])
                .filter(value.clone().is_finite().and(value.gt(pl::lit(least))))
        })?;
        let found = match bins {
            Bins::Quantile(n) => {
                let cuts: Vec<_> = (0..=*n)
                    .map(|cut| {
                        let q = pl::lit(cut as f64 / *n as f64);
                        column("value")
                            .quantile(q, pl::QuantileMethod::Linear)
                            .alias(cut.to_string())
                    })
                    .collect();
                usable.then(move |lazy| lazy.select(&cuts))?
            }
            _ => usable.then(|lazy| {
                lazy.select([column("value").min().alias("0"), column("value").max().alias("1")])
            })?,
        };
        let found = found.collect_frame(control)?;
        let mut edges = Vec::with_capacity(n + 1);
        for cut in found.columns() {
            let cut = cut.as_materialized_series().f64();
            match cut.map_err(|error| Error::engine("finding bins", &error))?.get(0) {
                Some(edge) => edges.push(edge),
                None => return Ok(Vec::new()),
            }
        }
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        match bins {
            Bins::Linear(n) => edges = spaced(low, high, *n, |edge| edge),
            Bins::Log(n) => {
                edges = spaced(low.log10(), high.log10(), *n, |power| 10f64.powf(power));
                // Powers of logarithms miss the ends by a bit, and those have values on them.
                edges[0] = low;
                let last = edges.len() - 1;
                edges[last] = edges[last].max(high);
            }
            _ => {}
        }
        edges.dedup();
        if let [only] = edges[..] {
            // All values are equal: one bin around them.
            edges = vec![only, only.next_up()];
        }
        Ok(edges)
    }
}

/// `n + 1` numbers from `low` to `high`, equally far apart, each through `unscaled`.
fn spaced(low: f64, high: f64, n: usize, unscaled: impl Fn(f64) -> f64) -> Vec<f64> {
    let width = high - low;
    let between = |cut: usize| match (cut, width.is_finite()) {
        (cut, _) if cut == n => high,
        (cut, true) => low + width * cut as f64 / n as f64,
        (cut, false) => low * (1.0 - cut as f64 / n as f64) + high * (cut as f64 / n as f64),
    };
    (0..=n).map(|cut| unscaled(between(cut))).collect()
}

/// The bin between `edges` that `value` is in.
fn bin_of(edges: &[f64], value: f64) -> Option<u32> {
    let (&low, &high) = (edges.first()?, edges.last()?);
    if !(low..=high).contains(&value) {
        return None;
    }
    let above = edges.partition_point(|&edge| edge <= value);
    Some((above.min(edges.len() - 1) - 1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_an_edge_is_above_it_but_for_the_last() {
        let edges = [0.0, 1.0, 2.0];
        let found: Vec<_> =
            [-0.1, 0.0, 0.5, 1.0, 2.0, 2.1, f64::NAN].map(|v| bin_of(&edges, v)).into();
        assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(1), None, None]);
        assert_eq!(bin_of(&[], 0.0), None);
    }
}
