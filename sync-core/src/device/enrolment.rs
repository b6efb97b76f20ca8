//! The device's identity: identifier, key, actor, server, session, grants.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Device, DeviceError, beacon, meta, meta::name, server_notices};
use crate::{
    crdt::Actor,
    identity::{PublicKey, SecretKey, SignedGrant},
    record::{AreaPath, DeviceId, DeviceTime, Grant, GrantId, PersonId},
    wire::{encode, session::Opened},
};

/// Grants that a device compares with those of a session: fewer than a session states.
const NEWEST_GRANTS: usize = 32;

/// What a device is after enrolment.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The device.
    pub device: DeviceId,
    /// Its key.
    pub key: SecretKey,
    /// The key of the server that it trusts.
    pub server: PublicKey,
}

impl Device {
    /// The device's identifier and key, made on first use.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn identity(&mut self) -> Result<(DeviceId, SecretKey), DeviceError> {
        let c = &self.connection;
        if let (Some(device), Some(seed)) = (
            meta::find_array(c, name::DEVICE)?.map(DeviceId),
            meta::find_array(c, name::KEY)?,
        ) {
            let key = SecretKey::from_seed(seed);
            // A server takes another id than that of the key only from a device that it enrolled in protocol 1.
            let is_enrolled = meta::find(c, name::SERVER_KEY)?.is_some();
            if is_enrolled || device == key.public().device() {
                return Ok((device, key));
            }
        }
        self.write(|tx, host| {
            let seed = host.random();
            let key = SecretKey::from_seed(seed);
            let device = key.public().device();
            let actor = Actor::bound(device, host.random()).0;
            meta::set(tx, name::DEVICE, device.as_bytes())?;
            meta::set(tx, name::KEY, &seed)?;
            meta::set(tx, name::ACTOR, &actor)?;
            Ok((device, key))
        })
    }

    /// Stores the grant and the key from the enrolment answer, and the server's address.
    ///
    /// # Errors
    /// [`DeviceError::Damaged`] if the grant is not signed by that server.
    pub fn enrol(
        &mut self,
        server: &str,
        key: PublicKey,
        grant: &SignedGrant,
    ) -> Result<Grant, DeviceError> {
        let claims = grant.open(&key).map_err(DeviceError::damaged)?;
        self.write(|tx, _| {
            meta::set(tx, name::SERVER_KEY, &key.0)?;
            meta::set(tx, name::SERVER, server.as_bytes())?;
            save_grant(tx, grant, true)?;
            Ok(())
        })?;
        Ok(claims)
    }

    /// The device's enrolment.
    ///
    /// # Errors
    /// [`DeviceError::NotEnrolled`] before enrolment.
    pub fn enrolment(&self) -> Result<Enrolment, DeviceError> {
        enrolment(&self.connection)
    }

    /// Address of the server it is enrolled with.
    ///
    /// # Errors
    /// [`DeviceError::NotEnrolled`] before enrolment.
    pub fn server_address(&self) -> Result<String, DeviceError> {
        let bytes = meta::find(&self.connection, name::SERVER)?.ok_or(DeviceError::NotEnrolled)?;
        String::from_utf8(bytes).map_err(DeviceError::damaged)
    }

    /// The session token, if there is one.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn token(&self) -> Result<Option<String>, DeviceError> {
        Ok(meta::find(&self.connection, name::TOKEN)?
            .filter(|t| !t.is_empty())
            .and_then(|t| String::from_utf8(t).ok()))
    }

    /// Stores what a session brings: token, grants, scopes.
    ///
    /// # Errors
    /// [`DeviceError`]; the token is unchanged then, the grants and scopes may have changed.
    pub(crate) fn take_session(&mut self, opened: &Opened) -> Result<(), DeviceError> {
        self.write(|tx, host| {
            let own = list_own_grants(tx)?;
            for grant in &opened.grants {
                // This device becomes another person's only at an enrolment that its user makes.
                let is_own = grant.stored_claims().is_some_and(|new| {
                    let same = |held: &Grant| held.is_id(new.person) || new.is_id(held.person);
                    own.iter().any(|(_, held)| same(held))
                });
                save_grant(tx, grant, is_own)?;
            }
            beacon::heard(tx, opened.now, host.clock.uptime())?;
            meta::set_int(tx, name::LAST_CONTACT, host.clock.now().0)
        })?;
        if let Some(number) = opened.packs {
            self.give_back_after(number)?;
        }
        self.set_scopes(&opened.scopes, opened.now)?;
        self.set_token(Some(&opened.token))
    }

    /// Stores or deletes the session token.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn set_token(&mut self, token: Option<&str>) -> Result<(), DeviceError> {
        self.write(|tx, _| meta::set(tx, name::TOKEN, token.unwrap_or_default().as_bytes()))
    }

    /// The grants of this device, newest first.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn own_grants(&self) -> Result<Vec<(GrantId, Grant)>, DeviceError> {
        let mut grants = list_own_grants(&self.connection)?;
        grants.sort_by_key(|(_, grant)| std::cmp::Reverse((grant.issued, grant.from)));
        Ok(grants)
    }

    /// The newest grants of this device: a session states those that the server knows.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn newest_grants(&self) -> Result<Vec<GrantId>, DeviceError> {
        let newest = self.own_grants()?.into_iter().take(NEWEST_GRANTS);
        Ok(newest.map(|(id, _)| id).collect())
    }

    /// The first of these grants as the server signed them, at most `limit`: for a restored server that lacks them.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn introduction(
        &self,
        ids: &[GrantId],
        limit: usize,
    ) -> Result<Vec<SignedGrant>, DeviceError> {
        sealed_grants(&self.connection, ids.iter().take(limit))
    }

    /// The grant under which `person` (`None`: any person with a grant on this device) may act in `area` now.
    ///
    /// # Errors
    /// [`DeviceError::NoGrant`] if there is none.
    pub fn grant_for(
        &self,
        area: &AreaPath,
        person: Option<PersonId>,
    ) -> Result<(GrantId, Grant), DeviceError> {
        let now = self.host.clock.now();
        let fits = |grant: &Grant| grant.area.covers(area) && person.is_none_or(|p| grant.is_id(p));
        let mut grants = self.own_grants()?;
        grants.retain(|(_, grant)| fits(grant));
        let all: Vec<Grant> = grants.iter().map(|(_, grant)| grant.clone()).collect();
        grants.retain(|(_, grant)| !all.iter().any(|newer| newer.replaces(grant)));
        // A wrong device clock must not stop work: without a grant valid by that clock, the newest one is used. The
        // server and each fold judge the dates later.
        let valid = grants
            .iter()
            .position(|(_, grant)| grant.is_valid_at(now))
            .unwrap_or(0);
        if grants.is_empty() {
            return Err(DeviceError::NoGrant {
                area: area.to_string(),
            });
        }
        Ok(grants.swap_remove(valid))
    }

    /// When the server last answered, by this device's clock.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn last_contact(&self) -> Result<Option<DeviceTime>, DeviceError> {
        Ok(meta::find_int(&self.connection, name::LAST_CONTACT)?.map(DeviceTime))
    }
}

