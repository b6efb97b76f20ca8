//! Suggestions about two documents that may be one hazard, with reasons; nothing is linked here.
//!
//! Places are compared by place key (`place_key::of`), photos by their hash and, if it was computed, by their
//! perceptual hash (`photo::perceptual_hash`). The same photo at two places is no duplicate: it is an alarm.

use serde::Serialize;

use crate::{
    catalogue::{Catalogue, Weights},
    hazard::{HazardState, first_observation},
    history::EventEntry,
    place_key,
    record::{
        CompoundId, DAY_MS, DeviceTime, DocId, KindCode, PersonId, PhotoHash, Place, Position,
    },
};

/// A photo as it is compared: its hash and, if it was computed, its perceptual hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoFingerprint {
    /// SHA-256 of its bytes.
    pub hash: PhotoHash,
    /// The perceptual hash, 64 bits.
    pub perceptual_hash: Option<u64>,
}

/// A hazard as it is compared with others.
#[derive(Debug, Clone)]
pub struct Comparable {
    /// The document.
    pub doc: DocId,
    /// The person who found it.
    pub finder: PersonId,
    /// When it was found, by the finder's clock.
    pub found: DeviceTime,
    /// The hazard kind.
    pub code: KindCode,
    /// The compound.
    pub compound: CompoundId,
    /// The place key within the compound.
    pub place_key: String,
    /// The device's position at the finding, if the place is outdoors.
    pub outdoors: Option<Position>,
    /// Its photos.
    pub photos: Vec<PhotoFingerprint>,
}

impl Comparable {
    /// A folded hazard at a place as it is compared, without perceptual hashes; `None` if no valid observation began
    /// it.
    pub(crate) fn of(
        doc: DocId,
        state: &HazardState,
        events: &[EventEntry],
        place: &Place,
    ) -> Option<Self> {
        let (first, observation) = first_observation(state, events)?;
        let finder = events.iter().find(|s| s.id == first)?.event.author;
        let photos = events.iter().flat_map(|s| s.event.body.photos());
        let photo = |hash| PhotoFingerprint {
            hash,
            perceptual_hash: None,
        };
        Some(Self {
            doc,
            finder,
            found: state.found_at,
            code: state.code.clone()?,
            compound: place.compound,
            place_key: place_key::of(place),
            // A place outdoors has an empty building label.
            outdoors: observation.position.filter(|_| place.building.is_empty()),
            photos: photos.map(|of| photo(of.hash)).collect(),
        })
    }
}

/// A reason why two documents may be one hazard; the catalogue gives its weight in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Same compound, building, entrance, floor and kind of spot.
    SamePlace,
    /// As `SamePlace`, but one of the floors is missing.
    SamePlaceWithoutFloor,
    /// Same kind.
    SameKind,
    /// Same category.
    SameCategory,
    /// Within 24 hours.
    Within24Hours,
    /// Within 7 days.
    Within7Days,
    /// Within the campaign.
    WithinCampaign,
    /// Both have one photo.
    SamePhoto,
    /// Both have photos with near perceptual hashes.
    NearPhoto,
    /// Close to each other outdoors.
    NearPosition,
}

/// The advice about two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// One kind, place and day, and the same person or the same photo: may be linked without a reviewer (C-02).
    LinkItself,
    /// Probably a duplicate: a reviewer should confirm it (C-02).
    Probable,
    /// Possibly a duplicate: a reviewer should examine it.
    Possible,
    /// One place, two kinds: two hazards (C-03).
    SamePlace,
    /// One photo at two places: the evidence may be false.
    FakeEvidence,
    /// Near perceptual hashes at two places: a reviewer should examine the photos.
    LookAlike,
}

impl Advice {
    /// All, the most urgent first.
    pub const ALL: [Self; 6] = [
        Self::FakeEvidence,
        Self::LinkItself,
        Self::Probable,
        Self::LookAlike,
        Self::Possible,
        Self::SamePlace,
    ];

    /// Its index in [`Self::ALL`].
    pub fn urgency(self) -> i64 {
        let at = Self::ALL.iter().position(|advice| *advice == self);
        at.map_or(i64::MAX, |at| at as i64)
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkItself => "link_itself",
            Self::Probable => "probable",
            Self::Possible => "possible",
            Self::SamePlace => "same_place",
            Self::FakeEvidence => "fake_evidence",
            Self::LookAlike => "look_alike",
        }
    }

    /// The Chinese text for users.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::LinkItself => "同一人或同一照片，可自动关联",
            Self::Probable => "很可能重复，请审核人确认",
            Self::Possible => "可能重复",
            Self::SamePlace => "同一部位的另一隐患",
            Self::FakeEvidence => "同一照片用于不同部位，疑似虚假证据",
            Self::LookAlike => "不同部位照片高度相似，请核查",
        }
    }
    /// The English text for users.
    pub const fn en(self) -> &'static str {
        match self {
            Self::LinkItself => "same person or photo, may be linked automatically",
            Self::Probable => "probably a duplicate, a reviewer confirms",
            Self::Possible => "possibly a duplicate",
            Self::SamePlace => "another hazard at the same place",
            Self::FakeEvidence => "one photo at two places, the evidence may be false",
            Self::LookAlike => "photos of two places are very similar, check them",
        }
    }
}

