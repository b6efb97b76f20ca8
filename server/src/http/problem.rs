//! Maps refusals to HTTP statuses, in one place only: problem details, RFC 9457.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sync_core::{
    causes::with_causes,
    wire::{Code, Problem},
};

use crate::refusal::Refusal;

/// The body of every error response (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProblemDetails {
    /// A stable reference, `/problems/<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// What happened and what to do, in Chinese.
    title: &'static str,
    /// The same in English.
    title_en: &'static str,
    /// The HTTP status.
    status: u16,
    /// The stable name of the refusal.
    code: &'static str,
    /// What is wrong, and where.
    detail: String,
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed | Code::BadFilter | Code::CodeInvalid => StatusCode::BAD_REQUEST,
        Code::SessionExpired | Code::SignedOut | Code::SignInRefused | Code::CodeNeeded => {
            StatusCode::UNAUTHORIZED
        }
        Code::DeviceUnknown
        | Code::DeviceRevoked
        | Code::OutOfScope
        | Code::PackSignature
        | Code::PasswordOld
        | Code::ProofNeeded
        | Code::CrossSite => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::UploadOffset | Code::ReportExists | Code::ReportStep | Code::AccountExists => {
            StatusCode::CONFLICT
        }
        Code::UploadGone => StatusCode::GONE,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Code::TusVersion => StatusCode::PRECONDITION_FAILED,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UpgradeNeeded => StatusCode::UPGRADE_REQUIRED,
        Code::Busy | Code::LedgerBehind | Code::Clock => StatusCode::SERVICE_UNAVAILABLE,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Internal | Code::ReportDamaged | Code::RegionsCircular => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn respond(problem: &Problem) -> Response {
    let code = problem.code;
    // tus defines a status of its own (460) for a failed checksum.
    let status = match code {
        Code::ChecksumMismatch => {
            StatusCode::from_u16(460).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
        }
        code => status(code),
    };
    let body = ProblemDetails {
        kind: format!("/problems/{code}"),
        title: code.zh(),
        title_en: code.en(),
        status: status.as_u16(),
        code: code.name(),
        detail: problem.detail.clone(),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (HeaderName::from_static("xuncha-refusal"), code.name()),
    ];
    let body = serde_json::to_string(&body).expect("texts and a number are JSON");
    let mut response = (status, headers, body).into_response();
    let later = match code {
        Code::Busy | Code::LedgerBehind => "2",
        Code::TooMany => "60",
        _ => return response,
    };
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from_static(later));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => respond(&problem),
            failure @ (Self::Storage(_) | Self::Photos(_)) => {
                tracing::error!(error = %with_causes(&failure), "a request failed in storage");
                respond(&Problem::new(Code::Internal, "see the server's log"))
            }
        }
    }
}

/// Answers a panic like any internal error. It is logged, because a panic is a defect.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    respond(&Problem::new(Code::Internal, "see the server's log"))
}

/// Every refusal with its status, for `schemas/problems.json`.
pub(crate) fn table() -> serde_json::Value {
    let row = |code: &Code| {
        let http = if *code == Code::ChecksumMismatch {
            460
        } else {
            status(*code).as_u16()
        };
        serde_json::json!({ "code": code.name(), "number": code.number(), "status": http,
            "transient": code.is_transient(), "zh": code.zh(), "en": code.en() })
    };
    Code::ALL.iter().map(row).collect()
}
