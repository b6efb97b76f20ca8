//! The figures as docs/indicators.md and docs/rules.md, 8 define them, computed literally from the events that the
//! server had received. The fold of a single hazard is compared with the rules elsewhere and is used here.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use sync_core::{
    catalogue::{Catalogue, Grade},
    document::Folded,
    history::{EventEntry, FoldContext, Revocations, Validity},
    record::{ChangeHash, DocId, EventBody, EventId, GovStage, HOUR_MS, ServerTime},
};

use super::{
    county::County,
    hazard::{Hazard, Received},
    merged,
};
use crate::world::BEGIN;

/// A figure in thousandths of its unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) period: i64,
    pub(super) cumulative: i64,
}

/// The figures of a county by code; and the numbers of documents that are void, merged, and in groups without a living
/// member.
pub(super) type Sheet = BTreeMap<String, Figure>;

/// What is known of a hazard.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) doc: DocId,
    pub(super) state: u16,
    pub(super) last_open: u16,
    pub(super) round: u16,
    pub(super) grade: Option<Grade>,
    pub(super) code: String,
    pub(super) found: i64,
    pub(super) due: Option<i64>,
    pub(super) fixed_on_spot: bool,
    pub(super) merged_into: Vec<DocId>,
}

/// Start of the period that is asked for at a time: midnight of the first day, later of the second.
pub(super) fn period_start(now: i64) -> i64 {
    let second = BEGIN + 15 * HOUR_MS;
    if now < second {
        second - 24 * HOUR_MS
    } else {
        second
    }
}

/// The figures of a county from what the server had received at a time.
pub(super) fn sheet(county: &County, now: i64) -> Sheet {
    let mut sheet = Sheet::new();
    let mut known = Vec::new();
    for hazard in &county.hazards {
        if let Some((found, folded)) = found(county, hazard, now).zip(folded(county, hazard, now)) {
            work(&mut sheet, hazard, &folded, now);
            known.extend(of_hazard(hazard, &folded, found));
        }
    }
    for hazard in merged::counted(&known, &mut sheet) {
        count(&mut sheet, &hazard, now);
    }
    rate(&mut sheet);
    sheet
}

/// The fold of the events that the server had received at a time; `None` without any.
fn folded(county: &County, hazard: &Hazard, now: i64) -> Option<Folded<'static>> {
    let had: Vec<&Received> = hazard.events.iter().filter(|e| e.at.0 <= now).collect();
    let (mut held, mut received) = (Vec::new(), HashMap::new());
    for (n, event) in had.iter().enumerate() {
        let mut bytes = [0; ChangeHash::LEN];
        bytes[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
        held.push((event.id, ChangeHash(bytes)));
        let time = if event.is_unattested {
            ServerTime::UNATTESTED
        } else {
            event.at
        };
        received.insert(ChangeHash(bytes), time);
    }
    let revoked = county.revoked.iter().filter(|(_, at)| at.0 <= now);
    let revoked: Revocations = revoked.map(|(device, at)| (*device, *at)).collect();
    let grants = Cow::Owned(county.grants.clone());
    let context = FoldContext::new(grants, Cow::Owned(revoked), &held, &received);
    let entry = |e: &&Received| EventEntry {
        id: e.id,
        event: e.event.clone(),
    };
    let entries: Vec<_> = had.iter().map(entry).collect();
    (!entries.is_empty()).then(|| Folded::new(entries, context, Catalogue::embedded()))
}

/// When a hazard was found: the receipt of what first began it.
fn found(county: &County, hazard: &Hazard, now: i64) -> Option<i64> {
    let times = hazard.events.iter().map(|e| e.at.0);
    let times: BTreeSet<i64> = times.filter(|at| *at <= now).collect();
    let begun = |at: &i64| {
        let folded = folded(county, hazard, *at);
        folded.is_some_and(|f| f.hazard().is_some_and(|h| h.state().state.0 != 0))
    };
    times.into_iter().find(begun)
}

fn of_hazard(hazard: &Hazard, folded: &Folded<'_>, found: i64) -> Option<Known> {
    let of = folded.hazard()?;
    let state = of.state();
    if state.state.0 == 0 {
        return None;
    }
    let counts = |id: &EventId| {
        let judged = state.history.iter().find(|j| j.id == *id);
        judged.is_some_and(|j| j.count == Validity::Yes)
    };
    let confirmed = state.history.iter().any(|j| {
        j.has_effect()
            && matches!(j.count, Validity::Yes | Validity::Pending)
            && matches!(body(hazard, &j.id), Some(EventBody::ConfirmSpotFix(_)))
    });
    let merges = state.values.duplicate_of.iter().filter(|v| counts(&v.by));
    let due = of.trusted_due(hazard.doc).filter(|due| due.certain);
    Some(Known {
        doc: hazard.doc,
        state: state.state.0,
        last_open: of.last_open().0,
        round: state.cycle,
        grade: state.grade,
        code: state
            .code
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        found,
        due: due.map(|due| due.at.0),
        fixed_on_spot: confirmed,
        merged_into: merges.map(|v| v.value).collect(),
    })
}

