//! The activity types of the campaign: who may state one, who confirms it, its fields and the quantities it
//! contributes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    data_schema::{DataFault, DataSchema, DataType},
    level::FilingLevel,
    names::named,
    roles::Roles,
    unique_json::Unique,
};
use crate::record::{AreaPath, Role};

/// Largest value of one field, so that sums of a province cannot overflow.
const MOST: i64 = 100_000_000;

/// All activity types of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityTypes {
    /// Version of the table.
    pub version: u32,
    /// A note about the table.
    pub note: String,
    /// The types.
    pub types: Vec<ActivityType>,
}

/// One activity type.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityType {
    /// Stable code, never reused.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The part of the campaign's plan that it serves; for people.
    pub comment: String,
    /// The roles that may state one.
    pub roles: Roles,
    /// The roles that may confirm one; never its author.
    pub confirm_roles: Roles,
    /// Whether its quantities count only after a confirmation.
    pub needs_confirmation: bool,
    /// The lowest level at which it may be filed. A type for the government alone has `county` or above, so that it
    /// lies on paths that no device of an inspected party receives.
    pub level: FilingLevel,
    /// Whether it is a task that recipients sign for and respond to.
    #[serde(default)]
    pub task: bool,
    /// Whether a photo is required.
    #[serde(default)]
    pub photo: bool,
    /// The schema of its fields.
    pub schema: DataSchema,
    /// The quantities that it contributes.
    pub counts: Vec<Figure>,
}

/// A quantity that activities of a type contribute.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The quantity's name.
    pub name: String,
    /// The field that is counted; if absent, each activity counts as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Only activities whose field has one of these texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// The unit.
    pub unit: String,
}

/// A condition on the activities that contribute.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The field.
    pub field: String,
    /// The texts of which the field must have one.
    pub is: Vec<String>,
}

impl Figure {
    /// The contribution of an activity with these fields, in thousandths; `None` if it contributes nothing.
    pub fn milli(&self, data: &Value) -> Option<i64> {
        if let Some(only) = &self.only {
            let text = data.get(&only.field).and_then(Value::as_str)?;
            if !only.is.iter().any(|one| one == text) {
                return None;
            }
        }
        match &self.field {
            None => Some(1000),
            Some(field) => data.get(field).and_then(milli),
        }
    }
}

/// A number in thousandths, rounded half away from zero.
fn milli(value: &Value) -> Option<i64> {
    if let Some(whole) = value.as_i64() {
        return whole.checked_mul(1000);
    }
    let thousandths = (value.as_f64()? * 1000.0).round();
    let fits = thousandths.abs() <= MOST as f64 * 1000.0;
    fits.then_some(thousandths as i64)
}

impl ActivityType {
    /// Parses and checks the fields of an activity.
    ///
    /// # Errors
    /// [`DataFault`] naming the field.
    pub fn read(&self, data: &str) -> Result<Value, DataFault> {
        let unique: Unique = serde_json::from_str(data).map_err(|_| DataFault {
            at: "/".to_owned(),
            expected: "JSON in which no object has a key twice".to_owned(),
        })?;
        let value = unique.0;
        self.schema.check(&value)?;
        Ok(value)
    }

    /// Whether a role may state one.
    pub fn may_state(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    /// Whether one may be filed in an area.
    pub fn may_lie_in(&self, area: &AreaPath) -> bool {
        self.level.allows(area)
    }

    fn prepare(&self) -> Result<(), String> {
        let of = |what: String| format!("record type {}: {what}", self.code);
        if self.schema.r#type != DataType::Object {
            return Err(of("its schema is not an object".to_owned()));
        }
        self.schema.prepare("", 0).map_err(of)?;
        if self.needs_confirmation && matches!(&self.confirm_roles, Roles::List(l) if l.is_empty())
        {
            return Err(of("nobody may confirm it".to_owned()));
        }
        for (index, figure) in self.counts.iter().enumerate() {
            if self.counts[..index]
                .iter()
                .any(|other| other.name == figure.name)
            {
                return Err(of(format!("{} is counted twice", figure.name)));
            }
            if !figure.name.starts_with(&format!("{}.", self.code)) {
                return Err(of(format!("{} is not a figure of this type", figure.name)));
            }
            self.counted(figure).map_err(of)?;
        }
        Ok(())
    }

    fn counted(&self, figure: &Figure) -> Result<(), String> {
        if let Some(name) = &figure.field {
            let field = self.schema.properties.get(name);
            let field = field.ok_or_else(|| format!("no field {name} to count"))?;
            let number = matches!(field.r#type, DataType::Integer | DataType::Number);
            let bounded = field.minimum >= Some(0) && field.maximum.is_some_and(|m| m <= MOST);
            if !number || !bounded {
                return Err(format!("{name} is no number from 0 to {MOST} at most"));
            }
        }
        let Some(only) = &figure.only else {
            return Ok(());
        };
        let field = self.schema.properties.get(&only.field);
        let known = |text: &String| field.is_some_and(|f| f.one_of.contains(text));
        if only.is.iter().all(known) {
            Ok(())
        } else {
            Err(format!("{} never fits {}", only.field, figure.name))
        }
    }
}

impl ActivityTypes {
    /// The type with this code.
    pub fn find(&self, code: &str) -> Option<&ActivityType> {
        self.types.iter().find(|t| t.code == code)
    }

    pub(super) fn prepare(&mut self) -> Result<(), String> {
        if self.types.is_empty() {
            return Err("activity_types: there must be a type".to_owned());
        }
        for (index, of) in self.types.iter().enumerate() {
            named::<24>(&of.code, &of.zh, &of.en)?;
            if self.types[..index].iter().any(|t| t.code == of.code) || of.code == INSPECTION {
                return Err(format!("record type {} is given twice", of.code));
            }
            of.prepare()?;
        }
        Ok(())
    }
}

/// The type name of inspections in lists of activities and inspections.
pub const INSPECTION: &str = "inspection";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn no_field_of_a_record_can_hold_personal_data_by_its_name() {
        fn names(schema: &DataSchema, found: &mut Vec<String>) {
            found.extend(schema.properties.keys().cloned());
            for inner in schema.properties.values() {
                names(inner, found);
            }
            if let Some(items) = &schema.items {
                names(items, found);
            }
        }
        let mut found = Vec::new();
        for of in &Catalogue::embedded().activity_types.types {
            names(&of.schema, &mut found);
        }
        for name in found {
            let personal = [
                "name", "phone", "plate", "door", "id_card", "address", "contact",
            ];
            assert!(!personal.iter().any(|word| name.contains(word)), "{name}");
        }
    }

    #[test]
    fn every_type_says_what_it_serves_and_names_its_figures_after_itself() {
        let types = &Catalogue::embedded().activity_types.types;
        assert_eq!(types.len(), 31);
        for of in types {
            assert!(of.comment.contains("S-0"), "{}", of.code);
            for figure in &of.counts {
                assert!(
                    figure.name.starts_with(&format!("{}.", of.code)),
                    "{}",
                    figure.name
                );
            }
        }
    }

    #[test]
    fn what_is_only_the_governments_lies_at_the_county_or_above() {
        let types = &Catalogue::embedded().activity_types;
        for code in [
            "interview",
            "accountability",
            "penalty_case",
            "reward_case",
            "public_report",
        ] {
            assert!(
                types.find(code).unwrap().level <= FilingLevel::County,
                "{code}"
            );
        }
    }
}
