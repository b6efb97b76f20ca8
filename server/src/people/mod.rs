//! People who sign in: accounts, passwords, second factors, sessions, administrators.
//!
//! A guess is counted before the password is compared, so that concurrent guesses are limited too (`lane.rs`). Every act
//! is recorded in the audit log in its own transaction.

mod accounts;
mod administrator;
mod assignments;
mod first_run;
mod hashing;
mod keys;
mod lane;
mod own;
mod password;
mod proof;
mod roster;
mod secret;
mod sign_in;
mod totp;
mod view;

use sync_core::{
    record::{PersonId, ServerTime},
    wire::Code,
};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    access::Access, audit::Audit, config::SignIn, host::random, refusal::Refusal, storage::Storage,
};

pub use accounts::{AccountCode, NewAccount, PersonAsked};
pub use administrator::Administrator;
pub use assignments::NewAssignment;
pub use first_run::{FirstRun, SETUP_DAYS, SetupCode};
pub use keys::{KeyIssued, KeyView, NewKey};
pub use own::{NewPassword, Proof};
pub use roster::{Issued, Roster};
pub use secret::Secret;
pub use sign_in::{SignInRequest, SignedIn};
pub use totp::{TotpRequest, TotpView};
pub use view::{AccountView, AssignmentView, Me, SessionView};

use hashing::Hashing;

/// Characters of a login name at most.
const MOST_NAME: usize = 64;

/// People who sign in.
#[derive(Clone)]
pub struct People {
    storage: Storage,
    access: Access,
    audit: Audit,
    settings: SignIn,
    hashing: Hashing,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The address.
    pub address: Option<std::net::IpAddr>,
    /// The cookie of a browser that signed in before.
    pub browser: Option<String>,
}

impl Caller {
    fn text(&self) -> String {
        self.address.map_or_else(String::new, |at| at.to_string())
    }
}

impl People {
    /// With the server's sessions and its audit log.
    pub fn new(storage: Storage, access: Access, audit: Audit, settings: SignIn) -> Self {
        Self {
            storage,
            access,
            audit,
            settings,
            hashing: Hashing::default(),
        }
    }

    /// The same for a command: its rows of the audit log are in the chain `main`.
    #[must_use]
    pub fn of_command(mut self) -> Self {
        self.audit = self.audit.of_command();
        self
    }

    fn now(&self) -> ServerTime {
        self.access.now()
    }
}

/// A login name as it is stored and compared: Unicode NFKC, lower case, without white space at its ends.
fn folded(name: &str) -> String {
    let compatible: String = name.nfkc().collect();
    compatible.trim().to_lowercase()
}

/// A login name of an account that is created.
fn login(name: &str) -> Result<String, Refusal> {
    let name = folded(name);
    let fits = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    let length = name.chars().count();
    if !(2..=MOST_NAME).contains(&length) || !name.chars().all(fits) {
        let detail = "login: expected 2 to 64 letters, digits or . _ - @";
        return Err(Refusal::new(Code::BadFilter, detail));
    }
    Ok(name)
}

/// A code that a person types: 12 characters that cannot be confused, 60 bits.
fn typed_code() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    random::<12>().iter().map(letter).collect()
}

/// The person as an actor of the audit log.
fn actor_of(person: PersonId) -> String {
    format!("person:{person}")
}

/// The 16 bytes of a number in hexadecimal.
fn number(text: &str) -> Result<[u8; 16], Refusal> {
    let bytes = hex::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Refusal::new(Code::NotFound, "expected an id of 32 hexadecimal digits"))
}

fn person_id(text: &str) -> Result<PersonId, Refusal> {
    let id = text.parse();
    id.map_err(|_| Refusal::new(Code::NotFound, "expected the id of a person"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_the_same_in_any_width_and_case() {
        assert_eq!(login(" ＷａＮｇ.San ").unwrap(), "wang.san");
        for wrong in ["a", "", "a b", "a\nb", &"x".repeat(65)] {
            assert!(login(wrong).is_err(), "{wrong:?}");
        }
    }
}
