//! What the catalogue returns: entries by code and edition.

use super::{
    activity_types::ActivityType,
    calendar::Calendar,
    editions::EditionTables,
    inspection::{Inspections, Item, Template},
    kinds::HazardKind,
    tables::Catalogue,
};
use crate::record::{DeviceTime, Edition, ServerTime};

impl Catalogue {
    /// The number of the newest edition.
    pub fn newest(&self) -> Edition {
        self.editions.newest().number
    }

    /// The editions, newest first.
    pub fn editions(&self) -> impl Iterator<Item = &EditionTables> {
        self.editions.iter()
    }

    /// The edition in force at a time.
    pub fn edition_at(&self, at: DeviceTime) -> Edition {
        self.editions.on(self.calendar.day(at)).number
    }

    /// The edition that judges an event: the one that it names, unless the server's clock proves that it was not in force
    /// yet, or that the next one was in force for so long that the device had heard of it. Then, and if the event names
    /// none, the edition of its day. `earliest`, `latest`: the time bounds of the event alone.
    pub fn judging(
        &self,
        named: Option<Edition>,
        claimed: DeviceTime,
        earliest: Option<ServerTime>,
        latest: Option<ServerTime>,
    ) -> Edition {
        if self.editions.iter().nth(1).is_none() {
            return self.newest();
        }
        let day = |at: i64| self.calendar.day(DeviceTime(at));
        let (earliest, latest) = (earliest.map(|t| day(t.0)), latest.map(|t| day(t.0)));
        let editions = &self.editions;
        editions
            .judging(named, day(claimed.0), earliest, latest)
            .number
    }

    fn tables_of(&self, edition: Edition) -> &EditionTables {
        self.editions
            .find(edition)
            .unwrap_or(self.editions.newest())
    }

    /// The hazard kind in an edition; a retired code keeps the meaning that it had last before, and a code that is new in a
    /// later edition has the meaning that it has there first. So later versions change nothing. An edition that is not
    /// known here counts as the newest.
    pub fn kind(&self, code: &str, edition: Edition) -> Option<&HazardKind> {
        let version = self.tables_of(edition).hazard_kinds;
        nearest(self.every_kinds(), version, |t| t.version, |t| t.find(code))
    }

    /// The activity type in an edition, as [`Self::kind`].
    pub fn activity_type(&self, code: &str, edition: Edition) -> Option<&ActivityType> {
        let version = self.tables_of(edition).activity_types;
        nearest(self.every_types(), version, |t| t.version, |t| t.find(code))
    }

    /// The calendar of an edition: it counts the deadlines that begin with what was stated under it.
    pub fn calendar_of(&self, edition: Edition) -> &Calendar {
        let version = self.tables_of(edition).calendar;
        let mut all = std::iter::once(&self.calendar).chain(&self.earlier.calendars);
        all.find(|calendar| calendar.version == version)
            .unwrap_or(&self.calendar)
    }

    /// The items and templates among which a version of a template is first; `None` for a version that is not known here.
    /// Later tables change nothing of it.
    pub fn inspections_of(&self, template: &str, version: u32) -> Option<&Inspections> {
        let mut of = self.every_inspections();
        let first = of
            .by_ref()
            .filter(|of| of.template_of(template, version).is_some());
        first.last()
    }

    /// The template of an edition, for a new inspection.
    pub fn template(&self, code: &str, edition: Edition) -> Option<&Template> {
        let version = self.tables_of(edition).inspections;
        let of = self.every_inspections().find(|of| of.version == version);
        of.and_then(|of| of.template(code))
    }

    /// The versions of an activity type, newest first.
    pub fn type_versions(&self, code: &str) -> impl Iterator<Item = &ActivityType> {
        self.every_types().filter_map(move |types| types.find(code))
    }

    /// The versions of a template, newest first.
    pub fn template_versions(&self, code: &str) -> impl Iterator<Item = &Template> {
        let all = self.every_inspections().flat_map(|of| &of.templates);
        all.filter(move |template| template.code == code)
    }

    /// The item with this code in the newest version that has it.
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.every_inspections().find_map(|of| of.item(code))
    }
}

/// The entry in a version of a table, or else in the newest earlier version that has it, or else in the oldest later one.
/// `all`: newest first.
fn nearest<'c, T: 'c, E: 'c>(
    all: impl Iterator<Item = &'c T> + Clone,
    version: u32,
    number: impl Fn(&T) -> u32,
    find: impl Fn(&'c T) -> Option<&'c E>,
) -> Option<&'c E> {
    let is_later = |of: &&T| number(of) > version;
    let found = all.clone().skip_while(is_later).find_map(&find);
    found.or_else(|| all.take_while(is_later).filter_map(&find).last())
}
