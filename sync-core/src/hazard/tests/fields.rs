//! Fields: concurrent values are kept until a reviewer decides; events that only add never change the state.

use super::*;

fn values<T: Clone>(list: &[crate::hazard::Valued<T>]) -> Vec<T> {
    list.iter().map(|v| v.value.clone()).collect()
}

/// A history with two concurrent events after a state.
fn is_concurrent(
    base: u16,
    one: (Who, EventBody),
    other: (Who, EventBody),
) -> (Story, EventId, EventId) {
    let mut story = Story::told(&way_to(base));
    let seen = heads(&story.events);
    let a = story.after(one.0, &seen, one.1);
    let b = story.after(other.0, &seen, other.1);
    (story, a, b)
}

#[test]
fn every_concurrent_value_is_kept_and_one_is_shown_first() {
    let (story, ..) = is_concurrent(10, (COUNTY, regrade(Grade::G1)), (FIRE, regrade(Grade::G3)));
    let state = story.state();
    assert_eq!(values(&state.values.grade), [Grade::G3, Grade::G1]);
    assert_eq!(state.grade, Some(Grade::G3));

    let (story, ..) = is_concurrent(10, (GRID, recode("EG-07")), (COUNTY, recode("EG-09")));
    let codes = values(&story.state().values.code);
    let codes: Vec<_> = codes.iter().map(|c| c.as_str().to_owned()).collect();
    assert_eq!(
        codes,
        ["EG-06", "EG-07", "EG-09"],
        "first registered, then both"
    );
    assert_eq!(story.state().code.unwrap().as_str(), "EG-06");

    let (story, ..) = is_concurrent(10, (GRID, relocate("5栋")), (COUNTY, relocate("6栋")));
    let places = values(&story.state().values.place);
    let buildings: Vec<_> = places
        .iter()
        .map(|p| p.building.as_str().to_owned())
        .collect();
    assert_eq!(buildings, ["3栋", "5栋", "6栋"]);

    let (story, ..) = is_concurrent(10, (STREET, assign_to(2)), (COUNTY, assign_to(3)));
    let organs = values(&story.state().values.responsible);
    assert_eq!(
        organs,
        [OrganId([3; 16]), OrganId([2; 16])],
        "the higher level leads"
    );

    let (story, ..) = is_concurrent(30, (COUNTY, transfer()), (STREET, transfer_to(7)));
    assert_eq!(story.state().values.transferred_to.len(), 2);
}

#[test]
fn of_two_deadlines_the_earliest_holds_and_an_extension_replaces_what_it_saw() {
    let EventBody::Order(mut early) = order_numbered("消责改字2024第2号") else {
        unreachable!("an order")
    };
    early.deadline = DeviceTime(START + 3 * DAY);
    let (mut story, ..) = is_concurrent(10, (COUNTY, order()), (FIRE, EventBody::Order(early)));
    let deadlines = values(&story.state().values.deadline);
    assert_eq!(
        deadlines,
        [DeviceTime(START + 3 * DAY), DeviceTime(START + 7 * DAY)]
    );
    // An extension replaces the deadline of its own organisation, and those of lower levels.
    let received = ServerTime(START + DAY);
    let id = story.then(COUNTY, extend_to(30));
    story.received.insert(id, received);
    assert!(matches!(story.verdict(id), Verdict::Accepted { .. }));
    assert_eq!(story.state().deadline, Some(DeviceTime(START + 3 * DAY)));
    let id = story.then(CITY, extend_to(20));
    story.received.insert(id, received);
    assert_eq!(story.state().deadline, Some(DeviceTime(START + 20 * DAY)));
}

#[test]
fn an_assignment_without_a_deadline_takes_none_away() {
    let EventBody::Assign(mut dated) = assign() else {
        unreachable!("an assignment")
    };
    dated.deadline = Some(DeviceTime(START + DAY));
    let mut story = Story::told(&[(COUNTY, EventBody::Assign(dated))]);
    story.then(MANAGER, claim_fixed());
    story.then(COMMUNITY, recheck_fail());
    story.then(COUNTY, order_numbered("通知1号"));
    let state = story.state();
    assert_eq!(
        values(&state.values.responsible),
        [OrganId([2; 16])],
        "the order names nobody else"
    );
    assert_eq!(state.deadline, Some(DeviceTime(START + 7 * DAY)));
}

