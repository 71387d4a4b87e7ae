//! Rows of a table, sorted and paged here; and which rows a condition is true of.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::take;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::neighbors::numbers;
use super::{bytes_of, to_asked};
use crate::api::input::Asked;
use crate::auth::{Access, Who};
use crate::cells::cells;
use crate::derived::{Across, Of, Which, own_columns};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Most rows of a page.
pub(super) const LARGEST_PAGE: usize = 1000;

/// Most values of a page.
const MOST_CELLS: usize = 1_000_000;

/// Header with how many rows were selected.
const SELECTED: HeaderName = HeaderName::from_static("x-graphlume-selected");

/// Which rows and columns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// The table: nodes or edges
    #[serde(default)]
    table: Of,
    /// Columns, or measures, separated by commas; all columns if absent
    columns: Option<String>,
    /// Column, or measure, that rows are sorted by; those without a value come last
    sort: Option<String>,
    /// Whether the largest comes first
    #[serde(default)]
    descending: bool,
    /// Only rows that this expression is true of, such as `degree > 3 and kind = 'ip'`
    filter: Option<String>,
    /// Only rows in which this text is found, in ids and texts, whatever its capitals
    search: Option<String>,
    /// Only these rows, in this order: numbers separated by commas
    index: Option<String>,
    /// How many rows to leave out
    #[serde(default)]
    offset: usize,
    /// How many rows to tell, at most 1000
    #[serde(default = "usual")]
    #[param(maximum = 1000, default = 100)]
    limit: usize,
}

fn usual() -> usize {
    100
}

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// How many rows there are in all.
    total: usize,
    /// How many of them come before this page.
    offset: usize,
    /// Names of the columns.
    columns: Vec<String>,
    /// Numbers of the rows in the table.
    index: Vec<u32>,
    /// The rows, a value for each column.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<Value>>,
}

/// Rows of a table: sorted, filtered, searched, and a page of them
#[utoipa::path(get, path = "/api/v1/datasets/{id}/rows", tag = "view", params(("id" = String, Path), Page, Across),
    responses(
        (status = 200, body = Found),
        (status = 400, description = "An expression or a name is wrong: the message says what and where"),
        (status = 404),
    ))]
pub(super) async fn rows(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Asked { own: page, across, in_body }: Asked<Page>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        if page.limit > LARGEST_PAGE {
            return Err(ApiError::Invalid(format!(
                "limit is {}; it can be 0 to {LARGEST_PAGE}",
                page.limit
            )));
        }
        let loaded = server.loaded(&dataset).await?;
        let of = page.table;
        let columns: Vec<(String, ArrayRef)> = match &page.columns {
            None => own_columns(&loaded.graph, of)?,
            Some(names) => {
                let mut columns = Vec::new();
                for name in split(names) {
                    columns
                        .push((name.clone(), server.column(&dataset, &loaded, of, &name).await?));
                }
                columns
            }
        };
        let n = of.rows(&loaded.graph);
        let (total, index) = match &page.index {
            Some(index) => {
                let index = numbers(index, of.name(), n, LARGEST_PAGE)?;
                (index.len(), index)
            }
            None => {
                let which = Which::new(page.filter, page.search);
                let mask = server.left(&dataset, &loaded, of, &which, &across).await?;
                let order = match &page.sort {
                    None => None,
                    Some(column) => {
                        Some(server.order(&dataset, &loaded, of, column, page.descending).await?)
                    }
                };
                server
                    .workers
                    .run(move |_| Ok(window(n, mask, order, page.offset, page.limit)))
                    .await?
            }
        };
        let n_cells = columns.len() * index.len();
        if n_cells > MOST_CELLS {
            return Err(ApiError::Invalid(format!(
                "{n_cells} values are more than the {MOST_CELLS} of a page: ask for fewer columns or rows"
            )));
        }
        let rows = server.workers.run(move |_| table(columns, index, total, page.offset)).await?;
        Ok(Json(rows).into_response())
    };
    to_asked(in_body, &headers, &dataset, &uri, make).await
}

/// As the GET of this address; options are in a body in JSON, of up to 4 MiB, with numbers as numbers
#[utoipa::path(post, path = "/api/v1/datasets/{id}/rows", tag = "view", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Found), (status = 400), (status = 404)))]
pub(super) async fn rows_of_body(
    server: State<Server>,
    who: Who,
    id: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    asked: Asked<Page>,
) -> ApiResult<Response> {
    rows(server, who, id, uri, headers, asked).await
}

/// Names separated by commas. A name that has one itself is between double quotes, which it doubles.
pub(super) fn split(names: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut name, mut quoted) = (String::new(), false);
    let mut chars = names.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                name.push('"');
                chars.next();
            }
            '"' if quoted => quoted = false,
            '"' if name.is_empty() => quoted = true,
            ',' if !quoted => found.push(std::mem::take(&mut name)),
            c => name.push(c),
        }
    }
    found.push(name);
    found.retain(|name| !name.is_empty());
    found
}

