//! Inspections: answered by several authors, finished by an author who had every answer.

use std::collections::BTreeSet;

use super::{InspectedPlace, coverage};
use crate::{
    activity::{State, tests::*},
    catalogue::Catalogue,
    history::{VoidReason, heads},
    record::*,
};

fn start_with(template: &str, kind: InspectionKind, people: u16) -> EventBody {
    EventBody::Inspect(InspectionStart {
        template: TemplateCode::new(template).unwrap(),
        template_version: 1,
        kind,
        area: GRID_PATH.parse().unwrap(),
        compound: Some(CompoundId([7; 16])),
        team: vec![TeamMember {
            organ: OrganId([1; 16]),
            people,
        }],
        started: DeviceTime(START),
    })
}

pub(crate) fn start() -> EventBody {
    start_with("TPL-DAILY", InspectionKind::Daily, 1)
}

pub(crate) fn answers(building: &str, finding: Finding, hazard: Option<DocId>) -> EventBody {
    EventBody::Answer(Answers {
        building: Label::new(building).unwrap(),
        unit: Label::default(),
        answers: vec![Answer {
            item: ItemCode::new("IT-03").unwrap(),
            finding,
            milli: None,
            words: None,
            hazard,
        }],
        photos: vec![photo(3)],
    })
}

pub(crate) fn finish(result: InspectionResult) -> EventBody {
    EventBody::FinishInspection(Conclusion {
        result,
        note: Long::default(),
    })
}

fn sign(signed_as: SignedAs, witness: Option<u8>) -> EventBody {
    EventBody::Sign(Signature {
        signed_as,
        organ: None,
        witness: witness.map(|n| PersonId([n; 16])),
        note: Short::default(),
        photos: Vec::new(),
    })
}

#[test]
fn two_inspectors_apart_make_one_inspection() {
    let mut story = Story::told(&[(GRID, start())]);
    let seen = heads(&story.events);
    story.after(GRID, &seen, answers("1栋", Finding::Ok, None));
    story.after(
        COMMUNITY,
        &seen,
        answers("2号楼", Finding::Problem, Some(DocId([9; 16]))),
    );
    let inspection = story.inspection();
    assert_eq!(inspection.state, State::Stated);
    assert_eq!(inspection.answers.len(), 2);
    assert_eq!(inspection.inspectors.len(), 2);
    assert_eq!(inspection.hazards(), [DocId([9; 16])]);
    let wrong = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(wrong), void(VoidReason::Incomplete));
    story.then(GRID, finish(InspectionResult::Problems));
    let inspection = story.inspection();
    assert_eq!(
        (inspection.state, inspection.counts),
        (State::Confirmed, true)
    );
    assert_eq!(inspection.team_size(), 2);
    let late = story.then(GRID, answers("3栋", Finding::Ok, None));
    assert_eq!(story.said(late), void(VoidReason::IllegalFromState));
}

#[test]
fn answers_apart_that_differ_are_both_kept_and_the_worse_holds() {
    let mut story = Story::told(&[(GRID, start())]);
    let seen = heads(&story.events);
    story.after(GRID, &seen, answers("3栋", Finding::Ok, None));
    story.after(COMMUNITY, &seen, answers("3号楼", Finding::Problem, None));
    let inspection = story.inspection();
    let answered = &inspection.answers[0];
    assert_eq!(
        inspection.answers.len(),
        1,
        "one building, however it is spelt"
    );
    assert!(answered.contested);
    assert_eq!(
        (answered.finding, answered.values.len()),
        (Finding::Problem, 2)
    );
    assert_eq!(
        inspection
            .failed_without_hazard(Catalogue::embedded())
            .len(),
        1
    );
    let early = story.then(GRID, finish(InspectionResult::Problems));
    assert_eq!(story.said(early), void(VoidReason::ConflictOpen));
    // A later answer, after both, supersedes them.
    story.then(GRID, answers("3栋", Finding::Problem, Some(DocId([9; 16]))));
    story.then(GRID, finish(InspectionResult::Problems));
    assert_eq!(story.inspection().state, State::Confirmed);
    assert!(
        story
            .inspection()
            .failed_without_hazard(Catalogue::embedded())
            .is_empty()
    );
}

