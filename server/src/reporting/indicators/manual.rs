//! Manual values: stored with person and reason, shown with the computed value and never instead of it.

use serde::{Deserialize, Serialize};
use sync_core::{
    catalogue::{Catalogue, Indicator},
    record::AreaPath,
    wire::Code,
};

use super::{Milli, Period};
use crate::{
    access::Reach,
    host::random,
    refusal::Refusal,
    register,
    reporting::{
        Reporting,
        caller::{is_reviewer, reason},
    },
    review::{parameters::area, time::instant},
    storage::{
        StorageError, Tx,
        manual_values::{self, Manual},
    },
};

/// A manual value to be stored.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualValue {
    /// Administrative path.
    pub area: String,
    /// Code such as `ST-29a`.
    pub indicator: String,
    /// First day of the period it is for.
    pub from: String,
    /// Last day.
    pub to: String,
    /// The value, with at most three decimals: 0 to 10,000,000,000, a percentage to 100.
    #[schema(value_type = f64)]
    pub value: Milli,
    /// Why it is entered, and its source.
    pub reason: String,
}

/// A stored manual value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ManualView {
    /// Administrative path.
    pub area: String,
    /// Code.
    pub indicator: String,
    /// The value.
    #[schema(value_type = f64)]
    pub value: Milli,
    /// Why it was entered, and its source.
    pub reason: String,
    /// The id of the person who entered it.
    pub person: String,
    /// When it was entered, RFC 3339.
    pub at: String,
}

fn shown(m: Manual) -> ManualView {
    ManualView {
        area: m.area,
        indicator: m.indicator,
        value: Milli(m.milli),
        reason: m.reason,
        person: m.person.to_string(),
        at: instant(m.at),
    }
}

/// The manual values of an area and the areas below it, for exactly this period.
pub(crate) fn list(
    tx: &mut dyn Tx,
    area: &AreaPath,
    period: &Period,
) -> Result<Vec<ManualView>, StorageError> {
    let values = manual_values::list(tx, area, (&period.from, &period.to))?;
    Ok(values.into_iter().map(shown).collect())
}

/// The largest manual value, in units.
const MOST: i64 = 10_000_000_000;

/// Refuses a value that the indicator cannot have.
fn check(indicator: &Indicator, value: Milli) -> Result<(), Refusal> {
    let most = if indicator.unit == "%" { 100 } else { MOST };
    if (0..=most * 1000).contains(&value.0) {
        return Ok(());
    }
    let detail = format!(
        "value: {} 应为 0 至 {most} {} / expected 0 to {most}",
        indicator.code, indicator.unit
    );
    Err(Refusal::new(Code::BadFilter, detail))
}

impl Reporting {
    /// Stores a manual value. The computed value stays as it is.
    ///
    /// # Errors
    /// `out-of-scope` unless the caller is a reviewer of the area, `bad-filter` naming the field.
    pub async fn type_value(
        &self,
        reach: &Reach,
        value: ManualValue,
        now: i64,
    ) -> Result<ManualView, Refusal> {
        let within = area(&value.area)?;
        let (Some(typist), Some(role), true) = (reach.person(), reach.role(), is_reviewer(reach))
        else {
            return Err(Refusal::new(
                Code::OutOfScope,
                "a reviewer's token is needed",
            ));
        };
        let table = &Catalogue::embedded().indicators;
        let Some(indicator) = table.find(&value.indicator) else {
            let expected = "indicator: expected a code such as ST-07";
            return Err(Refusal::new(Code::BadFilter, expected));
        };
        check(indicator, value.value)?;
        let period = Period::read(Some(&value.from), Some(&value.to), now)?;
        period.check_plausible()?;
        if period.begin > now {
            let detail = "from: 时段还没有开始 / the period has not begun yet";
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        let manual = Manual {
            id: random(),
            area: within.to_string(),
            indicator: value.indicator,
            period_from: period.from,
            period_to: period.to,
            milli: value.value.0,
            reason: reason(&value.reason)?,
            person: typist,
            role,
            at: now,
        };
        let (kept, reach) = (manual.clone(), reach.clone());
        self.storage
            .write(move |tx| {
                let parents = register::parents(tx, &kept.period_to)?;
                if !reach.owns(&parents, &within) {
                    return Err(Refusal::new(Code::OutOfScope, kept.area.clone()));
                }
                Ok(manual_values::insert(tx, &kept)?)
            })
            .await?;
        Ok(shown(manual))
    }
}
