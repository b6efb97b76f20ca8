//! The vectors as this version writes them: constant keys, constant times, one short story.

use cli_simulator::world::{World, evidence, observation};
use serde_json::{Value, json};
use sync_core::{
    catalogue::Catalogue,
    crdt::{Actor, Document, NewChange},
    document::Folded,
    history::{EventEntry, FoldContext},
    identity::{
        PackClaims, PackReceipt, PhotoReceipt, Proofs, SecretKey, ServerNotice, Signed,
        SignedGrant, SignedNotice, server_notice::Subject,
    },
    record::{
        DeviceId, DeviceTime, DocId, EncodedListRow, Event, EventBody, EventId, Grant, GrantId,
        ListRow, LocationKind, LogEpoch, OrganId, PersonId, PhotoHash, PhotoRef, PhotoRole,
        PhotoSource, Role, ServerTime,
    },
    wire::{
        Code, Exchange, Received,
        page::{Content, Item, NumberedNotice, Page, Sum},
        pull::{self, Cursor, Phase},
        push::{self, Entry, Push},
        resupply::{self, Resupply},
        sync::{self, Sync},
    },
};

const NOON: i64 = 1_711_339_200_000;

/// The story: a worker finds a hazard and fixes it on the spot.
struct Story {
    server: SecretKey,
    phone: SecretKey,
    device: DeviceId,
    doc: DocId,
    grant: SignedGrant,
    claims: Grant,
    events: Vec<(EventId, Event, Vec<u8>)>,
    changes: Vec<NewChange>,
    snapshot: Vec<u8>,
}

fn story() -> Story {
    let (server, phone) = (
        SecretKey::from_seed([0xa1; 32]),
        SecretKey::from_seed([0xb2; 32]),
    );
    let device = phone.public().device();
    let doc = DocId::begun_by(device, NOON, 0x0d0);
    let world = World::small();
    let claims = Grant {
        person: PersonId([0x11; 16]),
        organ: OrganId([0x22; 16]),
        role: Role::GridWorker,
        area: world.county.clone(),
        device,
        device_key: phone.public().0,
        from: ServerTime(NOON - 86_400_000),
        until: None,
        issued: ServerTime(NOON - 86_400_000),
        also: None,
        space: None,
    };
    let grant = SignedGrant::seal(&claims, &server);
    let photo = PhotoRef {
        hash: PhotoHash::of(b"a photo"),
        size: 212_345,
        width: 1536,
        height: 2048,
        role: PhotoRole::Before,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    };
    let place = ("3栋", "2单元", "负一楼", LocationKind::Stairwell);
    let found = observation(
        &world.compounds[0],
        "EV-06",
        place,
        "楼道内电动自行车充电",
        vec![photo.clone()],
    );
    let fixed = evidence(
        "已清理",
        vec![PhotoRef {
            role: PhotoRole::After,
            ..photo
        }],
    );
    let actor = Actor::bound(device, [0xac; 4]);
    let mut document = Document::create(actor, doc).unwrap();
    let (mut events, mut changes) = (Vec::<(EventId, Event, Vec<u8>)>::new(), Vec::new());
    for (minute, body) in [
        (0, EventBody::Observe(found)),
        (30, EventBody::FixOnSpot(fixed)),
    ] {
        let event = Event {
            author: claims.person,
            device,
            grant: grant.id(),
            claimed: DeviceTime(NOON + minute * 60_000),
            after: events.iter().map(|(id, ..)| *id).collect(),
            beacon: None,
            edition: None,
            body,
        };
        let bytes = event.to_bytes().unwrap();
        changes.push(document.append(actor, &bytes).unwrap());
        events.push((EventId::of(&bytes), event, bytes));
    }
    let snapshot = document.snapshot();
    Story {
        server,
        phone,
        device,
        doc,
        grant,
        claims,
        events,
        changes,
        snapshot,
    }
}

/// All vectors by name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let story = story();
    vec![
        ("document", document(&story)),
        ("pack", pack(&story)),
        ("page", page(&story)),
        ("receipt", receipt(&story)),
        ("resupply", resupply(&story)),
        ("activity", super::activity::vector()),
    ]
}

fn sum(story: &Story) -> Sum {
    Sum {
        changes: story.changes.len() as u64,
        digest: story.changes.iter().map(|c| c.hash).collect(),
    }
}

fn grants(story: &Story) -> std::collections::BTreeMap<GrantId, Grant> {
    [(story.grant.id(), story.claims.clone())].into()
}

