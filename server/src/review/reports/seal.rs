//! Sealing: an order is checked, the draft of its snapshot gets a number of its own, is signed and kept.

use serde::{Deserialize, Serialize};
use sync_core::{
    identity::{ReportSeal, SecretKey},
    record::{AreaPath, PersonId, Role},
    wire::Code,
};

use super::{
    document::Sealed,
    draft::{Draft, gather},
    kept::{self, ReportView},
};
use crate::{
    access::{Reach, Refusal, random},
    review::{
        Review,
        indicators::{Counting, Period, area, begin, is_reviewer, reason},
    },
    storage::{
        Tx,
        reports::{self, Report},
    },
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

fn check(reach: &Reach, order: Order, now: i64) -> Result<Checked, Refusal> {
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

/// Gives the number, seals and keeps.
fn apply(
    tx: &mut dyn Tx,
    draft: &Draft,
    checked: &Checked,
    key: &SecretKey,
) -> Result<ReportView, Refusal> {
    let (order, area) = (&checked.order, checked.area.as_str());
    let n = reports::next_number(tx, &draft.series)?;
    let period = (order.from.as_str(), order.to.as_str());
    let versions = reports::versions(tx, area, order.kind.name(), period)?;
    // Somebody else was faster.
    if let Some(newest) = versions
        .first()
        .filter(|r| r.version >= draft.sealed.version)
    {
        return Err(Refusal::new(Code::ReportExists, newest.number.clone()));
    }
    let sealed = Sealed {
        number: format!("{}-{n:03}", draft.series),
        ..draft.sealed.clone()
    };
    let bytes = sealed.bytes();
    let seal = ReportSeal::of(&bytes, key);
    let report = Report {
        id: sync_core::record::ids::uuid_v7(checked.counting.as_of, random()).to_vec(),
        number: sealed.number,
        kind: sealed.kind,
        area: sealed.area,
        period_from: sealed.from,
        period_to: sealed.to,
        cut_off: checked.counting.cut_off,
        version: sealed.version,
        corrects: checked.corrects.clone(),
        reason: checked.reason.clone(),
        person: checked.person.as_bytes().to_vec(),
        role: i64::from(checked.role.number()),
        sealed_at: checked.counting.as_of,
        sha256: seal.sha256.to_vec(),
        signature: seal.signature.as_bytes().to_vec(),
        bytes,
    };
    reports::insert(tx, &report)?;
    super::steps::begin(tx, &report)?;
    let mut views = kept::views(tx, vec![report])?;
    views
        .pop()
        .ok_or_else(|| Refusal::new(Code::Internal, "the report is gone"))
}

impl Review {
    /// Seals a report of an area as of now.
    ///
    /// # Errors
    /// `ledger-behind`, `report-exists`, `out-of-scope`, `bad-filter`.
    pub async fn seal(
        &self,
        reach: &Reach,
        order: Order,
        key: SecretKey,
        now: i64,
    ) -> Result<ReportView, Refusal> {
        let checked = check(reach, order, now)?;
        let (reach, order) = (reach.clone(), checked.clone());
        let draft = self
            .storage
            .read(move |tx| gather(tx, &reach, &order))
            .await?;
        self.storage
            .write(move |tx| apply(tx, &draft, &checked, &key))
            .await
    }
}
