//! Recomputes the chains and names the first row that does not fit.

use std::collections::BTreeSet;

use sync_core::{
    identity::{PublicKey, Signature, key::Purpose},
    record::ServerTime,
};

use super::{Audit, MAIN, entry::hash, line::moment};
use crate::{
    refusal::Refusal,
    storage::{
        Storage, StorageError, Tx,
        audits::{self, Anchor, AuditRow, Head},
    },
};

/// Rows that are read at once.
const PAGE: i64 = 500;

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row does not have the hash of its content.
    #[error("chain {0}, row {1} ({2}): 内容被改动 / its content was altered")]
    Altered(String, i64, String),
    /// Rows are missing.
    #[error("chain {0}, row {1}: 记录缺失 / it was removed")]
    Removed(String, i64),
    /// A row does not follow the row before it.
    #[error(
        "chain {0}, row {1} ({2}): 与前一条不衔接，可能被插入或调换 / it does not follow the row before it: it was inserted or moved"
    )]
    Unlinked(String, i64, String),
    /// A row follows the last one that the server wrote.
    #[error(
        "chain {0}, row {1} ({2}): 不是服务器写入的 / the server did not write it: it was inserted"
    )]
    Inserted(String, i64, String),
    /// The anchor in front of the first row is not signed by this server.
    #[error(
        "chain {0}: 清理标记的签名不符 / the anchor in front of row {1} is not signed by this server"
    )]
    Anchor(String, i64),
    /// A chain is missing.
    #[error("chain {0}: 整条链缺失 / the whole chain was removed")]
    ChainRemoved(String),
}

/// What was verified.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Chains.
    pub chains: usize,
    /// Rows.
    pub rows: u64,
    /// The first fault of each chain.
    pub faults: Vec<Fault>,
}

/// The bytes that the server signs of an anchor.
pub(super) fn anchor_text(chain: &str, number: i64, hash: &[u8], at: ServerTime) -> Vec<u8> {
    let mut text = chain.as_bytes().to_vec();
    text.push(0);
    text.extend(number.to_be_bytes());
    text.extend(at.0.to_be_bytes());
    text.extend(hash);
    text
}

fn is_signed(anchor: &Anchor, key: &PublicKey) -> bool {
    let text = anchor_text(&anchor.chain, anchor.number, &anchor.hash, anchor.at);
    let signature: Result<Signature, _> = minicbor::decode(&anchor.signature);
    signature.is_ok_and(|signature| key.verify(Purpose::AuditAnchor, &text, &signature).is_ok())
}

/// Where a chain stands while it is walked.
struct Walk {
    number: i64,
    hash: Vec<u8>,
    head: Option<Head>,
}

impl Walk {
    fn step(&mut self, row: &AuditRow) -> Result<(), Fault> {
        let chain = || row.chain.clone();
        if row.number > self.number + 1 {
            return Err(Fault::Removed(chain(), self.number + 1));
        }
        let at = moment(row.at.0);
        let last = self.head.as_ref().map_or(0, |head| head.number);
        if row.number <= self.number || row.number > last {
            return Err(Fault::Inserted(chain(), row.number, at));
        }
        if hash(row) != row.hash {
            return Err(Fault::Altered(chain(), row.number, at));
        }
        if row.before_hash != self.hash {
            return Err(Fault::Unlinked(chain(), row.number, at));
        }
        self.number = row.number;
        self.hash.clone_from(&row.hash);
        Ok(())
    }

    fn end(&self, chain: &str) -> Result<(), Fault> {
        let Some(head) = &self.head else {
            return Ok(());
        };
        if head.number > self.number {
            return Err(Fault::Removed(chain.to_owned(), self.number + 1));
        }
        if head.hash != self.hash {
            return Err(Fault::Altered(chain.to_owned(), self.number, String::new()));
        }
        Ok(())
    }
}

async fn chain(
    storage: &Storage,
    chain: &str,
    key: PublicKey,
    found: &mut Verified,
) -> Result<Option<Fault>, Refusal> {
    let name = chain.to_owned();
    let read = move |tx: &mut dyn Tx| audits::anchor(tx, &name);
    let anchor = storage.read(read).await?;
    let mut walk = Walk {
        number: 0,
        hash: vec![0; 32],
        head: None,
    };
    if let Some(anchor) = anchor {
        if !is_signed(&anchor, &key) {
            return Ok(Some(Fault::Anchor(chain.to_owned(), anchor.number + 1)));
        }
        (walk.number, walk.hash) = (anchor.number, anchor.hash);
    }
    let mut after = i64::MIN;
    loop {
        let name = chain.to_owned();
        // The head as of the page: rows may be appended while the chain is walked.
        let page = move |tx: &mut dyn Tx| {
            let rows = audits::after(tx, &name, after, PAGE)?;
            Ok::<_, StorageError>((audits::head(tx, &name)?, rows))
        };
        let (head, rows) = storage.read(page).await?;
        walk.head = head;
        let Some(last) = rows.last() else {
            return Ok(walk.end(chain).err());
        };
        after = last.number;
        for row in &rows {
            if let Err(fault) = walk.step(row) {
                return Ok(Some(fault));
            }
            found.rows += 1;
        }
    }
}

impl Audit {
    /// Recomputes every chain. Rows that are appended concurrently do not disturb it.
    ///
    /// # Errors
    /// [`Refusal`] of the storage; what does not fit is part of the result.
    pub async fn verify(&self, key: PublicKey) -> Result<Verified, Refusal> {
        let named = self.storage.read(|tx| {
            let mut names: BTreeSet<String> = audits::chains(tx)?.into_iter().collect();
            let heads = audits::heads(tx)?.into_iter().map(|head| head.chain);
            let heads: BTreeSet<String> = heads.collect();
            let begun = audits::subjects(tx, MAIN, super::Kind::Chain.name())?;
            names.extend(heads.iter().cloned());
            Ok::<_, StorageError>((names, heads, begun))
        });
        let (names, heads, begun) = named.await?;
        let mut found = Verified {
            chains: names.len(),
            ..Verified::default()
        };
        for name in &names {
            let fault = chain(&self.storage, name, key, &mut found).await?;
            found.faults.extend(fault);
        }
        let missing = begun.into_iter().filter(|chain| !heads.contains(chain));
        found.faults.extend(missing.map(Fault::ChainRemoved));
        Ok(found)
    }
}
