//! The certificate of the public address: read from two files, and read again when they change.
//!
//! A pair that does not fit, or that is half written, does not replace the present one. Connections that are open keep the
//! certificate that they began with.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sync_core::causes::with_causes;
use tokio_rustls::TlsAcceptor;
use x509_cert::der::Decode as _;

use crate::{config::TlsFiles, metrics::Metrics};

/// Time between two readings of the files.
const READ: Duration = Duration::from_secs(10);

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{setting} {}: 无法读取 / cannot be read", path.display())]
    Unreadable {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A file does not contain what is expected.
    #[error("{setting} {}: 不含 PEM 格式的{what} / contains no {what_en} in PEM form", path.display())]
    Empty {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is expected, in Chinese.
        what: &'static str,
        /// What is expected.
        what_en: &'static str,
    },
    /// The key is not that of the certificate, or of a kind that is not supported.
    #[error(
        "--tls-key {} 与 --tls-cert {} 不匹配 / is not the key of the certificate in --tls-cert", .0.key.display(), .0.certificate.display()
    )]
    Unfit(TlsFiles, #[source] rustls::Error),
    /// The library refuses the settings.
    #[error("TLS")]
    Tls(#[from] rustls::Error),
}

/// The certificate that is presented to new connections.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

/// The bytes of the two files.
type Read = (Vec<u8>, Vec<u8>);

/// A certificate that follows its files.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// What was read last, whether it fits or not: a pair that does not fit is reported once.
    last: Mutex<Option<Read>>,
    config: Arc<ServerConfig>,
    metrics: Arc<Metrics>,
}

impl Certificate {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`CertificateError`]; it names the file.
    pub fn open(files: &TlsFiles, metrics: Arc<Metrics>) -> Result<Self, CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let read = read(files)?;
        let key = certified(files, &read, &provider)?;
        metrics.certificate_ends(ends(&key));
        let current = Arc::new(Current(RwLock::new(Arc::new(key))));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        // The connections speak HTTP/1.1 only.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files: files.clone(),
            provider,
            current,
            last: Mutex::new(Some(read)),
            config: Arc::new(config),
            metrics,
        })
    }

    /// Accepts connections with the present certificate.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Reads the files, and takes the new pair if they have changed and it fits. Otherwise the present one stays, and the
    /// reason is logged once.
    pub fn refresh(&self) {
        let read = match read(&self.files) {
            Ok(read) => read,
            Err(error) => {
                let known = self.last().take().is_none();
                if !known {
                    self.kept(&error);
                }
                return;
            }
        };
        {
            let mut last = self.last();
            if last.as_ref() == Some(&read) {
                return;
            }
            *last = Some(read.clone());
        }
        match certified(&self.files, &read, &self.provider) {
            Ok(key) => {
                self.metrics.certificate_ends(ends(&key));
                self.metrics.certificate_read(true);
                let mut current = self
                    .current
                    .0
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(key);
                tracing::info!(file = %self.files.certificate.display(), "the certificate was replaced");
            }
            Err(error) => self.kept(&error),
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Read>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, error: &CertificateError) {
        self.metrics.certificate_read(false);
        tracing::error!(error = %with_causes(error), "the new certificate is not used; the present one stays");
    }

    /// Reads the files every 10 s until the task is dropped.
    pub async fn follow(self: Arc<Self>) {
        let mut every = tokio::time::interval(READ);
        loop {
            every.tick().await;
            let this = Arc::clone(&self);
            let _ = tokio::task::spawn_blocking(move || this.refresh()).await;
        }
    }
}

fn read(files: &TlsFiles) -> Result<Read, CertificateError> {
    let read = |setting, path: &PathBuf| {
        std::fs::read(path).map_err(|source| CertificateError::Unreadable {
            setting,
            path: path.clone(),
            source,
        })
    };
    Ok((
        read("--tls-cert", &files.certificate)?,
        read("--tls-key", &files.key)?,
    ))
}

/// The certificates and the key of two files, if they belong together.
fn certified(
    files: &TlsFiles,
    (certificate, key): &Read,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .unwrap_or_default();
    if chain.is_empty() {
        return Err(CertificateError::Empty {
            setting: "--tls-cert",
            path: files.certificate.clone(),
            what: "证书",
            what_en: "certificate",
        });
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::Empty {
        setting: "--tls-key",
        path: files.key.clone(),
        what: "私钥",
        what_en: "private key",
    })?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|error| CertificateError::Unfit(files.clone(), error))
}

/// When a certificate ends, in seconds since 1970; 0 if it does not state it in a known form.
fn ends(key: &CertifiedKey) -> u64 {
    let first = key.end_entity_cert().ok();
    let parsed = first.and_then(|der| x509_cert::Certificate::from_der(der).ok());
    parsed.map_or(0, |certificate| {
        let end = certificate.tbs_certificate.validity.not_after;
        end.to_unix_duration().as_secs()
    })
}
