//! Manual values: stored with person and reason, shown with the computed value and never instead of it.

use serde::{Deserialize, Serialize};
use sync_core::{catalogue::Catalogue, record::AreaPath, wire::Code};

use super::{Milli, Period};
use crate::{
    access::Reach,
    host::random,
    refusal::Refusal,
    reporting::{
        Reporting,
        caller::{is_reviewer, reason},
    },
    review::{parameters::area, time::instant},
    storage::{
        StorageError, Tx,
        reports::{self, Manual},
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
    /// The value, with at most three decimals.
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
    let values = reports::manual(tx, area, (&period.from, &period.to))?;
    Ok(values.into_iter().map(shown).collect())
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
        if !reach.covers(&within) {
            return Err(Refusal::new(Code::OutOfScope, value.area));
        }
        if Catalogue::embedded()
            .indicators
            .find(&value.indicator)
            .is_none()
        {
            let expected = "indicator: expected a code such as ST-07";
            return Err(Refusal::new(Code::BadFilter, expected));
        }
        let period = Period::read(Some(&value.from), Some(&value.to), now)?;
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
        let kept = manual.clone();
        self.storage
            .write(move |tx| reports::insert_manual(tx, &kept))
            .await?;
        Ok(shown(manual))
    }
}
