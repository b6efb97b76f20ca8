//! The hostile client itself.

use cli_simulator::phone::{Phone, Transport};
use sync_core::{
    crdt::{Actor, Document},
    history::{EventEntry, heads},
    identity::{PackClaims, Proofs, SecretKey, Signature, key::Purpose},
    record::{
        Beacon, DeviceId, DeviceTime, DocId, Event, EventBody, EventId, Grant, GrantId, Label,
        PackHash,
    },
    sync::{Call, Method, Reply},
    wire::{
        Code, Exchange, PROTOCOL,
        enrol::{self, Enrol},
        page::{Content, Item, Page},
        pull::{self, Cursor, Phase, Pull},
        push::{Entry, Push, Request, Response},
        resupply::{self, Resupply},
        session::{self, Session},
    },
};

use crate::support::{MORNING, Town, raw_events};

/// An enrolled device with a program other than ours.
pub(crate) struct Hostile {
    pub(crate) device: DeviceId,
    pub(crate) key: SecretKey,
    pub(crate) token: String,
    pub(crate) grant: (GrantId, Grant),
    scopes: Vec<session::Scope>,
    number: u64,
    previous: PackHash,
    pub(crate) actor: Actor,
    /// Sent with every change of a pack.
    pub(crate) proofs: Option<Proofs>,
}

/// The proof of the only event of a change, with this key.
pub(crate) fn prove(key: &SecretKey, doc: DocId, change: &[u8], event: &[u8]) -> Proofs {
    Proofs::prove(key, doc, &sync_core::crdt::change_hash(change), [event])
}

/// The actor of the changes of a device in a document: the bytes behind its sequence numbers.
pub(crate) fn actor_of(phone: &mut Phone, town: &Town, doc: DocId) -> [u8; 16] {
    let reader = Hostile::enrol(town, "审核员丁", 0x61);
    let (mut document, _) = reader.copy(town, doc);
    let changes = document.changes();
    let facts = changes
        .iter()
        .map(|(_, bytes)| sync_core::crdt::inspect(bytes).unwrap());
    let own = phone.device.enrolment().unwrap().device;
    let own = facts
        .map(|facts| facts.actor)
        .find(|actor| actor.is_of(own));
    own.expect("the device uses an actor that is bound to it").0
}

/// The newest change of a device to a document, which the device has not sent, byte for byte; and a device of another person
/// that brings it.
pub(crate) fn carrier_of(
    town: &Town,
    phone: &mut Phone,
    doc: DocId,
    name: &str,
    seed: u8,
) -> (Hostile, Vec<u8>) {
    let stated = raw_events(phone, doc).pop().unwrap().to_bytes().unwrap();
    let actor = actor_of(phone, town, doc);
    let mut carrier = Hostile::enrol(town, name, seed);
    carrier.as_actor_of(actor);
    let (mut document, _) = carrier.copy(town, doc);
    let change = carrier.change(&mut document, &stated);
    (carrier, change)
}

/// A POST with an optional token.
pub(crate) fn post(town: &Town, path: &str, token: Option<&str>, body: Vec<u8>) -> Reply {
    let headers = token.map(|token| ("authorization", format!("Bearer {token}")));
    let call = Call {
        method: Method::Post,
        path: path.to_owned(),
        headers: headers.into_iter().collect(),
        body,
    };
    town.http.clone().send(&call).unwrap()
}

impl Hostile {
    /// The device that [`Self::enrol`] makes of a seed.
    pub(crate) fn device_of(seed: u8) -> DeviceId {
        SecretKey::from_seed([seed; 32]).public().device()
    }

    /// Enrols as an actor of the world.
    pub(crate) fn enrol(town: &Town, name: &str, seed: u8) -> Self {
        let key = SecretKey::from_seed([seed; 32]);
        let device = Self::device_of(seed);
        let code = town.code(town.world.actor(name));
        let request = enrol::Request::signed(
            Label::new(&code).unwrap(),
            device,
            &key,
            Label::new("own program").unwrap(),
        );
        let reply = post(town, Enrol::PATH, None, Enrol::write_request(&request));
        let answer = Enrol::read_response(&reply.body).unwrap();
        let grant = answer.grant.open(&answer.server_key).unwrap();
        let mut own = Self {
            device,
            key,
            token: String::new(),
            grant: (answer.grant.id(), grant),
            scopes: Vec::new(),
            number: 0,
            previous: PackClaims::GENESIS,
            actor: Actor([seed; 16]),
            proofs: None,
        };
        own.open(town);
        own
    }

