//! Random worlds of activities and inspections: people with two devices each, on replicas that are sometimes partitioned.
//! A world depends on its seed alone.

use std::collections::BTreeMap;

use sync_core::record::{
    AreaPath, Beacon, DAY_MS, DeviceTime, Event, EventId, HOUR_MS, MINUTE_MS, ServerTime,
};

use super::{
    bodies::{self, Scene, Theme},
    case::{Case, Class, Mode, Verdict},
    catalogue::Types,
    state::{self, State, View},
    steps,
};
use crate::{
    oracle::{doc::Set, facts::Facts},
    world::{
        Actor, BEGIN, Chance, World, add_facts,
        people::{self, AREA},
    },
};

/// The county of the worlds whose people act for the county.
const COUNTY: &str = "420000/420100/420106";

/// What one place without a network has.
#[derive(Debug, Clone)]
struct Replica {
    has: Set,
    /// Its last contact with the server.
    contact: i64,
}

struct Maker<'a> {
    chance: Chance,
    actors: Vec<Actor>,
    replicas: Vec<Replica>,
    case: Case<'a>,
    theme: Theme,
    received: BTreeMap<EventId, ServerTime>,
    now: i64,
    sync_percent: usize,
}

/// The world of a seed, with 4 to 27 events.
pub(crate) fn of_seed(seed: u64, types: &Types) -> World {
    let size = 4 + usize::try_from(seed % 24).unwrap_or(0);
    // The sequences of two neighbouring seeds are one sequence, shifted; a drawn seed begins elsewhere.
    let drawn = Chance::new(seed).up_to(i64::MAX).unsigned_abs();
    let mut chance = Chance::new(drawn);
    let mut actors = people::cast(&mut chance);
    let theme = theme(&mut chance, types);
    let odd_area: AreaPath = "420000/420200".parse().expect("an area");
    let county: AreaPath = COUNTY.parse().expect("an area");
    for actor in &mut actors {
        if theme.area.as_str().len() < AREA.len() && actor.grant.area != odd_area {
            actor.grant.area = county.clone();
        }
    }
    let mut facts = Facts::default();
    for actor in &actors {
        facts.grants.insert(actor.grant_id, actor.grant.clone());
    }
    let count = 3 + chance.below(2);
    let empty = Replica {
        has: Set::new(),
        contact: BEGIN - HOUR_MS,
    };
    let sync_percent = [8, 16, 30][chance.below(3)];
    let mut maker = Maker {
        chance,
        actors,
        replicas: vec![empty; count],
        case: Case::new(&facts, types),
        theme,
        received: BTreeMap::new(),
        now: BEGIN,
        sync_percent,
    };
    maker.run(size);
    let Maker {
        mut chance,
        actors,
        case,
        received,
        now,
        ..
    } = maker;
    // Often a device is lost whose events close or withdraw, or began the document.
    let of_class = |class: &[Class]| -> Vec<usize> {
        let all = 0..case.doc.events.len();
        all.filter(|e| class.contains(&case.class(*e))).collect()
    };
    let deciding = of_class(&[Class::Closing, Class::Withdrawal]);
    let content = of_class(&[Class::Content]);
    let (lost, latest) = match chance.below(100) {
        0..10 => (chance.one(&deciding).copied(), now - BEGIN),
        10..18 => (content.first().copied(), HOUR_MS / 10),
        _ => (None, 0),
    };
    let lost = lost.map(|e| case.doc.events[e].event.device);
    let entries = case.doc.events.into_iter();
    let events: Vec<_> = entries.map(|entry| (entry.id, entry.event)).collect();
    facts.received = received;
    add_facts(&mut facts, &mut chance, &events, &actors, now);
    if let Some(device) = lost {
        let at = ServerTime(BEGIN + chance.up_to(latest));
        facts.revoked.insert(device, at);
    }
    World {
        seed,
        events,
        facts,
        actors,
    }
}

/// Activity types with their weights.
const ACTIVITIES: &[(&str, usize)] = &[
    ("removal", 18),
    ("clearance", 14),
    ("ebike_facility", 16),
    ("publicity", 22),
    ("poster", 6),
    ("responsibility", 8),
    ("supervision_task", 6),
    ("penalty_case", 6),
    ("meeting", 3),
    ("leader_action", 2),
];

