//! Keys to the review API. A person makes them for their own reviewing roles; the security administrator lists and ends
//! them.
//!
//! Only the person sees a key. If an administrator made keys for others, the administrator could act as each of them.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{DAY_MS, PersonId, ServerTime},
    wire::Code,
};

use super::{Administrator, Caller, People, actor_of, assignments::time, view};
use crate::{
    access::{Signed, TOKEN_DAYS, token_hash},
    audit::{Entry, Kind},
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::Class,
        assignments::{self, Assignment},
        credentials::{self, Token},
        listings::{self, Secret, Secrets},
    },
};

/// Hexadecimal digits of a hash that name a key.
const SHOWN: usize = 12;

/// Days that a key of a person may be valid at most.
const MOST_DAYS: i64 = 366;

/// Keys of one person that are valid at once, at most.
const MOST_KEYS: usize = 20;

/// A new key for one of the person's reviewing roles. It reads and decides nothing.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The id of the reviewing role; may be absent if the person has one.
    assignment: Option<String>,
    /// What it is for, shown in lists.
    #[serde(default)]
    label: String,
    /// Its end (exclusive): RFC 3339, or a day in China time, within 366 days; 90 days from now if absent.
    until: Option<String>,
}

/// A key that was made. It is shown once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyIssued {
    /// The key.
    key: String,
    /// Its id in lists.
    id: String,
    /// Its end (RFC 3339), unless the reviewing role ends before.
    until: String,
}

/// A key, without what can be used to authenticate.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyView {
    /// Its id: the beginning of its hash.
    id: String,
    person: String,
    name: Option<String>,
    role: Option<String>,
    area: String,
    label: String,
    /// Its end (RFC 3339); absent: no end.
    until: Option<String>,
    /// Whether it has not ended. It is accepted as long as its reviewing role is valid and its person is not suspended.
    valid: bool,
}

fn id(hash: &[u8]) -> String {
    hex::encode(hash).chars().take(SHOWN).collect()
}

fn shown(secret: Secret, now: ServerTime) -> KeyView {
    KeyView {
        id: id(&secret.hash),
        person: secret.holder.person.to_string(),
        name: secret.holder.name,
        role: secret.holder.role.map(|role| role.name().to_owned()),
        area: secret.holder.area.to_string(),
        label: secret.of,
        until: secret.expires.map(view::instant),
        valid: secret.expires.is_none_or(|until| now < until),
    }
}

fn unknown() -> Refusal {
    Refusal::new(Code::NotFound, "no such key")
}

/// The first digits of the hash of a key.
fn digits(begun: &str) -> Result<String, Refusal> {
    let digits = begun.to_lowercase();
    let fits = digits.len() >= SHOWN && digits.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then_some(digits).ok_or_else(unknown)
}

/// Ends the key whose hash begins with these digits, if it is one of these; returns its id.
fn end(tx: &mut dyn Tx, digits: &str, own: Option<&[Vec<u8>]>) -> Result<String, Refusal> {
    let mut found = listings::secrets_like(tx, Secrets::Tokens, digits)?;
    found.retain(|hash| own.is_none_or(|own| own.contains(hash)));
    let [hash] = found.as_slice() else {
        return Err(unknown());
    };
    listings::end_secret(tx, Secrets::Tokens, hash)?;
    Ok(id(hash))
}

/// The reviewing role for which a key is made.
fn role_of(
    tx: &mut dyn Tx,
    person: PersonId,
    asked: Option<&str>,
    now: ServerTime,
) -> Result<Assignment, Refusal> {
    let mut valid = assignments::of(tx, person)?;
    valid.retain(|one| one.is_valid(now) && asked.is_none_or(|asked| hex::encode(one.id) == asked));
    match <[Assignment; 1]>::try_from(valid) {
        Ok([only]) => Ok(only),
        Err(several) => {
            let ids: Vec<String> = several.iter().map(|one| hex::encode(one.id)).collect();
            let detail = if ids.is_empty() {
                "assignment: 没有这项任职，或已结束 / no such reviewing role, or it has ended"
                    .to_owned()
            } else {
                format!(
                    "assignment: 有多项任职，请指明一项 / you have several, name one of them: {}",
                    ids.join(", ")
                )
            };
            Err(Refusal::new(Code::BadFilter, detail))
        }
    }
}

