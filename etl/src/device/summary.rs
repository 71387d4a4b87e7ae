//! Distributions of a column: histograms and quantiles.

use graph_kernels::{
    Buffer, Key, Meaning, count_bins, float_of_key, key_of_float, keys_of_ranks, selected,
};

use super::column::{DeviceColumn, Keys, Kind};
use super::table::{DeviceTable, Outcome, timed};
use crate::{Error, Result};

/// Where the bins of a histogram are.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// That many of one width, from the least to the most finite value.
    Linear(usize),
    /// That many of one ratio, from the least value above 0 to the most finite one.
    Log(usize),
    /// Between these edges, which ascend.
    Edges(Vec<f64>),
}

/// How often values are in each bin.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Histogram {
    /// Ends of the bins, shape `[bins + 1]`.
    pub edges: Vec<f64>,
    /// Values from `edges[b]` to before `edges[b + 1]`, in the last bin with its end, shape
    /// `[bins]`.
    pub counts: Vec<u32>,
    /// Values that are there, in some bin or none.
    pub n_values: usize,
}

/// Most bins of a histogram.
const MOST_BINS: usize = 1 << 20;

impl DeviceTable {
    /// How often the values of `column` are in each of `bins`. Values that are not numbers, or are
    /// outside of all bins, are in none.
    ///
    /// Values are compared with the edges exactly, integers too. One launch reads the column once,
    /// and more find its least and most value where edges are not given.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column, [`Error::WrongType`] if it has no numbers,
    /// [`Error::BadOption`] if edges do not ascend, or there are no bins or more than 2²⁰, and
    /// [`Error::Device`].
    pub fn histogram(&self, column: &str, bins: &Bins) -> Result<Outcome<Histogram>> {
        let column = self.numbers(column)?;
        timed(self.device, || {
            let keys = present_keys(column)?;
            let edges = match bins {
                Bins::Edges(edges) => edges.clone(),
                Bins::Linear(n) | Bins::Log(n) => {
                    let is_log = matches!(bins, Bins::Log(_));
                    let bounds = match &keys {
                        Keys::Narrow(keys) => bounds(keys, column.meaning(), is_log)?,
                        Keys::Wide(keys) => bounds(keys, column.meaning(), is_log)?,
                    };
                    let Some((least, most)) = bounds else {
                        let n_values = keys.len();
                        return Ok(Histogram { edges: vec![], counts: vec![], n_values });
                    };
                    spread(least, most, *n, is_log)?
                }
            };
            check_edges(&edges)?;
            let counts = match &keys {
                Keys::Narrow(keys) => count(keys, column.meaning(), &edges)?,
                Keys::Wide(keys) => count(keys, column.meaning(), &edges)?,
            };
            Ok(Histogram { edges, counts, n_values: keys.len() })
        })
    }

    /// The values below which the shares `at` of all values of `column` lie, each from 0 to 1;
    /// absent if no value is there.
    ///
    /// Between two values the share is taken of their difference, as numpy's `quantile` does by
    /// default. Values are found by counting digits, without a sort: see
    /// [`graph_kernels::keys_of_ranks`].
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column, [`Error::WrongType`] if it has no numbers,
    /// [`Error::BadOption`] if a share is outside of 0 to 1, and [`Error::Device`].
    pub fn quantiles(&self, column: &str, at: &[f64]) -> Result<Outcome<Vec<Option<f64>>>> {
        let column = self.numbers(column)?;
        if let Some(share) = at.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            let value = share.to_string().into();
            return Err(Error::BadOption { option: "a quantile", value, allowed: "from 0 to 1" });
        }
        timed(self.device, || match present_keys(column)? {
            Keys::Narrow(keys) => quantiles(&keys, column.meaning(), at),
            Keys::Wide(keys) => quantiles(&keys, column.meaning(), at),
        })
    }

    /// A column that has numbers.
    fn numbers(&self, name: &str) -> Result<&DeviceColumn> {
        let column = self.column(name)?;
        match column.kind {
            Kind::Number(_) => Ok(column),
            Kind::Flags | Kind::Codes => Err(column.wrong("a number to have a distribution")),
        }
    }
}

impl Keys {
    fn len(&self) -> usize {
        match self {
            Self::Narrow(keys) => keys.len(),
            Self::Wide(keys) => keys.len(),
        }
    }
}

/// Keys of the values that are there.
fn present_keys(column: &DeviceColumn) -> Result<Keys> {
    match column.valid() {
        None => column.order_keys(false),
        Some(valid) => column.gather(&selected(valid)?)?.order_keys(false),
    }
}

