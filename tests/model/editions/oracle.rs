//! Which edition of the catalogue judges an event, and what it then states, written from docs/rules.md, section 2, alone.

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
    let last = &editions[editions.len() - 1];
    if let Some(named) = stated.named {
        if named > last.number {
            return last;
        }
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

/// The version of a table in which a code is looked up: that of the edition, or else the newest that has it.
pub(super) fn version_with(
    of: usize,
    versions: &[usize],
    has: impl Fn(usize) -> bool,
) -> Option<usize> {
    if has(of) {
        return Some(of);
    }
    let mut newest_first = versions.to_vec();
    newest_first.sort_unstable_by_key(|version| std::cmp::Reverse(*version));
    newest_first.into_iter().find(|version| has(*version))
}
