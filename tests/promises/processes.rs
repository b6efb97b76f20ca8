//! Several processes on one PostgreSQL: no change is projected twice or skipped, and no process waits for a dead one.
//!
//! On a machine without PostgreSQL these tests are skipped, and the last step of `cargo xtask test` reports it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use cli_simulator::{
    bench::Generator,
    fleet::{Cluster, Plan, run},
    network::Profile,
    postgres::Server,
    torture,
    world::World,
};
use sync_core::{
    crdt::change_hash,
    record::{AreaPath, Digest, ServerTime},
    wire::push,
};
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
    host::Now,
    http::Components,
    storage::{Storage, StorageError, Tx, docs, log, marks, spaces},
};

use crate::support::{database, s3::S3};

/// Two processes on one database, and a generator of packs for the first.
struct Two {
    first: Generator,
    components: Components,
    storage: Storage,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

fn two(writers: usize) -> Option<Two> {
    if !database::is_postgres() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path(), ([127, 0, 0, 1], 0).into());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    config.database = database::fresh(&runtime);
    config.key_in_database = true;
    let first = Generator::open(&config, vec![World::small()], writers, 5).unwrap();
    let clock = Arc::new(AtomicI64::new(system_clock()().0));
    let read = Arc::clone(&clock);
    let now: Now = Arc::new(move || ServerTime(read.load(SeqCst)));
    let (storage, components) = open(&config, now).unwrap();
    Some(Two {
        first,
        components,
        storage,
        clock,
        _folder: folder,
    })
}

impl Two {
    fn county(&self) -> AreaPath {
        self.first.worlds[0].county.clone()
    }

    fn head(&self) -> u64 {
        let county = self.county();
        let read = self.storage.read(move |tx| spaces::find(tx, &county));
        self.first.block_on(read).unwrap().map_or(0, |s| s.head)
    }

    fn mark(&self) -> marks::Mark {
        let county = self.county();
        let read = self.storage.read(move |tx| marks::mark(tx, &county));
        self.first.block_on(read).unwrap()
    }

    /// Sets the end of every lease to `ms` milliseconds from now, by the database's clock.
    fn lease_ends_in(&self, ms: i64) {
        let set = self.storage.write(move |tx| {
            let now = tx.clock()?.unwrap();
            let sql = "UPDATE projection_mark SET lease_until = $1";
            tx.execute(sql, &[(now + ms).into()])
        });
        self.first.block_on(set).unwrap();
    }

    /// A pack of `count` new hazards by a writer.
    fn pack(&mut self, writer: usize, count: usize) -> push::Request {
        let at = system_clock()().0 + 60_000;
        let entries = (0..count).map(|_| self.first.record(writer, at).unwrap().1);
        let entries = entries.collect();
        self.first.seal(writer, entries)
    }
}

#[test]
fn a_pack_pushed_to_two_processes_at_once_is_stored_once() {
    let Some(mut two) = two(4) else { return };
    for round in 0..12 {
        let writer = round % 4;
        let pack = two.pack(writer, 7);
        let device = two.first.writers[writer].id;
        let (one, other) = (
            two.first.components.ingest.clone(),
            two.components.ingest.clone(),
        );
        let again = pack.clone();
        let answers = two.first.block_on(async move {
            let one = tokio::spawn(async move { one.push(device, pack).await });
            let other = tokio::spawn(async move { other.push(device, again).await });
            (one.await.unwrap().unwrap(), other.await.unwrap().unwrap())
        });
        let (
            push::Response::Stored {
                receipt, refused, ..
            },
            push::Response::Stored {
                receipt: again,
                refused: none,
                ..
            },
        ) = answers
        else {
            panic!("both are told that it is stored: {answers:?}");
        };
        assert!(refused.is_empty() && none.is_empty());
        assert_eq!(receipt, again, "one pack, one receipt");
        assert_eq!(two.head(), 7 * (round as u64 + 1), "stored once");
    }
}

