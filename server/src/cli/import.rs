//! `xuncha admin import-regions` and `import-compounds`: a CSV file, checked completely before anything is written.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use xuncha_server::{
    register::{self, import_compounds, import_regions},
    say,
    storage::Storage,
};

/// Lines that are listed one by one; of the rest only the number is shown.
const NAMED: usize = 50;

/// A table to import.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// CSV in UTF-8, column names in the first line.
    file: PathBuf,
    /// Only show what would be done.
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    fn read(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| self.file.display().to_string())
    }

    pub(super) async fn regions(self, storage: &Storage) -> anyhow::Result<()> {
        let done = import_regions(storage, self.read()?, self.dry_run).await?;
        self.tell(&done)
    }

    pub(super) async fn compounds(self, storage: &Storage) -> anyhow::Result<()> {
        let done = import_compounds(storage, self.read()?, self.dry_run).await?;
        self.tell(&done)
    }

    fn tell(&self, done: &register::Import) -> anyhow::Result<()> {
        for warning in &done.warnings {
            say!("注意 / look at: {warning}");
        }
        for bad in done.bad.iter().take(NAMED) {
            say!("第 {} 行 / line {}: {}", bad.line, bad.line, bad.problem);
        }
        let counts = format!(
            "{} new, {} changed, {} the same, {} buildings",
            done.added, done.changed, done.same, done.buildings
        );
        ensure!(
            done.bad.is_empty(),
            "{} 行有误，未写入任何内容 / {} bad lines, nothing was written ({counts})",
            done.bad.len(),
            done.bad.len()
        );
        let verdict = if done.written {
            "已导入 / imported"
        } else {
            "试运行，未写入 / dry run, nothing was written"
        };
        say!("{verdict}: {counts}");
        Ok(())
    }
}
