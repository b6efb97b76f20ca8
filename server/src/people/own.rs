//! What a person does with their own account: sessions, password, step-up.

use serde::Deserialize;
use sync_core::{record::ServerTime, wire::Code};

use super::{
    Caller, Me, People, Secret, SessionView, SignedIn, actor_of, lane, number, password,
    proof::{ended, wrong},
    totp, view,
};
use crate::{
    access::{ONE_TIME_CODE, Signed, token_hash},
    audit::{Entry, Kind},
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Account},
        sessions,
    },
};

/// A new password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present password, or the one-time code.
    old: Secret,
    /// The new password: 12 characters or more.
    new: Secret,
}

/// The password or the second factor, given again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    password: Option<Secret>,
    /// The code of the second factor, or a recovery code.
    code: Option<Secret>,
}

impl People {
    /// Who has signed in, with the assignments.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn me(&self, signed: &Signed) -> Result<Me, Refusal> {
        let (signed, now) = (signed.clone(), self.now());
        let read = move |tx: &mut dyn Tx| view::me(tx, &signed, now);
        Ok(self.storage.read(read).await?)
    }

    /// The sessions of the person that are in use.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn sessions(&self, signed: &Signed) -> Result<Vec<SessionView>, Refusal> {
        let (person, own) = (signed.person, signed.id);
        let (now, idle) = (self.now(), self.settings.idle_ms);
        let read = move |tx: &mut dyn Tx| view::sessions(tx, person, Some(own), now, idle);
        Ok(self.storage.read(read).await?)
    }

    /// Ends this session.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn sign_out(&self, signed: &Signed, caller: &Caller) -> Result<(), Refusal> {
        let (this, signed, address) = (self.clone(), signed.clone(), caller.text());
        let end = move |tx: &mut dyn Tx| {
            sessions::end(tx, &signed.token_hash)?;
            let entry = Entry::new(Kind::SignOut, actor_of(signed.person))
                .about(format!("session:{}", hex::encode(signed.id)));
            this.audit.append(tx, &entry.from(&address))
        };
        Ok(self.storage.write(end).await?)
    }

    /// Ends one of the person's sessions.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub async fn end_session(
        &self,
        signed: &Signed,
        id: &str,
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let (this, signed, address, id) =
            (self.clone(), signed.clone(), caller.text(), number(id)?);
        self.storage
            .write(move |tx| {
                if !sessions::end_one(tx, signed.person, &id)? {
                    return Err(Refusal::new(Code::NotFound, "no such session"));
                }
                let entry = Entry::new(Kind::SessionEnd, actor_of(signed.person))
                    .about(format!("session:{}", hex::encode(id)));
                this.audit.append(tx, &entry.from(&address))?;
                Ok(())
            })
            .await
    }

    /// Proves again who uses the session, and replaces its token.
    ///
    /// # Errors
    /// [`Code::SignInRefused`], [`Code::TooMany`], [`Code::BadFilter`] if nothing was given.
    pub async fn step_up(
        &self,
        signed: &Signed,
        proof: Proof,
        caller: &Caller,
    ) -> Result<SignedIn, Refusal> {
        if proof.password.is_none() && proof.code.is_none() {
            let expected = "expected password or code";
            return Err(Refusal::new(Code::BadFilter, expected));
        }
        let (account, guess) = self.count_own(signed).await?;
        let by_password = proof.code.is_none();
        if let Some(Secret(given)) = proof.password.filter(|_| by_password)
            && !self.is_password(&account, given).await?
        {
            return Err(self.own_failure(signed, Kind::StepUp, caller).await);
        }
        let (this, signed_in, address, now) =
            (self.clone(), signed.clone(), caller.text(), self.now());
        let (token, code) = (self.access.new_session(), proof.code.map(|code| code.0));
        let proven = self
            .storage
            .write(move |tx| {
                this.access.still(tx, &signed_in, now)?;
                let locked = accounts::lock(tx, signed_in.person)?.ok_or_else(ended)?;
                if by_password && locked.password != account.password {
                    return Ok(None);
                }
                let mut account = locked;
                let factor = match &code {
                    None => Some("password"),
                    Some(code) => totp::use_code(tx, &mut account, code, now)?,
                };
                let Some(factor) = factor else {
                    return Ok(None);
                };
                accounts::save(tx, &account)?;
                lane::take_back(tx, &guess, by_password)?;
                let entry = Entry::new(Kind::StepUp, actor_of(account.person)).purpose(factor);
                this.audit.append(tx, &entry.from(&address))?;
                let factor = if signed_in.by_code {
                    ONE_TIME_CODE
                } else {
                    factor
                };
                this.renew(tx, &signed_in, &account, (&token, factor), now)
                    .map(Some)
            })
            .await?;
        match proven {
            Some(opened) => Ok(opened),
            None => Err(self.own_failure(signed, Kind::StepUp, caller).await),
        }
    }

    /// Gives the session a new token.
    fn renew(
        &self,
        tx: &mut dyn Tx,
        signed: &Signed,
        account: &Account,
        (token, factor): (&str, &str),
        now: ServerTime,
    ) -> Result<SignedIn, Refusal> {
        let ends_at = sessions::find(tx, &signed.token_hash)?.map(|session| session.ends_at);
        let new = token_hash(token);
        if !sessions::replace_token(tx, &signed.token_hash, &new, factor, now)? {
            return Err(ended());
        }
        Ok(SignedIn {
            token: Secret(token.to_owned()),
            browser: None,
            ends_at: ends_at.unwrap_or(now),
            must_change: self.access.must_change(account, now),
            class: account.class,
        })
    }

    /// Changes the password. Every other session of the person ends, and this one gets a new token.
    ///
    /// # Errors
    /// [`Code::PasswordUnfit`] that names the rule; [`Code::SignInRefused`], [`Code::TooMany`].
    pub async fn change_password(
        &self,
        signed: &Signed,
        asked: NewPassword,
        caller: &Caller,
    ) -> Result<SignedIn, Refusal> {
        password::check(&asked.new.0, &signed.name)?;
        let (account, guess) = self.count_own(signed).await?;
        let person = signed.person;
        let is_right = if account.code_until.is_some() {
            // The code was used when this session was opened.
            let code = totp::typed(&asked.old.0);
            let hash = Some(account.password.clone());
            signed.by_code && self.hashing.is_right(code, hash, Some(person)).await?
        } else {
            self.is_password(&account, asked.old.0).await?
        };
        if !is_right {
            return Err(self.own_failure(signed, Kind::Password, caller).await);
        }
        let earlier = move |tx: &mut dyn Tx| accounts::passwords(tx, person, password::HISTORY);
        for hash in self.storage.read(earlier).await? {
            let new = asked.new.0.clone();
            let same = self.hashing.is_right(new, Some(hash), Some(person));
            if same.await? {
                let guess = guess.clone();
                let back = move |tx: &mut dyn Tx| lane::take_back(tx, &guess, true);
                self.storage.write(back).await?;
                return Err(password::used_before());
            }
        }
        let hash = self.hashing.hash(asked.new.0, Some(person)).await?;
        let (this, signed, address, now) =
            (self.clone(), signed.clone(), caller.text(), self.now());
        let token = self.access.new_session();
        self.storage
            .write(move |tx| {
                this.access.still(tx, &signed, now)?;
                let locked = accounts::lock(tx, signed.person)?;
                let same = |of: &Account| of.password == account.password;
                let mut account = locked.filter(same).ok_or_else(wrong)?;
                set_password(tx, &mut account, &hash, now)?;
                lane::take_back(tx, &guess, true)?;
                sessions::end_others(tx, signed.person, Some(&signed.token_hash))?;
                let entry = Entry::new(Kind::Password, actor_of(account.person)).about("changed");
                this.audit.append(tx, &entry.from(&address))?;
                this.renew(tx, &signed, &account, (&token, "password"), now)
            })
            .await
    }
}

/// Sets a password that its person chose, and adds it to the history.
///
/// # Errors
/// [`StorageError`].
pub(super) fn set_password(
    tx: &mut dyn Tx,
    account: &mut Account,
    hash: &str,
    now: ServerTime,
) -> Result<(), StorageError> {
    hash.clone_into(&mut account.password);
    account.password_at = now;
    account.must_change = false;
    account.code_until = None;
    accounts::save(tx, account)?;
    accounts::add_password(tx, account.person, hash, now, password::HISTORY)
}
