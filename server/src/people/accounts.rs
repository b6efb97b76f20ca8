//! Accounts as administrators see and change them.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{OrganId, PersonId, ServerTime},
    wire::Code,
};

use super::{
    AccountView, Administrator, People, SessionView, lane, login, number, person_id, typed_code,
    view,
};
use crate::{
    access::{Asked, Unclear, identify_in},
    audit::Kind,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Account, Class},
        sessions,
    },
};

/// Milliseconds that a one-time code is valid.
pub(super) const CODE_MS: i64 = 72 * 3_600_000;

/// The person of a new account: an id, or a name with an organisation.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonAsked {
    /// The id of a known person.
    person: Option<String>,
    /// The person's name.
    name: Option<String>,
    /// Creates a person although the name is known.
    #[serde(default)]
    new: bool,
    /// The id of a known organisation.
    organisation_id: Option<String>,
    /// The organisation's name.
    organisation: Option<String>,
}

/// A new account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The login name: 2 to 64 letters, digits or `. _ - @`.
    login: String,
    /// The person.
    person: PersonAsked,
}

/// The one-time code of an account. It is shown once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccountCode {
    /// The person.
    pub person: String,
    /// The login name.
    pub login: String,
    /// The one-time code: the password of the first sign-in.
    pub code: String,
    /// Its end (RFC 3339).
    pub until: String,
}

fn asked(person: PersonAsked) -> Result<Asked, Refusal> {
    let organ = person.organisation_id.map(|id| {
        let organ: Result<OrganId, _> = id.parse();
        organ.map_err(|_| Refusal::new(Code::BadFilter, "organisation_id: expected an id"))
    });
    Ok(Asked {
        person: person.person.as_deref().map(person_id).transpose()?,
        name: person.name,
        new: person.new,
        organ: organ.transpose()?,
        organ_name: person.organisation,
        new_organ: false,
    })
}

/// Why it is unclear who is meant.
fn explained(unclear: &Unclear) -> Refusal {
    let detail = match unclear {
        Unclear::NoName => "person: name it with person or with name and organisation".to_owned(),
        Unclear::UnknownPerson(id) => format!("person: {id} is not known"),
        Unclear::Persons(candidates) => {
            let ids: Vec<String> = candidates
                .iter()
                .map(|one| one.person.id.to_string())
                .collect();
            format!(
                "person: 已有同名人员，同一人用person，另一人加new / the name is known: give person for the same one, new for another: {}",
                ids.join(", ")
            )
        }
        Unclear::NoOrgan => "person: organisation is missing".to_owned(),
        Unclear::UnknownOrgan(id) => format!("person: organisation_id {id} is not known"),
        Unclear::Organs(several) => {
            let ids: Vec<String> = several.iter().map(|(id, _)| id.to_string()).collect();
            format!(
                "person: several organisations have this name, give organisation_id: {}",
                ids.join(", ")
            )
        }
    };
    Refusal::new(Code::BadFilter, detail)
}

fn unknown() -> Refusal {
    Refusal::new(Code::NotFound, "no such account")
}

impl People {
    /// Creates an account with a one-time code, for the system administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::AccountExists`], [`Code::BadFilter`] if it is unclear who is meant.
    pub async fn create_account(
        &self,
        actor: &Administrator,
        new: NewAccount,
    ) -> Result<AccountCode, Refusal> {
        // Also before the hash is computed: it takes a turn.
        actor.acts(&[Class::System], self.now())?;
        let (name, person) = (login(&new.login)?, asked(new.person)?);
        let (code, until) = (typed_code(), ServerTime(self.now().0 + CODE_MS));
        let hash = self.hashing.hash(code.clone(), actor.person()).await?;
        let made = self
            .administer(actor, &[Class::System], move |tx, this, actor, now| {
                let found = identify_in(tx, person.clone(), now)?;
                let found = found.map_err(|unclear| explained(&unclear))?;
                let mut account = Account::new(found.person, name.clone(), Class::Business, now);
                account.password.clone_from(&hash);
                account.code_until = Some(until);
                if !accounts::insert(tx, &account)? {
                    let detail = format!("login: {name}, person: {}", found.person);
                    return Err(Refusal::new(Code::AccountExists, detail));
                }
                let about = format!("create person:{} login {name}", found.person);
                this.audit
                    .append(tx, &actor.entry(Kind::Account).about(about))?;
                Ok((found.person, name.clone()))
            })
            .await?;
        Ok(AccountCode {
            person: made.0.to_string(),
            login: made.1,
            code,
            until: view::instant(until),
        })
    }

    /// Every account, for the system and the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`].
    pub async fn accounts(&self, actor: &Administrator) -> Result<Vec<AccountView>, Refusal> {
        let now = self.now();
        let classes = &[Class::System, Class::Security];
        self.inspect(actor, classes, "accounts".to_owned(), move |tx| {
            let all = accounts::all(tx)?;
            let views = all.iter().map(|of| view::account(tx, of, now));
            views.collect()
        })
        .await
    }

