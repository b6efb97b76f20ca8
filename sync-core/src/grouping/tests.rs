//! Relations of documents: duplicates, groups, names, counts.

use proptest::prelude::*;

use super::*;
use crate::{
    catalogue::{Catalogue, StateCode},
    hazard::tests::*,
    history::{TimeBounds, heads},
    record::*,
};

fn seen(doc: u8, finder: Who, key: &str, code: &str) -> Comparable {
    Comparable {
        doc: DocId([doc; 16]),
        finder: PersonId([finder.0; 16]),
        found: DeviceTime(START + i64::from(doc) * 3_600_000),
        code: KindCode::new(code).unwrap(),
        compound: CompoundId([1; 16]),
        place_key: key.to_owned(),
        outdoors: None,
        photos: vec![look(doc)],
    }
}

/// A photo whose perceptual hash is far from that of every other number.
fn look(hash: u8) -> PhotoFingerprint {
    let mixed = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    PhotoFingerprint {
        hash: PhotoHash([hash; 32]),
        perceptual_hash: Some(mixed ^ mixed >> 27),
    }
}

fn advice(a: &Comparable, b: &Comparable) -> Option<(Advice, u32)> {
    let told = compare(a, b, Catalogue::embedded());
    assert_eq!(told, compare(b, a, Catalogue::embedded()), "symmetric");
    told.map(|s| (s.advice, s.score))
}

#[test]
fn one_record_of_a_group_counts_open_if_any_is_open() {
    let rules = &Catalogue::embedded().rules;
    let record = |doc: u8, state: u16, of: &[u8]| GroupMember {
        doc: DocId([doc; 16]),
        when: TimeBounds::default(),
        claimed: DeviceTime(i64::from(doc)),
        state: StateCode(state),
        observations: 1,
        duplicate_of: of.iter().map(|d| DocId([*d; 16])).collect(),
    };
    let told = |records: &[GroupMember]| {
        let groups = groups(records, rules);
        let counting = groups.iter().flat_map(|g| g.counting(records, rules));
        counting
            .map(|(doc, how)| (doc.0[0], how))
            .collect::<Vec<_>>()
    };
    use Counting::{AsOpen, Elsewhere, Itself};
    // The first is closed, a later one is open: contested, and open.
    let contested = [record(1, 80, &[]), record(2, 50, &[1])];
    assert!(groups(&contested, rules)[0].contested);
    assert_eq!(told(&contested), [(1, Elsewhere), (2, Itself)]);
    assert_eq!(
        told(&[record(1, 10, &[]), record(2, 96, &[1])]),
        [(1, Itself), (2, Elsewhere)]
    );
    // The living document counts, although a merged one was registered earlier.
    assert_eq!(
        told(&[record(1, 96, &[2]), record(2, 10, &[])]),
        [(1, Elsewhere), (2, Itself)]
    );
    // Each is merged into the other, three in a ring, one into a void one, into itself, into an unknown one: open.
    for (records, expected) in [
        (
            vec![record(1, 96, &[2]), record(2, 96, &[1])],
            vec![(1, AsOpen), (2, Elsewhere)],
        ),
        (
            vec![
                record(1, 96, &[2]),
                record(2, 96, &[3]),
                record(3, 96, &[1]),
            ],
            vec![(1, AsOpen), (2, Elsewhere), (3, Elsewhere)],
        ),
        (
            vec![record(1, 95, &[]), record(2, 96, &[1])],
            vec![(1, Elsewhere), (2, AsOpen)],
        ),
        (vec![record(1, 96, &[1])], vec![(1, AsOpen)]),
        (vec![record(1, 96, &[9])], vec![(1, AsOpen)]),
    ] {
        assert_eq!(told(&records), expected);
        let group = &groups(&records, rules)[0];
        assert!(
            group.open && group.without_living && !group.contested,
            "{records:?}"
        );
    }
    // Two void documents that are not merged are no hazard.
    assert!(!groups(&[record(1, 95, &[])], rules)[0].open);
}

const PLACE: &str = "3/1/2/stairwell/";

#[test]
fn one_kind_place_and_day_is_a_suggestion() {
    let a = seen(1, GRID, PLACE, "EV-03");
    let mut b = seen(2, PATROL, PLACE, "EV-03");
    assert_eq!(advice(&a, &b), Some((Advice::Probable, 85)));
    // Five days later it is only possible; 20 days later and without a floor there is no suggestion.
    b.found = DeviceTime(START + 5 * DAY);
    assert_eq!(advice(&a, &b), Some((Advice::Possible, 78)));
    b.place_key = "3/1//stairwell/".to_owned();
    b.found = DeviceTime(START + 20 * DAY);
    assert_eq!(advice(&a, &b), None);
    // The same person, or the same photo, needs no reviewer.
    let b = seen(3, GRID, PLACE, "EV-03");
    assert_eq!(advice(&a, &b).unwrap().0, Advice::LinkItself);
    let mut b = seen(4, PATROL, PLACE, "EV-03");
    b.photos = a.photos.clone();
    assert_eq!(advice(&a, &b), Some((Advice::LinkItself, 100)));
}

