//! Investigations: saved as text, run with values, and shown step by step.
//!
//! A case reads what the user who runs it may read, and what the options of the server name: files in one
//! folder, and some hosts.

mod runs;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use graphlume::etl::case::{Case as Steps, TEMPLATES, template};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::datasets::Page;
use super::input::{Body, Params};
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Case, Mode, now};

pub(crate) use self::runs::CaseRuns;

/// Most cases of one user.
const MOST: i64 = 1000;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(describe, change, remove))
        .routes(routes!(check))
        .routes(routes!(templates))
        .routes(routes!(runs::start))
        .routes(routes!(runs::status, runs::stop))
}

/// Cases of a user.
#[derive(Debug, Serialize, ToSchema)]
struct List {
    /// One page of them, the newest first, without their texts.
    cases: Vec<Entry>,
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    /// Id.
    id: String,
    /// What it is called.
    title: String,
    /// Who may see and run it.
    mode: Mode,
    /// Whether it is one's own.
    is_own: bool,
    /// When it was changed, in milliseconds since 1970.
    updated_at: i64,
}

/// A case in full.
#[derive(Debug, Serialize, ToSchema)]
struct Full {
    /// The case as it was saved.
    #[serde(flatten)]
    case: Case,
    /// Its parameters and steps.
    #[schema(value_type = Object)]
    info: Value,
    /// Whether it is one's own to change.
    is_own: bool,
    /// The page that shows it; values of parameters may be added, as `?account=ann`, and `run=1`.
    url: String,
}

impl Full {
    fn of(case: Case, who: &Who) -> ApiResult<Self> {
        let steps = Steps::parse(&case.text)?;
        let info = serde_json::to_value(steps.info()).map_err(ApiError::internal)?;
        let url = format!("/case/{}", case.id);
        let is_own = may_change(who, &case);
        Ok(Self { case, info, is_own, url })
    }
}

/// What a case is made of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct NewCase {
    /// The case, in TOML.
    text: Option<String>,
    /// The template that it is a copy of, if no text is given.
    template: Option<String>,
    /// Who may see and run it.
    mode: Mode,
}

/// What is to be changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Change {
    /// The case, in TOML.
    text: Option<String>,
    /// Who may see and run it.
    mode: Option<Mode>,
}

/// A text to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    /// The case, in TOML.
    text: String,
}

/// A case that comes with the program.
#[derive(Debug, Serialize, ToSchema)]
struct Example {
    /// Its name.
    name: &'static str,
    /// What it is for.
    purpose: &'static str,
    /// The case, in TOML.
    text: &'static str,
}

fn may_change(who: &Who, case: &Case) -> bool {
    who.user.as_ref().is_some_and(|user| user.is_admin || user.id == case.owner)
}

fn may_read(who: &Who, case: &Case) -> bool {
    let belongs = case.mode == Mode::Organization
        && case.organization.as_ref().is_some_and(|slug| who.organizations.contains(slug));
    may_change(who, case) || belongs || case.mode == Mode::Public
}

impl Server {
    /// A case that somebody may read.
    pub(super) async fn case(&self, who: &Who, id: &str) -> ApiResult<Case> {
        let missing = || ApiError::NotFound { what: "case", id: id.chars().take(64).collect() };
        let case = self.store.case(id).await?.filter(|case| may_read(who, case));
        case.ok_or_else(|| match &who.user {
            Some(_) => missing(),
            None => ApiError::Unauthorized("sign in to see this case".to_owned()),
        })
    }

    /// A case that somebody may change.
    async fn own_case(&self, who: &Who, id: &str) -> ApiResult<Case> {
        let case = self.case(who, id).await?;
        match may_change(who, &case) {
            true => Ok(case),
            false => Err(ApiError::Forbidden(format!("case `{id}` is not yours to change"))),
        }
    }
}

