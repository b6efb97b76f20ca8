//! A sealed report as a file that can be verified by anyone with the server's public key: bytes, digest and signature.

use serde::{Deserialize, Serialize};
use sync_core::{
    causes::with_causes,
    identity::{BadReport, PublicKey, ReportSeal, Signature},
    wire::Code,
};

use super::{document::SealedReport, stored};
use crate::{access::Reach, refusal::Refusal, reporting::Reporting, storage::reports::Report};

/// A sealed report with its digest and signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Envelope {
    /// The sealed bytes, which are JSON, as one string.
    pub content: String,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The server's signature in hexadecimal: one byte for the algorithm (1 is Ed25519), then the signature of
    /// `xuncha.report.1`, a zero byte and the sealed bytes.
    pub signature: String,
}

/// Why a file is not a valid sealed report.
#[derive(Debug, thiserror::Error)]
pub enum BadEnvelope {
    /// Neither an envelope nor bytes with a signature.
    #[error("not a sealed report: {0}")]
    Form(String),
    /// The digest or the signature does not match the bytes.
    #[error(transparent)]
    Altered(#[from] BadReport),
}

impl Envelope {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            content: String::from_utf8_lossy(&report.bytes).into_owned(),
            sha256: hex::encode(&report.sha256),
            signature: hex::encode(&report.signature),
        }
    }
}

/// Verifies a file, which is an envelope or the sealed bytes with `signature`, and returns its content.
///
/// # Errors
/// [`BadEnvelope`] stating what does not match.
pub fn verify(
    file: &[u8],
    signature: Option<&str>,
    key: &PublicKey,
) -> Result<SealedReport, BadEnvelope> {
    let form = |what: &str| BadEnvelope::Form(what.to_owned());
    let (content, sha256, signature) = match signature {
        Some(signature) => (file.to_vec(), None, signature.to_owned()),
        None => {
            let envelope: Envelope =
                serde_json::from_slice(file).map_err(|e| form(&with_causes(&e)))?;
            let sha256 = hex::decode(&envelope.sha256).map_err(|_| form("sha256"))?;
            (
                envelope.content.into_bytes(),
                Some(sha256),
                envelope.signature,
            )
        }
    };
    if let Some(sha256) = sha256 {
        ReportSeal::check_digest(&sha256, &content)?;
    }
    let signature = hex::decode(&signature).ok();
    let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.ok_or_else(|| form("signature"))?;
    key.verify(
        sync_core::identity::key::Purpose::Report,
        &content,
        &signature,
    )
    .map_err(|_| BadReport::Signature)?;
    serde_json::from_slice(&content).map_err(|e| form(&with_causes(&e)))
}

impl Reporting {
    /// The sealed bytes of a report, verified against digest and signature.
    ///
    /// # Errors
    /// `not-found`; `report-damaged` if the bytes do not match.
    pub async fn report(
        &self,
        reach: &Reach,
        report: &str,
        key: PublicKey,
    ) -> Result<Envelope, Refusal> {
        let (id, reach) = (stored::id(report)?, reach.clone());
        self.storage
            .read(move |tx| {
                let (report, _) = stored::find(tx, &reach, &id)?;
                let envelope = Envelope::of(&report);
                let checked = verify(report.bytes.as_slice(), Some(&envelope.signature), &key);
                checked.map_err(|_| Refusal::new(Code::ReportDamaged, report.number.clone()))?;
                Ok(envelope)
            })
            .await
    }
}
