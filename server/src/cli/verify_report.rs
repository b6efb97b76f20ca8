//! `xuncha verify-report`: verifies a report with only the file and the server's public key; no server is needed.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sync_core::identity::PublicKey;
use xuncha_server::{reporting::verify, say};

/// Arguments of `verify-report`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $TOKEN\" https://server/v1/reports/$ID/sealed > report.json\n  xuncha verify-report report.json --key $(xuncha admin key)"
)]
pub(crate) struct VerifyReport {
    /// The file: the response of `/v1/reports/{id}/sealed`, or only the sealed bytes with --signature.
    file: PathBuf,
    /// The server's public key, 64 hexadecimal digits.
    #[arg(long)]
    key: String,
    /// The signature, if the file contains only the sealed bytes.
    #[arg(long)]
    signature: Option<String>,
}

fn key(text: &str) -> anyhow::Result<PublicKey> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key).context("--key: expected 64 hexadecimal digits")?;
    Ok(PublicKey(key))
}

impl VerifyReport {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let file = std::fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        let sealed = verify(&file, self.signature.as_deref(), &key(&self.key)?)
            .with_context(|| format!("核验不通过 / {}", self.file.display()))?;
        say!("核验通过 / genuine and unaltered: {}", sealed.number);
        say!(
            "  {} {}  {} – {}  版本 / version {}",
            sealed.kind,
            sealed.area,
            sealed.from,
            sealed.to,
            sealed.version
        );
        say!(
            "  截止 / cut-off {}  统计时点 / as of {}",
            sealed.cut_off,
            sealed.as_of
        );
        Ok(())
    }
}
