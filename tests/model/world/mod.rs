//! Random worlds: people with two devices each, on replicas that are sometimes partitioned, state events that are
//! mostly legal and mostly honest. A world depends on its seed alone.

mod bodies;
mod chance;
mod inputs;
pub(crate) mod parts;
pub(crate) mod people;
mod resolves;
mod scripts;
mod weights;

pub(crate) use chance::Chance;
pub(crate) use inputs::Inputs;
pub(crate) use people::{Actor, BEGIN};

use sync_core::record::{
    Beacon, DAY_MS, DeviceTime, Event, EventBody, EventId, HOUR_MS, MINUTE_MS, PersonId, ServerTime,
};

use crate::oracle::{
    self,
    case::{Case, Judgement, View},
    doc::Set,
    facts::Facts,
    tables::{Row, Tables},
};
use parts::Scene;
use scripts::Step;

/// A document with the facts about it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The seed.
    pub(crate) seed: u64,
    /// The events, causes first.
    pub(crate) events: Vec<(EventId, Event)>,
    /// The facts.
    pub(crate) facts: Facts,
    /// The people on their devices.
    pub(crate) actors: Vec<Actor>,
}

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
    received: std::collections::BTreeMap<EventId, ServerTime>,
    now: i64,
    sync_percent: usize,
    calm: bool,
    is_done: bool,
}

impl World {
    /// The world of a seed, with 16 to 40 events.
    pub(crate) fn of_seed(seed: u64, tables: &Tables) -> Self {
        Self::made(seed, None, tables)
    }

    /// A world of a seed in which every author has all earlier events.
    pub(crate) fn chain_of_seed(seed: u64, tables: &Tables) -> Self {
        Self::made(seed, Some(1), tables)
    }