/// How many rows there are, and the numbers of those on the page.
fn window(
    n: usize,
    mask: Option<BooleanBuffer>,
    order: Option<Arc<Vec<u32>>>,
    offset: usize,
    limit: usize,
) -> (usize, Vec<u32>) {
    match (mask, order) {
        (None, None) => {
            let end = offset.saturating_add(limit).min(n);
            (n, (offset.min(end) as u32..end as u32).collect())
        }
        (None, Some(order)) => (n, order.iter().skip(offset).take(limit).copied().collect()),
        (Some(mask), None) => {
            let index = mask.set_indices().skip(offset).take(limit).map(|row| row as u32).collect();
            (mask.count_set_bits(), index)
        }
        (Some(mask), Some(order)) => {
            let chosen = order.iter().filter(|&&row| mask.value(row as usize));
            (mask.count_set_bits(), chosen.skip(offset).take(limit).copied().collect())
        }
    }
}

fn table(
    columns: Vec<(String, ArrayRef)>,
    index: Vec<u32>,
    total: usize,
    offset: usize,
) -> ApiResult<Found> {
    let taken = UInt32Array::from(index.clone());
    let mut rows: Vec<Vec<Value>> =
        index.iter().map(|_| Vec::with_capacity(columns.len())).collect();
    let mut names = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let column = take(&column, &taken, None).map_err(ApiError::internal)?;
        for (row, value) in rows.iter_mut().zip(cells(&column)?) {
            row.push(value);
        }
        names.push(name);
    }
    Ok(Found { total, offset, columns: names, index, rows })
}

/// Which condition.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Condition {
    /// The table: nodes or edges
    #[serde(default)]
    table: Of,
    /// The expression; all rows if absent
    filter: Option<String>,
    /// A text to look for in ids and texts
    search: Option<String>,
}

/// Which rows a condition is true of: a bit a row, the least significant first; `x-graphlume-selected` says how many
#[utoipa::path(get, path = "/api/v1/datasets/{id}/mask", tag = "view", params(("id" = String, Path), Condition, Across),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "The expression is wrong: the message says what and where"),
        (status = 404),
    ))]
pub(super) async fn mask(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Asked { own: condition, across, in_body }: Asked<Condition>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        let loaded = server.loaded(&dataset).await?;
        let of = condition.table;
        let which = Which::new(condition.filter, condition.search);
        let rows = server.left(&dataset, &loaded, of, &which, &across).await?;
        let rows = rows.unwrap_or_else(|| BooleanBuffer::new_set(of.rows(&loaded.graph)));
        let selected = rows.count_set_bits();
        let mut response = bytes_of("application/octet-stream", bits(&rows));
        response.headers_mut().insert(SELECTED, HeaderValue::from(selected));
        Ok(response)
    };
    to_asked(in_body, &headers, &dataset, &uri, make).await
}

/// As the GET of this address; options are in a body in JSON, of up to 4 MiB, with numbers as numbers
#[utoipa::path(post, path = "/api/v1/datasets/{id}/mask", tag = "view", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400), (status = 404)))]
pub(super) async fn mask_of_body(
    server: State<Server>,
    who: Who,
    id: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    asked: Asked<Condition>,
) -> ApiResult<Response> {
    mask(server, who, id, uri, headers, asked).await
}

/// Eight rows a byte, the first in the least significant bit; what is left of the last byte is 0.
fn bits(rows: &BooleanBuffer) -> Vec<u8> {
    let mut bytes = rows.sliced().as_slice()[..rows.len().div_ceil(8)].to_vec();
    if let Some(last) = bytes.last_mut()
        && !rows.len().is_multiple_of(8)
    {
        *last &= (1 << (rows.len() % 8)) - 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_commas() {
        assert_eq!(split("a,b c"), ["a", "b c"]);
        assert_eq!(split("\"a,\"\"b\",c,"), ["a,\"b", "c"]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn a_page_is_the_same_however_it_is_found() {
        let n = 100;
        let mask = BooleanBuffer::collect_bool(n, |row| row % 3 == 0);
        let order = Arc::new((0..n as u32).rev().collect::<Vec<_>>());
        let all: Vec<u32> = (0..n as u32).collect();
        for (offset, limit) in [(0, 10), (95, 10), (100, 10), (usize::MAX, 10), (3, 0)] {
            for (mask, order) in [
                (None, None),
                (None, Some(Arc::clone(&order))),
                (Some(mask.clone()), None),
                (Some(mask.clone()), Some(Arc::clone(&order))),
            ] {
                let mut expected = all.clone();
                if order.is_some() {
                    expected.reverse();
                }
                if let Some(mask) = &mask {
                    expected.retain(|&row| mask.value(row as usize));
                }
                let total = expected.len();
                let page: Vec<u32> = expected.into_iter().skip(offset).take(limit).collect();
                assert_eq!(window(n, mask, order, offset, limit), (total, page));
            }
        }
    }

    #[test]
    fn bits_beyond_the_last_row_are_none() {
        let rows = BooleanBuffer::new_set(20).slice(3, 13);
        assert_eq!(bits(&rows), [0xff, 0x1f]);
        let odd = BooleanBuffer::collect_bool(24, |row| row % 2 == 1).slice(1, 9);
        assert_eq!(bits(&odd), [0b0101_0101, 1]);
        assert_eq!(bits(&BooleanBuffer::new_unset(0)), [0; 0]);
    }
}
