//! The OpenAPI document of the API for people's programs, generated from the handlers, with a viewer that works
//! offline.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

use super::{
    accounts, activities, credential::SESSION_COOKIE, device::hints, export, health, indicators,
    photos, problem, reports, review, sign_in, uploads,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Xuncha 巡查", description = "The ledger for reviewers, photos, exports. Documents travel between device and server as described in `schemas/wire`."),
    paths(
        review::list, review::changes, review::one, review::statistics, review::suggestions, review::duties,
        activities::list, activities::one, activities::coverage,
        indicators::show, indicators::type_value,
        reports::list, reports::seal, reports::bytes, reports::sealed, reports::late, reports::step,
        export::csv, export::geojson,
        uploads::options, uploads::create, uploads::head, uploads::append, uploads::end, photos::read, photos::thumb,
        hints::hints,
        sign_in::first_run, sign_in::sign_in, sign_in::sign_out, sign_in::me, sign_in::password, sign_in::sessions,
        sign_in::end_session, sign_in::totp, sign_in::step_up,
        accounts::list, accounts::create, accounts::suspend, accounts::resume, accounts::code, accounts::unlock,
        accounts::remove_totp, accounts::assign, accounts::end_assignment, accounts::sessions, accounts::end_session,
        accounts::keys, accounts::end_key, sign_in::keys, sign_in::make_key, sign_in::end_key, accounts::audit,
        health::alive, health::ready, health::metrics,
    ),
    components(schemas(problem::ProblemDetails, crate::reporting::SealedReport)),
    modifiers(&Bearer),
    security(("bearer" = []), ("session" = [])),
    tags(
        (name = "review", description = "The ledger 台账"),
        (name = "reports", description = "Figures and sealed reports 统计与报表"),
        (name = "photos", description = "Photos: tus 1.0 and reading 照片"),
        (name = "devices", description = "What devices request outside the wire protocol 设备"),
        (name = "people", description = "Signing in, and a person's own account 登录与本人账号"),
        (name = "administrators", description = "Accounts, roles, keys, the audit log 三员管理"),
        (name = "operators", description = "Health and metrics 运维"),
    ),
)]
struct Api;

/// Adds the bearer token as a security scheme.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        let how = "A reviewer's key from `xuncha admin token`, or a device's session token.";
        scheme.description = Some(how.to_owned());
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let how = "The cookie that `POST /v1/sign-in` sets.";
        let cookie = ApiKeyValue::with_description(SESSION_COOKIE, how);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components.add_security_scheme("session", cookie);
    }
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// `/openapi.json` and the viewer at `/docs`.
pub(super) fn viewer() -> Router {
    SwaggerUi::new("/docs")
        .url("/openapi.json", document())
        .into()
}
