//! Inspections: answered by several authors, finished by an author who had every answer.

use std::collections::BTreeSet;

use super::{InspectedPlace, Outcome, coverage};
use crate::{
    activity::{State, tests::*},
    catalogue::Catalogue,
    history::{Verdict, VoidReason, heads},
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
fn a_finished_inspection_stays_finished_and_late_answers_are_a_supplement() {
    let mut story = Story::told(&[(GRID, start()), (GRID, answers("1栋", Finding::Ok, None))]);
    let seen = heads(&story.events);
    story.after(GRID, &seen, finish(InspectionResult::Passed));
    let before = story.inspection();
    assert!(before.counts);
    story.after(
        COMMUNITY,
        &seen,
        answers("2栋", Finding::Problem, Some(DocId([9; 16]))),
    );
    let inspection = story.inspection();
    assert_eq!(
        (inspection.state, inspection.counts, inspection.result),
        (State::Confirmed, true, Some(Outcome::Passed))
    );
    assert_eq!(inspection.answers, before.answers);
    assert_eq!(inspection.supplement[0].building, "2");
    assert_eq!(inspection.hazards(), [DocId([9; 16])]);
    // The supplement may grow, and is finished like the inspection.
    let more = story.then(COMMUNITY, answers("3栋", Finding::Ok, None));
    assert_eq!(story.said(more), Verdict::ACCEPTED);
    let broken_off = story.then(COMMUNITY, finish(InspectionResult::Stopped));
    assert_eq!(story.said(broken_off), Verdict::ACCEPTED);
    assert!(story.inspection().counts, "breaking off takes nothing");
    let closed = story.then(GRID, finish(InspectionResult::Problems));
    assert_eq!(story.said(closed), void(VoidReason::IllegalFromState));
    assert_eq!(story.inspection().answers.len(), 3);
}

#[test]
fn the_inspected_side_remarks_and_answers_nothing() {
    let problem = answers("1栋", Finding::Problem, Some(DocId([9; 16])));
    let mut story = Story::told(&[(GRID, start()), (COMMUNITY, problem)]);
    for finding in [Finding::NotReached, Finding::Ok] {
        let remark = story.then(MANAGER, answers("1栋", finding, None));
        assert_eq!(story.said(remark), Verdict::Added);
    }
    let inspection = story.inspection();
    assert_eq!(inspection.answers[0].finding, Finding::Problem);
    assert_eq!(inspection.inspectors.len(), 2);
    let own = story.then(MANAGER, finish(InspectionResult::Passed));
    assert_eq!(story.said(own), void(VoidReason::RoleMayNot));
    let signed = story.then(MANAGER, sign(SignedAs::Inspector, None));
    assert_eq!(story.said(signed), void(VoidReason::RoleMayNot));
    // The company's own patrol is its own inspection.
    let mut patrol = Story::told(&[
        (MANAGER, start()),
        (MANAGER, answers("1栋", Finding::Ok, None)),
    ]);
    patrol.then(MANAGER, finish(InspectionResult::Passed));
    assert!(patrol.inspection().counts);
}

#[test]
fn a_problem_once_found_and_a_hazard_once_opened_stay_listed() {
    let hazard = DocId([9; 16]);
    let mut story = Story::told(&[
        (GRID, start()),
        (GRID, answers("1栋", Finding::Problem, Some(hazard))),
        (COMMUNITY, answers("1号楼", Finding::NotReached, None)),
    ]);
    let inspection = story.inspection();
    let answered = &inspection.answers[0];
    assert_eq!(
        (answered.finding, answered.contested, answered.values.len()),
        (Finding::Problem, false, 2),
        "who did not get in takes nothing back"
    );
    story.then(COMMUNITY, answers("1栋", Finding::Ok, None));
    let inspection = story.inspection();
    let answered = &inspection.answers[0];
    assert_eq!((answered.finding, answered.values.len()), (Finding::Ok, 1));
    assert_eq!(answered.earlier[0].hazard, Some(hazard));
    assert_eq!(inspection.hazards(), [hazard]);
}

#[test]
fn an_inspection_in_which_nobody_got_in_is_an_attempt() {
    for result in [InspectionResult::Passed, InspectionResult::Stopped] {
        let mut story = Story::told(&[
            (GRID, start()),
            (GRID, answers("1栋", Finding::NotReached, None)),
        ]);
        story.then(GRID, finish(result));
        let inspection = story.inspection();
        assert_eq!(
            (inspection.result, inspection.counts, inspection.attempted),
            (Some(Outcome::NotReached), false, true)
        );
        let quantities = inspection.quantities();
        assert_eq!(quantities.len(), 1);
        assert_eq!(quantities[0].name, "inspection.attempted");
    }
}

#[test]
fn a_finished_inspection_is_withdrawn_by_two_persons_only() {
    let mut story = Story::told(&[
        (GRID, start()),
        (GRID, answers("1栋", Finding::Ok, None)),
        (GRID, finish(InspectionResult::Passed)),
    ]);
    story.then(GRID, EventBody::Withdraw(reason()));
    assert!(story.inspection().counts);
    let company = story.then(MANAGER, EventBody::Withdraw(reason()));
    assert_eq!(story.said(company), void(VoidReason::RoleMayNot));
    story.then(STREET, EventBody::Withdraw(reason()));
    assert_eq!(story.inspection().state, State::Withdrawn);
    assert!(!story.inspection().counts);
}

#[test]
fn no_answer_overturns_a_withdrawal_in_dispute() {
    let mut story = Story::told(&[(GRID, start()), (GRID, answers("1栋", Finding::Ok, None))]);
    let seen = heads(&story.events);
    story.after(GRID, &seen, EventBody::Withdraw(reason()));
    story.after(COMMUNITY, &seen, answers("2栋", Finding::Ok, None));
    assert_eq!(story.inspection().state, State::Disputed);
    story.then(COMMUNITY, answers("2栋", Finding::Ok, None));
    assert_eq!(story.inspection().state, State::Disputed);
    let party = story.then(COMMUNITY, EventBody::Confirm(reason()));
    assert_eq!(story.said(party), void(VoidReason::RoleMayNot));
    let kept = story.then(STREET, EventBody::Confirm(reason()));
    assert_eq!(story.said(kept), Verdict::ACCEPTED);
    assert_eq!(story.inspection().state, State::Stated);
}

#[test]
fn numbers_and_people_that_cannot_be_are_void() {
    let number = |item: &str, milli: i64| {
        let EventBody::Answer(mut a) = answers("1栋", Finding::Given, None) else {
            unreachable!("an answer")
        };
        a.answers[0].item = ItemCode::new(item).unwrap();
        a.answers[0].milli = Some(milli);
        EventBody::Answer(a)
    };
    let mut story = Story::told(&[(GRID, start())]);
    for (item, milli, is_possible) in [
        ("IT-01", 3_000, true),
        ("IT-01", -1_000, false),
        ("IT-01", 2_500, false),
        ("IT-01", 9_000_000_000_000_000, false),
        ("IT-20", 3_850, true),
        ("IT-20", 1_000_001, false),
    ] {
        let stated = story.then(GRID, number(item, milli));
        let is_taken = story.said(stated) == Verdict::ACCEPTED;
        assert_eq!(is_taken, is_possible, "{item} {milli}");
    }
    for people in [0, 501, u16::MAX] {
        let mut story = Story::new();
        let stated = story.then(GRID, start_with("TPL-DAILY", InspectionKind::Daily, people));
        assert_eq!(
            story.said(stated),
            void(VoidReason::DataInvalid),
            "{people}"
        );
    }
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
