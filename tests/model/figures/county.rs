//! A figure world: a county with several hazards, made of worlds of single hazards.

use std::collections::{BTreeMap, HashMap};

use sync_core::record::{AreaPath, DeviceId, DocId, GrantId, ServerTime};

use super::hazard::Hazard;
use crate::{
    history::id_of,
    oracle::tables::Tables,
    world::{Chance, World},
};

/// The city that the counties are in.
pub(super) const CITY: &str = "420000/420100";

/// A county with its hazards.
pub(super) struct County {
    pub(super) path: AreaPath,
    pub(super) hazards: Vec<Hazard>,
    /// The signed grants by id.
    pub(super) grants: HashMap<GrantId, sync_core::record::Grant>,
    /// When devices were revoked.
    pub(super) revoked: BTreeMap<DeviceId, ServerTime>,
    /// The head of the county's log.
    pub(super) head: u64,
    /// The number of revocations that the server has.
    pub(super) revocations: u64,
}

impl County {
    /// The county of a seed, with one to four hazards.
    pub(super) fn of_seed(seed: u64, tables: &Tables) -> Self {
        let mut chance = Chance::new(seed);
        let path: AreaPath = format!("{CITY}/{:06}", seed).parse().expect("a path");
        let mut county = Self {
            path,
            hazards: Vec::new(),
            grants: HashMap::new(),
            revoked: BTreeMap::new(),
            head: 0,
            revocations: 0,
        };
        for n in 0..=chance.below(4) {
            let world = World::of_seed(4 * seed + n as u64, tables);
            let doc = DocId(id_of(&format!("doc{n}")));
            let place = format!("{}/s{}/c1/g1", county.path, chance.below(2));
            let place = place.parse().expect("a path");
            let hazard = Hazard::of(doc, place, &world, &mut county.grants);
            county.hazards.push(hazard);
            // A person has the same devices in all hazards of the county; the first revocation counts.
            for (device, at) in &world.facts.revoked {
                let first = county.revoked.entry(*device).or_insert(*at);
                *first = (*first).min(*at);
            }
        }
        county
    }
}