#[test]
fn what_was_ordered_in_an_earlier_round_is_over_when_it_comes_back() {
    let mut way = vec![(COUNTY, order()), (MANAGER, claim_fixed())];
    way.extend([
        (COMMUNITY, recheck_pass()),
        (COUNTY, close()),
        (GRID, reopen()),
    ]);
    let state = Story::told(&way).state();
    assert_eq!(
        (state.state, state.cycle, state.deadline),
        (StateCode(10), 2, None)
    );
}

#[test]
fn a_decision_keeps_the_value_that_holds_and_nothing_else() {
    let (mut story, a, b) = is_concurrent(10, (GRID, recode("EG-07")), (COUNTY, recode("EG-09")));
    story.then(CITY, resolve(&[a, b], b));
    let state = story.state();
    assert_eq!(state.code.unwrap().as_str(), "EG-09");
    assert_eq!((state.values.code.len(), state.state), (1, StateCode(10)));
}

#[test]
fn inv_29_clearances_are_counted_once_each_and_only_when_confirmed() {
    let (mut story, a, b) = is_concurrent(50, (MANAGER, clearance(12)), (GRID, clearance(8)));
    story.then(MANAGER, clearance(3));
    let sum = |story: &Story| -> u32 {
        let cleared = story.state().values.clearances;
        cleared
            .iter()
            .filter(|c| c.value.confirmed)
            .map(|c| c.value.quantity)
            .sum()
    };
    assert_eq!(sum(&story), 3, "12 and 8 of one day wait for a decision");
    assert_eq!(story.state().values.clearances.len(), 3);
    let both = EventBody::Resolve(Resolution {
        resolves: vec![a, b],
        holds: a,
        reason: text("两批车辆"),
        also_hold: vec![b],
    });
    let mut one_was_the_other = story.clone();
    story.then(STREET, both);
    assert_eq!(sum(&story), 23);
    one_was_the_other.then(STREET, resolve(&[a, b], a));
    assert_eq!(sum(&one_was_the_other), 15);
    // On different days there are certainly two clearances.
    let (mut story, ..) = is_concurrent(50, (MANAGER, clearance(12)), (GRID, note()));
    story.now += 2 * DAY;
    let seen = vec![story.events[1].id];
    story.after(GRID, &seen, clearance(8));
    assert_eq!(sum(&story), 20);
}

#[test]
fn what_only_adds_stands_beside_anything() {
    for added in [note(), EventBody::AddPhoto(evidence())] {
        for (base, other) in [
            (10, void()),
            (70, close()),
            (50, mark_duplicate()),
            (10, transfer()),
        ] {
            let (story, added, _) =
                is_concurrent(base, (GRID, added.clone()), (COUNTY, other.clone()));
            let mut alone = Story::told(&way_to(base));
            alone.then(COUNTY, other);
            let state = story.state();
            assert_eq!(story.verdict(added), Verdict::Added);
            assert_eq!(state.state, alone.state().state);
            assert!(!state.flags.conflict_open);
        }
    }
}

#[test]
fn a_photo_beside_a_closing_is_shown_to_the_reviewer() {
    let (story, ..) = is_concurrent(
        70,
        (COUNTY, close()),
        (GRID, EventBody::AddPhoto(evidence())),
    );
    let state = story.state();
    assert_eq!(state.state, StateCode(80));
    assert_eq!(state.notices.len(), 1);
    assert_eq!(state.notices[0].rule, "C-11");
}

#[test]
fn two_texts_are_kept_under_their_authors() {
    let (story, a, b) = is_concurrent(50, (GRID, note()), (MANAGER, note()));
    let state = story.state();
    for id in [a, b] {
        assert_eq!(story.verdict(id), Verdict::Added);
    }
    assert_eq!((state.notices.len(), state.conflicts.len()), (0, 0));
}

#[test]
fn a_redaction_wins_over_copies_that_arrive_later() {
    for who in [DPO, COUNTY] {
        let mut story = Story::told(&way_to(50));
        let first = story.events[0].id;
        let id = story.then(who, redact(&[first]));
        assert_eq!(story.verdict(id), Verdict::Added);
        story.after(GRID, &[first], observe());
        let state = story.state();
        assert_eq!(state.redacted.events, [first]);
        assert_eq!(state.redacted.photos, [PhotoHash([8; 32])]);
        assert!(state.flags.redacted);
        assert_eq!(state.state, StateCode(50), "what is hidden still counts");
    }
}

