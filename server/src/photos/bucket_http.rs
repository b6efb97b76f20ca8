//! HTTP to a bucket: to the configured address only. A redirect is not followed.
//!
//! The client that `object_store` makes otherwise follows redirects, so that a store, or another program that answers in
//! its place, could send photos and signed requests to any other host.

use std::time::Duration;

use object_store::{
    ClientConfigKey, ClientOptions,
    client::{HttpClient, HttpConnector},
};
use reqwest::{Client, Proxy, redirect::Policy};

/// Longest time to open a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest time of a request.
const REQUEST: Duration = Duration::from_secs(30);

/// Makes clients that follow no redirect.
#[derive(Debug)]
pub(super) struct Direct;

impl HttpConnector for Direct {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let value = |key| options.get_config_value(&key);
        let allow_http = value(ClientConfigKey::AllowHttp).is_some_and(|allow| allow == "true");
        let failed = |source: reqwest::Error| object_store::Error::Generic {
            store: "HTTP client",
            source: Box::new(source),
        };
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .https_only(!allow_http);
        if let Some(proxy) = value(ClientConfigKey::ProxyUrl) {
            builder = builder.proxy(Proxy::all(proxy).map_err(failed)?);
        }
        Ok(HttpClient::new(builder.build().map_err(failed)?))
    }
}
