//! Activities: stated, corrected, confirmed, withdrawn.

use super::{super::State, *};

fn cleared_by_grid(vehicles: u32) -> Story {
    Story::told(&[(GRID, entry("clearance", &cleared(vehicles)))])
}

#[test]
fn a_figure_that_needs_a_second_person_counts_only_when_it_is_confirmed() {
    let mut story = cleared_by_grid(12);
    assert_eq!(story.record().state, State::Stated);
    assert_eq!(counts(&story.record(), Catalogue::embedded()), []);
    let own = story.then(GRID, EventBody::Confirm(reason()));
    assert_eq!(story.said(own), void(VoidReason::RoleMayNot));
    let outside = story.then(STRANGER, EventBody::Confirm(reason()));
    assert_eq!(story.said(outside), void(VoidReason::GrantOtherArea));
    story.then(COMMUNITY, EventBody::Confirm(reason()));
    let record = story.record();
    assert_eq!(record.state, State::Confirmed);
    let counted = counts(&record, Catalogue::embedded());
    assert_eq!(counted, [("clearance.vehicles".to_owned(), 12_000)]);
}

#[test]
fn nobody_confirms_what_he_stated_himself_whatever_his_role() {
    let mut story = Story::told(&[(COMMUNITY, entry("clearance", &cleared(3)))]);
    let own = story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.said(own), void(VoidReason::SamePerson));
}

#[test]
fn a_confirmation_confirms_exactly_what_its_author_had_seen() {
    let mut story = cleared_by_grid(12);
    let seen = heads(&story.events);
    story.after(GRID, &seen, amend(&cleared(20)));
    story.after(COMMUNITY, &seen, EventBody::Confirm(reason()));
    let record = story.record();
    assert_eq!((record.state, record.counts), (State::Confirmed, true));
    assert_eq!(record.supplement.len(), 1, "the correction waits");
    let counted = counts(&record, Catalogue::embedded());
    assert_eq!(counted, [("clearance.vehicles".to_owned(), 12_000)]);
    story.then(COMMUNITY, EventBody::Confirm(reason()));
    let record = story.record();
    let counted = counts(&record, Catalogue::embedded());
    assert_eq!(counted, [("clearance.vehicles".to_owned(), 20_000)]);
    assert!(record.supplement.is_empty());
}

#[test]
fn its_author_alone_changes_nothing_that_another_confirmed() {
    let mut story = cleared_by_grid(12);
    let confirmed = story.then(COMMUNITY, EventBody::Confirm(reason()));
    story.then(GRID, amend(&cleared(0)));
    let counted = |story: &Story| counts(&story.record(), Catalogue::embedded());
    assert_eq!(counted(&story)[0].1, 12_000);
    let proposed = story.after(GRID, &[confirmed], EventBody::Withdraw(reason()));
    let transition = "withdraw".to_owned();
    assert_eq!(story.said(proposed), Verdict::Proposed { transition });
    let twice = story.then(GRID_AGAIN, EventBody::Withdraw(reason()));
    assert_ne!(
        story.said(twice),
        Verdict::ACCEPTED,
        "one person on two devices"
    );
    assert_eq!(counted(&story)[0].1, 12_000);
    let empty = EventBody::Withdraw(Reason {
        reason: Long::new(" ").unwrap(),
    });
    let unexplained = story.then(COMMUNITY, empty);
    assert_eq!(story.said(unexplained), void(VoidReason::Incomplete));
    let agreed = story.then(COMMUNITY, EventBody::Withdraw(reason()));
    assert_eq!(story.said(agreed), Verdict::ACCEPTED);
    assert_eq!(story.record().state, State::Withdrawn);
    assert_eq!(counted(&story), []);
}

#[test]
fn two_corrections_apart_are_a_dispute_until_their_author_says_which() {
    let mut story = cleared_by_grid(12);
    let seen = heads(&story.events);
    story.after(GRID, &seen, amend(&cleared(8)));
    story.after(GRID_AGAIN, &seen, amend(&cleared(9)));
    let record = story.record();
    assert_eq!((record.state, record.versions.len()), (State::Disputed, 2));
    let early = story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.said(early), void(VoidReason::ConflictOpen));
    story.then(GRID, amend(&cleared(9)));
    story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.record().state, State::Confirmed);
}

