//! Keys to the review API: the security administrator lists, issues and ends them.

use serde::{Deserialize, Serialize};
use sync_core::{
    record::{DAY_MS, ServerTime},
    wire::Code,
};

use super::{
    Administrator, People,
    assignments::{area, reviewing, time},
    person_id, view,
};
use crate::{
    access::{TOKEN_DAYS, api_key, refuse_administrator, token_hash},
    audit::Kind,
    refusal::Refusal,
    storage::{
        Tx,
        accounts::Class,
        credentials::{self, Token},
        listings::{self, Secret, Secrets},
        persons,
    },
};

/// Hexadecimal digits of a hash that name a key.
const SHOWN: usize = 12;

/// Days that a key may be valid at most.
const MOST_DAYS: i64 = 3650;

/// A new key.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The id of the person who answers for it.
    person: String,
    /// The role that it reads and decides in.
    role: String,
    /// The area.
    area: String,
    /// What it is for, shown in lists.
    #[serde(default)]
    label: String,
    /// Its end (exclusive): RFC 3339, or a day in China time; 90 days from now if absent.
    until: Option<String>,
}

/// A key that was issued. It is shown once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyIssued {
    /// The key.
    key: String,
    /// Its id in lists.
    id: String,
    /// Its end (RFC 3339).
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
    /// Whether it is accepted now.
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

impl People {
    /// Every key.
    ///
    /// # Errors
    /// [`Code::OutOfScope`].
    pub async fn keys(&self, actor: &Administrator) -> Result<Vec<KeyView>, Refusal> {
        actor.reads(&[Class::Security])?;
        let read = |tx: &mut dyn Tx| listings::secrets(tx, Secrets::Tokens);
        let (found, now) = (self.storage.read(read).await?, self.now());
        Ok(found.into_iter().map(|secret| shown(secret, now)).collect())
    }

    /// Issues a key to a known person who is no administrator.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::BadFilter`].
    pub async fn issue_key(
        &self,
        actor: &Administrator,
        new: NewKey,
    ) -> Result<KeyIssued, Refusal> {
        let now = self.now();
        actor.acts(&[Class::Security], now)?;
        let person = person_id(&new.person)?;
        let (role, area) = (reviewing(&new.role)?, area(&new.area)?);
        let usual = ServerTime(now.0 + TOKEN_DAYS * DAY_MS);
        let until = new.until.map(|text| time("until", &text)).transpose()?;
        let until = until.unwrap_or(usual);
        if until <= now || until.0 - now.0 > MOST_DAYS * DAY_MS {
            let detail = "until: expected a time to come, within 3650 days";
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        let key = api_key();
        let hash = token_hash(&key);
        let issued = KeyIssued {
            id: id(&hash),
            until: view::instant(until),
            key,
        };
        let (this, actor, label) = (self.clone(), actor.clone(), new.label);
        self.storage
            .write(move |tx| {
                let known = persons::name(tx, person)?.is_some()
                    || persons::appointments(tx, person)?.known;
                if !known {
                    return Err(Refusal::new(Code::NotFound, "person: not known"));
                }
                refuse_administrator(tx, person)?;
                let token = Token {
                    token_hash: &hash,
                    person,
                    role,
                    area: &area,
                    label: &label,
                    expires_at: Some(until),
                };
                credentials::insert_token(tx, &token)?;
                let about = format!("issue {} to person:{person}, {role} in {area}", id(&hash));
                this.audit
                    .append(tx, &actor.entry(Kind::ApiKey).about(about))?;
                Ok(())
            })
            .await?;
        Ok(issued)
    }

    /// Ends a key at once, named by the beginning of its hash.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::NotFound`].
    pub async fn end_key(&self, actor: &Administrator, begun: &str) -> Result<(), Refusal> {
        actor.acts(&[Class::Security], self.now())?;
        let digits = begun.to_lowercase();
        let fits = digits.len() >= SHOWN && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !fits {
            return Err(Refusal::new(Code::NotFound, "no such key"));
        }
        let (this, actor) = (self.clone(), actor.clone());
        self.storage
            .write(move |tx| {
                let found = listings::secrets_like(tx, Secrets::Tokens, &digits)?;
                let [hash] = found.as_slice() else {
                    return Err(Refusal::new(Code::NotFound, "no such key"));
                };
                listings::end_secret(tx, Secrets::Tokens, hash)?;
                let about = format!("end {}", id(hash));
                this.audit
                    .append(tx, &actor.entry(Kind::ApiKey).about(about))?;
                Ok(())
            })
            .await
    }
}
