//! The item bank and the templates of inspections.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{names::named, roles::Roles};
use crate::record::InspectionKind;

/// Items and templates of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspections {
    /// Version of the table.
    pub version: u32,
    /// A note about the table.
    pub note: String,
    /// The numbers that each unit allows.
    pub units: Vec<UnitRange>,
    /// The item bank.
    pub items: Vec<Item>,
    /// The templates.
    pub templates: Vec<Template>,
}

/// The numbers that are possible in a unit: from 0 to a maximum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitRange {
    /// The unit.
    pub unit: String,
    /// The greatest number.
    pub maximum: u32,
    /// Whether the unit is counted, so that only whole numbers are possible.
    pub whole: bool,
}

impl UnitRange {
    /// Whether a number, in thousandths of the unit, is possible.
    pub fn has(&self, milli: i64) -> bool {
        let most = i64::from(self.maximum) * 1000;
        (0..=most).contains(&milli) && (!self.whole || milli % 1000 == 0)
    }
}

/// What an item records in addition to ok, problem, not applicable and not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerType {
    /// Nothing more.
    Judged,
    /// A number.
    Number,
    /// Choices.
    Choice,
    /// A text.
    Text,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Stable code, never reused.
    pub code: String,
    /// The question in Chinese.
    pub zh: String,
    /// The question in English.
    pub en: String,
    /// What is recorded in addition to the judgement.
    pub answer: AnswerType,
    /// Unit of the number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The hazard kinds that a problem opens. Empty: a finding about a department, which opens none.
    pub hazards: Vec<String>,
    /// Whether it is checked in documents on paper.
    #[serde(default)]
    pub papers: bool,
}

/// One template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stable code, never reused.
    pub code: String,
    /// Its version.
    pub version: u32,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The kind of inspection.
    pub kind: InspectionKind,
    /// The roles that inspect with it.
    pub roles: Roles,
    /// When it is used; for people.
    pub when: String,
    /// Its items.
    pub items: Vec<String>,
    /// Least number of inspectors.
    pub inspectors: u16,
    /// Least number of inspectors' signatures.
    #[serde(default)]
    pub inspector_signatures: u16,
    /// Whether the inspected party must sign, or its refusal must have a witness.
    #[serde(default)]
    pub inspected_signature: bool,
    /// Whether a building without a problem needs a photo.
    #[serde(default)]
    pub photo_when_all_ok: bool,
    /// Whether only documents on paper are checked, so that no building is covered.
    #[serde(default)]
    pub papers_only: bool,
}

impl Template {
    /// Whether the template has an item.
    pub fn asks(&self, item: &str) -> bool {
        self.items.iter().any(|i| i == item)
    }
}

impl Inspections {
    /// The item with this code.
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.code == code)
    }

    /// The items that a template asks, with the numbers that each allows.
    pub(super) fn asked(&self, template: &Template) -> Vec<(Option<&Item>, Option<&UnitRange>)> {
        let each = template.items.iter().map(|code| self.item(code));
        each.map(|item| (item, item.and_then(|item| self.range_of(item))))
            .collect()
    }

    /// The numbers that an item allows; `None` if it has no unit.
    pub fn range_of(&self, item: &Item) -> Option<&UnitRange> {
        self.units.iter().find(|range| range.unit == item.unit)
    }

    /// The template with this code.
    pub fn template(&self, code: &str) -> Option<&Template> {
        self.templates.iter().find(|t| t.code == code)
    }

    /// The template with this code and version.
    pub fn template_of(&self, code: &str, version: u32) -> Option<&Template> {
        let mut templates = self.templates.iter();
        templates.find(|t| t.code == code && t.version == version)
    }

    /// Checks the tables. `known` returns whether any version of the hazard kinds has a code.
    pub(super) fn prepare(&self, known: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut codes = BTreeSet::new();
        let units: BTreeSet<&String> = self.units.iter().map(|range| &range.unit).collect();
        if units.len() != self.units.len() || self.templates.is_empty() {
            return Err("inspections: a unit is given twice, or there is no template".to_owned());
        }
        for item in &self.items {
            named::<8>(&item.code, &item.zh, &item.en)?;
            if !codes.insert(&item.code) {
                return Err(format!("inspection item {} is given twice", item.code));
            }
            if !item.unit.is_empty() && self.range_of(item).is_none() {
                return Err(format!(
                    "{}: no range for the unit {}",
                    item.code, item.unit
                ));
            }
            if let Some(unknown) = item.hazards.iter().find(|code| !known(code)) {
                return Err(format!("{}: no hazard kind {unknown}", item.code));
            }
        }
        for (index, template) in self.templates.iter().enumerate() {
            named::<16>(&template.code, &template.zh, &template.en)?;
            let earlier = &self.templates[..index];
            if earlier.iter().any(|t| t.code == template.code) {
                return Err(format!("template {} is given twice", template.code));
            }
            let asked: BTreeSet<&String> = template.items.iter().collect();
            if let Some(unknown) = asked.iter().find(|item| !codes.contains(*item)) {
                return Err(format!("{}: no item {unknown}", template.code));
            }
            if asked.len() != template.items.len() || asked.is_empty() {
                return Err(format!("{}: an item is asked twice or none", template.code));
            }
        }
        Ok(())
    }
}
