//! Datasets: made of their bindings, then filled with tables.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;
use utoipa::ToSchema;

use super::{Caller, Page, Refused, Sent, answer, settings, text};
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::intake::receive;
use crate::server::Server;
use crate::store::{Dataset, Mode, NewDataset, Wanted};

/// A dataset that is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct New {
    /// Bindings and encodings of nodes.
    #[schema(value_type = Object)]
    node_encodings: Option<Map<String, Value>>,
    /// Bindings and encodings of edges.
    #[schema(value_type = Object)]
    edge_encodings: Option<Map<String, Value>>,
    /// Style, and what the client says of itself.
    #[schema(value_type = Object)]
    metadata: Option<Map<String, Value>>,
    /// Name.
    name: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// Ids of files with edges.
    edge_files: Option<Vec<String>>,
    /// Ids of files with nodes.
    node_files: Option<Vec<String>>,
    /// Organization that it is made for.
    org_name: Option<String>,
    #[schema(value_type = Object)]
    edge_hypergraph_transform: Option<Value>,
}

/// The organization that something is made for, if it is not the user's own.
pub(super) fn organization(
    server: &Server,
    who: &Who,
    asked: Option<String>,
) -> ApiResult<Option<String>> {
    let user = who.user()?;
    let Some(slug) = text(asked).or_else(|| who.organization.clone()) else { return Ok(None) };
    if slug == user.name {
        return Ok(None);
    }
    if server.config.auth && !who.organizations.contains(&slug) {
        return Err(ApiError::Forbidden(format!("you do not belong to an organization `{slug}`")));
    }
    Ok(Some(slug))
}

/// Makes a dataset, of files or to be filled
#[utoipa::path(post, path = "/api/v2/upload/datasets/", tag = "graphistry", request_body = New,
    responses((status = 200, description = "`data.dataset_id`", body = Object), (status = 400)))]
pub(super) async fn create(
    State(server): State<Server>,
    Caller(who): Caller,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let user = who.user()?;
    if new.edge_hypergraph_transform.is_some_and(|value| !value.is_null()) {
        return Err(ApiError::Invalid(
            "edge_hypergraph_transform is not supported: make the hypergraph in the client"
                .to_owned(),
        )
        .into());
    }
    let organization = organization(&server, &who, new.org_name)?;
    let edges = server.objects_of_files(&who, &new.edge_files.unwrap_or_default()).await?;
    let nodes = server.objects_of_files(&who, &new.node_files.unwrap_or_default()).await?;
    let spec = settings::spec(
        &new.node_encodings.unwrap_or_default(),
        &new.edge_encodings.unwrap_or_default(),
        new.metadata.unwrap_or_default(),
    );
    let new = NewDataset {
        owner: user.id.clone(),
        organization,
        mode: Mode::default(),
        name: text(new.name).unwrap_or_else(|| "Untitled".to_owned()),
        description: new.description.unwrap_or_default(),
        spec,
        edges,
        nodes,
        size: None,
    };
    let dataset = server.store.add_dataset(new).await?;
    Ok(answer::ok_but("Dataset created", json!({"dataset_id": dataset.id})))
}

/// The suffix under which a file of a format that the client names is kept until it is read.
pub(super) fn suffix(format: &str) -> ApiResult<&'static str> {
    match format.to_ascii_lowercase().as_str() {
        "arrow" => Ok(".arrow"),
        "parquet" => Ok(".parquet"),
        "csv" => Ok(".csv"),
        // An array, or an object a line: content tells.
        "json" => Ok(""),
        "orc" => Err(ApiError::Invalid(
            "files in ORC cannot be read here: send Parquet or Arrow, which hold the same"
                .to_owned(),
        )),
        _ => Err(ApiError::Invalid(format!(
            "there is no format `{}`; there are arrow, parquet, csv and json",
            format.chars().take(32).collect::<String>()
        ))),
    }
}

impl Server {
    /// Takes in the body of an upload. One that says that it is too large is read and thrown away, if that is not much
    /// more, since the client would not see the answer otherwise.
    pub(super) async fn received(
        &self,
        request: Request,
        suffix: &str,
    ) -> ApiResult<NamedTempFile> {
        const PATIENCE: u64 = 64 << 20;
        let limit = self.config.upload_max_size;
        let length =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: u64 = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        if length > limit {
            if length <= limit.saturating_add(PATIENCE) {
                let mut parts = request.into_body().into_data_stream();
                while let Some(Ok(_)) = parts.next().await {}
            }
            return Err(ApiError::TooLarge { limit });
        }
        receive(&self.objects, request.into_body(), suffix, limit).await
    }
}

