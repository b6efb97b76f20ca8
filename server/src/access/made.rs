//! Tokens that this server makes and stores by their hash: it recognises its own without the database.

use super::{Access, SESSION};

/// What a key to the review API begins with.
const KEY: &str = "xr_";

impl Access {
    /// A new token for the session of a person.
    pub fn new_session(&self) -> String {
        format!("{SESSION}{}", self.seals.random())
    }

    /// A new key to the review API.
    pub fn new_key(&self) -> String {
        format!("{KEY}{}", self.seals.random())
    }

    /// A new cookie for a browser from which a person signed in.
    pub fn new_browser(&self) -> String {
        self.seals.random()
    }

    /// Whether this server made this token of a session, key, or cookie of a browser, as its tag states. It may have ended; but
    /// it is no guess, so that its caller does not wait because others guess from the same address.
    pub fn is_made_here(&self, token: &str) -> bool {
        let bare = token.strip_prefix(SESSION).or(token.strip_prefix(KEY));
        self.seals.is_random(bare.unwrap_or(token))
    }
}
