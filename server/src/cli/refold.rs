//! `xuncha admin refold`: what the rules of this version change in the ledger, and the rebuild by these rules.

use std::collections::BTreeMap;

use clap::Args;
use indicatif::ProgressBar;
use sync_core::document::FOLD_VERSION;
use xuncha_server::{http::Components, say};

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
    pub(crate) async fn run(self, components: &Components) -> anyhow::Result<()> {
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
        let found = projection.ledger_rules().await?;
        say!(
            "台账按规则第{found}版，本程序为第{FOLD_VERSION}版 / ledger by rules version {found}, this program has version {FOLD_VERSION}"
        );
        let progress = ProgressBar::new_spinner();
        let mut totals: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut changes = 0_usize;
        let compared = projection
            .compare_rules(
                |documents| progress.inc(documents as u64),
                |change| {
                    changes += 1;
                    *totals.entry(change.states()).or_default() += 1;
                    progress.suspend(|| say!("{}", change.words()));
                },
            )
            .await?;
        progress.finish_and_clear();
        for ((before, after), count) in totals {
            say!("{before} → {after}: {count}");
        }
        say!(
            "核对{compared}处隐患，{changes}处变化 / compared {compared} hazards, {changes} change"
        );
        Ok(())
    }
}
