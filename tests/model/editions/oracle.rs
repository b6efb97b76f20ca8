//! Which edition of the catalogue judges an event, and what it then states, written from docs/rules.md, section 2, alone.

use std::ops::RangeInclusive;

/// Days since 1970-01-01 in China's time.
pub(super) type Day = i64;

/// An edition, as the reference needs it.
#[derive(Debug, Clone)]
pub(super) struct Edition {
    pub(super) number: u32,
    pub(super) first_day: Day,
    pub(super) kinds: usize,
    pub(super) calendar: usize,
    pub(super) types: usize,
}

/// What an event states about its edition and its time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stated {
    pub(super) named: Option<u32>,
    pub(super) claimed: Day,
    pub(super) earliest: Option<Day>,
    pub(super) latest: Option<Day>,
}

/// The edition that judges; `editions` are in the order of their numbers.
pub(super) fn judging(editions: &[Edition], stated: Stated) -> &Edition {
    if let Some(named) = stated.named {
        for (at, edition) in editions.iter().enumerate() {
            if edition.number != named {
                continue;
            }
            let too_early = stated.latest.is_some_and(|day| day < edition.first_day);
            let next = editions.get(at + 1);
            let too_late = match (next, stated.earliest) {
                (Some(next), Some(day)) => day >= next.first_day + 31,
                _ => false,
            };
            if !too_early && !too_late {
                return edition;
            }
        }
    }
    let mut day = stated.claimed;
    if stated.latest.is_some_and(|latest| day > latest) {
        day = stated.latest.unwrap_or(day);
    }
    if stated.earliest.is_some_and(|earliest| day < earliest) {
        day = stated.earliest.unwrap_or(day);
    }
    let mut in_force = &editions[0];
    for edition in editions {
        if edition.first_day <= day {
            in_force = edition;
        }
    }
    in_force
}

/// The version of a table in which a code is looked up: that of the edition, or else the newest earlier one that has it, or
/// else the oldest later one.
pub(super) fn version_with(
    of: usize,
    versions: RangeInclusive<usize>,
    has: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut earlier: Option<usize> = None;
    let mut later: Option<usize> = None;
    for version in versions {
        if !has(version) {
            continue;
        }
        if version <= of {
            earlier = Some(version);
        } else if later.is_none() {
            later = Some(version);
        }
    }
    earlier.or(later)
}
