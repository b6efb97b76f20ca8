//! The list of sealed reports, with the steps taken with each.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use sync_core::{record::AreaPath, wire::Code};

use super::{
    parts::{ChangedPart, changed},
    standing::state,
    stored::{id, uuid},
};
use crate::{
    access::Reach,
    refusal::Refusal,
    register::Hierarchy,
    reporting::{Reporting, caller::is_reviewer},
    review::{
        parameters::{self, area},
        time::instant,
    },
    storage::{
        StorageError, Tx,
        reports::{self, Report, Step},
    },
};

/// Filters of reports; all of them narrow the result.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Reports {
    /// Administrative path; includes all areas below it.
    pub area: Option<String>,
    /// `daily`, `weekly` or `summary`.
    pub kind: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the previous page.
    pub after: Option<String>,
}

/// A report in a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReportView {
    /// Its identifier.
    pub id: String,
    /// Its number.
    pub number: String,
    /// `daily`, `weekly` or `summary`.
    pub kind: String,
    /// Administrative path.
    pub area: String,
    /// First day of the period.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Nothing at or after this was counted, RFC 3339.
    pub cut_off: String,
    /// Whether the duties of property companies are not counted among the hazards.
    pub without_duties: bool,
    /// Version.
    pub version: i64,
    /// The id of the report that it corrects.
    pub corrects: Option<String>,
    /// The reason for the correction; empty if it corrects none.
    pub reason: String,
    /// When it was sealed, RFC 3339.
    pub sealed_at: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The server's signature of its bytes, in hexadecimal.
    pub signature: String,
    /// The state of the report: its last step.
    pub state: String,
    /// The number of the version that corrects it; it takes no step any more.
    pub corrected_by: Option<String>,
    /// Reports of parts that it added up and that do not stand any more. Empty in lists for reports that were sealed
    /// before version 12 of the database; `/late` returns them for every report.
    pub changed_parts: Vec<ChangedPart>,
    /// The steps taken with it, in order.
    pub steps: Vec<StepView>,
}

/// A step that was taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StepView {
    /// The name of the step.
    pub step: String,
    /// The id of the person who took it.
    pub person: String,
    /// The person's role.
    pub role: String,
    /// When it was taken, RFC 3339.
    pub at: String,
    /// The reason; empty if none was given.
    pub reason: String,
}

/// One page of reports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReportPage {
    /// The reports, newest first.
    pub items: Vec<ReportView>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

/// What is known of the reports of a page in addition to their rows.
struct Context {
    steps: HashMap<Vec<u8>, Vec<Step>>,
    corrected: HashMap<Vec<u8>, String>,
    changed: HashMap<Vec<u8>, Vec<ChangedPart>>,
}

impl Context {
    fn of(tx: &mut dyn Tx, ids: &[Vec<u8>]) -> Result<Self, StorageError> {
        let (whole, parts): (Vec<_>, Vec<_>) = reports::sources(tx, ids)?.into_iter().unzip();
        let mut changed_parts: HashMap<Vec<u8>, Vec<ChangedPart>> = HashMap::new();
        for (report, part) in whole.into_iter().zip(changed(tx, &parts)?) {
            changed_parts.entry(report).or_default().extend(part);
        }
        Ok(Self {
            steps: reports::steps(tx, ids)?,
            corrected: reports::corrected(tx, ids)?,
            changed: changed_parts,
        })
    }

    fn view(&mut self, report: Report) -> ReportView {
        let steps = self.steps.remove(&report.id).unwrap_or_default();
        ReportView {
            id: uuid(&report.id),
            number: report.number,
            kind: report.kind,
            area: report.area,
            from: report.period_from,
            to: report.period_to,
            cut_off: instant(report.cut_off),
            without_duties: report.without_duties,
            version: report.version,
            corrects: report.corrects.as_deref().map(uuid),
            reason: report.reason,
            sealed_at: instant(report.sealed_at),
            sha256: hex::encode(&report.sha256),
            signature: hex::encode(&report.signature),
            state: state(&steps).to_owned(),
            corrected_by: self.corrected.remove(&report.id),
            changed_parts: self.changed.remove(&report.id).unwrap_or_default(),
            steps: steps
                .into_iter()
                .map(|step| StepView {
                    step: step.step,
                    person: step.person.to_string(),
                    role: step.role.name().to_owned(),
                    at: instant(step.at),
                    reason: step.reason,
                })
                .collect(),
        }
    }
}

