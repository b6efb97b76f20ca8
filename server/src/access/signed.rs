//! Sessions of people: who has signed in, and what the assignments let the person read.

use std::collections::BTreeSet;

use sync_core::{
    record::{AreaPath, DAY_MS, PersonId, Role, ServerTime},
    wire::Code,
};

use super::{
    Access, Reach,
    reach::{PROVEN_MS, outermost},
    token::token_hash,
};
use crate::{
    refusal::Refusal,
    register,
    storage::{
        StorageError, Tx,
        accounts::{self, Account, Class},
        aliases::{self, Aliases},
        assignments,
        sessions::{self, Session},
    },
};

/// What the token of a session begins with.
pub const SESSION: &str = "xs_";

/// The factor of a session that a one-time code opened.
pub const ONE_TIME_CODE: &str = "one-time-code";

/// A session notes its use at most once in this time, so that a read is not a write each time.
const NOTE_MS: i64 = 60_000;

/// A person who has signed in, proven by the token of a session that was checked in this request.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The person.
    pub person: PersonId,
    /// What the account is for.
    pub class: Class,
    /// The login name.
    pub name: String,
    /// The number of the session.
    pub id: [u8; 16],
    /// The SHA-256 of its token.
    pub token_hash: Vec<u8>,
    /// When the password or the second factor was last given.
    pub proven_at: ServerTime,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
    /// Whether a second factor is set up.
    pub has_totp: bool,
    /// Whether a one-time code opened the session.
    pub by_code: bool,
}

impl Signed {
    /// Checks that this is an administrator of one of these classes who may act: the password is no older than allowed.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::PasswordOld`].
    pub fn is_one_of(&self, classes: &[Class]) -> Result<(), Refusal> {
        if !classes.contains(&self.class) {
            let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
            let names = names.join(", ");
            let detail = format!("仅限管理员 {names} / only for an administrator of: {names}");
            return Err(Refusal::new(Code::OutOfScope, detail));
        }
        self.may_work()
    }

    /// Checks that this is an audit administrator.
    ///
    /// # Errors
    /// As [`Self::is_one_of`].
    pub fn may_read_audit(&self) -> Result<(), Refusal> {
        self.is_one_of(&[Class::Audit])
    }

    /// As [`Self::is_one_of`], for an act: the password or the second factor was given within [`PROVEN_MS`].
    ///
    /// # Errors
    /// As [`Self::is_one_of`], and [`Code::ProofNeeded`].
    pub fn acts_as(&self, classes: &[Class], now: ServerTime) -> Result<(), Refusal> {
        self.is_one_of(classes)?;
        self.is_proven(now)
    }

    /// Checks that the password or the second factor was given within [`PROVEN_MS`].
    ///
    /// # Errors
    /// [`Code::ProofNeeded`].
    pub fn is_proven(&self, now: ServerTime) -> Result<(), Refusal> {
        if now.0 - self.proven_at.0 > PROVEN_MS {
            return Err(Refusal::new(Code::ProofNeeded, "POST /v1/step-up"));
        }
        Ok(())
    }

    fn may_work(&self) -> Result<(), Refusal> {
        if self.must_change {
            let detail = "POST /v1/me/password";
            return Err(Refusal::new(Code::PasswordOld, detail));
        }
        Ok(())
    }
}

fn ended() -> Refusal {
    Refusal::new(Code::SignedOut, "POST /v1/sign-in")
}