#[test]
fn two_processes_that_write_to_one_record_count_both() {
    let Some(mut two) = two(2) else { return };
    let at = system_clock()().0 + 60_000;
    let (mut made, begin) = two.first.record(0, at).unwrap();
    let pack = two.first.seal(0, vec![begin]);
    two.first.push(0, pack).unwrap();
    let mut apart = made.apart().unwrap();
    const ROUNDS: usize = 25;
    let devices = [0, 1].map(|writer| two.first.writers[writer].id);
    for round in 0..ROUNDS {
        let one = two.first.add(&mut made, 0, round, at).unwrap();
        let other = two.first.add(&mut apart, 1, round, at).unwrap();
        let packs = [two.first.seal(0, vec![one]), two.first.seal(1, vec![other])];
        let components = [
            two.first.components.ingest.clone(),
            two.components.ingest.clone(),
        ];
        two.first.block_on(async move {
            let pushes = components.into_iter().zip(devices).zip(packs);
            let pushes: Vec<_> = pushes
                .map(|((ingest, device), pack)| {
                    tokio::spawn(async move { ingest.push(device, pack).await.unwrap() })
                })
                .collect();
            for push in pushes {
                push.await.unwrap();
            }
        });
    }
    let (county, doc) = (two.county(), made.doc);
    let read = two.storage.read(move |tx| {
        let row = docs::find(tx, doc)?.unwrap();
        let held = log::changes(tx, &county, doc)?;
        let hashes = held.iter().map(|bytes| change_hash(bytes));
        Ok::<_, StorageError>((row, held.len() as u64, hashes.collect::<Digest>()))
    });
    let (row, changes, digest) = two.first.block_on(read).unwrap();
    assert_eq!(changes, 2 * ROUNDS as u64 + 1);
    assert_eq!((row.changes, row.digest), (changes, digest));
}

#[test]
fn a_number_is_given_only_when_all_before_it_are_committed() {
    let Some(mut two) = two(2) else { return };
    let county = two.county();
    // Another transaction has taken the next sequence number and is slow to commit.
    let (held, release) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(std::sync::Barrier::new(2)),
    );
    let slow = {
        let (storage, county) = (two.first.storage.clone(), county.clone());
        let (held, release) = (Arc::clone(&held), Arc::clone(&release));
        two.first.spawn(async move {
            let place = county.clone();
            let write = move |tx: &mut dyn Tx| {
                spaces::raise_head(tx, &county, 1)?;
                held.notify_one();
                release.wait();
                Ok::<_, StorageError>(())
            };
            storage.write_in(Some(place), write).await
        })
    };
    two.first.block_on(held.notified());
    let (pack, device) = (two.pack(0, 3), two.first.writers[0].id);
    let ingest = two.components.ingest.clone();
    let pushed = two
        .first
        .spawn(async move { ingest.push(device, pack).await });
    // A reader advances to the head that it reads: no lower sequence number may be committed after that.
    assert_eq!(two.head(), 0);
    assert!(
        !pushed.is_finished(),
        "a later number would commit before an earlier one"
    );
    release.wait();
    two.first.block_on(slow).unwrap().unwrap();
    two.first.block_on(pushed).unwrap().unwrap();
    assert_eq!(two.head(), 4);
}

#[test]
fn a_sequence_of_the_database_would_skip_rows() {
    // Why the promise above is needed: a log numbered by a database sequence lets a reader skip rows.
    if !database::is_postgres() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = database::fresh(&runtime).unwrap();
    runtime.block_on(async {
        let connect = || async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .unwrap();
            tokio::spawn(connection);
            client
        };
        let (slow, quick, reader) = (connect().await, connect().await, connect().await);
        let log = "CREATE TABLE log (seq BIGINT PRIMARY KEY DEFAULT nextval('number'), word TEXT)";
        slow.batch_execute(&format!("CREATE SEQUENCE number; {log}"))
            .await
            .unwrap();
        let read = |after: i64| {
            let reader = &reader;
            async move {
                let sql = "SELECT seq, word FROM log WHERE seq > $1 ORDER BY seq";
                let rows = reader.query(sql, &[&after]).await.unwrap();
                let rows = rows.iter().map(|r| (r.get(0), r.get(1)));
                rows.collect::<Vec<(i64, String)>>()
            }
        };
        slow.batch_execute("BEGIN; INSERT INTO log (word) VALUES ('slow')")
            .await
            .unwrap();
        quick
            .batch_execute("INSERT INTO log (word) VALUES ('quick')")
            .await
            .unwrap();
        let seen = read(0).await;
        assert_eq!(seen, [(2, "quick".to_owned())]);
        slow.batch_execute("COMMIT").await.unwrap();
        assert_eq!(read(seen[0].0).await, [], "the slow row is never seen");
    });
}

#[test]
fn a_process_hears_of_what_was_pushed_to_another() {
    let Some(mut two) = two(1) else { return };
    let (pack, device) = (two.pack(0, 1), two.first.writers[0].id);
    let (one, mut heard) = (
        two.first.components.ingest.clone(),
        two.storage.heard().unwrap(),
    );
    two.first.block_on(async move {
        // The first count states that it listens.
        heard.wait_for(|count| *count >= 1).await.unwrap();
        heard.mark_unchanged();
        one.push(device, pack).await.unwrap();
        heard.changed().await.unwrap();
    });
}