const TEMPLATES: &[(&str, usize)] = &[
    ("TPL-DAILY", 30),
    ("TPL-CHECK", 14),
    ("TPL-SPECIAL", 26),
    ("TPL-RECHECK", 18),
    ("TPL-SELF", 5),
    ("TPL-FLYING", 4),
    ("TPL-DEPT", 4),
    ("TPL-COVERT", 2),
];

fn theme(chance: &mut Chance, types: &Types) -> Theme {
    let is_activity = chance.percent(50);
    let table = if is_activity { ACTIVITIES } else { TEMPLATES };
    let asked = chance.weighted(table);
    let code = table.iter().find(|(code, _)| *code == asked);
    let code = code.map_or("TPL-DAILY", |(code, _)| code);
    let of_county = ["penalty_case", "leader_action"].contains(&code) || chance.percent(15);
    let area = match chance.below(10) {
        _ if of_county && chance.percent(90) => COUNTY.to_owned(),
        0..3 => format!("{AREA}/G07"),
        _ => AREA.to_owned(),
    };
    let all = types.template(code).map_or(&[][..], |of| &of.items[..]);
    let items = (0..3).filter_map(|_| chance.one(all).cloned()).collect();
    Theme {
        is_activity,
        code,
        area: area.parse().expect("an area"),
        items,
        locked: chance.percent(15),
        plain: chance.percent(20),
        alone: chance.percent(14),
    }
}