fn document(story: &Story) -> Value {
    let stated: Vec<_> = story
        .events
        .iter()
        .map(|(id, event, _)| EventEntry {
            id: *id,
            event: event.clone(),
        })
        .collect();
    let events: Vec<_> = story
        .events
        .iter()
        .map(|(id, event, bytes)| {
            json!({
                "id": id.to_string(), "bytes": hex::encode(bytes), "event": event,
            })
        })
        .collect();
    let changes: Vec<_> = story
        .changes
        .iter()
        .map(|c| {
            json!({
                "hash": c.hash.to_string(), "actor_seq": c.actor_seq, "bytes": hex::encode(&c.bytes),
            })
        })
        .collect();
    json!({
        "about": "A record: events, the Automerge changes that hold them, the whole as one Automerge document, and the state they fold to.",
        "doc": story.doc.to_string(),
        "server_public_key": hex::encode(story.server.public().0),
        "grant": { "id": story.grant.id().to_string(), "sealed": hex::encode(minicbor::to_vec(&story.grant).unwrap()), "claims": story.claims },
        "events": events,
        "changes": changes,
        "digest": hex::encode(sum(story).digest.to_bytes()),
        "snapshot": hex::encode(&story.snapshot),
        "state": Folded::new(stated, FoldContext::of_grants(grants(story)), Catalogue::embedded()).state(),
    })
}

fn claims(story: &Story) -> PackClaims {
    let signed = |c: &NewChange| Signed {
        doc: story.doc,
        change: c.hash,
    };
    PackClaims {
        device: story.device,
        number: 1,
        previous: PackClaims::GENESIS,
        claimed: DeviceTime(NOON + 3_600_000),
        repair: false,
        changes: story.changes.iter().map(signed).collect(),
    }
}

fn entries(story: &Story) -> Vec<Entry> {
    let entry = |c: &NewChange| Entry {
        doc: story.doc,
        change: c.bytes.clone(),
        proofs: Some(proofs(story, c)),
    };
    story.changes.iter().map(entry).collect()
}

fn pack(story: &Story) -> Value {
    let claims = claims(story);
    let request = push::Request {
        number: claims.number,
        previous: claims.previous,
        claimed: claims.claimed,
        repair: claims.repair,
        signature: claims.seal(&story.phone),
        entries: entries(story),
    };
    json!({
        "about": "A signed pack: what the signature covers, the request, and the frame of POST /v1/push.",
        "device": story.device.to_string(),
        "device_seed": hex::encode(story.phone.to_seed()),
        "device_public_key": hex::encode(story.phone.public().0),
        "signed_prefix": "xuncha.pack.1\u{0}",
        "claims": hex::encode(claims.to_bytes()),
        "pack_hash": claims.hash().to_string(),
        "request": hex::encode(minicbor::to_vec(&request).unwrap()),
        "frame": hex::encode(Push::write_request(&request)),
    })
}

/// The list row, sent with the document.
fn row() -> ListRow {
    ListRow {
        state: 15,
        code: "EV-06".to_owned(),
        place: "3栋2单元负一楼".to_owned(),
        description: "楼道内电动自行车充电".to_owned(),
        found: NOON,
        updated: NOON + 1_800_000,
        events: 2,
        photos: 2,
        compound: Some(World::small().compounds[0].id),
        place_key: Some("3/2/-1/stairwell/".to_owned()),
        ..ListRow::default()
    }
}

/// The first page of a scope, and one that follows.
fn pages(story: &Story, log: LogEpoch) -> Vec<Page> {
    let whole = Item {
        doc: story.doc,
        area: Some(World::small().grids[0].clone()),
        content: Content::Snapshot {
            chunk: story.snapshot.clone(),
            changes: Vec::new(),
            sum: sum(story),
            row: Some(EncodedListRow::from(&row())),
        },
        // One pack contained both changes.
        received: Some(Received(vec![ServerTime(NOON + 3_600_123); 2])),
        // A backup holds them.
        proofs: None,
    };
    let delta = Item {
        doc: story.doc,
        area: None,
        content: Content::Delta {
            changes: vec![story.changes[1].bytes.clone().into()],
        },
        received: Some(Received(vec![ServerTime(NOON + 3_600_123)])),
        proofs: Some(vec![proofs(story, &story.changes[1])]),
    };
    let backfill = Page {
        log,
        next: Phase::Tail { base: 2, pos: 2 },
        more: false,
        items: vec![whole],
        exits: Vec::new(),
        grants: vec![story.grant.clone()],
        sum: Some(sum(story)),
        revoked: None,
        left: None,
        notices: None,
    };
    let tail = Page {
        items: vec![delta],
        grants: Vec::new(),
        exits: vec![DocId([9; 16])],
        notices: Some(vec![NumberedNotice {
            number: 1,
            sealed: notice(story),
        }]),
        ..backfill.clone()
    };
    vec![backfill, tail]
}

