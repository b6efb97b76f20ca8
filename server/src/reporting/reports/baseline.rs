//! The baseline of a report: how far the log of each space was counted.

use sync_core::{catalogue::ReportingTree, record::AreaPath, wire::Code};

use super::document::{Marked, SealedReport};
use crate::{
    refusal::Refusal,
    register,
    storage::{StorageError, Tx, spaces},
};

/// A space with the sequence number up to which its log was counted.
pub(super) type Counted = (AreaPath, u64);

/// What of a report is needed to find its late arrivals.
pub(super) struct Baseline {
    pub(super) area: AreaPath,
    pub(super) cut_off: i64,
    pub(super) parents: ReportingTree,
    pub(super) marks: Vec<Marked>,
}

impl Baseline {
    /// The baseline of a sealed report.
    pub(super) fn of(
        tx: &mut dyn Tx,
        sealed: &SealedReport,
        cut_off: i64,
    ) -> Result<Self, Refusal> {
        let damaged = |_| Refusal::new(Code::ReportDamaged, sealed.number.clone());
        Ok(Self {
            area: sealed.area.parse().map_err(damaged)?,
            cut_off,
            // The hierarchy of the figures: a cut-off at midnight is the beginning of the next day.
            parents: register::parents(tx, &sealed.to)?,
            marks: sealed.marks.clone(),
        })
    }

    /// The marks whose log epoch is still the present one, and the spaces of the others.
    pub(super) fn comparable(
        &self,
        tx: &mut dyn Tx,
    ) -> Result<(Vec<Counted>, Vec<String>), StorageError> {
        let (mut good, mut gone) = (Vec::new(), Vec::new());
        for mark in &self.marks {
            let space = spaces::area(&mark.space)?;
            match spaces::find(tx, &space)? {
                Some(log) if log.log.to_string() == mark.log => good.push((space, mark.seq)),
                _ => gone.push(mark.space.clone()),
            }
        }
        Ok((good, gone))
    }
}
