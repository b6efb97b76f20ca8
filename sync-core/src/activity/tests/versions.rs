//! Versions of the catalogue: each document is judged by the version that it was made under.

use serde_json::{Value, json};

use super::{super::State, *};
use crate::{
    catalogue::Sources,
    inspection::tests::{answers, finish, start},
};

const OLD: Sources<'static> = Sources::EMBEDDED;

fn table(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut table: Value = serde_json::from_str(text).unwrap();
    table["version"] = json!(2);
    table["valid_from"] = json!("2024-05-01");
    change(&mut table);
    table.to_string()
}

fn entry_of<'t>(table: &'t mut Value, list: &str, code: &str) -> &'t mut Value {
    let mut all = table[list].as_array_mut().unwrap().iter_mut();
    all.find(|entry| entry["code"] == code).unwrap()
}

/// In May: trainings have at most 100 attendees, liaison is retired, and daily patrols no longer look at item IT-03.
fn catalogue_of_may() -> Catalogue {
    let ended = |text: &str| text.replacen("\"valid_to\": null", "\"valid_to\": \"2024-04-30\"", 1);
    let (old_types, old_inspections) = (ended(OLD.activity_types), ended(OLD.inspections));
    let types = table(OLD.activity_types, |table| {
        let training = entry_of(table, "types", "training");
        training["schema"]["properties"]["attendees"]["maximum"] = json!(100);
        let all = table["types"].as_array_mut().unwrap();
        all.retain(|of| of["code"] != "clearance");
    });
    let inspections = table(OLD.inspections, |table| {
        let daily = entry_of(table, "templates", "TPL-DAILY");
        daily["version"] = json!(2);
        daily["items"]
            .as_array_mut()
            .unwrap()
            .retain(|item| item != "IT-03");
    });
    Catalogue::parse(Sources {
        activity_types: &types,
        earlier_types: &[&old_types],
        inspections: &inspections,
        earlier_inspections: &[&old_inspections],
        ..OLD
    })
    .unwrap()
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
    assert!(new.edition() > Catalogue::embedded().edition());
}

#[test]
fn what_is_stated_under_a_new_catalogue_is_judged_by_it() {
    let new = catalogue_of_may();
    let mut story = Story::new();
    story.now += 60 * DAY_MS;
    story.then(COMMUNITY, training(5000));
    let state = fold_activity(&story.events, &story.context(), &new);
    assert_eq!(state.state, State::Void);
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
