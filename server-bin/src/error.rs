//! What a client is told when a request fails.

use std::io::ErrorKind;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Result of a request.
pub type ApiResult<T, E = ApiError> = std::result::Result<T, E>;

/// A failure, by what the client can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The request is wrong, and says so to whoever sent it.
    #[error("{0}")]
    Invalid(String),
    /// Nobody is signed in, or the sign-in has ended.
    #[error("{0}")]
    Unauthorized(String),
    /// Whoever is signed in may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or none that the client may know of.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// Its id, as it was given.
        id: String,
    },
    /// What this server does not have, and how it gets it.
    #[error("{0}")]
    NotOffered(&'static str),
    /// It is there already, or changes at the moment.
    #[error("{0}")]
    Conflict(String),
    /// The body is larger than this server takes.
    #[error("the upload is larger than the {limit} bytes that this server takes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Too much is going on.
    #[error("{what}; try again in {retry_after_secs} s")]
    Busy {
        /// What there is too much of.
        what: &'static str,
        /// When it is worth another try.
        retry_after_secs: u64,
    },
    /// Something that this server depends on is not there.
    #[error("{0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("the server has no space left")]
    Full,
    /// It is our fault; the reason is in the log, not in the answer.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl ApiError {
    /// A request that is wrong because of what `error` says.
    pub fn invalid(error: impl std::fmt::Display) -> Self {
        Self::Invalid(error.to_string())
    }

    /// Our own failure.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::NotOffered(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound { .. } | Self::NotOffered(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::TooLarge { .. } => "too_large",
            Self::Busy { .. } => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Full => "full",
            Self::Internal(_) => "internal",
        }
    }

    /// The answer with `body` instead of our own form, for clients that expect another.
    pub(crate) fn with_body(&self, body: &serde_json::Value) -> Response {
        if let Self::Internal(error) = self {
            tracing::error!("{error:#}");
        }
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Busy { retry_after_secs, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_secs));
            }
            Self::Unauthorized(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code(), "message": self.to_string()}});
        self.with_body(&body)
    }
}

/// What a system says where there is no room.
const FULL: [ErrorKind; 2] = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        match FULL.contains(&error.kind()) {
            true => Self::Full,
            false => Self::internal(error),
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        match of_database(&error) {
            Database::Away => {
                tracing::error!("database: {error}");
                Self::Unavailable("the database cannot be reached".to_owned())
            }
            Database::Full => Self::Full,
            Database::Text => {
                Self::Invalid("a text holds a character that cannot be kept".to_owned())
            }
            Database::Other => Self::internal(anyhow::Error::new(error).context("database")),
        }
    }
}

/// What a code of an error says of the database.
#[derive(Debug, PartialEq, Eq)]
enum Database {
    /// It cannot be reached.
    Away,
    /// It has no room.
    Full,
    /// It keeps no such text.
    Text,
    /// Something else.
    Other,
}

fn of_database(error: &sqlx::Error) -> Database {
    match error {
        sqlx::Error::Database(error) => of_code(&error.code().unwrap_or_default()),
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_) => Database::Away,
        _ => Database::Other,
    }
}

/// Whether a database has no room.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    of_database(error) == Database::Full
}

fn of_code(code: &str) -> Database {
    match code {
        // SQLite has no room for rows, or for what its connections share; PostgreSQL has none.
        "13" | "4874" | "53100" => Database::Full,
        // PostgreSQL's texts have no zeros, which SQLite's may have.
        "22021" => Database::Text,
        // PostgreSQL's classes of lost connections and of servers that end.
        code if code.starts_with("08") || code.starts_with("57P") => Database::Away,
        // SQLite cannot read, write or open its file, for one of many reasons that are in the upper bits.
        code if code.len() < 5
            && code.parse().is_ok_and(|code: u32| [10, 14].contains(&(code & 0xff))) =>
        {
            Database::Away
        }
        _ => Database::Other,
    }
}

/// Whether an error, or what it comes from, is that there is no room.
fn is_of_full_disk(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if kind.is_some_and(|kind| FULL.contains(&kind)) {
            return true;
        }
        next = error.source();
    }
    false
}

impl From<graphlume::graph::Error> for ApiError {
    fn from(error: graphlume::graph::Error) -> Self {
        match error {
            // The file is one of ours; its name says nothing to whoever sent what is in it.
            graphlume::graph::Error::InFile { source, .. } => Self::from(*source),
            graphlume::graph::Error::Io(error) => Self::from(error),
            // Writers of tables wrap it.
            error if is_of_full_disk(&error) => Self::Full,
            error @ (graphlume::graph::Error::NullId { .. }
            | graphlume::graph::Error::NullWeight { .. }) => Self::Invalid(format!(
                "{error}, or upload with `?drop_null=true`, which drops them"
            )),
            error => Self::invalid(error),
        }
    }
}

impl From<graphlume::etl::Error> for ApiError {
    fn from(error: graphlume::etl::Error) -> Self {
        Self::invalid(error)
    }
}

impl From<graphlume::viewer::Error> for ApiError {
    fn from(error: graphlume::viewer::Error) -> Self {
        Self::invalid(error)
    }
}

impl From<graphlume::layout::Error> for ApiError {
    fn from(error: graphlume::layout::Error) -> Self {
        match error {
            graphlume::layout::Error::Device(error) => Self::Unavailable(error.to_string()),
            error => Self::invalid(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_whoever_writes_to_it() {
        let full = || std::io::Error::from(ErrorKind::StorageFull);
        let parquet = parquet::errors::ParquetError::from(full());
        let arrow = arrow::error::ArrowError::from(full());
        for error in [
            graphlume::graph::Error::Io(full()),
            graphlume::graph::Error::Parquet(parquet),
            graphlume::graph::Error::Arrow(arrow),
        ] {
            let source = Box::new(error);
            let error = graphlume::graph::Error::InFile { path: "a".into(), source };
            assert_eq!(ApiError::from(error).status(), StatusCode::INSUFFICIENT_STORAGE);
        }
        let short = std::io::Error::from(ErrorKind::UnexpectedEof);
        let parquet = parquet::errors::ParquetError::from(short);
        let error = ApiError::from(graphlume::graph::Error::Parquet(parquet));
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn codes_of_two_databases_are_told_apart() {
        for (code, expected) in [
            ("08006", Database::Away),
            ("57P01", Database::Away),
            ("14", Database::Away),
            ("522", Database::Away),
            ("13", Database::Full),
            ("53100", Database::Full),
            ("1555", Database::Other),
            ("5", Database::Other),
            // PostgreSQL's, whose lower bits would be those of SQLite's failure to read.
            ("22026", Database::Other),
            ("", Database::Other),
        ] {
            assert_eq!(of_code(code), expected, "{code}");
        }
    }
}