    fn made(seed: u64, replicas: Option<usize>, tables: &Tables) -> Self {
        let size = 16 + usize::try_from(seed % 25).unwrap_or(0);
        let mut chance = Chance::new(seed);
        let actors = people::cast(&mut chance);
        let mut facts = Facts::default();
        for actor in &actors {
            facts.grants.insert(actor.grant_id, actor.grant.clone());
        }
        let count = replicas.unwrap_or(3 + chance.below(2));
        let contact = BEGIN - HOUR_MS;
        let empty = Replica {
            has: Set::new(),
            contact,
        };
        let sync_percent = [8, 16, 30][chance.below(3)];
        let calm = chance.percent(45);
        let mut maker = Maker {
            chance,
            actors,
            replicas: vec![empty; count],
            case: Case::new(&facts, tables),
            received: std::collections::BTreeMap::new(),
            now: BEGIN,
            sync_percent,
            calm,
            is_done: false,
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
        let entries = case.doc.events.into_iter();
        let events: Vec<_> = entries.map(|entry| (entry.id, entry.event)).collect();
        facts.received = received;
        add_facts(&mut facts, &mut chance, &events, &actors, now);
        Self {
            seed,
            events,
            facts,
            actors,
        }
    }
}

/// Lost receipts, revocations, unattested and accepted events, unknown grants.
pub(crate) fn add_facts(
    facts: &mut Facts,
    chance: &mut Chance,
    events: &[(EventId, Event)],
    actors: &[Actor],
    now: i64,
) {
    for (id, _) in events {
        if chance.percent(4) {
            facts.received.remove(id);
        }
        if chance.percent(1) {
            facts.unattested.insert(*id);
        }
    }
    while chance.percent(25) {
        let at = ServerTime(BEGIN + chance.up_to(now - BEGIN));
        if let Some(actor) = chance.one(actors) {
            facts.revoked.insert(actor.grant.device, at);
        }
    }
    if chance.percent(3)
        && let Some(actor) = chance.one(actors)
    {
        facts.grants.remove(&actor.grant_id);
    }
    for (id, _) in events {
        if chance.percent(3) {
            facts.accepted.insert(*id);
        }
    }
}

impl Maker<'_> {
    fn run(&mut self, size: usize) {
        self.state("observe", 0, 0);
        if self.chance.percent(85) {
            for replica in 0..self.replicas.len() {
                self.sync(replica);
            }
        }
        if self.replicas.len() > 2 && self.chance.percent(50) {
            self.play();
        }
        let mut attempts = 0;
        while self.case.doc.events.len() < size && attempts < size * 3 && !self.is_done {
            attempts += 1;
            let most = if self.chance.percent(10) {
                10 * HOUR_MS
            } else {
                HOUR_MS
            };
            self.now += 1 + self.chance.up_to(most);
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

    /// Plays a script to its end, as far as its steps are legal.
    fn play(&mut self) {
        let script = self
            .chance
            .one(scripts::SCRIPTS)
            .copied()
            .unwrap_or_default();
        let mut authors = Vec::new();
        for step in scripts::steps(script) {
            let mut author = None;
            match step {
                Step::By(replica, kind, role) => {
                    let in_role = |actor: &Actor| actor.grant.role == role;
                    author = self.insist(kind, replica, &in_role);
                }
                Step::Again(replica, kind, number) => {
                    let earlier = authors.get(number).copied().flatten();
                    let of_earlier = |actor: &Actor| Some(actor.grant.person) == earlier;
                    author = self.insist(kind, replica, &of_earlier);
                }
                Step::Sync => {
                    for _ in 0..2 {
                        (0..self.replicas.len()).for_each(|replica| self.sync(replica));
                    }
                }
                Step::SyncThird => {
                    self.sync(2);
                    let contact = self.now;
                    self.replicas[1].contact = contact;
                }
                Step::Wait(hours) => self.now += hours * HOUR_MS,
            }
            authors.push(author);
            self.now += 1 + self.chance.up_to(HOUR_MS);
        }
    }

    /// States an event of the kind by one of some people, until one is accepted; returns its author.
    fn insist(
        &mut self,
        kind: &str,
        replica: usize,
        who: &dyn Fn(&Actor) -> bool,
    ) -> Option<PersonId> {
        let fits = |at: &usize| who(&self.actors[*at]);
        let all: Vec<usize> = (0..self.actors.len()).filter(fits).collect();
        let (kind, variant) = kind.split_once(':').unwrap_or((kind, ""));
        let view = oracle::contested(&self.case, self.replicas[replica].has.clone());
        for _ in 0..24 {
            let actor = self.chance.one(&all).copied()?;
            if !self.state_in(kind, actor, replica, &view) {
                continue;
            }
            let newest = self.case.doc.events.len() - 1;
            let body = self.case.doc.body(newest);
            let is_closed = matches!(body, EventBody::PenaltyLink(p) if p.stage.name() == variant);
            let fits = variant.is_empty() || body.variant() == Some(variant) || is_closed;
            if fits && !matches!(self.case.judgements[newest], Judgement::Void(_)) {
                return Some(self.actors[actor].grant.person);
            }
            self.forget();
        }
        None
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
        let honest = self.chance.percent(88);
        let tries = if honest { 6 } else { 1 };
        let view = oracle::contested(&self.case, self.replicas[replica].has.clone());
        if self.calm && [80, 95, 96].contains(&view.state) && self.chance.percent(10) {
            self.is_done = true;
            return;
        }
        let weights = weights::weights(&self.case, &view, self.calm);
        for _ in 0..tries {
            let kind = self.chance.weighted(&weights);
            let Some(actor) = self.actor(replica, kind, honest, &view) else {
                continue;
            };
            if self.state_in(kind, actor, replica, &view) {
                let kept = match self.case.judgements.last() {
                    Some(Judgement::Void(
                        "role-may-not" | "illegal-from-state" | "not-responsible"
                        | "not-the-receiver",
                    )) => 4,
                    Some(Judgement::Void(_)) => 30,
                    _ => 100,
                };
                if !honest || self.chance.percent(kept) {
                    return;
                }
                self.forget();
            }
        }
    }

    /// Takes the newest event back.
    fn forget(&mut self) {
        let newest = self.case.doc.events.len() - 1;
        for replica in &mut self.replicas {
            replica.has.remove(&newest);
        }
        oracle::pop(&mut self.case);
    }

    /// A person on a device of the replica, for an honest event one in a role that may state the kind.
    fn actor(&mut self, replica: usize, kind: &str, honest: bool, v: &View) -> Option<usize> {
        let count = self.replicas.len();
        let proposes = self.chance.percent(30);
        let sides = weights::sides(&self.case, v, kind);
        let local = |at: &usize| (*at / 2 + *at % 2) % count == replica;
        let may = |actor: &Actor, row: &Row| {
            let in_role = row
                .roles
                .as_ref()
                .is_none_or(|all| all.contains(&actor.grant.role));
            row.event == kind
                && in_role
                && self.case.tables.starts(row, v.state)
                && (!row.proposal || proposes)
        };
        let listed = |at: &usize| {
            let actor = &self.actors[*at];
            let odd = actor.is_odd && v.set.len() < 3;
            let fits = self.case.tables.rows.iter().any(|row| may(actor, row));
            let side = sides.is_empty() || sides.contains(&actor.grant.organ);
            !odd && (!honest || side) && (!honest || kind == "unknown" || v.set.is_empty() || fits)
        };
        let all: Vec<usize> = (0..self.actors.len())
            .filter(local)
            .filter(listed)
            .collect();
        self.chance.one(&all).copied()
    }

    fn state(&mut self, kind: &str, actor: usize, replica: usize) {
        let view = oracle::contested(&self.case, self.replicas[replica].has.clone());
        self.state_in(kind, actor, replica, &view);
    }

    /// States an event; returns whether it is a new one.
    fn state_in(&mut self, kind: &str, actor: usize, replica: usize, view: &View) -> bool {
        let actor = self.actors[actor].clone();
        let scene = Scene {
            case: &self.case,
            view,
            actor: &actor,
        };
        let body = if kind == "resolve" {
            resolves::body(&mut self.chance, &scene)
        } else {
            Some(bodies::body(&mut self.chance, kind, &scene))
        };
        let Some(body) = body else {
            return false;
        };
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
        oracle::push(&mut self.case, id, event, grant);
        self.replicas[replica]
            .has
            .insert(self.case.doc.events.len() - 1);
        true
    }

    fn event(&mut self, actor: &Actor, replica: usize, body: EventBody) -> Event {
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
        let wrong = self.chance.percent(2);
        let seen = if wrong {
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
