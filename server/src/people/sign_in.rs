//! Signing in: the guess is counted, the password compared, the second factor checked, and a session opened.

use serde::Deserialize;
use sync_core::{record::ServerTime, wire::Code};

use super::{
    Caller, People, Secret, actor_of, folded, hashing,
    lane::{self, Guess, wait},
    password::MOST,
    totp,
};
use crate::{
    access::{ONE_TIME_CODE, is_suspended, token_hash},
    audit::{Entry, Kind},
    host::random,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Account, Class},
        aliases,
        sessions::{self, Session},
    },
};

/// Milliseconds that an ended session is remembered, so that its token is not taken for an unknown one.
const REMEMBERED_MS: i64 = 86_400_000;

/// Sessions of one person at most: the one that was not used for longest ends.
const MOST_SESSIONS: i64 = 20;

/// Who signs in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The login name.
    pub name: String,
    /// The password, or the one-time code of a new account.
    pub password: Secret,
    /// The code of the second factor, or a recovery code.
    pub code: Option<Secret>,
}

/// An open session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The token, for the cookie. Only its hash is stored.
    pub token: Secret,
    /// The cookie of a browser that was unknown before.
    pub browser: Option<Secret>,
    /// The end of the session.
    pub ends_at: ServerTime,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
    /// What the account is for.
    pub class: Class,
}

/// What the account looked like when the guess was counted.
struct Counted {
    account: Option<Account>,
    guess: Guess,
    browser: Option<Vec<u8>>,
}

/// The same text for every reason: it does not state whether the name is known.
fn refused() -> Refusal {
    Refusal::new(
        Code::SignInRefused,
        "check the name, the password and the code",
    )
}

/// Why a sign-in failed, for the audit log.
enum Failure {
    Password,
    CodeEnded,
    Suspended,
    Factor,
}

impl Failure {
    const fn name(&self) -> &'static str {
        match self {
            Self::Password => "wrong-password",
            Self::CodeEnded => "one-time-code-ended",
            Self::Suspended => "suspended",
            Self::Factor => "wrong-second-factor",
        }
    }
}

impl People {
    /// Signs a person in.
    ///
    /// # Errors
    /// [`Code::SignInRefused`], the same for an unknown name; [`Code::CodeNeeded`] if the password is right and the second
    /// factor is missing; [`Code::TooMany`] while the lane waits; [`Code::Busy`].
    pub async fn sign_in(
        &self,
        asked: SignInRequest,
        caller: &Caller,
    ) -> Result<SignedIn, Refusal> {
        if asked.password.0.len() > MOST {
            return Err(refused());
        }
        let (name, now) = (folded(&asked.name), self.now());
        let counted = self.count(name, caller, now).await?;
        let hash = counted.account.as_ref().map(|of| of.password.clone());
        let is_code = counted
            .account
            .as_ref()
            .is_some_and(|of| of.code_until.is_some());
        let password = if is_code {
            totp::typed(&asked.password.0)
        } else {
            asked.password.0.clone()
        };
        let known = counted.account.as_ref().map(|of| of.person);
        let known = known.filter(|_| counted.browser.is_some());
        let compared = self.hashing.is_right(password, hash, known).await;
        let is_right = match compared {
            Ok(is_right) => is_right,
            Err(busy) => {
                let guess = counted.guess.clone();
                let back = move |tx: &mut dyn Tx| lane::take_back(tx, &guess, false);
                self.storage.write(back).await?;
                return Err(busy);
            }
        };
        let Some(account) = counted.account.clone() else {
            // As much work as the failure of a known name takes.
            let guess = counted.guess.clone();
            let again = move |tx: &mut dyn Tx| lane::confirm(tx, &guess);
            self.storage.write(again).await?;
            return Err(refused());
        };
        let renewed = if is_right && !is_code && hashing::is_old(&account.password) {
            let person = Some(account.person);
            Some(self.hashing.hash(asked.password.0.clone(), person).await?)
        } else {
            None
        };
        self.open(
            counted,
            account,
            (is_right, asked.code.map(|code| code.0), renewed),
            caller,
            now,
        )
        .await
    }

