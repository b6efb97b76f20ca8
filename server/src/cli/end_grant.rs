//! `xuncha admin end-grant`: ends a grant before the end that it states.

use anyhow::{bail, ensure};
use clap::Args;
use sync_core::record::GrantId;
use xuncha_server::{
    app::system_clock,
    say,
    storage::{Storage, listings, server_notices},
};

/// Arguments of `end-grant`.
#[derive(Debug, Args)]
pub(crate) struct EndGrant {
    /// The grant's id, or the beginning of its id, as `xuncha admin devices list` shows it.
    grant: String,
}

/// Ends the grant now. Its device keeps what it holds until its next session; late work is accepted within the grace
/// period of the rules.
pub(super) async fn end_grant(storage: &Storage, asked: EndGrant) -> anyhow::Result<()> {
    let listed = storage.read(|tx| listings::devices(tx)).await?;
    let grants = listed.iter().filter_map(|device| device.grant.as_ref());
    let found: Vec<GrantId> = grants
        .map(|(id, ..)| *id)
        .filter(|id| id.to_string().starts_with(&asked.grant))
        .collect();
    let grant = match found.as_slice() {
        [one] if asked.grant.len() >= 4 => *one,
        [] => bail!("{} is not known to this server; see the list", asked.grant),
        _ => bail!(
            "{} is the beginning of several; write more of it",
            asked.grant
        ),
    };
    let now = system_clock()();
    let ended = storage
        .write(move |tx| server_notices::end_grant(tx, grant, now))
        .await?;
    ensure!(ended, "{grant} is gone; see the list");
    say!("授权已结束 / grant {grant} has ended");
    Ok(())
}
