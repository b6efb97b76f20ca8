//! Days in China Standard Time (UTC+8).

use sync_core::{record::DAY_MS, wire::Code};

use crate::{refusal::Refusal, review::time::day};

/// The first day of a sealed report or a manual value at the earliest.
const EARLIEST: &str = "2000-01-01";

/// A range of days, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// First day, `yyyy-mm-dd`.
    pub(crate) from: String,
    /// Last day.
    pub(crate) to: String,
    /// Start of the first day, milliseconds UTC.
    pub(crate) begin: i64,
    /// End of the last day (exclusive), milliseconds UTC.
    pub(crate) end: i64,
}

/// The start of a day, milliseconds UTC.
pub(crate) fn begin(parameter: &str, day: &str) -> Result<i64, Refusal> {
    let at = format!("{day}T00:00:00+08:00").parse::<jiff::Timestamp>();
    let at = at.ok().filter(|_| day.len() == 10);
    let bad = || Refusal::new(Code::BadFilter, format!("{parameter}: expected yyyy-mm-dd"));
    at.map(jiff::Timestamp::as_millisecond).ok_or_else(bad)
}

impl Period {
    /// Parses a range of days. Without `to` it ends today; without `from` it is one day.
    pub(crate) fn read(from: Option<&str>, to: Option<&str>, now: i64) -> Result<Self, Refusal> {
        let to = to.map_or_else(|| day(now), str::to_owned);
        let from = from.map_or_else(|| to.clone(), str::to_owned);
        let (begin, last) = (begin("from", &from)?, begin("to", &to)?);
        if last < begin {
            return Err(Refusal::new(Code::BadFilter, "to: it lies before from"));
        }
        Ok(Self {
            from,
            to,
            begin,
            end: last + DAY_MS,
        })
    }

    /// Refuses a period that begins before the system can have data: a typing error.
    pub(crate) fn check_plausible(&self) -> Result<(), Refusal> {
        if self.from.as_str() < EARLIEST {
            let detail = format!("from: 不早于 {EARLIEST} / not before {EARLIEST}");
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        Ok(())
    }
}

/// When to count.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub(crate) period: Period,
    /// Nothing at or after this time counts, milliseconds UTC.
    pub(crate) cut_off: i64,
    pub(crate) as_of: i64,
    pub(crate) without_duties: bool,
}

impl Counting {
    /// Only what the server had received before this time counts, milliseconds UTC: the cut-off, or the time of the
    /// figures if that is earlier.
    pub(crate) fn known_before(&self) -> i64 {
        self.cut_off.min(self.as_of.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        // 2024-03-25 09:00 and 00:30 in Wuhan.
        let (morning, night) = (1_711_328_400_000, 1_711_297_800_000);
        assert_eq!(day(morning), "2024-03-25");
        assert_eq!(day(night), "2024-03-25");
        let period = Period::read(None, None, morning).unwrap();
        assert_eq!(
            (period.begin, period.end),
            (1_711_296_000_000, 1_711_382_400_000)
        );
        assert!(Period::read(Some("2024-03-26"), Some("2024-03-25"), 0).is_err());
        assert!(Period::read(Some("2024-3-1"), None, morning).is_err());
    }
}
