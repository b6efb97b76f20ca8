//! The order of a report: area, period and person.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{AreaPath, PersonId, Role},
    wire::Code,
};

use super::stored;
use crate::{
    access::Reach,
    refusal::Refusal,
    reporting::{
        caller::{is_reviewer, reason},
        indicators::{Counting, Period, begin},
    },
    review::parameters::area,
};

/// Kind of a report: how often it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 日报 / daily.
    Daily,
    /// 周报 / weekly.
    Weekly,
    /// 阶段小结、工作总结 / summary of a stage or of the campaign.
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

    /// The kind with this name; a summary if there is none.
    pub(super) fn named(name: &str) -> Self {
        let all = [Self::Daily, Self::Weekly];
        let found = all.into_iter().find(|kind| kind.name() == name);
        found.unwrap_or(Self::Summary)
    }

    pub(super) const fn letter(self) -> char {
        match self {
            Self::Daily => 'D',
            Self::Weekly => 'W',
            Self::Summary => 'S',
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
    /// Last day of the period, included.
    pub to: String,
    /// Nothing at or after this counts, RFC 3339; the end of the last day if absent.
    pub cut_off: Option<String>,
    /// Do not count the duties of property companies among the hazards.
    #[serde(default)]
    pub without_duties: bool,
    /// The id of the report that this one corrects, which must be the newest version.
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
        let bad = |text: &str| Refusal::new(Code::BadFilter, format!("cut_off: {text}"));
        let cut_off = match &order.cut_off {
            Some(text) => {
                let at = text.parse::<jiff::Timestamp>();
                at.map_err(|_| bad("expected RFC 3339"))?.as_millisecond()
            }
            None => period.end,
        };
        if cut_off > now {
            return Err(bad("it lies in the future; seal the report afterwards"));
        }
        if cut_off <= begin("from", &order.from)? {
            return Err(bad("it lies before the period"));
        }
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
