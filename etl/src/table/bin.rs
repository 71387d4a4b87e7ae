//! Numbers and times into bins, and how many are in each.

use std::sync::Arc;

use polars::prelude as pl;
use polars::prelude::{
    Column, DataFrame, DataType, Field, Float64Chunked, IntoColumn, PolarsResult, Schema,
    UInt32Chunked,
};
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::Bitmap;
use polars_arrow::compute::utils::combine_validities_and;

use super::{Fit, Table};
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
    /// The column of bins.
    into: String,
    /// The edges, as times where the column is of times.
    bounds: Column,
}

impl Binned {
    /// The table with the bounds of each row's bin: column `lower` has the lower one, `upper` the upper one, where they are
    /// asked for. They are numbers, or timestamps to the microsecond where the column is of dates or timestamps.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateColumn`] if there is a column of that name.
    pub fn with_bounds(&self, lower: Option<&str>, upper: Option<&str>) -> Result<Table> {
        let asked: Vec<(&str, i64)> = [lower, upper]
            .into_iter()
            .zip(0..)
            .filter_map(|(name, at)| Some((name?, at)))
            .collect();
        if asked.is_empty() {
            return Ok(self.table.clone());
        }
        let names = asked.iter().map(|&(name, _)| name);
        super::rows::no_duplicates(self.table.column_names().chain(names))?;
        let n_bins = self.edges.len().saturating_sub(1);
        let bound = |&(name, first): &(&str, i64)| {
            let of_bins = self.bounds.slice(first, n_bins);
            let of_type = of_bins.dtype().clone();
            let run = move |bins: Column| of_bins.take(bins.as_materialized_series().u32()?);
            let gives = move |_: &Schema, field: &Field| {
                Ok(Field::new(field.name().clone(), of_type.clone()))
            };
            column(&self.into).map(run, gives).alias(name)
        };
        let bounds: Vec<_> = asked.iter().map(bound).collect();
        Ok(self.table.then(move |lazy| lazy.with_columns(&bounds))?.best(Fit::Pieces))
    }
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
const VALUE: &str = "value";
const ROWS: &str = "rows";

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
        let finder = Finder::new(&edges);
        let run = move |values: Column| {
            let values = values.as_materialized_series();
            Ok(finder.column(values.f64()?).into_column())
        };
        let gives =
            |_: &Schema, field: &Field| Ok(Field::new(field.name().clone(), DataType::UInt32));
        let binned = values.map(run, gives).alias(into);
        let table = self.then(move |lazy| lazy.with_column(binned.clone()))?.best(Fit::Pieces);
        let bounds = self.bounds(name, &edges)?;
        Ok(Binned { table, edges, into: into.to_owned(), bounds })
    }

    /// How many values of column `name` are in each of the bins, which are those of [`bin`](Self::bin).
    ///
    /// # Errors
    ///
    /// Those of [`bin`](Self::bin).
    pub fn histogram(&self, name: &str, bins: &Bins, control: &Control) -> Result<Histogram> {
        let doing = "counting the values of bins";
        let values = self.numbers(name)?;
        let edges = self.edges(&values, bins, control)?;
        let finder = Finder::new(&edges);
        let values = values.alias(VALUE);
        // Rows come in pieces, and each becomes the counts of its own.
        let counts = Schema::from_iter([
            Field::new(VALUE.into(), DataType::UInt32),
            Field::new(ROWS.into(), DataType::Int64),
        ]);
        let counts = Arc::new(counts);
        let counted = self.then(move |lazy| {
            let (finder, counts) = (finder.clone(), Arc::clone(&counts));
            let count = move |frame: DataFrame| finder.counts(frame.column(VALUE)?);
            let gives = move |_: &Schema| Ok(Arc::clone(&counts));
            let counted = lazy.select([values.clone()]).map(
                count,
                pl::OptFlags::STREAMING,
                Some(Arc::new(gives)),
                Some("bins counted"),
            );
            counted.group_by([column(VALUE)]).agg([column(ROWS).sum()])
        })?;
        let counted = counted.best(Fit::BestPieces).collect_frame(control)?;
        let mut histogram =
            Histogram { counts: vec![0; edges.len().saturating_sub(1)], edges, outside: 0 };
        let failed = |error: pl::PolarsError| Error::engine(doing, &error);
        let numbers = counted.column(VALUE).map_err(failed)?.u32().map_err(failed)?;
        let rows = counted.column(ROWS).map_err(failed)?.i64().map_err(failed)?;
        for (bin, rows) in numbers.iter().zip(rows.iter()) {
            let rows = rows.unwrap_or(0) as u64;
            match bin {
                Some(bin) => histogram.counts[bin as usize] = rows,
                None => histogram.outside = rows,
            }
        }
        Ok(histogram)
    }

    /// [`histogram`](Self::histogram) as a table: a row for each bin with its bounds, `lower` and `upper`, and how many values
    /// it has, `count`. The last row, without bounds, has what is in no bin, if something is. Bounds are those of
    /// [`with_bounds`](Binned::with_bounds).
    ///
    /// # Errors
    ///
    /// Those of [`bin`](Self::bin).
    pub fn histogram_table(&self, name: &str, bins: &Bins, control: &Control) -> Result<Self> {
        let Histogram { edges, mut counts, outside } = self.histogram(name, bins, control)?;
        let (bounds, n_bins) = (self.bounds(name, &edges)?, counts.len());
        if outside > 0 {
            counts.push(outside);
        }
        let n_rows = counts.len();
        let frame = || -> PolarsResult<DataFrame> {
            let mut columns = Vec::with_capacity(3);
            for (name, first) in [("lower", 0), ("upper", 1)] {
                let mut bound = bounds.slice(first, n_bins).with_name(name.into());
                bound.append(&Column::full_null(name.into(), n_rows - n_bins, bound.dtype()))?;
                columns.push(bound);
            }
            columns.push(pl::UInt64Chunked::from_vec("count".into(), counts).into_column());
            DataFrame::new(n_rows, columns)
        };
        Self::from_frame(frame().map_err(|error| Error::engine("making a histogram", &error))?)
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
                found: self.type_of(name),
                expected: "a date or timestamp; from_epoch(seconds) makes one of a number",
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
        Ok(self.then(move |lazy| lazy.with_column(begin.clone()))?.best(Fit::Pieces))
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
                    found: self.type_of(name),
                    expected: "a number, date or timestamp",
                });
            }
        };
        Ok(values.cast(DataType::Float64))
    }

    /// Edges of bins of column `name` as a column: of timestamps, if that is of dates or timestamps.
    fn bounds(&self, name: &str, edges: &[f64]) -> Result<Column> {
        let times = |micros: f64, zone: Option<pl::TimeZone>| {
            let mut edges: Vec<i64> =
                edges.iter().map(|edge| (edge * micros).round() as i64).collect();
            // Values that are all equal have one bin, which ends less than a microsecond behind them.
            if let [low, high] = &mut edges[..] {
                *high = (*high).max(low.saturating_add(1));
            }
            pl::Int64Chunked::from_vec(VALUE.into(), edges)
                .into_column()
                .cast(&DataType::Datetime(pl::TimeUnit::Microseconds, zone))
                .map_err(|error| Error::engine("finding the bounds of bins", &error))
        };
        match self.polars_schema().get(name) {
            Some(DataType::Datetime(_, zone)) => times(1.0, zone.clone()),
            Some(DataType::Date) => times(86_400e6, None),
            _ => Ok(Float64Chunked::from_vec(VALUE.into(), edges.to_vec()).into_column()),
        }
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
        let values = values.clone().alias(VALUE);
        let ends = || [column(VALUE).min().alias("0"), column(VALUE).max().alias("1")];
        if let Bins::Linear(n) = bins {
            // Of a column without infinities, which is most of them, all values count.
            let values = values.clone();
            let all = self.then(move |lazy| lazy.select([values.clone()]).select(ends()))?;
            if let [low, high] = cuts(&all.collect_frame(control)?)?[..]
                && low.is_finite()
                && high.is_finite()
            {
                return Ok(distinct(spaced(low, high, *n, |edge| edge)));
            }
        }
        let least = if matches!(bins, Bins::Log(_)) { 0.0 } else { f64::NEG_INFINITY };
        let usable = self.then(move |lazy| {
            let value = column(VALUE);
            lazy.select([values.clone()])
                .filter(value.clone().is_finite().and(value.gt(pl::lit(least))))
        })?;
        let found = match bins {
            Bins::Quantile(n) => {
                let cuts: Vec<_> = (0..=*n)
                    .map(|cut| {
                        let q = pl::lit(cut as f64 / *n as f64);
                        column(VALUE).quantile(q, pl::QuantileMethod::Linear).alias(cut.to_string())
                    })
                    .collect();
                usable.then(move |lazy| lazy.select(&cuts))?
            }
            _ => usable.then(move |lazy| lazy.select(ends()))?,
        };
        let mut edges = cuts(&found.collect_frame(control)?)?;
        let [low, .., high] = edges[..] else { return Ok(Vec::new()) };
        match bins {
            Bins::Linear(n) => edges = spaced(low, high, *n, |edge| edge),
            Bins::Log(n) => {
                edges = spaced(low.log10(), high.log10(), *n, |power| 10f64.powf(power));
                // Powers of logarithms miss the ends by a bit, and those have values on them.
                for edge in &mut edges {
                    *edge = edge.clamp(low, high);
                }
                edges[0] = low;
                let last = edges.len() - 1;
                edges[last] = high;
            }
            _ => {}
        }
        Ok(distinct(edges))
    }
}

