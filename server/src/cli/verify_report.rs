//! `xuncha verify-report`: a stranger checks a report with nothing but the file and the server's public key.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use sync_core::identity::PublicKey;
use xuncha_server::review::verify;

/// What to check.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $TOKEN\" https://server/v1/reports/$ID/sealed > report.json\n  xuncha verify-report report.json --key $(xuncha admin key)"
)]
pub(crate) struct VerifyReport {
    /// The file: what `/v1/reports/{id}/sealed` gave, or the bytes alone with --signature.
    file: PathBuf,
    /// The server's public key, 64 hexadecimal digits.
    #[arg(long)]
    key: String,
    /// The signature, if the file holds the bytes alone.
    #[arg(long)]
    signature: Option<String>,
}

/// Bytes as people pass them on.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn key(text: &str) -> anyhow::Result<PublicKey> {
    ensure!(
        text.len() == 64 && text.is_ascii(),
        "--key: expected 64 hexadecimal digits"
    );
    let digit = |n: usize| u8::from_str_radix(&text[2 * n..2 * n + 2], 16);
    let bytes: Result<Vec<u8>, _> = (0..32).map(digit).collect();
    let bytes: Vec<u8> = bytes.context("--key: expected 64 hexadecimal digits")?;
    let bytes: [u8; 32] = bytes.try_into().unwrap_or_default();
    Ok(PublicKey(bytes))
}

impl VerifyReport {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let file = std::fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        let sealed = verify(&file, self.signature.as_deref(), &key(&self.key)?)
            .with_context(|| format!("核验不通过 / {}", self.file.display()))?;
        println!("核验通过 / genuine and unaltered: {}", sealed.number);
        println!(
            "  {} {}  {} – {}  版本 / version {}",
            sealed.kind, sealed.area, sealed.from, sealed.to, sealed.version
        );
        println!(
            "  截止 / cut-off {}  统计时点 / as of {}",
            sealed.cut_off, sealed.as_of
        );
        Ok(())
    }
}
