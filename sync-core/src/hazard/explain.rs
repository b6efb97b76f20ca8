//! The explanation of a hazard's state, in Chinese and English, event by event.

use serde::Serialize;

use super::{
    deadline,
    state::{Conflict, ConflictFate, Flags, HazardState, Notice},
};
use crate::{
    catalogue::{Catalogue, StateCode},
    history::{EventEntry, JudgedEvent, Step, Validity, Verdict},
    record::{EventId, ServerTime},
};

/// One sentence in two languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BilingualText {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The whole explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The state.
    pub state: BilingualText,
    /// The verdict on each event, causes before effects.
    pub events: Vec<BilingualText>,
    /// The reasons: conflicts, rules that decided, concurrent values, flags, the deadline.
    pub reasons: Vec<BilingualText>,
}

fn text(zh: impl Into<String>, en: impl Into<String>) -> BilingualText {
    BilingualText {
        zh: zh.into(),
        en: en.into(),
    }
}

struct Explainer<'a> {
    state: &'a HazardState,
    events: &'a [EventEntry],
    catalogue: &'a Catalogue,
    name: &'a dyn Fn(&EventId) -> String,
}

/// Explains a folded hazard. `name` returns the name of an event's author, or only the event's id.
pub(crate) fn explain(
    state: &HazardState,
    events: &[EventEntry],
    catalogue: &Catalogue,
    now: Option<ServerTime>,
    name: &dyn Fn(&EventId) -> String,
) -> Explanation {
    let explainer = Explainer {
        state,
        events,
        catalogue,
        name,
    };
    let mut reasons = explainer.conflicts();
    reasons.extend(explainer.notices());
    reasons.extend(explainer.values());
    reasons.extend(explainer.flags());
    reasons.extend(now.and_then(|now| explainer.deadline(now)));
    Explanation {
        state: explainer.state_text(),
        events: state.history.iter().map(|j| explainer.event(j)).collect(),
        reasons,
    }
}

