//! Authentication and authorisation of callers: devices, sessions, grants, review tokens.
//!
//! Checks tokens, codes and signatures and returns a [`Reach`]. Every read path requires one, and only this module
//! constructs it. Whether an event is valid is decided by the fold, not here.

mod code;
mod enrol;
mod grants;
mod identify;
mod made;
mod merge_persons;
mod reach;
mod reviewer;
mod session;
mod signed;
mod token;

use sync_core::{identity::SecretKey, record::ServerTime};

use self::token::Seals;
use crate::{clock::Clock, config::SignIn, editions::Editions, host::Now, storage::Storage};

pub use code::{Invitation, Terms, invite, invite_with, log_of_wider};
pub use identify::{Asked, Candidate, Identified, Unclear, identify, identify_in, spelled};
pub use merge_persons::{Merge, NotMerged, Reissued, check as check_merge};
pub use reach::{PROVEN_MS, Reach};
pub use reviewer::{TOKEN_DAYS, refuse_administrator};
pub use signed::{ONE_TIME_CODE, SESSION, Signed, is_suspended};
pub use token::token_hash;

/// Opens sessions and checks tokens.
#[derive(Clone)]
pub struct Access {
    storage: Storage,
    key: SecretKey,
    seals: Seals,
    clock: Clock,
    session_ms: i64,
    editions: Editions,
    sign_in: SignIn,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// With the server's key and clock; `session_ms` is the lifetime of a session, `editions` what devices hear of.
    pub fn new(
        storage: Storage,
        key: SecretKey,
        now: Now,
        session_ms: i64,
        editions: Editions,
    ) -> Self {
        Self {
            seals: Seals::new(&key),
            clock: Clock::new(storage.clone(), now),
            storage,
            key,
            session_ms,
            editions,
            sign_in: SignIn::default(),
        }
    }

    /// The same with other settings for the sessions of people.
    #[must_use]
    pub fn with_sign_in(mut self, sign_in: SignIn) -> Self {
        self.sign_in = sign_in;
        self
    }

    /// The server's clock.
    pub fn now(&self) -> ServerTime {
        self.clock.now()
    }

    /// The checked clock for what the server signs.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The server's key.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }
}
