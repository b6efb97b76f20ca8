//! The setting for the photo store: a folder, or `s3://bucket/prefix?endpoint=…`.
//!
//! An error names the wrong part of the setting; it repeats the value only if that cannot be a secret.

use std::path::{Path, PathBuf};

/// A setting that cannot be used, or a store that does not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The setting is wrong.
    #[error("{0}")]
    Setting(String),
    /// The store cannot be reached, or rejects a request.
    #[error("{target} cannot be used: {cause}")]
    Unusable {
        /// The store, without its secrets.
        target: String,
        /// The error of the store.
        cause: String,
    },
}

/// The kind of the photo store.
#[derive(Debug, Clone)]
pub enum Target {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

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

impl std::fmt::Display for Target {
    /// Shows no secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "photo folder {}", folder.display()),
            Self::Bucket(bucket) => {
                write!(f, "photo store {bucket:?}")?;
                match &bucket.endpoint {
                    Some(endpoint) => write!(f, " at {endpoint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn wrong(what: impl Into<String>) -> StoreError {
    StoreError::Setting(what.into())
}

impl Target {
    /// Parses the setting; without one the photos are in the data folder.
    ///
    /// # Errors
    /// [`StoreError::Setting`] that names the part that is wrong.
    pub fn parse(setting: Option<&str>, data: &Path) -> Result<Self, StoreError> {
        let Some(text) = setting else {
            return Ok(Self::Folder(data.to_owned()));
        };
        if let Some(rest) = text.strip_prefix("s3://") {
            return bucket(rest).map(Self::Bucket);
        }
        if text.is_empty() || text.contains("://") {
            return Err(wrong("photos are kept in s3://bucket/prefix?… or a folder"));
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }

    /// The folder, if the target is a folder.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Bucket(_) => None,
        }
    }
}

fn bucket(rest: &str) -> Result<Bucket, StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(setting: &str) -> Result<Target, StoreError> {
        Target::parse(Some(setting), Path::new("data"))
    }

    #[test]
    fn a_setting_is_read_and_its_secret_is_never_shown() {
        let Target::Bucket(bucket) = read(
            "s3://photos/a/b/?endpoint=https%3A%2F%2Fs3.example&region=x&access_key_id=me&secret_access_key=p%2Fq+r",
        )
        .unwrap() else {
            panic!("a bucket");
        };
        assert_eq!(
            (bucket.name.as_str(), bucket.prefix.as_str()),
            ("photos", "a/b")
        );
        assert_eq!(bucket.endpoint.as_deref(), Some("https://s3.example"));
        assert_eq!(bucket.keys.as_ref().unwrap().1, "p/q+r");
        let shown = format!("{bucket:?} {}", Target::Bucket(bucket.clone()));
        assert!(
            !shown.contains("p/q+r") && shown.contains("s3://photos/a/b"),
            "{shown}"
        );
        assert_eq!(
            read("/srv/photos").unwrap().folder(),
            Some(Path::new("/srv/photos"))
        );
        assert_eq!(
            Target::parse(None, Path::new("data")).unwrap().folder(),
            Some(Path::new("data"))
        );
    }

    #[test]
    fn a_wrong_setting_is_named_without_what_may_be_secret() {
        for (setting, named) in [
            ("gs://photos", "s3://bucket/prefix"),
            ("s3://", "bucket"),
            ("s3://me:hidden@photos", "bucket"),
            ("s3://photos?endpont=hidden", "endpoint"),
            ("s3://photos?endpoint=http://localhost:1", "allow_http"),
            ("s3://photos?endpoint=https://me:hidden@host", "endpoint"),
            ("s3://photos?allow_http=hidden", "allow_http"),
            ("s3://photos?access_key_id=me", "secret_access_key"),
            ("s3://photos?secret_access_key=hidden", "access_key_id"),
            ("s3://photos?secret_access_key=hidden%", "escape"),
        ] {
            let said = read(setting).unwrap_err().to_string();
            assert!(said.contains(named) && !said.contains("hidden"), "{said}");
        }
    }
}