/// A suggestion about two documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The advice.
    pub advice: Advice,
    /// The sum of the weights, at most 100 percent.
    pub score: u32,
    /// The reasons.
    pub signs: Vec<Sign>,
}

/// The relation of two places.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    Same,
    FloorMissing,
    Other,
}

/// Compares building, entrance, floor and kind of spot of two place keys; the spot in words does not count.
fn places(a: &Comparable, b: &Comparable) -> Places {
    let mut left = a.place_key.splitn(5, '/');
    let mut right = b.place_key.splitn(5, '/');
    let mut result = Places::Same;
    for part in 0..4 {
        let (x, y) = (left.next().unwrap_or(""), right.next().unwrap_or(""));
        if x == y {
            continue;
        }
        if part == 2 && (x.is_empty() || y.is_empty()) {
            result = Places::FloorMissing;
        } else {
            return Places::Other;
        }
    }
    if a.compound == b.compound {
        result
    } else {
        Places::Other
    }
}

/// Metres between two positions of one reference system, on a plane: exact enough within a compound.
fn metres(a: &Position, b: &Position) -> Option<f64> {
    if a.crs != b.crs {
        return None;
    }
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    let north = (degrees(a.latitude_e7) - degrees(b.latitude_e7)) * 111_320.0;
    let narrower = degrees(a.latitude_e7).to_radians().cos();
    let east = (degrees(a.longitude_e7) - degrees(b.longitude_e7)) * 111_320.0 * narrower;
    Some(north.hypot(east))
}

/// Whether two hazards have one photo, and whether they have photos whose perceptual hashes differ in at most `bits`
/// bits.
fn photos(a: &Comparable, b: &Comparable, bits: u32) -> (bool, bool) {
    let pairs = || {
        a.photos
            .iter()
            .flat_map(|x| b.photos.iter().map(move |y| (x, y)))
    };
    let same = pairs().any(|(x, y)| x.hash == y.hash);
    let near = pairs().any(|(x, y)| match (x.perceptual_hash, y.perceptual_hash) {
        (Some(x), Some(y)) => (x ^ y).count_ones() <= bits,
        _ => false,
    });
    (same, near)
}

/// Compares two hazards; `None` if there is no suggestion about them.
///
/// # Properties
/// Symmetric. The function links nothing: a link is an event that an author states.
pub fn compare(a: &Comparable, b: &Comparable, catalogue: &Catalogue) -> Option<Suggestion> {
    let weights: &Weights = &catalogue.weights;
    let mut signs: Vec<(Sign, u32)> = Vec::new();
    let place = places(a, b);
    match place {
        Places::Same => signs.push((Sign::SamePlace, weights.same_place)),
        Places::FloorMissing => {
            signs.push((
                Sign::SamePlaceWithoutFloor,
                weights.same_place_without_floor,
            ));
        }
        Places::Other => {}
    }
    let same_kind = a.code == b.code;
    let category = |code: &KindCode| code.as_str().split('-').next().map(str::to_owned);
    if same_kind {
        signs.push((Sign::SameKind, weights.same_kind));
    } else if category(&a.code) == category(&b.code) {
        signs.push((Sign::SameCategory, weights.same_category));
    }
    let distance = i64::try_from(a.found.0.abs_diff(b.found.0)).unwrap_or(i64::MAX);
    if distance <= DAY_MS {
        signs.push((Sign::Within24Hours, weights.within_24_hours));
    } else if distance <= 7 * DAY_MS {
        signs.push((Sign::Within7Days, weights.within_7_days));
    } else if distance <= i64::from(weights.campaign_days) * DAY_MS {
        signs.push((Sign::WithinCampaign, weights.within_campaign));
    }
    let (same_photo, near_photo) = photos(a, b, weights.near_photo_bits);
    if same_photo {
        signs.push((Sign::SamePhoto, weights.same_photo));
    } else if near_photo {
        signs.push((Sign::NearPhoto, weights.near_photo));
    }
    let close = match (&a.outdoors, &b.outdoors) {
        (Some(x), Some(y)) => metres(x, y),
        _ => None,
    };
    if close.is_some_and(|m| m < f64::from(weights.near_position_metres)) {
        signs.push((Sign::NearPosition, weights.near_position));
    }
    let score = signs.iter().map(|(_, weight)| weight).sum::<u32>().min(100);
    let same_day = catalogue.calendar.day(a.found) == catalogue.calendar.day(b.found);
    let advice = if place == Places::Other && same_photo {
        Advice::FakeEvidence
    } else if place == Places::Other && near_photo {
        Advice::LookAlike
    } else if place == Places::Same && !same_kind && !same_photo {
        Advice::SamePlace
    } else if place == Places::Same && same_kind && same_day && (same_photo || a.finder == b.finder)
    {
        Advice::LinkItself
    } else if score >= weights.probable {
        Advice::Probable
    } else if score >= weights.possible {
        Advice::Possible
    } else {
        return None;
    };
    Some(Suggestion {
        advice,
        score,
        signs: signs.into_iter().map(|(sign, _)| sign).collect(),
    })
}
