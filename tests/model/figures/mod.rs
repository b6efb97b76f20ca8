//! Figures of a real server, compared with a reference model in random worlds.
//!
//! A figure world is a county with several hazards that may be merged into each other. The server receives the events of
//! all worlds in phases. After each phase it is asked for figures as of several phases; each answer must be that of the
//! reference, also when it is asked again later and after the ledger was rebuilt.
//!
//! `XUNCHA_MODEL_FROM` is the first seed and `XUNCHA_MODEL_WORLDS` the number of worlds.

mod county;
#[path = "../../promises/support/database.rs"]
mod database;
mod hazard;
mod merged;
mod reference;
mod server;

use std::collections::BTreeMap;

use sync_core::record::HOUR_MS;

use crate::{fold::first_seed, laws::worlds, oracle::tables::Tables, world::BEGIN};
use county::County;
use reference::{Figure, Sheet};
use server::Server;

/// Worlds of one server.
const BATCH: u64 = 120;

/// When the phases end: a phase is the time between two of them.
const PHASES: [i64; 6] = [3, 9, 20, 34, 60, 24 * 30];

/// Codes of cumulative figures that no event lowers: work that was done stays done.
const NEVER_FALL: [&str; 7] = [
    "ST-22", "ST-23", "ST-24a", "ST-24b", "ST-26", "ST-34a", "ST-34b",
];

/// The figures of all counties as of a phase, by county.
type Sheets = BTreeMap<String, Sheet>;

#[test]
fn figures_are_those_of_the_reference_as_of_every_cut_off_however_late_they_are_asked() {
    let least = if database::is_postgres() { 60 } else { 240 };
    let (from, count) = (first_seed(), worlds(least));
    let begun = std::time::Instant::now();
    let mut seen = Coverage::default();
    for first in (from..from + count).step_by(BATCH as usize) {
        let batch = first..(first + BATCH).min(from + count);
        seen.add(&run(batch));
    }
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "seeds {from}..{}: {seen:?}; {:.0} worlds/s",
        from + count,
        count as f64 / seconds
    );
    seen.check(count);
}

/// What the worlds had.
#[derive(Debug, Default)]
struct Coverage {
    counts: BTreeMap<String, i64>,
}

impl Coverage {
    fn note(&mut self, sheets: &Sheets) {
        for (code, figure) in sheets.values().flatten() {
            *self.counts.entry(code.clone()).or_default() += figure.cumulative / 1000;
        }
    }

    fn add(&mut self, other: &Self) {
        for (code, count) in &other.counts {
            *self.counts.entry(code.clone()).or_default() += count;
        }
    }

    /// A comparison of figures that are always 0 proves nothing.
    fn check(&self, worlds: u64) {
        let needed = [
            "ST-07",
            "ST-08",
            "ST-10",
            "ST-11",
            "ST-12a",
            "ST-12b",
            "ST-13a",
            "ST-22",
            "ST-24b",
            "ST-26",
            "ST-34a",
            "merged",
            "without_living",
        ];
        for code in needed.into_iter().filter(|_| worlds >= 200) {
            let count = self.counts.get(code).copied().unwrap_or(0);
            assert!(count > 0, "no world has {code}");
        }
    }
}

/// Runs a batch of worlds on one server.
fn run(seeds: std::ops::Range<u64>) -> Coverage {
    let tables = Tables::embedded();
    let make = |n| Some(County::of_seed(seeds.start + n, &tables));
    let mut counties: Vec<County> = crate::parallel(seeds.end - seeds.start, make);
    let server = Server::start(&counties);
    let mut seen = Coverage::default();
    let mut expected: Vec<Sheets> = Vec::new();
    for (phase, hours) in PHASES.into_iter().enumerate() {
        let now = BEGIN + hours * HOUR_MS;
        server.receive(&mut counties, now);
        let sheets = referred(&counties, now);
        assert_monotone(expected.last(), &sheets);
        seen.note(&sheets);
        expected.push(sheets);
        // As of now, and one earlier phase again.
        for asked in [phase, phase.saturating_sub(1 + phase / 3)] {
            compare(&server, asked, &expected[asked], now);
        }
    }
    let last = BEGIN + PHASES[PHASES.len() - 1] * HOUR_MS;
    for (phase, sheets) in expected.iter().enumerate() {
        compare(&server, phase, sheets, last);
    }
    server.rebuild();
    for (phase, sheets) in expected.iter().enumerate() {
        compare(&server, phase, sheets, last);
    }
    seen
}

fn referred(counties: &[County], now: i64) -> Sheets {
    let sheet = |county: &County| (county.path.to_string(), reference::sheet(county, now));
    let sheets = crate::parallel(counties.len() as u64, |at| {
        counties.get(usize::try_from(at).ok()?).map(sheet)
    });
    sheets.into_iter().collect()
}

/// Asks the server and compares every figure. The time of a phase is asked as `as_of`; its last phase also as the end of
/// its day, `to`.
fn compare(server: &Server, phase: usize, expected: &Sheets, now: i64) {
    let at = BEGIN + PHASES[phase] * HOUR_MS;
    let found = server.ask(at);
    for (county, sheet) in expected {
        for (code, figure) in sheet.iter().filter(|(code, _)| code.starts_with("ST-")) {
            let told = found
                .get(county)
                .and_then(|row| row.get(code))
                .copied()
                .unwrap_or_default();
            assert_eq!(
                told, *figure,
                "{county} (its number is the seed), {code}, phase {phase}, asked at {now}"
            );
        }
    }
}

/// Cumulative figures of work never fall, and hazards that were found are only fewer if some are void or merged.
fn assert_monotone(before: Option<&Sheets>, after: &Sheets) {
    for (county, old) in before.into_iter().flatten() {
        let new = &after[county];
        let of = |sheet: &Sheet, code: &str| sheet.get(code).map_or(0, |f: &Figure| f.cumulative);
        for code in NEVER_FALL {
            assert!(of(new, code) >= of(old, code), "{county} {code}");
        }
        // Hazards that were found are only fewer if others are void or merged, or if what began one has no effect.
        let fewer = of(new, "ST-07") < of(old, "ST-07");
        let is_same = |name: &str| of(new, name) == of(old, name);
        let names = ["documents", "void", "links"];
        assert!(!fewer || !names.into_iter().all(is_same), "{county} ST-07");
    }
}
