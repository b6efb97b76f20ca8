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
    /// A row that was noted elsewhere is another one now, or is missing.
    #[error(
        "chain {0}, row {1}: 与另存的记录不符，此前的日志被替换 / it is not the one that was noted: the log up to it was replaced"
    )]
    Replaced(String, i64),
}

/// The last row of a chain, noted outside the database: `CHAIN:NUMBER:HASH`.
///
/// A chain shows what was altered within it. Who can write to the database can compute a whole chain again, or remove its
/// end; that shows only against what was noted elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The chain.
    pub chain: String,
    /// The number of the row.
    pub number: i64,
    /// Its hash in hexadecimal.
    pub hash: String,
}

impl std::fmt::Display for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.chain, self.number, self.hash)
    }
}

impl std::str::FromStr for Noted {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected CHAIN:NUMBER:HASH, as `xuncha admin audit verify` prints it";
        let mut parts = text.split(':');
        let noted = (|| {
            Some(Self {
                chain: parts.next()?.to_owned(),
                number: parts.next()?.parse().ok()?,
                hash: parts.next()?.to_lowercase(),
            })
        })();
        noted.filter(|_| parts.next().is_none()).ok_or(expected)
    }
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
    /// The last row of each chain.
    pub ends: Vec<Noted>,
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
            found.ends.push(Noted {
                chain: chain.to_owned(),
                number: walk.number,
                hash: hex::encode(&walk.hash),
            });
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
        // Every start of a server is a row.
        let expected = begun.into_iter().chain([MAIN.to_owned()]);
        let missing = expected.filter(|chain| !heads.contains(chain));
        found.faults.extend(missing.map(Fault::ChainRemoved));
        Ok(found)
    }

    /// Whether the log has these rows as they were noted; returns the first that it has not. A row that was removed behind a
    /// signed anchor is not compared.
    ///
    /// # Errors
    /// [`Refusal`] of the storage.
    pub async fn compare(&self, noted: Vec<Noted>) -> Result<Option<Fault>, Refusal> {
        let compare = move |tx: &mut dyn Tx| {
            for one in &noted {
                let anchor = audits::anchor(tx, &one.chain)?;
                if anchor.is_some_and(|anchor| anchor.number >= one.number) {
                    continue;
                }
                let rows = audits::after(tx, &one.chain, one.number - 1, 1)?;
                let same = |row: &&AuditRow| {
                    (row.number, hex::encode(&row.hash)) == (one.number, one.hash.clone())
                };
                if rows.first().filter(same).is_none() {
                    return Ok(Some(Fault::Replaced(one.chain.clone(), one.number)));
                }
            }
            Ok::<_, StorageError>(None)
        };
        Ok(self.storage.read(compare).await?)
    }
}
