//! The days on which a version of a table is valid, and the choice of the version for a day.

use super::calendar::day_of;

/// First and last valid day, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ValidDays {
    from: i64,
    to: Option<i64>,
}

impl ValidDays {
    /// Reads two days, `yyyy-mm-dd`; no last day: no end is set.
    pub(super) fn read(from: &str, to: Option<&str>) -> Result<Self, String> {
        let read = Self {
            from: day_of(from)?,
            to: to.map(day_of).transpose()?,
        };
        if read.to.is_some_and(|to| to < read.from) {
            return Err(format!("valid_to is before valid_from {from}"));
        }
        Ok(read)
    }

    fn has(self, day: i64) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// A version of a table.
pub(super) trait Dated {
    /// When it is valid.
    fn valid_days(&self) -> ValidDays;
}

/// The entry that `find` finds in the version that is valid on a day; if that version lacks it, in the newest version that
/// has it, so that a retired code keeps its meaning. `earlier`: newest first.
pub(super) fn entry_on<'c, T: Dated, E>(
    newest: &'c T,
    earlier: &'c [T],
    day: i64,
    find: impl Fn(&'c T) -> Option<&'c E>,
) -> Option<&'c E> {
    let versions = || std::iter::once(newest).chain(earlier);
    let valid = versions().filter(|version| version.valid_days().has(day));
    valid.chain(versions()).find_map(find)
}
