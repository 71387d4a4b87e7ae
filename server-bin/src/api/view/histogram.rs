//! How values of a column are distributed.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::to_asked;
use crate::api::input::Asked;
use crate::auth::{Access, Who};
use crate::cells::{Counted, counted};
use crate::derived::{Across, Of, Which};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Most bins.
const MOST_BINS: usize = 1000;

/// Of which column.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// The table: nodes or edges
    #[serde(default)]
    table: Of,
    /// The column, or a measure
    column: String,
    /// How many bins, at most 1000: of whole numbers fewer, if there are fewer different ones
    #[serde(default = "usual")]
    #[param(minimum = 1, maximum = 1000, default = 32)]
    bins: usize,
    /// How bins follow one another: linear, log. Bins by logarithm begin at the smallest number above 0; what is below it
    /// has the first to itself. Without a number above 0 they are linear
    #[serde(default)]
    scale: Scale,
    /// Only rows that this expression is true of
    filter: Option<String>,
    /// Only rows in which this text is found
    search: Option<String>,
}

fn usual() -> usize {
    32
}

/// How bins of numbers follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Scale {
    /// All are as wide as each other; of few whole numbers each has one.
    #[default]
    Linear,
    /// Each is as many times as high as the one before.
    Log,
}

/// What a histogram is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Numbers.
    Numeric,
    /// Moments, in milliseconds since 1970.
    Time,
    /// Texts and truth values.
    Category,
}

/// How many rows have which values.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Histogram {
    /// The column.
    column: String,
    /// What is in it.
    #[serde(rename = "type")]
    kind: Kind,
    /// Bounds of the bins, one more than there are: a value at a bound is in the bin above it, the last in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    edges: Option<Vec<f64>>,
    /// Values, the most frequent first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    values: Option<Vec<Value>>,
    /// Rows in each bin, or with each value.
    counts: Vec<u64>,
    /// Rows with other values.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_other: Option<u64>,
    /// Rows without a value, or with a number that is not finite.
    n_null: u64,
}

/// How the values of a column are distributed
///
/// Bins and values are those of all rows, whatever the filter, so that parts can be put beside the whole.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/histogram", tag = "view", params(("id" = String, Path), Ask, Across),
    responses((status = 200, body = Histogram), (status = 400), (status = 404)))]
pub(super) async fn histogram(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Asked { own: ask, across, in_body }: Asked<Ask>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        if !(1..=MOST_BINS).contains(&ask.bins) {
            return Err(ApiError::Invalid(format!(
                "bins is {}; it can be 1 to {MOST_BINS}",
                ask.bins
            )));
        }
        let loaded = server.loaded(&dataset).await?;
        let column = server.column(&dataset, &loaded, ask.table, &ask.column).await?;
        let which = Which::new(ask.filter, ask.search);
        let rows = server.left(&dataset, &loaded, ask.table, &which, &across).await?;
        let counted = server
            .workers
            .run(move |_| {
                let values = counted(&ask.column, &column)?;
                Ok(match values {
                    Counted::Numbers(values, is_whole) => binned(
                        ask.column,
                        Kind::Numeric,
                        &values,
                        is_whole,
                        rows.as_ref(),
                        (ask.bins, ask.scale),
                    ),
                    Counted::Times(values) => binned(
                        ask.column,
                        Kind::Time,
                        &values,
                        false,
                        rows.as_ref(),
                        (ask.bins, Scale::Linear),
                    ),
                    Counted::Categories(texts) => {
                        let is_flag = *column.data_type() == DataType::Boolean;
                        categories(
                            ask.column,
                            texts.as_string_view(),
                            is_flag,
                            rows.as_ref(),
                            ask.bins,
                        )
                    }
                })
            })
            .await?;
        Ok(Json(counted).into_response())
    };
    to_asked(in_body, &headers, &dataset, &uri, make).await
}

/// As the GET of this address; options are in a body in JSON, of up to 4 MiB, with numbers as numbers
#[utoipa::path(post, path = "/api/v1/datasets/{id}/histogram", tag = "view", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Histogram), (status = 400), (status = 404)))]
pub(super) async fn histogram_of_body(
    server: State<Server>,
    who: Who,
    id: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    asked: Asked<Ask>,
) -> ApiResult<Response> {
    histogram(server, who, id, uri, headers, asked).await
}

/// Whether a row is meant.
fn is_in(rows: Option<&BooleanBuffer>, row: usize) -> bool {
    rows.is_none_or(|rows| rows.value(row))
}

