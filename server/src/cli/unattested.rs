//! `xuncha admin unattested`: events that no proof attests, and a person who vouches for one.

use anyhow::bail;
use clap::Subcommand;
use sync_core::{crdt, record::Event};
use xuncha_server::{http::Components, say, storage::proofs::Unattested};

/// Digits of a hash that are shown, and that are required at least.
const SHOWN: usize = 12;

/// Commands for unattested events.
#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// 列出 / List them: change, record, device that brought it, author and kind of each event.
    List,
    /// 认可 / Give one effect, because a person vouches for it. It counts as received now.
    Accept {
        /// The change, or at least 12 digits of it, as the list shows it.
        change: String,
    },
}

impl Commands {
    pub(super) async fn run(self, components: &Components) -> anyhow::Result<()> {
        let found = components.ingest.unattested().await?;
        let Self::Accept { change } = self else {
            found.iter().for_each(show);
            if found.is_empty() {
                say!("没有 / none");
            }
            return Ok(());
        };
        let begins = change.to_ascii_lowercase();
        let mut fitting = found
            .into_iter()
            .filter(|one| begins.len() >= SHOWN && one.hash.to_string().starts_with(&begins));
        let (Some(one), None) = (fitting.next(), fitting.next()) else {
            bail!("{change} is not one of them; type at least {SHOWN} digits of the list");
        };
        let shown = one.hash.to_string();
        if !components.ingest.accept(one).await? {
            bail!("{shown} is attested by now; see the list");
        }
        say!("已认可 / {} has effect", &shown[..SHOWN.min(shown.len())]);
        Ok(())
    }
}

fn show(change: &Unattested) {
    let hash = change.hash.to_string();
    let hash = &hash[..SHOWN.min(hash.len())];
    let said = stated(&change.bytes);
    say!("{hash}  {}  {}  {said}", change.doc, change.device);
}

/// The kinds of a change's events, each with its author.
pub(super) fn stated(change: &[u8]) -> String {
    let facts = crdt::inspect(change).ok();
    let events = facts.map(|facts| facts.events).unwrap_or_default();
    let events = events
        .iter()
        .filter_map(|(_, bytes)| Event::from_bytes(bytes).ok());
    let said: Vec<String> = events
        .map(|event| format!("{} {}", event.body.zh(), event.author))
        .collect();
    said.join(", ")
}
