//! `xuncha admin refold`: what the rules of this version change in the ledger, and the rebuild by these rules.

use std::{collections::BTreeMap, sync::Arc};

use clap::Args;
use indicatif::ProgressBar;
use sync_core::{
    catalogue::{Catalogue, StateCode},
    document::FOLD_VERSION,
    record::DeviceTime,
};
use xuncha_server::{
    http::Components,
    projection::{Stated, renew_intervals},
    refusal::Refusal,
    reporting::{Milli, Recounted, recount},
    say,
    storage::{Storage, StorageError},
};

use super::lists::moment;

/// Arguments of `admin refold`.
#[derive(Debug, Args)]
#[command(
    after_help = "Before the first start of a new version:\n  xuncha admin refold --report > changes.txt\nThe report changes nothing. `serve` of a new version folds the ledger again when it starts."
)]
pub(crate) struct Refold {
    /// 只列出变化，不改台账 / Only list what would change.
    #[arg(long)]
    report: bool,
}

impl Refold {
    pub(crate) async fn run(
        self,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        let projection = &components.projection;
        if !self.report {
            let done = projection.rebuild().await?;
            say!(
                "台账已按规则第{FOLD_VERSION}版重建 / rebuilt by rules version {FOLD_VERSION}: {} documents, {} damaged",
                done.documents,
                done.damaged
            );
            return Ok(());
        }
        report(storage, components, components.editions.catalogue()).await
    }
}

/// Lists what the rules of this program and a catalogue would change in the ledger and in sealed reports. Writes nothing.
pub(super) async fn report(
    storage: &Storage,
    components: &Components,
    catalogue: &Arc<Catalogue>,
) -> anyhow::Result<()> {
    let projection = &components.projection;
    let found = projection.ledger_rules().await?;
    let (edition, new) = (projection.ledger_edition().await?, catalogue.newest());
    say!(
        "台账按规则第{found}版、目录第{edition}版，重算按规则第{FOLD_VERSION}版、目录第{new}版 / ledger by rules version {found} and catalogue {edition}, compared with rules version {FOLD_VERSION} and catalogue {new}"
    );
    let progress = ProgressBar::new_spinner();
    let mut totals: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut changes = 0_usize;
    let compared = projection
        .compare_rules(
            catalogue,
            |documents| progress.inc(documents as u64),
            |change| {
                let (old, new) = (&change.before, &change.after);
                changes += 1;
                *totals.entry((name(old), name(new))).or_default() += 1;
                let day = |at: Option<DeviceTime>| at.map_or_else(nothing, |at| moment(at.0));
                let parts = [
                    ("状态 / state", name(old), name(new)),
                    ("轮次 / round", old.round.to_string(), new.round.to_string()),
                    ("等级 / grade", old.grade.clone(), new.grade.clone()),
                    ("期限 / deadline", day(old.deadline), day(new.deadline)),
                    ("计入 / counts", counts(old), counts(new)),
                    (
                        "未决冲突 / open conflicts",
                        old.conflicts.to_string(),
                        new.conflicts.to_string(),
                    ),
                ];
                let what = differing(&parts);
                progress.suspend(|| say!("{}  {}  {what}", change.space, change.doc));
            },
        )
        .await?;
    progress.finish_and_clear();
    for ((before, after), count) in totals {
        say!("{before} → {after}: {count}");
    }
    say!("核对{compared}件记录，{changes}件变化 / compared {compared} documents, {changes} change");
    list_figures(storage, catalogue).await
}

/// The result of a write that must not be kept.
struct Discarded(Result<(usize, Vec<Recounted>), Refusal>);

impl From<StorageError> for Discarded {
    fn from(error: StorageError) -> Self {
        Self(Err(error.into()))
    }
}

/// Lists the figures of sealed reports that the rules of this version would change. All documents are folded and the
/// reports counted in one transaction, which is discarded.
async fn list_figures(storage: &Storage, catalogue: &Arc<Catalogue>) -> anyhow::Result<()> {
    let catalogue = Arc::clone(catalogue);
    let counted = storage
        .write(move |tx| -> Result<(), Discarded> {
            renew_intervals(tx, &catalogue)?;
            Err(Discarded(recount(tx)))
        })
        .await;
    let (compared, changed) = match counted {
        Err(Discarded(found)) => found?,
        Ok(()) => Default::default(),
    };
    let value = |value: Option<Milli>| {
        let text = value.and_then(|milli| serde_json::to_string(&milli).ok());
        text.unwrap_or_else(nothing)
    };
    for report in &changed {
        for d in &report.differences {
            let area = d.area.as_deref().unwrap_or(&report.area);
            let (before, now) = (value(d.before), value(d.now));
            say!(
                "{}  {}–{}  {area}  {} {}: {before} → {now}",
                report.number,
                report.from,
                report.to,
                d.indicator,
                d.column
            );
        }
    }
    let differ = changed.len();
    say!(
        "核对{compared}份封存报表，{differ}份的数字会变，已封存的不改 / compared {compared} sealed reports, {differ} would differ; they keep their bytes"
    );
    Ok(())
}

/// What stands for a value that is absent.
fn nothing() -> String {
    "–".to_owned()
}

/// The number and the Chinese name of the state of a hazard, or the name of that of an activity; before the document is in
/// the ledger it has none.
fn name(stated: &Stated) -> String {
    if let Some((state, _)) = stated.activity {
        return state.zh().to_owned();
    }
    if stated.state == StateCode::NONE {
        return "未入台账".to_owned();
    }
    let row = Catalogue::embedded().rules.state(stated.state);
    row.map_or_else(
        || stated.state.to_string(),
        |row| format!("{} {}", stated.state, row.zh),
    )
}

/// Whether an activity or an inspection counts.
fn counts(stated: &Stated) -> String {
    match stated.activity {
        None => nothing(),
        Some((_, true)) => "是 / yes".to_owned(),
        Some((_, false)) => "否 / no".to_owned(),
    }
}

/// The parts that differ, each with what it was and what it becomes.
fn differing(parts: &[(&str, String, String)]) -> String {
    let changed = parts.iter().filter(|(_, old, new)| old != new);
    let words: Vec<String> = changed
        .map(|(what, old, new)| format!("{what} {old} → {new}"))
        .collect();
    words.join("; ")
}
