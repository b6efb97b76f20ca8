//! Conflicts in the lives of hazards whose people all state what they saw: only late devices make them.
//!
//! A person visits the place from time to time and states what is true then, by what the device knows. A late device
//! syncs every few days only, so its events arrive late and were made with old knowledge.

use sync_core::record::{
    Beacon, DAY_MS, Event, EventId, Grant, GrantId, HOUR_MS, Role, ServerTime,
};

use crate::{
    fold::folded,
    plain::{PEOPLE, event, grants},
    world::{BEGIN, Chance, Inputs},
};

/// The last visit.
const HORIZON: i64 = 30 * DAY_MS;

/// Days between two visits of each person.
const DAYS: [i64; 6] = [4, 4, 2, 2, 1, 1];

/// Whether the device of each person may be late: those at the place, not those at a desk.
const MAY_BE_LATE: [bool; 6] = [true, true, true, true, false, false];

/// What a person stated, and when the server received it.
pub(crate) struct Stated {
    pub(crate) id: EventId,
    pub(crate) event: Event,
    pub(crate) arrives: i64,
    by: usize,
}

/// The lifecycle of one hazard.
pub(crate) struct Life {
    pub(crate) stated: Vec<Stated>,
    pub(crate) grants: Vec<(GrantId, Grant)>,
    chance: Chance,
    /// Of each person, the time of a sync and the time between two syncs; 0: always in contact.
    syncs: Vec<(i64, i64)>,
    /// When the hazard was removed.
    removed: Option<i64>,
}

impl Life {
    /// The lifecycle of a seed. `percent`: late devices of a hundred; `days`: between two of their syncs.
    pub(crate) fn of_seed(seed: u64, percent: usize, days: i64) -> Self {
        let mut chance = Chance::new(seed ^ 0x0015_e000);
        let syncs = MAY_BE_LATE.map(|may_be_late| {
            let is_late = may_be_late && chance.percent(percent);
            let every = if is_late { days * DAY_MS } else { 0 };
            (chance.up_to(every), every)
        });
        let mut visits: Vec<(i64, usize)> = Vec::new();
        for (person, days) in DAYS.iter().enumerate() {
            let mut at = chance.up_to(days * DAY_MS);
            while at < HORIZON {
                visits.push((at, person));
                at += days * DAY_MS / 2 + chance.up_to(days * DAY_MS);
            }
        }
        visits.sort_unstable();
        let mut life = Self {
            stated: Vec::new(),
            grants: grants(),
            chance,
            syncs: syncs.into(),
            removed: None,
        };
        life.state(0, 0, "observe");
        for (at, person) in visits {
            if let Some(kind) = life.sees(person, at.max(HOUR_MS)) {
                life.state(person, at.max(HOUR_MS), kind);
            }
        }
        life
    }

    /// The last sync of a person's device until a time.
    fn synced(&self, person: usize, at: i64) -> i64 {
        let (phase, every) = self.syncs[person];
        if every == 0 {
            at
        } else {
            at - (at - phase).rem_euclid(every)
        }
    }

    /// What a person's device knows at a time.
    fn known(&self, person: usize, at: i64) -> Vec<&Stated> {
        let synced = self.synced(person, at);
        let knows = |stated: &&Stated| stated.by == person || stated.arrives <= synced;
        self.stated.iter().filter(knows).collect()
    }

    /// What a person states who visits the place.
    fn sees(&mut self, person: usize, at: i64) -> Option<&'static str> {
        let known = self.known(person, at);
        if known.is_empty() {
            return None;
        }
        let state = folded(inputs(&known, &self.grants)).state.0;
        let is_there = self.removed.is_none_or(|removed| at < removed);
        match (PEOPLE[person].1, state) {
            (Role::StreetOfficer, 10) => Some("assign"),
            (Role::PropertyManager, 50 | 65) if !is_there => Some("claim_fixed"),
            (Role::CommunityOfficer | Role::GridWorker, 60) => Some(if is_there {
                "recheck_fail"
            } else {
                "recheck_pass"
            }),
            (Role::GridWorker, 10 | 50 | 65) if is_there && self.chance.percent(30) => {
                Some("observe")
            }
            (Role::CountyReviewer, 70) => Some("close"),
            _ => None,
        }
    }

    fn state(&mut self, person: usize, at: i64, kind: &'static str) {
        let known = self.known(person, at);
        let is_head = |id: &EventId| !known.iter().any(|s| s.event.after.contains(id));
        let after = known.iter().map(|s| s.id).filter(is_head).collect();
        let synced = self.synced(person, at);
        let beacon = Beacon {
            seen: ServerTime(BEGIN + synced),
            since_ms: u64::try_from(at - synced).ok(),
        };
        let (id, event) = event(person, at, kind, after, Some(beacon));
        let every = self.syncs[person].1;
        if kind == "assign" && self.removed.is_none() {
            self.removed = Some(at + DAY_MS + self.chance.up_to(5 * DAY_MS));
        }
        let arrives = if every == 0 { at } else { synced + every };
        self.stated.push(Stated {
            id,
            event,
            arrives,
            by: person,
        });
    }

    /// Whether a conflict was ever open on the server: what had arrived is folded after each arrival.
    pub(crate) fn was_contested(&self) -> bool {
        let mut all: Vec<&Stated> = self.stated.iter().collect();
        all.sort_by_key(|stated| stated.arrives);
        let arrived = |count: usize| inputs(&all[..count], &self.grants);
        (1..=all.len()).any(|count| folded(arrived(count)).flags.conflict_open)
    }
}

fn inputs(stated: &[&Stated], grants: &[(GrantId, Grant)]) -> Inputs {
    Inputs {
        events: stated.iter().map(|s| (s.id, s.event.clone())).collect(),
        grants: grants.to_vec(),
        receipts: stated
            .iter()
            .map(|s| (s.id, ServerTime(BEGIN + s.arrives)))
            .collect(),
        revocations: Vec::new(),
        unattested: Vec::new(),
        accepted: Vec::new(),
    }
}

/// The most hazards of 1,000 that ever have an open conflict, by late devices in percent and the days between their syncs.
const MOST: [(usize, i64, usize); 3] = [(0, 0, 0), (15, 3, 17), (40, 7, 73)];

#[test]
fn honest_people_with_late_devices_seldom_make_a_conflict() {
    for (percent, days, most) in MOST {
        let lives = (0..1_000).map(|seed| Life::of_seed(seed, percent, days));
        let contested = lives.filter(Life::was_contested).count();
        println!("{percent} % late by {days} days: {contested} of 1,000 had an open conflict");
        assert!(contested <= most, "{percent} %, {days} days: {contested}");
    }
}
