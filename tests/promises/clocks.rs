//! A server whose clock was set back or ahead signs nothing until its clock is accepted; no device loses data by it.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::phone::{Phone, Transport};
use sync_core::{
    record::ServerTime,
    sync::{Call, Lost, Options, Reply},
    wire::{Exchange, sync::Sync},
};

use crate::support::{MORNING, Town, found, raw_events};

const DAY: i64 = 86_400_000;

#[test]
fn a_server_clock_that_jumps_takes_nothing_away_and_signs_nothing_until_it_is_accepted() {
    for jump in [-49 * 3_600_000, -6 * 60_000, 8 * DAY, 3650 * DAY] {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        for n in 0..5 {
            found(&mut liu, &town, &format!("第{n}处"));
        }
        town.sync(&mut liu);
        town.clock.store(MORNING + jump, SeqCst);
        // Also in a process that starts now: the last signed time is in the database.
        for restart in [false, true] {
            if restart {
                town.restart_on("server");
            }
            found(&mut liu, &town, "时钟错了之后");
            liu.device.set_token(None).unwrap();
            let report = liu
                .sync(&mut town.http.clone(), Options::default())
                .unwrap();
            assert!(
                !report.complete && report.refusal.is_none(),
                "{jump}: {report:?}"
            );
            assert!(report.last_failure.unwrap().starts_with("clock"), "{jump}");
            let held = 6 + usize::from(restart);
            assert_eq!(liu.device.count().unwrap(), held, "{jump}");
            assert_eq!(town.changes_stored(), 5, "{jump}");
        }
        // Once the clock is corrected, the server signs again without a restart.
        town.clock.store(MORNING + 60_000, SeqCst);
        assert_eq!(town.sync(&mut liu).acknowledged, 2);
        assert_eq!(liu.device.count().unwrap(), 7);
    }
}

/// Whether a device whose session has ended can sync completely.
fn opens_a_session(phone: &mut Phone, town: &Town) -> bool {
    phone.device.set_token(None).unwrap();
    let report = phone.sync(&mut town.http.clone(), Options::default());
    report.unwrap().complete
}

#[test]
fn a_clock_that_was_wrong_before_is_accepted_by_an_administrator() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    // The clock was two days ahead when the server signed, and is corrected now.
    town.clock.store(MORNING + 2 * DAY, SeqCst);
    found(&mut liu, &town, "时钟快了两天");
    town.sync(&mut liu);
    town.clock.store(MORNING, SeqCst);
    found(&mut liu, &town, "改正之后");
    assert!(!opens_a_session(&mut liu, &town));
    town.accept_clock();
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
    assert_eq!(liu.device.count().unwrap(), 2);
    // A server that was off for a long time is in the same situation.
    town.clock.store(MORNING + 30 * DAY, SeqCst);
    assert!(!opens_a_session(&mut liu, &town));
    town.accept_clock();
    town.sync(&mut liu);
}

#[test]
fn small_steps_of_the_clock_and_a_quiet_week_need_nobody() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    for step in [
        -4 * 60_000,
        3 * DAY,
        9 * DAY,
        9 * DAY - 4 * 60_000,
        15 * DAY,
    ] {
        town.clock.store(MORNING + step, SeqCst);
        liu.device.set_token(None).unwrap();
        found(&mut liu, &town, "正常");
        town.sync(&mut liu);
    }
}

/// Loses the first response to a pack, after the server has received it.
struct LoseOne<T>(T, bool);

impl<T: Transport> Transport for LoseOne<T> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let reply = self.0.send(call)?;
        if !self.1
            && call.path == Sync::PATH
            && Sync::read_response(&reply.body).unwrap().push.is_some()
        {
            self.1 = true;
            return Err(Lost("cut off".to_owned()));
        }
        Ok(reply)
    }
}

fn passes(town: &Town, phone: &Phone, ms: i64) {
    town.clock.fetch_add(ms, SeqCst);
    phone.clock.as_ref().unwrap().forward(ms);
}

#[test]
fn a_repeated_receipt_says_nothing_of_the_time_now() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    liu.clock.as_ref().unwrap().start();
    town.sync(&mut liu);
    let seen = |phone: &Phone, words: &str| {
        let rows = phone.device.list(&sync_core::device::Filter {
            text: Some(words.to_owned()),
            ..Default::default()
        });
        let doc = rows.unwrap()[0].doc;
        let beacon = raw_events(phone, doc)[0].beacon.unwrap();
        ServerTime(beacon.seen.0 + i64::try_from(beacon.since_ms.unwrap()).unwrap())
    };
    found(&mut liu, &town, "第一处");
    let once = Options {
        patience: 0,
        ..Options::default()
    };
    let report = liu
        .sync(&mut LoseOne(town.http.clone(), false), once)
        .unwrap();
    assert!(!report.complete);
    // Eleven hours later the session is still valid; the pack is sent again and gets the same response.
    passes(&town, &liu, 11 * 3_600_000);
    town.sync(&mut liu);
    passes(&town, &liu, 3_600_000);
    found(&mut liu, &town, "第二处");
    let now = town.clock.load(SeqCst);
    let told = seen(&liu, "第二处").0;
    assert!((now - told).abs() < 60_000, "{} ms behind", now - told);
}