#[test]
fn an_inspection_is_not_finished_while_answers_come_that_nobody_saw() {
    let mut story = Story::told(&[(GRID, start()), (GRID, answers("1栋", Finding::Ok, None))]);
    let seen = heads(&story.events);
    story.after(GRID, &seen, finish(InspectionResult::Passed));
    assert!(story.inspection().counts);
    story.after(COMMUNITY, &seen, answers("2栋", Finding::Problem, None));
    let inspection = story.inspection();
    assert_eq!(
        (inspection.state, inspection.counts),
        (State::Stated, false)
    );
    story.then(GRID, finish(InspectionResult::Problems));
    assert_eq!(story.inspection().result, Some(InspectionResult::Problems));
}

#[test]
fn a_special_inspection_needs_two_inspectors_and_all_signatures_or_a_witnessed_refusal() {
    let start = start_with("TPL-SPECIAL", InspectionKind::Special, 1);
    let mut story = Story::told(&[(COUNTY, start), (COUNTY, answers("1栋", Finding::Ok, None))]);
    let alone = story.then(COUNTY, finish(InspectionResult::Passed));
    assert_eq!(story.said(alone), void(VoidReason::SecondPersonMissing));
    story.then(COUNTY, sign(SignedAs::Inspector, None));
    story.then(STREET, sign(SignedAs::Inspector, None));
    let unsigned = story.then(COUNTY, finish(InspectionResult::Passed));
    assert_eq!(story.said(unsigned), void(VoidReason::SignatureMissing));
    let unseen = story.then(COUNTY, sign(SignedAs::Refused, None));
    assert_eq!(story.said(unseen), void(VoidReason::SecondPersonMissing));
    story.then(COUNTY, sign(SignedAs::Refused, Some(4)));
    story.then(COUNTY, finish(InspectionResult::Passed));
    assert_eq!(story.inspection().state, State::Confirmed);
}

#[test]
fn a_building_in_order_needs_a_photo_and_an_inspection_broken_off_covers_nothing() {
    let bare = EventBody::Answer(Answers {
        building: Label::new("1栋").unwrap(),
        unit: Label::default(),
        answers: vec![Answer {
            item: ItemCode::new("IT-01").unwrap(),
            finding: Finding::Ok,
            milli: None,
            words: None,
            hazard: None,
        }],
        photos: Vec::new(),
    });
    let mut story = Story::told(&[(GRID, start()), (GRID, bare)]);
    let early = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(early), void(VoidReason::PhotoMissing));
    // A photo of another building does not count for this one.
    story.then(GRID, answers("2栋", Finding::Ok, None));
    let early = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(early), void(VoidReason::PhotoMissing));
    story.then(GRID, finish(InspectionResult::Stopped));
    let inspection = story.inspection();
    assert_eq!(
        (inspection.state, inspection.counts),
        (State::Confirmed, false)
    );
}

#[test]
fn items_outside_the_template_and_people_outside_the_role_are_void() {
    let mut story = Story::told(&[(GRID, start())]);
    let EventBody::Answer(mut a) = answers("1栋", Finding::Ok, None) else {
        unreachable!("an answer")
    };
    a.answers[0].item = ItemCode::new("IT-85").unwrap();
    let outside = story.then(GRID, EventBody::Answer(a));
    assert_eq!(story.said(outside), void(VoidReason::TargetUnknown));
    let role = story.then(COUNTY, answers("1栋", Finding::Ok, None));
    assert_eq!(story.said(role), void(VoidReason::RoleMayNot));
    let stranger = story.then(STRANGER, answers("1栋", Finding::Ok, None));
    assert_eq!(story.said(stranger), void(VoidReason::GrantOtherArea));
    let mut story = Story::new();
    let wrong = story.then(GRID, start_with("TPL-DAILY", InspectionKind::Special, 1));
    assert_eq!(story.said(wrong), void(VoidReason::DataInvalid));
}

