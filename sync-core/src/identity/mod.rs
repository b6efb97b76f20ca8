//! Keys and signatures; proofs of events; signed grants, packs, receipts, reports and editions of the catalogue.
//!
//! The module signs plain claims with a private key. It returns the claims of signed bytes only after it has checked
//! the signature, except [`SignedGrant::stored_claims`]. It does not store anything and defines no wire formats.

pub mod editions;
pub mod grant;
pub mod key;
pub mod pack;
pub mod proof;
pub mod receipt;
pub mod report;
pub mod server_notice;

pub use editions::SignedEditions;
pub use grant::SignedGrant;
pub use key::{BadSignature, PublicKey, SecretKey, Signature};
pub use pack::{PackClaims, Signed};
pub use proof::Proofs;
pub use receipt::{PackReceipt, PhotoReceipt};
pub use report::{BadReport, ReportSeal};
pub use server_notice::{ServerNotice, SignedNotice};
