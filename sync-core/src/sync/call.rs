//! Calls and replies, as plain as HTTP is.

use crate::wire::{Code, frame::MEDIA_TYPE};

/// The HTTP methods used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are in HTTP")]
pub enum Method {
    Get,
    Head,
    Post,
    Patch,
}

impl Method {
    /// As in HTTP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A call to make. The body may be sent again without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path on the server.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Call {
    pub(super) fn exchange<E: crate::wire::Exchange>(request: &E::Request) -> Self {
        Self {
            method: Method::Post,
            path: E::PATH.to_owned(),
            headers: vec![("content-type", MEDIA_TYPE.to_owned())],
            body: E::write_request(request),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The call got no (whole) reply: no signal, cut off, timed out. In words for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost(pub String);

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The refusal, if it is one: from the problem document, or from the status of a bare reply (a proxy's).
    pub(super) fn refusal(&self) -> Option<(Code, String)> {
        if self.status < 400 {
            return None;
        }
        let problem = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        let text = |name: &str| {
            problem
                .get(name)
                .and_then(|v| v.as_str())
                .map(str::to_owned)
        };
        let named = self
            .header("xuncha-refusal")
            .map(str::to_owned)
            .or_else(|| text("code"));
        let code = named
            .and_then(|name| Code::from_name(&name))
            .unwrap_or(match self.status {
                401 => Code::SessionExpired,
                404 | 410 => Code::UploadGone,
                409 => Code::UploadOffset,
                413 => Code::TooLarge,
                507 => Code::StorageFull,
                429 | 500..=599 => Code::Busy,
                _ => Code::Malformed,
            });
        Some((code, text("detail").unwrap_or_default()))
    }

    /// `Retry-After` in milliseconds.
    pub(super) fn retry_after_ms(&self) -> Option<i64> {
        let seconds: i64 = self.header("retry-after")?.parse().ok()?;
        (0..=86_400).contains(&seconds).then_some(seconds * 1000)
    }
}