#[test]
fn an_order_gets_its_official_number_and_a_transfer_is_signed_for() {
    let mut story = Story::told(&way_to(40));
    let order = story.events[1].id;
    let id = story.then(COUNTY, official_number(order));
    assert_eq!(story.verdict(id), Verdict::Added);
    let mut story = Story::told(&way_to(35));
    let id = story.then(FIRE, transfer_sign());
    assert_eq!(story.verdict(id), Verdict::Added);
    let id = story.then(FIRE, transfer_accept());
    assert!(matches!(story.verdict(id), Verdict::Accepted { .. }));
}

#[test]
fn inv_22_a_major_hazard_is_set_and_changed_only_by_fire_rescue() {
    let others = [
        GRID, MANAGER, PATROL, COMMUNITY, STREET, COUNTY, URBAN, DEPARTMENT, VOLUNTEER, CITY,
        POLICE, COVERT, PROVINCE,
    ];
    for who in others {
        let mut story = Story::told(&[]);
        let id = story.then(who, regrade(Grade::G3));
        assert!(matches!(story.verdict(id), Verdict::Void { .. }), "{who:?}");
        story.then(FIRE, regrade(Grade::G3));
        story.then(who, regrade(Grade::G1));
        assert_eq!(story.state().grade, Some(Grade::G3), "{who:?}");
    }
    // A concurrent regrade does not change it either.
    let (story, ..) = is_concurrent(10, (FIRE, regrade(Grade::G3)), (COUNTY, regrade(Grade::G2)));
    assert_eq!(story.state().grade, Some(Grade::G3));
}

#[test]
fn the_grade_that_was_set_decides_who_may_close() {
    let mut way = way_to(70);
    way.push((FIRE, regrade(Grade::G3)));
    let mut story = Story::told(&way);
    let id = story.then(COUNTY, close());
    let reason = VoidReason::GradeTooHigh;
    assert_eq!(story.verdict(id), Verdict::Void { reason });
    story.then(CITY, close());
    assert_eq!(story.state().state, StateCode(80));
}

#[test]
fn inv_20_a_violation_is_dissuaded_before_it_is_reported_unless_danger_is_immediate() {
    let found = || {
        let mut story = Story::new();
        story.then(GRID, observe_kind("EV-02"));
        story
    };
    let reason = VoidReason::DissuadeFirst;
    let mut story = found();
    let id = story.then(GRID, report());
    assert_eq!(story.verdict(id), Verdict::Void { reason });
    let EventBody::Report(mut danger) = report() else {
        unreachable!("a report")
    };
    danger.immediate_danger = true;
    story.then(GRID, EventBody::Report(danger));
    assert_eq!(story.state().state, StateCode(30));
    let mut story = found();
    story.then(PATROL, dissuade(DissuasionResult::Refused));
    story.then(GRID, report());
    assert_eq!(story.state().state, StateCode(30));
}

#[test]
fn the_same_photo_before_and_after_is_an_alarm_and_holds_closing() {
    let mut fake = evidence();
    fake.photos = vec![PhotoRef {
        role: PhotoRole::After,
        ..before()
    }];
    let mut way = way_to(50);
    way.push((MANAGER, EventBody::ClaimFixed(fake)));
    way.push((COMMUNITY, recheck_pass()));
    let mut story = Story::told(&way);
    assert!(story.state().flags.evidence_repeated);
    let id = story.then(COUNTY, close());
    let reason = VoidReason::EvidenceRepeated;
    assert_eq!(story.verdict(id), Verdict::Void { reason });
}

#[test]
fn a_proposal_by_a_second_person_is_the_verification_that_voiding_needs() {
    let mut story = Story::told(&[(COMMUNITY, void())]);
    let alone = EventBody::Void(Voiding {
        reason: text("现场核实"),
        verified_by: None,
    });
    story.then(COUNTY, alone);
    assert_eq!(story.state().state, StateCode(95));
}

#[test]
fn long_works_without_interim_measures_and_listed_supervision_show() {
    let EventBody::StartRectify(mut plan) = start_rectify() else {
        unreachable!("a plan")
    };
    plan.ready_by = Some(DeviceTime(START + 5 * DAY));
    let mut story = Story::told(&way_to(40));
    story.then(MANAGER, EventBody::StartRectify(plan));
    assert!(story.state().flags.interim_measures_missing);
    story.then(COUNTY, escalate());
    story.then(CITY, gov_decision(GovOutcome::Rectify));
    let state = story.state();
    assert!(state.flags.listed_supervision);
    assert_eq!(
        values(&state.values.responsible),
        [OrganId([8; 16])],
        "the lead department"
    );
    story.then(FIRE, penalty());
    assert!(story.state().flags.penalised);
}

