//! Hazard kinds: code, name, default grade, what to record and which departments are responsible.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::named;
use crate::record::Grade;

/// The nature of a hazard.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A violation by a person: dissuade first, then report.
    Violation,
    /// An object that is not in the required condition.
    Condition,
    /// A property company that does not do its duty.
    Duty,
}

/// All kinds of one catalogue version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HazardKinds {
    /// Version of the table.
    pub version: u32,
    /// The categories.
    pub categories: Vec<Category>,
    /// The kinds.
    pub kinds: Vec<HazardKind>,
}

/// A category, such as EV.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Two letters.
    pub code: String,
    /// English name.
    pub en: String,
    /// Chinese name.
    pub zh: String,
}

/// One kind of hazard.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HazardKind {
    /// Stable code, never reused.
    pub code: String,
    /// Its category.
    pub category: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The nature.
    pub nature: Nature,
    /// Default grade.
    pub grade: Grade,
    /// When another grade applies.
    pub grade_note: String,
    /// Whether it can be fixed on the spot: yes, partly, no.
    pub on_spot: String,
    /// Evidence beyond one wide and one close photo.
    pub evidence: String,
    /// Usual rectification.
    pub rectification: String,
    /// Default deadline class.
    pub deadline: String,
    /// A note about the deadline.
    pub deadline_note: String,
    /// Leading departments.
    pub lead: Vec<String>,
    /// Assisting departments.
    pub assisting: Vec<String>,
    /// Legal references.
    pub legal: String,
    /// Unit of counting.
    pub unit: String,
}

impl HazardKinds {
    /// The kind with this code.
    pub fn find(&self, code: &str) -> Option<&HazardKind> {
        self.kinds.iter().find(|kind| kind.code == code)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (index, kind) in self.kinds.iter().enumerate() {
            named::<12>(&kind.code, &kind.zh, &kind.en)?;
            if self.kinds[..index].iter().any(|k| k.code == kind.code) {
                return Err(format!("hazard kind {} is given twice", kind.code));
            }
            let category_known = self.categories.iter().any(|c| c.code == kind.category);
            if !category_known || !kind.code.starts_with(&kind.category) {
                return Err(format!(
                    "hazard kind {} has no category {}",
                    kind.code, kind.category
                ));
            }
        }
        Ok(())
    }
}
