//! The HTTP interface: one file for each audience. A handler parses the request, calls a component, and returns the
//! answer as a frame, JSON or a problem document.
//!
//! It contains no rule of the domain and no SQL. [`router`] lists all routes of the API.

mod accounts;
mod activities;
mod admit;
mod components;
mod credential;
mod csrf;
mod device;
mod export;
mod extract;
mod health;
mod indicators;
mod photos;

pub mod openapi;

mod problem;
mod recorded;
mod reports;
mod review;
mod sign_in;
mod tus;
mod uploads;
mod whole;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post},
};
use sync_core::wire::{
    Exchange, editions::Editions, enrol::Enrol, pull::Pull, push::Push, reconcile::Reconcile,
    resupply::Resupply, session::Session, sync::Sync,
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use self::admit::{Admission, Bound, Class, Gate};

pub use components::Components;

use crate::audit::Kind;

/// Every refusal with its status and its texts.
pub fn problems() -> serde_json::Value {
    problem::table()
}

/// Largest body of JSON in bytes.
const JSON_BYTES: usize = 64 * 1024;

/// Largest body of a sign-in, and of a request of a person in their own matters, in bytes.
const ACCOUNT_BYTES: usize = 4 * 1024;

/// Largest chunk of a photo in bytes.
const CHUNK_BYTES: usize = 4 << 20;

/// All routes of the public address.
pub fn router(components: Components) -> Router {
    let limits = components.limits.clone();
    let gate = Arc::new(Gate::new(components.clone(), limits.clone()));
    let class = |class, bytes, total, by_size| {
        let pause = limits.body_pause.min(total);
        let bound = Bound {
            bytes,
            total,
            pause,
            by_size,
        };
        let gate = Arc::clone(&gate);
        from_fn_with_state(Admission { gate, class, bound }, Admission::admit)
    };
    let small = |c, bytes| class(c, bytes, limits.small_body, false);
    // A frame longer than its decompressed limit is refused unread.
    let exchange = |bytes| class(Class::Device, bytes + 64, limits.body, true);
    let strangers = Router::new()
        .route(Enrol::PATH, post(device::enrol::enrol))
        .route_layer(small(Class::Stranger, Enrol::MAX_REQUEST + 64))
        .merge(
            Router::new()
                .route(Session::PATH, post(device::session::session))
                .route_layer(small(Class::Stranger, Session::MAX_REQUEST + 64)),
        )
        // Its codes are limited by address, as those of devices.
        .merge(csrf::protected(
            first_run().route_layer(small(Class::Stranger, ACCOUNT_BYTES)),
        ));
    let devices = Router::new()
        .route(Push::PATH, post(device::push::push))
        .route_layer(exchange(Push::MAX_REQUEST))
        .merge(
            Router::new()
                .route(Sync::PATH, post(device::sync::sync))
                .route_layer(exchange(Sync::MAX_REQUEST)),
        )
        .merge(
            Router::new()
                .route(Resupply::PATH, post(device::resupply::resupply))
                .route_layer(exchange(Resupply::MAX_REQUEST)),
        )
        .merge(
            Router::new()
                .route(Pull::PATH, post(device::pull::pull))
                .route(Reconcile::PATH, post(device::reconcile::reconcile))
                .route_layer(exchange(Pull::MAX_REQUEST.max(Reconcile::MAX_REQUEST))),
        )
        .merge(
            Router::new()
                .route(Editions::PATH, post(device::editions::editions))
                .route_layer(exchange(Editions::MAX_REQUEST)),
        )
        .merge(hints().route_layer(small(Class::Waiting, 0)));
    let photos = photos(&components)
        .route_layer(class(Class::Upload, CHUNK_BYTES, limits.body, true))
        // The first request of a tus client; it needs no token and costs nothing.
        .route("/v1/blobs", axum::routing::options(uploads::options));
    Router::new()
        .merge(strangers)
        .merge(devices)
        .merge(photos)
        .merge(csrf::protected(
            people(&components).route_layer(small(Class::Person, JSON_BYTES)),
        ))
        .merge(csrf::protected(
            signing_in().route_layer(small(Class::SignIn, ACCOUNT_BYTES)),
        ))
        .merge(csrf::protected(
            accounts().route_layer(small(Class::Account, ACCOUNT_BYTES)),
        ))
        .merge(exports(&components).route_layer(small(Class::Export, 0)))
        // Admission has already limited every body.
        .layer(DefaultBodyLimit::disable())
        .with_state(components.clone())
        .merge(alive(&components))
        .merge(measured(&components, limits.public_metrics))
        .merge(openapi::viewer())
        // Within the count: the response to a panic is counted and gets its headers too.
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state((components, gate), health::count))
        .layer(TraceLayer::new_for_http())
}

/// The routes of the operators' listener.
pub fn operators(components: &Components) -> Router {
    alive(components)
        .merge(measured(components, true))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(health::guarded))
}

/// Liveness and readiness; on both listeners.
fn alive(components: &Components) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state((components.clone(), health::Asked::default()))
}

