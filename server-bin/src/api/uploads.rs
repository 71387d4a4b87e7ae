//! Uploads in pieces: begun, continued where they stopped, and made a dataset.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::Params;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::intake::check_name;
use crate::server::Server;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(offset, append, remove))
}

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Begin {
    /// Name of the file, whose suffix tells the format
    name: String,
}

/// An upload in pieces.
#[derive(Debug, Serialize, ToSchema)]
struct Upload {
    /// Id.
    id: String,
    /// Name of the file.
    name: String,
    /// Bytes that are there.
    offset: u64,
}

/// Begins an upload in pieces
///
/// Send the pieces by PATCH, and then make a dataset of them by `POST /api/v1/datasets?upload=ID`. Pieces wait for a
/// day, also if the server starts anew.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "datasets", params(Begin),
    responses((status = 201, body = Upload), (status = 409, description = "Too many are not whole")))]
async fn begin(
    State(server): State<Server>,
    who: Who,
    Params(begin): Params<Begin>,
) -> ApiResult<(StatusCode, Json<Upload>)> {
    check_name(&begin.name)?;
    let partial = server.partials.begin(&who.user()?.id, &begin.name).await?;
    Ok((StatusCode::CREATED, Json(Upload { id: partial.id, name: partial.name, offset: 0 })))
}

/// How much of an upload is there
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "datasets", params(("id" = String, Path)),
    responses((status = 200, body = Upload), (status = 404)))]
async fn offset(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Upload>> {
    let (partial, offset) = server.partials.get(&who.user()?.id, &id).await?;
    Ok(Json(Upload { id: partial.id, name: partial.name, offset }))
}

/// Adds a piece: the body, behind the bytes that the header `upload-offset` counts
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "datasets",
    params(("id" = String, Path), ("upload-offset" = u64, Header, description = "Bytes that are there")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Upload), (status = 409, description = "Another number of bytes is there")))]
async fn append(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<Json<Upload>> {
    let user = who.user()?;
    let offset = headers.get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
    let offset: u64 = offset.ok_or_else(|| {
        ApiError::Invalid("the header upload-offset should say how many bytes are there".to_owned())
    })?;
    let offset = server.partials.append(&user.id, &id, offset, request.into_body()).await?;
    let (partial, _) = server.partials.get(&user.id, &id).await?;
    Ok(Json(Upload { id: partial.id, name: partial.name, offset }))
}

/// Gives an upload up
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "datasets", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
async fn remove(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    server.partials.remove(&who.user()?.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