fn body<'h>(hazard: &'h Hazard, id: &EventId) -> Option<&'h EventBody> {
    let found = hazard.events.iter().find(|e| e.id == *id);
    found.map(|e| &e.event.body)
}

fn add(sheet: &mut Sheet, code: &str, is_recent: bool) {
    let figure = sheet.entry(code.to_owned()).or_default();
    figure.cumulative += 1000;
    figure.period += if is_recent { 1000 } else { 0 };
}

/// Adds a hazard that counts: ST-07 to ST-17 and ST-39.
fn count(sheet: &mut Sheet, hazard: &Known, now: i64) {
    let recent = hazard.found >= period_start(now);
    let rectified = [70, 80].contains(&hazard.state);
    let mut codes = vec!["ST-07".to_owned()];
    if rectified {
        codes.push("ST-08".to_owned());
        codes.extend(hazard.fixed_on_spot.then(|| "ST-10".to_owned()));
    } else {
        codes.push("ST-12a".to_owned());
        // The cut-off is the first moment after what was received now.
        let is_overdue = hazard.due.is_some_and(|due| due <= now);
        codes.extend(is_overdue.then(|| "ST-12b".to_owned()));
    }
    codes.extend((hazard.round >= 2).then(|| "ST-11".to_owned()));
    match hazard.grade {
        Some(Grade::G3Suspected) => codes.push("ST-13a".to_owned()),
        Some(Grade::G3) => codes.push("ST-13b".to_owned()),
        _ => {}
    }
    let category = hazard.code.split('-').next().unwrap_or_default();
    let known = ["EV", "EG", "FL", "WN", "IC", "FF", "EL", "FD", "SP", "MG"];
    let category = if known.contains(&category) {
        category
    } else {
        "other"
    };
    codes.push(format!("ST-14.{category}"));
    codes.extend((category == "MG").then(|| "ST-39".to_owned()));
    let charging = ["EV-06", "EV-07", "EV-08"].contains(&hazard.code.as_str());
    codes.extend((charging && hazard.state == 80).then(|| "ST-17".to_owned()));
    for code in codes {
        add(sheet, &code, recent);
    }
}

/// Adds the work on a hazard: ST-22 to ST-26 and ST-34. It counts whatever the state of the hazard is.
fn work(sheet: &mut Sheet, hazard: &Hazard, folded: &Folded<'_>, now: i64) {
    let from = period_start(now);
    let Some(of) = folded.hazard() else { return };
    let (mut transfers, mut escalations) = (Vec::new(), Vec::new());
    let (mut waiting, mut unsolved) = (0, 0);
    let (mut fed_back, mut solved) = (0, 0);
    let mut orders: BTreeMap<String, i64> = BTreeMap::new();
    for judged in of.state().history.iter().filter(|j| j.has_effect()) {
        let Some(event) = hazard.events.iter().find(|e| e.id == judged.id) else {
            continue;
        };
        let at = event.at.0;
        match &event.event.body {
            EventBody::Dissuade(_) => add(sheet, "ST-22", at >= from),
            EventBody::Report(_) => add(sheet, "ST-23", at >= from),
            EventBody::Order(order) => {
                let first = orders.entry(order.number.to_string()).or_insert(at);
                *first = at.min(*first);
            }
            EventBody::Transfer(_) => {
                transfers.push(at);
                waiting += 1;
            }
            EventBody::TransferResult(_) if waiting > 0 => {
                waiting -= 1;
                fed_back += 1;
            }
            EventBody::Escalate(_) => {
                escalations.push(at);
                unsolved += 1;
            }
            EventBody::GovProgress(p) if p.stage == GovStage::Solved && unsolved > 0 => {
                unsolved -= 1;
                solved += 1;
            }
            _ => {}
        }
    }
    orders
        .values()
        .for_each(|at| add(sheet, "ST-26", *at >= from));
    // Of several, those that were received first are fed back and solved first.
    for (mut all, done, whole, part) in [
        (transfers, fed_back, "ST-24a", "ST-24b"),
        (escalations, solved, "ST-34a", "ST-34b"),
    ] {
        all.sort_unstable();
        all.iter().for_each(|at| add(sheet, whole, *at >= from));
        all.iter()
            .take(done)
            .for_each(|at| add(sheet, part, *at >= from));
    }
}

/// ST-09 in percent with one decimal.
fn rate(sheet: &mut Sheet) {
    let of = |code: &str| sheet.get(code).copied().unwrap_or_default();
    let (done, found) = (of("ST-08"), of("ST-07"));
    let percent = |done: i64, found: i64| {
        if found == 0 {
            0
        } else {
            (done * 2000 + found) / (found * 2) * 100
        }
    };
    let figure = Figure {
        period: percent(done.period, found.period),
        cumulative: percent(done.cumulative, found.cumulative),
    };
    sheet.insert("ST-09".to_owned(), figure);
    // Every code is compared, also those that no event contributes to.
    for indicator in &Catalogue::embedded().indicators.indicators {
        sheet.entry(indicator.code.clone()).or_default();
    }
}
