//! Grouped writes fail separately, and a database that drops its connections is used again.

use std::{future::poll_fn, pin::Pin, sync::mpsc, task::Poll};

use xuncha_server::storage::{Storage, StorageError, Tx};

use crate::support::{Town, database::is_postgres};

fn insert(tx: &mut dyn Tx, name: &str) -> Result<u64, StorageError> {
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ($1, $2)",
        &[name.into(), (&b"x"[..]).into()],
    )
}

async fn has(storage: &Storage, name: String) -> bool {
    let sql = "SELECT name FROM meta WHERE name = $1";
    let found = storage
        .read(move |tx| tx.first(sql, &[name.as_str().into()], |row| row.text(0)))
        .await;
    found.unwrap().is_some()
}

/// The threads that write what belongs to no space.
fn writers() -> usize {
    if is_postgres() { 2 } else { 1 }
}

#[test]
fn a_write_that_fails_or_panics_undoes_only_itself() {
    let town = Town::new();
    let storage = town.app().storage.clone();
    town.runtime.block_on(async {
        storage.write(|tx| insert(tx, "taken")).await.unwrap();
        // One write blocks each writer until all others are queued, so that they are grouped into one transaction.
        let mut release = Vec::new();
        let mut writes = Vec::new();
        for _ in 0..writers() {
            let (free, held) = mpsc::channel::<()>();
            let (begin, begun) = mpsc::channel::<()>();
            let mut write = Box::pin(storage.write(move |_| {
                let _ = begin.send(());
                let _ = held.recv();
                Ok::<u64, StorageError>(1)
            })) as Pin<Box<dyn Future<Output = _>>>;
            poll_fn(|context| {
                assert!(write.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            begun.recv().unwrap();
            release.push(free);
            writes.push(write);
        }
        for n in 0..60 {
            writes.push(Box::pin(storage.write(move |tx| {
                if n % 20 == 3 {
                    return Err(StorageError::Closed);
                }
                insert(tx, &format!("row {n}"))?;
                match n % 20 {
                    7 => insert(tx, "taken"),
                    11 => panic!("a defect"),
                    _ => Ok(1),
                }
            })));
        }
        poll_fn(|context| {
            for write in &mut writes {
                assert!(write.as_mut().poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        drop(release);
        for (at, write) in writes.into_iter().enumerate() {
            let Some(n) = at.checked_sub(writers()) else {
                write.await.unwrap();
                continue;
            };
            let kept = !matches!(n % 20, 3 | 7 | 11);
            assert_eq!(write.await.is_ok(), kept, "row {n}");
            assert_eq!(has(&storage, format!("row {n}")).await, kept, "row {n}");
        }
        storage.write(|tx| insert(tx, "after")).await.unwrap();
        assert!(has(&storage, "after".to_owned()).await);
    });
}

#[test]
fn a_database_that_drops_every_connection_is_used_again() {
    if !is_postgres() {
        return;
    }
    let town = Town::new();
    let storage = town.app().storage.clone();
    town.runtime.block_on(async {
        for round in 0..5 {
            // Terminates all other connections to the database.
            let sql =
                "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
            storage
                .read(move |tx| tx.first(sql, &[], |row| row.int(0)))
                .await
                .unwrap();
            let name = format!("round {round}");
            let row = name.clone();
            storage.write(move |tx| insert(tx, &row)).await.unwrap();
            assert!(has(&storage, name).await);
        }
    });
}

#[test]
fn two_who_wait_for_each_other_both_get_through() {
    let town = Town::new();
    let storage = town.app().storage.clone();
    let add = |from: &'static str, to: &'static str| {
        let storage = storage.clone();
        async move {
            for _ in 0..40 {
                storage
                    .write(move |tx| {
                        for name in [from, to] {
                            tx.execute(
                                "UPDATE area_name SET name = name || 'x' WHERE path = $1",
                                &[name.into()],
                            )?;
                        }
                        Ok::<_, StorageError>(())
                    })
                    .await
                    .unwrap();
            }
        }
    };
    let (one, other) = (
        town.world.grids[0].as_str().to_owned(),
        town.world.grids[1].as_str().to_owned(),
    );
    let (one, other): (&'static str, &'static str) = (one.leak(), other.leak());
    let length = |path: &'static str| {
        let sql = "SELECT CAST(LENGTH(name) AS BIGINT) FROM area_name WHERE path = $1";
        let read = storage.read(move |tx| tx.first(sql, &[path.into()], |row| row.int(0)));
        town.runtime.block_on(read).unwrap().unwrap()
    };
    let before = [length(one), length(other)];
    let tasks = [add(one, other), add(other, one)].map(|task| town.runtime.spawn(task));
    for task in tasks {
        town.runtime.block_on(task).unwrap();
    }
    assert_eq!([length(one), length(other)], before.map(|n| n + 80));
}

/// The texts of an error and of its sources.
fn chain(error: &StorageError) -> Vec<String> {
    let first = error as &dyn std::error::Error;
    std::iter::successors(Some(first), |error| error.source())
        .map(ToString::to_string)
        .collect()
}

#[test]
fn an_error_of_the_engine_keeps_its_cause_and_does_not_repeat_the_statement() {
    let town = Town::new();
    let storage = town.app().storage.clone();
    let sql = "SELECT absent_column FROM meta WHERE name = 'a secret'";
    let read = storage.read(move |tx| tx.first(sql, &[], |row| row.text(0)));
    let error = town.runtime.block_on(read).unwrap_err();
    let texts = chain(&error);
    assert!(texts.len() > 1, "{texts:?}");
    assert!(!texts[0].contains("absent_column"), "{texts:?}");
    assert!(texts[1].contains("absent_column"), "{texts:?}");
    assert!(!texts.concat().contains("a secret"), "{texts:?}");
    assert_eq!(chain(&error.clone()), texts);
    assert!(!error.is_transient());
}

#[test]
fn an_operation_that_the_engine_does_not_offer_is_no_failure_of_the_engine() {
    if !is_postgres() {
        return;
    }
    let town = Town::new();
    let storage = town.app().storage.clone();
    let to = town.folder.path().join("copy.db");
    let copied = storage.backup(&to);
    let error = town.runtime.block_on(copied).unwrap_err();
    assert!(matches!(error, StorageError::Unsupported(_)), "{error:?}");
    assert!(storage.set_moved(true).is_err_and(|e| !e.is_transient()));
}
