//! What a sealed report says.

use serde::{Deserialize, Serialize};

use crate::review::indicators::{CheckView, ManualView, Milli, Row, Versions};

/// Names the form of the content, so that a later one can differ.
pub(super) const FORM: &str = "xuncha-report-1";

/// The content of a sealed report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sealed {
    /// `xuncha-report-1`.
    pub form: String,
    /// Its number; never given to another.
    pub number: String,
    /// 1, and one more for each correction.
    pub version: i64,
    /// `daily`, `weekly` or `summary`.
    pub kind: String,
    /// Administrative path.
    pub area: String,
    /// First day of the period.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Nothing at or after this counts, RFC 3339.
    pub cut_off: String,
    /// When it was counted, RFC 3339.
    pub as_of: String,
    /// Who ordered it, an opaque number.
    pub person: String,
    /// That person's role.
    pub role: String,
    /// Versions of the tables it was counted by.
    pub catalogue: Versions,
    /// Whether the duties of property companies are left out of the hazards.
    pub without_duties: bool,
    /// How far each county's log was counted.
    pub marks: Vec<Marked>,
    /// Events that came after the report before this one, claimed before its cut-off.
    pub late_arrivals: LateCount,
    /// Records that could not be read; they are in no figure.
    pub unreadable: i64,
    /// The figures of the area.
    pub total: Row,
    /// The figures of its parts.
    pub rows: Vec<Row>,
    /// Sealed reports of parts that were added up instead of counting anew.
    pub sources: Vec<Source>,
    /// What must agree, and whether it does.
    pub checks: Vec<CheckView>,
    /// Cumulative figures that are smaller than in the report before.
    pub falls: Vec<Difference>,
    /// Values typed by hand, beside those that were counted.
    pub manual: Vec<ManualView>,
    /// What this version corrects.
    pub corrects: Option<Corrects>,
}

/// How far a county's log was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Marked {
    /// The county.
    pub space: String,
    /// The life of its log.
    pub log: String,
    /// The number of the last change that was counted.
    pub seq: u64,
}

/// How many events came late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LateCount {
    /// The report they came too late for; absent if this is the first.
    pub after: Option<String>,
    /// How many.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// A sealed report that was added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// The part.
    pub area: String,
    /// The number of its report.
    pub report: String,
    /// Its version.
    pub version: i64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its cut-off, RFC 3339.
    pub cut_off: String,
}

/// What a version corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Corrects {
    /// The number of the version before.
    pub report: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Why.
    pub reason: String,
    /// Every figure that is another now.
    pub differences: Vec<Difference>,
}

/// A figure that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// The place.
    pub area: Option<String>,
    /// Code.
    pub indicator: String,
    /// `period` or `cumulative`.
    pub column: String,
    /// What it was.
    #[schema(value_type = Option<f64>)]
    pub before: Option<Milli>,
    /// What it is.
    #[schema(value_type = Option<f64>)]
    pub now: Option<Milli>,
}

impl Sealed {
    /// Canonical JSON: names in order, no space, numbers in their shortest form.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // Objects of this library are sorted maps; a struct by itself would be written in its own order.
        let value = serde_json::to_value(self).unwrap_or_default();
        serde_json::to_vec(&value).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_written_in_order() {
        let value: serde_json::Value =
            serde_json::from_str("{\"b\":1,\"a\":{\"d\":2,\"c\":3}}").unwrap();
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, "{\"a\":{\"c\":3,\"d\":2},\"b\":1}");
    }
}
