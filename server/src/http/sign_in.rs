//! Routes for people who sign in: their session, password and second factor.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sync_core::wire::Code;

use super::{
    Components,
    credential::{BROWSER_COOKIE, SESSION_COOKIE},
    extract::{FromWhere, Person},
    indicators::body,
};
use crate::{
    people::{
        FirstRun, KeyIssued, KeyView, Me, NewKey, NewPassword, Proof, SessionView, SignInRequest,
        SignedIn, TotpRequest, TotpView,
    },
    refusal::Refusal,
    review::instant,
};

/// Seconds that a browser is remembered: 400 days, the longest that browsers keep a cookie.
const BROWSER_SECONDS: u32 = 400 * 86_400;

/// An open session. Its token is in the cookie `__Host-xuncha`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SignInView {
    /// `business`, `system`, `security` or `audit`.
    class: &'static str,
    /// Whether the password must be changed before anything else: `POST /v1/me/password`.
    must_change_password: bool,
    /// When the session ends at the latest (RFC 3339).
    ends_at: String,
}

/// A new administrator.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FirstRunView {
    /// `system`, `security` or `audit`.
    class: &'static str,
}

fn cookie(name: &str, value: &str, seconds: Option<u32>) -> Result<HeaderValue, Refusal> {
    let age = seconds.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    let text = format!("{name}={value}; Path=/; HttpOnly; Secure; SameSite=Strict{age}");
    let value = HeaderValue::try_from(text);
    value.map_err(|_| Refusal::new(Code::Internal, "a cookie could not be made"))
}

/// Returns a session with its cookies.
fn opened(signed: &SignedIn) -> Result<Response, Refusal> {
    let mut headers = HeaderMap::new();
    let session = cookie(SESSION_COOKIE, signed.token.shown(), None)?;
    headers.append(header::SET_COOKIE, session);
    if let Some(browser) = &signed.browser {
        let browser = cookie(BROWSER_COOKIE, browser.shown(), Some(BROWSER_SECONDS))?;
        headers.append(header::SET_COOKIE, browser);
    }
    let view = SignInView {
        class: signed.class.name(),
        must_change_password: signed.must_change,
        ends_at: instant(signed.ends_at.0),
    };
    Ok((headers, Json(view)).into_response())
}

/// Makes one of the first administrators with a one-time code from `xuncha admin first-run`.
#[utoipa::path(post, path = "/v1/first-run", tag = "people", security(()), request_body = FirstRun, responses((status = 200, body = FirstRunView), (status = 400), (status = 409), (status = 422)))]
pub(super) async fn first_run(
    State(components): State<Components>,
    FromWhere(caller): FromWhere,
    asked: Result<Json<FirstRun>, JsonRejection>,
) -> Result<Json<FirstRunView>, Refusal> {
    let class = components.people.first_run(body(asked)?, &caller).await?;
    Ok(Json(FirstRunView {
        class: class.name(),
    }))
}

/// Signs a person in, and sets the cookies of the session and of the browser.
#[utoipa::path(post, path = "/v1/sign-in", tag = "people", security(()), request_body = SignInRequest, responses((status = 200, body = SignInView), (status = 401), (status = 429), (status = 503)))]
pub(super) async fn sign_in(
    State(components): State<Components>,
    FromWhere(caller): FromWhere,
    asked: Result<Json<SignInRequest>, JsonRejection>,
) -> Result<Response, Refusal> {
    opened(&components.people.sign_in(body(asked)?, &caller).await?)
}

