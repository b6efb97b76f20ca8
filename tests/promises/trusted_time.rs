//! Trusted time of events: the same on every device and on the server, with any clock and after revocations.

use cli_simulator::{
    phone::Phone,
    world::{evidence, photo},
};
use sync_core::{
    hazard::HazardState,
    record::{
        DeviceTime, DocId, EncodedListRow, EventBody, Extension, Label, PhotoRole,
        RectificationOrder, Short,
    },
    sync::Options,
    wire::{
        Exchange,
        page::Content,
        pull::{self, Pull},
    },
};

use crate::support::{MORNING, Only, Town, found, remark, store::row_of};

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// Advances the clocks of the server and of these devices.
fn pass(town: &Town, phones: &mut [&mut Phone], ms: i64) {
    let clock = &town.clock;
    clock.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    for phone in phones {
        phone.clock.as_ref().unwrap().forward(ms);
    }
}

fn says(phone: &mut Phone, doc: DocId, fixed: bool, n: u64) {
    let shot = photo(&mut phone.device, n, PhotoRole::After).unwrap();
    let body = if fixed {
        EventBody::ClaimFixed(evidence("已整改", vec![shot]))
    } else {
        EventBody::RecheckFail(evidence("仍存在", vec![shot]))
    };
    phone.device.state(doc, body, None).unwrap();
}

/// Options with which a sync ends at the first lost call.
fn impatient() -> Options {
    Options {
        patience: 0,
        ..Options::default()
    }
}

/// The state of a hazard, which must be equal on every device, in its list, and in the ledger.
fn agreed(town: &Town, phones: &mut [&mut Phone], doc: DocId) -> HazardState {
    for _ in 0..2 {
        for phone in phones.iter_mut() {
            town.sync(phone);
        }
    }
    town.project();
    let told = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    let mut states = Vec::new();
    for phone in phones.iter_mut() {
        phone.rest().unwrap();
        let (state, events) = phone.hazard(doc).unwrap();
        let row = row_of(phone, doc).unwrap().row;
        assert_eq!(row.flags, state.flags.bits());
        assert_eq!(told["hazard"]["state"], format!("{}", state.state));
        assert_eq!(told["events"].as_array().unwrap().len(), events.len());
        for (judged, event) in state.history.iter().zip(told["events"].as_array().unwrap()) {
            let mut verdict = serde_json::to_value(judged).unwrap();
            assert_eq!(verdict["id"], event["id"]);
            let judged = verdict.as_object_mut().unwrap();
            judged.remove("id");
            // A count of `yes` is left out.
            let count = judged.remove("count").unwrap_or_else(|| "yes".into());
            assert_eq!(count, event["count"]);
            assert_eq!(verdict, event["verdict"]);
        }
        let flags = serde_json::to_value(state.flags).unwrap();
        let set = flags.as_object().unwrap().iter();
        let set: Vec<_> = set
            .filter(|(_, on)| **on == true)
            .map(|(n, _)| n.clone())
            .collect();
        let mut told: Vec<_> = told["hazard"]["flags"].as_array().unwrap().clone();
        told.sort_by_key(ToString::to_string);
        assert_eq!(told, set);
        states.push(state);
    }
    assert!(states.iter().all(|state| *state == states[0]));
    states.remove(0)
}

#[test]
fn a_clock_that_is_a_year_ahead_shows_although_the_phone_was_restarted() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    liu.clock.as_ref().unwrap().start();
    town.sync(&mut liu);
    let right = found(&mut liu, &town, "时钟正确");
    let clock = liu.clock.clone().unwrap();
    clock.set(DeviceTime(MORNING + YEAR));
    clock.start();
    let ahead = found(&mut liu, &town, "时钟快一年");
    assert!(
        !agreed(&town, &mut [&mut liu, &mut wang], right)
            .flags
            .time_untrusted
    );
    assert!(
        agreed(&town, &mut [&mut liu, &mut wang], ahead)
            .flags
            .time_untrusted
    );
    // A new device, which gets the document as one snapshot, folds to the same state.
    for n in 0..6 {
        remark(&mut wang, ahead, &format!("备注{n}"));
    }
    town.sync(&mut wang);
    town.project();
    let mut late = town.phone("网格员乙");
    town.sync(&mut late);
    assert!(
        agreed(&town, &mut [&mut late, &mut liu, &mut wang], ahead)
            .flags
            .time_untrusted
    );
}