#[test]
fn another_kind_at_one_place_is_a_hint() {
    let (a, b) = (
        seen(1, GRID, PLACE, "EV-03"),
        seen(2, PATROL, PLACE, "EG-03"),
    );
    assert_eq!(advice(&a, &b).unwrap().0, Advice::SamePlace);
    let b = seen(2, PATROL, "9/1/2/stairwell/", "EG-03");
    assert_eq!(advice(&a, &b), None);
}

#[test]
fn inv_19_the_same_photo_at_two_places_is_an_alarm_and_a_look_alike_is_checked() {
    let a = seen(1, GRID, PLACE, "EV-03");
    let mut b = seen(2, GRID, "9/1/2/stairwell/", "EV-03");
    b.photos = a.photos.clone();
    let told = compare(&a, &b, Catalogue::embedded()).unwrap();
    assert_eq!(told.advice, Advice::FakeEvidence);
    assert!(told.signs.contains(&Sign::SamePhoto));
    // Another photo, whose perceptual hash differs in a few bits.
    b.photos = vec![PhotoFingerprint {
        hash: PhotoHash([99; 32]),
        perceptual_hash: a.photos[0].perceptual_hash.map(|print| print ^ 0b1011),
    }];
    assert_eq!(advice(&a, &b).unwrap().0, Advice::LookAlike);
    // In another compound too.
    b.compound = CompoundId([2; 16]);
    b.place_key = PLACE.to_owned();
    b.photos = a.photos.clone();
    assert_eq!(advice(&a, &b).unwrap().0, Advice::FakeEvidence);
}

#[test]
fn positions_count_only_within_one_reference_system() {
    let position = |crs, east: i32| Position {
        latitude_e7: 305_928_000,
        longitude_e7: 1_143_055_000 + east,
        crs,
        accuracy_cm: None,
        source: PositionSource::Satellite,
        mock: false,
    };
    let (mut a, mut b) = (
        seen(1, GRID, PLACE, "FL-01"),
        seen(2, PATROL, PLACE, "FL-01"),
    );
    a.outdoors = Some(position(Crs::Wgs84, 0));
    for (crs, east, score) in [
        (Crs::Wgs84, 2_000, 90),
        (Crs::Wgs84, 9_000, 85),
        (Crs::Gcj02, 0, 85),
    ] {
        b.outdoors = Some(position(crs, east));
        assert_eq!(advice(&a, &b).unwrap().1, score, "{crs} {east}");
    }
}

fn registered(doc: u8, state: u16, of: &[u8]) -> GroupMember {
    GroupMember {
        doc: DocId([doc; 16]),
        when: TimeBounds::default(),
        claimed: DeviceTime(1_000 - i64::from(doc)),
        state: StateCode(state),
        observations: u32::from(doc),
        duplicate_of: of.iter().map(|d| DocId([*d; 16])).collect(),
    }
}

fn rules() -> &'static crate::catalogue::Rules {
    &Catalogue::embedded().rules
}

#[test]
fn each_marked_as_duplicate_of_the_other_has_one_canonical_record() {
    let mut both = [registered(1, 96, &[2]), registered(2, 96, &[1])];
    let told = groups(&both, rules());
    assert_eq!(told.len(), 1, "no circle");
    assert_eq!(
        (told[0].canonical, told[0].observations),
        (DocId([2; 16]), 3)
    );
    // The document that the server received first is canonical, independent of claimed times; on a tie the smaller id.
    both[0].when.upper = Some(ServerTime(50));
    assert_eq!(groups(&both, rules())[0].canonical, DocId([1; 16]));
    both[1].when.upper = Some(ServerTime(50));
    assert_eq!(groups(&both, rules())[0].canonical, DocId([1; 16]));
}

#[test]
fn a_closed_twin_does_not_close_an_open_one() {
    let told = groups(&[registered(1, 80, &[]), registered(2, 96, &[1])], rules());
    assert_eq!((told[0].open, told[0].contested), (false, false));
    let told = groups(&[registered(1, 50, &[]), registered(2, 80, &[1])], rules());
    assert_eq!((told[0].open, told[0].contested), (true, true));
}

