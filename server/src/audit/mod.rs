//! The audit log: who did what, when, from where, and with what outcome.
//!
//! Rows are only appended. Each row contains the hash of the row before it in its chain; [`Audit::verify`] names the first
//! row that was altered, removed, inserted or moved by hand. A process of a server on PostgreSQL has a chain of its own, so
//! that processes do not wait for each other; the chain `main` names every other chain.

mod counts;
mod entry;
mod line;
mod refused;
mod retention;
mod search;
mod syslog;
mod verify;

use std::sync::Arc;

use sync_core::record::ServerTime;

use crate::{
    host::{Now, random},
    refusal::Refusal,
    storage::{
        Storage, StorageError, Tx,
        audits::{self, AuditRow, Head},
    },
};

pub use entry::{Entry, Kind};
pub use line::line;
pub use search::{AuditPage, AuditView, Query};
pub use syslog::Exporter;
pub use verify::{Fault, Noted, Verified};

use counts::RefusalCounts;

/// The chain that exists always. It names every other chain.
pub(crate) const MAIN: &str = "main";

/// Appends to the audit log.
#[derive(Clone)]
pub struct Audit {
    storage: Storage,
    now: Now,
    chain: Arc<str>,
    refusals: Arc<RefusalCounts>,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("chain", &self.chain).finish()
    }
}

impl Audit {
    /// The audit log of a process.
    pub fn new(storage: Storage, now: Now) -> Self {
        let chain = if storage.is_embedded() {
            MAIN.to_owned()
        } else {
            hex::encode(random::<8>())
        };
        Self {
            storage,
            now,
            chain: chain.into(),
            refusals: Arc::default(),
        }
    }

    /// The same log for a command, which ends soon: its rows are in the chain `main`.
    #[must_use]
    pub fn of_command(mut self) -> Self {
        self.chain = MAIN.into();
        self
    }

    /// Appends a row in the transaction of the act that it records: both are stored, or neither is.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn append(&self, tx: &mut dyn Tx, entry: &Entry) -> Result<(), StorageError> {
        append(tx, &self.chain, (self.now)(), entry)
    }

    /// Appends a row in a transaction of its own.
    ///
    /// # Errors
    /// [`Refusal`]; nothing may be returned to the caller then.
    pub async fn record(&self, entry: Entry) -> Result<(), Refusal> {
        let this = self.clone();
        let append = move |tx: &mut dyn Tx| this.append(tx, &entry);
        self.storage.write(append).await?;
        Ok(())
    }
}

/// Appends a row to a chain, and begins the chain if it is new.
fn append(
    tx: &mut dyn Tx,
    chain: &str,
    now: ServerTime,
    entry: &Entry,
) -> Result<(), StorageError> {
    let head = match audits::lock(tx, chain)? {
        Some(head) => head,
        None => {
            if chain != MAIN {
                let begun = Entry::new(Kind::Chain, "server").about(chain);
                append(tx, MAIN, now, &begun)?;
            }
            let head = Head {
                chain: chain.to_owned(),
                number: 0,
                hash: vec![0; 32],
                exported: 0,
                exporter: String::new(),
                exporter_until: ServerTime(0),
            };
            audits::begin(tx, &head)?;
            // Another transaction may have begun it.
            audits::lock(tx, chain)?.unwrap_or(head)
        }
    };
    let mut row = AuditRow {
        chain: head.chain,
        number: head.number + 1,
        at: now,
        actor: entry.actor.clone(),
        kind: entry.kind.name().to_owned(),
        subject: entry.subject.clone(),
        outcome: entry.outcome().to_owned(),
        cause: entry.cause.clone(),
        address: entry.address.clone(),
        purpose: entry.purpose.clone(),
        times: entry.times,
        before_hash: head.hash,
        hash: Vec::new(),
    };
    row.hash = entry::hash(&row);
    audits::append(tx, &row)
}
