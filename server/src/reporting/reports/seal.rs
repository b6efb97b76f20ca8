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
    standing::{Standing, subject},
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

/// Refuses a draft that does not follow the newest version any more, or whose parts do not stand as they did.
fn check_unchanged(tx: &mut dyn Tx, draft: &Draft, checked: &Checked) -> Result<(), Refusal> {
    let locked: Vec<Vec<u8>> = draft
        .sources
        .iter()
        .chain(&checked.corrects)
        .cloned()
        .collect();
    reports::lock(tx, &locked)?;
    let standing = Standing::read(tx, &checked.subject())?;
    standing.corrects(checked.corrects.as_deref())?;
    if standing.highest() >= draft.sealed.version {
        return Err(Refusal::new(
            Code::ReportStep,
            "封存期间版本有变，请重试 / its versions changed while it was sealed: seal it again",
        ));
    }
    let Some(level) = draft.level else {
        return Ok(());
    };
    for id in &draft.sources {
        let Some(part) = reports::find(tx, id)? else {
            continue;
        };
        let of_part = Standing::read(tx, &subject(&part))?;
        let same = of_part.newest().is_some_and(|newest| newest.id == part.id);
        if !same
            || of_part
                .left_out(&part, level, checked.counting.cut_off)
                .is_some()
        {
            let detail = format!(
                "{}: 封存期间有变，请重试 / changed while it was added up: seal the report again",
                part.number
            );
            return Err(Refusal::new(Code::ReportStep, detail));
        }
    }
    Ok(())
}

/// Assigns the number, signs the report and stores it.
fn apply(
    tx: &mut dyn Tx,
    draft: &Draft,
    checked: &Checked,
    key: &SecretKey,
) -> Result<ReportView, Refusal> {
    let series = draft.series(checked, &reports::epoch(tx, random())?);
    // First: of concurrent orders of one report, the others wait here.
    let n = reports::next_number(tx, &series)?;
    check_unchanged(tx, draft, checked)?;
    let sealed = SealedReport {
        number: format!("{series}-{n:03}"),
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
        without_duties: sealed.without_duties,
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
    reports::add_sources(tx, &report.id, &draft.sources)?;
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
