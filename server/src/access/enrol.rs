//! Enrolment: one-time codes, the devices that they enrol, and tokens for reviewers.

use sync_core::{
    identity::SignedGrant,
    record::{AreaPath, Grant, OrganId, PackHash, PersonId, Role, ServerTime},
    wire::{
        Code,
        enrol::{Request, Response},
    },
};

use super::{Access, Refusal, keys::random, session::token_hash};
use crate::storage::{
    Storage, StorageError, Tx,
    credentials::{self, Appointment, Token},
    devices::{self, Device, DeviceState},
    spaces,
};

/// What a one-time code grants.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The person.
    pub person: PersonId,
    /// The organisation.
    pub organ: OrganId,
    /// The role.
    pub role: Role,
    /// The area.
    pub area: AreaPath,
    /// The space that the area lies in.
    pub space: AreaPath,
}

/// Characters that cannot be confused when read aloud.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Days that a token of the review API is valid, unless another time is given.
pub const TOKEN_DAYS: i64 = 90;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The canonical form of a code, which its hash is computed from. People type codes by hand: case, spaces, dashes and
/// full-width letters make no difference. No code contains a character that is dropped here.
fn as_made(code: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    code.chars()
        .map(narrow)
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Creates a one-time code for a device. The grant of this code has no end.
///
/// # Errors
/// [`StorageError`].
pub async fn invite(
    storage: &Storage,
    invitation: &Invitation,
    expires: ServerTime,
) -> Result<String, StorageError> {
    invite_until(storage, invitation, expires, None).await
}

/// As [`invite`]; the grant ends at `until` (exclusive).
///
/// # Errors
/// [`StorageError`].
pub async fn invite_until(
    storage: &Storage,
    invitation: &Invitation,
    expires: ServerTime,
    until: Option<ServerTime>,
) -> Result<String, StorageError> {
    let code: String = random::<12>()
        .iter()
        .map(|b| char::from(LETTERS[usize::from(b % 32)]))
        .collect();
    let hash = token_hash(&code);
    let who = Appointment {
        person: invitation.person,
        organ: invitation.organ,
        role: invitation.role,
        area: invitation.area.clone(),
        space: invitation.space.clone(),
        until,
    };
    let log = sync_core::record::LogId(random());
    storage
        .write(move |tx| {
            spaces::create(tx, &who.space, log)?;
            credentials::insert_code(tx, &hash, &who, expires)
        })
        .await?;
    Ok(code)
}

impl Access {
    /// Enrols a device with a one-time code. Idempotent: the same device and code get the same grant. A disabled device
    /// becomes active again with a code that it has not used, because an administrator created that code for it. What
    /// it sent while it was disabled stays in quarantine, and its earlier grants stay revoked.
    ///
    /// # Errors
    /// [`Code::CodeInvalid`]; [`Code::DeviceRevoked`] for a disabled device with a code that it used before. An error
    /// leaves the code unchanged.
    pub async fn enrol(&self, request: Request) -> Result<Response, Refusal> {
        let (key, now) = (self.key.clone(), self.clock.signing().await?);
        self.storage
            .write(move |tx| {
                let hash = token_hash(&as_made(request.code.as_str()));
                let invalid = || Refusal::new(Code::CodeInvalid, "ask for a new code");
                let again = credentials::is_code_of(tx, &hash, request.device)?;
                let who =
                    credentials::use_code(tx, &hash, request.device, now)?.ok_or_else(invalid)?;
                let device = Device {
                    id: request.device,
                    key: request.key,
                    model: request.model.as_str().to_owned(),
                    state: DeviceState::Active,
                    pack_number: 0,
                    pack_hash: PackHash([0; 32]),
                    fork_count: 0,
                    enrolled_at: now,
                    seen_at: now,
                };
                devices::insert(tx, &device)?;
                let known = devices::find(tx, request.device)?.ok_or_else(invalid)?;
                if known.key != request.key {
                    return Err(invalid());
                }
                if known.state != DeviceState::Active {
                    if again {
                        return Err(Refusal::new(
                            Code::DeviceRevoked,
                            "this phone was disabled after it used this code; ask for a new code",
                        ));
                    }
                    devices::set_state(tx, request.device, DeviceState::Active)?;
                }
                let lifted = known.state != DeviceState::Active;
                let same = |g: &Grant| {
                    let whom = (g.person, g.role, &g.area) == (who.person, who.role, &who.area);
                    // A grant from before the device was disabled stays revoked; a new one is needed.
                    whom && g.until == who.until && !lifted
                };
                for (_, sealed) in devices::device_grants(tx, request.device)? {
                    if sealed.open(&key.public()).is_ok_and(|g| same(&g)) {
                        return Ok(Response {
                            server_key: key.public(),
                            grant: sealed,
                        });
                    }
                }
                let grant = Grant {
                    person: who.person,
                    organ: who.organ,
                    role: who.role,
                    area: who.area,
                    device: request.device,
                    device_key: request.key.0,
                    // A device's clock may be behind; an event of the day of enrolment must not fall before its grant.
                    from: ServerTime(now.0 - DAY_MS),
                    until: who.until,
                    issued: now,
                };
                let sealed = SignedGrant::seal(&grant, &key);
                devices::insert_grant(tx, &sealed, &grant, &who.space)?;
                Ok(Response {
                    server_key: key.public(),
                    grant: sealed,
                })
            })
            .await
    }

    /// Creates a token of the review API that is valid for [`TOKEN_DAYS`] days. Only its hash is stored.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn issue_token(
        &self,
        person: PersonId,
        role: Role,
        area: AreaPath,
        label: String,
    ) -> Result<String, Refusal> {
        let until = ServerTime(self.now().0 + TOKEN_DAYS * DAY_MS);
        self.issue_token_until(person, role, area, label, until)
            .await
    }

    /// As [`Self::issue_token`]; the token is valid until `until` (exclusive).
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn issue_token_until(
        &self,
        person: PersonId,
        role: Role,
        area: AreaPath,
        label: String,
        until: ServerTime,
    ) -> Result<String, Refusal> {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let token = format!("xr_{}", URL_SAFE_NO_PAD.encode(random::<24>()));
        let hash = token_hash(&token);
        let keep = move |tx: &mut dyn Tx| {
            let token = Token {
                token_hash: &hash,
                person,
                role,
                area: &area,
                label: &label,
                expires_at: Some(until),
            };
            credentials::insert_token(tx, &token)
        };
        self.storage.write(keep).await?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        for typed in [
            "ABCDEFGH2345",
            "abcdefgh2345",
            " ABCD EFGH-2345\t",
            "ＡＢＣＤ－ｅｆｇｈ　２３４５",
            "abcd—efgh–2345",
        ] {
            assert_eq!(as_made(typed), "ABCDEFGH2345", "{typed}");
        }
    }
}
