//! Views that were saved, to come back to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::bytes_of;
use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{View, now};

/// Most views of a dataset.
const MOST: i64 = 1000;

/// Most bytes of a view's state.
const LARGEST: usize = 1 << 20;

/// Largest states of all views of a dataset, which are listed together.
const LARGEST_IN_ALL: i64 = 16 << 20;

/// Most bytes of a view's picture.
const LARGEST_PICTURE: usize = 1 << 16;

/// How files of pictures begin, and their kinds.
const PICTURES: [(&[u8], &str); 3] =
    [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp")];

/// A view to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewView {
    /// Name.
    name: String,
    /// What the page needs to show it again.
    #[schema(value_type = Object)]
    state: Value,
    /// A small picture of it, in Base64: a PNG, JPEG or WebP of at most 65,536 bytes.
    picture: Option<String>,
}

/// What is to change of a view.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// Its new name.
    name: String,
}

/// The views of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Views {
    /// The oldest first.
    views: Vec<View>,
    /// Whether whoever asks may save and delete views.
    may_write: bool,
}

fn missing(view: &str) -> ApiError {
    ApiError::NotFound { what: "view", id: view.chars().take(64).collect() }
}

fn checked_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    match name.chars().count() {
        1..=200 => Ok(name),
        n => Err(ApiError::Invalid(format!(
            "a view has a name of 1 to 200 characters; this one has {n}"
        ))),
    }
}

/// The kind of a picture, by how it begins.
fn kind_of(picture: &[u8]) -> Option<&'static str> {
    PICTURES.iter().find(|(begin, _)| picture.starts_with(begin)).map(|(_, kind)| *kind)
}

/// A picture in Base64, if that is what it is.
fn checked_picture(text: &str) -> ApiResult<()> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| ApiError::Invalid(format!("the picture is no Base64: {error}")))?;
    if bytes.len() > LARGEST_PICTURE {
        let n = bytes.len();
        return Err(ApiError::Invalid(format!(
            "the picture has {n} bytes; it can have {LARGEST_PICTURE}"
        )));
    }
    match kind_of(&bytes) {
        Some(_) => Ok(()),
        None => Err(ApiError::Invalid("the picture is no PNG, JPEG or WebP".to_owned())),
    }
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
    let views = server.store.views(&dataset.id).await?;
    Ok(Json(Views { views, may_write: who.may(Access::Write, &dataset) }))
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
    let name = checked_name(&new.name)?.to_owned();
    if !new.state.is_object() {
        return Err(ApiError::Invalid("the state of a view is an object".to_owned()));
    }
    let bytes = new.state.to_string().len();
    if bytes > LARGEST {
        return Err(ApiError::TooLarge { limit: LARGEST as u64 });
    }
    if let Some(picture) = &new.picture {
        checked_picture(picture)?;
    }
    let [n, size] = server.store.size_of_views(&dataset.id).await?;
    if MOST <= n {
        return Err(ApiError::Conflict(format!("the dataset has {MOST} views; delete one first")));
    }
    if LARGEST_IN_ALL < size + bytes as i64 {
        let words = format!(
            "the views of the dataset have {size} bytes, and {LARGEST_IN_ALL} are the most; delete one first"
        );
        return Err(ApiError::Conflict(words));
    }
    let view = View {
        id: uuid::Uuid::new_v4().simple().to_string(),
        dataset: dataset.id,
        owner: who.user.map_or_else(String::new, |user| user.id),
        name,
        state: new.state,
        has_picture: new.picture.is_some(),
        created_at: now(),
    };
    server.store.add_view(&view, new.picture.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// A view that was saved
#[utoipa::path(get, path = "/api/v1/datasets/{id}/views/{view}", tag = "view",
    params(("id" = String, Path), ("view" = String, Path)),
    responses((status = 200, body = View), (status = 404)))]
pub(super) async fn one(
    State(server): State<Server>,
    who: Who,
    Path((id, view)): Path<(String, String)>,
) -> ApiResult<Json<View>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let found = server.store.view(&dataset.id, &view).await?;
    found.map(Json).ok_or_else(|| missing(&view))
}

/// The picture of a view
#[utoipa::path(get, path = "/api/v1/datasets/{id}/views/{view}/picture", tag = "view",
    params(("id" = String, Path), ("view" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/*"), (status = 404, description = "It has none")))]
pub(super) async fn picture(
    State(server): State<Server>,
    who: Who,
    Path((id, view)): Path<(String, String)>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let found = server.store.picture_of_view(&dataset.id, &view).await?;
    let found = found.ok_or_else(|| missing(&view))?;
    let bytes = STANDARD.decode(found).map_err(ApiError::internal)?;
    let kind = kind_of(&bytes).ok_or_else(|| missing(&view))?;
    let mut response = bytes_of(kind, bytes);
    // A view's picture is never changed, but who may see it can be.
    let kept = HeaderValue::from_static("private, max-age=600");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// Gives a view another name
#[utoipa::path(patch, path = "/api/v1/datasets/{id}/views/{view}", tag = "view",
    params(("id" = String, Path), ("view" = String, Path)), request_body = Rename,
    responses((status = 200, body = View), (status = 400), (status = 403), (status = 404)))]
pub(super) async fn rename(
    State(server): State<Server>,
    who: Who,
    Path((id, view)): Path<(String, String)>,
    Body(new): Body<Rename>,
) -> ApiResult<Json<View>> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let name = checked_name(&new.name)?;
    if !server.store.rename_view(&dataset.id, &view, name).await? {
        return Err(missing(&view));
    }
    let found = server.store.view(&dataset.id, &view).await?;
    found.map(Json).ok_or_else(|| missing(&view))
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
        false => Err(missing(&view)),
    }
}
