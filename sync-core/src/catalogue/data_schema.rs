//! The subset of JSON Schema that describes the fields of an activity, and the check of an activity's fields.
//!
//! A closed subset of JSON Schema 2020-12: `type`, `properties`, `required`, `additionalProperties: false`, `enum`,
//! `minimum`, `maximum`, `minLength`, `maxLength`, `items`, `minItems`, `maxItems`, `title`, `description`. Another
//! keyword is refused when the catalogue is read, so that a schema states nothing that is not checked. Every bound is
//! required, so that nothing is unlimited. The check is pure: every device and server gives the same result.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Levels of objects and lists at most.
const DEPTH: usize = 4;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// Named fields.
    Object,
    /// A list.
    Array,
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
}

/// A JSON Schema of the subset.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DataSchema {
    /// The type of the value.
    pub r#type: DataType,
    /// Chinese label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// English label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Fields of an object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Self>,
    /// Required fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Always `false` in an object: fields that are not described are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<bool>,
    /// The allowed texts.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// Smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// Greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The schema of each entry of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Self>>,
    /// Fewest entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<usize>,
    /// Most entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
}

/// The first fault in the fields of an activity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: expected {expected}")]
pub struct DataFault {
    /// The field, as a path such as `/channel`; empty for the whole.
    pub at: String,
    /// What was expected there.
    pub expected: String,
}

fn fault(at: &str, expected: impl Into<String>) -> DataFault {
    DataFault {
        at: if at.is_empty() { "/" } else { at }.to_owned(),
        expected: expected.into(),
    }
}

impl DataSchema {
    /// Checks whether a value matches the schema.
    ///
    /// # Errors
    /// [`DataFault`] naming the first field that does not match.
    pub fn check(&self, value: &Value) -> Result<(), DataFault> {
        self.check_at("", value)
    }

    fn check_at(&self, at: &str, value: &Value) -> Result<(), DataFault> {
        match (self.r#type, value) {
            (DataType::Object, Value::Object(fields)) => self.check_fields(at, fields),
            (DataType::Array, Value::Array(entries)) => self.check_entries(at, entries),
            (DataType::String, Value::String(text)) => self.check_text(at, text),
            (DataType::Integer, Value::Number(number)) if is_whole(number) => {
                self.check_number(at, number)
            }
            (DataType::Number, Value::Number(number)) => self.check_number(at, number),
            (DataType::Boolean, Value::Bool(_)) => Ok(()),
            _ => Err(fault(at, format!("{:?}", self.r#type).to_lowercase())),
        }
    }

    fn check_fields(
        &self,
        at: &str,
        fields: &serde_json::Map<String, Value>,
    ) -> Result<(), DataFault> {
        if let Some(missing) = self
            .required
            .iter()
            .find(|name| !fields.contains_key(*name))
        {
            return Err(fault(at, format!("a field {missing}")));
        }
        for (name, value) in fields {
            let Some(schema) = self.properties.get(name) else {
                let known: Vec<_> = self.properties.keys().map(String::as_str).collect();
                return Err(fault(at, format!("only the fields {}", known.join(", "))));
            };
            let at = format!("{at}/{name}");
            schema.check_at(&at, value)?;
            let is_blank = value.as_str().is_some_and(|text| text.trim().is_empty());
            if is_blank && self.required.contains(name) {
                return Err(fault(&at, "a text that is not empty"));
            }
        }
        Ok(())
    }

    fn check_entries(&self, at: &str, entries: &[Value]) -> Result<(), DataFault> {
        let (least, most) = (
            self.min_items.unwrap_or(0),
            self.max_items.unwrap_or(usize::MAX),
        );
        if !(least..=most).contains(&entries.len()) {
            return Err(fault(at, format!("{least} to {most} entries")));
        }
        let Some(schema) = &self.items else {
            return Ok(());
        };
        let mut each = entries.iter().enumerate();
        each.try_for_each(|(n, entry)| schema.check_at(&format!("{at}/{n}"), entry))
    }

    fn check_text(&self, at: &str, text: &str) -> Result<(), DataFault> {
        if !self.one_of.is_empty() {
            return if self.one_of.iter().any(|one| one == text) {
                Ok(())
            } else {
                Err(fault(at, format!("one of {}", self.one_of.join(", "))))
            };
        }
        let (least, most) = (
            self.min_length.unwrap_or(0),
            self.max_length.unwrap_or(usize::MAX),
        );
        if (least..=most).contains(&text.chars().count()) {
            Ok(())
        } else {
            Err(fault(at, format!("{least} to {most} characters")))
        }
    }

    fn check_number(&self, at: &str, number: &serde_json::Number) -> Result<(), DataFault> {
        let (least, most) = (
            self.minimum.unwrap_or(i64::MIN),
            self.maximum.unwrap_or(i64::MAX),
        );
        let value = number.as_f64().unwrap_or(f64::NAN);
        if value >= least as f64 && value <= most as f64 {
            Ok(())
        } else {
            Err(fault(at, format!("a number from {least} to {most}")))
        }
    }

    /// Checks that the schema itself is closed and bounded.
    pub(super) fn prepare(&self, at: &str, depth: usize) -> Result<(), String> {
        let broken = |is: bool, what: &str| {
            if is {
                Err(format!("{at}: {what}"))
            } else {
                Ok(())
            }
        };
        broken(depth >= DEPTH, "too deep")?;
        match self.r#type {
            DataType::Object => {
                broken(
                    self.additional_properties != Some(false),
                    "an object needs additionalProperties: false",
                )?;
                let unknown = |name: &String| !self.properties.contains_key(name);
                broken(
                    self.required.iter().any(unknown),
                    "a required field is not described",
                )?;
                for (name, schema) in &self.properties {
                    schema.prepare(&format!("{at}/{name}"), depth + 1)?;
                }
                Ok(())
            }
            DataType::Array => {
                broken(self.max_items.is_none(), "a list needs maxItems")?;
                match &self.items {
                    Some(schema) => schema.prepare(&format!("{at}/0"), depth + 1),
                    None => broken(true, "a list needs items"),
                }
            }
            DataType::String => broken(
                self.one_of.is_empty() && self.max_length.is_none(),
                "a text needs maxLength or enum",
            ),
            DataType::Integer | DataType::Number => broken(
                self.minimum.is_none() || self.maximum.is_none() || self.minimum > self.maximum,
                "a number needs minimum and maximum",
            ),
            DataType::Boolean => Ok(()),
        }
    }
}

/// Whether a number is an integer in JSON Schema; `2.0` is one.
fn is_whole(number: &serde_json::Number) -> bool {
    let whole = |value: f64| value.is_finite() && value.fract() == 0.0;
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(whole)
}
