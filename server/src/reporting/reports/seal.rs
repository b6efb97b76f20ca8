//! Sealing: the draft gets its own number, is signed and stored.

use sync_core::{
    identity::{ReportSeal, SecretKey},
    wire::Code,
};

use super::{
    document::SealedReport,
    draft::{Draft, gather},
    list::{self, ReportView},
    order::{Checked, Order},
};
use crate::{
    access::Reach,
    host::random,
    refusal::Refusal,
    reporting::Reporting,
    storage::{
        Tx,
        reports::{self, Report},
    },
};

/// Assigns the number, signs the report and stores it.
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
    // Another order was sealed since the draft was made.
    if let Some(newest) = versions
        .first()
        .filter(|r| r.version >= draft.sealed.version)
    {
        return Err(Refusal::new(Code::ReportExists, newest.number.clone()));
    }
    let sealed = SealedReport {
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
        person: checked.person,
        role: checked.role,
        sealed_at: checked.counting.as_of,
        sha256: seal.sha256.to_vec(),
        signature: seal.signature.as_bytes().to_vec(),
        bytes,
    };
    reports::insert(tx, &report)?;
    super::steps::begin(tx, &report)?;
    let mut views = list::views(tx, vec![report])?;
    views
        .pop()
        .ok_or_else(|| Refusal::new(Code::Internal, "the report is gone"))
}

impl Reporting {
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
        let checked = order.check(reach, now)?;
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
