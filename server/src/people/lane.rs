//! What guesses cost: failures are counted for each account and lane, so that a stranger cannot lock a person out.
//!
//! A lane is a browser that the person signed in from before, or else the address range of the caller. A lane with five
//! failures waits, each time twice as long. All unknown browsers of an account share twenty guesses an hour. A guess is
//! counted before it is compared, and taken back if it was right.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use sync_core::{record::ServerTime, wire::Code};

use crate::{
    host::random,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        lanes::{self, Lane},
    },
};

/// Failures in a lane before it waits.
const TRIES: i64 = 5;
/// Milliseconds of the first wait.
const FIRST_WAIT_MS: i64 = 15 * 60_000;
/// Milliseconds of the longest wait.
const LONGEST_WAIT_MS: i64 = 24 * 3_600_000;
/// Guesses of all unknown browsers of an account in [`SHARED_MS`].
const SHARED: usize = 20;
/// Milliseconds.
const SHARED_MS: i64 = 3_600_000;
/// Milliseconds without a guess after which a lane begins at nothing.
const FORGET_MS: i64 = 2 * LONGEST_WAIT_MS;

/// The key of an account in the table of lanes.
pub(super) fn key(name: &str) -> [u8; 16] {
    let hash = Sha256::new().chain_update("lane\0").chain_update(name);
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// The lane of an unknown browser: its address range, /24 or /64.
pub(super) fn of_address(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(four)) => {
            let [a, b, c, _] = four.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

/// The lane of something that is known by its hash.
pub(super) fn of_known(kind: &str, hash: &[u8]) -> String {
    format!("{kind}:{}", hex::encode(hash))
}

/// A guess that was counted.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    key: [u8; 16],
    lane: String,
    is_known: bool,
    at: ServerTime,
}

/// The refusal of a lane that waits.
pub(super) fn wait(until: ServerTime, now: ServerTime) -> Refusal {
    let minutes = (until.0 - now.0).max(0) / 60_000 + 1;
    let detail = format!(
        "{minutes}分钟后再试，或用登录过的浏览器，或请安全管理员解锁 / wait {minutes} minutes, use a browser that you signed in from before, or ask the security administrator to unlock the account"
    );
    Refusal::new(Code::TooMany, detail)
}

/// Counts a guess in a lane, or returns until when the lane waits.
fn count(lane: &mut Lane, now: ServerTime) -> Result<(), ServerTime> {
    if now < lane.until_at {
        return Err(lane.until_at);
    }
    if now.0 - lane.at.0 > FORGET_MS {
        (lane.failures, lane.level) = (0, 0);
    }
    lane.failures += 1;
    lane.at = now;
    if lane.failures >= TRIES {
        let doubled = FIRST_WAIT_MS.saturating_mul(1 << lane.level.clamp(0, 20));
        lane.until_at = ServerTime(now.0 + doubled.min(LONGEST_WAIT_MS));
        lane.level += 1;
        lane.failures = 0;
    }
    Ok(())
}

fn times(lane: &Lane) -> Vec<i64> {
    let chunks = lane.guesses.chunks_exact(8);
    let time = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_be_bytes);
    chunks.map(time).collect()
}

fn set_times(lane: &mut Lane, times: &[i64]) {
    lane.guesses = times.iter().flat_map(|at| at.to_be_bytes()).collect();
}

/// Counts a guess of an unknown browser, or returns when the next one is possible.
fn count_shared(lane: &mut Lane, now: ServerTime) -> Result<(), ServerTime> {
    let mut times = times(lane);
    times.retain(|at| now.0 - at < SHARED_MS);
    if times.len() >= SHARED {
        return Err(ServerTime(times.first().unwrap_or(&now.0) + SHARED_MS));
    }
    times.push(now.0);
    set_times(lane, &times);
    lane.at = now;
    Ok(())
}

fn lane(
    tx: &mut dyn Tx,
    (key, has_account): ([u8; 16], bool),
    name: &str,
) -> Result<Lane, StorageError> {
    let found = lanes::find(tx, &key, name)?;
    Ok(found.unwrap_or_else(|| Lane {
        account: key,
        lane: name.to_owned(),
        known: has_account,
        failures: 0,
        level: 0,
        until_at: ServerTime(0),
        at: ServerTime(0),
        guesses: Vec::new(),
    }))
}

/// Counts a guess for an account before it is compared. `is_known`: the lane is that of a known browser or of a session.
/// The inner error is the time from which the caller may guess again.
///
/// # Errors
/// [`StorageError`].
pub(super) fn reserve(
    tx: &mut dyn Tx,
    account: ([u8; 16], bool),
    name: &str,
    is_known: bool,
    now: ServerTime,
) -> Result<Result<Guess, ServerTime>, StorageError> {
    lanes::lock(tx, &account.0, account.1, now)?;
    let mut own = lane(tx, account, name)?;
    if let Err(until) = count(&mut own, now) {
        return Ok(Err(until));
    }
    if !is_known {
        let mut shared = lane(tx, account, "*")?;
        if let Err(until) = count_shared(&mut shared, now) {
            return Ok(Err(until));
        }
        lanes::save(tx, &shared)?;
    }
    lanes::save(tx, &own)?;
    // Rows of the past are removed now and then, so that the table stays small.
    if random::<1>()[0] < 8 {
        lanes::prune(tx, ServerTime(now.0 - FORGET_MS))?;
    }
    Ok(Ok(Guess {
        key: account.0,
        lane: name.to_owned(),
        is_known,
        at: now,
    }))
}

