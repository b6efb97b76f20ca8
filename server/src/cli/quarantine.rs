//! `xuncha admin quarantine`: lists what cannot be judged yet, and a person releases or rejects it.

use anyhow::{bail, ensure};
use clap::Subcommand;
use sync_core::record::DeviceId;
use xuncha_server::{
    app::system_clock,
    http::Components,
    note, say,
    storage::{
        Storage, Tx,
        quarantine::{self, Quarantined},
    },
};

use super::{
    lists::{device_like, digits, moment},
    unattested::stated,
};

/// Digits of a hash that are shown, and that name a change.
const SHOWN: usize = 12;
/// Changes that one command decides at most.
const MOST: usize = 5_000;

/// Commands for the quarantine.
#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// 列出 / List what is quarantined: device, reason, amount, time.
    List,
    /// 查看 / Show each change of a device: record, authors and kinds of its events, reason, time.
    Show {
        /// The device, or the beginning of its id.
        device: String,
    },
    /// 放行 / Move changes into the log: they are checked again, and count as received now.
    Release {
        #[command(flatten)]
        decision: Decision,
        /// 担保 / Also changes that another device than their author's brought without proofs: you vouch that the named authors made
        /// them.
        #[arg(long)]
        vouch: bool,
    },
    /// 驳回 / Reject changes: they stay in the quarantine with the reason, and are never applied.
    Reject(Decision),
}

/// What is decided, and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  xuncha admin quarantine release 3f9a0c12be77 --reason 本人已到场核实\n  xuncha admin quarantine reject 018e7310 --reason 冒用他人手机"
)]
pub(crate) struct Decision {
    /// A change as `show` names it (12 digits), or a device for all its changes.
    which: String,
    /// Why, for the audit log.
    #[arg(long)]
    reason: String,
}

impl Commands {
    /// Whether the command changes nothing.
    pub(super) const fn only_reads(&self) -> bool {
        matches!(self, Self::List | Self::Show { .. })
    }

    /// Runs a command that changes nothing.
    pub(super) async fn list(self, storage: &Storage) -> anyhow::Result<()> {
        match self {
            Self::List => list(storage).await,
            Self::Show { device } => {
                let device = device_like(storage, &device).await?;
                let found = of_device(storage, device).await?;
                found.iter().for_each(show);
                if found.is_empty() {
                    say!("没有隔离内容 / nothing is quarantined");
                }
                Ok(())
            }
            Self::Release { .. } | Self::Reject(_) => Ok(()),
        }
    }

    pub(super) async fn run(
        self,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        match self {
            Self::Release { decision, vouch } => decision.release(storage, components, vouch).await,
            Self::Reject(decision) => decision.reject(storage).await,
            reads => reads.list(storage).await,
        }
    }
}

impl Decision {
    /// The changes that are named and not decided.
    async fn named(&self, storage: &Storage) -> anyhow::Result<Vec<Quarantined>> {
        ensure!(
            !self.reason.trim().is_empty(),
            "--reason: 请写明理由 / state why"
        );
        let hex = digits(&self.which)?;
        let like = move |tx: &mut dyn Tx| quarantine::like(tx, &hex);
        let mut found = if self.which.len() >= SHOWN {
            storage.read(like).await?
        } else {
            Vec::new()
        };
        if found.len() > 1 {
            bail!(
                "{} is the beginning of several changes; write more of it",
                self.which
            );
        }
        if found.is_empty() {
            let device = device_like(storage, &self.which).await?;
            found = of_device(storage, device).await?;
            found.retain(|change| change.rejected_at.is_none());
        }
        ensure!(
            !found.is_empty(),
            "{} 没有待处理的隔离内容 / nothing of it waits in the quarantine; see the list",
            self.which
        );
        Ok(found)
    }

    async fn release(
        self,
        storage: &Storage,
        components: &Components,
        vouch: bool,
    ) -> anyhow::Result<()> {
        let found = self.named(storage).await?;
        let released = components.ingest.release(found.clone(), vouch).await?;
        say!("已放行 / released: {}", released.done.len());
        let is_unproven = |row: &&Quarantined| released.unproven.contains(&row.hash);
        for row in found.iter().filter(is_unproven) {
            note!("{}  {}", short(&row.hash.to_string()), stated(&row.bytes));
        }
        for (hash, code) in &released.left {
            let hash = hash.to_string();
            let reread = hash.clone();
            let row = storage
                .read(move |tx| quarantine::like(tx, &reread))
                .await?;
            let why = row.first().map_or("", |row| row.reason.as_str());
            note!("{}  {}  {why}", short(&hash), code.name());
        }
        ensure!(
            released.unproven.is_empty(),
            "{} 条由别的设备带来、没有作者签名，见上。向所列作者核实后加 --vouch 放行，或驳回 / another device brought these without proofs of the authors named above: ask them, then repeat with --vouch, or reject them",
            released.unproven.len()
        );
        ensure!(
            released.left.is_empty(),
            "{} 条仍在隔离区，原因见上。missing-dependencies：先放行它所依据的内容；无权作出的：在有权的设备上重新登记，或驳回 / stay in the quarantine for the reasons above. missing-dependencies: release what it builds on first; no authority: state it again on a device that has, or reject it",
            released.left.len()
        );
        Ok(())
    }

    async fn reject(self, storage: &Storage) -> anyhow::Result<()> {
        let found = self.named(storage).await?;
        let (why, now) = (self.reason, system_clock()());
        let reject = move |tx: &mut dyn Tx| {
            let mut rejected = 0_usize;
            for change in &found {
                let which = (change.doc, change.hash);
                rejected += usize::from(quarantine::reject(tx, which, &why, now)?);
            }
            Ok::<_, xuncha_server::storage::StorageError>(rejected)
        };
        say!("已驳回 / rejected: {}", storage.write(reject).await?);
        Ok(())
    }
}

fn short(hash: &str) -> &str {
    &hash[..SHOWN.min(hash.len())]
}

async fn of_device(storage: &Storage, device: DeviceId) -> anyhow::Result<Vec<Quarantined>> {
    let read = move |tx: &mut dyn Tx| quarantine::of_device(tx, device, MOST);
    Ok(storage.read(read).await?)
}

async fn list(storage: &Storage) -> anyhow::Result<()> {
    let found = storage.read(|tx| quarantine::counted(tx)).await?;
    for aside in &found {
        say!(
            "{}  {}{}  {} 条 / changes, {} B  {} – {}",
            aside.device,
            if aside.rejected {
                "已驳回 / rejected  "
            } else {
                ""
            },
            aside.reason,
            aside.changes,
            aside.bytes,
            moment(aside.received.0.0),
            moment(aside.received.1.0)
        );
    }
    if found.is_empty() {
        say!("没有隔离内容 / nothing is quarantined");
    }
    Ok(())
}

fn show(change: &Quarantined) {
    let hash = change.hash.to_string();
    let decided = change
        .rejected_why
        .as_ref()
        .map_or_else(String::new, |why| format!("  已驳回 / rejected: {why}"));
    say!(
        "{}  {}  {}  {}  {}{decided}",
        short(&hash),
        change.doc,
        moment(change.received_at.0),
        stated(&change.bytes),
        change.reason
    );
}
