//! `xuncha admin safe-mark`: states up to where an off-site backup holds the log.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use jiff::Timestamp;
use xuncha_server::{
    app::system_clock,
    backup::Manifest,
    say,
    storage::{
        Storage, StorageError, Tx, arrivals,
        spaces::{self, Space},
    },
};

/// Arguments of `safe-mark`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SafeMark {
    /// A backup of `xuncha admin backup` that is kept at another place.
    backup: Option<PathBuf>,
    /// A time such as 2024-04-01T00:00:00+08:00: an off-site backup of the database holds everything received before it.
    #[arg(long)]
    before: Option<Timestamp>,
}

impl SafeMark {
    pub(super) async fn run(self, storage: &Storage) -> anyhow::Result<()> {
        let marked = match (self.backup, self.before) {
            (Some(folder), _) => {
                let held = tokio::task::spawn_blocking(move || heads(&folder)).await??;
                storage.write(move |tx| by_backup(tx, &held)).await?
            }
            (None, Some(before)) => {
                let at = before.as_millisecond();
                let now = system_clock()().0;
                ensure!(
                    at <= now,
                    "--before: the time is to come; name one that is over"
                );
                storage.write(move |tx| by_time(tx, at)).await?
            }
            (None, None) => bail!("name a backup, or a time with --before"),
        };
        for (space, mark) in &marked {
            say!("{}  {mark} / {}", space.id, space.head);
        }
        ensure!(
            !marked.is_empty(),
            "没有匹配的空间 / no log of this server is in the backup, or all have a new epoch since"
        );
        Ok(())
    }
}

/// The spaces of a backup.
fn heads(folder: &std::path::Path) -> anyhow::Result<Vec<Space>> {
    Manifest::read(folder)?;
    let file = folder.join("xuncha.db");
    let storage = Storage::open_read_only(&file).with_context(|| file.display().to_string())?;
    let heads = storage.read_now(spaces::list)?;
    storage.close();
    Ok(heads)
}

type Marked = Vec<(Space, u64)>;

/// A log with a new epoch since the backup continues otherwise than the backup states.
fn by_backup(tx: &mut dyn Tx, held: &[Space]) -> Result<Marked, StorageError> {
    let mut marked = Vec::new();
    for space in spaces::list(tx)? {
        let found = held
            .iter()
            .find(|one| (&one.id, one.log) == (&space.id, space.log));
        if let Some(one) = found {
            let mark = spaces::raise_safe_mark(tx, &space.id, one.head)?;
            marked.push((space, mark));
        }
    }
    Ok(marked)
}

fn by_time(tx: &mut dyn Tx, at: i64) -> Result<Marked, StorageError> {
    let mut marked = Vec::new();
    for space in spaces::list(tx)? {
        let upto = arrivals::seq_before(tx, &space.id, at)?;
        let mark = spaces::raise_safe_mark(tx, &space.id, upto)?;
        marked.push((space, mark));
    }
    Ok(marked)
}