#[test]
fn a_covert_finding_meets_the_closing_when_it_is_released() {
    // The covert finding is kept in a document of its own; before its release the local document is closed.
    let mut local = Story::told(&way_to(70));
    let visited = heads(&local.events);
    local.then(COUNTY, close());
    assert_eq!(local.state().state, StateCode(80), "the local view");
    let sealed = Story::told(&[]);
    assert_eq!(sealed.state().state, StateCode(10), "the province's view");
    // On release it enters the local document after the events that were known at the visit.
    let mut released = observe();
    if let EventBody::Observe(o) = &mut released {
        o.source = FindingSource::Covert;
    }
    local.after(COVERT, &visited, released);
    let state = local.state();
    assert!(state.flags.conflict_open);
    assert_eq!(
        (state.conflicts[0].rules[0].as_str(), state.state),
        ("C-10", StateCode(10))
    );
    assert_eq!(
        state.cycle, 2,
        "it counts as another round until somebody decides"
    );
}

#[test]
fn two_new_names_are_aliases_until_somebody_decides() {
    let told = names("金色家园", &["金色家园一期", "阳光新城"]);
    assert_eq!((told.name.as_str(), told.contested), ("金色家园", true));
    assert_eq!(told.aliases.len(), 2);
    let told = names("金色家园", &["阳光新城", "阳光新城"]);
    assert_eq!((told.name.as_str(), told.contested), ("阳光新城", false));
    assert_eq!(told.aliases, ["金色家园"]);
}

#[test]
fn two_drafts_stay_two_until_their_author_picks() {
    // Drafts on two devices are two documents: a suggestion arises, and nothing links them.
    let (a, b) = (seen(1, GRID, PLACE, "EV-03"), seen(2, GRID, PLACE, "EV-03"));
    assert_eq!(advice(&a, &b).unwrap().0, Advice::LinkItself);
    let told = groups(&[registered(1, 10, &[]), registered(2, 10, &[])], rules());
    assert_eq!(told.len(), 2);
}

#[test]
fn inv_23_a_building_is_covered_once_however_many_visits() {
    let places: std::collections::BTreeSet<_> = ["3", "4", "5"].into();
    assert_eq!(covered(&places, &["3", "3", "3", "9"]), 1);
    assert_eq!(covered(&places, &["3", "5", "4", "3"]), 3);
}

fn world() -> impl Strategy<Value = Vec<GroupMember>> {
    let states = prop::sample::select(vec![10_u16, 20, 50, 60, 70, 80, 95, 96]);
    let record = (
        states,
        prop::collection::vec(1..12_u8, 0..3),
        1..9_u32,
        any::<Option<u8>>(),
    );
    prop::collection::vec(record, 1..12).prop_map(|all| {
        let made =
            |(n, (state, of, observations, upper)): (usize, (u16, Vec<u8>, u32, Option<u8>))| {
                let mut record = registered(u8::try_from(n).unwrap() + 1, state, &of);
                record.observations = observations;
                record.when.upper = upper.map(|t| ServerTime(i64::from(t)));
                record
            };
        all.into_iter().enumerate().map(made).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inv_07_every_record_is_in_exactly_one_group_whatever_points_where(records in world(), turn in any::<prop::sample::Index>()) {
        let told = groups(&records, rules());
        let mut members: Vec<_> = told.iter().flat_map(|g| g.members.clone()).collect();
        members.sort_unstable();
        let all: Vec<_> = records.iter().map(|r| r.doc).collect();
        prop_assert_eq!(members, all);
        prop_assert!(told.iter().all(|g| g.members.contains(&g.canonical)));
        let mut turned = records.clone();
        turned.rotate_left(turn.index(records.len()));
        prop_assert_eq!(groups(&turned, rules()), told);
    }

    #[test]
    fn inv_08_linking_and_unlinking_keep_every_observation(records in world(), at in any::<prop::sample::Index>(), to in 1..12_u8) {
        let observations = |records: &[GroupMember]| {
            groups(records, rules()).iter().map(|g| g.observations).sum::<u32>()
        };
        let before = groups(&records, rules());
        let mut linked = records.clone();
        let at = at.index(records.len());
        linked[at].duplicate_of = vec![DocId([to; 16])];
        prop_assert_eq!(observations(&linked), observations(&records));
        linked[at].duplicate_of = records[at].duplicate_of.clone();
        prop_assert_eq!(groups(&linked, rules()), before);
    }

    #[test]
    fn inv_10_exactly_one_record_of_a_group_counts_and_it_is_open_if_any_is(records in world()) {
        for group in groups(&records, rules()) {
            let counting = group.counting(&records, rules());
            let counted: Vec<_> = counting.iter().filter(|(_, how)| *how != Counting::Elsewhere).collect();
            prop_assert_eq!(counted.len(), 1);
            let as_open = counted[0].1 == Counting::AsOpen;
            let counted = records.iter().find(|r| r.doc == counted[0].0).unwrap();
            prop_assert_eq!(as_open || rules().is_open(counted.state), group.open);
        }
    }
}
