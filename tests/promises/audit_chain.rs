//! Who alters the audit log by hand is found.

use xuncha_server::{
    audit::Fault,
    storage::{StorageError, Tx},
};

use crate::{
    command_line::{done, refused},
    support::{
        Town,
        browser::{Browser, PASSWORD},
        sealing::HOUR,
    },
};

const DAY: i64 = 24 * HOUR;

const COPY: &str = "CREATE TABLE kept AS SELECT * FROM audit";
const BACK: [&str; 2] = ["DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept"];

/// Runs a statement on the table by hand.
fn by_hand(town: &Town, sql: &'static str) {
    let write = move |tx: &mut dyn Tx| tx.execute(sql, &[]);
    let changed: Result<u64, StorageError> = town.runtime.block_on(town.app().storage.write(write));
    assert!(changed.unwrap() > 0, "{sql}");
}

fn faults(town: &Town) -> Vec<Fault> {
    let components = &town.app().components;
    let key = components.access.key().public();
    let found = town.runtime.block_on(components.audit.verify(key)).unwrap();
    assert!(found.rows > 0 || !found.faults.is_empty());
    found.faults
}

/// The chain of the town's server, and its last number.
fn chain(town: &Town) -> (String, i64) {
    let sql = "SELECT chain, MAX(number) FROM audit GROUP BY chain ORDER BY 2 DESC";
    let read = move |tx: &mut dyn Tx| tx.first(sql, &[], |row| Ok((row.text(0)?, row.int(1)?)));
    let found: Result<_, StorageError> = town.runtime.block_on(town.app().storage.read(read));
    found.unwrap().unwrap()
}

#[test]
fn a_row_that_is_changed_removed_inserted_or_moved_by_hand_is_named() {
    let town = Town::new();
    town.administrators();
    assert_eq!(faults(&town), []);
    assert!(done(&town, &["admin", "audit", "verify"]).contains("intact"));
    let (own, last) = chain(&town);
    assert!(last >= 6, "{last}");
    let setup = move |tx: &mut dyn Tx| tx.execute(COPY, &[]);
    let kept: Result<u64, StorageError> = town.runtime.block_on(town.app().storage.write(setup));
    kept.unwrap();
    let moment = |fault: &Fault| match fault {
        Fault::Altered(chain, n, _) => (chain.clone(), *n, "altered"),
        Fault::Removed(chain, n) => (chain.clone(), *n, "removed"),
        Fault::Unlinked(chain, n, _) => (chain.clone(), *n, "unlinked"),
        Fault::Inserted(chain, n, _) => (chain.clone(), *n, "inserted"),
        other => panic!("{other}"),
    };
    let end = "(SELECT MAX(number) FROM audit)";
    let insert = "INSERT INTO audit (chain, number, at, actor, kind, subject, outcome, cause, address, purpose, times, before_hash, hash)
        SELECT chain, number + 1, at, actor, kind, subject, outcome, cause, address, purpose, times, hash, hash FROM audit WHERE number = (SELECT MAX(number) FROM audit)";
    for (sql, number, what) in [
        (
            vec!["UPDATE audit SET actor = 'person:x' WHERE number = 3"],
            3,
            "altered",
        ),
        (
            vec!["UPDATE audit SET at = at + 1 WHERE number = 3"],
            3,
            "altered",
        ),
        (
            vec!["UPDATE audit SET hash = before_hash WHERE number = 2"],
            2,
            "altered",
        ),
        (vec!["DELETE FROM audit WHERE number = 4"], 4, "removed"),
        (
            vec!["DELETE FROM audit WHERE number = (SELECT MAX(number) FROM audit)"],
            last,
            "removed",
        ),
        (vec![insert], last + 1, "inserted"),
        (
            vec![
                "UPDATE audit SET number = -1 WHERE number = 3",
                "UPDATE audit SET number = 3 WHERE number = 4",
                "UPDATE audit SET number = 4 WHERE number = -1",
            ],
            3,
            "altered",
        ),
    ] {
        for one in &sql {
            by_hand(&town, one);
        }
        let found = faults(&town);
        let found: Vec<_> = found
            .iter()
            .map(moment)
            .filter(|(chain, ..)| *chain == own)
            .collect();
        assert_eq!(found, [(own.clone(), number, what)], "{sql:?}");
        for sql in BACK {
            by_hand(&town, sql);
        }
        assert_eq!(faults(&town), [], "{end}");
    }
    by_hand(
        &town,
        "UPDATE audit SET actor = 'person:x' WHERE number = 3",
    );
    let said = refused(&town, &["admin", "audit", "verify"]);
    assert!(
        said.contains(&format!("chain {own}, row 3 (2024-03-25T")),
        "{said}"
    );
}

#[test]
fn a_log_that_was_replaced_as_a_whole_is_found_by_a_row_that_was_noted_elsewhere() {
    let town = Town::new();
    town.administrators();
    let (own, last) = chain(&town);
    let setup = |tx: &mut dyn Tx| tx.execute(COPY, &[]);
    let kept: Result<u64, StorageError> = town.runtime.block_on(town.app().storage.write(setup));
    kept.unwrap();
    let verify = ["admin", "audit", "verify"];
    let printed = done(&town, &verify);
    let noted = printed
        .lines()
        .find(|line| line.starts_with(&format!("{own}:")));
    let noted = noted.unwrap().to_owned();
    done(&town, &[&verify[..], &["--noted", &noted]].concat());
    let other = format!("{own}:{last}:{}", "0".repeat(64));
    let said = refused(&town, &[&verify[..], &["--noted", &other]].concat());
    assert!(said.contains("replaced"), "{said}");
    for sql in ["DELETE FROM audit", "DELETE FROM audit_chain"] {
        by_hand(&town, sql);
    }
    let found = faults(&town);
    assert_eq!(found, [Fault::ChainRemoved("main".to_owned())]);
    by_hand(&town, BACK[1]);
    let heads = "INSERT INTO audit_chain (chain, number, hash, exported, exporter, exporter_until)
        SELECT chain, number, hash, 0, '', 0 FROM audit a WHERE number = (SELECT MAX(number) FROM audit b WHERE b.chain = a.chain)";
    by_hand(&town, heads);
    assert_eq!(faults(&town), []);
}

#[test]
fn old_rows_go_behind_a_signed_anchor_and_the_rest_still_verifies() {
    let town = Town::new();
    town.administrators();
    let audit = town.app().components.audit.clone();
    let key = town.app().components.access.key().clone();
    let remove = |days| town.runtime.block_on(audit.remove_old(days, &key)).unwrap();
    assert_eq!(remove(180), 0);
    town.later(100 * DAY);
    let mut system = Browser::new(&town, "198.51.100.7");
    assert_eq!(system.sign_in("system.1", PASSWORD).0, 200);
    town.later(81 * DAY);
    let (_, last) = chain(&town);
    let removed = remove(180);
    assert!(removed > 0 && (removed as i64) < last, "{removed} {last}");
    assert_eq!(faults(&town), []);
    assert!(done(&town, &["admin", "audit", "verify"]).contains("intact"));
    // An anchor that was moved by hand hides nothing.
    by_hand(&town, "UPDATE audit_anchor SET number = number + 1");
    let found = faults(&town);
    assert!(matches!(found[..], [Fault::Anchor(..), ..]), "{found:?}");
}
