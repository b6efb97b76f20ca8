//! The catalogue of activities and inspections, read from its files as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use sync_core::record::{AreaPath, Role};

use crate::oracle::tables::Tables;

/// An activity type.
#[derive(Debug)]
pub(crate) struct ActivityType {
    /// Who may state one.
    pub(crate) roles: Vec<Role>,
    /// Who may confirm one.
    pub(crate) confirm_roles: Vec<Role>,
    /// Whether it counts only once confirmed.
    pub(crate) needs_confirmation: bool,
    /// Whether it needs a photo.
    pub(crate) photo: bool,
    /// Whether it is a task.
    pub(crate) task: bool,
    level: String,
    schema: Value,
}

/// A template.
#[derive(Debug)]
pub(crate) struct Template {
    /// Its version.
    pub(crate) version: u32,
    /// The kind of inspection, by name.
    pub(crate) kind: String,
    /// Who inspects with it.
    pub(crate) roles: Vec<Role>,
    /// The codes of its items.
    pub(crate) items: Vec<String>,
    /// The least number of inspectors.
    pub(crate) inspectors: usize,
    /// The least number of inspectors who sign.
    pub(crate) inspector_signatures: usize,
    /// Whether the inspected side signs or refuses.
    pub(crate) inspected_signature: bool,
    /// Whether a building without a problem needs a photo.
    pub(crate) photo_when_all_ok: bool,
    /// Whether only papers are looked at.
    pub(crate) papers_only: bool,
}

/// An item.
#[derive(Debug)]
pub(crate) struct Item {
    /// Whether it is only judged.
    pub(crate) only_judged: bool,
    /// The unit of its number.
    pub(crate) unit: Option<String>,
}

/// Everything that section 10 takes from the catalogue.
#[derive(Debug)]
pub(crate) struct Types {
    activities: BTreeMap<String, ActivityType>,
    templates: BTreeMap<String, Template>,
    items: BTreeMap<String, Item>,
    /// The maximum of each unit, and whether its numbers are whole.
    units: BTreeMap<String, (i64, bool)>,
    /// The grace period of grants in milliseconds.
    pub(crate) grace_ms: i64,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn roles(value: &Value) -> Vec<Role> {
    let role = |name: &String| Role::from_name(name).expect("a role");
    texts(value).iter().map(role).collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0)
}

/// The entries of a list by one of their fields.
fn by<T>(list: &Value, key: &str, read: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let all = list.as_array().into_iter().flatten();
    all.map(|entry| (text(&entry[key]), read(entry))).collect()
}

impl Types {
    /// The catalogue of this repository.
    pub(crate) fn embedded() -> Self {
        let activities = include_str!("../../../schemas/catalogue/activity_types.json");
        let inspection = include_str!("../../../schemas/catalogue/inspection.json");
        let read = |text| serde_json::from_str::<Value>(text).expect("the catalogue is JSON");
        let (activities, inspection) = (read(activities), read(inspection));
        Self {
            activities: by(&activities["types"], "code", |of| ActivityType {
                roles: roles(&of["roles"]),
                confirm_roles: roles(&of["confirm_roles"]),
                needs_confirmation: of["needs_confirmation"] == true,
                photo: of["photo"] == true,
                task: of["task"] == true,
                level: text(&of["level"]),
                schema: of["schema"].clone(),
            }),
            templates: by(&inspection["templates"], "code", |of| Template {
                version: u32::try_from(number(&of["version"])).unwrap_or(0),
                kind: text(&of["kind"]),
                roles: roles(&of["roles"]),
                items: texts(&of["items"]),
                inspectors: number(&of["inspectors"]),
                inspector_signatures: number(&of["inspector_signatures"]),
                inspected_signature: of["inspected_signature"] == true,
                photo_when_all_ok: of["photo_when_all_ok"] == true,
                papers_only: of["papers_only"] == true,
            }),
            items: by(&inspection["items"], "code", |of| Item {
                only_judged: of["answer"] == "judged",
                unit: of["unit"].as_str().map(str::to_owned),
            }),
            units: by(&inspection["units"], "unit", |of| {
                let maximum = of["maximum"].as_i64().expect("a maximum");
                (maximum, of["whole"] == true)
            }),
            grace_ms: Tables::embedded().grace_ms,
        }
    }