fn measured(components: &Components, shown: bool) -> Router {
    if !shown {
        return Router::new();
    }
    Router::new()
        .route("/metrics", get(health::metrics))
        .with_state((components.clone(), health::Asked::default()))
}

/// Photos: uploads, and reading, which is recorded.
fn photos(components: &Components) -> Router<Components> {
    let reads = from_fn_with_state((components.clone(), Kind::Read), recorded::reads);
    Router::new()
        .route("/v1/blobs/{hash}", get(photos::read))
        .route("/v1/blobs/{hash}/thumb", get(photos::thumb))
        .route_layer(reads)
        .route("/v1/blobs", post(uploads::create))
        .route(
            "/v1/uploads/{id}",
            axum::routing::head(uploads::head)
                .patch(uploads::append)
                .delete(uploads::end),
        )
}

/// Files for people; each is recorded.
fn exports(components: &Components) -> Router<Components> {
    let reads = from_fn_with_state((components.clone(), Kind::Export), recorded::reads);
    Router::new()
        .route("/v1/exports/hazards.csv", get(export::csv))
        .route("/v1/exports/hazards.geojson", get(export::geojson))
        .route_layer(reads)
        .route_layer(from_fn_with_state(components.clone(), whole::only))
}

/// The first administrators.
fn first_run() -> Router<Components> {
    Router::new().route("/v1/first-run", post(sign_in::first_run))
}

/// People without a session.
fn signing_in() -> Router<Components> {
    Router::new().route("/v1/sign-in", post(sign_in::sign_in))
}

/// Long polls of devices.
fn hints() -> Router<Components> {
    Router::new().route("/v1/hints", get(device::hints::hints))
}

/// Routes for people who have signed in, in their own matters, and for administrators.
fn accounts() -> Router<Components> {
    Router::new()
        .route("/v1/sign-out", post(sign_in::sign_out))
        .route("/v1/me", get(sign_in::me))
        .route("/v1/me/password", post(sign_in::password))
        .route("/v1/me/sessions", get(sign_in::sessions))
        .route("/v1/me/sessions/{id}", delete(sign_in::end_session))
        .route("/v1/me/totp", post(sign_in::totp))
        .route("/v1/me/keys", get(sign_in::keys).post(sign_in::make_key))
        .route("/v1/me/keys/{id}", delete(sign_in::end_key))
        .route("/v1/step-up", post(sign_in::step_up))
        .route(
            "/v1/admin/accounts",
            get(accounts::list).post(accounts::create),
        )
        .route(
            "/v1/admin/accounts/{person}/suspend",
            post(accounts::suspend),
        )
        .route("/v1/admin/accounts/{person}/resume", post(accounts::resume))
        .route("/v1/admin/accounts/{person}/code", post(accounts::code))
        .route("/v1/admin/accounts/{person}/unlock", post(accounts::unlock))
        .route(
            "/v1/admin/accounts/{person}/totp",
            delete(accounts::remove_totp),
        )
        .route(
            "/v1/admin/accounts/{person}/assignments",
            post(accounts::assign),
        )
        .route(
            "/v1/admin/assignments/{id}",
            delete(accounts::end_assignment),
        )
        .route(
            "/v1/admin/accounts/{person}/sessions",
            get(accounts::sessions),
        )
        .route(
            "/v1/admin/accounts/{person}/sessions/{id}",
            delete(accounts::end_session),
        )
        .route("/v1/admin/keys", get(accounts::keys))
        .route("/v1/admin/keys/{id}", delete(accounts::end_key))
        .route("/v1/audit", get(accounts::audit))
}

/// Routes for people with a token. `ledger` has the routes that read the ledger: they are refused while it is rebuilt.
fn people(components: &Components) -> Router<Components> {
    let reads = from_fn_with_state((components.clone(), Kind::Read), recorded::reads);
    // These name persons.
    let personal = Router::new()
        .route("/v1/hazards", get(review::list))
        .route("/v1/hazards/changes", get(review::changes))
        .route("/v1/hazards/{id}", get(review::one))
        .route("/v1/suggestions", get(review::suggestions))
        .route("/v1/duties", get(review::duties))
        .route("/v1/activities", get(activities::list))
        .route("/v1/activities/{id}", get(activities::one))
        .route("/v1/indicators", get(indicators::show))
        .route_layer(reads.clone());
    let ledger = Router::new()
        .merge(personal)
        .route("/v1/statistics", get(review::statistics))
        .route("/v1/coverage", get(activities::coverage))
        .route_layer(from_fn_with_state(components.clone(), whole::only));
    let sealed = Router::new()
        .route("/v1/reports", get(reports::list))
        .route("/v1/reports/{id}", get(reports::bytes))
        .route("/v1/reports/{id}/sealed", get(reports::sealed))
        .route("/v1/reports/{id}/late", get(reports::late))
        .route_layer(reads);
    Router::new()
        .merge(ledger)
        .route("/v1/indicators/manual", post(indicators::type_value))
        .merge(sealed)
        .route("/v1/reports", post(reports::seal))
        .route("/v1/reports/{id}/steps", post(reports::step))
}
