//! The grants of a device that are valid now, and what a caller may read by them.

use sync_core::{
    record::{AreaPath, DeviceId, Grant, ServerTime},
    wire::Code,
};

use super::{Access, Reach, SESSION, reach::outermost, signed::is_suspended, token::token_hash};
use crate::{
    refusal::Refusal,
    register,
    storage::{
        Tx, aliases, assignments,
        credentials::{self, KeyHolder},
        devices::{self, DeviceState, HeldGrant},
    },
};

impl Access {
    /// What a device may read now, decided from its state and its grants in the caller's snapshot.
    ///
    /// # Errors
    /// [`Code::DeviceUnknown`], [`Code::DeviceRevoked`], or [`Code::Clock`] if the server's clock is implausible.
    pub fn device_reach(&self, tx: &mut dyn Tx, id: DeviceId) -> Result<Reach, Refusal> {
        let device = devices::find(tx, id)?
            .ok_or_else(|| Refusal::new(Code::DeviceUnknown, "enrol the phone again"))?;
        if device.state != DeviceState::Active {
            return Err(Refusal::new(
                Code::DeviceRevoked,
                "what was sent is kept; nothing is given out",
            ));
        }
        let now = self.clock.judging(tx)?;
        let grants = devices::device_grants(tx, id)?;
        let valid = valid_grants(&grants, now.0);
        let areas = |of: &dyn Fn(&Grant) -> bool| {
            let grants = valid.iter().filter(|grant| of(grant));
            outermost(grants.map(|grant| grant.area.clone()).collect())
        };
        Ok(Reach {
            areas: areas(&|_| true),
            owned: Vec::new(),
            reviewing: areas(&|grant| grant.role.reviews()),
            device: Some(id),
            person: None,
            account: None,
            role: None,
            proven_at: None,
            only_reads: false,
        })
    }

    /// What the holder of any token may read: of a device's session or of a reviewer.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn reach(&self, token: &str) -> Result<Reach, Refusal> {
        if token.starts_with(SESSION) {
            return self.session_reach(token, None).await;
        }
        let device = self.device_of(token).ok();
        let (this, hash, now) = (self.clone(), token_hash(token), self.now());
        self.storage
            .read(move |tx| match device {
                Some(id) => this.device_reach(tx, id),
                None => {
                    let unknown = || {
                        let detail = "the token is unknown or has expired";
                        Refusal::new(Code::SessionExpired, detail)
                    };
                    let holder = credentials::find_token(tx, &hash, now)?.ok_or_else(unknown)?;
                    key_reach(tx, holder, now)
                }
            })
            .await
    }
}

/// What the holder of a key may read. A key ends with the reviewing role for which its person made it, and no key is
/// accepted while its person's account is suspended.
fn key_reach(tx: &mut dyn Tx, holder: KeyHolder, now: ServerTime) -> Result<Reach, Refusal> {
    let ended = |detail| Err(Refusal::new(Code::OutOfScope, detail));
    if let Some(id) = holder.assignment {
        let role = assignments::find(tx, &id)?;
        if !role.is_some_and(|role| role.person == holder.person && role.is_valid(now)) {
            return ended("密钥所依据的任职已结束 / the reviewing role of this key has ended");
        }
    }
    let aliases = aliases::all(tx)?;
    if is_suspended(tx, &aliases, holder.person)? {
        return ended("持有人的账号已停用 / the account of this key's person is suspended");
    }
    // While the regions are a circle nothing is known of the areas outside.
    let parents = register::parents(tx, &register::day(now.0)).unwrap_or_default();
    let mut owned = parents.members(&holder.area);
    owned.remove(&holder.area);
    Ok(Reach {
        areas: vec![holder.area],
        owned: owned.into_iter().collect(),
        device: None,
        person: Some(aliases.kept(holder.person)),
        account: Some(holder.person),
        role: Some(holder.role),
        reviewing: Vec::new(),
        proven_at: None,
        only_reads: holder.assignment.is_some(),
    })
}

/// The claims of grants that are valid now.
fn valid_grants(grants: &[HeldGrant], now: i64) -> Vec<Grant> {
    let valid =
        |grant: &Grant| grant.from.0 <= now && grant.until.is_none_or(|until| now < until.0);
    let claims = grants.iter().filter_map(HeldGrant::claims);
    claims.filter(valid).collect()
}

/// The areas of the grants that are valid now; none lies inside another.
pub(super) fn valid_areas(grants: &[HeldGrant], now: i64) -> Vec<AreaPath> {
    let valid = valid_grants(grants, now).into_iter();
    outermost(valid.map(|grant| grant.area).collect())
}
