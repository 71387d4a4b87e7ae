//! What a client is told when a request fails.

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

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::internal(error),
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let is_away = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_) => true,
            // PostgreSQL's classes of lost connections and of servers that end.
            sqlx::Error::Database(error) => {
                error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
            }
            _ => false,
        };
        // PostgreSQL's texts have no zeros, which SQLite's may have.
        let has_zero = error.as_database_error().and_then(|error| error.code());
        if has_zero.is_some_and(|code| code == "22021") {
            return Self::Invalid("a text holds a character that cannot be kept".to_owned());
        }
        match error {
            error if is_away => {
                tracing::error!("database: {error}");
                Self::Unavailable("the database cannot be reached".to_owned())
            }
            error => Self::internal(anyhow::Error::new(error).context("database")),
        }
    }
}

impl From<graphlume::graph::Error> for ApiError {
    fn from(error: graphlume::graph::Error) -> Self {
        match error {
            // The file is one of ours; its name says nothing to whoever sent what is in it.
            graphlume::graph::Error::InFile { source, .. } => Self::from(*source),
            graphlume::graph::Error::Io(error) => Self::from(error),
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