#[test]
fn a_penalty_case_goes_step_by_step_and_the_government_never_back() {
    use PenaltyStage::{Closed, Decided, Filed, Investigated, Notice, Performed, Served};
    let mut story = Story::told(&[]);
    for stage in [
        Filed,
        Investigated,
        Notice,
        Decided,
        Served,
        Performed,
        Closed,
    ] {
        let id = story.then(FIRE, penalty_at(stage));
        assert!(
            matches!(story.verdict(id), Verdict::Accepted { .. }),
            "{stage}"
        );
    }
    let reason = VoidReason::StepOutOfOrder;
    let id = story.then(FIRE, penalty_at(Filed));
    assert_eq!(story.verdict(id), Verdict::Void { reason });
    assert_eq!(story.state().values.penalties.len(), 7, "each step is kept");
    let mut story = Story::told(&way_to(90));
    story.then(CITY, gov_progress(GovStage::LeadNamed));
    let id = story.then(CITY, gov_progress(GovStage::Received));
    assert_eq!(story.verdict(id), Verdict::Void { reason });
    story.then(CITY, gov_progress(GovStage::Solved));
    assert_eq!(
        story.state().state,
        StateCode(60),
        "solved is to be rechecked"
    );
}

#[test]
fn a_transfer_has_a_time_for_each_step() {
    use crate::hazard::{
        deadline::Standing,
        transfer::{Step, transfers},
    };
    let waiting = |story: &Story, days: i64| {
        let (state, now) = (story.state(), ServerTime(START + days * DAY));
        let told = transfers(
            &state,
            &story.events,
            &story.context(),
            Catalogue::embedded(),
            now,
        );
        assert_eq!(told.len(), 1);
        told[0].waiting.map(|w| (w.step, w.standing))
    };
    // Sent on Monday 25 March 2024.
    let mut story = Story::told(&way_to(35));
    assert_eq!(waiting(&story, 1), Some((Step::Sign, Standing::OnTime)));
    assert_eq!(waiting(&story, 2), Some((Step::Sign, Standing::Overdue)));
    story.then(FIRE, transfer_sign());
    assert_eq!(waiting(&story, 2), Some((Step::Answer, Standing::OnTime)));
    assert_eq!(waiting(&story, 5), Some((Step::Answer, Standing::Overdue)));
    story.then(FIRE, transfer_accept());
    // 15 working days over Qingming and its worked Sunday.
    assert_eq!(
        waiting(&story, 20),
        Some((Step::Feedback, Standing::OnTime))
    );
    assert_eq!(
        waiting(&story, 23),
        Some((Step::Feedback, Standing::Overdue))
    );
    story.then(FIRE, transfer_result(TransferOutcome::Fixed));
    assert_eq!(waiting(&story, 99), None);
    let mut story = Story::told(&way_to(35));
    story.then(FIRE, transfer_return());
    assert_eq!(waiting(&story, 99), None);
}

#[test]
fn the_list_shows_what_was_corrected_and_hides_what_was_redacted() {
    let mut story = Story::told(&[(GRID, recode("EG-07")), (GRID, relocate("5栋"))]);
    let row = story.folded().list_row();
    assert_eq!(
        (row.code.as_str(), row.place.as_str()),
        ("EG-07", "5栋楼梯间")
    );
    assert_eq!(row.description, "堆放杂物");
    let found = story.events[0].id;
    story.then(DPO, redact(&[found]));
    let row = story.folded().list_row();
    assert!(!row.description.contains("堆放"), "{}", row.description);
}

#[test]
fn a_void_finding_gives_no_words() {
    let mut story = Story::told(&[]);
    let EventBody::Observe(mut finding) = observe() else {
        unreachable!("an observation")
    };
    finding.description = text("无隐患");
    // A person from another district, whose clock is a day behind, has not seen the finding.
    story.now -= DAY;
    let void = story.after(STRANGER, &[], EventBody::Observe(finding));
    assert!(matches!(story.verdict(void), Verdict::Void { .. }));
    assert_eq!(story.folded().list_row().description, "堆放杂物");
}
