//! Accounts: signing in, users, organizations, keys, links.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::Body;
use crate::auth::{
    Access, Attempt, COOKIE, Peer, SignedIn, Who, bearer, cookie, fingerprint, hash, random, verify,
};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Organization, PersonalKey, Share, User, now};
use crate::users;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(refresh))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(list_users, add_user))
        .routes(routes!(remove_user))
        .routes(routes!(set_password))
        .routes(routes!(list_organizations, add_organization))
        .routes(routes!(list_members))
        .routes(routes!(set_member, remove_member))
        .routes(routes!(list_keys, add_key))
        .routes(routes!(remove_key))
        .routes(routes!(list_shares, add_share))
        .routes(routes!(remove_share))
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// Name of the account.
    name: String,
    /// Its password.
    password: String,
    /// Organization to work for.
    organization: Option<String>,
}

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    /// What shows it: to be sent as `Authorization: Bearer …`. A browser has it as a cookie too.
    token: String,
    /// Name of the user.
    name: String,
    /// Organization that they work for.
    organization: Option<String>,
    /// When it ends unless it is refreshed, in milliseconds since 1970.
    expires_at: i64,
}

/// The answer to a sign-in, with its cookie.
pub(crate) fn with_cookie(server: &Server, signed: &SignedIn, mut response: Response) -> Response {
    let secs = signed.claims.exp.saturating_sub(now() / 1000);
    set_cookie(server, &signed.token, secs, &mut response);
    response
}

fn set_cookie(server: &Server, token: &str, secs: i64, response: &mut Response) {
    let secure = if server.config.tls.is_some() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; Max-Age={secs}; HttpOnly; SameSite=Lax{secure}");
    // A token is letters, digits and `.-_`.
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn session(server: &Server, signed: &SignedIn) -> Response {
    let answer = Session {
        token: signed.token.clone(),
        name: signed.claims.username.clone(),
        organization: signed.claims.organization.clone(),
        expires_at: signed.claims.exp.saturating_mul(1000),
    };
    with_cookie(server, signed, Json(answer).into_response())
}

/// Signs in by name and password
///
/// Who fails too often waits longer and longer. A browser gets a cookie that pages cannot read.
#[utoipa::path(post, path = "/api/v1/sign-in", tag = "accounts", request_body = Credentials, responses(
    (status = 200, body = Session), (status = 401), (status = 429, description = "Too many failed; see Retry-After")))]
async fn sign_in(
    State(server): State<Server>,
    peer: Peer,
    Body(given): Body<Credentials>,
) -> ApiResult<Response> {
    let organization = given.organization.as_deref();
    let signed = server.sign_in(&given.name, &given.password, organization, peer).await?;
    Ok(session(&server, &signed))
}

/// Signs out: the token counts no more, and a browser loses its cookie
#[utoipa::path(post, path = "/api/v1/sign-out", tag = "accounts", responses((status = 204)))]
async fn sign_out(State(server): State<Server>, headers: HeaderMap) -> ApiResult<Response> {
    for token in [bearer(&headers), cookie(&headers, COOKIE)].into_iter().flatten() {
        server.sign_out(token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&server, "", 0, &mut response);
    Ok(response)
}

/// Renews a sign-in that has not ended; while it is young, it is answered as it is
#[utoipa::path(post, path = "/api/v1/refresh", tag = "accounts", responses(
    (status = 200, body = Session), (status = 401)))]
async fn refresh(State(server): State<Server>, headers: HeaderMap) -> ApiResult<Response> {
    let token = bearer(&headers).or_else(|| cookie(&headers, COOKIE));
    let signed = match token {
        Some(token) => server.renew(token).await?,
        None if !server.config.auth => server.local_sign_in("local", None),
        None => return Err(ApiError::Unauthorized("sign in first".to_owned())),
    };
    Ok(session(&server, &signed))
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The user; absent for guests.
    user: Option<User>,
    /// Organization that they work for.
    organization: Option<String>,
    /// Organizations that they belong to.
    organizations: Vec<Organization>,
    /// Whether this server asks for accounts.
    has_accounts: bool,
}

/// Whoever asks: the user, or that it is a guest
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", responses((status = 200, body = Me)))]
async fn me(State(server): State<Server>, who: Who) -> ApiResult<Json<Me>> {
    let organizations = match &who.user {
        Some(user) => server.store.organizations(&user.id).await?,
        None => Vec::new(),
    };
    let has_accounts = server.config.auth;
    Ok(Json(Me { user: who.user, organization: who.organization, organizations, has_accounts }))
}