/// Reports as reviewers read them in a list.
pub(super) fn views(tx: &mut dyn Tx, found: Vec<Report>) -> Result<Vec<ReportView>, Refusal> {
    let ids: Vec<Vec<u8>> = found.iter().map(|report| report.id.clone()).collect();
    let mut context = Context::of(tx, &ids)?;
    Ok(found
        .into_iter()
        .map(|report| context.view(report))
        .collect())
}

fn position(text: &str) -> Result<(i64, Vec<u8>), Refusal> {
    let bad = || Refusal::new(Code::BadFilter, "after: expected `next` of the page before");
    let (sealed, report) = text.split_once('|').ok_or_else(bad)?;
    let sealed = sealed.parse().map_err(|_| bad())?;
    Ok((sealed, id(report).map_err(|_| bad())?))
}

/// Areas whose reports the caller may have owned on some day, none within another.
fn listed(
    reach: &Reach,
    hierarchy: &Hierarchy,
    asked: Option<&AreaPath>,
) -> Result<Vec<AreaPath>, Refusal> {
    let mut all: BTreeSet<AreaPath> = reach.areas().iter().cloned().collect();
    for parents in hierarchy.trees()? {
        all.extend(reach.areas().iter().flat_map(|own| parents.members(own)));
    }
    let narrowed = all.iter().filter_map(|within| match asked {
        Some(asked) if within.covers(asked) => Some(asked),
        Some(asked) => asked.covers(within).then_some(within),
        None => Some(within),
    });
    let narrowed: BTreeSet<&AreaPath> = narrowed.collect();
    let is_outer = |area: &&&AreaPath| !narrowed.iter().any(|o| o != *area && o.covers(area));
    Ok(narrowed
        .iter()
        .filter(is_outer)
        .map(|area| (*area).clone())
        .collect())
}

/// Keeps the reports of areas that the caller owns on the last day of their period.
fn keep_owned(
    reach: &Reach,
    hierarchy: &Hierarchy,
    found: &mut Vec<Report>,
) -> Result<(), Refusal> {
    let mut trees = HashMap::new();
    for report in found.iter() {
        if !trees.contains_key(&report.period_to) {
            trees.insert(report.period_to.clone(), hierarchy.on(&report.period_to)?);
        }
    }
    found.retain(|report| {
        let parents = trees.get(&report.period_to);
        let area = report.area.parse().ok();
        parents
            .zip(area)
            .is_some_and(|(parents, area)| reach.owns(parents, &area))
    });
    Ok(())
}

impl Reporting {
    /// The reports within reach, newest first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn reports(&self, reach: &Reach, query: Reports) -> Result<ReportPage, Refusal> {
        let limit = parameters::limit(query.limit)?;
        let after = query.after.as_deref().map(position).transpose()?;
        let asked = query.area.as_deref().map(area).transpose()?;
        let (reach, is_reviewer) = (reach.clone(), is_reviewer(reach));
        self.storage
            .read(move |tx| {
                let after = after.as_ref().map(|(sealed, id)| (*sealed, id.as_slice()));
                let hierarchy = Hierarchy::read(tx)?;
                let areas = if is_reviewer {
                    listed(&reach, &hierarchy, asked.as_ref())?
                } else {
                    Vec::new()
                };
                let mut found = reports::list(tx, &areas, query.kind.as_deref(), after, limit)?;
                let last = found.last().filter(|_| found.len() as i64 == limit);
                let next = last.map(|r| format!("{}|{}", r.sealed_at, uuid(&r.id)));
                keep_owned(&reach, &hierarchy, &mut found)?;
                let items = views(tx, found)?;
                Ok(ReportPage { items, next })
            })
            .await
    }
}
