//! Answers from the ledger only while it is complete: a part must not be mistaken for the whole.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sync_core::wire::Code;

use super::Components;
use crate::refusal::Refusal;

/// Refuses while the ledger is being rebuilt, also if the rebuild began while the answer was prepared.
pub(super) async fn only(
    State(components): State<Components>,
    request: Request,
    next: Next,
) -> Response {
    let before = match components.projection.is_whole().await {
        Ok((times, true)) => times,
        Ok((_, false)) => return making(),
        Err(error) => return Refusal::from(error).into_response(),
    };
    let answer = next.run(request).await;
    match components.projection.is_whole().await {
        Ok((times, true)) if times == before => answer,
        Ok(_) => making(),
        Err(error) => Refusal::from(error).into_response(),
    }
}

fn making() -> Response {
    let detail = "the ledger is being made again from the log; ask again when that is done";
    Refusal::new(Code::LedgerBehind, detail).into_response()
}
