//! Parts of events: what a body can refer to, texts, photos, places, dates, organisations.

use sync_core::record::{
    CompoundId, DeviceTime, EventBody, Evidence, HOUR_MS, LocationKind, OrganId, PhotoHash,
    PhotoRef, PhotoRole, PhotoSource, Place, Reason, Role, Text,
};

use super::{
    chance::Chance,
    people::{Actor, BEGIN, organ_id},
};
use crate::{
    history::id_of,
    oracle::{
        case::{Case, View},
        doc::Set,
    },
};

/// What a body can refer to.
pub(crate) struct Scene<'a, 'b> {
    /// The document so far.
    pub(crate) case: &'a Case<'b>,
    /// What the author has.
    pub(crate) view: &'a View,
    /// The author.
    pub(crate) actor: &'a Actor,
}

impl Scene<'_, '_> {
    /// The accepted events of a kind that the author has.
    pub(crate) fn all(&self, kind: &str) -> Vec<usize> {
        let fits = |e: &&usize| self.case.doc.kind(**e) == kind && self.case.is_accepted(**e);
        self.view.set.iter().filter(fits).copied().collect()
    }
    /// The photos that the author has.
    pub(crate) fn photos(&self) -> Vec<PhotoHash> {
        let bodies = self.view.set.iter().map(|e| self.case.doc.body(*e));
        bodies.flat_map(EventBody::photos).map(|p| p.hash).collect()
    }
    /// The newest accepted events of a kind.
    pub(crate) fn newest(&self, kind: &str) -> Set {
        self.case.doc.newest(&self.all(kind).into_iter().collect())
    }
}

/// A text of an event.
pub(crate) fn text<const MAX: usize>(words: &str) -> Text<MAX> {
    Text::new(words).unwrap_or_default()
}

/// A text that is missing in 8 of 100.
pub(crate) fn usually<const MAX: usize>(chance: &mut Chance, words: &str) -> Text<MAX> {
    if chance.percent(8) {
        Text::default()
    } else {
        text(words)
    }
}

/// A photo by name.
pub(crate) fn photo(name: &str, role: PhotoRole) -> PhotoRef {
    PhotoRef {
        hash: PhotoHash::of(name.as_bytes()),
        size: 9,
        width: 4,
        height: 3,
        role,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

/// Photos of an event: none in 4 of 100, and in 6 of 100 one that is evidence of something else.
pub(crate) fn photos(chance: &mut Chance, role: PhotoRole) -> Vec<PhotoRef> {
    let name = format!("{}-{}", role.name(), chance.below(1000));
    match chance.below(100) {
        0..4 => Vec::new(),
        4..10 => vec![photo("before-shared", role)],
        _ => vec![photo(&name, role)],
    }
}

/// A note with photos.
pub(crate) fn evidence(chance: &mut Chance, role: PhotoRole) -> Evidence {
    Evidence {
        note: text("见照片"),
        photos: photos(chance, role),
        position: None,
    }
}

/// Evidence of a spot fix; in 32 of 100 one of the two photos is missing.
pub(crate) fn spot_fix(chance: &mut Chance) -> Evidence {
    let number = chance.below(1000);
    let before = photo(&format!("before-{number}"), PhotoRole::Before);
    let after = photo(&format!("after-{number}"), PhotoRole::After);
    let photos = match chance.below(100) {
        0..12 => vec![before],
        12..32 => vec![after],
        _ => vec![before, after],
    };
    Evidence {
        note: text("见照片"),
        photos,
        position: None,
    }
}

/// A reason.
pub(crate) fn reason() -> Reason {
    Reason {
        reason: text("理由"),
    }
}

/// A hazard kind.
pub(crate) fn code(chance: &mut Chance) -> &'static str {
    let common = [
        "EV-01", "EG-07", "EG-07", "EG-06", "EG-06", "FD-03", "EV-06",
    ];
    if chance.percent(2) {
        return "ZZ-99";
    }
    chance.one(&common).copied().unwrap_or("EV-01")
}

/// A place.
pub(crate) fn place(chance: &mut Chance) -> Place {
    let building = format!("{}栋", 1 + chance.below(2));
    Place {
        compound: CompoundId(id_of("小区")),
        building: text(&building),
        unit: Text::default(),
        floor: Text::default(),
        location: LocationKind::Stairwell,
        spot: Text::default(),
        connected_to: Vec::new(),
    }
}

/// A deadline.
pub(crate) fn deadline(chance: &mut Chance) -> DeviceTime {
    let hours = [6, 30, 240, 480];
    DeviceTime(BEGIN + chance.one(&hours).copied().unwrap_or(240) * HOUR_MS)
}

/// The value in `percent` of a hundred.
pub(crate) fn sometimes<T>(chance: &mut Chance, percent: usize, value: T) -> Option<T> {
    chance.percent(percent).then_some(value)
}

/// The organisation that is made responsible.
pub(crate) fn company(chance: &mut Chance) -> OrganId {
    let role = if chance.percent(70) {
        Role::PropertyManager
    } else {
        Role::GridWorker
    };
    organ_id(role, chance.below(2))
}

/// The department that receives a clue.
pub(crate) fn department(chance: &mut Chance) -> OrganId {
    let roles = [
        Role::FireOfficer,
        Role::UrbanMgmtOfficer,
        Role::CountyReviewer,
    ];
    let role = chance.one(&roles).copied().unwrap_or(Role::FireOfficer);
    organ_id(role, chance.below(2))
}