#[test]
fn inv_23_a_building_counts_once_however_many_visits() {
    let place = |building: &str| InspectedPlace {
        compound: CompoundId([7; 16]),
        building: building.to_owned(),
        unit: String::new(),
    };
    let places: BTreeSet<InspectedPlace> = [place("1"), place("2"), place("3")].into();
    let visit = |building: &str, finding, finished: bool| {
        let mut story = Story::told(&[(GRID, start()), (GRID, answers(building, finding, None))]);
        if finished {
            let result = match finding {
                Finding::Problem => InspectionResult::Problems,
                _ => InspectionResult::Passed,
            };
            story.then(GRID, finish(result));
        }
        story.inspection()
    };
    let inspections = [
        visit("1栋", Finding::Ok, true),
        visit("1号楼", Finding::Problem, true),
        visit("2栋", Finding::Ok, false),
        visit("3栋", Finding::NotReached, true),
        visit("9栋", Finding::Ok, true),
    ];
    let covered = coverage(&places, &inspections);
    assert_eq!((covered.total, covered.inspected), (3, 1));
    assert_eq!(covered.missing, [place("2"), place("3")]);
}

#[test]
fn an_inspection_of_nothing_or_with_an_event_of_a_newer_version_is_not_finished() {
    let mut story = Story::told(&[(GRID, start())]);
    let empty = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(empty), void(VoidReason::Incomplete));
    story.then(GRID, answers("1栋", Finding::Ok, None));
    story.then(GRID, EventBody::Unknown { number: 900 });
    let early = story.then(GRID, finish(InspectionResult::Passed));
    assert_eq!(story.said(early), void(VoidReason::UnknownEvent));
    assert!(!story.inspection().counts);
}

#[test]
fn a_named_team_is_there_without_phones_but_each_inspector_signs() {
    let start = start_with("TPL-SPECIAL", InspectionKind::Special, 2);
    let mut story = Story::told(&[
        (COUNTY, start),
        (COUNTY, answers("1栋", Finding::Ok, None)),
        (COUNTY, sign(SignedAs::Inspector, None)),
        (COUNTY, sign(SignedAs::Refused, Some(4))),
    ]);
    let one = story.then(COUNTY, finish(InspectionResult::Passed));
    assert_eq!(story.said(one), void(VoidReason::SignatureMissing));
    // Two signatures of one person count once.
    story.then(COUNTY, sign(SignedAs::Inspector, None));
    let twice = story.then(COUNTY, finish(InspectionResult::Passed));
    assert_eq!(story.said(twice), void(VoidReason::SignatureMissing));
    story.then(STREET, sign(SignedAs::Inspector, None));
    story.then(COUNTY, finish(InspectionResult::Passed));
    assert!(story.inspection().counts);
}

#[test]
fn only_who_may_begins_an_inspection_and_of_one_compound() {
    let mut story = Story::new();
    let role = story.then(COUNTY, start());
    assert_eq!(story.said(role), void(VoidReason::RoleMayNot));
    let EventBody::Inspect(of) = start() else {
        unreachable!("a start")
    };
    let nowhere = InspectionStart {
        compound: None,
        ..of
    };
    let mut story = Story::new();
    let nothing = story.then(GRID, EventBody::Inspect(nowhere));
    assert_eq!(story.said(nothing), void(VoidReason::Incomplete));
    let mut story = Story::told(&[(GRID, start())]);
    let again = story.then(GRID, start());
    assert_eq!(story.said(again), void(VoidReason::IllegalFromState));
}
