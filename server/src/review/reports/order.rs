//! What is ordered: a report of an area and a period, by whom.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{AreaPath, PersonId, Role},
    wire::Code,
};

use super::kept;
use crate::{
    access::{Reach, Refusal},
    review::indicators::{Counting, Period, area, begin, is_reviewer, reason},
};

/// How often a report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 日报.
    Daily,
    /// 周报.
    Weekly,
    /// 阶段小结、工作总结.
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
}

/// A report to be sealed.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// How often it is made.
    pub kind: Kind,
    /// Administrative path.
    pub area: String,
    /// First day of the period, of China time.
    pub from: String,
    /// Last day, included.
    pub to: String,
    /// Nothing at or after this counts, RFC 3339; the end of the last day if absent.
    pub cut_off: Option<String>,
    /// Leave the duties of property companies out of the hazards.
    #[serde(default)]
    pub without_duties: bool,
    /// The report this one corrects: the newest version.
    pub corrects: Option<String>,
    /// Why it is corrected.
    pub reason: Option<String>,
}

/// An order that was checked.
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
    /// Checks what can be checked before anything is read.
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
        let corrects = order.corrects.as_deref().map(kept::id).transpose()?;
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
