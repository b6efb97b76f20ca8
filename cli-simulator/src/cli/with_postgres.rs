//! `xuncha-sim with-postgres -- COMMAND`: runs a command with a temporary PostgreSQL.

use std::{ffi::OsString, process::Command};

use anyhow::Context;
use clap::Args;
use cli_simulator::postgres::Server;
use xuncha_server::note;

/// The command to run.
#[derive(Debug, Args)]
pub(crate) struct WithPostgres {
    /// Program and arguments; `XUNCHA_TEST_POSTGRES` holds the server's address for it.
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

impl WithPostgres {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Some(server) = Server::start_without_fsync()? else {
            note!("PostgreSQL is missing: install Debian's postgresql");
            std::process::exit(3);
        };
        let (program, arguments) = self.command.split_first().context("a command")?;
        let status = Command::new(program)
            .args(arguments)
            .env("XUNCHA_TEST_POSTGRES", server.address())
            .status()
            .with_context(|| program.to_string_lossy().into_owned())?;
        anyhow::ensure!(status.success(), "the command failed: {status}");
        Ok(())
    }
}
