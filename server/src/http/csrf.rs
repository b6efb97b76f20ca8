//! Requests that another site caused in a person's browser are refused.
//!
//! Only cookies are concerned: a browser adds them to any request. A request with the header `Authorization`, which no
//! other site can set, passes, and so does a program that sends neither `Origin` nor `Sec-Fetch-Site`.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use sync_core::wire::Code;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::Components;
use crate::refusal::Refusal;

fn refused(_: ProtectionError) -> Response {
    let detail = "Origin is not this server; behind a proxy, pass Host and Origin on unchanged";
    Refusal::new(Code::CrossSite, detail).into_response()
}

/// Takes the headers that the check reads out of requests that carry no cookie of ours as their credential.
async fn only_cookies(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    if headers.contains_key(header::AUTHORIZATION) {
        headers.remove(header::ORIGIN);
        headers.remove(HeaderName::from_static("sec-fetch-site"));
    }
    next.run(request).await
}

/// Protects the routes of people.
pub(super) fn protected(routes: Router<Components>) -> Router<Components> {
    routes
        .route_layer(CsrfLayer::new().with_rejection_response(refused))
        .route_layer(from_fn(only_cookies))
}
