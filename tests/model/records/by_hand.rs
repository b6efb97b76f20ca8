//! Worlds made by hand: earlier rules let one person do there what a law forbids.

use sync_core::record::{
    Answer, Answers, CompoundId, Conclusion, DeviceId, DeviceTime, Event, EventBody, EventId,
    Finding, Grant, GrantId, InspectionKind, InspectionResult, InspectionStart, OrganId, PersonId,
    Reason, Role, ServerTime,
};

use super::{catalogue::Types, laws};
use crate::{
    history::id_of,
    oracle::facts::Facts,
    world::{BEGIN, World, parts::text, people::AREA},
};

/// A world of a few events by name.
struct ByHand(World);

impl ByHand {
    fn new() -> Self {
        Self(World {
            seed: 0,
            events: Vec::new(),
            facts: Facts::default(),
            actors: Vec::new(),
        })
    }

    /// One more event, by a person in a role, after the events with these names.
    fn state(mut self, name: &str, who: &str, role: Role, after: &[&str], body: EventBody) -> Self {
        let id = |name: &str| EventId::of(name.as_bytes());
        let grant = Grant {
            person: PersonId(id_of(who)),
            organ: OrganId(id_of(who)),
            role,
            area: AREA.parse().expect("an area"),
            device: DeviceId(id_of(who)),
            device_key: [0; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
            also: None,
            space: None,
        };
        let event = Event {
            author: grant.person,
            device: grant.device,
            grant: GrantId(id_of(who)),
            claimed: DeviceTime(BEGIN + i64::try_from(self.0.events.len()).unwrap_or(0)),
            after: after.iter().map(|name| id(name)).collect(),
            beacon: None,
            edition: None,
            body,
        };
        self.0.facts.grants.insert(event.grant, grant);
        self.0.events.push((id(name), event));
        self
    }
}

fn inspect() -> EventBody {
    EventBody::Inspect(InspectionStart {
        template: text("TPL-RECHECK"),
        template_version: 1,
        kind: InspectionKind::Recheck,
        area: AREA.parse().expect("an area"),
        compound: Some(CompoundId(id_of("小区"))),
        team: Vec::new(),
        started: DeviceTime(BEGIN),
    })
}

fn answer(finding: Finding) -> EventBody {
    let answer = Answer {
        item: text("IT-04"),
        finding,
        milli: None,
        words: None,
        hazard: None,
    };
    EventBody::Answer(Answers {
        building: text("3栋"),
        unit: text(""),
        answers: vec![answer],
        photos: Vec::new(),
    })
}

fn finish(result: InspectionResult) -> EventBody {
    EventBody::FinishInspection(Conclusion {
        result,
        note: text(""),
    })
}

fn withdraw() -> EventBody {
    EventBody::Withdraw(Reason {
        reason: text("理由"),
    })
}

/// A second device that lacks the conclusion withdraws; the dispute then has one party, who decides it.
#[test]
fn one_person_ends_no_finished_inspection_by_a_dispute_with_an_own_device() {
    let (who, role) = ("周", Role::CommunityOfficer);
    let passed = finish(InspectionResult::Passed);
    let world = ByHand::new()
        .state("begin", who, role, &[], inspect())
        .state("answer", who, role, &["begin"], answer(Finding::Ok))
        .state("finish", who, role, &["answer"], passed)
        .state("one", who, role, &["begin"], withdraw())
        .state("two", who, role, &["one", "finish"], withdraw());
    assert!(laws::two_persons_end(&world.0, &Types::embedded()).is_none());
}

/// An answer that its author made without the conclusion is a supplement; the same person finishes it.
#[test]
fn one_person_lowers_no_result_that_another_person_concluded() {
    let (grid, officer) = (Role::GridWorker, Role::CommunityOfficer);
    let (problems, passed) = (
        finish(InspectionResult::Problems),
        finish(InspectionResult::Passed),
    );
    let world = ByHand::new()
        .state("begin", "李", grid, &[], inspect())
        .state("found", "李", grid, &["begin"], answer(Finding::Problem))
        .state("finish", "李", grid, &["found"], problems)
        .state("late", "王", officer, &["found"], answer(Finding::Ok))
        .state("again", "王", officer, &["late", "finish"], passed);
    assert!(laws::results_stay(&world.0, &Types::embedded()).is_none());
}

/// The person whose proposal a withdrawal rests on is no party to the dispute about it.
#[test]
fn who_proposed_a_withdrawal_does_not_decide_the_dispute_about_it() {
    let (officer, street) = (Role::CommunityOfficer, Role::StreetOfficer);
    let (stopped, county) = (finish(InspectionResult::Stopped), Role::CountyReviewer);
    let world = ByHand::new()
        .state("begin", "周", officer, &[], inspect())
        .state("finish", "周", officer, &["begin"], stopped)
        .state("one", "吴", street, &["finish"], withdraw())
        .state("two", "郑", county, &["one"], withdraw())
        .state("late", "王", officer, &["begin"], answer(Finding::Ok))
        .state("three", "吴", street, &["two", "late"], withdraw());
    assert!(laws::deciders_took_no_side(&world.0, &Types::embedded()).is_none());
}
