//! The claims of a grant: who may act, where, in which role, on which device.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    codes::Role,
    ids::{DeviceId, OrganId, PersonId},
    time::{DeviceTime, ServerTime},
};

/// The claims of a grant. The server signs them (see `identity::grant`), so that device, server and any third party
/// judge authorship from the same bytes. They include the key that the device signs with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(map)]
pub struct Grant {
    /// The person, by an opaque number.
    #[n(0)]
    pub person: PersonId,
    /// The organisation the person acts for.
    #[n(1)]
    pub organ: OrganId,
    /// The role.
    #[n(2)]
    pub role: Role,
    /// The area it covers.
    #[n(3)]
    pub area: AreaPath,
    /// The device that it was issued to.
    #[n(4)]
    pub device: DeviceId,
    /// The device's Ed25519 public key.
    #[cbor(n(5), with = "minicbor::bytes")]
    #[serde(skip)]
    pub device_key: [u8; 32],
    /// Valid from, by the server's clock.
    #[n(6)]
    pub from: ServerTime,
    /// Valid until (exclusive); `None` if no end is set.
    #[n(7)]
    pub until: Option<ServerTime>,
    /// When the server signed it.
    #[n(8)]
    pub issued: ServerTime,
    /// Other ids of the same person: an administrator found out that they are one person. Events under this grant are
    /// events of all these ids (`docs/rules.md`, 1).
    #[n(9)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<Vec<PersonId>>,
    /// The space whose log the area belongs to: a restored server that lost the space begins it again. Absent from grants
    /// of protocol 1.
    #[n(10)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<AreaPath>,
}

impl Grant {
    /// The most ids that [`Self::also`] may state.
    pub const MOST_IDS: usize = 8;

    /// Other ids of the same person.
    pub fn other_ids(&self) -> &[PersonId] {
        self.also.as_deref().unwrap_or_default()
    }

    /// Whether this is an id of the person.
    pub fn is_id(&self, person: PersonId) -> bool {
        self.person == person || self.other_ids().contains(&person)
    }

    /// Whether this grant replaces another one of its device: it is for the same role, area and person, and states an id
    /// of the person that the other one lacks. A device then states nothing under the other one any more.
    pub fn replaces(&self, other: &Self) -> bool {
        let appointment = |grant: &Self| (grant.device, grant.role, grant.area.clone());
        let mut ids = self.other_ids().iter().chain([&self.person]);
        appointment(self) == appointment(other)
            && self.issued >= other.issued
            && self.is_id(other.person)
            && ids.any(|id| !other.is_id(*id))
    }

    /// Ends the grant at a time, unless it ends earlier.
    pub fn end_at(&mut self, at: ServerTime) {
        self.until = Some(self.until.map_or(at, |until| until.min(at)));
    }

    /// Whether the claimed time lies within the grant's dates.
    pub fn is_valid_at(&self, claimed: DeviceTime) -> bool {
        claimed.0 >= self.from.0 && self.until.is_none_or(|until| claimed.0 < until.0)
    }
}