#[test]
fn a_clock_that_was_set_back_shows_and_does_not_extend_a_deadline() {
    let mut town = Town::new();
    let (mut liu, mut ding) = (town.phone("网格员甲"), town.phone("审核员丁"));
    ding.clock.as_ref().unwrap().start();
    let doc = found(&mut liu, &town, "限期整改");
    town.sync(&mut liu);
    town.sync(&mut ding);
    let order = EventBody::Order(RectificationOrder {
        number: Label::new("示建改〔2024〕1号").unwrap(),
        temporary: false,
        basis: Short::new("消防法第六十条").unwrap(),
        deadline: DeviceTime(MORNING + 24 * HOUR),
        photos: Vec::new(),
        responsible: None,
    });
    ding.device.state(doc, order, None).unwrap();
    let extend = |to: i64| {
        EventBody::ExtendDeadline(Extension {
            deadline: DeviceTime(MORNING + to * HOUR),
            reason: Short::new("施工需要").unwrap(),
        })
    };
    pass(&town, &mut [&mut liu, &mut ding], 12 * HOUR);
    town.sync(&mut ding);
    ding.device.state(doc, extend(48), None).unwrap();
    let state = agreed(&town, &mut [&mut liu, &mut ding], doc);
    assert_eq!(state.deadline, Some(DeviceTime(MORNING + 48 * HOUR)));
    assert!(!state.flags.time_untrusted);
    // Two days later the device's clock is set back to before the deadline.
    pass(&town, &mut [&mut liu, &mut ding], 48 * HOUR);
    town.sync(&mut ding);
    ding.clock
        .as_ref()
        .unwrap()
        .set(DeviceTime(MORNING + 20 * HOUR));
    ding.device.state(doc, extend(96), None).unwrap();
    let state = agreed(&town, &mut [&mut liu, &mut ding], doc);
    assert_eq!(state.deadline, Some(DeviceTime(MORNING + 48 * HOUR)));
    let last = serde_json::to_value(state.history.last().unwrap()).unwrap();
    assert_eq!(last["count"], "no_effect");
    // A remark with that clock counts, and its time is flagged.
    remark(&mut ding, doc, "已延期");
    assert!(
        agreed(&town, &mut [&mut liu, &mut ding], doc)
            .flags
            .time_untrusted
    );
}

#[test]
fn a_look_before_the_fix_is_in_order_by_the_times_of_their_receipt() {
    for (look_first, expected) in [(true, "C-05"), (false, "C-06")] {
        let mut town = Town::new();
        let (mut liu, mut wang) = (town.phone("网格员乙"), town.phone("物业经理丙"));
        let mut jia = town.phone("网格员甲");
        wang.clock.as_ref().unwrap().start();
        let doc = found(&mut jia, &town, "先看后改");
        for phone in [&mut jia, &mut liu, &mut wang] {
            town.sync(phone);
        }
        if look_first {
            says(&mut liu, doc, false, 1);
            town.sync(&mut liu);
        }
        // The manager's device gets the server time but no document: its next event is provably later, and concurrent.
        pass(&town, &mut [&mut liu, &mut wang, &mut jia], HOUR);
        wang.device.set_token(None).unwrap();
        let mut once = Only(town.http.clone(), 2);
        wang.sync(&mut once, impatient()).unwrap();
        pass(&town, &mut [&mut liu, &mut wang, &mut jia], HOUR);
        says(&mut wang, doc, true, 2);
        if !look_first {
            says(&mut liu, doc, false, 1);
        }
        let state = agreed(&town, &mut [&mut jia, &mut liu, &mut wang], doc);
        let (state_now, told): (_, Vec<_>) = (
            state.state.0,
            state
                .notices
                .iter()
                .map(|n| n.rule.as_str())
                .chain(state.conflicts.iter().map(|c| c.rules[0].as_str()))
                .collect(),
        );
        assert_eq!(told, [expected]);
        assert_eq!(state_now, if look_first { 60 } else { 65 });
    }
}

