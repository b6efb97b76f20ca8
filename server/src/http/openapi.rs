//! The description of the API for people's programs, generated from the handlers, with a viewer that works offline.

use axum::Router;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::{blobs, export, health, problem, review};

#[derive(OpenApi)]
#[openapi(
    info(title = "Xuncha 巡查", description = "The ledger for reviewers, photos, exports. Phones speak `schemas/wire`."),
    paths(
        review::list, review::changes, review::one, export::csv, export::geojson,
        blobs::options, blobs::create, blobs::head, blobs::append, blobs::end, blobs::read, blobs::thumb,
        health::alive, health::ready, health::metrics,
    ),
    components(schemas(problem::ProblemDetails)),
    tags(
        (name = "review", description = "The ledger 台账"),
        (name = "photos", description = "Photos: tus 1.0 and reading 照片"),
        (name = "operators", description = "Health and metrics 运维"),
    ),
)]
struct Api;

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
