//! Why a hazard stands where it stands, in words: Chinese and English, event by event.

use serde::Serialize;

use super::{
    deadline,
    state::{Conflict, Flags, HazardState, Judged, Stated, Verdict},
};
use crate::{
    catalogue::{Catalogue, StateCode},
    record::{EventId, ServerTime},
};

/// One sentence in two languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The whole explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Where it stands.
    pub stands: Said,
    /// What became of each event, causes before effects.
    pub events: Vec<Said>,
    /// Why: conflicts, rules that decided, values side by side, flags, the deadline.
    pub because: Vec<Said>,
}

fn said(zh: impl Into<String>, en: impl Into<String>) -> Said {
    Said {
        zh: zh.into(),
        en: en.into(),
    }
}

struct Teller<'a> {
    state: &'a HazardState,
    events: &'a [Stated],
    catalogue: &'a Catalogue,
    name: &'a dyn Fn(&Stated) -> String,
}

/// Explains a folded hazard. `name` says how to call an event: an author's name, or only its id.
pub fn explain(
    state: &HazardState,
    events: &[Stated],
    catalogue: &Catalogue,
    now: Option<ServerTime>,
    name: &dyn Fn(&Stated) -> String,
) -> Explanation {
    let teller = Teller {
        state,
        events,
        catalogue,
        name,
    };
    let mut because = teller.conflicts();
    because.extend(teller.notices());
    because.extend(teller.values());
    because.extend(teller.flags());
    because.extend(now.and_then(|now| teller.deadline(now)));
    Explanation {
        stands: teller.stands(),
        events: state.history.iter().map(|j| teller.event(j)).collect(),
        because,
    }
}

impl Teller<'_> {
    fn state_words(&self, code: StateCode) -> (String, String) {
        let row = self.catalogue.rules.state(code);
        row.map_or_else(
            || (code.to_string(), code.to_string()),
            |s| (format!("{code} {}", s.zh), format!("{code} {}", s.en)),
        )
    }

    fn stands(&self) -> Said {
        let (zh, en) = self.state_words(self.state.state);
        let round = self.state.cycle;
        said(
            format!("现状：{zh}，第{round}轮"),
            format!("stands at {en}, round {round}"),
        )
    }

    fn find(&self, id: &EventId) -> Option<&Stated> {
        self.events.iter().find(|s| s.id == *id)
    }

    /// What an event is called: who said what.
    fn called(&self, id: &EventId) -> (String, String) {
        match self.find(id) {
            Some(stated) => {
                let (body, name) = (&stated.event.body, (self.name)(stated));
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

    fn event(&self, judged: &Judged) -> Said {
        let (zh, en) = self.called(&judged.id);
        match &judged.verdict {
            Verdict::Accepted {
                transition,
                from,
                to,
            } if from == to => said(
                format!("{zh}：有效（{transition}），状态不变 {to}"),
                format!("{en}: took effect ({transition}), still {to}"),
            ),
            Verdict::Accepted {
                transition,
                from,
                to,
            } => {
                let ((from_zh, from_en), (to_zh, to_en)) =
                    (self.state_words(*from), self.state_words(*to));
                let begins = *from == StateCode(0);
                said(
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
            Verdict::Added => said(format!("{zh}：已记录"), format!("{en}: recorded")),
            Verdict::Proposed { transition } => said(
                format!("{zh}：建议（{transition}），待有权人员确认"),
                format!("{en}: a proposal ({transition}), waits for somebody with the say"),
            ),
            Verdict::Void { reason } => said(
                format!("{zh}：留痕但不生效，{}（{}）", reason.zh(), reason.code()),
                format!("{en}: kept, no effect: {} ({})", reason.en(), reason.code()),
            ),
            Verdict::Unknown => said(
                format!("{zh}：新版本事件，保留，升级前不能销号"),
                format!("{en}: of a newer version, kept; it holds closing"),
            ),
        }
    }

    fn row(&self, rule: &str, conflict: Option<&Conflict>, pair: (&EventId, &EventId)) -> Said {
        let ((one_zh, one_en), (other_zh, other_en)) = (self.called(pair.0), self.called(pair.1));
        let kind = |id| self.find(id).map_or("", |s| s.event.body.name());
        let (x, y) = (kind(pair.0), kind(pair.1));
        let class = conflict.and_then(|c| c.class);
        let fits = |p: &&crate::catalogue::Pair| {
            let ends = |a: &str, b: &str| p.a == a && (p.b == b || p.b == "*");
            p.id == rule
                && class.is_none_or(|c| c == p.class)
                && (p.a.is_empty() || ends(x, y) || ends(y, x))
        };
        let row = self.catalogue.rules.rows().find(fits);
        let why = row.map_or(("", ""), |row| (row.zh.as_str(), row.en.as_str()));
        let decided = match conflict.map(|c| c.resolved_by) {
            None => said("按规则处理", "decided by rule"),
            Some(None) => said("待裁定", "waits for a decision"),
            Some(Some(by)) => {
                let (zh, en) = self.called(&by);
                said(format!("已由{zh}裁定"), format!("decided by {en}"))
            }
        };
        said(
            format!("{rule} {one_zh} ∥ {other_zh}：{}；{}", why.0, decided.zh),
            format!("{rule} {one_en} ∥ {other_en}: {}; {}", why.1, decided.en),
        )
    }

    fn conflicts(&self) -> Vec<Said> {
        let conflicts = self.state.conflicts.iter();
        conflicts
            .map(|c| self.row(&c.rule, Some(c), (&c.one, &c.other)))
            .collect()
    }

    fn notices(&self) -> Vec<Said> {
        let notices = self.state.notices.iter();
        notices
            .map(|n| self.row(&n.rule, None, (&n.one, &n.other)))
            .collect()
    }

    fn values(&self) -> Vec<Said> {
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
        let told = |(name, count): (F, usize)| {
            let field = self
                .catalogue
                .rules
                .fields
                .iter()
                .find(|f| f.name == name)?;
            Some(said(
                format!("{}有{count}个值并存，首个暂行有效", field.zh),
                format!(
                    "{} has {count} values side by side; the first holds meanwhile",
                    field.en
                ),
            ))
        };
        several
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .filter_map(told)
            .collect()
    }

    fn flags(&self) -> Vec<Said> {
        let bits = self.state.flags.bits();
        let set = Flags::LABELS.iter().zip(Flags::NAMES).enumerate();
        set.filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, ((zh, en), name))| {
                said(
                    format!("标记：{zh}（{name}）"),
                    format!("flag: {en} ({name})"),
                )
            })
            .collect()
    }

    fn deadline(&self, now: ServerTime) -> Option<Said> {
        let standing = deadline::open_standing(self.state, self.catalogue, now)?;
        Some(said(
            format!("期限：{}", standing.zh()),
            format!("deadline: {}", standing.en()),
        ))
    }
}
