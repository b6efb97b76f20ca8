//! Steps taken with a sealed report. Steps are appended; the table of steps states which need another person.

use serde::Deserialize;
use sync_core::{
    catalogue::{Catalogue, Level, ReportStep},
    record::{PersonId, Role},
    wire::Code,
};

use super::{
    list::{self, ReportView},
    stored,
};
use crate::{
    access::Reach,
    refusal::Refusal,
    register,
    reporting::{Reporting, caller::reason},
    storage::{
        StorageError, Tx, aliases,
        reports::{self, Report, Step},
        spaces,
    },
};

/// A step to be taken.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepOrder {
    /// `county_signed`, `city_checked`, `submitted`, `returned`, `accepted` or `locked`.
    pub step: String,
    /// The reason; required to return a report.
    pub reason: Option<String>,
}

/// The first step: the draft, by the person who sealed the report.
pub(super) fn begin(tx: &mut dyn Tx, report: &Report) -> Result<(), StorageError> {
    let first = Step {
        report: report.id.clone(),
        n: 1,
        step: ReportStep::FIRST.to_owned(),
        person: report.person,
        role: report.role,
        at: report.sealed_at,
        reason: report.reason.clone(),
    };
    reports::add_step(tx, &first).map(|_| ())
}

/// Whether a person in a role may take a step after those already taken; returns whether a reason is required.
fn plan(
    table: &[ReportStep],
    taken: &[Step],
    levels: &[Level],
    step: &str,
    (person, role): (PersonId, Role),
) -> Result<bool, String> {
    let at = taken.last().map_or(ReportStep::FIRST, |last| &last.step);
    let named: Vec<_> = table.iter().filter(|row| row.step == step).collect();
    if named.is_empty() {
        return Err(format!("{step} is no step"));
    }
    let begins = |row: &&&ReportStep| {
        let level = row.levels.is_empty() || row.levels.iter().any(|l| levels.contains(l));
        level && row.from.iter().any(|from| from == at)
    };
    let here: Vec<_> = named.iter().filter(begins).collect();
    if here.is_empty() {
        return Err(format!("{step} does not follow {at}"));
    }
    let mine = here.iter().find(|row| row.roles.contains(&role));
    let row = mine.ok_or_else(|| format!("{step} is not for the role {role}"))?;
    let twice = taken
        .iter()
        .find(|past| past.person == person && row.unlike.contains(&past.step));
    match twice {
        Some(past) => Err(format!("{step} needs another person than {}", past.step)),
        None => Ok(row.reason),
    }
}

impl Reporting {
    /// Takes a step with a report.
    ///
    /// # Errors
    /// `report-step` stating why the step is refused; `not-found`; `bad-filter` if a reason is missing.
    pub async fn take_step(
        &self,
        reach: &Reach,
        report: &str,
        order: StepOrder,
        now: i64,
    ) -> Result<ReportView, Refusal> {
        let (id, reach) = (stored::id(report)?, reach.clone());
        self.storage
            .write(move |tx| {
                let (report, _) = stored::find(tx, &reach, &id)?;
                let taken = reports::steps(tx, std::slice::from_ref(&id))?.remove(&id);
                let mut taken = taken.unwrap_or_default();
                // Two ids of one person are one person, also if the step was taken before they were merged.
                let aliases = aliases::all(tx)?;
                for past in &mut taken {
                    past.person = aliases.kept(past.person);
                }
                let (Some(person), Some(role)) = (reach.person(), reach.role()) else {
                    return Err(Refusal::new(
                        Code::OutOfScope,
                        "a reviewer's token is needed",
                    ));
                };
                let levels = levels(tx, &report)?;
                let table = &Catalogue::embedded().indicators.report_steps;
                let who = (person, role);
                let needed = plan(table, &taken, &levels, &order.step, who)
                    .map_err(|why| Refusal::new(Code::ReportStep, why))?;
                let said = order
                    .reason
                    .as_deref()
                    .filter(|text| !text.trim().is_empty());
                let step = Step {
                    report: id.clone(),
                    n: taken.len() as i64 + 1,
                    step: order.step.clone(),
                    person,
                    role,
                    at: now,
                    reason: match said {
                        None if !needed => String::new(),
                        said => reason(said.unwrap_or_default())?,
                    },
                };
                if !reports::add_step(tx, &step)? {
                    let detail = "somebody else has just taken a step";
                    return Err(Refusal::new(Code::ReportStep, detail));
                }
                let mut views = list::views(tx, vec![report])?;
                views
                    .pop()
                    .ok_or_else(|| Refusal::new(Code::Internal, "the report is gone"))
            })
            .await
    }
}

/// The levels that the area of a report is counted at.
fn levels(tx: &mut dyn Tx, report: &Report) -> Result<Vec<Level>, StorageError> {
    let area = spaces::area(&report.area)?;
    let parents = register::parents(tx, &report.period_to)?;
    // An area above the counties gets its level from its distance to a county below it.
    let near = spaces::touching(tx, &[area.clone()].into())?;
    let county = near.iter().find(|space| space.covers(&area));
    let county = county.or(near.first()).unwrap_or(&area);
    Ok(parents.levels(&area, county))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(n: u8) -> PersonId {
        PersonId([n; 16])
    }

    fn taken(steps: &[(&str, u8)]) -> Vec<Step> {
        let step = |(n, (step, person)): (usize, &(&str, u8))| Step {
            report: Vec::new(),
            n: n as i64,
            step: (*step).to_owned(),
            person: who(*person),
            role: Role::CountyReviewer,
            at: 0,
            reason: String::new(),
        };
        steps.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_report_goes_from_county_to_province_and_nobody_checks_their_own() {
        use Role::{CityReviewer, CountyReviewer, ProvinceReviewer};
        let table = &Catalogue::embedded().indicators.report_steps;
        let county = [Level::County];
        let draft: &[(&str, u8)] = &[("draft", 1)];
        let signed: &[(&str, u8)] = &[("draft", 1), ("county_signed", 2)];
        let checked: &[(&str, u8)] = &[("draft", 1), ("county_signed", 2), ("city_checked", 3)];
        let sent: &[(&str, u8)] = &[("city_checked", 3), ("submitted", 3)];
        for (past, step, n, role, may) in [
            (draft, "county_signed", 2, CountyReviewer, true),
            (draft, "county_signed", 1, CountyReviewer, false),
            (draft, "county_signed", 2, ProvinceReviewer, false),
            (draft, "city_checked", 3, CityReviewer, false),
            (signed, "city_checked", 3, CityReviewer, true),
            (signed, "city_checked", 2, CityReviewer, false),
            (checked, "submitted", 3, CityReviewer, true),
            (sent, "accepted", 4, ProvinceReviewer, true),
            (sent, "accepted", 3, ProvinceReviewer, false),
            (sent, "returned", 4, ProvinceReviewer, true),
            (sent, "locked", 4, ProvinceReviewer, false),
            (sent, "burnt", 4, ProvinceReviewer, false),
        ] {
            let planned = plan(table, &taken(past), &county, step, (who(n), role));
            assert_eq!(
                planned.is_ok(),
                may,
                "{step} by {n} after {past:?}: {planned:?}"
            );
        }
        let returned = plan(
            table,
            &taken(sent),
            &county,
            "returned",
            (who(4), ProvinceReviewer),
        );
        assert_eq!(returned, Ok(true), "a reason is needed");
        let city = plan(
            table,
            &taken(draft),
            &[Level::City],
            "city_checked",
            (who(3), CityReviewer),
        );
        assert!(city.is_ok(), "a city's own report has no county to sign it");
    }
}
