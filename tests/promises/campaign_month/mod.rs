//! A campaign of one month on real device stores: what adds up adds up on every day, and every sealed report is reproduced
//! from the log at the end.
//!
//! Four counties, with work from a fixed seed. The catalogue has three editions, a county moves to another city, reports
//! are corrected, and the server is restored from a backup. What happens on one day only is in the table of `events`.

mod catalogues;
mod checks;
mod events;
mod people;
mod records;
mod reports;
mod work;

use std::collections::BTreeMap;

use cli_simulator::{chance::mix, phone::Phone};
use serde_json::Value;
use sync_core::record::{DocId, Edition};

use crate::support::{MORNING, Town, sealing::HOUR};
use people::{Member, PLACES, Post};
use records::{Stated, Visit};
use reports::{Keys, Sealed};

const DAY: i64 = 24 * HOUR;
const DAYS: usize = 30;
const SEED: u64 = 20_240_325;

/// The month so far.
struct Month {
    town: Town,
    members: Vec<Member>,
    keys: Keys,
    chance: u64,
    /// Activities that were stated.
    stated: Vec<Stated>,
    /// Withdrawals of confirmed activities that wait for a second person.
    proposed: Vec<(DocId, usize)>,
    withdrawn_by_two: usize,
    visits: Vec<Visit>,
    /// Hazards that were found: the day, and the edition of the catalogue that the finder was shown.
    found: Vec<(DocId, usize, Edition)>,
    /// The live figures of each day by city, as they were on that day.
    daily: BTreeMap<usize, Value>,
    /// Every report that was ever sealed.
    sealed: Vec<Sealed>,
    /// The day on which the server was restored.
    restored: Option<usize>,
}

/// The date of a day of the month, which begins on 2024-03-25.
fn date(day: usize) -> String {
    match day {
        0..7 => format!("2024-03-{:02}", 25 + day),
        _ => format!("2024-04-{:02}", day - 6),
    }
}

/// A time of a day of the month, milliseconds UTC; `hour` is China's.
fn time(day: usize, hour: i64) -> i64 {
    MORNING + day as i64 * DAY + (hour - 9) * HOUR
}

impl Month {
    fn begin() -> Self {
        let town = Town::new();
        let members = people::enrolled(&town);
        let keys = Keys::issue(&town);
        Self {
            town,
            members,
            keys,
            chance: SEED,
            stated: Vec::new(),
            proposed: Vec::new(),
            withdrawn_by_two: 0,
            visits: Vec::new(),
            found: Vec::new(),
            daily: BTreeMap::new(),
            sealed: Vec::new(),
            restored: None,
        }
    }

    fn roll(&mut self, below: u64) -> u64 {
        mix(&mut self.chance) % below
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn member(&self, county: usize, post: Post) -> usize {
        let found = |m: &Member| m.county == county && m.post == post;
        self.members.iter().position(found).unwrap()
    }

    /// Moves every clock to this hour of a day.
    fn at(&self, day: usize, hour: i64) {
        let now = time(day, hour);
        let before = self.town.clock.load(std::sync::atomic::Ordering::SeqCst);
        self.town.at(now);
        for member in &self.members {
            let clock = member.phone.clock.as_ref().unwrap();
            clock.forward(now - before);
        }
    }

    /// Syncs every device that has a network on this day.
    fn sync(&mut self, day: usize) {
        self.sync_of(day, |_| true);
    }

    /// Syncs the devices of these people that have a network on this day.
    fn sync_of(&mut self, day: usize, who: fn(&Member) -> bool) {
        let town = &self.town;
        for member in &mut self.members {
            if !member.away.contains(&day) && who(member) {
                let _ = town.sync(&mut member.phone);
                rest(&mut member.phone);
            }
        }
    }

    fn morning(&mut self, day: usize) {
        for n in 0..self.members.len() {
            let post = self.members[n].post;
            if matches!(post, Post::Grid | Post::Second) && self.chance(40) {
                self.find(n, day);
            }
            if self.chance(15) {
                self.record(n, day);
            }
            if matches!(post, Post::Grid | Post::Second) && self.chance(20) {
                self.inspect(n, day);
            }
            if post != Post::Reviewer {
                self.respond(n, day);
            }
        }
    }

    fn afternoon(&mut self, day: usize) {
        for n in 0..self.members.len() {
            if matches!(
                self.members[n].post,
                Post::Second | Post::Officer | Post::Reviewer
            ) {
                self.respond(n, day);
            }
        }
        self.second_withdrawals();
        for county in 0..PLACES.len() {
            self.revise(county, true);
            self.revise(county, true);
        }
        self.finish_visits(day);
    }

    /// What is found in the evening arrives after the cut-off, on this day or on the next one.
    fn evening(&mut self, day: usize) {
        for county in 0..PLACES.len() {
            let n = self.member(county, Post::Second);
            if self.chance(30) {
                self.find(n, day);
            }
            self.respond(n, day);
        }
        if self.chance(50) {
            self.sync_of(day, |member| member.post == Post::Second);
        }
    }

    /// One day of the month.
    fn play(&mut self, day: usize) {
        self.at(day, 8);
        self.events(day, events::When::Morning);
        self.at(day, 9);
        self.sync_of(day, |member| member.post == Post::Second);
        self.morning(day);
        self.at(day, 12);
        self.sync(day);
        self.afternoon(day);
        self.at(day, 15);
        let at_desks = |member: &Member| !matches!(member.post, Post::Grid | Post::Manager);
        self.sync_of(day, at_desks);
        self.at(day, 17);
        self.town.project();
        self.check_sums(day);
        if day % 3 == 2 {
            self.seal_all(day);
        }
        self.at(day, 19);
        self.evening(day);
        self.at(day, 21);
        self.events(day, events::When::Night);
        self.town.project();
    }
}

/// Folds everything that the device received.
fn rest(phone: &mut Phone) {
    phone.rest().unwrap();
}

#[test]
fn a_month_adds_up_on_every_day_and_every_sealed_report_is_reproduced_from_the_log() {
    let mut month = Month::begin();
    for day in 0..DAYS {
        month.play(day);
    }
    month.check_content();
    month.check_editions();
    month.check_days();
    month.check_reports();
}