#[test]
fn what_a_revoked_phone_wrote_before_counts_on_every_phone_and_is_marked() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let mut yi = town.phone("网格员乙");
    let (theirs, others) = (found(&mut liu, &town, "甲"), found(&mut yi, &town, "乙"));
    for phone in [&mut liu, &mut yi, &mut wang] {
        town.sync(phone);
        town.sync(phone);
    }
    let quiet = town.sync(&mut wang);
    assert!(
        !agreed(&town, &mut [&mut yi, &mut wang], theirs)
            .flags
            .authority_late
    );
    pass(&town, &mut [&mut liu, &mut yi, &mut wang], HOUR);
    let device = liu.device.enrolment().unwrap().device;
    town.revoke(device);
    town.revoke(device);
    let told = town.sync(&mut wang);
    assert_eq!((told.requests, told.documents), (1, 0));
    let after = town.sync(&mut wang);
    assert!(after.bytes_up <= quiet.bytes_up + 2, "{after:?} {quiet:?}");
    assert_eq!(after.bytes_down, quiet.bytes_down);
    let state = agreed(&town, &mut [&mut yi, &mut wang], theirs);
    assert!(state.flags.authority_late);
    assert_eq!(state.observation_count, 1);
    assert!(
        !agreed(&town, &mut [&mut yi, &mut wang], others)
            .flags
            .authority_late
    );
    // A new device gets the revocation with its first page.
    let mut late = town.phone("网格员乙");
    town.sync(&mut late);
    assert!(
        agreed(&town, &mut [&mut late, &mut wang], theirs)
            .flags
            .authority_late
    );
}

#[test]
fn a_change_that_a_restored_server_got_back_has_its_first_time_again_by_the_receipt_of_its_author()
{
    // PostgreSQL is backed up with its own tools.
    if crate::support::database::is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    town.backup_to("backup");
    liu.clock
        .as_ref()
        .unwrap()
        .set(DeviceTime(MORNING + 2 * HOUR));
    let doc = found(&mut liu, &town, "时钟快两小时");
    assert!(
        agreed(&town, &mut [&mut liu, &mut wang], doc)
            .flags
            .time_untrusted
    );
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    // Another device gives it back three hours later: nothing proves an earlier receive time, so its claimed time is
    // possible.
    pass(&town, &mut [&mut wang], 3 * HOUR);
    town.sync(&mut wang);
    assert!(!agreed(&town, &mut [&mut wang], doc).flags.time_untrusted);
    // The author's device has the receipt of the server before.
    assert!(
        agreed(&town, &mut [&mut wang, &mut liu], doc)
            .flags
            .time_untrusted
    );
    let quiet = (town.sync(&mut liu), town.sync(&mut wang));
    assert_eq!((quiet.0.requests, quiet.1.requests), (1, 1), "{quiet:?}");
}

#[test]
fn times_and_places_make_a_cold_pull_a_tenth_larger_at_most() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    for n in 0..120 {
        let doc = found(
            &mut liu,
            &town,
            &format!("第{n}处：楼道内堆放纸箱和旧家具，占用疏散通道"),
        );
        if n % 2 == 0 {
            says(&mut liu, doc, false, n);
            remark(&mut liu, doc, &format!("已告知业主，第{n}次"));
            remark(&mut liu, doc, "限三日内自行清理");
        }
        if n % 10 == 9 {
            pass(&town, &mut [&mut liu], HOUR);
            town.sync(&mut liu);
        }
    }
    town.sync(&mut liu);
    town.project();
    let feed = town.app().components.feed.clone();
    // The session gives a new device its first cursor; it has received no page yet.
    wang.sync(&mut Only(town.http.clone(), 2), impatient())
        .unwrap();
    let asked = pull::Request {
        scopes: wang.device.cursors().unwrap(),
        need: Vec::new(),
        page_documents: None,
    };
    let device = wang.device.enrolment().unwrap().device;
    let full = town.runtime.block_on(feed.pull(device, asked)).unwrap();
    assert_eq!(full.pages[0].items.len(), 120);
    let mut bare = full.clone();
    for item in &mut bare.pages[0].items {
        assert!(item.received.take().is_some());
        if let Content::Snapshot { row: Some(row), .. } = &mut item.content {
            let mut short = row.decode().unwrap();
            (short.compound, short.place_key) = (None, None);
            *row = EncodedListRow::from(&short);
        }
    }
    let size = |response: &pull::Response| Pull::write_response(response).len();
    let (with, without) = (size(&full), size(&bare));
    assert!(with * 10 <= without * 11, "{with} bytes, {without} without");
}
