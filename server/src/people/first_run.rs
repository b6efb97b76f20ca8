//! The first administrators: one-time codes that the console prints, and the accounts that they make.

use serde::Deserialize;
use sync_core::{
    record::{DAY_MS, PersonId, ServerTime},
    wire::Code,
};

use super::{
    Administrator, Caller, People, Secret, actor_of, login, own::set_password, password, totp,
    typed_code,
};
use crate::{
    access::{Asked, identify_in, token_hash},
    audit::{Entry, Kind},
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Account, Class},
    },
};

/// Days that a code of the first run is valid.
pub const SETUP_DAYS: i64 = 7;

/// A one-time code for an administrator.
#[derive(Debug, Clone)]
pub struct SetupCode {
    /// What the administrator is for.
    pub class: Class,
    /// The code. Only its hash is stored.
    pub code: String,
}

/// A person who becomes an administrator.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstRun {
    /// The one-time code from `xuncha admin first-run`.
    code: Secret,
    /// The login name: 2 to 64 letters, digits or `. _ - @`.
    login: String,
    /// The password: 12 characters or more.
    password: Secret,
    /// The person's name.
    name: String,
    /// The organisation's name.
    organisation: String,
}

fn invalid() -> Refusal {
    Refusal::new(Code::CodeInvalid, "xuncha admin first-run makes a new one")
}

impl People {
    /// Makes one-time codes: for the classes without an administrator, or for the named class although it has one.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn setup_codes(
        &self,
        actor: &Administrator,
        again: Option<Class>,
    ) -> Result<Vec<SetupCode>, Refusal> {
        let (this, actor, now) = (self.clone(), actor.clone(), self.now());
        let fresh: Vec<SetupCode> = Class::ADMINISTRATORS
            .into_iter()
            .map(|class| SetupCode {
                class,
                code: typed_code(),
            })
            .collect();
        let made = self.storage.write(move |tx| {
            let all = accounts::all(tx)?;
            let has = |class: Class| all.iter().any(|of| of.class == class);
            let mut made = Vec::new();
            for one in &fresh {
                let wanted = match again {
                    Some(class) => class == one.class,
                    None => !has(one.class),
                };
                if wanted {
                    accounts::set_setup_code(tx, one.class, &token_hash(&one.code), now)?;
                    let entry = actor.entry(Kind::FirstRun);
                    let about = format!("code for {}", one.class.name());
                    this.audit.append(tx, &entry.about(about))?;
                    made.push(one.clone());
                }
            }
            Ok::<_, StorageError>(made)
        });
        Ok(made.await?)
    }

    /// Makes an administrator with a one-time code.
    ///
    /// # Errors
    /// [`Code::CodeInvalid`], [`Code::PasswordUnfit`], [`Code::AccountExists`], [`Code::BadFilter`].
    pub async fn first_run(&self, asked: FirstRun, caller: &Caller) -> Result<Class, Refusal> {
        let name = login(&asked.login)?;
        password::check(&asked.password.0, &name)?;
        if asked.name.trim().is_empty() || asked.organisation.trim().is_empty() {
            let expected = "name, organisation: expected the person and the organisation";
            return Err(Refusal::new(Code::BadFilter, expected));
        }
        let code = token_hash(&totp::typed(&asked.code.0));
        let since = ServerTime(self.now().0 - SETUP_DAYS * DAY_MS);
        let asked_code = code.clone();
        let read = move |tx: &mut dyn Tx| accounts::is_setup_code(tx, &asked_code, since);
        // A caller without a code does not take the turns for hashes.
        if !self.storage.read(read).await? {
            return Err(invalid());
        }
        let hash = self.hashing.hash(asked.password.0, None).await?;
        let (this, address, now) = (self.clone(), caller.text(), self.now());
        let person = Asked {
            name: Some(asked.name),
            organ_name: Some(asked.organisation),
            // An administrator is a person of their own: no grant and no key names them.
            new: true,
            ..Asked::default()
        };
        self.storage
            .write(move |tx| {
                let found = identify_in(tx, person.clone(), now)?;
                let found = found.map_err(|_| {
                    let detail = "organisation: several have this name; write it in full";
                    Refusal::new(Code::BadFilter, detail)
                })?;
                let class = accounts::use_setup_code(tx, &code, found.person, since)?;
                let class = class.ok_or_else(invalid)?;
                let mut account = Account::new(found.person, name.clone(), class, now);
                if !accounts::insert(tx, &account)? {
                    let detail = format!("login: {name} is taken");
                    return Err(Refusal::new(Code::AccountExists, detail));
                }
                set_password(tx, &mut account, &hash, now)?;
                let entry = Entry::new(Kind::FirstRun, actor_of(account.person))
                    .about(format!("{} administrator {name}", class.name()));
                this.audit.append(tx, &entry.from(&address))?;
                Ok(class)
            })
            .await
    }
}

impl Account {
    /// An account without a password.
    pub(super) fn new(person: PersonId, name: String, class: Class, now: ServerTime) -> Self {
        Self {
            person,
            name,
            class,
            password: String::new(),
            password_at: now,
            must_change: true,
            code_until: None,
            suspended_at: None,
            totp: None,
            totp_step: 0,
            totp_asked: None,
            made_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_console_is_the_same_however_it_is_typed() {
        let code = typed_code();
        let spaced = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
        assert_eq!(totp::typed(&spaced), code);
    }
}
