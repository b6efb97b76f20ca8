//! A tus client whose requests a test can make incorrect.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::blocking::{Client, Response};
use sha2::{Digest, Sha256};
use sync_core::record::PhotoHash;
use xuncha_server::app::App;

use super::Town;

/// A tus client with the token of an enrolled device.
pub(crate) struct Tus {
    base: String,
    pub(crate) client: Client,
    pub(crate) token: String,
}

impl Tus {
    pub(crate) fn new(town: &Town, token: String) -> Self {
        Self::at(town.app(), token)
    }

    /// A client of this server process.
    pub(crate) fn at(app: &App, token: String) -> Self {
        Self {
            base: format!("http://{}", app.address),
            client: Client::new(),
            token,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn create(&self, hash: &PhotoHash, size: usize) -> Response {
        let metadata = format!(
            "filename {},sha256 {}",
            STANDARD.encode("a.jpg"),
            STANDARD.encode(hash.to_string())
        );
        let request = self
            .client
            .post(self.url("/v1/blobs"))
            .bearer_auth(&self.token);
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-length", size.to_string());
        request.header("upload-metadata", metadata).send().unwrap()
    }

    pub(crate) fn opened(&self, bytes: &[u8]) -> String {
        let response = self.create(&PhotoHash::of(bytes), bytes.len());
        assert_eq!(response.status(), 201);
        header(&response, "location")
    }

    pub(crate) fn patch(&self, at: &str, offset: usize, bytes: &[u8]) -> Response {
        self.patch_with(at, offset, bytes, &STANDARD.encode(Sha256::digest(bytes)))
    }

    pub(crate) fn patch_with(&self, at: &str, offset: usize, bytes: &[u8], sum: &str) -> Response {
        let request = self.client.patch(self.url(at)).bearer_auth(&self.token);
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset.to_string());
        let request = request.header("content-type", "application/offset+octet-stream");
        request
            .header("upload-checksum", format!("sha256 {sum}"))
            .body(bytes.to_vec())
            .send()
            .unwrap()
    }

    pub(crate) fn offset(&self, at: &str) -> Result<usize, u16> {
        let response = self
            .client
            .head(self.url(at))
            .bearer_auth(&self.token)
            .send()
            .unwrap();
        if response.status() == 200 {
            Ok(header(&response, "upload-offset").parse().unwrap())
        } else {
            Err(response.status().as_u16())
        }
    }
}

/// A header of a response, empty if it is absent.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response
        .headers()
        .get(name)
        .map(|v| v.to_str().unwrap().to_owned())
        .unwrap_or_default()
}

/// Status and the stable name of the refusal.
pub(crate) fn refusal(response: &Response) -> (u16, String) {
    (
        response.status().as_u16(),
        header(response, "xuncha-refusal"),
    )
}