/// Title of a case that can be read.
fn title_of(text: &str) -> ApiResult<String> {
    let steps = Steps::parse(text)?;
    let title = steps.info().title.chars().take(200).collect::<String>();
    Ok(if title.is_empty() { "Untitled case".to_owned() } else { title })
}

/// One's own cases, and those of one's organization
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(Page), responses((status = 200, body = List)))]
async fn list(
    State(server): State<Server>,
    who: Who,
    Params(page): Params<Page>,
) -> ApiResult<Json<List>> {
    let [limit, offset] = page.bounds()?;
    let user = who.user()?;
    let cases = server.store.cases(&user.id, who.organization.as_deref(), limit, offset).await?;
    let entry = |case: Case| Entry {
        is_own: may_change(&who, &case),
        id: case.id,
        title: case.title,
        mode: case.mode,
        updated_at: case.updated_at,
    };
    Ok(Json(List { cases: cases.into_iter().map(entry).collect() }))
}

/// Saves a case
#[utoipa::path(post, path = "/api/v1/cases", tag = "cases", request_body = NewCase,
    responses((status = 201, body = Full), (status = 400, description = "It has a mistake, which is named")))]
async fn create(
    State(server): State<Server>,
    who: Who,
    Body(new): Body<NewCase>,
) -> ApiResult<(StatusCode, Json<Full>)> {
    let user = who.user()?;
    let text = match (new.text, new.template) {
        (Some(text), None) => text,
        (None, Some(name)) => template(&name)?.text.to_owned(),
        _ => return Err(ApiError::Invalid("either `text` or `template` is needed".to_owned())),
    };
    if MOST <= server.store.n_cases(&user.id).await? {
        return Err(ApiError::Conflict(format!("you have {MOST} cases; delete one first")));
    }
    let now = now();
    let case = Case {
        id: uuid::Uuid::new_v4().simple().to_string(),
        owner: user.id.clone(),
        organization: who.organization.clone(),
        mode: new.mode,
        title: title_of(&text)?,
        text,
        created_at: now,
        updated_at: now,
    };
    server.store.add_case(&case).await?;
    Ok((StatusCode::CREATED, Json(Full::of(case, &who)?)))
}

/// Describes a case
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Full), (status = 404)))]
async fn describe(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Full>> {
    Ok(Json(Full::of(server.case(&who, &id).await?, &who)?))
}

/// Changes a case
#[utoipa::path(put, path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    request_body = Change,
    responses((status = 200, body = Full), (status = 400), (status = 403), (status = 404)))]
async fn change(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> ApiResult<Json<Full>> {
    let mut case = server.own_case(&who, &id).await?;
    if let Some(text) = change.text {
        case.title = title_of(&text)?;
        case.text = text;
    }
    case.mode = change.mode.unwrap_or(case.mode);
    if !server.store.update_case(&case).await? {
        return Err(ApiError::NotFound { what: "case", id });
    }
    Ok(Json(Full::of(case, &who)?))
}

/// Deletes a case; datasets that it made stay
#[utoipa::path(delete, path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
async fn remove(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let case = server.own_case(&who, &id).await?;
    server.store.remove_case(&case.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a case, and says what its parameters and steps are
#[utoipa::path(post, path = "/api/v1/case-checks", tag = "cases", request_body = Text,
    responses((status = 200, body = Object), (status = 400, description = "It has a mistake, which is named")))]
async fn check(who: Who, Body(text): Body<Text>) -> ApiResult<Json<Value>> {
    who.user()?;
    let steps = Steps::parse(&text.text)?;
    serde_json::to_value(steps.info()).map(Json).map_err(ApiError::internal)
}

/// The cases that come with the program
#[utoipa::path(get, path = "/api/v1/case-templates", tag = "cases", responses((status = 200, body = Vec<Example>)))]
async fn templates() -> Json<Vec<Example>> {
    let examples = TEMPLATES.iter().map(|one| Example {
        name: one.name,
        purpose: one.purpose,
        text: one.text,
    });
    Json(examples.collect())
}
