//! The people of a world: two organisations for each role, two devices for each person.

use sync_core::record::{
    AreaPath, DAY_MS, DeviceId, Grant, GrantId, HOUR_MS, OrganId, PersonId, Role, ServerTime,
};

use super::chance::Chance;
use crate::history::id_of;

/// When a world begins, by the server's clock: 2024-03-25, 09:00 in China.
pub(crate) const BEGIN: i64 = 1_711_328_400_000;
/// The area of the document.
pub(crate) const AREA: &str = "420000/420100/420106/420106001/420106001003";
const OTHER_AREA: &str = "420000/420200";

/// One person on one device.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// The person's name.
    pub(crate) name: String,
    /// The grant's id.
    pub(crate) grant_id: GrantId,
    /// The grant.
    pub(crate) grant: Grant,
    /// Whether the grant is a foreign, late or ended one.
    pub(crate) is_odd: bool,
}

/// Roles with the number of their people in a world, at least and at most.
const CAST: [(Role, usize, usize); 17] = [
    (Role::GridWorker, 2, 3),
    (Role::Volunteer, 0, 1),
    (Role::CommunityOfficer, 2, 3),
    (Role::PropertyPatrol, 0, 1),
    (Role::PropertyManager, 1, 3),
    (Role::OwnersCommittee, 0, 1),
    (Role::StreetOfficer, 1, 3),
    (Role::CountyReviewer, 2, 4),
    (Role::CityReviewer, 1, 2),
    (Role::ProvinceReviewer, 0, 2),
    (Role::FireOfficer, 1, 2),
    (Role::PoliceOfficer, 0, 1),
    (Role::UrbanMgmtOfficer, 1, 2),
    (Role::OtherDept, 0, 2),
    (Role::CovertInspector, 0, 1),
    (Role::Dpo, 0, 1),
    (Role::System, 0, 1),
];

/// The organisation of a person: the first and the third of a role share one.
fn organ(role: Role, number: usize) -> String {
    format!("{}-{}", role.name(), number % 2)
}

/// The id of an organisation by its role and number.
pub(crate) fn organ_id(role: Role, number: usize) -> OrganId {
    OrganId(id_of(&organ(role, number)))
}

/// The people of a world, on two devices each.
pub(crate) fn cast(chance: &mut Chance) -> Vec<Actor> {
    let mut all = Vec::new();
    for (role, least, most) in CAST {
        let count = least + chance.below(most - least + 1);
        for number in 0..count {
            let name = format!("{}{number}", role.name());
            for device in 1..=2 {
                all.push(actor(chance, role, number, &name, device));
            }
        }
    }
    // Some persons have a second id: that of another person of the world. The draws are a sequence of their own.
    let mut chance = chance.clone();
    for at in 0..all.len() {
        if chance.below(12) == 0 {
            let other = all[chance.below(all.len())].grant.person;
            all[at].grant.also = Some(vec![other]);
        }
    }
    all
}

fn actor(chance: &mut Chance, role: Role, number: usize, name: &str, device: usize) -> Actor {
    let device = format!("{name}/{device}");
    let odd = chance.below(60);
    let area = if odd == 0 { OTHER_AREA } else { AREA };
    let area: AreaPath = area.parse().expect("an area");
    let hours = |h: i64| ServerTime(BEGIN + h * HOUR_MS);
    let from = if odd == 1 { hours(10) } else { hours(-24 * 30) };
    let until = match odd {
        // With the grace of 72 hours these end during the world.
        2 | 3 => Some(hours(-72 + chance.up_to(20))),
        4 => Some(hours(chance.up_to(40))),
        5..8 => Some(ServerTime(BEGIN + 30 * DAY_MS)),
        _ => None,
    };
    Actor {
        name: name.to_owned(),
        grant_id: GrantId(id_of(&device)),
        is_odd: odd < 5,
        grant: Grant {
            person: PersonId(id_of(name)),
            organ: organ_id(role, number),
            role,
            area,
            device: DeviceId(id_of(&device)),
            device_key: [0; 32],
            from,
            until,
            issued: from,
            also: None,
            space: None,
        },
    }
}
