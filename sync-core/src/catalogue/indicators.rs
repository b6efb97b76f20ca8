//! The indicators of the campaign as data: what each counts, and the cross-checks between them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{kinds::HazardKinds, regions::Level, rules::Rules, state::StateCode};
use crate::record::{Grade, Role};

/// All indicators of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Indicators {
    /// Version of the table.
    pub version: u32,
    /// How to read the table.
    pub note: String,
    /// States in which a hazard is not counted: voided, merged.
    pub not_counted: Vec<StateCode>,
    /// The category of duty violations, which a province may exclude from the hazards.
    pub duties_category: String,
    /// The indicators, in the order of the table.
    pub indicators: Vec<Indicator>,
    /// The cross-checks 勾稽.
    pub checks: Vec<Check>,
    /// The steps of a sealed report, and who may take them.
    pub report_steps: Vec<ReportStep>,
}

/// One indicator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// The code, such as `ST-07`.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Unit.
    pub unit: String,
    /// What it counts, in Chinese.
    pub definition_zh: String,
    /// What it counts, in English.
    pub definition: String,
    /// The definition as a query.
    pub value: Measure,
    /// Whether the value of an area is the sum of the values of its parts.
    pub additive: bool,
    /// Whether the cumulative value never decreases.
    #[serde(default)]
    pub never_falls: bool,
    /// Whether only reviewers may see it.
    #[serde(default)]
    pub restricted: bool,
}

/// A query over hazards, activities, inspections and the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Measure {
    /// Hazards that match.
    Hazards {
        /// The conditions; all must hold.
        hazards: HazardsWhere,
    },
    /// The sum of a quantity of activities or hazards.
    Quantity {
        /// Name of the quantity, such as `training.attendees`.
        quantity: String,
        /// Fields of the activity and their required values.
        #[serde(default, rename = "where")]
        fields: Fields,
    },
    /// Number of activities of a type that count.
    Records {
        /// The activity type.
        records: String,
        /// Fields of the activity and their required values.
        #[serde(default, rename = "where")]
        fields: Fields,
    },
    /// A figure of the register of compounds.
    Compounds {
        /// The figure.
        compounds: Registered,
    },
    /// A figure of the inspections.
    Inspected {
        /// The figure.
        inspected: Inspected,
    },
    /// A sum.
    Sum {
        /// Its parts.
        sum: Vec<Self>,
    },
    /// One indicator in percent of another.
    Ratio {
        /// Codes of the numerator and the denominator.
        ratio: [String; 2],
    },
}

/// Fields of an activity and the values they must have.
pub type Fields = BTreeMap<String, serde_json::Value>;

/// Conditions on hazards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HazardsWhere {
    /// In one of these states; any state if empty.
    pub states: Vec<StateCode>,
    /// Of one of these grades; any grade if empty.
    pub grades: Vec<Grade>,
    /// Of one of these kinds; any kind if empty.
    pub codes: Vec<String>,
    /// Of one of these categories; any category if empty. The empty text is the category of kinds that this version
    /// does not know.
    pub categories: Vec<String>,
    /// In this cycle or a later one.
    pub cycle_from: i64,
    /// Past the deadline.
    pub overdue: bool,
    /// The hazard contributes this quantity.
    pub figure: Option<String>,
    /// Counts duty violations too, even if the province excludes them.
    pub always: bool,
}

/// Figures of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registered {
    /// Active compounds.
    All,
    /// Of these, with a property company.
    WithCompany,
    /// Of these, without a property company.
    WithoutCompany,
    /// The buildings of active compounds.
    Buildings,
}

/// Figures of coverage by inspections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Inspected {
    /// Compounds of which every registered building is covered.
    Compounds,
    /// Registered buildings that are covered.
    Buildings,
    /// Covered buildings that the register lacks.
    UnregisteredBuildings,
    /// Property companies, each counted once.
    Companies,
}

/// A cross-check of two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Codes of indicators that are added up.
    pub left: Vec<String>,
    /// How they compare.
    pub is: Compare,
    /// Codes of indicators that are added up, or a number.
    pub right: Side,
}