impl Maker<'_> {
    fn run(&mut self, size: usize) {
        let first = if self.theme.is_activity {
            "activity"
        } else {
            "inspect"
        };
        self.begin(first, 0);
        if self.chance.percent(8) {
            self.begin(first, 1);
        }
        if self.chance.percent(90) {
            (0..self.replicas.len()).for_each(|replica| self.sync(replica));
        }
        let mut attempts = 0;
        while self.case.doc.events.len() < size && attempts < size * 3 {
            attempts += 1;
            let most = if self.chance.percent(10) { 10 } else { 1 };
            self.now += 1 + self.chance.up_to(most * HOUR_MS);
            let replica = self.chance.below(self.replicas.len());
            if self.chance.percent(self.sync_percent) {
                self.sync(replica);
            }
            if self.chance.percent(4) {
                let other = self.chance.below(self.replicas.len());
                let more = self.replicas[other].has.clone();
                self.replicas[replica].has.extend(more);
            }
            self.act(replica);
        }
        for replica in 0..self.replicas.len() {
            if self.chance.percent(70) {
                self.sync(replica);
            }
        }
    }

    /// A beginning that is mostly accepted.
    fn begin(&mut self, kind: &'static str, replica: usize) {
        for _ in 0..12 {
            let v = self.view(replica);
            if let Some(actor) = self.actor(replica, kind, true, &v) {
                self.state(kind, actor, replica, &v);
                let kept = match self.case.verdicts.last() {
                    Some(v) if v.is_accepted() => 100,
                    Some(Verdict::Unknown) => 85,
                    _ => 10,
                };
                if self.chance.percent(kept) {
                    return;
                }
                self.forget();
            }
        }
    }

    fn view(&self, replica: usize) -> View {
        state::view(&self.case, &self.replicas[replica].has, Mode::AllCount)
    }

    /// Exchanges everything with the server, which is the first replica.
    fn sync(&mut self, replica: usize) {
        self.now += MINUTE_MS;
        let both: Set = &self.replicas[0].has | &self.replicas[replica].has;
        for e in &both {
            let id = self.case.doc.events[*e].id;
            self.received.entry(id).or_insert(ServerTime(self.now));
        }
        self.replicas[0].has.clone_from(&both);
        self.replicas[replica] = Replica {
            has: both,
            contact: self.now,
        };
    }

    /// One event on a replica: usually a legal one by a person who may state it.
    fn act(&mut self, replica: usize) {
        let v = self.view(replica);
        if v.state == State::Withdrawn && self.chance.percent(85) {
            return;
        }
        let honest = self.chance.percent(90);
        let tries = if honest { 9 } else { 1 };
        let weights = steps::weights(&self.case, &self.theme, &v);
        let mut hint = None;
        for _ in 0..tries {
            let kind = hint
                .take()
                .unwrap_or_else(|| self.chance.weighted(&weights));
            let Some(actor) = self.actor(replica, kind, honest, &v) else {
                continue;
            };
            if !self.state(kind, actor, replica, &v) {
                continue;
            }
            let Some(Verdict::Void(reason)) = self.case.verdicts.last() else {
                return;
            };
            let kept = match *reason {
                "role-may-not" | "illegal-from-state" => 3,
                "second-person-missing" => 100,
                "conflict-open" | "target-unknown" => 60,
                _ => 20,
            };
            if !honest || self.chance.percent(kept) {
                return;
            }
            if kind == "finish_inspection" {
                hint = match *reason {
                    "signature-missing" => Some("sign"),
                    "second-person-missing" | "photo-missing" | "conflict-open" | "incomplete" => {
                        Some("answer")
                    }
                    _ => None,
                };
            }
            self.forget();
        }
    }

    /// Takes the newest event back.
    fn forget(&mut self) {
        let newest = self.case.doc.events.len() - 1;
        for replica in &mut self.replicas {
            replica.has.remove(&newest);
        }
        self.case.pop();
    }

    /// A person on a device of the replica, for an honest event one who may state the kind.
    fn actor(&mut self, replica: usize, kind: &str, honest: bool, v: &View) -> Option<usize> {
        let count = self.replicas.len();
        let pick = self.chance.below(100);
        let types = self.case.types;
        let fits = |at: &usize| {
            let actor = &self.actors[*at];
            let local = (*at / 2 + *at % 2) % count == replica;
            let odd = actor.is_odd && v.set.is_empty();
            let may = || steps::may(&self.case, types, &self.theme, v, kind, pick, actor);
            local && (!honest || (!odd && may()))
        };
        let all: Vec<usize> = (0..self.actors.len()).filter(fits).collect();
        self.chance.one(&all).copied()
    }

    /// States an event; returns whether it is a new one.
    fn state(&mut self, kind: &str, actor: usize, replica: usize, view: &View) -> bool {
        let actor = self.actors[actor].clone();
        let scene = Scene {
            case: &self.case,
            types: self.case.types,
            theme: &self.theme,
            view,
            actor: &actor,
            now: self.now,
        };
        let body = bodies::body(&mut self.chance, kind, &scene);
        let event = self.event(&actor, replica, body);
        let id = match event.to_bytes() {
            Ok(bytes) => EventId::of(&bytes),
            // An event of a newer kind has bytes that this version cannot write.
            Err(_) => EventId::of(format!("{:?}", (event.author, self.now)).as_bytes()),
        };
        if self.case.doc.find(&id).is_some() {
            return false;
        }
        let grant = self.case.facts.grants.get(&event.grant).cloned();
        self.case.push(id, event, grant);
        let newest = self.case.doc.events.len() - 1;
        self.replicas[replica].has.insert(newest);
        true
    }

    fn event(
        &mut self,
        actor: &Actor,
        replica: usize,
        body: sync_core::record::EventBody,
    ) -> Event {
        let has = self.replicas[replica].has.clone();
        let heads = self.case.doc.newest(&has);
        let mut grant = actor.grant_id;
        if self.chance.percent(1) {
            let other = self.chance.below(self.actors.len());
            grant = self.actors[other].grant_id;
        }
        let skew = if self.chance.percent(6) {
            self.chance.up_to(6 * DAY_MS) - 3 * DAY_MS
        } else {
            0
        };
        Event {
            author: actor.grant.person,
            device: actor.grant.device,
            grant,
            claimed: DeviceTime(self.now + skew),
            after: heads.iter().map(|e| self.case.doc.events[*e].id).collect(),
            beacon: self.beacon(replica),
            edition: None,
            body,
        }
    }

    /// The beacon of an event: missing, without monotonic time, or rarely wrong.
    fn beacon(&mut self, replica: usize) -> Option<Beacon> {
        let contact = self.replicas[replica].contact;
        let since = u64::try_from(self.now - contact).ok();
        let seen = if self.chance.percent(2) {
            self.now + 3 * DAY_MS
        } else {
            contact
        };
        let beacon = Beacon {
            seen: ServerTime(seen),
            since_ms: since.filter(|_| self.chance.percent(75)),
        };
        self.chance.percent(88).then_some(beacon)
    }
}