/// Fills a dataset with a table, in place of what was there: `edges` or `nodes`, as arrow, parquet, csv or json
#[utoipa::path(post, path = "/api/v2/upload/datasets/{id}/{table}/{format}", tag = "graphistry",
    params(("id" = String, Path), ("table" = String, Path), ("format" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "`success`", body = Object), (status = 400), (status = 413)))]
pub(super) async fn upload(
    State(server): State<Server>,
    Caller(who): Caller,
    Path((id, table, format)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let is_edges = match table.as_str() {
        "edges" => true,
        "nodes" => false,
        _ => {
            return Err(
                ApiError::NotFound { what: "table", id: table.chars().take(32).collect() }.into()
            );
        }
    };
    let draft = server.received(request, suffix(&format)?).await?;
    let received = draft.as_file().metadata().map_err(ApiError::from)?.len();
    let (rows, object) = server.keep_table(draft).await?;
    // Two tables may come at once: only this one is written.
    let before = match is_edges {
        true => server.store.set_edges(&id, std::slice::from_ref(&object)).await?,
        false => server.store.set_nodes(&id, std::slice::from_ref(&object)).await?,
    };
    server.graphs.forget(&dataset).await;
    server.metrics.uploaded.inc_by(received);
    if !before {
        // Somebody deleted it meanwhile.
        server.drop_unused([object]).await?;
        return Err(ApiError::NotFound { what: "dataset", id }.into());
    }
    let replaced = if is_edges { dataset.edges } else { dataset.nodes };
    server.drop_unused(replaced).await?;
    Ok(answer::ok(
        json!({"dataset_id": id, "num_rows": rows.num_rows(), "num_columns": rows.num_columns()}),
    ))
}

/// All that the client may want to know of a dataset.
fn described(dataset: &Dataset) -> Value {
    let spec = &dataset.spec;
    answer::without_nulls(json!({
        "dataset_id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "node_encodings": spec.node_encodings,
        "edge_encodings": spec.edge_encodings,
        "metadata": spec.metadata,
        "style": settings::style(&spec.metadata),
        "url_params": settings::url_params(&spec.url_params),
        "mode": dataset.mode,
        "org_name": dataset.organization,
        "num_nodes": dataset.size.map(|[n, _]| n),
        "num_edges": dataset.size.map(|[_, m]| m),
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
        "warnings": spec.warnings,
    }))
}

/// Describes a dataset
#[utoipa::path(get, path = "/api/v2/upload/datasets/{id}", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, description = "`data`: name, bindings, encodings, style", body = Object), (status = 404)))]
pub(super) async fn describe(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    Ok(answer::ok(described(&dataset)))
}

/// Describes a dataset
#[utoipa::path(get, path = "/api/v2/datasets/{id}/", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, description = "Name, bindings, encodings, style", body = Object), (status = 404)))]
pub(super) async fn describe_too(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    Ok(Json(described(&dataset)).into_response())
}

/// Deletes a dataset
#[utoipa::path(delete, path = "/api/v2/upload/datasets/{id}", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 403), (status = 404)))]
pub(super) async fn remove(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let dataset = server.dataset(&who, &id, Access::Own).await?;
    server.remove_dataset(&dataset).await?;
    Ok(answer::ok_but("Dataset deleted", json!({"dataset_id": id})))
}

/// Deletes a dataset
#[utoipa::path(delete, path = "/api/v2/datasets/{id}/", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 403), (status = 404)))]
pub(super) async fn remove_too(
    server: State<Server>,
    caller: Caller,
    id: Path<String>,
) -> Result<Response, Refused> {
    remove(server, caller, id).await
}

/// Datasets that are one's own, or one's organizations'
#[utoipa::path(get, path = "/api/v2/datasets/", tag = "graphistry", params(Page),
    responses((status = 200, description = "`count` and `results`", body = Object)))]
pub(super) async fn list(
    State(server): State<Server>,
    Caller(who): Caller,
    Query(page): Query<Page>,
) -> Result<Response, Refused> {
    let user = who.user()?;
    let [limit, offset] = page.bounds();
    let wanted = Wanted::newest(limit, offset);
    let (datasets, n) = server.store.datasets(&user.id, &who.organizations, &wanted).await?;
    Ok(answer::list(&datasets.iter().map(described).collect::<Vec<_>>(), n))
}

/// Datasets that are one's own, or one's organizations'
#[utoipa::path(get, path = "/api/v2/upload/datasets/", tag = "graphistry", params(Page),
    responses((status = 200, description = "`count` and `results`", body = Object)))]
pub(super) async fn list_too(
    server: State<Server>,
    caller: Caller,
    page: Query<Page>,
) -> Result<Response, Refused> {
    list(server, caller, page).await
}

/// A body that is made of a file, which is there as long as it is sent.
pub(super) fn body_of(file: std::fs::File) -> Body {
    Body::from_stream(tokio_util::io::ReaderStream::new(tokio::fs::File::from_std(file)))
}