/// The least finite value, or the least above 0, and the most finite one; `None` if there are none.
fn bounds<K: Key>(
    keys: &Buffer<K>,
    meaning: Meaning,
    above_zero: bool,
) -> Result<Option<(f64, f64)>> {
    let least = if above_zero { f64::MIN_POSITIVE } else { f64::MIN };
    let edges = [
        key_of_float(f64::NEG_INFINITY, meaning, false),
        key_of_float(least, meaning, false),
        key_of_float(f64::MAX, meaning, true),
    ];
    let mut counts = Buffer::zeros(keys.device(), 2)?;
    count_bins(keys, None, &edges, &mut counts)?;
    let counts = counts.download()?;
    let (below, inside) = (counts[0] as usize, counts[1] as usize);
    let Some(last) = inside.checked_sub(1) else {
        return Ok(None);
    };
    let found = keys_of_ranks(keys, &[below, below + last])?;
    Ok(Some((float_of_key(found[0], meaning), float_of_key(found[1], meaning))))
}

/// The ends of `n` bins from `least` to `most`, of one width or of one ratio.
fn spread(least: f64, most: f64, n: usize, is_log: bool) -> Result<Vec<f64>> {
    if n == 0 || n > MOST_BINS {
        let value = n.to_string().into();
        return Err(Error::BadOption { option: "bins", value, allowed: "from 1 to 1048576" });
    }
    let share = |at: usize| at as f64 / n as f64;
    // Differences of the largest floats do not fit: each end is taken of both.
    let inner = (1..n).map(|at| match is_log {
        true => (least.ln() * (1.0 - share(at)) + most.ln() * share(at)).exp().clamp(least, most),
        false => (least * (1.0 - share(at)) + most * share(at)).clamp(least, most),
    });
    Ok(std::iter::once(least).chain(inner).chain([most]).collect())
}

fn check_edges(edges: &[f64]) -> Result<()> {
    let bad = |value: String, allowed| {
        Err(Error::BadOption { option: "edges", value: value.into(), allowed })
    };
    if edges.len() < 2 || edges.len() > MOST_BINS + 1 {
        return bad(format!("{} numbers", edges.len()), "from 2 to 1048577 numbers");
    }
    match edges
        .windows(2)
        .find(|pair| !matches!(pair[0].partial_cmp(&pair[1]), Some(o) if o.is_le()))
    {
        Some(pair) => bad(format!("{} before {}", pair[0], pair[1]), "ascending numbers"),
        None => Ok(()),
    }
}

/// Counts between edges that ascend.
fn count<K: Key>(keys: &Buffer<K>, meaning: Meaning, edges: &[f64]) -> Result<Vec<u32>> {
    // Keys of edges that are beyond the type's numbers would be those of its last ones: bins that
    // no number is in are left out.
    let bits = 8 * size_of::<K>() as i32;
    let (least, most) = match meaning {
        Meaning::Unsigned => (0.0, 2_f64.powi(bits)),
        Meaning::Signed => (-2_f64.powi(bits - 1), 2_f64.powi(bits - 1)),
        Meaning::Float => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let is_inside = |value: f64| meaning == Meaning::Float || value < most;
    let n_bins = edges.len() - 1;
    let mut counts = vec![0; n_bins];
    let last_bin = n_bins - 1;
    let first = (0..n_bins)
        .find(|&bin| edges[bin + 1] > least || bin == last_bin && edges[bin + 1] >= least);
    let last = (0..n_bins).rev().find(|&bin| is_inside(edges[bin]));
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(counts);
    };
    if first > last {
        return Ok(counts);
    }
    let closes = last == last_bin || !is_inside(edges[last + 1]);
    let mut key_edges: Vec<K> =
        edges[first..=last].iter().map(|&at| key_of_float(at, meaning, false)).collect();
    // The last bin has its end, all others what is before the next.
    key_edges.push(key_of_float(edges[last + 1], meaning, closes));
    let mut found = Buffer::zeros(keys.device(), last + 1 - first)?;
    count_bins(keys, None, &key_edges, &mut found)?;
    counts[first..=last].copy_from_slice(&found.download()?);
    Ok(counts)
}

fn quantiles<K: Key>(keys: &Buffer<K>, meaning: Meaning, at: &[f64]) -> Result<Vec<Option<f64>>> {
    let Some(last) = keys.len().checked_sub(1) else {
        return Ok(vec![None; at.len()]);
    };
    let places: Vec<f64> = at.iter().map(|share| share * last as f64).collect();
    let ranks: Vec<usize> = places
        .iter()
        .flat_map(|place| [place.floor() as usize, (place.ceil() as usize).min(last)])
        .collect();
    let found = keys_of_ranks(keys, &ranks)?;
    let pairs = found.chunks(2).zip(places).map(|(pair, place)| {
        let (low, high) = (float_of_key(pair[0], meaning), float_of_key(pair[1], meaning));
        let share = place - place.floor();
        Some(if low == high { low } else { low * (1.0 - share) + high * share })
    });
    Ok(pairs.collect())
}
