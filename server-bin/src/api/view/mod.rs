//! What a viewer asks of a dataset.

pub(crate) mod download;
mod histogram;
mod members;
mod neighbors;
mod picture;
mod rows;
mod saved;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::download::TableFormat;
use crate::error::ApiResult;
use crate::server::Server;
use crate::store::Dataset;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(picture::scene))
        .routes(routes!(picture::png))
        .routes(routes!(picture::svg))
        .routes(routes!(picture::html))
        .routes(routes!(histogram::histogram, histogram::histogram_of_body))
        .routes(routes!(rows::rows, rows::rows_of_body))
        .routes(routes!(rows::mask, rows::mask_of_body))
        .routes(routes!(neighbors::neighbors))
        .routes(routes!(members::members))
        .routes(routes!(download::download, download::download_of_body))
        .routes(routes!(saved::list, saved::save))
        .routes(routes!(saved::one, saved::rename, saved::remove))
        .routes(routes!(saved::picture))
}

/// What tells an answer from others: the program, the dataset as it is, and what was asked.
fn tag(dataset: &Dataset, uri: &Uri) -> String {
    let text = format!("{} {} {} {uri}", env!("CARGO_PKG_VERSION"), dataset.id, dataset.updated_at);
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    // It may be compressed on its way: the content is the same, the bytes are not.
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]))
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known =
        headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known
        .flat_map(|line| line.split(','))
        .any(|other| other.trim() == "*" || plain(other) == plain(tag))
}

/// The answer that `make` makes, unless whoever asks has it already. It is theirs to keep, not a proxy's.
async fn unless_known(
    headers: &HeaderMap,
    dataset: &Dataset,
    uri: &Uri,
    make: impl Future<Output = ApiResult<Response>>,
) -> ApiResult<Response> {
    let tag = tag(dataset, uri);
    let mut response = match is_known(headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => make.await?,
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The answer to what was asked in an address, as by [`unless_known`], or in a body, which says nothing of whether it is known.
async fn to_asked(
    in_body: bool,
    headers: &HeaderMap,
    dataset: &Dataset,
    uri: &Uri,
    make: impl Future<Output = ApiResult<Response>>,
) -> ApiResult<Response> {
    if !in_body {
        return unless_known(headers, dataset, uri, make).await;
    }
    let mut response = make.await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Bytes of a kind.
fn bytes_of(kind: &'static str, bytes: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind)], bytes.into()).into_response()
}

/// A name that a file can have anywhere, of a name that somebody gave.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = name.chars().take(60).map(plain).collect();
    let name = name.trim_matches(|c| c == '.' || c == '_');
    if name.is_empty() { "graph".to_owned() } else { name.to_owned() }
}

/// Says under which name an answer is to be kept as a file.
fn as_file(response: &mut Response, name: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_any_of_its_tags() {
        let headers =
            |value: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
        for (value, expected) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            assert_eq!(is_known(&headers(value), "W/\"a\""), expected, "{value}");
        }
        assert!(!is_known(&HeaderMap::new(), "W/\"a\""));
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(file_name("a b\"\r\n../ä.c"), "a_b___..__.c");
        assert_eq!(file_name("../.."), "graph");
    }
}
