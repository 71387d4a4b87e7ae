//! Views that were saved, to come back to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{View, now};

/// Most views of a dataset.
const MOST: usize = 1000;

/// Most bytes of a view's state.
const LARGEST: usize = 1 << 20;

/// A view to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewView {
    /// Name.
    name: String,
    /// What the page needs to show it again.
    #[schema(value_type = Object)]
    state: Value,
}

/// The views of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Views {
    /// The oldest first.
    views: Vec<View>,
}

/// Views that were saved
#[utoipa::path(get, path = "/api/v1/datasets/{id}/views", tag = "view", params(("id" = String, Path)),
    responses((status = 200, body = Views), (status = 404)))]
pub(super) async fn list(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Views>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    Ok(Json(Views { views: server.store.views(&dataset.id).await? }))
}

/// Saves a view
#[utoipa::path(post, path = "/api/v1/datasets/{id}/views", tag = "view", params(("id" = String, Path)),
    request_body = NewView,
    responses((status = 201, body = View), (status = 400), (status = 403), (status = 404)))]
pub(super) async fn save(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(new): Body<NewView>,
) -> ApiResult<(StatusCode, Json<View>)> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(ApiError::Invalid("a view has a name of 1 to 200 characters".to_owned()));
    }
    if !new.state.is_object() {
        return Err(ApiError::Invalid("the state of a view is an object".to_owned()));
    }
    let bytes = new.state.to_string().len();
    if bytes > LARGEST {
        return Err(ApiError::TooLarge { limit: LARGEST as u64 });
    }
    if server.store.views(&dataset.id).await?.len() >= MOST {
        return Err(ApiError::Conflict(format!("the dataset has {MOST} views; delete one first")));
    }
    let view = View {
        id: uuid::Uuid::new_v4().simple().to_string(),
        dataset: dataset.id,
        name: name.to_owned(),
        state: new.state,
        created_at: now(),
    };
    let owner = who.user.as_ref().map_or("", |user| user.id.as_str());
    server.store.add_view(&view, owner).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Deletes a view
#[utoipa::path(delete, path = "/api/v1/datasets/{id}/views/{view}", tag = "view",
    params(("id" = String, Path), ("view" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
pub(super) async fn remove(
    State(server): State<Server>,
    who: Who,
    Path((id, view)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    match server.store.remove_view(&dataset.id, &view).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound { what: "view", id: view.chars().take(64).collect() }),
    }
}
