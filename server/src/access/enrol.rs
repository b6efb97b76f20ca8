//! Enrolment: one-time codes, the devices they make known, and tokens for reviewers.

use sync_core::{
    identity::SignedGrant,
    record::{AreaPath, Grant, OrganId, PersonId, Role, ServerTime},
    wire::{
        Code,
        enrol::{Request, Response},
    },
};

use super::{Access, Refusal, keys::random, session::token_hash};
use crate::storage::{
    Storage, StorageError,
    devices::{self, Appointment},
    spaces,
};

/// Somebody to be let in.
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
    /// The space it lies in.
    pub space: AreaPath,
}

/// Characters that cannot be mistaken for others when read aloud.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Makes a one-time code for a phone.
///
/// # Errors
/// [`StorageError`].
pub async fn invite(
    storage: &Storage,
    invitation: &Invitation,
    expires: ServerTime,
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
    };
    let log = sync_core::record::LogId(random());
    storage
        .write(move |tx| {
            spaces::create(tx, &who.space, log)?;
            devices::insert_code(tx, &hash, &who, expires.0)
        })
        .await?;
    Ok(code)
}

impl Access {
    /// Makes a phone known by its code. Asking again with the same phone and code gives the same grant.
    ///
    /// # Errors
    /// [`Code::CodeInvalid`].
    pub async fn enrol(&self, request: Request) -> Result<Response, Refusal> {
        let (key, now) = (self.key.clone(), self.now());
        self.storage
            .write(move |tx| {
                let hash = token_hash(request.code.as_str());
                let invalid = || Refusal::new(Code::CodeInvalid, "ask for a new code");
                let who =
                    devices::use_code(tx, &hash, request.device, now.0)?.ok_or_else(invalid)?;
                devices::insert(
                    tx,
                    request.device,
                    request.key,
                    request.model.as_str(),
                    now.0,
                )?;
                let known = devices::find(tx, request.device)?.ok_or_else(invalid)?;
                if known.key != request.key {
                    return Err(invalid());
                }
                let same =
                    |g: &Grant| g.person == who.person && g.role == who.role && g.area == who.area;
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
                    // A phone's clock may be behind; an event of enrolment day must not fall before its grant.
                    from: ServerTime(now.0 - 86_400_000),
                    until: None,
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

    /// Makes a key to the review API; it is shown once.
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
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let token = format!("xr_{}", URL_SAFE_NO_PAD.encode(random::<24>()));
        let hash = token_hash(&token);
        self.storage
            .write(move |tx| devices::insert_token(tx, &hash, person, role, &area, &label))
            .await?;
        Ok(token)
    }
}