#[test]
fn taking_back_what_another_confirmed_meanwhile_is_a_dispute_that_a_third_person_decides() {
    let mut story = cleared_by_grid(12);
    let seen = heads(&story.events);
    story.after(GRID, &seen, EventBody::Withdraw(reason()));
    story.after(COMMUNITY, &seen, EventBody::Confirm(reason()));
    assert_eq!(story.record().state, State::Disputed);
    assert!(story.record().counts, "the withdrawal waits");
    let party = story.then(COMMUNITY, EventBody::Withdraw(reason()));
    assert_eq!(story.said(party), void(VoidReason::SamePerson));
    let author = story.then(GRID, EventBody::Withdraw(reason()));
    assert_eq!(story.said(author), void(VoidReason::RoleMayNot));
    let mut withdrawn = story.clone();
    withdrawn.then(STREET, EventBody::Withdraw(reason()));
    assert_eq!(withdrawn.record().state, State::Withdrawn);
    let late = withdrawn.then(GRID, amend(&cleared(1)));
    assert_eq!(withdrawn.said(late), void(VoidReason::IllegalFromState));
    story.then(STREET, EventBody::Confirm(reason()));
    assert_eq!(story.record().state, State::Confirmed);
    // Two who decide differently without each other's word are a dispute again.
    let decided = heads(&story.events);
    let before = story.events.len() - 1;
    let parents = story.events[before].event.after.clone();
    story.after(COUNTY, &parents, EventBody::Withdraw(reason()));
    assert_eq!(story.record().state, State::Disputed);
    assert_eq!(decided.len(), 1);
}

#[test]
fn an_author_who_corrects_and_withdraws_on_two_devices_decides_alone() {
    let mut story = cleared_by_grid(12);
    let seen = heads(&story.events);
    story.after(GRID, &seen, EventBody::Withdraw(reason()));
    story.after(GRID_AGAIN, &seen, amend(&cleared(9)));
    assert_eq!(story.record().state, State::Disputed);
    story.then(GRID, EventBody::Withdraw(reason()));
    assert_eq!(story.record().state, State::Withdrawn);
}

#[test]
fn what_cannot_have_taken_place_is_not_registered() {
    for held in [946_684_799_999, START + 2 * DAY_MS, i64::MAX, -(1 << 53)] {
        let EventBody::Activity(entry) = entry("clearance", &cleared(1)) else {
            unreachable!("an activity")
        };
        let held = DeviceTime(held);
        let mut story = Story::new();
        let stated = story.then(GRID, EventBody::Activity(ActivityEntry { held, ..entry }));
        assert_eq!(
            story.said(stated),
            void(VoidReason::DataInvalid),
            "{held:?}"
        );
    }
}

#[test]
fn fields_that_do_not_fit_stay_in_the_history_and_count_nothing() {
    for data in [
        "not json",
        "{}",
        r#"{"item": "ebike", "owner": "张三"}"#,
        r#"{"item": "ebike", "vehicles": -1}"#,
        r#"{"item": "ebike", "vehicles": 1.5}"#,
        r#"{"item": "elephant"}"#,
        r#"[]"#,
        r#"{"item": "ebike", "vehicles": 1, "vehicles": 900}"#,
    ] {
        let mut story = Story::new();
        let id = story.then(GRID, entry("clearance", data));
        assert_eq!(story.said(id), void(VoidReason::DataInvalid), "{data}");
        let record = story.record();
        assert_eq!((record.state, record.counts), (State::Void, false));
        assert_eq!(record.history.len(), 1);
    }
}

