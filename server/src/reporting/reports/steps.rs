//! Steps taken with a sealed report. Steps are appended; one person takes one step of a report at most.

use serde::Deserialize;
use sync_core::{
    catalogue::{Catalogue, Level, ReportStep},
    record::{PersonId, Role},
    wire::Code,
};

use super::{
    document::SealedReport,
    list::{self, ReportView},
    parts::changed_parts,
    post::{self, levels},
    standing::state,
    stored,
};
use crate::{
    access::Reach,
    refusal::Refusal,
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
    /// `county_signed`, `city_checked`, `submitted`, `accepted` or `locked`; `returned`, `unlocked` or `withdrawn`.
    pub step: String,
    /// The reason; required to return, unlock or withdraw a report, and for a step upwards with a report that added up
    /// reports which do not stand any more.
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

/// Whether a person in a role may take a step after those already taken; returns the row of the table.
fn plan<'t>(
    table: &'t [ReportStep],
    taken: &[Step],
    levels: &[Level],
    step: &str,
    (person, role): (PersonId, Role),
) -> Result<&'t ReportStep, String> {
    let at = state(taken);
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
    match taken.iter().find(|past| past.person == person) {
        Some(past) => Err(format!(
            "{step} 要由没有办过 {} 的人办 / {step} needs another person than {}: one person takes one step of a report",
            past.step, past.step
        )),
        None => Ok(row),
    }
}

/// Refuses a step of a version that was corrected.
fn check_stands(tx: &mut dyn Tx, report: &Report) -> Result<(), Refusal> {
    let mut corrected = reports::corrected(tx, std::slice::from_ref(&report.id))?;
    match corrected.remove(&report.id) {
        Some(number) => Err(Refusal::new(
            Code::ReportStep,
            format!(
                "已由 {number} 更正，请办那一版 / corrected by {number}: take the step with that version"
            ),
        )),
        None => Ok(()),
    }
}

/// Refuses a step upwards without a reason if a report that was added up does not stand any more.
fn check_parts(
    tx: &mut dyn Tx,
    sealed: &SealedReport,
    row: &ReportStep,
    reason: &str,
) -> Result<(), Refusal> {
    let upwards = row.settled || !row.added_up.is_empty();
    if !upwards || !reason.is_empty() {
        return Ok(());
    }
    let changed = changed_parts(tx, sealed)?;
    let numbers: Vec<_> = changed.iter().map(|part| part.report.as_str()).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{}: 汇总之后已更正、退回或撤销；更正本报表，或写明理由 / corrected, returned or withdrawn since they were added up: correct this report, or give the reason for leaving it as it is",
        numbers.join(", ")
    );
    Err(Refusal::new(Code::ReportStep, detail))
}

/// Takes a step in a transaction that has locked the report.
fn apply(
    tx: &mut dyn Tx,
    reach: &Reach,
    (report, sealed): (&Report, &SealedReport),
    order: &StepOrder,
    now: i64,
) -> Result<(), Refusal> {
    let taken = reports::steps(tx, std::slice::from_ref(&report.id))?.remove(&report.id);
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
    check_stands(tx, report)?;
    let area = spaces::area(&report.area)?;
    let levels = levels(tx, &area, &report.period_to)?;
    let table = &Catalogue::embedded().indicators.report_steps;
    let who = (aliases.kept(person), role);
    let row = plan(table, &taken, &levels, &order.step, who)
        .map_err(|why| Refusal::new(Code::ReportStep, why))?;
    post::check(tx, reach, role, &area, &report.period_to)?;
    let said = order.reason.as_deref().unwrap_or_default().trim();
    let said = if row.reason || !said.is_empty() {
        reason(said)?
    } else {
        String::new()
    };
    check_parts(tx, sealed, row, &said)?;
    let step = Step {
        report: report.id.clone(),
        n: taken.len() as i64 + 1,
        step: order.step.clone(),
        person,
        role,
        at: now,
        reason: said,
    };
    if !reports::add_step(tx, &step)? {
        let detail = "别人刚办了一个环节，请重新查看 / another person has just taken a step: read the report again";
        return Err(Refusal::new(Code::ReportStep, detail));
    }
    Ok(())
}

impl Reporting {
    /// Takes a step with a report. Steps and corrections of one report are serialised.
    ///
    /// # Errors
    /// `report-step` stating why the step is refused; `not-found`; `out-of-scope`; `bad-filter` if a reason is missing.
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
                reports::lock(tx, std::slice::from_ref(&id))?;
                let (report, sealed) = stored::find(tx, &reach, &id)?;
                apply(tx, &reach, (&report, &sealed), &order, now)?;
                let mut views = list::views(tx, vec![report])?;
                views
                    .pop()
                    .ok_or_else(|| Refusal::new(Code::Internal, "the report is gone"))
            })
            .await
    }
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
    fn a_report_goes_from_county_to_province_and_nobody_takes_two_steps() {
        use Role::{CityReviewer, CountyReviewer, ProvinceReviewer};
        let table = &Catalogue::embedded().indicators.report_steps;
        let county = [Level::County];
        let draft: &[(&str, u8)] = &[("draft", 1)];
        let signed: &[(&str, u8)] = &[("draft", 1), ("county_signed", 2)];
        let checked: &[(&str, u8)] = &[("draft", 1), ("county_signed", 2), ("city_checked", 3)];
        let sent: &[(&str, u8)] = &[("draft", 1), ("city_checked", 3), ("submitted", 5)];
        for (past, step, n, role, may) in [
            (draft, "county_signed", 2, CountyReviewer, true),
            (draft, "county_signed", 1, CountyReviewer, false),
            (draft, "county_signed", 2, ProvinceReviewer, false),
            (draft, "city_checked", 3, CityReviewer, false),
            (signed, "city_checked", 3, CityReviewer, true),
            (signed, "city_checked", 2, CityReviewer, false),
            (checked, "submitted", 3, CityReviewer, false),
            (checked, "submitted", 5, CityReviewer, true),
            (sent, "accepted", 4, ProvinceReviewer, true),
            (sent, "accepted", 3, ProvinceReviewer, false),
            (sent, "accepted", 1, ProvinceReviewer, false),
            (sent, "withdrawn", 6, CountyReviewer, false),
            (draft, "draft", 2, CountyReviewer, false),
            (sent, "returned", 4, ProvinceReviewer, true),
            (sent, "locked", 4, ProvinceReviewer, false),
            (sent, "burnt", 4, ProvinceReviewer, false),
        ] {
            let past = taken(past);
            let planned = plan(table, &past, &county, step, (who(n), role));
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
        assert!(returned.unwrap().reason, "a reason is needed");
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
