//! What a row of the audit log states, its canonical form, and its hash.

use minicbor::Encoder;
use sha2::{Digest as _, Sha256};

use crate::storage::audits::AuditRow;

/// Characters of a value of a row at most; the rest is cut off.
const MOST_CHARACTERS: usize = 300;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person signed in, or failed to.
    SignIn,
    /// A person signed out.
    SignOut,
    /// A password or a one-time code was set.
    Password,
    /// A second factor was added, used up or removed.
    SecondFactor,
    /// A person gave the password or the second factor again.
    StepUp,
    /// A session was ended.
    SessionEnd,
    /// An administrator was made with a one-time code of the first run.
    FirstRun,
    /// An account was created, suspended or resumed.
    Account,
    /// A reviewing role was given or ended.
    Assignment,
    /// The waits of an account were ended.
    Unlock,
    /// A key to the review API was issued or ended.
    ApiKey,
    /// Personal data was read.
    Read,
    /// A file with personal data was requested.
    Export,
    /// A report was sealed, or a step of a report was taken.
    Report,
    /// A manual value was stored.
    ManualValue,
    /// Requests were refused.
    Refusal,
    /// A command of the administration was run.
    Command,
    /// The audit log was read.
    AuditRead,
    /// Rows of the audit log were removed behind an anchor.
    Retention,
    /// A process began a chain.
    Chain,
    /// A server started.
    Start,
}

impl Kind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::Password => "password",
            Self::SecondFactor => "second-factor",
            Self::StepUp => "step-up",
            Self::SessionEnd => "session-end",
            Self::FirstRun => "first-run",
            Self::Account => "account",
            Self::Assignment => "assignment",
            Self::Unlock => "unlock",
            Self::ApiKey => "api-key",
            Self::Read => "read",
            Self::Export => "export",
            Self::Report => "report",
            Self::ManualValue => "manual-value",
            Self::Refusal => "refusal",
            Self::Command => "command",
            Self::AuditRead => "audit-read",
            Self::Retention => "retention",
            Self::Chain => "chain",
            Self::Start => "start",
        }
    }
}

/// What a row states.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) kind: Kind,
    pub(super) actor: String,
    pub(super) subject: String,
    pub(super) cause: String,
    pub(super) address: String,
    pub(super) purpose: String,
    pub(super) times: i64,
}

/// Whether a character is not displayed, or turns the direction of writing.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A value as it is stored: characters that move the cursor or turn the direction of writing are replaced, because a row is
/// read on a terminal too; a long text is cut, and ends with `…`.
fn cut(text: impl ToString) -> String {
    let text = text.to_string();
    let shown = |c: char| {
        if c.is_control() || is_hidden(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    let mut kept: String = text.chars().take(MOST_CHARACTERS).map(shown).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

impl Entry {
    /// An act of an actor: `person:ID`, `device:ID`, `command:USER`, or `stranger` for a caller without credentials.
    pub fn new(kind: Kind, actor: impl ToString) -> Self {
        Self {
            kind,
            actor: cut(actor),
            subject: String::new(),
            cause: String::new(),
            address: String::new(),
            purpose: String::new(),
            times: 1,
        }
    }

    /// What it was done to.
    #[must_use]
    pub fn about(mut self, subject: impl ToString) -> Self {
        self.subject = cut(subject);
        self
    }

    /// The address of the caller.
    #[must_use]
    pub fn from(mut self, address: impl ToString) -> Self {
        self.address = cut(address);
        self
    }

    /// It was refused, for this cause.
    #[must_use]
    pub fn refused(mut self, cause: impl ToString) -> Self {
        self.cause = cut(cause);
        self
    }

    /// What personal data was read for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl ToString) -> Self {
        self.purpose = cut(purpose);
        self
    }

    /// How often it happened.
    #[must_use]
    pub fn times(mut self, times: i64) -> Self {
        self.times = times;
        self
    }

    pub(super) fn outcome(&self) -> &'static str {
        if self.cause.is_empty() {
            "done"
        } else {
            "refused"
        }
    }
}

/// The canonical CBOR of a row: an array of all values but the two hashes, in the order of the table.
fn canonical(row: &AuditRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    let texts = [
        &row.actor,
        &row.kind,
        &row.subject,
        &row.outcome,
        &row.cause,
        &row.address,
        &row.purpose,
    ];
    // Writing to a vector cannot fail.
    let mut write = || {
        encoder.array(11)?.str(&row.chain)?.i64(row.number)?;
        encoder.i64(row.at.0)?;
        for text in texts {
            encoder.str(text)?;
        }
        encoder.i64(row.times)?;
        Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
    };
    let _ = write();
    bytes
}

/// The hash of a row: SHA-256 over the hash of the row before and the canonical CBOR.
pub(super) fn hash(row: &AuditRow) -> Vec<u8> {
    Sha256::new()
        .chain_update(&row.before_hash)
        .chain_update(canonical(row))
        .finalize()
        .to_vec()
}
