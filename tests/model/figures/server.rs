//! A real server: its log receives the events of the worlds, its projection folds them, and its API returns figures.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
};

use cli_simulator::phone::{Http, Transport};
use serde_json::Value;
use sync_core::{
    crdt::NewChange,
    identity::SignedGrant,
    record::{AreaPath, DeviceId, Digest, DocId, LogEpoch, PackHash, PersonId, Role, ServerTime},
    sync::{Call, Method},
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::App,
    config::Config,
    storage::{
        StorageError, Tx, devices,
        docs::{self, Doc},
        grant_uses::{self, GrantUse},
        log::{self, Attestation, Change},
        packs::{self, Pack},
        spaces,
    },
};

use super::{
    county::{CITY, County},
    database,
    hazard::{Received, key},
    reference::{Figure, Sheet, period_start},
};
use crate::{history::id_of, world::BEGIN};

pub(super) struct Server {
    runtime: Runtime,
    app: App,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

/// What a county's log receives at once: for each document its new events.
type Sent = Vec<(DocId, AreaPath, Vec<(Received, NewChange)>)>;

impl Server {
    /// A server with an empty log for each county.
    pub(super) fn start(counties: &[County]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let mut config = Config::new(folder.path().join("server"), ([127, 0, 0, 1], 0).into());
        config.database = database::fresh(&runtime);
        config.key_in_database = true;
        let own = Arc::clone(&clock);
        let now = Arc::new(move || ServerTime(own.load(SeqCst)));
        let app = runtime
            .block_on(App::start(&config, now))
            .expect("a server");
        let server = Self {
            runtime,
            app,
            clock,
            _folder: folder,
        };
        let paths: Vec<AreaPath> = counties.iter().map(|c| c.path.clone()).collect();
        let mut grants = HashMap::new();
        counties
            .iter()
            .for_each(|c| grants.extend(c.grants.clone()));
        server.write(move |tx| {
            for path in &paths {
                spaces::create(tx, path, LogEpoch([1; 8]))?;
            }
            for grant in grants.values() {
                let sealed = SignedGrant::seal(grant, &key());
                devices::insert_grant(tx, &sealed, grant, &paths[0])?;
            }
            Ok(())
        });
        server
    }

    fn write(&self, write: impl FnMut(&mut dyn Tx) -> Result<(), StorageError> + Send + 'static) {
        let written = self.app.storage.write(write);
        self.runtime.block_on(written).expect("written");
    }

    /// Receives what was sent until a time, and folds it.
    pub(super) fn receive(&self, counties: &mut [County], now: i64) {
        self.clock.store(now, SeqCst);
        let mut all = Vec::new();
        for county in counties {
            let each = county.hazards.iter_mut();
            let sent = each.map(|h| (h.doc, h.path.clone(), h.send(now)));
            let sent: Sent = sent.filter(|(_, _, events)| !events.is_empty()).collect();
            let revoked = county.revoked.iter().filter(|(_, at)| at.0 <= now);
            let skip = usize::try_from(county.revocations).unwrap_or(0);
            let mut revoked: Vec<(DeviceId, ServerTime)> =
                revoked.map(|(d, at)| (*d, *at)).collect();
            revoked.sort_by_key(|(device, at)| (*at, *device));
            let revoked = revoked.split_off(skip.min(revoked.len()));
            all.push((
                county.path.clone(),
                county.head,
                county.revocations,
                sent,
                revoked.clone(),
            ));
            county.revocations += revoked.len() as u64;
            let events: usize = county.hazards.iter().map(|h| h.sent).sum();
            county.head = events as u64;
        }
        self.write(move |tx| {
            for (space, head, revocations, sent, revoked) in &all {
                append(tx, space, *head, sent)?;
                for (n, (device, at)) in (*revocations + 1..).zip(revoked) {
                    revoke(tx, space, n, *device, *at)?;
                }
            }
            Ok(())
        });
        self.project();
    }

    fn project(&self) {
        let projected = self.app.components.projection.catch_up();
        let progress = self.runtime.block_on(projected).expect("projected");
        assert_eq!(progress.damaged, 0);
    }

    /// Rebuilds the ledger from the log.
    pub(super) fn rebuild(&self) {
        let rebuilt = self.app.components.projection.rebuild();
        self.runtime.block_on(rebuilt).expect("rebuilt");
    }

