//! The connection to a database on another machine uses TLS, and its certificate is verified.

use cli_simulator::postgres::Server;
use sync_core::causes::with_causes;
use xuncha_server::storage::{Storage, StorageError};

use crate::support::database;

/// Whether the database reports an encrypted connection.
fn is_encrypted(storage: &Storage) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = storage.read(|tx| {
        let sql = "SELECT COUNT(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let count = tx.first(sql, &[], |row| row.int(0))?;
        Ok::<_, StorageError>(count == Some(1))
    });
    runtime.block_on(asked).unwrap()
}

#[test]
fn a_database_is_trusted_by_its_certificate_and_no_other() {
    if !database::is_postgres() {
        return;
    }
    let server = Server::start_with_tls().unwrap().expect("PostgreSQL");
    let url = server.create("far").unwrap();
    let trusted = Storage::connect(&url, Some(&server.certificate())).unwrap();
    assert!(is_encrypted(&trusted));

    let other = Server::start_with_tls().unwrap().expect("PostgreSQL");
    let url = format!("{url} password=secret");
    let refused = Storage::connect(&url, Some(&other.certificate())).unwrap_err();
    // The operator reads the error with its causes.
    let words = with_causes(&refused);
    assert!(
        words.contains("certificate") && words.contains("localhost"),
        "{words}"
    );
    assert!(!words.contains("secret"), "{words}");

    let missing = Storage::connect(&url, Some(std::path::Path::new("no-such.pem"))).unwrap_err();
    assert!(missing.to_string().contains("no-such.pem"), "{missing}");
    // Only a database on this machine may be connected without TLS.
    let plain = Storage::connect(&url, None).unwrap();
    assert!(!is_encrypted(&plain));
}
