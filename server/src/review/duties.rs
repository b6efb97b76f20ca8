//! The list of duties that property companies missed or did late.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sync_core::{
    catalogue::Catalogue,
    hazard::deadline::{Standing, now as moment, standing},
    record::{AreaPath, DeviceTime, ServerTime},
};

use super::{ListCursor, Review, duty_chain::word, parameters, time::instant};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        duties::{self, Duty, Position},
        names, spaces,
    },
};

/// Filters of duties; all of them narrow the result.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Owed {
    /// Administrative path; includes all areas below it.
    pub area: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the previous page.
    pub after: Option<String>,
}

/// A link of a company's duty chain that is missing or late.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DutyView {
    /// The id of the violation's document.
    pub hazard: String,
    /// Administrative path.
    pub area: String,
    /// The company's id.
    pub company: String,
    /// Its name, if it is known.
    pub company_name: Option<String>,
    /// Kind of the finding, such as `MG-06`.
    pub code: String,
    /// Its Chinese name.
    pub code_zh: String,
    /// When it was due, RFC 3339.
    pub due: String,
    /// True: the company did it, but late. False: it is missing.
    pub late: bool,
    /// `overdue`, or `undetermined` if a reviewer must decide.
    pub standing: &'static str,
    /// The same in Chinese.
    pub standing_zh: &'static str,
}

/// One page of duties.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DutyPage {
    /// The duties, the earliest due first.
    pub items: Vec<DutyView>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

/// A checked query.
pub(super) struct Asked {
    areas: Vec<AreaPath>,
    after: Option<Position>,
    limit: i64,
}

impl Owed {
    pub(super) fn checked(self, reach: &Reach) -> Result<Asked, Refusal> {
        Ok(Asked {
            areas: parameters::areas(reach, self.area.as_deref())?,
            after: self.after.map(|t| ListCursor::owed(&t)).transpose()?,
            limit: parameters::limit(self.limit)?,
        })
    }
}

fn order(duty: &Duty) -> Position {
    (duty.due, duty.doc, duty.company, duty.code.clone())
}

/// A page of what is missing or late as of now.
pub(super) fn page(
    tx: &mut dyn Tx,
    asked: &Asked,
    now: i64,
    catalogue: &Catalogue,
) -> Result<DutyPage, StorageError> {
    let mut found: Vec<Duty> = Vec::new();
    for within in &asked.areas {
        for space in spaces::touching(tx, &[within.clone()].into())? {
            let after = asked.after.as_ref();
            let limit = asked.limit + 1;
            found.extend(duties::list(tx, &space, within, now, after, limit)?);
        }
    }
    found.sort_by_key(order);
    found.dedup();
    let full = found.len() as i64 > asked.limit;
    found.truncate(usize::try_from(asked.limit).unwrap_or(0));
    let last = found.last().filter(|_| full).map(order);
    let next = last.map(|position| ListCursor::Owed(position).to_string());
    let items = found.iter().map(|duty| shown(tx, duty, now, catalogue));
    Ok(DutyPage {
        items: items.collect::<Result<_, _>>()?,
        next,
    })
}

fn shown(
    tx: &mut dyn Tx,
    duty: &Duty,
    now: i64,
    catalogue: &Catalogue,
) -> Result<DutyView, StorageError> {
    let kind = catalogue.kind(&duty.code, catalogue.newest());
    let standing = match (duty.late, duty.certain) {
        (_, false) => Standing::Undetermined,
        (true, true) => Standing::Overdue,
        (false, true) => standing(DeviceTime(duty.due), moment(ServerTime(now))),
    };
    Ok(DutyView {
        hazard: duty.doc.to_string(),
        area: duty.path.to_string(),
        company: duty.company.to_string(),
        company_name: names::organ(tx, duty.company)?,
        code: duty.code.clone(),
        code_zh: kind.map(|k| k.zh.clone()).unwrap_or_default(),
        due: instant(duty.due),
        late: duty.late,
        standing: word(standing),
        standing_zh: standing.zh(),
    })
}

impl Review {
    /// A page of duties that companies missed or did late, the earliest due first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn duties(
        &self,
        reach: &Reach,
        owed: Owed,
        now: ServerTime,
    ) -> Result<DutyPage, Refusal> {
        let asked = owed.checked(reach)?;
        let catalogue = Arc::clone(&self.catalogue);
        self.storage
            .read(move |tx| Ok(page(tx, &asked, now.0, &catalogue)?))
            .await
    }
}
