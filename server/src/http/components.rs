//! The components that a handler may call; `app` builds them.

use std::sync::Arc;

use crate::{
    access::Access, blobs::Blobs, config::Limits, feed::Feed, hints::Hints, ingest::Ingest,
    metrics::Metrics, projection::Projection, quota::Quota, reporting::Reporting, review::Review,
};

/// The components that a handler may call. A clone shares them.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each field is a component with its own documentation"
)]
pub struct Components {
    pub access: Access,
    pub ingest: Ingest,
    pub feed: Feed,
    pub blobs: Blobs,
    pub projection: Projection,
    pub review: Review,
    pub reporting: Reporting,
    pub hints: Hints,
    pub metrics: Arc<Metrics>,
    pub quota: Quota,
    pub limits: Limits,
}
