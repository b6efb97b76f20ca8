//! The client of a bucket.

use std::time::Duration;

use object_store::{
    BackoffConfig, RetryConfig,
    aws::{AmazonS3Builder, Checksum},
};

use super::{bucket_http::Direct, bucket_setting::Bucket};

/// The builder of a client for a bucket.
pub(super) fn builder(bucket: &Bucket) -> AmazonS3Builder {
    // TLS uses ring, as everywhere in this program. Only the first installation has an effect.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(30),
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_http_connector(Direct)
        .with_bucket_name(&bucket.name)
        .with_checksum_algorithm(Checksum::SHA256)
        // One by one, because some compatible stores lack the request for many.
        .with_disable_bulk_delete(true)
        .with_retry(retry);
    if bucket.allow_http {
        builder = builder.with_allow_http(true);
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let Some((id, secret)) = &bucket.keys {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
    }
    builder
}
