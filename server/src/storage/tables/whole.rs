//! The tables that are not derived, in the order in which a move copies them.

use crate::storage::{
    accounts::{ACCOUNT_PASSWORD, ACCOUNT_RECOVERY, Account, SETUP_CODE},
    aliases::PersonAlias,
    assignments::Assignment,
    audits::{Anchor, AuditRow, Head},
    compounds::{Building, Compound},
    credentials::{EnrolCode, Token},
    devices::{Device, GrantRow},
    docs::{DOC_EXIT, DOC_SPACE, Doc},
    grant_uses::{DOC_GRANT, PATH_GRANT},
    lanes::Lane,
    log::Change,
    manual_values::Manual,
    names::{AREA_NAME, ORGAN, PERSON},
    opened::{PHOTO_SENDER, REDACTED_PHOTO},
    packs::Pack,
    photos::{DOC_PHOTO, PHOTO_REFERENCE, PhotoRow},
    quarantine::Quarantined,
    regions::Region,
    reports::{REPORT_NUMBER, REPORT_SOURCE, Report, Step},
    server_notices::SERVER_NOTICE,
    sessions::{BROWSER, Session},
    spaces::PATH_SUM,
    table::Table,
};

/// Tables that are copied in the order of the log, document by document, and photos: a photo's row is copied after its
/// bytes.
pub(crate) const LOGGED: &[Table] = &[
    Doc::WITHOUT_SNAPSHOT,
    DOC_SPACE,
    Change::TABLE,
    DOC_GRANT,
    DOC_PHOTO,
    PhotoRow::TABLE,
];

/// Tables that are copied as a whole in each pass.
pub(crate) const WHOLE: &[Table] = &[
    DOC_EXIT,
    PATH_SUM,
    PATH_GRANT,
    PHOTO_SENDER,
    PHOTO_REFERENCE,
    REDACTED_PHOTO,
    Device::TABLE,
    EnrolCode::TABLE,
    GrantRow::TABLE,
    Pack::TABLE,
    SERVER_NOTICE,
    Quarantined::TABLE,
    AREA_NAME,
    ORGAN,
    PERSON,
    PersonAlias::TABLE,
    Compound::TABLE,
    Building::TABLE,
    Region::TABLE,
    Manual::TABLE,
    REPORT_NUMBER,
    Report::TABLE,
    Step::TABLE,
    REPORT_SOURCE,
    Token::TABLE,
    Account::TABLE,
    ACCOUNT_PASSWORD,
    ACCOUNT_RECOVERY,
    Assignment::TABLE,
    Session::TABLE,
    BROWSER,
    Lane::TABLE,
    SETUP_CODE,
    AuditRow::TABLE,
    Head::TABLE,
    Anchor::TABLE,
];

/// Tables of `WHOLE` whose rows are removed in use. A pass of a move copies them from nothing, so that the target keeps no
/// row that the source has removed.
pub(crate) const TRANSIENT: [&str; 7] = [
    "account_password",
    "account_recovery",
    "session",
    "browser",
    "sign_in_lane",
    "audit",
    "audit_anchor",
];