    /// Opens a session.
    pub(crate) fn open(&mut self, town: &Town) {
        let ask = |proof| session::Request {
            protocol: PROTOCOL,
            device: self.device,
            app: Label::new("own program").unwrap(),
            claimed: DeviceTime(MORNING),
            proof,
            edition: None,
            grants: None,
        };
        let send = |request| {
            let reply = post(town, Session::PATH, None, Session::write_request(&request));
            Session::read_response(&reply.body).unwrap()
        };
        let session::Response::Challenge(challenge) = send(ask(None)) else {
            panic!("a challenge was expected");
        };
        let signature: Signature = self.key.sign(Purpose::Session, &challenge);
        let proof = session::Proof {
            challenge,
            signature,
        };
        let session::Response::Open(opened) = send(ask(Some(proof))) else {
            panic!("a session was expected");
        };
        self.token = opened.token;
        self.scopes = opened.scopes;
    }

    /// Everything that this device may read, from the beginning.
    /// The first page of each scope.
    pub(crate) fn pull(&self, town: &Town) -> Vec<Page> {
        let cursors = self.scopes.iter().map(|scope| Cursor {
            space: scope.space.clone(),
            area: scope.area.clone(),
            log: scope.log,
            phase: Phase::Backfill {
                after: None,
                head: 0,
            },
            revoked: None,
            notices: Some(0),
        });
        let request = pull::Request {
            scopes: cursors.collect(),
            need: Vec::new(),
            page_documents: None,
        };
        let body = Pull::write_request(&request);
        let reply = post(town, Pull::PATH, Some(&self.token), body);
        Pull::read_response(&reply.body).unwrap().pages
    }

    /// The documents that this device may read.
    pub(crate) fn items(&self, town: &Town) -> Vec<Item> {
        let pages = self.pull(town).into_iter();
        pages.flat_map(|page| page.items).collect()
    }

    /// The grant of an actor of the world, as a pull returns it.
    pub(crate) fn grant_of(&self, town: &Town, name: &str) -> (GrantId, Grant) {
        let person = town.world.actor(name).person;
        let grants = self.pull(town).into_iter().flat_map(|page| page.grants);
        let mut claims = grants.filter_map(|sealed| Some((sealed.id(), sealed.stored_claims()?)));
        claims
            .find(|(_, grant)| grant.person == person)
            .unwrap_or_else(|| panic!("the grant of {name} was not given out"))
    }

    /// A document that this device may read, and its newest events.
    pub(crate) fn copy(&self, town: &Town, doc: DocId) -> (Document, Vec<EventId>) {
        let items = self.pull(town).into_iter().flat_map(|page| page.items);
        let item = items.into_iter().find(|item| item.doc == doc).unwrap();
        let Content::Snapshot { chunk, changes, .. } = item.content else {
            panic!("a whole document was expected");
        };
        let chunk = (!chunk.is_empty()).then_some(chunk.as_slice());
        let document = Document::load(chunk, changes.iter().map(|c| c.as_slice())).unwrap();
        let entries: Vec<EventEntry> = document
            .events()
            .0
            .into_iter()
            .filter_map(|(id, bytes)| Some((id, Event::from_bytes(&bytes).ok()?)))
            .map(|(id, event)| EventEntry { id, event })
            .collect();
        let heads = heads(&entries);
        (document, heads)
    }

    /// An event of this device under its own grant.
    pub(crate) fn event(&self, after: &[EventId], body: EventBody) -> Event {
        Event {
            author: self.grant.1.person,
            device: self.device,
            grant: self.grant.0,
            claimed: DeviceTime(MORNING + 60_000),
            after: after.to_vec(),
            beacon: None,
            edition: None,
            body,
        }
    }

    /// An event in another person's name.
    pub(crate) fn in_the_name_of(
        &self,
        other: (GrantId, &Grant),
        after: &[EventId],
        body: EventBody,
    ) -> Event {
        Event {
            author: other.1.person,
            device: other.1.device,
            grant: other.0,
            ..self.event(after, body)
        }
    }

    /// Appends an event to a document and returns the change.
    pub(crate) fn change(&self, document: &mut Document, event: &[u8]) -> Vec<u8> {
        document.append(self.actor, event).unwrap().bytes
    }

    /// Begins the chain of packs again, as after a restore to a backup without any pack.
    pub(crate) fn reset(&mut self) {
        (self.number, self.previous) = (0, PackClaims::GENESIS);
    }

    /// Pushes one change of this device with its proof.
    pub(crate) fn push_proven(
        &mut self,
        town: &Town,
        doc: DocId,
        change: &[u8],
        event: &[u8],
    ) -> Vec<(u32, Code)> {
        self.proofs = Some(prove(&self.key, doc, change, event));
        self.push(town, &[(doc, change.to_vec())], false)
    }

    /// Uses this actor for the following changes, also one of another device.
    pub(crate) fn as_actor_of(&mut self, actor: [u8; 16]) {
        self.actor = Actor(actor);
    }

