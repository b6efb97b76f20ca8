//! Concurrent-pair rules as data: the meaning of two concurrent events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{class::EventClass, field::FieldName, state::StateCode};
use crate::record::EventBody;

/// The class of a concurrent pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// Both hold; nothing is shown.
    A,
    /// A rule decides; the history shows it.
    B,
    /// A conflict: a reviewer must decide.
    C,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairScope {
    /// The first event objects to the second one, a decision.
    Objection,
    /// The same person decided on two devices.
    SamePerson,
    /// Two values of one register.
    Register,
    /// Figures or names: a reviewer looks, and nothing is suspended.
    Card,
    /// The states of two events: one yields to the other.
    #[default]
    State,
    /// Between two documents: `grouping` decides.
    Across,
    /// Whether an event has an effect: `hazard::effect` decides by grants and time.
    Authority,
    /// Photos and notes of one document, which never change a state.
    Additive,
    /// Master data: no rule of a document.
    Master,
}

/// The state to which an open or held objection leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Lead {
    /// This state.
    State(StateCode),
    /// `own`: the state to which the objection's own transition leads.
    Own(OwnLead),
}

/// The word `own` of [`Lead`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnLead {
    /// The state to which the objection's own transition leads.
    Own,
}

/// A condition of a rule beyond the two event kinds; `hazard/pairs.rs` and `hazard/registers.rs` decide each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Both are orders of statutory authorities.
    BothStatutory,
    /// One grade is a major hazard, suspected or determined.
    MajorInvolved,
    /// A fire officer determined a major hazard.
    FireSetsMajor,
    /// Both are of one day in China.
    SameDay,
    /// Both are reports of the public.
    BothPublicReports,
    /// The authors are two persons.
    OtherAuthor,
    /// Both are about one transfer.
    SameTransfer,
    /// The photo is one of the check or of a claim on which the check rests.
    PhotoOfCheck,
    /// The author of the decision may not end the grade that the objection states.
    AboveGrade,
}

/// How trusted times order an objection before the decision, so that the pair is no conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByTime {
    /// The objection is provably before a claim that the decision is, had, or is followed by.
    Claim,
    /// The objection is provably before the decision.
    Decision,
}

/// What settles an objection without a resolution; see `docs/rules.md`, 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A new claim and an independent check, both with both sides in their causal history; or another failed recheck.
    ClaimAndCheck,
    /// A check by another person who had both sides.
    Check,
    /// An ending by a person who may end the grade and had both sides.
    Ending,
}

/// The subject of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The hazard.
    #[default]
    Hazard,
    /// Only a reward.
    Reward,
}

/// A concurrent-pair rule: two groups of event kinds and what they mean if they are concurrent.
///
/// A selector is an event kind (`report`), a variant of one (`dissuade:refused`), a class (`@claim`) or `*`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    /// Its number in the source table.
    pub id: String,
    /// What it is about.
    #[serde(default)]
    pub scope: PairScope,
    /// Selectors of the first event: of an objection row, the objection.
    #[serde(default)]
    pub a: Vec<String>,
    /// Selectors of the second event: of an objection row, the decision.
    #[serde(default)]
    pub b: Vec<String>,
    /// The register whose values are compared.
    #[serde(default)]
    pub register: Option<FieldName>,
    /// A condition beyond the two event kinds.
    #[serde(default)]
    pub when: Option<When>,
    /// The class.
    pub class: Class,
    /// The state to which an open or held objection leads.
    #[serde(default)]
    pub lead: Option<Lead>,
    /// How trusted times order the pair.
    #[serde(default)]
    pub by_time: Option<ByTime>,
    /// What settles the objection without a resolution.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// The lowest level of a reviewer who may settle it by a resolution; 0: no level. See `catalogue::level`.
    #[serde(default)]
    pub level: u8,
    /// The subject of a card.
    #[serde(default)]
    pub concerns: Concern,
    /// Whether a finding that objects opens the next round.
    #[serde(default)]
    pub recurs: bool,
    /// What holds and why, in Chinese.
    pub zh: String,
    /// What holds and why, in English.
    pub en: String,
}

/// A set of rows, one bit for each.
pub type Rows = u64;

/// The rows in which an event may be the first or the second event, by its selectors.
#[derive(Debug, Clone, Default)]
pub(super) struct Selected {
    any: [Rows; 2],
    classes: [[Rows; 2]; EventClass::ALL.len()],
    /// By event kind: the variant (or none), and the rows.
    kinds: Vec<Vec<(Option<String>, [Rows; 2])>>,
}

impl Selected {
    /// Enters every selector of these rules; an error names an unknown one.
    pub(super) fn build(rules: &[PairRule], kinds: usize) -> Result<Self, String> {
        let mut selected = Self {
            kinds: vec![Vec::new(); kinds],
            ..Self::default()
        };
        if rules.len() > Rows::BITS as usize {
            return Err("too many concurrent-pair rules".to_owned());
        }
        for (at, rule) in rules.iter().enumerate() {
            for (side, selectors) in [&rule.a, &rule.b].into_iter().enumerate() {
                for selector in selectors {
                    selected.enter(selector, side, 1 << at)?;
                }
            }
        }
        Ok(selected)
    }

    fn enter(&mut self, selector: &str, side: usize, row: Rows) -> Result<(), String> {
        if selector == "*" {
            self.any[side] |= row;
            return Ok(());
        }
        let class = EventClass::ALL.iter().position(|c| c.name() == selector);
        if let Some(class) = class {
            self.classes[class][side] |= row;
            return Ok(());
        }
        let (kind, variant) = match selector.split_once(':') {
            Some((kind, variant)) => (kind, Some(variant.to_owned())),
            None => (selector, None),
        };
        let slot = &mut self.kinds[super::event_kind::number(kind)?];
        let mut rows = [0; 2];
        rows[side] = row;
        slot.push((variant, rows));
        Ok(())
    }

    /// The rows in which an event may be the first event, and those in which it may be the second.
    pub(super) fn of(&self, body: &EventBody, class: EventClass) -> [Rows; 2] {
        let mut rows = self.any;
        let add = |rows: &mut [Rows; 2], more: &[Rows; 2]| {
            rows[0] |= more[0];
            rows[1] |= more[1];
        };
        if let Some(at) = EventClass::ALL.iter().position(|c| *c == class) {
            add(&mut rows, &self.classes[at]);
        }
        let kind = self.kinds.get(usize::from(body.number()));
        for (variant, more) in kind.into_iter().flatten() {
            if variant.is_none() || variant.as_deref() == body.variant() {
                add(&mut rows, more);
            }
        }
        rows
    }
}