pub(super) fn enrolment(c: &Connection) -> Result<Enrolment, DeviceError> {
    let device = meta::find_array(c, name::DEVICE)?.ok_or(DeviceError::NotEnrolled)?;
    let seed = meta::find_array(c, name::KEY)?.ok_or(DeviceError::NotEnrolled)?;
    let server = meta::find_array(c, name::SERVER_KEY)?.ok_or(DeviceError::NotEnrolled)?;
    Ok(Enrolment {
        device: DeviceId(device),
        key: SecretKey::from_seed(seed),
        server: PublicKey(server),
    })
}

pub(super) fn actor(c: &Connection) -> Result<Actor, DeviceError> {
    let stored = meta::find_array(c, name::ACTOR)?.map(Actor);
    let stored = stored.ok_or(DeviceError::NotEnrolled)?;
    if stored.is_bound() {
        return Ok(stored);
    }
    // Of an app of protocol 1: later changes have a bound one, which every copy of the store derives alike.
    let [a, b, c4, d, ..] = stored.0;
    Ok(Actor::bound(device_id(c)?, [a, b, c4, d]))
}

fn device_id(c: &Connection) -> Result<DeviceId, DeviceError> {
    let id = meta::find_array(c, name::DEVICE)?;
    id.map(DeviceId).ok_or(DeviceError::NotEnrolled)
}

/// Sets a new actor: after a copy or a restore of the store, another installation may use the old one.
pub(super) fn rotate_actor(c: &Connection, fresh: [u8; 4]) -> Result<Actor, DeviceError> {
    let actor = Actor::bound(device_id(c)?, fresh);
    meta::set(c, name::ACTOR, &actor.0)?;
    Ok(actor)
}

/// Stores a grant if the enrolled server signed it; returns whether it did.
pub(super) fn save_grant(
    c: &Connection,
    grant: &SignedGrant,
    own: bool,
) -> Result<bool, DeviceError> {
    let server = PublicKey(meta::find_array(c, name::SERVER_KEY)?.ok_or(DeviceError::NotEnrolled)?);
    if grant.open(&server).is_err() {
        return Ok(false);
    }
    let mut statement = c.prepare_cached(
        "INSERT INTO known_grant (id, sealed, claims, own) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET own = max(own, excluded.own)",
    )?;
    statement.execute(params![
        grant.id().as_bytes(),
        encode(grant),
        grant.claims_bytes(),
        own
    ])?;
    Ok(true)
}

/// A grant's claims, if it is known.
pub(super) fn find_grant(c: &Connection, id: &GrantId) -> Result<Option<Grant>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT claims FROM known_grant WHERE id = ?1")?;
    let claims: Option<Vec<u8>> = statement
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(claims.map(|bytes| minicbor::decode(&bytes)).transpose()?)
}

/// These grants as the server signed them; unknown ones are absent.
pub(super) fn sealed_grants<'g>(
    c: &Connection,
    ids: impl IntoIterator<Item = &'g GrantId>,
) -> Result<Vec<SignedGrant>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT sealed FROM known_grant WHERE id = ?1")?;
    let mut grants = Vec::new();
    for id in ids {
        let sealed = statement.query_row([id.as_bytes()], |row| row.get::<_, Vec<u8>>(0));
        if let Some(sealed) = sealed.optional()? {
            grants.push(minicbor::decode(&sealed)?);
        }
    }
    Ok(grants)
}

/// The device's own grants with the ends that notices state.
pub(super) fn list_own_grants(c: &Connection) -> Result<Vec<(GrantId, Grant)>, DeviceError> {
    let mut statement = c.prepare_cached("SELECT id, claims FROM known_grant WHERE own = 1")?;
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(id, claims)| {
            let (id, mut grant) = (GrantId::from_slice(&id)?, minicbor::decode(&claims)?);
            server_notices::end(c, id, &mut grant)?;
            Ok((id, grant))
        })
        .collect()
}
