//! The HTTP client around the sans-IO sync: sends one call and returns one complete reply.

use std::time::Duration;

use reqwest::blocking::Client;
use sync_core::sync::{Call, Lost, Method, Reply};

/// A transport that carries calls to a server.
pub trait Transport {
    /// Sends a call and waits for its complete reply.
    ///
    /// # Errors
    /// [`Lost`] if no complete reply came.
    fn send(&mut self, call: &Call) -> Result<Reply, Lost>;

    /// Duration of the last call in milliseconds, by a simulated clock.
    fn took_ms(&self) -> i64 {
        0
    }
}

/// Plain HTTP or HTTPS.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    /// Sent as `x-phone`, so that a simulated network can distinguish devices.
    phone: Option<String>,
    took_ms: i64,
}

impl Http {
    /// A client of a server such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// If TLS cannot be initialised.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::custom(|attempt| {
                // No exchange is ever redirected: a redirect comes from a captive portal, which must get neither
                // documents nor tokens.
                let first = attempt.previous().first();
                if first.is_some_and(|url| url.path().starts_with("/v1/")) {
                    attempt.stop()
                } else {
                    attempt.follow()
                }
            }))
            .pool_max_idle_per_host(64)
            .build()?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            phone: None,
            took_ms: 0,
        })
    }

    /// The same connection pool for another device.
    #[must_use]
    pub fn as_phone(&self, name: &str) -> Self {
        Self {
            phone: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// The same device with another server address.
    #[must_use]
    pub fn to(&self, base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            ..self.clone()
        }
    }
}

impl Transport for Http {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let url = format!("{}{}", self.base, call.path);
        let mut request = match call.method {
            Method::Get => self.client.get(url),
            Method::Head => self.client.head(url),
            Method::Post => self.client.post(url),
            Method::Patch => self.client.patch(url),
        };
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(phone) = &self.phone {
            request = request.header("x-phone", phone);
        }
        let lost = |error: reqwest::Error| Lost(error.to_string());
        let response = request.body(call.body.clone()).send().map_err(lost)?;
        let status = response.status().as_u16();
        let text =
            |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), text(v)))
            .collect();
        let simulated = headers.iter().find(|(n, _)| n == "x-sim-ms");
        self.took_ms = simulated.and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
        let body = response.bytes().map_err(lost)?.to_vec();
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    fn took_ms(&self) -> i64 {
        self.took_ms
    }
}
