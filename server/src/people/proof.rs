//! What a signed-in person proves again: guesses within a session are counted too.

use sync_core::wire::Code;

use super::{
    Caller, People, actor_of,
    lane::{self, Guess, wait},
    password,
};
use crate::{
    access::Signed,
    audit::{Entry, Kind},
    refusal::Refusal,
    storage::{
        Tx,
        accounts::{self, Account},
    },
};

pub(super) fn wrong() -> Refusal {
    Refusal::new(Code::SignInRefused, "check the password or the code")
}

pub(super) fn ended() -> Refusal {
    Refusal::new(Code::SignedOut, "POST /v1/sign-in")
}

impl People {
    /// Counts a guess within a session: a stolen session does not guess faster than a stranger.
    pub(super) async fn count_own(&self, signed: &Signed) -> Result<(Account, Guess), Refusal> {
        let (signed, now) = (signed.clone(), self.now());
        self.storage
            .write(move |tx| {
                let account = accounts::find(tx, signed.person)?.ok_or_else(ended)?;
                let lane = lane::of_known("session", &signed.id);
                let of = (lane::key(&account.name), true);
                let guess = lane::reserve(tx, of, &lane, true, now)?;
                guess
                    .map(|guess| (account, guess))
                    .map_err(|until| wait(until, now))
            })
            .await
    }

    /// Takes back a guess that was not compared.
    pub(super) async fn not_compared(&self, guess: &Guess) -> Result<(), Refusal> {
        let guess = guess.clone();
        let back = move |tx: &mut dyn Tx| lane::take_back(tx, &guess, false);
        Ok(self.storage.write(back).await?)
    }

    /// Whether this is the account's password. A one-time code is none: it opens one session, in which it is replaced.
    pub(super) async fn is_password(
        &self,
        account: &Account,
        given: String,
    ) -> Result<bool, Refusal> {
        if account.code_until.is_some() || given.len() > password::MOST {
            return Ok(false);
        }
        let hash = Some(account.password.clone());
        self.hashing
            .is_right(given, hash, Some(account.person))
            .await
    }

    pub(super) async fn own_failure(
        &self,
        signed: &Signed,
        kind: Kind,
        caller: &Caller,
    ) -> Refusal {
        let entry = Entry::new(kind, actor_of(signed.person))
            .from(caller.text())
            .refused("wrong-proof");
        match self.audit.record(entry).await {
            Ok(()) => wrong(),
            Err(error) => error,
        }
    }
}
