//! Sends the audit log to another machine: syslog (RFC 5424) over TLS (RFC 5425).
//!
//! The table is the queue, and each chain has a cursor. A row may be sent twice after an interruption; it has the same
//! chain and number then. Syslog has no acknowledgement: a row counts as sent when TLS has taken it.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sync_core::record::ServerTime;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Audit, line, line::moment};
use crate::storage::{
    StorageError, Tx,
    audits::{self, AuditRow},
};

/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;
/// Rows that are sent before the cursor is moved.
const BATCH: i64 = 200;
/// How long a process keeps a chain for itself.
const CLAIM_MS: i64 = 60_000;
/// How long connecting, or sending a batch, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(2);

/// Where the audit log is sent.
#[derive(Clone)]
pub struct Exporter {
    audit: Audit,
    target: String,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

fn roots(authority: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = authority else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let named = || format!("--audit-syslog-ca {}", file.display());
    for certificate in CertificateDer::pem_file_iter(file).with_context(named)? {
        let certificate = certificate.with_context(named)?;
        roots.add(certificate).with_context(named)?;
    }
    anyhow::ensure!(!roots.is_empty(), "{}: it has no certificate", named());
    Ok(roots)
}

/// A row as a message of RFC 5424, with the octet count of RFC 5425 in front of it.
fn message(row: &AuditRow) -> Vec<u8> {
    let text = format!(
        "<{PRIORITY}>1 {} - xuncha - {} - \u{feff}{}",
        moment(row.at.0),
        row.kind,
        line(row)
    );
    let mut bytes = format!("{} ", text.len()).into_bytes();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

impl Exporter {
    /// An exporter to `host:port`; `authority`: certificates (PEM) to trust instead of those of the system.
    ///
    /// # Errors
    /// If the address or the certificates cannot be read.
    pub fn new(audit: Audit, target: &str, authority: Option<&Path>) -> anyhow::Result<Self> {
        let expected = || format!("--audit-syslog {target}: expected host:port");
        let (host, port) = target.rsplit_once(':').with_context(expected)?;
        port.parse::<u16>().with_context(expected)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).with_context(expected)?;
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(authority)?)
            .with_no_client_auth();
        Ok(Self {
            audit,
            target: target.to_owned(),
            name,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends rows until the server stops. While the other machine does not answer, rows wait in the table.
    pub async fn run(self) {
        let mut stream = None;
        let mut failing = false;
        loop {
            match self.round(&mut stream).await {
                Ok(()) => failing = false,
                Err(error) => {
                    stream = None;
                    if !failing {
                        tracing::warn!(error = format!("{error:#}"), target = %self.target, "the audit log is sent later");
                    }
                    failing = true;
                }
            }
            sleep(PAUSE).await;
        }
    }

    async fn connect(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let connect = async {
            let socket = TcpStream::connect(&self.target).await?;
            self.tls.connect(self.name.clone(), socket).await
        };
        timeout(PATIENCE, connect)
            .await
            .context("connecting took too long")?
            .with_context(|| format!("--audit-syslog {}", self.target))
    }

    /// Sends what every chain lacks.
    async fn round(&self, stream: &mut Option<TlsStream<TcpStream>>) -> anyhow::Result<()> {
        let heads = self.audit.storage.read(|tx| audits::heads(tx)).await?;
        for head in heads.into_iter().filter(|head| head.exported < head.number) {
            while let Some(rows) = self.claim(&head.chain).await? {
                let Some(last) = rows.last().map(|row| row.number) else {
                    break;
                };
                let bytes: Vec<u8> = rows.iter().flat_map(message).collect();
                let open = match stream.take() {
                    Some(open) => open,
                    None => self.connect().await?,
                };
                let open = stream.insert(open);
                let send = async {
                    open.write_all(&bytes).await?;
                    open.flush().await
                };
                timeout(PATIENCE, send)
                    .await
                    .context("sending took too long")??;
                let chain = head.chain.clone();
                let sent = move |tx: &mut dyn Tx| audits::set_exported(tx, &chain, last);
                self.audit.storage.write(sent).await?;
            }
        }
        Ok(())
    }

    /// Claims a chain, and reads the rows that were not sent yet; `None` if another process sends it.
    async fn claim(&self, chain: &str) -> Result<Option<Vec<AuditRow>>, StorageError> {
        let now = self.audit.now();
        let until = ServerTime(now.0 + CLAIM_MS);
        let (chain, process) = (chain.to_owned(), self.audit.chain.to_string());
        let claim = move |tx: &mut dyn Tx| {
            if !audits::claim(tx, &chain, &process, now, until)? {
                return Ok(None);
            }
            let exported = audits::head(tx, &chain)?.map_or(0, |head| head.exported);
            audits::after(tx, &chain, exported, BATCH).map(Some)
        };
        self.audit.storage.write(claim).await
    }
}
