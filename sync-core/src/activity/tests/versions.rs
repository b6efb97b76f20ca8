//! Versions of the catalogue: each document is judged by the version that it was made under.

use serde_json::json;

use super::{super::State, *};
use crate::{
    catalogue::Bundle,
    inspection::tests::{answers, finish, start},
    record::Edition,
};

/// In May: trainings have at most 100 attendees, clearance is retired, and daily patrols no longer look at item IT-03.
fn catalogue_of_may() -> Catalogue {
    let mut bundle = Bundle::embedded();
    let mut types = bundle.activity_types[0].clone();
    types.version = 2;
    types.types.retain(|of| of.code != "clearance");
    let training = types.types.iter_mut().find(|of| of.code == "training");
    let attendees = training.and_then(|of| of.schema.properties.get_mut("attendees"));
    attendees.unwrap().maximum = Some(100);
    let mut inspections = bundle.inspections[0].clone();
    inspections.version = 2;
    let mut templates = inspections.templates.iter_mut();
    let daily = templates
        .find(|template| template.code == "TPL-DAILY")
        .unwrap();
    daily.version = 2;
    daily.items.retain(|item| item != "IT-03");
    let mut edition = bundle.editions[0].clone();
    edition.number = Edition(edition.number.0 + 1);
    edition.valid_from = "2024-05-01".to_owned();
    (edition.activity_types, edition.inspections) = (2, 2);
    bundle.activity_types.insert(0, types);
    bundle.inspections.insert(0, inspections);
    bundle.editions.insert(0, edition);
    Catalogue::new(bundle).unwrap()
}

fn training(attendees: u32) -> EventBody {
    let data = json!({"sessions": 1, "attendees": attendees, "topic": "五个严禁"});
    entry("training", &data.to_string())
}

#[test]
fn a_new_catalogue_changes_nothing_that_was_made_under_an_earlier_one() {
    let new = catalogue_of_may();
    let trained = Story::told(&[(COMMUNITY, training(5000))]);
    let before = trained.record();
    assert_ne!(before.state, State::Void);
    assert_eq!(
        fold_activity(&trained.events, &trained.context(), &new),
        before
    );
    let mut cleared = Story::told(&[(GRID, entry("clearance", &cleared(12)))]);
    cleared.then(COMMUNITY, EventBody::Confirm(reason()));
    let record = fold_activity(&cleared.events, &cleared.context(), &new);
    assert_eq!(
        counts(&record, &new),
        [("clearance.vehicles".to_owned(), 12_000)]
    );
    let mut inspected = Story::told(&[(GRID, start()), (GRID, answers("1栋", Finding::Ok, None))]);
    inspected.then(GRID, finish(InspectionResult::Passed));
    let before = inspected.inspection();
    assert!(before.counts);
    assert_eq!(
        fold_inspection(&inspected.events, &inspected.context(), &new),
        before
    );
    assert!(new.newest() > Catalogue::embedded().newest());
}

#[test]
fn what_is_stated_under_a_new_catalogue_is_judged_by_it() {
    let new = catalogue_of_may();
    let mut story = Story::new();
    story.now += 60 * DAY_MS;
    story.then(COMMUNITY, training(5000));
    let state = fold_activity(&story.events, &story.context(), &new);
    assert_eq!(state.state, State::Void);
    // A device without a network had not heard of it, and names the edition that it has.
    story.events[0].event.edition = Some(Catalogue::embedded().newest());
    let state = fold_activity(&story.events, &story.context(), &new);
    assert_eq!(state.state, State::Stated);
}

#[test]
fn what_only_a_newer_catalogue_has_is_unknown_and_what_depends_on_it_waits() {
    let mut story = Story::told(&[(GRID, entry("night_patrol", "{}"))]);
    let confirmed = story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.said(confirmed), Verdict::Unknown);
    let stranger = story.then(STRANGER, EventBody::Confirm(reason()));
    assert_eq!(story.said(stranger), void(VoidReason::GrantOtherArea));
    let record = story.record();
    assert_eq!((record.state, record.counts), (State::Unknown, false));
    assert_eq!(record.versions.len(), 1, "it is shown");

    // A new field of a known type.
    let newer = Edition(Catalogue::embedded().newest().0 + 1);
    let with_field = r#"{"channel": "e_screen", "sessions": 1, "drones": 2}"#;
    let mut story = Story::told(&[(GRID, entry("publicity", with_field))]);
    assert_eq!(story.record().state, State::Void);
    story.events[0].event.edition = Some(newer);
    let record = story.record();
    assert_eq!((record.state, record.counts), (State::Unknown, false));

    let EventBody::Inspect(of) = start() else {
        unreachable!("a start")
    };
    let newer = InspectionStart {
        template_version: 2,
        ..of
    };
    let story = Story::told(&[
        (GRID, EventBody::Inspect(newer)),
        (GRID, answers("1栋", Finding::Ok, None)),
    ]);
    assert_eq!(story.inspection().state, State::Unknown);

    let EventBody::Answer(mut a) = answers("1栋", Finding::Ok, None) else {
        unreachable!("an answer")
    };
    a.answers[0].item = ItemCode::new("IT-99").unwrap();
    let mut story = Story::told(&[(GRID, start()), (GRID, answers("1栋", Finding::Ok, None))]);
    let newer = story.then(GRID, EventBody::Answer(a));
    assert_eq!(story.said(newer), Verdict::Unknown);
    let early = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(early), void(VoidReason::UnknownEvent));
}