    /// An activity type.
    pub(crate) fn activity(&self, code: &str) -> Option<&ActivityType> {
        self.activities.get(code)
    }
    /// A template.
    pub(crate) fn template(&self, code: &str) -> Option<&Template> {
        self.templates.get(code)
    }
    /// An item.
    pub(crate) fn item(&self, code: &str) -> Option<&Item> {
        self.items.get(code)
    }

    /// Whether a number in thousandths is in the range of the item's unit; never if the item has none.
    pub(crate) fn in_range(&self, item: &Item, milli: i64) -> bool {
        let unit = item.unit.as_ref().and_then(|unit| self.units.get(unit));
        unit.is_some_and(|(maximum, whole)| {
            (0..=maximum * 1000).contains(&milli) && (!whole || milli % 1000 == 0)
        })
    }
}

const LEVELS: [&str; 6] = [
    "province",
    "city",
    "county",
    "street",
    "community",
    "compound",
];

impl ActivityType {
    /// Whether one may be filed in the area: at the level of the type or above it.
    pub(crate) fn may_lie_in(&self, area: &AreaPath) -> bool {
        let depth = area.codes().count();
        let of = match area.codes().last().map_or(0, str::len) {
            6 if depth == 1 => "province",
            6 if depth == 2 => "city",
            6 => "county",
            9 => "street",
            12 => "community",
            _ => "compound",
        };
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        rank(of) <= rank(&self.level)
    }

    /// Whether the data are JSON that the schema of the type allows.
    pub(crate) fn allows(&self, data: &str) -> bool {
        let is_unique = serde_json::from_str::<Unique>(data).is_ok();
        let value = serde_json::from_str(data);
        is_unique && value.is_ok_and(|value| fits(&self.schema, &value))
    }
}

/// JSON of which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("JSON of which no object has a key twice")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, Self)) = map.next_entry::<String, Self>()? {
            if !keys.insert(key) {
                return Err(serde::de::Error::custom("a key is there twice"));
            }
        }
        Ok(Self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while let Some(Self) = list.next_element()? {}
        Ok(Self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(Self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(Self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(Self)
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self)
    }
}

/// JSON Schema, as far as the catalogue uses it.
fn fits(schema: &Value, value: &Value) -> bool {
    let least = |name: &str, n: f64| schema[name].as_f64().is_none_or(|least| n >= least);
    let most = |name: &str, n: f64| schema[name].as_f64().is_none_or(|most| n <= most);
    match schema["type"].as_str().unwrap_or_default() {
        "object" => {
            let (Some(fields), known) = (value.as_object(), &schema["properties"]) else {
                return false;
            };
            let mut required = texts(&schema["required"]).into_iter();
            // A required text is not empty.
            required.all(|name| fields.get(&name).is_some_and(|field| field != ""))
                && fields.iter().all(|(name, field)| {
                    let of = known.get(name);
                    of.is_some_and(|of| fits(of, field))
                })
        }
        "array" => value.as_array().is_some_and(|entries| {
            most("maxItems", entries.len() as f64)
                && entries.iter().all(|entry| fits(&schema["items"], entry))
        }),
        "string" => value.as_str().is_some_and(|text| {
            let length = text.chars().count() as f64;
            let one_of = schema["enum"].as_array();
            least("minLength", length)
                && most("maxLength", length)
                && one_of.is_none_or(|all| all.contains(value))
        }),
        // As JSON Schema has it, 5.0 is an integer.
        "integer" => {
            let is_whole = value.as_f64().is_some_and(|n| n.fract() == 0.0);
            is_whole && in_limits(schema, value)
        }
        "number" => value.is_number() && in_limits(schema, value),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

fn in_limits(schema: &Value, value: &Value) -> bool {
    let n = value.as_f64().unwrap_or(f64::NAN);
    let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    (least..=most).contains(&n)
}