    /// Counts the guess, before anything is compared.
    async fn count(
        &self,
        name: String,
        caller: &Caller,
        now: ServerTime,
    ) -> Result<Counted, Refusal> {
        let (address, cookie) = (caller.address, caller.browser.clone());
        let counted = self
            .storage
            .write(move |tx| {
                let account = accounts::named(tx, &name)?;
                let mut browser = None;
                if let (Some(of), Some(cookie)) = (&account, &cookie) {
                    let hash = token_hash(cookie);
                    if sessions::is_browser(tx, of.person, &hash)? {
                        browser = Some(hash);
                    }
                }
                let lane = match &browser {
                    Some(hash) => lane::of_known("browser", hash),
                    None => lane::of_address(address),
                };
                let of = (lane::key(&name), account.is_some());
                let guess = lane::reserve(tx, of, &lane, browser.is_some(), now)?;
                Ok::<_, StorageError>(guess.map(|guess| Counted {
                    account,
                    guess,
                    browser,
                }))
            })
            .await?;
        counted.map_err(|until| wait(until, now))
    }

    /// Checks the rest and opens the session, or records the failure. The account is read again: it may have changed while
    /// the password was compared.
    async fn open(
        &self,
        counted: Counted,
        seen: Account,
        (is_right, code, renewed): (bool, Option<String>, Option<String>),
        caller: &Caller,
        now: ServerTime,
    ) -> Result<SignedIn, Refusal> {
        let (this, address) = (self.clone(), caller.text());
        let (token, cookie) = (self.access.new_session(), self.access.new_browser());
        let id: [u8; 16] = random();
        let opened = self
            .storage
            .write(move |tx| {
                let account = accounts::lock(tx, seen.person)?;
                let same = |of: &Account| of.password == seen.password;
                let Some(mut account) = account.filter(|of| is_right && same(of)) else {
                    return this.failed(tx, &seen, Failure::Password, &address);
                };
                let aliases = aliases::all(tx)?;
                if is_suspended(tx, &aliases, account.person)? {
                    return this.failed(tx, &seen, Failure::Suspended, &address);
                }
                if account.code_until.is_some_and(|until| until <= now) {
                    return this.failed(tx, &seen, Failure::CodeEnded, &address);
                }
                let mut factor = if account.code_until.is_some() {
                    ONE_TIME_CODE
                } else {
                    "password"
                };
                if account.totp.is_some() {
                    let Some(code) = &code else {
                        // The password is right: this was no guess.
                        lane::take_back(tx, &counted.guess, false)?;
                        let detail = "code: the code of the second factor, or a recovery code";
                        return Ok(Err(Refusal::new(Code::CodeNeeded, detail)));
                    };
                    match totp::use_code(tx, &mut account, code, now)? {
                        Some(used) if factor != ONE_TIME_CODE => factor = used,
                        Some(_) => {}
                        None => return this.failed(tx, &seen, Failure::Factor, &address),
                    }
                }
                lane::take_back(tx, &counted.guess, true)?;
                if account.code_until.is_some() {
                    // It opens one session. Zero, and not the present time: another request that began earlier compares it with
                    // its own time.
                    account.code_until = Some(ServerTime(0));
                }
                if let Some(hash) = &renewed {
                    account.password.clone_from(hash);
                }
                accounts::save(tx, &account)?;
                let browser = counted.browser.clone();
                let fresh = browser.is_none().then(|| cookie.clone());
                let browser = browser.unwrap_or_else(|| token_hash(&cookie));
                sessions::remember_browser(tx, account.person, &browser, now)?;
                let session = Session {
                    token_hash: token_hash(&token),
                    id,
                    person: account.person,
                    made_at: now,
                    seen_at: now,
                    ends_at: ServerTime(now.0 + this.settings.whole_ms),
                    factor: factor.to_owned(),
                    proven_at: now,
                    browser: Some(browser),
                    address: address.clone(),
                };
                sessions::insert(tx, &session, ServerTime(now.0 - REMEMBERED_MS))?;
                sessions::end_oldest(tx, account.person, MOST_SESSIONS)?;
                let entry = Entry::new(Kind::SignIn, actor_of(account.person))
                    .about(format!("session:{}", hex::encode(id)))
                    .purpose(factor);
                this.audit.append(tx, &entry.from(&address))?;
                Ok(Ok(SignedIn {
                    token: Secret(token.clone()),
                    browser: fresh.map(Secret),
                    ends_at: session.ends_at,
                    must_change: this.access.must_change(&account, now),
                    class: account.class,
                }))
            })
            .await;
        opened.map_err(|error: StorageError| Refusal::from(error))?
    }

    /// Records a failed sign-in to a known account. The guess stays counted.
    fn failed(
        &self,
        tx: &mut dyn Tx,
        account: &Account,
        why: Failure,
        address: &str,
    ) -> Result<Result<SignedIn, Refusal>, StorageError> {
        let entry = Entry::new(Kind::SignIn, "stranger")
            .about(actor_of(account.person))
            .from(address)
            .refused(why.name());
        self.audit.append(tx, &entry)?;
        Ok(Err(refused()))
    }
}
