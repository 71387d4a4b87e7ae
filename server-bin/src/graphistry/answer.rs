//! Answers in the forms that the clients read.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// A refusal, with the reason under each name that a client looks for it.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) ApiError);

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Refused {
    pub(super) fn answer(&self) -> Response {
        let message = self.0.to_string();
        self.0.with_body(&json!({
            "success": false,
            "status": "ERR",
            "error": message,
            "message": message,
        }))
    }
}

/// Success in both forms that clients look for, and `data`. Always 200: they compare with it.
#[expect(clippy::needless_pass_by_value, reason = "it is made for the answer")]
pub(super) fn ok(data: Value) -> Response {
    Json(json!({"success": true, "status": "OK", "message": "", "data": data})).into_response()
}

/// The same with a message.
#[expect(clippy::needless_pass_by_value, reason = "it is made for the answer")]
pub(super) fn ok_but(message: &str, data: Value) -> Response {
    Json(json!({"success": true, "status": "OK", "message": message, "data": data})).into_response()
}

/// A list in the form of Django's REST framework.
pub(super) fn list(results: &[Value], count: i64) -> Response {
    Json(json!({"count": count, "next": null, "previous": null, "results": results}))
        .into_response()
}

/// An object without the fields that are `null`.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>(),
        ),
        value => value,
    }
}
