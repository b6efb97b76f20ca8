//! Requests that another site caused in a person's browser are refused.
//!
//! Only cookies are concerned: a browser adds them to any request. A request that authenticates with a token in the header
//! `Authorization` passes, because its cookies are not read, and so does a program that sends neither `Origin` nor
//! `Sec-Fetch-Site`.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use sync_core::wire::Code;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::{Components, credential::presented};
use crate::{access::SESSION, refusal::Refusal};

fn refused(_: ProtectionError) -> Response {
    let detail = "Origin is not this server; behind a proxy, pass Host and Origin on unchanged";
    Refusal::new(Code::CrossSite, detail).into_response()
}

/// Takes the headers that the check reads out of requests whose credential is no cookie.
async fn only_cookies(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    if presented(headers).is_ok_and(|token| !token.starts_with(SESSION)) {
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