/// How two sides compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// At most.
    Le,
    /// Equal.
    Eq,
}

/// The right side of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Side {
    /// Codes of indicators that are added up.
    Figures(Vec<String>),
    /// A number.
    Number(i64),
}

/// One step of a report, and who may take it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportStep {
    /// The step.
    pub step: String,
    /// Its Chinese name.
    pub zh: String,
    /// The steps that it may follow; none for the draft.
    #[serde(default)]
    pub from: Vec<String>,
    /// The roles that may take it.
    pub roles: Vec<Role>,
    /// Levels of reports that it applies to; all if empty.
    #[serde(default)]
    pub levels: Vec<Level>,
    /// Levels of parts whose report is added up in the report of the whole while it stands at this step.
    #[serde(default)]
    pub added_up: Vec<Level>,
    /// Whether a report that stands at this step must be returned or unlocked before it is corrected.
    #[serde(default)]
    pub settled: bool,
    /// Whether a reason is required.
    #[serde(default)]
    pub reason: bool,
}

impl Measure {
    /// The parts of a sum, or the measure itself.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Sum { sum } => sum.iter().flat_map(Self::parts).collect(),
            one => vec![one],
        }
    }
}

impl Indicators {
    /// The indicator with this code.
    pub fn find(&self, code: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|i| i.code == code)
    }

    /// Names of the quantities that are summed: those without a condition on the activity, or (`conditional`) with
    /// one.
    pub fn quantities(&self, conditional: bool) -> BTreeSet<&str> {
        let parts = self.indicators.iter().flat_map(|i| i.value.parts());
        let named = parts.filter_map(|part| match part {
            Measure::Quantity { quantity, fields } if fields.is_empty() != conditional => {
                Some(quantity.as_str())
            }
            _ => None,
        });
        named.collect()
    }

    /// Activity types that are counted: those without a condition on the activity, or (`conditional`) with one.
    pub fn types(&self, conditional: bool) -> BTreeSet<&str> {
        let parts = self.indicators.iter().flat_map(|i| i.value.parts());
        let named = parts.filter_map(|part| match part {
            Measure::Records { records, fields } if fields.is_empty() != conditional => {
                Some(records.as_str())
            }
            _ => None,
        });
        named.collect()
    }

    /// Fields of activities that a query has conditions on.
    pub fn fields(&self) -> BTreeSet<&str> {
        let parts = self.indicators.iter().flat_map(|i| i.value.parts());
        let fields = parts.flat_map(|part| match part {
            Measure::Quantity { fields, .. } | Measure::Records { fields, .. } => fields.keys(),
            _ => Default::default(),
        });
        fields.map(String::as_str).collect()
    }

    /// Quantities of a hazard that a query uses.
    pub fn hazard_figures(&self) -> BTreeSet<&str> {
        let parts = self.indicators.iter().flat_map(|i| i.value.parts());
        let named = parts.filter_map(|part| match part {
            Measure::Hazards { hazards } => hazards.figure.as_deref(),
            _ => None,
        });
        named.collect()
    }

    pub(super) fn prepare(&self, rules: &Rules, kinds: &[&HazardKinds]) -> Result<(), String> {
        for (at, indicator) in self.indicators.iter().enumerate() {
            let code = &indicator.code;
            if self.indicators[..at].iter().any(|i| i.code == *code) {
                return Err(format!("indicator {code} is given twice"));
            }
            for part in indicator.value.parts() {
                self.known(part, rules, kinds)
                    .map_err(|problem| format!("indicator {code}: {problem}"))?;
            }
            let ratio = matches!(indicator.value, Measure::Ratio { .. });
            if ratio && indicator.additive {
                return Err(format!("indicator {code}: a ratio cannot be added up"));
            }
        }
        for check in &self.checks {
            let right: &[String] = match &check.right {
                Side::Figures(codes) => codes,
                Side::Number(_) => &[],
            };
            for code in check.left.iter().chain(right) {
                if self.find(code).is_none() {
                    return Err(format!("a check names {code}, which is no indicator"));
                }
            }
        }
        self.steps_lead_on()
    }

    fn known(&self, part: &Measure, rules: &Rules, kinds: &[&HazardKinds]) -> Result<(), String> {
        match part {
            Measure::Hazards { hazards } => {
                let mut states = hazards.states.iter();
                if let Some(state) = states.find(|state| rules.state(**state).is_none()) {
                    return Err(format!("no state {state}"));
                }
                let mut codes = hazards.codes.iter();
                if let Some(code) =
                    codes.find(|code| kinds.iter().all(|of| of.find(code).is_none()))
                {
                    return Err(format!("no hazard kind {code}"));
                }
                let known = |c: &str| {
                    c.is_empty()
                        || kinds
                            .iter()
                            .flat_map(|of| &of.categories)
                            .any(|k| k.code == c)
                };
                match hazards.categories.iter().find(|c| !known(c)) {
                    Some(category) => Err(format!("no category {category}")),
                    None => Ok(()),
                }
            }
            Measure::Quantity { quantity, fields } if !fields.is_empty() => {
                let named = quantity.contains('.');
                let problem = || format!("{quantity}: only a figure of a record has fields");
                named.then_some(()).ok_or_else(problem)
            }
            Measure::Ratio { ratio } => {
                let missing = |code: &&String| {
                    let found = self.find(code).map(|i| &i.value);
                    found.is_none_or(|value| matches!(value, Measure::Ratio { .. }))
                };
                match ratio.iter().find(missing) {
                    Some(code) => Err(format!("a ratio of {code}, which cannot be counted")),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether a part of this level is added up in the report of the whole while its report stands at this step.
    pub fn is_added_up(&self, step: &str, part: Level) -> bool {
        let mut named = self.report_steps.iter().filter(|s| s.step == step);
        named.any(|s| s.added_up.contains(&part))
    }

    /// Whether a report that stands at this step must be returned or unlocked before it is corrected.
    pub fn is_settled(&self, step: &str) -> bool {
        let mut named = self.report_steps.iter().filter(|s| s.step == step);
        named.any(|s| s.settled)
    }

    /// Checks that every level has a draft, and that every step follows the draft or another step.
    fn steps_lead_on(&self) -> Result<(), String> {
        for level in Level::ALL {
            let of = |s: &&ReportStep| s.levels.is_empty() || s.levels.contains(&level);
            let drafts = |s: &&ReportStep| s.step == ReportStep::FIRST;
            let follows = |s: &&ReportStep| s.from.iter().any(|from| from == ReportStep::FIRST);
            let goes_up = |s: &&ReportStep| follows(s) && s.step != ReportStep::WITHDRAWN;
            let mut steps = self.report_steps.iter().filter(of);
            if !steps.clone().any(|s| drafts(&s)) || !steps.any(|s| goes_up(&s)) {
                let name = level.name();
                return Err(format!(
                    "reports of the level {name} have no draft or no step after it"
                ));
            }
        }
        let known = |name: &String| {
            name == ReportStep::FIRST || self.report_steps.iter().any(|s| s.step == *name)
        };
        for step in &self.report_steps {
            if let Some(from) = step.from.iter().find(|n| !known(n)) {
                return Err(format!("report step {}: no step {from}", step.step));
            }
        }
        Ok(())
    }
}

impl ReportStep {
    /// The step of a new report.
    pub const FIRST: &'static str = "draft";
    /// The step after which a report does not stand any more.
    pub const WITHDRAWN: &'static str = "withdrawn";
}

impl HazardsWhere {
    /// Whether a hazard matches the conditions on state, grade, kind and category. The caller checks the others.
    pub fn fits(&self, state: StateCode, grade: &str, code: &str, category: &str) -> bool {
        (self.states.is_empty() || self.states.contains(&state))
            && (self.grades.is_empty() || self.grades.iter().any(|g| g.name() == grade))
            && (self.codes.is_empty() || self.codes.iter().any(|c| c == code))
            && (self.categories.is_empty() || self.categories.iter().any(|c| c == category))
    }
}