/// The proofs of a change of the story.
fn proofs(story: &Story, change: &NewChange) -> Proofs {
    let facts = sync_core::crdt::inspect(&change.bytes).unwrap();
    let events = facts.events.iter().map(|(_, bytes)| bytes.as_slice());
    Proofs::prove(&story.phone, story.doc, &change.hash, events)
}

/// The revocation of another device.
fn notice(story: &Story) -> SignedNotice {
    let subject = Subject::DeviceRevoked(DeviceId([0x0e; 16]));
    let notice = ServerNotice::about(World::small().county, subject, ServerTime(NOON));
    SignedNotice::seal(&notice, &story.server)
}

fn page(story: &Story) -> Value {
    let log = LogEpoch([0x10; 8]);
    let county = World::small().county;
    let cursor = |phase| Cursor {
        space: county.clone(),
        area: county.clone(),
        log,
        phase,
        revoked: None,
        notices: Some(0),
    };
    let ask = sync::Request {
        push: None,
        pull: Some(pull::Request {
            scopes: vec![
                cursor(Phase::Backfill {
                    after: None,
                    head: 0,
                }),
                cursor(Phase::Tail { base: 1, pos: 1 }),
            ],
            need: Vec::new(),
            page_documents: None,
        }),
    };
    let answer = sync::Response {
        push: None,
        pull: Some(pull::Response {
            pages: pages(story, log),
        }),
        now: None,
    };
    let mut in_order: Vec<String> = story.changes.iter().map(|c| c.hash.to_string()).collect();
    in_order.sort();
    json!({
        "about": "A sync that asks for the first page of one scope and follows another: the frames of POST /v1/sync.",
        "request": hex::encode(minicbor::to_vec(&ask).unwrap()),
        "request_frame": hex::encode(Sync::write_request(&ask)),
        "response": hex::encode(minicbor::to_vec(&answer).unwrap()),
        "response_frame": hex::encode(Sync::write_response(&answer)),
        "doc": story.doc.to_string(),
        "chunk": hex::encode(&story.snapshot),
        "delta": hex::encode(&story.changes[1].bytes),
        "received": [NOON + 3_600_123, NOON + 3_600_123],
        "hashes_in_order": in_order,
    })
}

fn receipt(story: &Story) -> Value {
    let pack = PackReceipt {
        device: story.device,
        number: 1,
        pack: sync_core::record::PackHash::of(b"a pack"),
        received: ServerTime(NOON + 3_600_123),
        refused: Some(vec![(1, Code::Quarantined.number())]),
    };
    let blob = PhotoReceipt {
        hash: PhotoHash::of(b"a photo"),
        size: 212_345,
        stored: ServerTime(NOON + 3_700_000),
    };
    json!({
        "about": "Receipts of a pack and of a photo, signed by the server.",
        "server_seed": hex::encode(story.server.to_seed()),
        "server_public_key": hex::encode(story.server.public().0),
        "pack": { "signed_prefix": "xuncha.pack-receipt.1\u{0}", "sealed": hex::encode(pack.seal(&story.server)),
            "device": story.device.to_string(), "number": 1, "pack_hash": pack.pack.to_string(), "received": pack.received,
            "refused": pack.refused },
        "blob": { "signed_prefix": "xuncha.blob-receipt.1\u{0}", "sealed": hex::encode(blob.seal(&story.server)),
            "hash": blob.hash.to_string(), "size": blob.size, "stored": blob.stored },
    })
}

/// What the device of the story gives back to a server that was restored: the pack of `pack.json` with its receipt.
fn resupply(story: &Story) -> Value {
    let claims = claims(story);
    let receipt = PackReceipt {
        device: story.device,
        number: 1,
        pack: claims.hash(),
        received: ServerTime(NOON + 3_600_123),
        refused: Some(Vec::new()),
    };
    let request = resupply::Request {
        entries: entries(story),
        grants: vec![story.grant.clone()],
        packs: vec![resupply::ConfirmedPack {
            claims: claims.to_bytes(),
            signature: claims.seal(&story.phone),
            receipt: receipt.seal(&story.server),
        }],
        notices: vec![notice(story)],
    };
    let response = resupply::Response {
        refused: Vec::new(),
        received: Received(vec![ServerTime(NOON + 3_600_123); 2]),
        now: ServerTime(NOON + 86_400_000),
    };
    json!({
        "about": "What a device gives back to a restored server: changes with proofs, the grant, the pack with its receipt, a notice.",
        "server_public_key": hex::encode(story.server.public().0),
        "event_prefix": "xuncha.event.2\u{0}",
        "notice_prefix": "xuncha.notice.1\u{0}",
        "request": hex::encode(minicbor::to_vec(&request).unwrap()),
        "request_frame": hex::encode(Resupply::write_request(&request)),
        "response": hex::encode(minicbor::to_vec(&response).unwrap()),
        "response_frame": hex::encode(Resupply::write_response(&response)),
    })
}
