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
    /// CSV in UTF-8 or GBK, column names in the first line. What the file has no column for stays as it is; an empty cell
    /// clears.
    file: PathBuf,
    /// Only show what would be done: each cell that changes and each figure that moves.
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    fn read(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| self.file.display().to_string())
    }

    /// The day from which on a dry run shows the figures.
    fn today(&self, now: i64) -> Option<String> {
        self.dry_run.then(|| register::day(now))
    }

    pub(super) async fn regions(self, storage: &Storage, now: i64) -> anyhow::Result<()> {
        let done = import_regions(storage, self.read()?, self.today(now)).await?;
        tell(&done)
    }

    pub(super) async fn compounds(self, storage: &Storage, now: i64) -> anyhow::Result<()> {
        let done = import_compounds(storage, self.read()?, self.today(now)).await?;
        tell(&done)
    }
}

fn tell(done: &register::Import) -> anyhow::Result<()> {
    for note in &done.notes {
        say!("注意 / note: {note}");
    }
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
        "{} 处有误，未写入任何内容 / {} mistakes, nothing was written ({counts})",
        done.bad.len(),
        done.bad.len()
    );
    if !done.written {
        show(done);
    }
    let verdict = if done.written {
        "已导入 / imported"
    } else {
        "试运行，未写入 / dry run, nothing was written"
    };
    say!("{verdict}: {counts}");
    if done.is_idle() {
        say!("文件与已存内容相同，没有变化 / nothing changes");
    }
    Ok(())
}

/// Shows what a dry run found: every cell and every figure.
fn show(done: &register::Import) {
    let or = |text: &str, none: &str| {
        if text.is_empty() {
            none.to_owned()
        } else {
            text.to_owned()
        }
    };
    for change in &done.changes {
        let (line, row) = (change.line, &change.row);
        if change.column.is_empty() {
            say!("第 {line} 行 / line {line}: {row}: 新增 / new");
            continue;
        }
        // A building is there or not; a cell is empty.
        let none = if change.before.contains(':') || change.after.contains(':') {
            "(无 / none)"
        } else {
            "(空 / empty)"
        };
        let (before, after) = (or(&change.before, none), or(&change.after, none));
        say!(
            "第 {line} 行 / line {line}: {row}: {}: {before} → {after}",
            change.column
        );
    }
    for figure in &done.moves {
        let ([h0, h1], [c0, c1]) = (figure.hazards, figure.compounds);
        say!(
            "{} 起 / from {} {}: 隐患 / hazards {h0} → {h1}, 小区 / compounds {c0} → {c1}",
            figure.from,
            figure.from,
            figure.area
        );
    }
}
