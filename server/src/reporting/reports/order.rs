//! The order of a report: area, period and person.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{AreaPath, DAY_MS, PersonId, Role},
    wire::Code,
};

use super::stored;
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::{
        caller::{is_reviewer, reason},
        indicators::{Counting, Period},
    },
    review::parameters::area,
    storage::reports::Subject,
};

/// Kind of a report: how often it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 日报 / daily: one day.
    Daily,
    /// 周报 / weekly: at most 7 days.
    Weekly,
    /// 阶段小结、工作总结 / summary of a stage or of the campaign: at most 366 days.
    Summary,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Summary => "summary",
        }
    }

    pub(super) const fn letter(self) -> char {
        match self {
            Self::Daily => 'D',
            Self::Weekly => 'W',
            Self::Summary => 'S',
        }
    }

    /// Days of a period at most.
    const fn days(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
            Self::Summary => 366,
        }
    }
}

/// A report to be sealed.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Kind of the report.
    pub kind: Kind,
    /// Administrative path.
    pub area: String,
    /// First day of the period, in China Standard Time.
    pub from: String,
    /// Last day of the period, included: the same day for a daily report, at most the 7th day for a weekly one, and at
    /// most the 366th for a summary.
    pub to: String,
    /// Nothing at or after this counts, RFC 3339; the end of the last day if absent. It lies after the beginning of the
    /// period, and at its end at the latest.
    pub cut_off: Option<String>,
    /// Do not count the duties of property companies among the hazards. A report with them and one without are two
    /// reports, each with its own versions.
    #[serde(default)]
    pub without_duties: bool,
    /// The id of the report that this one corrects, which must be the newest version, and not checked, submitted,
    /// accepted or locked: such a report is returned or unlocked first.
    pub corrects: Option<String>,
    /// The reason for the correction; required with `corrects`.
    pub reason: Option<String>,
}

/// A checked order.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) order: Order,
    pub(super) area: AreaPath,
    pub(super) counting: Counting,
    pub(super) corrects: Option<Vec<u8>>,
    pub(super) reason: String,
    pub(super) person: PersonId,
    pub(super) role: Role,
}

impl Checked {
    /// What the versions of the ordered report have in common.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            area: self.area.as_str(),
            kind: self.order.kind.name(),
            period: (&self.order.from, &self.order.to),
            without_duties: self.order.without_duties,
        }
    }
}

impl Order {
    /// Checks everything that needs no database.
    pub(super) fn check(self, reach: &Reach, now: i64) -> Result<Checked, Refusal> {
        let order = self;
        let (Some(person), Some(role), true) = (reach.person(), reach.role(), is_reviewer(reach))
        else {
            return Err(Refusal::new(
                Code::OutOfScope,
                "a reviewer's token is needed",
            ));
        };
        let period = Period::read(Some(&order.from), Some(&order.to), now)?;
        period.check_plausible()?;
        let cut_off = cut_off(&order, &period, now)?;
        let corrects = order.corrects.as_deref().map(stored::id).transpose()?;
        let said = match &corrects {
            Some(_) => reason(order.reason.as_deref().unwrap_or_default())?,
            None => String::new(),
        };
        Ok(Checked {
            area: area(&order.area)?,
            counting: Counting {
                period,
                cut_off,
                as_of: now,
                without_duties: order.without_duties,
            },
            corrects,
            reason: said,
            person,
            role,
            order,
        })
    }
}

/// The cut-off of an order, milliseconds UTC. It lies in the period or directly after it, and the period fits the kind.
fn cut_off(order: &Order, period: &Period, now: i64) -> Result<i64, Refusal> {
    let bad = |text: &str| Refusal::new(Code::BadFilter, format!("cut_off: {text}"));
    let days = (period.end - period.begin) / DAY_MS;
    let most = order.kind.days();
    if days > most {
        let detail = format!(
            "to: {} 报表最多 {most} 天，这里是 {days} 天 / a {} report covers at most {most} days, not {days}",
            order.kind.name(),
            order.kind.name()
        );
        return Err(Refusal::new(Code::BadFilter, detail));
    }
    let at = match &order.cut_off {
        Some(text) => {
            let at = text.parse::<jiff::Timestamp>();
            at.map_err(|_| bad("expected RFC 3339"))?.as_millisecond()
        }
        None => period.end,
    };
    if at > period.end {
        return Err(bad(
            "最晚是时段最后一天的24时，之后收到的计入下期的更正 / at the latest the end of the last day; what was received later is in the corrections of the next report",
        ));
    }
    if at <= period.begin {
        return Err(bad("it lies before the period"));
    }
    if at > now {
        return Err(bad("it lies in the future; seal the report afterwards"));
    }
    Ok(at)
}
