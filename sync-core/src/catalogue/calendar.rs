//! Working days and deadlines, counted in China's time (+08:00, no summer time) by a table for each year.
//!
//! A year without a table is counted by weekends alone, and its result is marked as uncertain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::{DAY_MS, DeviceTime, HOUR_MS, MINUTE_MS};

/// How a deadline class is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedIn {
    /// Hours from the start.
    Hours,
    /// Calendar days; the day of the start does not count, and the last day ends at 24:00.
    Days,
    /// Working days, counted in the same way.
    WorkingDays,
    /// By a plan of its own; the calendar computes no end.
    Plan,
}

/// A class of deadlines.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlineClass {
    /// The code, such as `D7` or `WD3`.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// How it is counted.
    pub counted_in: CountedIn,
    /// Number of hours or days.
    pub amount: u32,
    /// Whether a last day that is no working day moves to the next one; dates of a campaign do not move.
    pub shift: bool,
}

/// One year's holidays and working weekends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Year {
    /// The year.
    pub year: i16,
    /// First and last day of each holiday, `yyyy-mm-dd`.
    pub holidays: Vec<(String, String)>,
    /// Saturdays and Sundays that are working days.
    pub working_weekends: Vec<String>,
}

/// The time limit of a step of a sub-machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The machine, such as `transfer`.
    pub machine: String,
    /// The step.
    pub step: String,
    /// The deadline class.
    pub class: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// The calendar of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Version of the table.
    pub version: u32,
    /// The source of the table.
    pub note: String,
    /// Minutes by which local time is ahead of UTC.
    pub offset_minutes: i32,
    /// The years.
    pub years: Vec<Year>,
    /// The deadline classes.
    pub classes: Vec<DeadlineClass>,
    /// The timers.
    pub timers: Vec<Timer>,
    /// First and last day of each holiday.
    #[serde(skip)]
    #[schemars(skip)]
    off: Vec<(i64, i64)>,
    /// Weekend days that are working days.
    #[serde(skip)]
    #[schemars(skip)]
    on: Vec<i64>,
    /// First and last day of each known year.
    #[serde(skip)]
    #[schemars(skip)]
    known: Vec<(i64, i64)>,
}

/// Days of a deadline class at most: ten years. A deadline is counted day by day.
const MOST_DAYS: u32 = 3_660;

/// The end of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The end, exclusive: the last millisecond in time is the one before.
    pub at: DeviceTime,
    /// Whether the calendar has a table for the years of its first and last day.
    pub certain: bool,
}

/// Days since 1970-01-01 of a date such as `2024-04-04`.
pub(super) fn day_of(text: &str) -> Result<i64, String> {
    let midnight: jiff::Timestamp = format!("{text}T00:00:00Z")
        .parse()
        .map_err(|_| format!("{text} is no date such as 2024-04-04"))?;
    Ok(midnight.as_second().div_euclid(86_400))
}