/// Takes a guess back, because it was right or was not compared. `knows_password`: the password was right, so that the lane
/// begins at nothing. A right code of the second factor does not end the count of guesses of the password.
///
/// # Errors
/// [`StorageError`].
pub(super) fn take_back(
    tx: &mut dyn Tx,
    guess: &Guess,
    knows_password: bool,
) -> Result<(), StorageError> {
    lanes::lock(tx, &guess.key, true, guess.at)?;
    if let Some(mut own) = lanes::find(tx, &guess.key, &guess.lane)? {
        if knows_password {
            (own.failures, own.level, own.until_at) = (0, 0, ServerTime(0));
        } else if own.failures > 0 {
            own.failures -= 1;
        } else if own.until_at.0 > guess.at.0 {
            // This guess was the one that began the wait.
            (own.failures, own.until_at) = (TRIES - 1, ServerTime(0));
            own.level = (own.level - 1).max(0);
        }
        lanes::save(tx, &own)?;
    }
    let shared = if guess.is_known {
        None
    } else {
        lanes::find(tx, &guess.key, "*")?
    };
    if let Some(mut shared) = shared {
        let mut times = times(&shared);
        if let Some(at) = times.iter().position(|at| *at == guess.at.0) {
            times.remove(at);
        }
        set_times(&mut shared, &times);
        lanes::save(tx, &shared)?;
    }
    Ok(())
}

/// Writes a counted guess again, without a change: what follows a guess at an unknown name takes as long as the failure of a
/// known one.
///
/// # Errors
/// [`StorageError`].
pub(super) fn confirm(tx: &mut dyn Tx, guess: &Guess) -> Result<(), StorageError> {
    if let Some(own) = lanes::find(tx, &guess.key, &guess.lane)? {
        lanes::save(tx, &own)?;
    }
    Ok(())
}

/// Ends all waits of the account with this login name.
///
/// # Errors
/// [`StorageError`].
pub(super) fn clear(tx: &mut dyn Tx, name: &str) -> Result<(), StorageError> {
    lanes::clear(tx, &key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Lane {
        Lane {
            account: [0; 16],
            lane: String::new(),
            known: true,
            failures: 0,
            level: 0,
            until_at: ServerTime(0),
            at: ServerTime(0),
            guesses: Vec::new(),
        }
    }

    #[test]
    fn each_wait_is_twice_as_long_up_to_a_day() {
        let (mut lane, mut now) = (empty(), 1_711_328_400_000);
        let mut waits = Vec::new();
        for _ in 0..9 {
            for _ in 0..TRIES {
                count(&mut lane, ServerTime(now)).unwrap();
            }
            let until = count(&mut lane, ServerTime(now)).unwrap_err();
            waits.push((until.0 - now) / 60_000);
            now = until.0;
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
        // Two days without a guess: the first wait is short again.
        now += FORGET_MS + 1;
        for _ in 0..TRIES {
            count(&mut lane, ServerTime(now)).unwrap();
        }
        assert_eq!(lane.until_at.0 - now, FIRST_WAIT_MS);
    }

    #[test]
    fn no_hour_has_more_than_twenty_guesses() {
        let (mut lane, mut at) = (empty(), Vec::new());
        for minute in 0..600 {
            let now = ServerTime(minute * 60_000);
            while count_shared(&mut lane, now).is_ok() {
                at.push(now.0);
            }
        }
        let in_hour = |from: &i64| {
            at.iter()
                .filter(|t| (0..SHARED_MS).contains(&(*t - from)))
                .count()
        };
        assert!(at.iter().all(|from| in_hour(from) <= SHARED));
        assert_eq!(at.len(), 200);
    }

    #[test]
    fn addresses_of_one_range_share_a_lane() {
        let lane = |text: &str| of_address(text.parse().ok());
        assert_eq!(lane("192.0.2.7"), lane("192.0.2.200"));
        assert_ne!(lane("192.0.2.7"), lane("192.0.3.7"));
        assert_eq!(lane("2001:db8:0:1::1"), lane("2001:db8:0:1:ffff::9"));
        assert_ne!(lane("2001:db8:0:1::1"), lane("2001:db8:0:2::1"));
        // A proxy may write an IPv4 address as one of IPv6.
        assert_eq!(lane("::ffff:192.0.2.7"), lane("192.0.2.7"));
    }
}