    /// The person with this login name, for commands.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub async fn person_named(&self, name: &str) -> Result<PersonId, Refusal> {
        let name = super::folded(name);
        let read = move |tx: &mut dyn Tx| accounts::named(tx, &name);
        let found = self.storage.read(read).await?;
        found.map(|of| of.person).ok_or_else(unknown)
    }

    /// Changes an account in a transaction with its entry of the audit log.
    async fn change(
        &self,
        actor: &Administrator,
        classes: &'static [Class],
        person: PersonId,
        (kind, what): (Kind, &'static str),
        change: impl Fn(&mut dyn Tx, &mut Account, ServerTime) -> Result<(), StorageError>
        + Send
        + 'static,
    ) -> Result<Account, Refusal> {
        self.administer(actor, classes, move |tx, this, actor, now| {
            let mut account = accounts::lock(tx, person)?.ok_or_else(unknown)?;
            actor.changes(&account)?;
            change(tx, &mut account, now)?;
            accounts::save(tx, &account)?;
            let about = format!("{what} person:{person}");
            this.audit.append(tx, &actor.entry(kind).about(about))?;
            Ok(account)
        })
        .await
    }

    /// Suspends an account, and ends its sessions.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn suspend(&self, actor: &Administrator, person: PersonId) -> Result<(), Refusal> {
        let act = (Kind::Account, "suspend");
        let change = |tx: &mut dyn Tx, account: &mut Account, now| {
            account.suspended_at = Some(now);
            sessions::end_others(tx, account.person, None)?;
            Ok(())
        };
        let done = self.change(actor, &[Class::System], person, act, change);
        done.await.map(drop)
    }

    /// Ends the suspension of an account.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn resume(&self, actor: &Administrator, person: PersonId) -> Result<(), Refusal> {
        let act = (Kind::Account, "resume");
        let change = |_: &mut dyn Tx, account: &mut Account, _| {
            account.suspended_at = None;
            Ok(())
        };
        let done = self.change(actor, &[Class::System], person, act, change);
        done.await.map(drop)
    }

    /// Replaces the password of an account by a one-time code, and ends its sessions.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn new_code(
        &self,
        actor: &Administrator,
        person: PersonId,
    ) -> Result<AccountCode, Refusal> {
        actor.acts(&[Class::System], self.now())?;
        let until = ServerTime(self.now().0 + CODE_MS);
        let code = typed_code();
        let hash = self.hashing.hash(code.clone(), actor.person()).await?;
        let act = (Kind::Password, "one-time code for");
        let change = move |tx: &mut dyn Tx, account: &mut Account, now| {
            account.password.clone_from(&hash);
            (account.password_at, account.must_change) = (now, true);
            account.code_until = Some(until);
            sessions::end_others(tx, account.person, None)?;
            Ok(())
        };
        let account = self.change(actor, &[Class::System], person, act, change);
        let account = account.await?;
        Ok(AccountCode {
            person: person.to_string(),
            login: account.name,
            code,
            until: view::instant(until),
        })
    }

    /// Ends all waits of an account, for the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], also for an administrator's account; [`Code::NotFound`].
    pub async fn unlock(&self, actor: &Administrator, person: PersonId) -> Result<(), Refusal> {
        let change = |tx: &mut dyn Tx, account: &mut Account, _| lane::clear(tx, &account.name);
        let act = (Kind::Unlock, "waits of");
        let done = self.change(actor, &[Class::Security], person, act, change);
        done.await.map(drop)
    }

    /// Removes the second factor of an account whose person has lost it, and ends its sessions; for the security
    /// administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn remove_totp(
        &self,
        actor: &Administrator,
        person: PersonId,
    ) -> Result<(), Refusal> {
        let act = (Kind::SecondFactor, "remove of");
        let change = |tx: &mut dyn Tx, account: &mut Account, _| {
            (account.totp, account.totp_asked) = (None, None);
            accounts::set_recovery(tx, account.person, &[])?;
            sessions::forget_browsers(tx, account.person)?;
            sessions::end_others(tx, account.person, None)?;
            Ok(())
        };
        let done = self.change(actor, &[Class::Security], person, act, change);
        done.await.map(drop)
    }

    /// The sessions of an account, for the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`].
    pub async fn sessions_of(
        &self,
        actor: &Administrator,
        person: PersonId,
    ) -> Result<Vec<SessionView>, Refusal> {
        let (now, idle) = (self.now(), self.settings.idle_ms);
        let what = format!("sessions of person:{person}");
        self.inspect(actor, &[Class::Security], what, move |tx| {
            view::sessions(tx, person, None, now, idle)
        })
        .await
    }

    /// Ends a session of an account, for the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn end_session_of(
        &self,
        actor: &Administrator,
        person: PersonId,
        id: &str,
    ) -> Result<(), Refusal> {
        let id = number(id)?;
        self.administer(actor, &[Class::Security], move |tx, this, actor, _| {
            let account = accounts::find(tx, person)?.ok_or_else(unknown)?;
            actor.changes(&account)?;
            if !sessions::end_one(tx, person, &id)? {
                return Err(Refusal::new(Code::NotFound, "no such session"));
            }
            let about = format!("session:{} person:{person}", hex::encode(id));
            this.audit
                .append(tx, &actor.entry(Kind::SessionEnd).about(about))?;
            Ok(())
        })
        .await
    }
}