fn binned(
    column: String,
    kind: Kind,
    values: &[f64],
    is_whole: bool,
    rows: Option<&BooleanBuffer>,
    (bins, scale): (usize, Scale),
) -> Histogram {
    let (mut low, mut high, mut n_null) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    let mut least = f64::INFINITY;
    for (row, &value) in values.iter().enumerate() {
        if value.is_nan() {
            n_null += u64::from(is_in(rows, row));
        } else {
            low = low.min(value);
            high = high.max(value);
            if value > 0.0 {
                least = least.min(value);
            }
        }
    }
    if low > high {
        return Histogram {
            column,
            kind,
            edges: Some(vec![0.0, 1.0]),
            values: None,
            counts: vec![0],
            n_other: None,
            n_null,
        };
    }
    let n_whole = high - low + 1.0;
    let is_log = scale == Scale::Log && least < high && bins > 1;
    let edges: Vec<f64> = if is_log {
        log_edges([low, least, high], bins, is_whole)
    } else if is_whole && n_whole <= bins as f64 {
        // A bin for each number.
        (0..=n_whole as usize).map(|i| low + i as f64).collect()
    } else if low == high {
        vec![low, if is_whole { low + 1.0 } else { next_above(low) }]
    } else {
        let extent = high - low;
        let at = |i: usize| match i {
            0 => low,
            i if i == bins => high,
            // In this order bounds that can be exact are.
            i if extent * bins as f64 <= f64::MAX => low + extent * i as f64 / bins as f64,
            i => low * (1.0 - i as f64 / bins as f64) + high * (i as f64 / bins as f64),
        };
        (0..=bins).map(at).collect()
    };
    let n_bins = edges.len() - 1;
    let mut counts = vec![0; n_bins];
    let per_unit = n_bins as f64 / (edges[n_bins] - edges[0]);
    for (row, &value) in values.iter().enumerate() {
        if !value.is_nan() && is_in(rows, row) {
            if is_log {
                let above = edges.partition_point(|&edge| edge <= value);
                counts[above.clamp(1, n_bins) - 1] += 1;
                continue;
            }
            // Rounding may lead to the bin beside it; bounds are what counts.
            let mut bin = (((value - edges[0]) * per_unit) as usize).min(n_bins - 1);
            while bin > 0 && value < edges[bin] {
                bin -= 1;
            }
            while bin + 1 < n_bins && value >= edges[bin + 1] {
                bin += 1;
            }
            counts[bin] += 1;
        }
    }
    Histogram { column, kind, edges: Some(edges), values: None, counts, n_other: None, n_null }
}

/// Bounds of at most `bins` bins, two or more, by logarithm, from `least`, the smallest number above 0; what is below it has the first.
fn log_edges([low, least, high]: [f64; 3], bins: usize, is_whole: bool) -> Vec<f64> {
    // Not more than twelve tens: what is smaller goes with zero.
    let from = least.max(high * 1e-12);
    let mut edges = if low < from { vec![low] } else { vec![] };
    let n_ratios = bins - edges.len();
    for i in 0..=n_ratios {
        let edge = match i {
            0 => from,
            i if i == n_ratios => high,
            i => {
                let edge = short(from * (high / from).powf(i as f64 / n_ratios as f64));
                if is_whole { edge.ceil() } else { edge }
            }
        };
        if edges.last().is_none_or(|&last| edge > last) {
            edges.push(edge);
        }
    }
    edges
}

