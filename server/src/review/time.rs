//! Times as the API shows them: instants in RFC 3339, days in China Standard Time (UTC+8).

use jiff::Timestamp;

/// The offset of China Standard Time from UTC, in milliseconds.
const AHEAD_MS: i64 = 8 * 3_600_000;

/// An instant in RFC 3339.
pub(crate) fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}

/// The day of a time, `yyyy-mm-dd`.
pub(crate) fn day(at: i64) -> String {
    let text = instant(at + AHEAD_MS);
    text.get(..10).unwrap_or_default().to_owned()
}
