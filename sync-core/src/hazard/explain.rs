//! The explanation of a hazard's state, in Chinese and English, event by event.

use serde::Serialize;

use super::{
    deadline,
    state::{Conflict, Flags, HazardState},
};
use crate::{
    catalogue::{Catalogue, StateCode},
    history::{EventEntry, JudgedEvent, Step, Verdict},
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

    fn row(
        &self,
        rule: &str,
        conflict: Option<&Conflict>,
        pair: (&EventId, &EventId),
    ) -> BilingualText {
        let ((one_zh, one_en), (other_zh, other_en)) = (self.called(pair.0), self.called(pair.1));
        let kind = |id| self.find(id).map_or("", |s| s.event.body.name());
        let (x, y) = (kind(pair.0), kind(pair.1));
        let class = conflict.and_then(|c| c.class);
        let fits = |p: &&crate::catalogue::PairRule| {
            let ends = |a: &str, b: &str| p.a == a && (p.b == b || p.b == "*");
            p.id == rule
                && class.is_none_or(|c| c == p.class)
                && (p.a.is_empty() || ends(x, y) || ends(y, x))
        };
        let row = self.catalogue.rules.rows().find(fits);
        let why = row.map_or(("", ""), |row| (row.zh.as_str(), row.en.as_str()));
        let decided = match conflict.map(|c| c.resolved_by) {
            None => text("按规则处理", "decided by rule"),
            Some(None) => text("待裁定", "waits for a decision"),
            Some(Some(by)) => {
                let (zh, en) = self.called(&by);
                text(format!("已由{zh}裁定"), format!("decided by {en}"))
            }
        };
        text(
            format!("{rule} {one_zh} ∥ {other_zh}：{}；{}", why.0, decided.zh),
            format!("{rule} {one_en} ∥ {other_en}: {}; {}", why.1, decided.en),
        )
    }

    fn conflicts(&self) -> Vec<BilingualText> {
        let conflicts = self.state.conflicts.iter();
        conflicts
            .map(|c| self.row(&c.rule, Some(c), (&c.one, &c.other)))
            .collect()
    }

    fn notices(&self) -> Vec<BilingualText> {
        let notices = self.state.notices.iter();
        notices
            .map(|n| self.row(&n.rule, None, (&n.one, &n.other)))
            .collect()
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
