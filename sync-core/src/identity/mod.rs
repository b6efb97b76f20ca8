//! Who signed what: keys, signatures, grants, packs, receipts and reports.
//!
//! In come plain claims and private keys; out go sealed bytes, and from sealed bytes come claims only after the
//! signature was checked ([`Opened`] types cannot be made otherwise). No storage and no wire formats here.

pub mod grant;
pub mod key;
pub mod pack;
pub mod receipt;
pub mod report;

pub use grant::SignedGrant;
pub use key::{BadSignature, PublicKey, SecretKey, Signature};
pub use pack::{PackClaims, Signed};
pub use receipt::{BlobReceipt, PackReceipt};
pub use report::{BadReport, ReportSeal};
