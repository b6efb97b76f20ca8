//! Parameters that several queries share: areas, times, the size of a page.

use sync_core::{record::AreaPath, wire::Code};

use crate::{access::Reach, refusal::Refusal};

/// Default and maximum number of rows of a page.
const USUAL: i64 = 50;
const MOST: i64 = 500;

/// The refusal of a parameter, which names it and what was expected.
pub(crate) fn bad(parameter: &str, expected: &str) -> Refusal {
    Refusal::new(Code::BadFilter, format!("{parameter}: expected {expected}"))
}

/// Rows of a page: 1 to 500, and 50 if absent.
pub(crate) fn limit(limit: Option<i64>) -> Result<i64, Refusal> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(bad("limit", "1 to 500"))
    }
}

/// The areas that a caller may read, narrowed to the requested one.
pub(crate) fn areas(reach: &Reach, area: Option<&str>) -> Result<Vec<AreaPath>, Refusal> {
    let Some(text) = area else {
        return Ok(reach.readable());
    };
    let area = self::area(text)?;
    let narrowed = |within: &AreaPath| match within.covers(&area) {
        true => Some(area.clone()),
        false => area.covers(within).then(|| within.clone()),
    };
    Ok(reach.readable().iter().filter_map(narrowed).collect())
}

/// A time: RFC 3339, or a day in China (UTC+8), which stands for its beginning. Milliseconds UTC.
pub(crate) fn time(parameter: &str, text: &str) -> Result<i64, Refusal> {
    let day = format!("{text}T00:00:00+08:00")
        .parse::<jiff::Timestamp>()
        .ok();
    let instant = text.parse::<jiff::Timestamp>().ok().or(day);
    let instant = instant.ok_or_else(|| bad(parameter, "RFC 3339 or yyyy-mm-dd"))?;
    Ok(instant.as_millisecond())
}

/// An administrative path.
pub(crate) fn area(text: &str) -> Result<AreaPath, Refusal> {
    let path = text.parse();
    path.map_err(|_| bad("area", "an administrative path"))
}
