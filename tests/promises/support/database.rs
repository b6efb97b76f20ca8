//! The engine under test: SQLite in the town's folder, or a fresh database of a PostgreSQL server.
//!
//! `XUNCHA_TEST_POSTGRES` names a server on which databases may be created, such as `host=/tmp/pg user=postgres`.
//! `cargo xtask test` starts one and runs every promise test a second time with it.

use tokio::runtime::Runtime;
use tokio_postgres::{Config, NoTls};

/// Creates a database for one town; `None` means SQLite.
pub(crate) fn fresh(runtime: &Runtime) -> Option<String> {
    let server: Config = std::env::var("XUNCHA_TEST_POSTGRES")
        .ok()?
        .parse()
        .expect("XUNCHA_TEST_POSTGRES");
    let name = format!("town_{}", uuid());
    runtime.block_on(async {
        let (client, connection) = server
            .clone()
            .dbname("postgres")
            .connect(NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
    });
    let tokio_postgres::config::Host::Unix(folder) = &server.get_hosts()[0] else {
        panic!("XUNCHA_TEST_POSTGRES: a socket folder is expected");
    };
    let user = server.get_user().unwrap_or("postgres");
    Some(format!(
        "host={} user={user} dbname={name}",
        folder.display()
    ))
}

/// Whether this run uses PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    std::env::var_os("XUNCHA_TEST_POSTGRES").is_some()
}

fn uuid() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("{}_{}", std::process::id(), now.as_nanos())
}