/// Ends the session.
#[utoipa::path(post, path = "/v1/sign-out", tag = "people", responses((status = 204), (status = 401)))]
pub(super) async fn sign_out(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
) -> Result<Response, Refusal> {
    components.people.sign_out(&signed, &caller).await?;
    let gone = cookie(SESSION_COOKIE, "", Some(0))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// Returns who has signed in, with the reviewing roles that are valid now.
#[utoipa::path(get, path = "/v1/me", tag = "people", responses((status = 200, body = Me), (status = 401)))]
pub(super) async fn me(
    State(components): State<Components>,
    Person(signed): Person,
) -> Result<Json<Me>, Refusal> {
    components.people.me(&signed).await.map(Json)
}

/// Changes the password. Every other session of the person ends.
#[utoipa::path(post, path = "/v1/me/password", tag = "people", request_body = NewPassword, responses((status = 200, body = SignInView), (status = 401), (status = 422), (status = 429)))]
pub(super) async fn password(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    asked: Result<Json<NewPassword>, JsonRejection>,
) -> Result<Response, Refusal> {
    let asked = body(asked)?;
    let changed = components.people.change_password(&signed, asked, &caller);
    opened(&changed.await?)
}

/// Lists the person's sessions that are in use.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "people", responses((status = 200, body = Vec<SessionView>), (status = 401)))]
pub(super) async fn sessions(
    State(components): State<Components>,
    Person(signed): Person,
) -> Result<Json<Vec<SessionView>>, Refusal> {
    components.people.sessions(&signed).await.map(Json)
}

/// Ends one of the person's sessions.
#[utoipa::path(delete, path = "/v1/me/sessions/{id}", tag = "people", params(("id" = String, Path,)), responses((status = 204), (status = 401), (status = 404)))]
pub(super) async fn end_session(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let ended = components.people.end_session(&signed, &id, &caller);
    ended.await.map(|()| StatusCode::NO_CONTENT)
}

/// Begins a second factor (without a code: returns a new secret) or confirms it (with a code of that secret: returns the
/// recovery codes).
#[utoipa::path(post, path = "/v1/me/totp", tag = "people", request_body = TotpRequest, responses((status = 200, body = TotpView), (status = 401), (status = 403), (status = 429)))]
pub(super) async fn totp(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    asked: Result<Json<TotpRequest>, JsonRejection>,
) -> Result<Json<TotpView>, Refusal> {
    let view = components.people.totp(&signed, body(asked)?, &caller);
    view.await.map(Json)
}

/// Proves again who uses the session, by the password or the second factor. Decisions need this within 15 minutes.
#[utoipa::path(post, path = "/v1/step-up", tag = "people", request_body = Proof, responses((status = 200, body = SignInView), (status = 401), (status = 429)))]
pub(super) async fn step_up(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    proof: Result<Json<Proof>, JsonRejection>,
) -> Result<Response, Refusal> {
    let proven = components.people.step_up(&signed, body(proof)?, &caller);
    opened(&proven.await?)
}

/// Lists the keys to the review API that the person made.
#[utoipa::path(get, path = "/v1/me/keys", tag = "people", responses((status = 200, body = Vec<KeyView>), (status = 401)))]
pub(super) async fn keys(
    State(components): State<Components>,
    Person(signed): Person,
) -> Result<Json<Vec<KeyView>>, Refusal> {
    components.people.own_keys(&signed).await.map(Json)
}

/// Makes a key to the review API for one of the person's reviewing roles. It reads and decides nothing, and ends with the
/// role. It is shown once.
#[utoipa::path(post, path = "/v1/me/keys", tag = "people", request_body = NewKey, responses((status = 200, body = KeyIssued), (status = 400), (status = 401), (status = 403), (status = 429)))]
pub(super) async fn make_key(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    new: Result<Json<NewKey>, JsonRejection>,
) -> Result<Json<KeyIssued>, Refusal> {
    let made = components.people.make_key(&signed, body(new)?, &caller);
    made.await.map(Json)
}

/// Ends a key that the person made.
#[utoipa::path(delete, path = "/v1/me/keys/{id}", tag = "people", params(("id" = String, Path,)), responses((status = 204), (status = 401), (status = 404)))]
pub(super) async fn end_key(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let ended = components.people.end_own_key(&signed, &id, &caller);
    ended.await.map(|()| StatusCode::NO_CONTENT)
}