#[test]
fn what_is_only_the_governments_is_not_filed_where_the_inspected_side_reads() {
    let data = r#"{"case": "2024-7", "kind": "fine", "stage": "served", "amount_yuan": 500.5}"#;
    let mut story = Story::new();
    let low = story.then(COUNTY, entry("penalty_case", data));
    assert_eq!(story.said(low), void(VoidReason::LevelTooLow));
    let mut story = Story::new();
    story.then(COUNTY, entry_at("penalty_case", COUNTY_PATH, data));
    story.then(COUNTY_TOO, EventBody::Confirm(reason()));
    let counted = counts(&story.record(), Catalogue::embedded());
    let expected = [
        ("penalty_case.cases", 1000),
        ("penalty_case.amount_yuan", 500_500),
    ];
    assert_eq!(
        counted,
        expected.map(|(name, milli)| (name.to_owned(), milli))
    );
    let mut story = Story::new();
    let by_manager = story.then(MANAGER, entry_at("penalty_case", COUNTY_PATH, data));
    assert_eq!(story.said(by_manager), void(VoidReason::RoleMayNot));
}

#[test]
fn a_task_is_signed_for_and_answered_by_others_and_nothing_else_is() {
    let task = entry(
        "supervision_task",
        r#"{"kind": "urge", "subject": "清理楼道"}"#,
    );
    let mut story = Story::told(&[(COUNTY, task)]);
    let own = story.then(COUNTY, EventBody::Receive(reason()));
    assert_eq!(story.said(own), void(VoidReason::SamePerson));
    story.then(MANAGER, EventBody::Receive(reason()));
    let done = Evidence {
        note: Long::new("已清理").unwrap(),
        photos: vec![photo(2)],
        position: None,
    };
    story.then(MANAGER, EventBody::Respond(done.clone()));
    let record = story.record();
    assert_eq!((record.received.len(), record.responses.len()), (1, 1));
    assert_eq!(record.received[0].organ, OrganId([2; 16]));
    assert_eq!(record.photos.len(), 2);
    let mut story = cleared_by_grid(1);
    let no_task = story.then(MANAGER, EventBody::Respond(done));
    assert_eq!(story.said(no_task), void(VoidReason::IllegalFromState));
}

#[test]
fn words_of_a_hazard_mean_nothing_in_a_record_and_the_other_way_round() {
    let mut story = cleared_by_grid(1);
    let wrong = story.then(COUNTY, EventBody::Close(reason()));
    assert_eq!(story.said(wrong), void(VoidReason::IllegalFromState));
    assert_eq!(story.folded().kind(), DocumentKind::Activity);
    // A second beginning after the first is void.
    let again = story.then(GRID, entry("clearance", &cleared(5)));
    assert_eq!(story.said(again), void(VoidReason::IllegalFromState));
}

#[test]
fn an_event_of_a_newer_version_is_kept_and_holds_confirming() {
    let mut story = cleared_by_grid(2);
    let future = story.then(GRID, EventBody::Unknown { number: 900 });
    assert_eq!(story.said(future), Verdict::Unknown);
    let early = story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.said(early), void(VoidReason::UnknownEvent));
    assert!(story.record().unknown_events);
}

#[test]
fn personal_data_is_taken_out_of_view_by_its_officer_only() {
    let mut story = cleared_by_grid(2);
    let redaction = EventBody::Redact(Redaction {
        events: vec![story.events[0].id],
        photos: Vec::new(),
        reason: Short::new("含姓名").unwrap(),
    });
    let wrong = story.then(COUNTY, redaction.clone());
    assert_eq!(story.said(wrong), void(VoidReason::RoleMayNot));
    story.then(DPO, redaction);
    let row = story.folded().list_row();
    assert_eq!(row.description, "（已遮蔽）");
    assert_eq!(row.activity.as_deref(), Some("clearance"));
}

#[test]
fn a_type_that_needs_a_photo_is_not_stated_without_one() {
    let EventBody::Activity(with) = entry("clearance", &cleared(3)) else {
        panic!("a record")
    };
    let without = ActivityEntry {
        photos: Vec::new(),
        ..with
    };
    let mut story = Story::new();
    let stated = story.then(GRID, EventBody::Activity(without));
    assert_eq!(story.said(stated), void(VoidReason::PhotoMissing));
    assert_eq!(counts(&story.record(), Catalogue::embedded()), []);
}
