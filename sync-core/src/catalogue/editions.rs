//! Editions of the catalogue: which versions of the tables belong together, and from which day on they are in force.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{calendar::day_of, names::named};
use crate::record::Edition;

/// One edition: the versions of its tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditionTables {
    /// Its number: 1, 2, 3 …
    pub number: Edition,
    /// The first day on which it is in force, `yyyy-mm-dd` in China's time. It is in force until the next edition is.
    pub valid_from: String,
    /// What is new in it, in Chinese.
    pub zh: String,
    /// What is new in it, in English.
    pub en: String,
    /// Version of the hazard kinds.
    pub hazard_kinds: u32,
    /// Version of the calendar.
    pub calendar: u32,
    /// Version of the activity types.
    pub activity_types: u32,
    /// Version of the items and templates of inspections.
    pub inspections: u32,
    #[serde(skip)]
    #[schemars(skip)]
    first_day: i64,
}

/// The editions, newest first.
#[derive(Debug, Clone)]
pub(super) struct Editions(Vec<EditionTables>);

/// Days for which an edition may be named after the next one is in force, by the server's clock: a device that was
/// without a network for so long has not heard of the next one.
const GRACE_DAYS: i64 = 31;

impl Editions {
    /// Reads the list, newest first.
    pub(super) fn read(mut list: Vec<EditionTables>) -> Result<Self, String> {
        for edition in &mut list {
            edition.first_day = day_of(&edition.valid_from)?;
            let number = edition.number.to_string();
            named::<10>(&number, &edition.zh, &edition.en)?;
        }
        if list.is_empty() {
            return Err("editions: there must be one".to_owned());
        }
        // Without gaps: the number of the next edition is not for a file to choose.
        for (number, edition) in (1..).zip(list.iter().rev()) {
            if edition.number != Edition(number) {
                let given = edition.number;
                return Err(format!(
                    "edition {given} should be edition {number}: the newest comes first, numbers are 1, 2, 3 …"
                ));
            }
        }
        for pair in list.windows(2) {
            if let [newer, older] = pair
                && newer.first_day <= older.first_day
            {
                let (newer, older) = (newer.number, older.number);
                return Err(format!("editions {newer} and {older}: days rise"));
            }
        }
        Ok(Self(list))
    }

    pub(super) fn newest(&self) -> &EditionTables {
        &self.0[0]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &EditionTables> {
        self.0.iter()
    }

    pub(super) fn find(&self, number: Edition) -> Option<&EditionTables> {
        self.0.iter().find(|edition| edition.number == number)
    }

    /// The edition in force on a day; before the first edition the first.
    pub(super) fn on(&self, day: i64) -> &EditionTables {
        let begun = self.0.iter().find(|edition| edition.first_day <= day);
        begun.or(self.0.last()).unwrap_or(self.newest())
    }

    /// The edition by which something is judged. A number that is not known here decides nothing. `claimed`: its day by the author's clock;
    /// `earliest` and `latest`: the days between which it was made by the server's clock, as far as they are known.
    pub(super) fn judging(
        &self,
        named: Option<Edition>,
        claimed: i64,
        earliest: Option<i64>,
        latest: Option<i64>,
    ) -> &EditionTables {
        let possible = |edition: &&EditionTables| {
            let begun = latest.is_none_or(|latest| edition.first_day <= latest);
            let mut newer = self.0.iter().rev();
            let next = newer.find(|other| other.number > edition.number);
            let heard = next.zip(earliest);
            begun && heard.is_none_or(|(next, earliest)| earliest < next.first_day + GRACE_DAYS)
        };
        let named = named.and_then(|named| self.find(named)).filter(possible);
        named.unwrap_or_else(|| {
            let day = latest.map_or(claimed, |latest| claimed.min(latest));
            self.on(earliest.map_or(day, |earliest| day.max(earliest)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editions() -> Editions {
        let edition = |number: u32, valid_from: &str| EditionTables {
            number: Edition(number),
            valid_from: valid_from.to_owned(),
            zh: "新版".to_owned(),
            en: "new".to_owned(),
            hazard_kinds: number,
            calendar: 1,
            activity_types: 1,
            inspections: 1,
            first_day: 0,
        };
        Editions::read(vec![
            edition(3, "1970-04-11"),
            edition(2, "1970-03-02"),
            edition(1, "1970-01-01"),
        ])
        .unwrap()
    }

    #[test]
    fn the_edition_that_is_named_judges_unless_the_servers_clock_contradicts_it() {
        let editions = editions();
        let (second, third) = (60, 100);
        let of = |named: Option<u32>, claimed, earliest, latest| {
            let named = named.map(Edition);
            editions.judging(named, claimed, earliest, latest).number.0
        };
        assert_eq!(of(Some(1), third + 5, Some(70), Some(third + 5)), 1, "late");
        assert_eq!(of(Some(1), second, Some(second + 30), None), 1);
        assert_eq!(
            of(Some(1), second, Some(second + 31), None),
            2,
            "the device had heard of the next one"
        );
        assert_eq!(
            of(Some(3), third, None, Some(third - 1)),
            2,
            "not yet in force, whatever its clock claims"
        );
        assert_eq!(of(Some(2), 3, None, None), 2, "not received yet");
        assert_eq!(
            of(Some(9), second, None, Some(second)),
            2,
            "newer than this catalogue: by its day"
        );
    }

    #[test]
    fn what_names_no_edition_is_judged_by_that_of_its_day_within_the_bounds_of_the_server() {
        let editions = editions();
        let of =
            |claimed, earliest, latest| editions.judging(None, claimed, earliest, latest).number.0;
        assert_eq!(of(-5, None, None), 1);
        assert_eq!(of(59, None, None), 1);
        assert_eq!(of(60, None, None), 2);
        assert_eq!(of(200, None, Some(70)), 2);
        assert_eq!(of(3, Some(101), Some(102)), 3);
    }

    #[test]
    fn editions_whose_numbers_or_days_do_not_rise_are_refused() {
        let mut list = editions().0;
        list.swap(0, 1);
        assert!(
            Editions::read(list)
                .unwrap_err()
                .contains("newest comes first")
        );
        assert!(Editions::read(Vec::new()).is_err());
    }
}