/// An old and a new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The old one.
    old: String,
    /// The new one: 8 characters or more.
    new: String,
}

/// Changes one's own password, which ends all sign-ins but the one that this answers with
#[utoipa::path(post, path = "/api/v1/me/password", tag = "accounts", request_body = PasswordChange, responses(
    (status = 200, body = Session), (status = 401, description = "The old password is another")))]
async fn change_password(
    State(server): State<Server>,
    who: Who,
    peer: Peer,
    Body(change): Body<PasswordChange>,
) -> ApiResult<Response> {
    server.check_accounts()?;
    let user = who.user()?.clone();
    let attempt = Attempt::new(Some(&user.name), peer);
    server.limiter.check(&attempt).await?;
    server.limiter.delay(&attempt).await?;
    let known = user.password.clone();
    let work = move || match verify(&change.old, known.as_deref()) {
        true => hash(&change.new).map(Some),
        false => Ok(None),
    };
    let again = server.limiter.check(&attempt);
    let Some(hash) = server.sign_ins.hashing.run(again, work).await?? else {
        server.limiter.failed(&attempt).await;
        return Err(ApiError::Unauthorized("the old password is another".to_owned()));
    };
    server.store.set_password(&user.id, &hash).await?;
    let user = User { password: Some(hash), ..user };
    let signed = server.begin(user, who.organization.as_deref(), None).await?;
    Ok(session(&server, &signed))
}

impl Server {
    /// That this server has accounts at all.
    fn check_accounts(&self) -> ApiResult<()> {
        match self.config.auth {
            true => Ok(()),
            false => Err(ApiError::Conflict(
                "this server asks for no accounts; --auth makes it".to_owned(),
            )),
        }
    }

    /// The hash of a password that is to be.
    async fn hashed(&self, password: String) -> ApiResult<String> {
        self.sign_ins.hashing.run(std::future::ready(Ok(())), move || hash(&password)).await?
    }
}

/// All accounts, for administrators
#[utoipa::path(get, path = "/api/v1/users", tag = "accounts", responses((status = 200, body = Vec<User>), (status = 403)))]
async fn list_users(State(server): State<Server>, who: Who) -> ApiResult<Json<Vec<User>>> {
    who.admin()?;
    Ok(Json(server.store.users().await?))
}

/// An account that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Name to sign in with.
    name: String,
    /// Password: 8 characters or more.
    password: String,
    /// Whether they may change accounts, and see and change everything.
    #[serde(default)]
    is_admin: bool,
}

/// Adds an account, for administrators
#[utoipa::path(post, path = "/api/v1/users", tag = "accounts", request_body = NewUser, responses(
    (status = 201, body = User), (status = 403), (status = 409, description = "There is one of that name")))]
async fn add_user(
    State(server): State<Server>,
    who: Who,
    Body(new): Body<NewUser>,
) -> ApiResult<(StatusCode, Json<User>)> {
    server.check_accounts()?;
    who.admin()?;
    users::check_name(&new.name)?;
    let hash = server.hashed(new.password).await?;
    let user = users::add(&server.store, &new.name, hash, new.is_admin).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Removes an account, for administrators; its datasets stay, for them
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "accounts", params(("name" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
async fn remove_user(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    server.check_accounts()?;
    let admin = who.admin()?;
    let user = users::named(&server.store, &name).await?;
    if user.id == admin.id {
        return Err(ApiError::Conflict(
            "nobody removes themselves: another administrator can".to_owned(),
        ));
    }
    server.store.remove_user(&user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A password that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// 8 characters or more.
    password: String,
}

/// Sets somebody's password, for administrators, which ends their sign-ins
#[utoipa::path(post, path = "/api/v1/users/{name}/password", tag = "accounts", params(("name" = String, Path)),
    request_body = NewPassword, responses((status = 204), (status = 403), (status = 404)))]
async fn set_password(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
    Body(new): Body<NewPassword>,
) -> ApiResult<StatusCode> {
    server.check_accounts()?;
    who.admin()?;
    let user = users::named(&server.store, &name).await?;
    let hash = server.hashed(new.password).await?;
    server.store.set_password(&user.id, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Organizations that one belongs to
#[utoipa::path(get, path = "/api/v1/organizations", tag = "accounts", responses((status = 200, body = Vec<Organization>)))]
async fn list_organizations(
    State(server): State<Server>,
    who: Who,
) -> ApiResult<Json<Vec<Organization>>> {
    Ok(Json(server.store.organizations(&who.user()?.id).await?))
}

/// An organization that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrganization {
    /// Name in addresses.
    slug: String,
    /// Name for people; the slug if absent.
    name: Option<String>,
}

/// Adds an organization, for administrators, who belong to it then
#[utoipa::path(post, path = "/api/v1/organizations", tag = "accounts", request_body = NewOrganization, responses(
    (status = 201, body = Organization), (status = 403), (status = 409, description = "There is one of that name")))]
