//! The states of the changes and the photos on this device, by the numbers that the store holds.
//!
//! SQL names a state by a captured identifier of `format!`: `Display` writes its number, and that of a [`Set`] the list
//! for `IN`. The migrations are released, so the numbers never change.

use std::fmt;

use rusqlite::{ToSql, types::ToSqlOutput};

/// The state of a change (`chg.state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeState {
    /// Made on this device and in no pack. Sealing a pack moves it to `Sent`. A refusal of a change that it depends on
    /// rewrites it or moves it to `Refused`.
    Waiting = 0,
    /// In the sealed pack that the server has not answered. The answer moves it on: to `Acknowledged`, `Refused` or
    /// `Quarantined`, or back to `Waiting`. Opening the pack moves it back to `Waiting`.
    Sent = 1,
    /// Made on this device and durable on the server. Final.
    Acknowledged = 2,
    /// Brought by a page of the server. Final.
    Received = 3,
    /// Refused by the server, so that only this device has it. A page that brings it moves it to `Acknowledged`.
    Refused = 4,
    /// Kept by the server in quarantine. A page that brings it moves it to `Acknowledged`.
    Quarantined = 5,
    /// A restored server will never take it: another change has its sequence number, or it builds on a change that was refused
    /// for good. Its events were written again, here or by their authors. A page that brings it moves it to `Received`.
    Displaced = 6,
}

/// How far a photo of this device is (`photo.state`). The numbers are in the order of the steps: SQL may compare them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhotoStep {
    /// Prepared and stored here; no event names it. Appending an event that names it moves it to `Referenced`.
    Captured = 0,
    /// An event names it, and no upload is open. An upload that the server opened moves it to `Uploading`.
    Referenced = 1,
    /// Its upload is open on the server. The server's receipt moves it to `Stored`; a refusal, or an upload that the
    /// server no longer has, back to `Referenced`.
    Uploading = 2,
    /// The server's receipt is stored. A new log epoch moves it back to `Referenced` while its working copy is here.
    Stored = 3,
}

/// Several states; `Display` writes the list for `IN`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<S: 'static>(&'static [S]);

use ChangeState::{Acknowledged, Displaced, Quarantined, Received, Refused, Sent, Waiting};
use PhotoStep::{Referenced, Uploading};

/// Changes of this device that the server has not answered.
pub(super) const PENDING: Set<ChangeState> = Set(&[Waiting, Sent]);
/// Changes that the server has in its log.
pub(super) const IN_LOG: Set<ChangeState> = Set(&[Acknowledged, Received]);
/// Changes of this device that the server answered and did not take into its log.
pub(super) const NOT_ACCEPTED: Set<ChangeState> = Set(&[Refused, Quarantined]);
/// Changes that only this device has: the server keeps those in quarantine.
pub(super) const ONLY_HERE: Set<ChangeState> = Set(&[Waiting, Sent, Refused]);
/// Changes of this device that the server does not have in its log.
pub(super) const NOT_IN_LOG: Set<ChangeState> =
    Set(&[Waiting, Sent, Refused, Quarantined, Displaced]);
/// Changes that a document is folded from: all but those that the server did not accept.
pub(super) const EFFECTIVE: Set<ChangeState> = Set(&[Waiting, Sent, Acknowledged, Received]);
/// Every change that fits the others.
pub(super) const ALL: Set<ChangeState> =
    Set(&[Waiting, Sent, Acknowledged, Received, Refused, Quarantined]);

/// Photos that an event names and the server does not have.
pub(super) const TO_SEND: Set<PhotoStep> = Set(&[Referenced, Uploading]);

macro_rules! stored_as_number {
    ($($state:ty),+) => {$(
        impl fmt::Display for $state {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", *self as i64)
            }
        }

        impl ToSql for $state {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(*self as i64))
            }
        }
    )+};
}

stored_as_number!(ChangeState, PhotoStep);

impl<S: fmt::Display> fmt::Display for Set<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, state) in self.0.iter().enumerate() {
            let before = if at == 0 { "(" } else { ", " };
            write!(f, "{before}{state}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        PhotoStep::{Captured, Stored},
        *,
    };
    use crate::device::migrate::MIGRATIONS;

    #[test]
    fn the_numbers_are_those_that_the_released_migrations_state() {
        let stated = [
            (
                MIGRATIONS[0],
                format!(
                    "-- state: {Waiting} pending, {Sent} in a sealed pack, {Acknowledged} acknowledged, {Received} from others, \
                     {Refused} refused, {Quarantined} kept by the server for checking."
                ),
            ),
            (
                MIGRATIONS[0],
                format!(
                    "state: {Captured} captured, {Referenced} referenced, {Uploading} uploading, {Stored} stored."
                ),
            ),
            (
                MIGRATIONS[3],
                format!("(SELECT doc FROM chg WHERE state IN {NOT_ACCEPTED})"),
            ),
            (MIGRATIONS[3], format!("AND state < {Stored};")),
        ];
        for (migration, text) in stated {
            assert!(migration.contains(&text), "{text}");
        }
    }

    #[test]
    fn a_set_is_written_as_the_list_of_its_numbers() {
        assert_eq!(PENDING.to_string(), "(0, 1)");
        assert_eq!(ALL.to_string(), "(0, 1, 2, 3, 4, 5)");
        assert_eq!(TO_SEND.to_string(), "(1, 2)");
    }
}
