//! `xuncha admin audit`: verifies the chains of the audit log, and exports it.

use anyhow::bail;
use clap::Subcommand;
use xuncha_server::{
    audit::line,
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
    Verify,
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
            Self::Verify => {
                let key = components.access.key().public();
                let found = components.audit.verify(key).await?;
                for fault in &found.faults {
                    say!("{fault}");
                }
                if !found.faults.is_empty() {
                    bail!("审计日志被改动 / the audit log was changed by hand");
                }
                let (chains, rows) = (found.chains, found.rows);
                say!("审计日志完整 / the audit log is intact: {chains} chains, {rows} rows");
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
