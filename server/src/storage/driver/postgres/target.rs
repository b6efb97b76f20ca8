//! The address of a PostgreSQL database, and how its certificate is verified.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::storage::driver::{SharedCause, StorageError};

/// A parsed address, with the certificates that are trusted.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Target {
    /// Parses an address. Without `sslmode` in it, a database on this machine is connected without TLS unless
    /// `authority` is given, and any other with verified TLS. `authority` is a file of certificates (PEM) to trust
    /// instead of the system's.
    pub(super) fn parse(url: &str, authority: Option<&Path>) -> Result<Self, StorageError> {
        let mut config: Config = url.parse().map_err(|_| StorageError::Address)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        config.application_name("xuncha");
        if config.get_ssl_mode() == SslMode::Prefer {
            let here = config.get_hosts().iter().all(is_here);
            config.ssl_mode(if here && authority.is_none() {
                SslMode::Disable
            } else {
                SslMode::Require
            });
        }
        let roots = if config.get_ssl_mode() == SslMode::Disable {
            RootCertStore::empty()
        } else {
            roots(authority)?
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(StorageError::engine)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = MakeRustlsConnect::new(tls);
        Ok(Self { config, tls })
    }

    /// A description without the password.
    pub(super) fn name(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<_> = hosts.collect();
        format!(
            "PostgreSQL at {} (database {}, user {})",
            hosts.join(", "),
            self.config.get_dbname().unwrap_or("-"),
            self.config.get_user().unwrap_or("-"),
        )
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    }
}

fn roots(authority: Option<&Path>) -> Result<RootCertStore, StorageError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = authority else {
        // A system certificate that cannot be parsed is not trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unusable = |source: SharedCause| StorageError::Authority {
        file: file.to_owned(),
        source,
    };
    let unreadable = |e: pem::Error| unusable(Arc::new(e));
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        let certificate = certificate.map_err(unreadable)?;
        roots.add(certificate).map_err(|e| unusable(Arc::new(e)))?;
    }
    if roots.is_empty() {
        return Err(unreadable(pem::Error::NoItemsFound));
    }
    Ok(roots)
}