/// A number to twelve digits: powers that are whole are so in spite of rounding.
fn short(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A number above `value`, by as much as can be seen.
fn next_above(value: f64) -> f64 {
    let above = value + value.abs().max(1.0) * 1e-9;
    if above.is_finite() { above } else { f64::MAX }
}

fn categories(
    column: String,
    texts: &StringViewArray,
    is_flag: bool,
    rows: Option<&BooleanBuffer>,
    most: usize,
) -> Histogram {
    // Of each value: how many rows have it, and how many of those that are meant.
    let mut counts: HashMap<&str, [u64; 2]> = HashMap::new();
    let mut n_null = 0;
    for row in 0..texts.len() {
        let is_in = u64::from(is_in(rows, row));
        if texts.is_valid(row) {
            let [all, meant] = counts.entry(texts.value(row)).or_default();
            (*all, *meant) = (*all + 1, *meant + is_in);
        } else {
            n_null += is_in;
        }
    }
    let mut counts: Vec<(&str, [u64; 2])> = counts.into_iter().collect();
    counts.sort_unstable_by(|a, b| b.1[0].cmp(&a.1[0]).then(a.0.cmp(b.0)));
    let n_other = counts.iter().skip(most).map(|(_, [_, meant])| meant).sum();
    counts.truncate(most);
    let value = |text: &str| if is_flag { Value::Bool(text == "true") } else { Value::from(text) };
    Histogram {
        column,
        kind: Kind::Category,
        edges: None,
        values: Some(counts.iter().map(|(text, _)| value(text)).collect()),
        counts: counts.iter().map(|(_, [_, meant])| *meant).collect(),
        n_other: Some(n_other),
        n_null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(values: &[f64], is_whole: bool, bins: usize) -> (Vec<f64>, Vec<u64>) {
        let found =
            binned("c".to_owned(), Kind::Numeric, values, is_whole, None, (bins, Scale::Linear));
        (found.edges.unwrap(), found.counts)
    }

    #[test]
    fn a_value_at_a_bound_is_above_it_and_the_last_in_the_last() {
        assert_eq!(
            of(&[0.0, 1.0, 2.0, 3.0, 4.0], false, 4),
            (vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![1, 1, 1, 2])
        );
        assert_eq!(of(&[5.0, 7.0, 7.0], true, 32), (vec![5.0, 6.0, 7.0, 8.0], vec![1, 0, 2]));
        let (edges, counts) = of(&[-f64::MAX, f64::MAX], false, 2);
        assert_eq!((edges[0], edges[2], counts), (-f64::MAX, f64::MAX, vec![1, 1]));
        assert_eq!(of(&[f64::NAN], false, 3), (vec![0.0, 1.0], vec![0]));
        let (edges, counts) = of(&[2.5, 2.5], false, 9);
        assert!(edges[1] > edges[0]);
        assert_eq!((edges.len(), counts), (2, vec![2]));
    }

    #[test]
    fn bins_by_logarithm_begin_above_zero() {
        let of = |values: &[f64], is_whole: bool, bins: usize| {
            let found =
                binned("c".to_owned(), Kind::Numeric, values, is_whole, None, (bins, Scale::Log));
            (found.edges.unwrap(), found.counts)
        };
        assert_eq!(
            of(&[1.0, 9.0, 10.0, 99.0, 1000.0], false, 3),
            (vec![1.0, 10.0, 100.0, 1000.0], vec![2, 2, 1])
        );
        // What is not above zero has the first bin; whole numbers have whole bounds.
        assert_eq!(
            of(&[-3.0, 0.0, 1.0, 2.0, 9.0], true, 3),
            (vec![-3.0, 1.0, 3.0, 9.0], vec![2, 2, 1])
        );
        assert_eq!(of(&[-2.0, 0.0], false, 2), (vec![-2.0, -1.0, 0.0], vec![1, 1]));
        assert_eq!(of(&[0.0, 5.0, 50.0], false, 1), (vec![0.0, 50.0], vec![3]));
        // Numbers more than twelve tens below the largest go with zero.
        assert_eq!(of(&[1e-30, 1.0, 1e6], false, 4).1, [1, 0, 1, 1]);
    }

    #[test]
    fn all_rows_are_counted_once() {
        let values: Vec<f64> = (0..10_000).map(|i| (f64::from(i) * 0.37).sin() / 3.0).collect();
        for bins in [1, 7, 32, 1000] {
            let (edges, counts) = of(&values, false, bins);
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
            for (bin, &count) in counts.iter().enumerate() {
                let last = bin + 1 == bins;
                let inside = |v: &&f64| edges[bin] <= **v && (**v < edges[bin + 1] || last);
                assert_eq!(values.iter().filter(inside).count() as u64, count);
            }
        }
    }

    #[test]
    fn a_part_has_the_bins_of_the_whole() {
        let values = [0.0, 2.0, 4.0, 8.0, f64::NAN];
        let part = |rows: [bool; 5]| {
            let rows = BooleanBuffer::from(rows.to_vec());
            binned("c".to_owned(), Kind::Numeric, &values, false, Some(&rows), (4, Scale::Linear))
        };
        let some = part([false, true, true, false, true]);
        assert_eq!(some.edges, Some(vec![0.0, 2.0, 4.0, 6.0, 8.0]));
        assert_eq!((some.counts, some.n_null), (vec![0, 1, 1, 0], 1));
        assert_eq!(part([false; 5]).counts, [0; 4]);
    }

    #[test]
    fn the_most_frequent_come_first() {
        let texts = StringViewArray::from(vec![Some("b"), Some("a"), None, Some("c"), Some("c")]);
        let rows = BooleanBuffer::from(vec![true, true, true, true, true]);
        let found = categories("c".to_owned(), &texts, false, Some(&rows), 2);
        let expected = json!({
            "column": "c", "type": "category", "values": ["c", "a"], "counts": [2, 1], "n_other": 1, "n_null": 1,
        });
        assert_eq!(serde_json::to_value(found).unwrap(), expected);
        let few = BooleanBuffer::from(vec![false, true, false, false, false]);
        let part = categories("c".to_owned(), &texts, false, Some(&few), 2);
        assert_eq!((part.counts, part.n_other, part.n_null), (vec![0, 1], Some(0), 0));
    }
}
