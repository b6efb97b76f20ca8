//! Routes for administrators: accounts, reviewing roles, sessions, keys, the audit log.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::StatusCode,
};
use sync_core::{record::PersonId, wire::Code};

use super::{
    Components,
    extract::{FromWhere, Person},
    indicators::body,
    review::parsed,
};
use crate::{
    access::Signed,
    audit::{AuditPage, Entry, Kind, Query as AuditQuery},
    people::{
        AccountCode, AccountView, Administrator, AssignmentView, Caller, KeyView, NewAccount,
        NewAssignment, SessionView,
    },
    refusal::Refusal,
};

fn administrator(signed: Signed, caller: &Caller) -> Administrator {
    let address = caller.address.map(|at| at.to_string());
    Administrator::Signed(Box::new(signed), address.unwrap_or_default())
}

fn person(text: &str) -> Result<PersonId, Refusal> {
    let id = text.parse();
    id.map_err(|_| Refusal::new(Code::NotFound, "no such account"))
}

/// Lists all accounts, for the system and the security administrator.
#[utoipa::path(get, path = "/v1/admin/accounts", tag = "administrators", responses((status = 200, body = Vec<AccountView>), (status = 401), (status = 403)))]
pub(super) async fn list(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
) -> Result<Json<Vec<AccountView>>, Refusal> {
    let by = administrator(signed, &caller);
    components.people.accounts(&by).await.map(Json)
}

/// Creates an account with a one-time code, for the system administrator.
#[utoipa::path(post, path = "/v1/admin/accounts", tag = "administrators", request_body = NewAccount, responses((status = 200, body = AccountCode), (status = 400), (status = 401), (status = 403), (status = 409)))]
pub(super) async fn create(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    new: Result<Json<NewAccount>, JsonRejection>,
) -> Result<Json<AccountCode>, Refusal> {
    let by = administrator(signed, &caller);
    let made = components.people.create_account(&by, body(new)?);
    made.await.map(Json)
}

/// Suspends an account and ends its sessions, for the system administrator.
#[utoipa::path(post, path = "/v1/admin/accounts/{person}/suspend", tag = "administrators", params(("person" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn suspend(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.suspend(&by, person(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the suspension of an account, for the system administrator.
#[utoipa::path(post, path = "/v1/admin/accounts/{person}/resume", tag = "administrators", params(("person" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn resume(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.resume(&by, person(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the password of an account by a one-time code, for the system administrator.
#[utoipa::path(post, path = "/v1/admin/accounts/{person}/code", tag = "administrators", params(("person" = String, Path,)), responses((status = 200, body = AccountCode), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn code(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<Json<AccountCode>, Refusal> {
    let by = administrator(signed, &caller);
    let made = components.people.new_code(&by, person(&id)?);
    made.await.map(Json)
}

/// Ends all waits of an account, for the security administrator.
#[utoipa::path(post, path = "/v1/admin/accounts/{person}/unlock", tag = "administrators", params(("person" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn unlock(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.unlock(&by, person(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the second factor of an account, for the security administrator.
#[utoipa::path(delete, path = "/v1/admin/accounts/{person}/totp", tag = "administrators", params(("person" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn remove_totp(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.remove_totp(&by, person(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account a reviewing role, for the security administrator.
#[utoipa::path(post, path = "/v1/admin/accounts/{person}/assignments", tag = "administrators", params(("person" = String, Path,)), request_body = NewAssignment, responses((status = 200, body = AssignmentView), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn assign(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
    new: Result<Json<NewAssignment>, JsonRejection>,
) -> Result<Json<AssignmentView>, Refusal> {
    let by = administrator(signed, &caller);
    let given = components.people.assign(&by, person(&id)?, body(new)?);
    given.await.map(Json)
}

/// Ends a reviewing role at once, for the security administrator.
#[utoipa::path(delete, path = "/v1/admin/assignments/{id}", tag = "administrators", params(("id" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn end_assignment(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.end_assignment(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the sessions of an account, for the security administrator.
#[utoipa::path(get, path = "/v1/admin/accounts/{person}/sessions", tag = "administrators", params(("person" = String, Path,)), responses((status = 200, body = Vec<SessionView>), (status = 401), (status = 403)))]
pub(super) async fn sessions(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<Json<Vec<SessionView>>, Refusal> {
    let by = administrator(signed, &caller);
    let found = components.people.sessions_of(&by, person(&id)?);
    found.await.map(Json)
}

/// Ends a session of an account, for the security administrator.
#[utoipa::path(delete, path = "/v1/admin/accounts/{person}/sessions/{id}", tag = "administrators", params(("person" = String, Path,), ("id" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn end_session(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path((of, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    let ended = components.people.end_session_of(&by, person(&of)?, &id);
    ended.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the keys to the review API, for the security administrator.
#[utoipa::path(get, path = "/v1/admin/keys", tag = "administrators", responses((status = 200, body = Vec<KeyView>), (status = 401), (status = 403)))]
pub(super) async fn keys(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
) -> Result<Json<Vec<KeyView>>, Refusal> {
    let by = administrator(signed, &caller);
    components.people.keys(&by).await.map(Json)
}

/// Ends a key to the review API at once, for the security administrator.
#[utoipa::path(delete, path = "/v1/admin/keys/{id}", tag = "administrators", params(("id" = String, Path,)), responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn end_key(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let by = administrator(signed, &caller);
    components.people.end_key(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Searches the audit log, the newest rows first; for the audit administrator. The search itself is recorded.
#[utoipa::path(get, path = "/v1/audit", tag = "administrators", params(AuditQuery), responses((status = 200, body = AuditPage), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn audit(
    State(components): State<Components>,
    Person(signed): Person,
    FromWhere(caller): FromWhere,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditPage>, Refusal> {
    signed.may_read_audit()?;
    let query = parsed(query)?;
    components.audit.write_refusals(false).await?;
    let address = caller.address.map(|at| at.to_string());
    let entry = Entry::new(Kind::AuditRead, format!("person:{}", signed.person))
        .about(query.text())
        .from(address.unwrap_or_default());
    let page = components.audit.search(query).await?;
    components.audit.record(entry).await?;
    Ok(Json(page))
}
