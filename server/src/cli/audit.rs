//! `xuncha admin audit`: verifies the chains of the audit log, and exports it.

use anyhow::bail;
use clap::Subcommand;
use xuncha_server::{
    audit::{Noted, line},
    http::Components,
    say,
    storage::{Storage, Tx, audits},
};

/// Rows that are read at once.
const PAGE: i64 = 500;

/// Commands for the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditLog {
    /// 核验 / Recompute every chain, and name the first row that was altered, removed, inserted or moved.
    Verify {
        /// The last row of a chain as an earlier run printed it, CHAIN:NUMBER:HASH; may be repeated. Shows that the log was not
        /// replaced as a whole.
        #[arg(long)]
        noted: Vec<Noted>,
    },
    /// 导出 / Print all rows as lines of JSON, chain by chain.
    Export,
}

impl AuditLog {
    pub(super) async fn run(
        self,
        storage: &Storage,
        components: &Components,
    ) -> anyhow::Result<()> {
        match self {
            Self::Verify { noted } => {
                let key = components.access.key().public();
                let mut found = components.audit.verify(key).await?;
                found.faults.extend(components.audit.compare(noted).await?);
                for fault in &found.faults {
                    say!("{fault}");
                }
                if !found.faults.is_empty() {
                    bail!("审计日志被改动 / the audit log was changed by hand");
                }
                let (chains, rows) = (found.chains, found.rows);
                say!("审计日志完整 / the audit log is intact: {chains} chains, {rows} rows");
                say!(
                    "末条记录（请另存，下次用 --noted 核对）/ last rows (keep them elsewhere, compare with --noted):"
                );
                for end in &found.ends {
                    say!("{end}");
                }
                Ok(())
            }
            Self::Export => {
                for chain in storage.read(|tx| audits::chains(tx)).await? {
                    let mut after = 0;
                    loop {
                        let name = chain.clone();
                        let page = move |tx: &mut dyn Tx| audits::after(tx, &name, after, PAGE);
                        let rows = storage.read(page).await?;
                        let Some(last) = rows.last() else { break };
                        after = last.number;
                        for row in &rows {
                            say!("{}", line(row));
                        }
                    }
                }
                Ok(())
            }
        }
    }
}