impl Calendar {
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        for (index, year) in self.years.iter().enumerate() {
            if self.years[..index]
                .iter()
                .any(|other| other.year == year.year)
            {
                return Err(format!("year {} is given twice", year.year));
            }
            let first = day_of(&format!("{:04}-01-01", year.year))?;
            self.known
                .push((first, day_of(&format!("{:04}-12-31", year.year))?));
            for (from, to) in &year.holidays {
                let (from, to) = (day_of(from)?, day_of(to)?);
                if from > to {
                    return Err(format!("{}: a holiday ends before it begins", year.year));
                }
                self.off.push((from, to));
            }
            for day in &year.working_weekends {
                self.on.push(day_of(day)?);
            }
        }
        for (index, class) in self.classes.iter().enumerate() {
            let code = &class.code;
            if self.classes[..index]
                .iter()
                .any(|other| other.code == *code)
            {
                return Err(format!("deadline class {code} is given twice"));
            }
            let (least, most) = match class.counted_in {
                CountedIn::Plan => (0, u32::MAX),
                CountedIn::Days => (0, MOST_DAYS),
                CountedIn::WorkingDays => (1, MOST_DAYS),
                CountedIn::Hours => (1, 24 * MOST_DAYS),
            };
            if !(least..=most).contains(&class.amount) {
                return Err(format!(
                    "deadline class {code}: the amount is not from {least} to {most}"
                ));
            }
        }
        let unknown = |timer: &&Timer| self.class(&timer.class).is_none();
        for step in ["sign", "answer", "feedback"] {
            let is_it = |timer: &Timer| timer.machine == "transfer" && timer.step == step;
            if self.timers.iter().filter(|timer| is_it(timer)).count() != 1 {
                return Err(format!(
                    "calendar: there must be one timer of transfer {step}"
                ));
            }
        }
        match self.timers.iter().find(unknown) {
            Some(timer) => Err(format!("timer {} has no class {}", timer.step, timer.class)),
            None => Ok(()),
        }
    }

    /// Parses a time in RFC 3339.
    pub fn instant(text: &str) -> Option<DeviceTime> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(DeviceTime(time.as_millisecond()))
    }

    /// The deadline class with this code.
    pub fn class(&self, code: &str) -> Option<&DeadlineClass> {
        self.classes.iter().find(|class| class.code == code)
    }

    /// The local day, as days since 1970-01-01.
    pub fn day(&self, at: DeviceTime) -> i64 {
        let offset = i64::from(self.offset_minutes) * MINUTE_MS;
        at.0.saturating_add(offset).div_euclid(DAY_MS)
    }

    /// The end of a local day (24:00).
    fn end_of(&self, day: i64) -> DeviceTime {
        let offset = i64::from(self.offset_minutes) * MINUTE_MS;
        DeviceTime(
            day.saturating_add(1)
                .saturating_mul(DAY_MS)
                .saturating_sub(offset),
        )
    }

    /// Whether a day is a working day.
    pub fn is_working(&self, day: i64) -> bool {
        if self.on.contains(&day) {
            return true;
        }
        // 1970-01-01 was a Thursday.
        let weekend = (day + 4).rem_euclid(7) == 0 || (day + 4).rem_euclid(7) == 6;
        !weekend
            && !self
                .off
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&day))
    }

    fn is_known(&self, day: i64) -> bool {
        self.known
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&day))
    }

    /// The end of a deadline of this class that started at `begun`; `None` if the class has no computed end.
    ///
    /// # Source
    /// 民法典 201, 203: the first day does not count, the last day ends at 24:00, and a last day that is no working day
    /// moves to the next one.
    pub fn due(&self, class: &str, begun: DeviceTime) -> Option<Due> {
        let class = self.class(class)?;
        let first = self.day(begun);
        let amount = i64::from(class.amount);
        let mut last = match class.counted_in {
            CountedIn::Plan => return None,
            CountedIn::Hours => {
                return Some(Due {
                    at: DeviceTime(begun.0.saturating_add(amount * HOUR_MS)),
                    certain: true,
                });
            }
            CountedIn::Days => first.saturating_add(amount),
            CountedIn::WorkingDays => {
                let mut days = (first.saturating_add(1)..).filter(|day| self.is_working(*day));
                days.nth(usize::try_from(amount - 1).unwrap_or(0))?
            }
        };
        if class.shift {
            // No holiday is longer than one month.
            last = (last..last.saturating_add(31))
                .find(|day| self.is_working(*day))
                .unwrap_or(last);
        }
        let counts_work = class.shift || class.counted_in == CountedIn::WorkingDays;
        Some(Due {
            at: self.end_of(last),
            certain: !counts_work || (self.is_known(first) && self.is_known(last)),
        })
    }

    /// The end of the time limit of a step that started at `begun`.
    pub fn timer(&self, machine: &str, step: &str, begun: DeviceTime) -> Option<Due> {
        let mut timers = self.timers.iter();
        let timer = timers.find(|t| t.machine == machine && t.step == step)?;
        self.due(&timer.class, begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn calendar() -> &'static Calendar {
        &Catalogue::embedded().calendar
    }

    fn at(text: &str) -> DeviceTime {
        let time: jiff::Timestamp = format!("{text}+08:00").parse().unwrap();
        DeviceTime(time.as_millisecond())
    }

    #[test]
    fn qingming_of_2024_is_off_and_the_sunday_after_it_is_worked() {
        for (day, works) in [
            ("2024-04-03", true),
            ("2024-04-04", false),
            ("2024-04-05", false),
            ("2024-04-06", false),
            ("2024-04-07", true),
            ("2024-04-13", false),
            ("2024-04-20", false),
            ("2024-04-18", true),
        ] {
            let day_number = day_of(day).unwrap();
            assert_eq!(calendar().is_working(day_number), works, "{day}");
        }
    }

    #[test]
    fn working_days_are_counted_over_holidays_and_swapped_days() {
        let due = |class: &str, from: &str| calendar().due(class, at(from)).unwrap();
        // Tuesday 2 April: Wednesday, then Sunday the 7th (a working day), then Monday.
        let three = due("WD3", "2024-04-02T10:00:00");
        assert_eq!(
            three,
            Due {
                at: at("2024-04-09T00:00:00"),
                certain: true
            }
        );
        assert_eq!(
            due("WD1", "2024-04-03T23:59:59").at,
            at("2024-04-08T00:00:00")
        );
        assert_eq!(
            due("H24", "2024-04-03T10:00:00").at,
            at("2024-04-04T10:00:00")
        );
    }

    #[test]
    fn a_last_day_on_a_holiday_moves_on_and_a_date_of_the_campaign_does_not() {
        let due = |class: &str, from: &str| calendar().due(class, at(from)).unwrap();
        // Three days from 1 April end on the 4th, a holiday; the next working day is the 7th.
        assert_eq!(
            due("D3", "2024-04-01T08:00:00").at,
            at("2024-04-08T00:00:00")
        );
        // The campaign ends on Saturday 20 April.
        assert_eq!(
            due("DATE", "2024-04-20T00:00:00").at,
            at("2024-04-21T00:00:00")
        );
    }

    #[test]
    fn the_day_in_china_decides_not_the_day_of_utc() {
        // 00:30 on the 2nd in Wuhan is still the 1st in UTC.
        let due = calendar().due("D1", at("2024-04-02T00:30:00")).unwrap();
        assert_eq!(due.at, at("2024-04-04T00:00:00"));
    }

    #[test]
    fn a_year_without_a_table_is_counted_by_weekends_and_says_so() {
        let due = calendar().due("WD3", at("2031-04-02T10:00:00")).unwrap();
        assert!(!due.certain);
        assert!(calendar().due("PLAN", at("2024-04-02T10:00:00")).is_none());
        assert!(calendar().due("D99", at("2024-04-02T10:00:00")).is_none());
    }
}