fn own(tx: &mut dyn Tx, person: PersonId) -> Result<Vec<Secret>, StorageError> {
    let hashes = credentials::own_tokens(tx, person)?;
    let mut all = listings::secrets(tx, Secrets::Tokens)?;
    all.retain(|secret| hashes.contains(&secret.hash));
    Ok(all)
}

impl People {
    /// Every key, for the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`].
    pub async fn keys(&self, actor: &Administrator) -> Result<Vec<KeyView>, Refusal> {
        let read = |tx: &mut dyn Tx| listings::secrets(tx, Secrets::Tokens);
        let found = self.inspect(actor, &[Class::Security], "keys".to_owned(), read);
        let now = self.now();
        let found = found.await?.into_iter();
        Ok(found.map(|secret| shown(secret, now)).collect())
    }

    /// Ends a key at once, named by the beginning of its hash; for the security administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn end_key(&self, actor: &Administrator, begun: &str) -> Result<(), Refusal> {
        let digits = digits(begun)?;
        self.administer(actor, &[Class::Security], move |tx, this, actor, _| {
            let about = format!("end {}", end(tx, &digits, None)?);
            let entry = actor.entry(Kind::ApiKey).about(about);
            Ok(this.audit.append(tx, &entry)?)
        })
        .await
    }

    /// The keys that the person made.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn own_keys(&self, signed: &Signed) -> Result<Vec<KeyView>, Refusal> {
        let (person, now) = (signed.person, self.now());
        let read = move |tx: &mut dyn Tx| own(tx, person);
        let found = self.storage.read(read).await?;
        Ok(found.into_iter().map(|secret| shown(secret, now)).collect())
    }

    /// Makes a key for one of the person's reviewing roles.
    ///
    /// # Errors
    /// [`Code::ProofNeeded`], [`Code::PasswordOld`], [`Code::BadFilter`]; [`Code::TooMany`] with as many keys as one person
    /// may have.
    pub async fn make_key(
        &self,
        signed: &Signed,
        new: NewKey,
        caller: &Caller,
    ) -> Result<KeyIssued, Refusal> {
        let now = self.now();
        let until = new.until.map(|text| time("until", &text)).transpose()?;
        let until = until.unwrap_or(ServerTime(now.0 + TOKEN_DAYS * DAY_MS));
        if until <= now || until.0 - now.0 > MOST_DAYS * DAY_MS {
            let detail = format!("until: expected a time to come, within {MOST_DAYS} days");
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        let key = self.access.new_key();
        let hash = token_hash(&key);
        let issued = KeyIssued {
            id: id(&hash),
            until: view::instant(until),
            key,
        };
        let (this, signed, address) = (self.clone(), signed.clone(), caller.text());
        self.storage
            .write(move |tx| {
                let signed = this.access.still(tx, &signed, now)?;
                signed.acts_as(&[Class::Business], now)?;
                let role = role_of(tx, signed.person, new.assignment.as_deref(), now)?;
                let mut held = own(tx, signed.person)?;
                held.retain(|key| key.expires.is_none_or(|until| now < until));
                if held.len() >= MOST_KEYS {
                    let detail = format!(
                        "最多同时持有{MOST_KEYS}个密钥，请先结束一个 / at most {MOST_KEYS} keys at once: end one first"
                    );
                    return Err(Refusal::new(Code::TooMany, detail));
                }
                let token = Token {
                    token_hash: &hash,
                    person: signed.person,
                    role: role.role,
                    area: &role.area,
                    label: &new.label,
                    expires_at: Some(until),
                    assignment: Some(role.id),
                };
                credentials::insert_token(tx, &token)?;
                let about = format!("make {}, {} in {}", id(&hash), role.role, role.area);
                let entry = Entry::new(Kind::ApiKey, actor_of(signed.person)).about(about);
                Ok(this.audit.append(tx, &entry.from(&address))?)
            })
            .await?;
        Ok(issued)
    }

    /// Ends a key that the person made, named by the beginning of its hash.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub async fn end_own_key(
        &self,
        signed: &Signed,
        begun: &str,
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let (this, signed, address) = (self.clone(), signed.clone(), caller.text());
        let (digits, now) = (digits(begun)?, self.now());
        self.storage
            .write(move |tx| {
                let signed = this.access.still(tx, &signed, now)?;
                let own = credentials::own_tokens(tx, signed.person)?;
                let about = format!("end {}", end(tx, &digits, Some(&own))?);
                let entry = Entry::new(Kind::ApiKey, actor_of(signed.person)).about(about);
                Ok(this.audit.append(tx, &entry.from(&address))?)
            })
            .await
    }
}
