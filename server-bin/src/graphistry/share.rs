//! Who may see a dataset.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Caller, Refused, Sent, answer};
use crate::auth::Access;
use crate::error::ApiError;
use crate::server::Server;
use crate::store::{Dataset, Mode};

/// Who is to see what.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Sharing {
    /// Id of the dataset.
    obj_pk: String,
    /// `dataset`.
    obj_type: Option<String>,
    /// private, organization or public.
    mode: Mode,
    /// Users to make a link for, each.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    invited_users: Option<Vec<Invited>>,
    /// What those invited may do, unless it is said of them: `10` see, `20` change.
    #[schema(value_type = String)]
    mode_action: Option<Value>,
}

/// Somebody to share with.
#[derive(Debug, Deserialize)]
struct Invited {
    email: String,
    action: Option<Value>,
}

/// Whether an action, which comes as text or number, lets change the dataset.
fn may_edit(action: &Value) -> bool {
    action.as_str() == Some("20") || action.as_i64() == Some(20)
}

/// Most who are invited at once.
const MOST: usize = 1000;

/// Sets who may see a dataset, and makes a link for each who is invited
#[utoipa::path(post, path = "/api/v2/share/link/", tag = "graphistry", request_body = Sharing,
    responses((status = 200, description = "`data.invited_users` with a `url` each", body = Object),
        (status = 403), (status = 404)))]
pub(super) async fn link(
    State(server): State<Server>,
    Caller(who): Caller,
    Sent(sharing): Sent<Sharing>,
) -> Result<Response, Refused> {
    if sharing.obj_type.as_deref().is_some_and(|kind| kind != "dataset") {
        return Err(ApiError::Invalid("only datasets can be shared".to_owned()).into());
    }
    let invited = sharing.invited_users.unwrap_or_default();
    if invited.len() > MOST {
        return Err(ApiError::Invalid(format!(
            "{} are invited; {MOST} can be at once",
            invited.len()
        ))
        .into());
    }
    let dataset = server.dataset(&who, &sharing.obj_pk, Access::Own).await?;
    let organization = dataset.organization.clone().or_else(|| who.organization.clone());
    let dataset = Dataset { mode: sharing.mode, organization, ..dataset };
    server.store.set_sharing(&dataset).await?;
    let user = who.user()?;
    let mut links = Vec::with_capacity(invited.len());
    for one in invited {
        let can_edit = one.action.as_ref().or(sharing.mode_action.as_ref()).is_some_and(may_edit);
        let made = server.share(user, &dataset.id, Some(one.email.clone()), can_edit, None).await?;
        links.push(json!({"email": one.email, "action": if can_edit { "20" } else { "10" }, "url": made.url}));
    }
    let message = match (dataset.mode, dataset.organization.is_none(), links.is_empty()) {
        (Mode::Organization, true, true) => {
            "the dataset belongs to no organization: only its owner sees it"
        }
        (_, _, false) => "this server sends no mail: pass the links on",
        _ => "",
    };
    let data = json!({"obj_pk": dataset.id, "mode": dataset.mode, "invited_users": links});
    Ok(answer::ok_but(message, data))
}
