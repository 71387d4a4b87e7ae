//! Files: tables that datasets are made of. Their ids stay valid until they are deleted, as clients remember them.

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::datasets::{organization, suffix};
use super::{Caller, Page, Refused, Sent, answer, text};
use crate::error::ApiError;
use crate::server::Server;
use crate::store::{File, now};

/// A file that is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct New {
    /// Format: arrow, parquet, csv or json.
    file_type: Option<String>,
    /// Name.
    name: Option<String>,
    /// Organization that it is made for.
    org_name: Option<String>,
}

/// All that the client may want to know of a file. Until something is uploaded, its format is what it is to be.
fn described(file: &File) -> Value {
    answer::without_nulls(json!({
        "file_id": file.id,
        "file_type": file.format,
        "name": file.name,
        "org_name": file.organization,
        "is_uploaded": file.object.is_some(),
        "is_valid": file.object.is_some(),
        "size_in_bytes": file.bytes,
        "num_rows": file.object.as_ref().map(|_| file.n_rows),
        "num_columns": file.object.as_ref().map(|_| file.columns.len()),
        "created_at": file.created_at,
    }))
}

/// Makes a file, to be uploaded
#[utoipa::path(post, path = "/api/v2/files/", tag = "graphistry", request_body = New,
    responses((status = 200, description = "`file_id`", body = Object), (status = 400)))]
pub(super) async fn create(
    State(server): State<Server>,
    Caller(who): Caller,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let user = who.user()?;
    let format = text(new.file_type).unwrap_or_else(|| "arrow".to_owned()).to_ascii_lowercase();
    suffix(&format)?;
    let file = File {
        id: uuid::Uuid::new_v4().simple().to_string(),
        owner: user.id.clone(),
        organization: organization(&server, &who, new.org_name)?,
        name: text(new.name).unwrap_or_else(|| "Untitled".to_owned()),
        format,
        object: None,
        bytes: 0,
        n_rows: 0,
        columns: Vec::new(),
        created_at: now(),
    };
    server.store.put_file(&file).await?;
    Ok(Json(described(&file)).into_response())
}

/// How an upload is treated.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Upload {
    /// Format, if it is another than that of the file
    file_type: Option<String>,
}

/// Fills a file; what cannot be read is not kept
#[utoipa::path(post, path = "/api/v2/upload/files/{id}", tag = "graphistry", params(("id" = String, Path), Upload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "`is_valid`, `errors`", body = Object), (status = 404), (status = 413)))]
pub(super) async fn upload(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
    Query(upload): Query<Upload>,
    request: Request,
) -> Result<Response, Refused> {
    let file = server.file(&who, &id).await?;
    let suffix = suffix(upload.file_type.as_deref().unwrap_or(&file.format))?;
    let draft = server.received(request, suffix).await?;
    match server.fill_file(file, draft).await {
        Ok(file) => {
            let mut answer = described(&file);
            answer["errors"] = json!([]);
            Ok(Json(answer).into_response())
        }
        // The id stays, for another try; what was sent does not.
        Err(ApiError::Invalid(reason)) => {
            let answer =
                json!({"file_id": id, "is_valid": false, "is_uploaded": false, "errors": [reason]});
            Ok(Json(answer).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// One's own files
#[utoipa::path(get, path = "/api/v2/files/", tag = "graphistry", params(Page),
    responses((status = 200, description = "`count` and `results`", body = Object)))]
pub(super) async fn list(
    State(server): State<Server>,
    Caller(who): Caller,
    Query(page): Query<Page>,
) -> Result<Response, Refused> {
    let [limit, offset] = page.bounds();
    let owner = &who.user()?.id;
    let files = server.store.files(owner, limit, offset).await?;
    let n = server.store.n_files(owner).await?;
    Ok(answer::list(&files.iter().map(described).collect::<Vec<_>>(), n))
}

/// Describes a file
#[utoipa::path(get, path = "/api/v2/files/{id}/", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404)))]
pub(super) async fn describe(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    Ok(Json(described(&server.file(&who, &id).await?)).into_response())
}

/// Deletes a file; datasets that were made of it stay
#[utoipa::path(delete, path = "/api/v2/files/{id}/", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404)))]
pub(super) async fn remove(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let file = server.file(&who, &id).await?;
    server.remove_file(file).await?;
    Ok(answer::ok(json!({"file_id": id})))
}