#[test]
fn a_space_is_followed_by_one_process_and_taken_over_from_a_dead_one() {
    let Some(mut two) = two(1) else { return };
    let (one, other) = (
        two.first.components.projection.clone(),
        two.components.projection.clone(),
    );
    let pack = two.pack(0, 5);
    two.first.push(0, pack).unwrap();
    assert_eq!(two.first.block_on(one.catch_up()).unwrap().documents, 5);
    let pack = two.pack(0, 3);
    two.first.push(0, pack).unwrap();
    // The first process holds the lease; then the lease ends, because the process is dead.
    assert_eq!(two.first.block_on(other.catch_up()).unwrap().documents, 0);
    two.lease_ends_in(0);
    assert_eq!(two.first.block_on(other.catch_up()).unwrap().documents, 3);
    let mark = two.mark();
    assert_eq!((mark.seq, mark.changed), (8, 8), "each change shown once");
    // A process that stops in order releases its leases at once.
    two.first.block_on(other.release()).unwrap();
    let pack = two.pack(0, 2);
    two.first.push(0, pack).unwrap();
    assert_eq!(two.first.block_on(one.catch_up()).unwrap().documents, 2);
}

#[test]
fn a_lease_of_a_process_with_a_wrong_clock_holds_nobody_up() {
    let Some(mut two) = two(1) else { return };
    let pack = two.pack(0, 2);
    two.first.push(0, pack).unwrap();
    let (one, other) = (
        two.first.components.projection.clone(),
        two.components.projection.clone(),
    );
    // A process whose own clock is an hour ahead takes the lease and dies.
    two.clock.fetch_add(3_600_000, SeqCst);
    assert_eq!(two.first.block_on(other.catch_up()).unwrap().documents, 2);
    let pack = two.pack(0, 3);
    two.first.push(0, pack).unwrap();
    let left = two.mark().lease_until.0 - system_clock()().0;
    assert!(left <= 60_000, "its own clock counts for nothing: {left}");
    // A lease that an earlier version took with such a clock is ignored too.
    two.lease_ends_in(3_600_000);
    assert_eq!(two.first.block_on(one.catch_up()).unwrap().documents, 3);
}

#[test]
fn two_projections_at_once_show_every_change_once() {
    let Some(mut two) = two(3) else { return };
    for _ in 0..6 {
        for writer in 0..3 {
            let pack = two.pack(writer, 40);
            two.first.push(writer, pack).unwrap();
        }
        // Both processes treat the other's lease as ended.
        two.lease_ends_in(0);
        let (one, other) = (
            two.first.components.projection.clone(),
            two.components.projection.clone(),
        );
        let done = two.first.block_on(async move {
            let one = tokio::spawn(async move { one.catch_up().await });
            let other = tokio::spawn(async move { other.catch_up().await });
            one.await.unwrap().unwrap().documents + other.await.unwrap().unwrap().documents
        });
        assert_eq!(done, 120);
        let mark = two.mark();
        assert_eq!(
            (mark.seq, mark.changed),
            (two.head(), two.head().cast_signed())
        );
    }
}

#[test]
fn late_commits_rollbacks_and_killed_connections_skip_and_double_nothing() {
    if !database::is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().unwrap().expect("PostgreSQL");
    let plan = torture::Plan {
        writers: 32,
        packs: 6,
        changes: 10,
        spaces: 3,
        kill_every_ms: 40,
        seed: 3,
    };
    let outcome = torture::run(folder.path(), &server, &plan).unwrap();
    assert!(outcome.broken.is_empty(), "{}", outcome.text());
    assert_eq!(outcome.stored, 32 * 6 * 10);
    assert!(
        outcome.kills > 0 && outcome.grown > 10,
        "{}",
        outcome.text()
    );
}

#[test]
fn a_fleet_behind_processes_that_are_killed_and_a_database_that_crashes_loses_nothing() {
    if !database::is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().unwrap().expect("PostgreSQL");
    let s3 = S3::new();
    let plan = Plan {
        devices: 8,
        days: 2,
        network: "weak".to_owned(),
        profile: Profile::named("weak").unwrap(),
        seed: 14,
        cluster: Some(Cluster {
            database: server.create("fleet").unwrap(),
            photo_store: Some(s3.setting()),
            program: vec![env!("CARGO_BIN_EXE_victim").into(), "serve".into()],
            processes: 2,
            kill_every: 20,
            server: Arc::new(server),
            crash_server: true,
        }),
        moving: None,
        trouble: Default::default(),
    };
    let outcome = run(folder.path(), &plan, &|_, _| {}).unwrap();
    assert!(outcome.is_kept(), "{}", outcome.text());
    assert!(outcome.kills >= 4, "{}", outcome.text());
    assert!(outcome.void * 3 < outcome.events, "{}", outcome.text());
    assert!(outcome.photos > 10, "{}", outcome.text());
}
