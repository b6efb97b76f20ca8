//! The components that a handler may call; `app` builds them.

use std::sync::Arc;

use crate::{
    access::Access, audit::Audit, config::Limits, editions::Editions, feed::Feed, hints::Hints,
    ingest::Ingest, metrics::Metrics, people::People, photos::Photos, projection::Projection,
    quota::Quota, reporting::Reporting, review::Review,
};

/// The components that a handler may call. A clone shares them.
#[derive(Debug, Clone)]
pub struct Components {
    /// Who may read what.
    pub access: Access,
    /// People who sign in.
    pub people: People,
    /// The audit log.
    pub audit: Audit,
    /// The catalogue, and its editions for devices.
    pub editions: Editions,
    /// The write path of documents.
    pub ingest: Ingest,
    /// The read path of devices.
    pub feed: Feed,
    /// Photos.
    pub photos: Photos,
    /// The worker that writes the ledger.
    pub projection: Projection,
    /// The ledger for reviewers.
    pub review: Review,
    /// Indicators and sealed reports.
    pub reporting: Reporting,
    /// Long polls.
    pub hints: Hints,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Daily quotas of devices.
    pub quota: Quota,
    /// Limits for callers.
    pub limits: Limits,
}