/// The numbers of the only row of `frame`; none if there are no values.
fn cuts(frame: &DataFrame) -> Result<Vec<f64>> {
    let mut cuts = Vec::with_capacity(frame.width());
    for cut in frame.columns() {
        let cut = cut.as_materialized_series().f64();
        match cut.map_err(|error| Error::engine("finding bins", &error))?.get(0) {
            Some(cut) => cuts.push(cut),
            None => return Ok(Vec::new()),
        }
    }
    Ok(cuts)
}

/// Edges that ascend; one bin around all values if they are equal.
fn distinct(mut edges: Vec<f64>) -> Vec<f64> {
    edges.dedup();
    match edges[..] {
        [only] => vec![only, only.next_up()],
        _ => edges,
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

/// Finds the bin of a value in about constant time: a grid of cells of equal width tells which edges
/// are near, and these are compared.
#[derive(Debug, Clone)]
struct Finder {
    edges: Arc<[f64]>,
    low: f64,
    high: f64,
    /// Cells per unit.
    scale: f64,
    /// Number of edges in cells before each cell, and in all cells.
    before: Arc<[u32]>,
}

impl Finder {
    /// The number of what is in no bin.
    const OUTSIDE: u32 = u32::MAX;
    /// Most cells have no edge, so that which way a comparison goes can be foreseen.
    const CELLS_PER_BIN: usize = 8;
    /// So many cells stay near the processor.
    const MAX_CELLS: usize = 1 << 14;

    fn new(edges: &[f64]) -> Self {
        // Without edges all values are outside.
        let (low, high) = match edges {
            [low, .., high] => (*low, *high),
            _ => (f64::INFINITY, f64::NEG_INFINITY),
        };
        let n_cells = (edges.len() * Self::CELLS_PER_BIN).clamp(1, Self::MAX_CELLS);
        let scale = n_cells as f64 / (high - low);
        let mut finder =
            Self { edges: edges.into(), low, high, scale, before: vec![0; n_cells + 1].into() };
        let mut before = vec![0; n_cells + 1];
        for &edge in edges {
            before[finder.cell(edge) + 1] += 1;
        }
        for cell in 0..n_cells {
            before[cell + 1] += before[cell];
        }
        finder.before = before.into();
        finder
    }

    /// The cell of a value that is not below the lowest edge. It never falls as values grow, whatever
    /// is rounded, so that edges of other cells need no comparison.
    #[inline]
    fn cell(&self, value: f64) -> usize {
        (((value - self.low) * self.scale) as usize).min(self.before.len() - 2)
    }

    #[inline]
    fn bin(&self, value: f64) -> u32 {
        if !(self.low..=self.high).contains(&value) {
            return Self::OUTSIDE;
        }
        let cell = self.cell(value);
        let (first, end) = (self.before[cell] as usize, self.before[cell + 1] as usize);
        let mut below = first;
        if end - first <= 8 {
            while below < end && self.edges[below] <= value {
                below += 1;
            }
        } else {
            below += self.edges[first..end].partition_point(|&edge| edge <= value);
        }
        // The last edge is part of the last bin.
        (below.min(self.edges.len() - 1) - 1) as u32
    }

    /// The bin of each value, null where there is none.
    fn column(&self, values: &Float64Chunked) -> UInt32Chunked {
        let chunks = values.downcast_iter().map(|chunk| {
            let mut some_outside = false;
            let bins: Vec<u32> = chunk
                .values()
                .iter()
                .map(|&value| {
                    let bin = self.bin(value);
                    some_outside |= bin == Self::OUTSIDE;
                    bin
                })
                .collect();
            let inside = some_outside
                .then(|| bins.iter().map(|&bin| bin != Self::OUTSIDE).collect::<Bitmap>());
            let validity = combine_validities_and(chunk.validity(), inside.as_ref());
            PrimitiveArray::from_vec(bins).with_validity(validity)
        });
        UInt32Chunked::from_chunk_iter(values.name().clone(), chunks)
    }

    /// How many of the values are in each bin that has some, and under null how many are in none.
    fn counts(&self, values: &Column) -> PolarsResult<DataFrame> {
        let values = values.as_materialized_series().f64()?;
        let mut counts = vec![0i64; self.edges.len()];
        let mut outside = 0;
        let mut count = |value: f64| match counts.get_mut(self.bin(value) as usize) {
            Some(count) => *count += 1,
            None => outside += 1,
        };
        for chunk in values.downcast_iter() {
            match chunk.validity() {
                None => chunk.values().iter().for_each(|&value| count(value)),
                // What is no number is in no bin.
                Some(_) => chunk.iter().for_each(|value| count(value.copied().unwrap_or(f64::NAN))),
            }
        }
        let bins = (0..).map(Some).zip(counts).chain([(None, outside)]);
        let (bins, rows): (Vec<Option<u32>>, Vec<i64>) = bins.filter(|(_, rows)| *rows > 0).unzip();
        let height = rows.len();
        let bins: UInt32Chunked = bins.into_iter().collect();
        let rows = pl::Int64Chunked::from_vec(ROWS.into(), rows);
        DataFrame::new(height, vec![bins.with_name(VALUE.into()).into_column(), rows.into_column()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: the last bin whose lower edge is not above the value.
    fn bin_of(edges: &[f64], value: f64) -> u32 {
        match edges {
            [low, .., high] if (*low..=*high).contains(&value) => {
                let above = edges.partition_point(|&edge| edge <= value);
                (above.min(edges.len() - 1) - 1) as u32
            }
            _ => Finder::OUTSIDE,
        }
    }

    #[test]
    fn a_value_on_an_edge_is_above_it_but_for_the_last() {
        let finder = Finder::new(&[0.0, 1.0, 2.0]);
        let found = [-0.1, 0.0, 0.5, 1.0, 2.0, 2.1, f64::NAN].map(|value| finder.bin(value));
        let none = Finder::OUTSIDE;
        assert_eq!(found, [none, 0, 0, 1, 1, none, none]);
        assert_eq!(Finder::new(&[]).bin(0.0), none);
    }

    proptest! {
        #[test]
        fn cells_change_nothing(
            mut edges in prop::collection::vec(prop_oneof![-1e3..1e3, prop::num::f64::NORMAL], 2..60),
            values in prop::collection::vec(prop_oneof![-1e3..1e3, prop::num::f64::ANY], 0..60),
        ) {
            edges.sort_by(f64::total_cmp);
            edges.dedup();
            prop_assume!(edges.len() > 1);
            let finder = Finder::new(&edges);
            for value in values.into_iter().chain(edges.iter().flat_map(|e| [*e, e.next_up(), e.next_down()])) {
                prop_assert_eq!(finder.bin(value), bin_of(&edges, value), "{} in {:?}", value, edges);
            }
        }
    }
}
