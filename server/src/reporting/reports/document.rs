//! The content of a sealed report.

use serde::{Deserialize, Serialize};

use crate::reporting::{
    Versions,
    indicators::{CheckView, ManualView, Milli, Row},
};

/// The version of the content's format.
pub(super) const FORM: &str = "xuncha-report-2";

/// The content of a sealed report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SealedReport {
    /// The version of the format: `xuncha-report-2`. Reports of `xuncha-report-1` lack `left_out`, `corrections` and
    /// `late_arrivals.not_comparable`.
    pub form: String,
    /// Its number, which is unique.
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
    /// When it was computed, RFC 3339.
    pub as_of: String,
    /// The id of the person who ordered it.
    pub person: String,
    /// That person's role.
    pub role: String,
    /// Versions of the tables that it was computed with.
    pub catalogue: Versions,
    /// Whether the duties of property companies are not counted among the hazards.
    pub without_duties: bool,
    /// The baseline: how far the log of each space was counted.
    pub marks: Vec<Marked>,
    /// Late arrivals for the previous report, or for the version that this one corrects: events that it does not count and
    /// that were claimed, or took place, before its cut-off.
    pub late_arrivals: LateCount,
    /// Documents that could not be folded; they are in no figure.
    pub unreadable: i64,
    /// The figures of the area.
    pub total: Row,
    /// The figures of its parts.
    pub rows: Vec<Row>,
    /// Sealed reports of parts whose figures were added up instead of being computed again. Figures that cannot be added,
    /// such as companies, are counted over the whole all the same.
    pub sources: Vec<Source>,
    /// Sealed reports of parts that were not added up; these parts were counted again.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// What belongs to earlier periods and is in no earlier report of this kind: for each indicator, the previous
    /// cumulative value plus the correction plus the value of the period is the cumulative value.
    #[serde(default)]
    pub corrections: Vec<Correction>,
    /// Cross-checks, and whether they hold.
    pub checks: Vec<CheckView>,
    /// Cumulative figures that are smaller than in the previous report.
    pub falls: Vec<Difference>,
    /// Manual values for this period.
    pub manual: Vec<ManualView>,
    /// What this version corrects.
    pub corrects: Option<Corrects>,
}

/// How far the log of a space was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Marked {
    /// The space: a county or a higher area.
    pub space: String,
    /// The log epoch.
    pub log: String,
    /// The sequence number of the last change that was counted.
    pub seq: u64,
}

/// The number of late arrivals for a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LateCount {
    /// The number of the report that they were too late for; absent if there is no previous report.
    pub after: Option<String>,
    /// The number of events.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// Spaces whose log was restored since that report: their late arrivals cannot be determined and are not in `count`.
    #[serde(default)]
    pub not_comparable: Vec<String>,
}

/// A sealed report whose figures were added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// Administrative path of the part.
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

/// A sealed report of a part that was not added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// Administrative path of the part.
    pub area: String,
    /// The number of its report.
    pub report: String,
    /// Its version.
    pub version: i64,
    /// The step that it stood at.
    pub state: String,
    /// Its cut-off, RFC 3339.
    pub cut_off: String,
    /// `step`: it had not reached the step that its level requires; `cut_off`: it was cut off later than the whole;
    /// `corrected`: another version corrects it.
    pub why: String,
}

/// What belongs to earlier periods and is in no earlier report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Correction {
    /// Code of the indicator.
    pub indicator: String,
    /// The number of the previous report.
    pub after: String,
    /// Its cumulative value.
    #[schema(value_type = f64)]
    pub before: Milli,
    /// What is added to the earlier periods, or taken off.
    #[schema(value_type = f64)]
    pub correction: Milli,
}

/// What a version corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Corrects {
    /// The number of the previous version.
    pub report: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The reason for the correction.
    pub reason: String,
    /// Every figure that differs from the previous version.
    pub differences: Vec<Difference>,
}

/// A figure that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// Administrative path; absent if the whole consists of several areas.
    pub area: Option<String>,
    /// Code of the indicator.
    pub indicator: String,
    /// `period` or `cumulative`.
    pub column: String,
    /// The previous value.
    #[schema(value_type = Option<f64>)]
    pub before: Option<Milli>,
    /// The new value.
    #[schema(value_type = Option<f64>)]
    pub now: Option<Milli>,
}

impl SealedReport {
    /// Canonical JSON: names in order, no spaces, numbers in their shortest form.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // The library's objects are sorted maps; a struct would be written in the order of its fields.
        let value = serde_json::to_value(self).expect("a report has string keys only");
        serde_json::to_vec(&value).expect("a JSON value can be written")
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
