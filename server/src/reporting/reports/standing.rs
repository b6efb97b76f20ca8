//! The versions of one report, and which of them stands: the newest that was not withdrawn, unless it was corrected.

use std::collections::HashMap;

use sync_core::{
    catalogue::{Catalogue, Level, ReportStep},
    wire::Code,
};

use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        reports::{self, Report, Step, Subject},
    },
};

/// The step that a report stands at: the last one.
pub(super) fn state(steps: &[Step]) -> &str {
    steps.last().map_or(ReportStep::FIRST, |step| &step.step)
}

/// The versions of one report with their steps.
pub(super) struct Standing {
    /// Newest first.
    versions: Vec<Report>,
    steps: HashMap<Vec<u8>, Vec<Step>>,
    /// The versions that were corrected, each with the number of the correction.
    corrected: HashMap<Vec<u8>, String>,
}

impl Standing {
    pub(super) fn read(tx: &mut dyn Tx, subject: &Subject<'_>) -> Result<Self, StorageError> {
        let versions = reports::versions(tx, subject)?;
        let ids: Vec<_> = versions.iter().map(|report| report.id.clone()).collect();
        Ok(Self {
            steps: reports::steps(tx, &ids)?,
            corrected: reports::corrected(tx, &ids)?,
            versions,
        })
    }

    /// The newest version that was not withdrawn.
    pub(super) fn newest(&self) -> Option<&Report> {
        let stands = |report: &&Report| self.state(report) != ReportStep::WITHDRAWN;
        self.versions.iter().find(stands)
    }

    /// The highest version number, withdrawn versions included; 0 if there is none.
    pub(super) fn highest(&self) -> i64 {
        self.versions.first().map_or(0, |report| report.version)
    }

    /// The step that a version stands at.
    pub(super) fn state(&self, report: &Report) -> &str {
        self.steps
            .get(&report.id)
            .map_or(ReportStep::FIRST, |s| state(s))
    }

    /// The version that an order corrects, which must be the newest; none if it is the first that stands.
    ///
    /// # Errors
    /// `report-exists` naming the newest version, `not-found`, or `report-step` if it must be returned first.
    pub(super) fn corrects(&self, named: Option<&[u8]>) -> Result<Option<&Report>, Refusal> {
        match (self.newest(), named) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Refusal::new(
                Code::NotFound,
                "corrects: 同一地区、种类、时段、口径没有这份报表 / no such report of this area, kind, period and counting of duties",
            )),
            (Some(newest), Some(id)) if newest.id == id => {
                let at = self.state(newest);
                if Catalogue::embedded().indicators.is_settled(at) {
                    let detail = format!(
                        "{}: 已办到 {at}，先退回或解锁再更正 / it stands at {at}: have it returned or unlocked with a reason before you correct it",
                        newest.number
                    );
                    return Err(Refusal::new(Code::ReportStep, detail));
                }
                Ok(Some(newest))
            }
            (Some(newest), _) => Err(Refusal::new(Code::ReportExists, newest.number.clone())),
        }
    }

    /// Why the newest version is not added up in a report with this cut-off; `None` if it is.
    pub(super) fn left_out(
        &self,
        newest: &Report,
        level: Level,
        cut_off: i64,
    ) -> Option<&'static str> {
        let table = &Catalogue::embedded().indicators;
        if self.corrected.contains_key(&newest.id) {
            Some("corrected")
        } else if !table.is_added_up(self.state(newest), level) {
            Some("step")
        } else if newest.cut_off > cut_off {
            Some("cut_off")
        } else {
            None
        }
    }
}

/// What the versions of a stored report have in common.
pub(super) fn subject(report: &Report) -> Subject<'_> {
    Subject {
        area: &report.area,
        kind: &report.kind,
        period: (&report.period_from, &report.period_to),
        without_duties: report.without_duties,
    }
}