async fn add_organization(
    State(server): State<Server>,
    who: Who,
    Body(new): Body<NewOrganization>,
) -> ApiResult<(StatusCode, Json<Organization>)> {
    server.check_accounts()?;
    let admin = who.admin()?;
    let slug = new.slug;
    users::check_name(&slug)?;
    let taken =
        || ApiError::Conflict(format!("there is a user or an organization `{slug}` already"));
    if server.store.user_named(&slug).await?.is_some() {
        return Err(taken());
    }
    let name = new.name.unwrap_or_else(|| slug.clone());
    match server.store.add_organization(&slug, &name).await {
        Ok(()) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Err(taken()),
        Err(error) => return Err(error.into()),
    }
    server.store.set_member(&slug, &admin.id, true).await?;
    Ok((StatusCode::CREATED, Json(Organization { slug, name, is_admin: true })))
}

impl Server {
    /// That somebody may change who belongs to an organization; whoever is not in it learns nothing of it.
    async fn check_leads(&self, who: &Who, slug: &str, only_belongs: bool) -> ApiResult<()> {
        self.check_accounts()?;
        let user = who.user()?;
        let own = self.store.organizations(&user.id).await?;
        let own = own.iter().find(|organization| organization.slug == slug);
        let missing =
            || ApiError::NotFound { what: "organization", id: slug.chars().take(64).collect() };
        match own {
            _ if user.is_admin => {
                let there = own.is_some() || self.store.has_organization(slug).await?;
                if there { Ok(()) } else { Err(missing()) }
            }
            None => Err(missing()),
            Some(own) if own.is_admin || only_belongs => Ok(()),
            Some(_) => Err(ApiError::Forbidden(format!("you do not lead `{slug}`"))),
        }
    }
}

/// Somebody in an organization.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    /// Name of the user.
    name: String,
    /// Whether they may change who belongs to it.
    is_admin: bool,
}

/// Who belongs to an organization, for those who do
#[utoipa::path(get, path = "/api/v1/organizations/{slug}/members", tag = "accounts", params(("slug" = String, Path)),
    responses((status = 200, body = Vec<Member>), (status = 404)))]
async fn list_members(
    State(server): State<Server>,
    who: Who,
    Path(slug): Path<String>,
) -> ApiResult<Json<Vec<Member>>> {
    server.check_leads(&who, &slug, true).await?;
    let members = server.store.members(&slug).await?;
    Ok(Json(members.into_iter().map(|(name, is_admin)| Member { name, is_admin }).collect()))
}

/// What somebody is to be in an organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Membership {
    /// Whether they may change who belongs to it.
    #[serde(default)]
    is_admin: bool,
}

/// Makes somebody a member, or changes what they are, for those who lead it
#[utoipa::path(put, path = "/api/v1/organizations/{slug}/members/{name}", tag = "accounts",
    params(("slug" = String, Path), ("name" = String, Path)), request_body = Membership,
    responses((status = 204), (status = 403), (status = 404)))]
