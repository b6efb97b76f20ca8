//! A row as one line of JSON, for exports.

use jiff::Timestamp;
use serde_json::json;

use crate::storage::audits::AuditRow;

/// A time as RFC 3339 in UTC.
pub(super) fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

/// A row as one line of JSON, with both hashes.
pub fn line(row: &AuditRow) -> String {
    json!({
        "chain": row.chain,
        "number": row.number,
        "at": moment(row.at.0),
        "at_ms": row.at.0,
        "actor": row.actor,
        "kind": row.kind,
        "subject": row.subject,
        "outcome": row.outcome,
        "cause": row.cause,
        "address": row.address,
        "purpose": row.purpose,
        "times": row.times,
        "before_hash": hex::encode(&row.before_hash),
        "hash": hex::encode(&row.hash),
    })
    .to_string()
}
