//! The setting for the photo store: a folder, or `s3://bucket/prefix?endpoint=…`.
//!
//! An error names the wrong part of the setting; it repeats the value only if that cannot be a secret.

use std::path::{Path, PathBuf};

use super::{
    bucket_setting::{Bucket, bucket},
    store_error::{StoreError, wrong},
};

/// The kind of the photo store.
#[derive(Debug, Clone)]
pub enum Target {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
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
