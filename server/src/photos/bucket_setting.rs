//! A bucket of an S3-compatible store, and its setting `s3://bucket/prefix?endpoint=…`.

use super::store_error::{StoreError, wrong};

/// A bucket of an S3-compatible store.
#[derive(Clone)]
pub struct Bucket {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) allow_http: bool,
    /// Access key and its secret; without them, those of the environment.
    pub(super) keys: Option<(String, String)>,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.prefix)
    }
}

/// Parses what follows `s3://`.
pub(super) fn bucket(rest: &str) -> Result<Bucket, StoreError> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(wrong("s3://…: name a bucket, without keys or a port"));
    }
    let prefix = prefix.trim_matches('/');
    if !prefix.chars().all(|c| plain(c) || c == '/') {
        return Err(wrong(
            "s3://bucket/prefix: letters, digits, - _ . and / only",
        ));
    }
    let mut bucket = Bucket {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: None,
        region: None,
        allow_http: false,
        keys: None,
    };
    let (mut id, mut secret) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value =
            decoded(value).ok_or_else(|| wrong("s3://…?: a value has a damaged % escape"))?;
        match key {
            "endpoint" => bucket.endpoint = Some(endpoint(value)?),
            "region" => bucket.region = Some(value),
            "allow_http" => bucket.allow_http = yes(&value)?,
            "access_key_id" => id = Some(value),
            "secret_access_key" => secret = Some(value),
            // The key is not repeated: it may be part of a secret with an unescaped `&`.
            _ => {
                return Err(wrong(
                    "s3://…?: known are endpoint, region, allow_http, access_key_id, secret_access_key; \
                     write & in a value as %26",
                ));
            }
        }
    }
    bucket.keys = match (id, secret) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        (Some(_), None) => return Err(wrong("s3://…?: secret_access_key is missing")),
        (None, Some(_)) => return Err(wrong("s3://…?: access_key_id is missing")),
    };
    let http = bucket
        .endpoint
        .as_ref()
        .is_some_and(|e| e.starts_with("http:"));
    if http && !bucket.allow_http {
        return Err(wrong(
            "endpoint: http:// is not encrypted; add allow_http=true if that is meant",
        ));
    }
    Ok(bucket)
}

fn endpoint(value: String) -> Result<String, StoreError> {
    let host = value
        .strip_prefix("http://")
        .or_else(|| value.strip_prefix("https://"))
        .ok_or_else(|| wrong("endpoint: http://host:port or https://host"))?;
    if host.is_empty() || host.contains('@') {
        return Err(wrong("endpoint: name a host, without user or password"));
    }
    Ok(value)
}

fn yes(value: &str) -> Result<bool, StoreError> {
    value
        .parse()
        .map_err(|_| wrong("allow_http: true or false"))
}

/// Decodes `%2F` and the like; `+` stays, because secrets contain it.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}