impl Explainer<'_> {
    fn state_words(&self, code: StateCode) -> (String, String) {
        let row = self.catalogue.rules.state(code);
        row.map_or_else(
            || (code.to_string(), code.to_string()),
            |s| (format!("{code} {}", s.zh), format!("{code} {}", s.en)),
        )
    }

    fn state_text(&self) -> BilingualText {
        let (zh, en) = self.state_words(self.state.state);
        let round = self.state.cycle;
        text(
            format!("现状：{zh}，第{round}轮"),
            format!("state: {en}, cycle {round}"),
        )
    }

    fn find(&self, id: &EventId) -> Option<&EventEntry> {
        self.events.iter().find(|s| s.id == *id)
    }

    /// How the texts call an event: by its author and its kind.
    fn called(&self, id: &EventId) -> (String, String) {
        match self.find(id) {
            Some(stated) => {
                let (body, name) = (&stated.event.body, (self.name)(id));
                let variant = body
                    .variant()
                    .map(|v| format!(" ({v})"))
                    .unwrap_or_default();
                (
                    format!("{name}「{}」", body.zh()),
                    format!("{name} “{}{variant}”", body.name()),
                )
            }
            None => (id.to_string(), id.to_string()),
        }
    }

    fn event(&self, judged: &JudgedEvent) -> BilingualText {
        let said = self.verdict(judged);
        if judged.count == Validity::Yes || !judged.verdict.has_effect() {
            return said;
        }
        text(
            format!("{}；{}", said.zh, judged.count.zh()),
            format!("{}; {}", said.en, judged.count.en()),
        )
    }

    fn verdict(&self, judged: &JudgedEvent) -> BilingualText {
        let (zh, en) = self.called(&judged.id);
        match &judged.verdict {
            Verdict::Accepted { step: None } | Verdict::Added => {
                text(format!("{zh}：已记录"), format!("{en}: recorded"))
            }
            Verdict::Accepted {
                step:
                    Some(Step {
                        transition,
                        from,
                        to,
                    }),
            } if from == to => text(
                format!("{zh}：有效（{transition}），状态不变 {to}"),
                format!("{en}: took effect ({transition}), state unchanged {to}"),
            ),
            Verdict::Accepted {
                step:
                    Some(Step {
                        transition,
                        from,
                        to,
                    }),
            } => {
                let ((from_zh, from_en), (to_zh, to_en)) =
                    (self.state_words(*from), self.state_words(*to));
                let begins = *from == StateCode::NONE;
                text(
                    if begins {
                        format!("{zh}：{transition} → {to_zh}")
                    } else {
                        format!("{zh}：{transition} {from_zh} → {to_zh}")
                    },
                    if begins {
                        format!("{en}: {transition} → {to_en}")
                    } else {
                        format!("{en}: {transition} {from_en} → {to_en}")
                    },
                )
            }
            Verdict::Proposed { transition } => text(
                format!("{zh}：建议（{transition}），待有权人员确认"),
                format!("{en}: proposal ({transition}), an author with authority must confirm it"),
            ),
            Verdict::Void { reason } => text(
                format!("{zh}：留痕但不生效，{}（{}）", reason.zh(), reason.code()),
                format!("{en}: kept, no effect: {} ({})", reason.en(), reason.code()),
            ),
            Verdict::Unknown => text(
                format!("{zh}：新版本事件，保留，升级前不能销号"),
                format!("{en}: event of a newer version, kept; it blocks closing until upgrade"),
            ),
        }
    }

    /// What a rule of the table says, in both languages.
    fn why(&self, rule: &str) -> (&str, &str) {
        let mut rows = self.catalogue.rules.concurrent.iter();
        let row = rows.find(|row| row.id == rule);
        row.map_or(("", ""), |row| (row.zh.as_str(), row.en.as_str()))
    }

    /// The names of the first events of a side, and how many more there are.
    fn side(&self, events: &[EventId]) -> (String, String) {
        const NAMED: usize = 3;
        let named = events.iter().take(NAMED).map(|id| self.called(id));
        let (mut zh, mut en): (Vec<String>, Vec<String>) = named.unzip();
        if let Some(more) = events.len().checked_sub(NAMED).filter(|more| *more > 0) {
            zh.push(format!("另{more}件"));
            en.push(format!("{more} more"));
        }
        (zh.join("、"), en.join(", "))
    }

    fn conflict(&self, c: &Conflict) -> BilingualText {
        let rule = c.rules.join("/");
        let why = c.rules.first().map_or(("", ""), |rule| self.why(rule));
        let ((a_zh, a_en), (b_zh, b_en)) = (self.side(&c.objections), self.side(&c.decisions));
        let sides = |a: &str, b: &str| match (a.is_empty(), b.is_empty()) {
            (false, false) => format!("{a} ∥ {b}"),
            _ => format!("{a}{b}"),
        };
        let (by_zh, by_en) = self.side(&c.settled_by);
        let decided = match c.fate {
            ConflictFate::Open if c.settled_by.is_empty() => text("待裁定", "waits for a decision"),
            ConflictFate::Open => text(
                format!("裁定不一致（{by_zh}），待第三人裁定"),
                format!("settled differently ({by_en}), waits for a third person"),
            ),
            ConflictFate::Held => text(
                format!("异议成立，由{by_zh}认定"),
                format!("the objection holds, settled by {by_en}"),
            ),
            ConflictFate::Overruled => text(
                format!("异议驳回，由{by_zh}认定"),
                format!("the objection is overruled, settled by {by_en}"),
            ),
        };
        text(
            format!("{rule} {}：{}；{}", sides(&a_zh, &b_zh), why.0, decided.zh),
            format!("{rule} {}: {}; {}", sides(&a_en, &b_en), why.1, decided.en),
        )
    }

    fn conflicts(&self) -> Vec<BilingualText> {
        let conflicts = self.state.conflicts.iter();
        conflicts.map(|c| self.conflict(c)).collect()
    }

    fn notice(&self, n: &Notice) -> BilingualText {
        let ((a_zh, a_en), (b_zh, b_en)) = (self.called(&n.one), self.called(&n.other));
        let (zh, en) = self.why(&n.rule);
        text(
            format!("{} {a_zh} ∥ {b_zh}：{zh}；按规则处理", n.rule),
            format!("{} {a_en} ∥ {b_en}: {en}; decided by rule", n.rule),
        )
    }

    fn notices(&self) -> Vec<BilingualText> {
        let notices = self.state.notices.iter();
        notices.map(|n| self.notice(n)).collect()
    }

    fn values(&self) -> Vec<BilingualText> {
        use crate::catalogue::FieldName as F;
        let values = &self.state.values;
        let several = [
            (F::Code, values.code.len()),
            (F::Grade, values.grade.len()),
            (F::Place, values.place.len()),
            (F::Count, values.count.len()),
            (F::Deadline, values.deadline.len()),
            (F::Responsible, values.responsible.len()),
            (F::Transfer, values.transferred_to.len()),
            (F::Duplicate, values.duplicate_of.len()),
        ];
        let describe = |(name, count): (F, usize)| {
            let field = self
                .catalogue
                .rules
                .fields
                .iter()
                .find(|f| f.name == name)?;
            Some(text(
                format!("{}有{count}个值并存，首个暂行有效", field.zh),
                format!(
                    "{} has {count} concurrent values; the first holds until a reviewer decides",
                    field.en
                ),
            ))
        };
        several
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .filter_map(describe)
            .collect()
    }

    fn flags(&self) -> Vec<BilingualText> {
        let bits = self.state.flags.bits();
        let set = Flags::LABELS.iter().zip(Flags::NAMES).enumerate();
        set.filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, ((zh, en), name))| {
                text(
                    format!("标记：{zh}（{name}）"),
                    format!("flag: {en} ({name})"),
                )
            })
            .collect()
    }

    fn deadline(&self, now: ServerTime) -> Option<BilingualText> {
        let standing = deadline::open_standing(self.state, self.catalogue, now)?;
        Some(text(
            format!("期限：{}", standing.zh()),
            format!("deadline: {}", standing.en()),
        ))
    }
}