    /// The figures of each county from what was received at a time; every cross-check must hold.
    pub(super) fn ask(&self, at: i64) -> BTreeMap<String, Sheet> {
        let city: AreaPath = CITY.parse().expect("a path");
        let access = &self.app.components.access;
        let token = access.issue_token(PersonId([9; 16]), Role::CityReviewer, city, String::new());
        let token = self.runtime.block_on(token).expect("a token");
        let instant = |at: i64| jiff::Timestamp::from_millisecond(at).expect("a time");
        let day = |at: i64| instant(at + 8 * 3_600_000).strftime("%Y-%m-%d").to_string();
        let (from, to) = (day(period_start(at)), day(at));
        let query = format!(
            "area={CITY}&by=county&from={from}&to={to}&as_of={}",
            instant(at)
        );
        let call = Call {
            method: Method::Get,
            path: format!("/v1/indicators?{query}"),
            headers: vec![("authorization", format!("Bearer {token}"))],
            body: Vec::new(),
        };
        let mut http = Http::new(&format!("http://{}", self.app.address)).expect("a client");
        let reply = http.send(&call).expect("a reply");
        let text = String::from_utf8(reply.body).expect("a text");
        let sheet: Value = serde_json::from_str(&text).expect("JSON");
        let checks = sheet["checks"]
            .as_array()
            .unwrap_or_else(|| panic!("{text}"));
        for check in checks {
            assert_eq!(check["holds"], true, "{check}");
        }
        let rows = sheet["rows"].as_array().expect("rows").iter();
        rows.map(|row| {
            (
                row["area"].as_str().unwrap_or_default().to_owned(),
                figures(row),
            )
        })
        .collect()
    }
}

fn figures(row: &Value) -> Sheet {
    let milli = |value: &Value| (value.as_f64().unwrap_or(0.0) * 1000.0).round() as i64;
    let values = row["values"].as_object().expect("values").iter();
    let figure = |value: &Value| Figure {
        period: milli(&value["period"]),
        cumulative: milli(&value["cumulative"]),
    };
    values
        .map(|(code, value)| (code.clone(), figure(value)))
        .collect()
}

/// Appends events to the log of a space as accepted packs do.
fn append(tx: &mut dyn Tx, space: &AreaPath, head: u64, sent: &Sent) -> Result<(), StorageError> {
    let (mut seq, mut seen) = (head, HashSet::new());
    let (mut changes, mut uses) = (Vec::new(), Vec::new());
    for (id, path, events) in sent {
        let stored = docs::of(tx, space, &[*id])?.pop();
        let mut doc = stored.unwrap_or_else(|| blank(space, *id, path, seq + 1));
        for (received, change) in events {
            seq += 1;
            let pack = PackHash(id_of(&format!("{space} {}", received.at.0)));
            if seen.insert(pack) {
                receive(tx, pack, received)?;
            }
            doc.last_seq = seq;
            doc.changes += 1;
            doc.digest = doc.digest.plus([change.hash].into_iter().collect());
            doc.total_bytes += change.bytes.len() as u64;
            doc.tail_count += 1;
            doc.tail_bytes += change.bytes.len() as u64;
            changes.push(row(space, *id, seq, pack, (received, change)));
            uses.push(GrantUse {
                doc: *id,
                begun: false,
                path,
                grant: received.event.grant,
                seq,
            });
        }
        docs::put(tx, &[&doc])?;
    }
    log::insert(tx, &changes)?;
    grant_uses::note(tx, space, &uses)?;
    let head = i64::try_from(seq).unwrap_or(0);
    tx.execute(
        "UPDATE space SET head = $1 WHERE id = $2",
        &[head.into(), space.as_str().into()],
    )?;
    Ok(())
}

/// A document without changes.
fn blank(space: &AreaPath, id: DocId, path: &AreaPath, path_seq: u64) -> Doc {
    Doc {
        space: space.clone(),
        id,
        path: path.clone(),
        path_seq,
        last_seq: 0,
        changes: 0,
        digest: Digest::default(),
        total_bytes: 0,
        snap_seq: 0,
        tail_count: 0,
        tail_bytes: 0,
    }
}

fn row<'c>(
    space: &'c AreaPath,
    doc: DocId,
    seq: u64,
    pack: PackHash,
    (received, change): (&'c Received, &'c NewChange),
) -> Change<'c> {
    let attestation = if received.is_unattested {
        Attestation::Unattested
    } else {
        Attestation::Attested
    };
    Change {
        space,
        doc,
        seq,
        hash: change.hash,
        device: received.event.device,
        actor: [3; 16],
        actor_seq: change.actor_seq,
        pack,
        attestation,
        bytes: &change.bytes,
        proofs: None,
    }
}

/// Stores the pack of a receipt, unless an earlier phase did.
fn receive(tx: &mut dyn Tx, pack: PackHash, received: &Received) -> Result<(), StorageError> {
    if !packs::find(tx, [pack])?.is_empty() {
        return Ok(());
    }
    packs::insert(
        tx,
        &[Pack {
            hash: pack,
            device: received.event.device,
            number: 1,
            claims: Vec::new(),
            signature: Vec::new(),
            received_at: received.at,
            refused: Vec::new(),
        }],
    )
}

/// Revokes a device, and queues the documents of the space.
fn revoke(
    tx: &mut dyn Tx,
    space: &AreaPath,
    n: u64,
    device: DeviceId,
    at: ServerTime,
) -> Result<(), StorageError> {
    let n = i64::try_from(n).unwrap_or(0);
    tx.execute(
        "INSERT INTO server_notice (space, n, kind, subject, at) VALUES ($1, $2, 1, $3, $4)",
        &[
            space.as_str().into(),
            n.into(),
            device.as_bytes().into(),
            at.0.into(),
        ],
    )?;
    tx.execute(
        "INSERT INTO fold_queue (space, doc) SELECT space, id FROM doc WHERE space = $1 ON CONFLICT DO NOTHING",
        &[space.as_str().into()],
    )?;
    Ok(())
}
