//! Answers from the ledger only while it is complete: a part must not be mistaken for the whole.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use sync_core::wire::Code;

use super::Components;
use crate::refusal::Refusal;

/// Refuses while the ledger is being rebuilt, also if the rebuild began while the answer was prepared. A refusal whose
/// cause is the request itself does not depend on the ledger and is returned as it is: waiting would not help.
pub(super) async fn only(
    State(components): State<Components>,
    request: Request,
    next: Next,
) -> Response {
    let before = match components.projection.is_whole().await {
        Ok((times, whole)) => whole.then_some(times),
        Err(error) => return Refusal::from(error).into_response(),
    };
    let answer = next.run(request).await;
    if is_of_the_request(answer.status()) {
        return answer;
    }
    match components.projection.is_whole().await {
        Ok((times, true)) if before == Some(times) => answer,
        Ok(_) => making(),
        Err(error) => Refusal::from(error).into_response(),
    }
}

/// Whether a status was decided by the parameters or the token alone. 404 is not: the ledger may still lack the row.
fn is_of_the_request(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    )
}

fn making() -> Response {
    let detail = "the ledger is being made again from the log; ask again when that is done";
    Refusal::new(Code::LedgerBehind, detail).into_response()
}