/// Whether the account of a person is suspended, or one of an id that was merged with the person's.
///
/// # Errors
/// [`StorageError`].
pub fn is_suspended(
    tx: &mut dyn Tx,
    aliases: &Aliases,
    person: PersonId,
) -> Result<bool, StorageError> {
    for id in aliases.ids(person) {
        if accounts::find(tx, id)?.is_some_and(|of| of.suspended_at.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Access {
    /// Whether a session is in use.
    fn is_live(&self, session: &Session, now: ServerTime) -> bool {
        now < session.ends_at && now.0 - session.seen_at.0 <= self.sign_in.idle_ms
    }

    /// Whether a password must be changed before anything else.
    pub fn must_change(&self, account: &Account, now: ServerTime) -> bool {
        let days = self.sign_in.password_days;
        account.must_change || (days > 0 && now.0 - account.password_at.0 > days * DAY_MS)
    }

    /// The session of a token, read in the caller's snapshot.
    fn session_in(
        &self,
        tx: &mut dyn Tx,
        hash: &[u8],
        now: ServerTime,
    ) -> Result<(Signed, Session), Refusal> {
        let unknown = || Refusal::new(Code::SessionExpired, "the token is unknown or has expired");
        let session = sessions::find(tx, hash)?.ok_or_else(unknown)?;
        let account = accounts::find(tx, session.person)?.ok_or_else(unknown)?;
        let aliases = aliases::all(tx)?;
        if !self.is_live(&session, now) || is_suspended(tx, &aliases, account.person)? {
            return Err(ended());
        }
        let signed = Signed {
            person: account.person,
            class: account.class,
            id: session.id,
            token_hash: hash.to_vec(),
            proven_at: session.proven_at,
            must_change: self.must_change(&account, now),
            has_totp: account.totp.is_some(),
            by_code: session.factor == ONE_TIME_CODE,
            name: account.name,
        };
        Ok((signed, session))
    }

    /// The person of a session as of now, read in the transaction of an act: what was true when the request came may have
    /// ended while it waited.
    ///
    /// # Errors
    /// [`Code::SessionExpired`] or [`Code::SignedOut`] if the session has ended.
    pub fn still(
        &self,
        tx: &mut dyn Tx,
        signed: &Signed,
        now: ServerTime,
    ) -> Result<Signed, Refusal> {
        self.session_in(tx, &signed.token_hash, now)
            .map(|(signed, _)| signed)
    }

    /// Notes that a session was used, if its note is older than a minute.
    async fn note_use(&self, session: &Session, now: ServerTime) -> Result<(), Refusal> {
        if now.0 - session.seen_at.0 < NOTE_MS {
            return Ok(());
        }
        let hash = session.token_hash.clone();
        let touch = move |tx: &mut dyn Tx| sessions::touch(tx, &hash, now);
        self.storage.write(touch).await?;
        Ok(())
    }

    /// Who has signed in with this token.
    ///
    /// # Errors
    /// [`Code::SessionExpired`] if it is unknown, [`Code::SignedOut`] if the session has ended.
    pub async fn signed(&self, token: &str) -> Result<Signed, Refusal> {
        if !token.starts_with(SESSION) {
            return Err(ended());
        }
        let (this, hash, now) = (self.clone(), token_hash(token), self.now());
        let read = move |tx: &mut dyn Tx| this.session_in(tx, &hash, now);
        let (signed, session) = self.storage.read(read).await?;
        self.note_use(&session, now).await?;
        Ok(signed)
    }

    /// What a person who has signed in may read by the assignments that are valid now, all of them or the named one.
    ///
    /// # Errors
    /// As [`Self::signed`]; [`Code::PasswordOld`]; [`Code::OutOfScope`] if no assignment is valid.
    pub async fn session_reach(
        &self,
        token: &str,
        assignment: Option<String>,
    ) -> Result<Reach, Refusal> {
        let (this, hash, now) = (self.clone(), token_hash(token), self.now());
        let read = move |tx: &mut dyn Tx| {
            let (signed, session) = this.session_in(tx, &hash, now)?;
            signed.may_work()?;
            let reach = reach(tx, &signed, assignment.as_deref(), now)?;
            Ok::<_, Refusal>((reach, session))
        };
        let (reach, session) = self.storage.read(read).await?;
        self.note_use(&session, now).await?;
        Ok(reach)
    }
}

fn reach(
    tx: &mut dyn Tx,
    signed: &Signed,
    only: Option<&str>,
    now: ServerTime,
) -> Result<Reach, Refusal> {
    let mut valid = assignments::of(tx, signed.person)?;
    valid.retain(|one| one.is_valid(now) && only.is_none_or(|id| hex::encode(one.id) == id));
    if valid.is_empty() {
        let detail = match only {
            Some(_) => {
                "Xuncha-Assignment: 没有这项任职，或已结束 / it is not one of yours, or it has ended"
            }
            None => {
                "没有有效的审核任职，请找安全管理员 / no reviewing role is valid: ask the security administrator"
            }
        };
        return Err(Refusal::new(Code::OutOfScope, detail));
    }
    let roles: BTreeSet<Role> = valid.iter().map(|one| one.role).collect();
    let areas: Vec<AreaPath> = outermost(valid.into_iter().map(|one| one.area).collect());
    // While the regions are a circle nothing is known of the areas outside.
    let parents = register::parents(tx, &register::day(now.0)).unwrap_or_default();
    let mut owned: BTreeSet<AreaPath> = BTreeSet::new();
    for area in &areas {
        owned.extend(parents.members(area));
    }
    for area in &areas {
        owned.remove(area);
    }
    Ok(Reach {
        areas,
        owned: owned.into_iter().collect(),
        device: None,
        person: Some(aliases::all(tx)?.kept(signed.person)),
        account: Some(signed.person),
        // With several roles it must be stated which one decides.
        role: roles.first().copied().filter(|_| roles.len() == 1),
        reviewing: Vec::new(),
        proven_at: Some(signed.proven_at),
        only_reads: false,
    })
}
