//! Files: tables that were uploaded, for datasets that are made of them.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::datasets::{Page, suffix_of};
use super::input::Params;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::intake::{check_name, columns, receive};
use crate::server::Server;
use crate::store::{File, now};

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(describe, remove))
}

/// What a file says of itself, in the address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Upload {
    /// Name of the file, whose suffix tells the format
    name: String,
    /// Format: csv, jsonl, json, parquet, arrow; found from name and content if absent
    format: Option<String>,
}

/// Files of a user.
#[derive(Debug, Serialize, ToSchema)]
struct List {
    /// One page of them, the newest first.
    files: Vec<File>,
}

/// One's own files
#[utoipa::path(get, path = "/api/v1/files", tag = "files", params(Page), responses((status = 200, body = List)))]
async fn list(
    State(server): State<Server>,
    who: Who,
    Params(page): Params<Page>,
) -> ApiResult<Json<List>> {
    let [limit, offset] = page.bounds()?;
    let files = server.store.files(&who.user()?.id, limit, offset).await?;
    Ok(Json(List { files }))
}

/// Uploads a table
#[utoipa::path(post, path = "/api/v1/files", tag = "files", params(Upload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = File), (status = 400, description = "It cannot be read"), (status = 413)))]
async fn create(
    State(server): State<Server>,
    who: Who,
    Params(upload): Params<Upload>,
    request: Request,
) -> ApiResult<(StatusCode, Json<File>)> {
    let user = who.user()?;
    check_name(&upload.name)?;
    let suffix = suffix_of(&upload.name, upload.format.as_deref())?;
    let limit = server.config.upload_max_size;
    let draft = receive(&server.objects, request.into_body(), &suffix, limit).await?;
    let file = File {
        id: uuid::Uuid::new_v4().simple().to_string(),
        owner: user.id.clone(),
        organization: who.organization.clone(),
        name: upload.name,
        format: String::new(),
        object: None,
        bytes: 0,
        n_rows: 0,
        columns: Vec::new(),
        created_at: now(),
    };
    Ok((StatusCode::CREATED, Json(server.fill_file(file, draft).await?)))
}

/// Describes a file
#[utoipa::path(get, path = "/api/v1/files/{id}", tag = "files", params(("id" = String, Path)),
    responses((status = 200, body = File), (status = 404)))]
async fn describe(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<File>> {
    server.file(&who, &id).await.map(Json)
}

/// Deletes a file; datasets that were made of it stay
#[utoipa::path(delete, path = "/api/v1/files/{id}", tag = "files", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
async fn remove(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let file = server.file(&who, &id).await?;
    server.remove_file(file).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Server {
    /// A file that somebody may use: their own, or their organization's.
    pub(crate) async fn file(&self, who: &Who, id: &str) -> ApiResult<File> {
        let user = who.user()?;
        let may = |file: &File| {
            let shared =
                file.organization.as_ref().is_some_and(|slug| who.organizations.contains(slug));
            user.is_admin || file.owner == user.id || shared
        };
        let file = self.store.file(id).await?.filter(may);
        file.ok_or_else(|| ApiError::NotFound { what: "file", id: id.chars().take(64).collect() })
    }

    /// The objects behind files that somebody may use.
    pub(crate) async fn objects_of_files(
        &self,
        who: &Who,
        ids: &[String],
    ) -> ApiResult<Vec<String>> {
        let mut objects = Vec::with_capacity(ids.len());
        for id in ids {
            let file = self.file(who, id).await?;
            objects.push(file.object.ok_or_else(|| {
                ApiError::Conflict(format!("nothing was uploaded to file `{id}` yet"))
            })?);
        }
        Ok(objects)
    }

    /// Gives a file what was received for it, once that is read and kept. What it had before goes, unless a dataset
    /// is made of it.
    pub(crate) async fn fill_file(&self, file: File, draft: NamedTempFile) -> ApiResult<File> {
        let received = draft.as_file().metadata()?.len();
        let (table, object) = self.keep_table(draft).await?;
        let format = object.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_owned();
        let before = file.object.clone();
        let file = File {
            format,
            object: Some(object),
            bytes: received as i64,
            n_rows: table.num_rows() as i64,
            columns: columns(&table),
            ..file
        };
        if let Err(error) = self.store.put_file(&file).await {
            return Err(self.undo(error.into(), file.object).await);
        }
        self.metrics.uploaded.inc_by(received);
        self.drop_unused(before).await?;
        Ok(file)
    }

    /// Deletes a file, and what only it used.
    pub(crate) async fn remove_file(&self, file: File) -> ApiResult<()> {
        self.store.remove_file(&file.id).await?;
        self.drop_unused(file.object).await
    }
}
