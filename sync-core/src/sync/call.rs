//! Calls and replies: plain HTTP requests and responses.

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
    /// The name in HTTP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A call to make. It is idempotent: its body may be sent again.
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

/// The call got no complete reply: no connection, a broken connection or a time-out. The reason is for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost(pub String);

/// A refusal of the server itself: the reply carries the header `xuncha-refusal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallRefused {
    pub(super) code: Code,
    pub(super) detail: String,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The server's refusal, if it is one. An error status without the header comes from an intermediary in the
    /// network.
    pub(super) fn refusal(&self) -> Option<CallRefused> {
        let name = self
            .header("xuncha-refusal")
            .filter(|_| self.status >= 400)?;
        let problem = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        let detail = problem.get("detail").and_then(|v| v.as_str());
        let (code, detail) = match Code::from_name(name) {
            Some(code) => (code, detail.unwrap_or_default().to_owned()),
            // An unknown code of a newer server: its status shows whether it is transient; its meaning needs an update
            // of the app.
            None if self.status == 429 || self.status >= 500 => (Code::Busy, name.to_owned()),
            None => (Code::UpgradeNeeded, name.to_owned()),
        };
        Some(CallRefused { code, detail })
    }

    /// Why an answer is not used that is neither the server's refusal nor readable.
    pub(super) fn unusable(&self) -> String {
        if self.status == 200 && self.header("content-type") == Some(MEDIA_TYPE) {
            return "服务器的应答已损坏 / the server's answer was damaged".to_owned();
        }
        format!(
            "网络中间设备返回 {0}，稍后再试 / the network answered {0} in place of the server; it is tried again later",
            self.status
        )
    }

    /// `Retry-After` in milliseconds, at most one day.
    pub(super) fn retry_after_ms(&self) -> Option<i64> {
        let seconds: i64 = self.header("retry-after")?.parse().ok()?;
        (seconds >= 0).then(|| seconds.min(86_400) * 1000)
    }
}
