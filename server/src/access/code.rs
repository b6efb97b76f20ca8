//! One-time codes that enrol a device.

use sync_core::record::{AreaPath, LogEpoch, OrganId, PersonId, Role, ServerTime};

use super::token::token_hash;
use crate::{
    host::random,
    storage::{
        Storage, StorageError, Tx,
        credentials::{self, Appointment},
        docs, spaces,
    },
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

/// The canonical form of a code, which its hash is computed from. People type codes by hand: case, spaces, dashes and
/// full-width letters make no difference. No code contains a character that is dropped here.
pub(super) fn as_made(code: &str) -> String {
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

/// Creates a one-time code for a device of one person. The grant of this code has no end.
///
/// # Errors
/// [`StorageError`].
pub async fn invite(
    storage: &Storage,
    invitation: &Invitation,
    expires: ServerTime,
) -> Result<String, StorageError> {
    invite_with(storage, invitation, expires, Terms::default()).await
}

/// A wider space whose log has records of an area that is to become a space of its own. They would stay in that log, which
/// devices of the new space do not read. `None` for a known space.
///
/// # Errors
/// [`StorageError`].
pub fn log_of_wider(tx: &mut dyn Tx, space: &AreaPath) -> Result<Option<AreaPath>, StorageError> {
    let all = spaces::list(tx)?;
    if all.iter().any(|there| there.id == *space) {
        return Ok(None);
    }
    for there in all.into_iter().filter(|there| there.id.covers(space)) {
        if !docs::tail(tx, &there.id, space, 0, 1)?.is_empty() {
            return Ok(Some(there.id));
        }
    }
    Ok(None)
}

/// The terms of a code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// When the grant ends (exclusive), if it has an end.
    pub until: Option<ServerTime>,
    /// Whether a device that is enrolled for another person may use the code.
    pub shared: bool,
}

/// As [`invite`], with other terms.
///
/// # Errors
/// [`StorageError`].
pub async fn invite_with(
    storage: &Storage,
    invitation: &Invitation,
    expires: ServerTime,
    terms: Terms,
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
        until: terms.until,
        shared: terms.shared,
    };
    let log = LogEpoch(random());
    storage
        .write(move |tx| {
            spaces::create(tx, &who.space, log)?;
            credentials::insert_code(tx, &hash, &who, expires)
        })
        .await?;
    Ok(code)
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