async fn set_member(
    State(server): State<Server>,
    who: Who,
    Path((slug, name)): Path<(String, String)>,
    Body(membership): Body<Membership>,
) -> ApiResult<StatusCode> {
    server.check_leads(&who, &slug, false).await?;
    let user = users::named(&server.store, &name).await?;
    server.store.set_member(&slug, &user.id, membership.is_admin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of an organization, for those who lead it, or oneself
#[utoipa::path(delete, path = "/api/v1/organizations/{slug}/members/{name}", tag = "accounts",
    params(("slug" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
async fn remove_member(
    State(server): State<Server>,
    who: Who,
    Path((slug, name)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let is_self = who.user()?.name == name;
    server.check_leads(&who, &slug, is_self).await?;
    let user = users::named(&server.store, &name).await?;
    match server.store.remove_member(&slug, &user.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound { what: "member", id: name }),
    }
}

/// One's own keys, without their secrets
#[utoipa::path(get, path = "/api/v1/keys", tag = "accounts", responses((status = 200, body = Vec<PersonalKey>)))]
async fn list_keys(State(server): State<Server>, who: Who) -> ApiResult<Json<Vec<PersonalKey>>> {
    Ok(Json(server.store.keys(&who.user()?.id).await?))
}

/// A key that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// What it is for.
    #[serde(default)]
    name: String,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
struct MadeKey {
    #[serde(flatten)]
    key: PersonalKey,
    /// Its secret, which is told this once.
    secret: String,
}

/// Makes a key, with which programs sign in for one; its secret is told this once
#[utoipa::path(post, path = "/api/v1/keys", tag = "accounts", request_body = NewKey, responses((status = 201, body = MadeKey)))]
async fn add_key(
    State(server): State<Server>,
    who: Who,
    Body(new): Body<NewKey>,
) -> ApiResult<(StatusCode, Json<MadeKey>)> {
    server.check_accounts()?;
    let user = who.user()?;
    let secret = random();
    let key = PersonalKey {
        id: uuid::Uuid::new_v4().simple().to_string(),
        name: new.name.chars().take(200).collect(),
        created_at: now(),
        user_id: user.id.clone(),
        secret: fingerprint(&secret),
    };
    server.store.add_key(&key).await?;
    Ok((StatusCode::CREATED, Json(MadeKey { key, secret })))
}

/// Takes a key back; what signed in with it is not renewed
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
async fn remove_key(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    match server.store.remove_key(&who.user()?.id, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound { what: "key", id }),
    }
}

/// Links to a dataset, without their secrets, for its owner
#[utoipa::path(get, path = "/api/v1/datasets/{id}/shares", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = Vec<Share>), (status = 403), (status = 404)))]
async fn list_shares(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Vec<Share>>> {
    let dataset = server.dataset(&who, &id, Access::Own).await?;
    Ok(Json(server.store.shares(&dataset.id).await?))
}

/// A link that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewShare {
    /// Whom it is for, as a note.
    email: Option<String>,
    /// Whether it lets change the dataset.
    #[serde(default)]
    can_edit: bool,
    /// When it ends, in milliseconds since 1970; never if absent.
    expires_at: Option<i64>,
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeShare {
    #[serde(flatten)]
    pub(crate) share: Share,
    /// Its secret, which is told this once: `?share=SECRET` behind any address of the dataset.
    pub(crate) secret: String,
    /// Where a browser sees the dataset, on this server.
    pub(crate) url: String,
}

impl Server {
    /// Makes a link to a dataset.
    pub(crate) async fn share(
        &self,
        user: &User,
        dataset: &str,
        email: Option<String>,
        can_edit: bool,
        expires_at: Option<i64>,
    ) -> ApiResult<MadeShare> {
        let created_at = now();
        if expires_at.is_some_and(|end| end <= created_at) {
            return Err(ApiError::Invalid("the link would have ended already".to_owned()));
        }
        let secret = random();
        let token = fingerprint(&secret);
        let share =
            Share { token, dataset: dataset.to_owned(), email, can_edit, created_at, expires_at };
        self.store.add_share(&share, &user.id).await?;
        let url = format!("/graph/graph.html?dataset={dataset}&share={secret}");
        Ok(MadeShare { share, secret, url })
    }
}

/// Makes a link that lets whoever has it see a dataset; its secret is told this once
#[utoipa::path(post, path = "/api/v1/datasets/{id}/shares", tag = "accounts", params(("id" = String, Path)),
    request_body = NewShare, responses((status = 201, body = MadeShare), (status = 403), (status = 404)))]
async fn add_share(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(new): Body<NewShare>,
) -> ApiResult<(StatusCode, Json<MadeShare>)> {
    let dataset = server.dataset(&who, &id, Access::Own).await?;
    let made =
        server.share(who.user()?, &dataset.id, new.email, new.can_edit, new.expires_at).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes a link back
#[utoipa::path(delete, path = "/api/v1/datasets/{id}/shares/{token}", tag = "accounts",
    params(("id" = String, Path), ("token" = String, Path, description = "The `token` in the list of links")),
    responses((status = 204), (status = 403), (status = 404)))]
async fn remove_share(
    State(server): State<Server>,
    who: Who,
    Path((id, token)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Own).await?;
    match server.store.remove_share(&dataset.id, &token).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NotFound { what: "link", id: token }),
    }
}