    /// A new document.
    pub(crate) fn document(&self, doc: DocId) -> Document {
        Document::create(self.actor, doc).unwrap()
    }

    /// Uses another Automerge actor for the following changes.
    pub(crate) fn as_actor(&mut self, actor: u8) {
        self.actor = Actor([actor; 16]);
    }

    /// Gives changes back, with whatever it states about them.
    pub(crate) fn give_back(&self, town: &Town, request: &resupply::Request) -> resupply::Response {
        let body = Resupply::write_request(request);
        let reply = post(town, Resupply::PATH, Some(&self.token), body);
        Resupply::read_response(&reply.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&reply.body)))
    }

    /// As [`Self::give_back`]; the code of the refusal if the whole request is refused.
    pub(crate) fn try_to_give_back(
        &self,
        town: &Town,
        request: &resupply::Request,
    ) -> Result<resupply::Response, String> {
        let body = Resupply::write_request(request);
        let reply = post(town, Resupply::PATH, Some(&self.token), body);
        match reply.header("xuncha-refusal") {
            Some(code) => Err(code.to_owned()),
            None => Ok(Resupply::read_response(&reply.body).unwrap()),
        }
    }

    /// Gives one change back with these proofs; returns its receive time and the refusal.
    pub(crate) fn carry(
        &self,
        town: &Town,
        doc: DocId,
        change: &[u8],
        proofs: Option<Proofs>,
    ) -> (i64, Option<Code>) {
        let entry = Entry {
            doc,
            change: change.to_vec(),
            proofs,
        };
        let answer = self.give_back(town, &resupply::Request::of(vec![entry]));
        let refused = answer.refused.first().map(|one| one.code);
        (answer.received.0[0].0, refused)
    }

    /// Signs and sends a pack; returns the refusals.
    pub(crate) fn push(
        &mut self,
        town: &Town,
        entries: &[(DocId, Vec<u8>)],
        repair: bool,
    ) -> Vec<(u32, Code)> {
        self.send(town, entries, repair).0
    }

    /// As [`Self::push`]; also returns the pack with the server's receipt.
    pub(crate) fn push_confirmed(
        &mut self,
        town: &Town,
        entries: &[(DocId, Vec<u8>)],
    ) -> (Vec<(u32, Code)>, resupply::ConfirmedPack) {
        self.send(town, entries, false)
    }

    /// Sends a pack; the code if the whole of it is refused.
    pub(crate) fn is_refused(&self, town: &Town, entries: &[(DocId, Vec<u8>)]) -> Option<String> {
        let (_, request) = self.pack(entries, false);
        let body = Push::write_request(&request);
        let reply = post(town, Push::PATH, Some(&self.token), body);
        reply.header("xuncha-refusal").map(str::to_owned)
    }

    fn pack(&self, entries: &[(DocId, Vec<u8>)], repair: bool) -> (PackClaims, Request) {
        let entries: Vec<Entry> = entries
            .iter()
            .map(|(doc, change)| Entry {
                doc: *doc,
                change: change.clone(),
                proofs: self.proofs.clone(),
            })
            .collect();
        let claims = PackClaims {
            device: self.device,
            number: self.number + 1,
            previous: self.previous,
            claimed: DeviceTime(MORNING),
            repair,
            changes: entries
                .iter()
                .map(|e| e.signed(sync_core::crdt::change_hash(&e.change)))
                .collect(),
        };
        let request = Request {
            number: claims.number,
            previous: claims.previous,
            claimed: claims.claimed,
            repair,
            signature: claims.seal(&self.key),
            entries,
        };
        (claims, request)
    }

    fn send(
        &mut self,
        town: &Town,
        entries: &[(DocId, Vec<u8>)],
        repair: bool,
    ) -> (Vec<(u32, Code)>, resupply::ConfirmedPack) {
        let (claims, request) = self.pack(entries, repair);
        let reply = post(
            town,
            Push::PATH,
            Some(&self.token),
            Push::write_request(&request),
        );
        let Response::Stored {
            refused, receipt, ..
        } = Push::read_response(&reply.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&reply.body)))
        else {
            panic!("a fork");
        };
        (self.number, self.previous) = (claims.number, claims.hash());
        let confirmed = resupply::ConfirmedPack {
            claims: claims.to_bytes(),
            signature: request.signature,
            receipt,
        };
        let refused = refused.iter().map(|r| (r.entry, r.code)).collect();
        (refused, confirmed)
    }
}

/// A beacon that states the server's time.
pub(crate) fn beacon(seen: i64, since_ms: Option<u64>) -> Beacon {
    Beacon {
        seen: sync_core::record::ServerTime(seen),
        since_ms,
    }
}
