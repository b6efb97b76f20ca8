//! What honest people can always do: from every state that is not withdrawn or void, a way leads to a settled one.

use sync_core::record::{
    Amendment, Answer, Answers, Conclusion, DeviceId, DeviceTime, Event, EventBody, EventId,
    Finding, Grant, GrantId, InspectionResult, OrganId, PersonId, Reason, Role, ServerTime,
};

use super::{
    case::{Case, Mode, Verdict},
    catalogue::Types,
    judged,
    state::{self, State, View},
    verdict,
};
use crate::{
    history::id_of,
    oracle::doc::Set,
    world::{BEGIN, World, parts::text},
};

/// A world to which events are added, each of which has all earlier ones.
struct Ahead {
    world: World,
}

impl Ahead {
    /// States an event by a person in a role, who has everything. The grant is a new one.
    fn state(&mut self, person: PersonId, role: Role, body: EventBody) -> EventId {
        let number = self.world.events.len();
        let name = format!("ahead-{number}");
        let all = &self.world.events;
        let is_head = |id: &EventId| !all.iter().any(|(_, e)| e.after.contains(id));
        let after = all.iter().map(|(id, _)| *id).filter(is_head).collect();
        let grant = Grant {
            person,
            organ: OrganId(id_of("ahead")),
            role,
            area: "420000".parse().expect("an area"),
            device: DeviceId(id_of(&name)),
            device_key: [0; 32],
            from: ServerTime(0),
            until: None,
            issued: ServerTime(0),
            also: None,
            space: None,
        };
        let event = Event {
            author: person,
            device: grant.device,
            grant: GrantId(id_of(&name)),
            claimed: DeviceTime(BEGIN * 2),
            after,
            beacon: None,
            edition: None,
            body,
        };
        let id = EventId::of(name.as_bytes());
        self.world.facts.grants.insert(event.grant, grant);
        self.world.events.push((id, event));
        id
    }

    /// The state of all events, with all effects taken as *counts*.
    fn view(&self, types: &Types) -> View {
        whole(&judged(&self.world.events, &self.world.facts, types))
    }

    fn verdict(&self, id: EventId, types: &Types) -> Option<Verdict> {
        let case = judged(&self.world.events, &self.world.facts, types);
        Some(case.verdicts[case.doc.find(&id)?])
    }
}

fn whole(case: &Case<'_>) -> View {
    let all: Set = (0..case.doc.events.len()).collect();
    state::view(case, &all, Mode::AllCount)
}

fn person(name: &str) -> PersonId {
    PersonId(id_of(name))
}

fn reason() -> Reason {
    Reason {
        reason: text("理由"),
    }
}

/// A role that may decide about a document.
fn decider(case: &Case<'_>, begun: usize) -> Option<Role> {
    match case.doc.body(begun) {
        EventBody::Activity(entry) => {
            let of = case.types.activity(entry.r#type.as_str())?;
            of.confirm_roles.first().copied()
        }
        _ => Some(Role::CountyReviewer),
    }
}

/// A withdrawal in dispute can be kept out, and what is closed can be withdrawn by two persons.
pub(crate) fn deciders_decide(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    let v = whole(&case);
    let role = decider(&case, *case.begun(&v.set).first()?)?;
    let mut ahead = Ahead {
        world: world.clone(),
    };
    if v.is_withdrawal_disputed() && !v.state.is_gone() {
        ahead.state(person("first"), role, EventBody::Confirm(reason()));
        if ahead.view(types).is_withdrawal_disputed() {
            return Some("a third person cannot keep it".to_owned());
        }
    } else if v.is_closed() && v.state != State::Withdrawn {
        ahead.state(person("first"), role, EventBody::Withdraw(reason()));
        ahead.state(person("second"), role, EventBody::Withdraw(reason()));
        if ahead.view(types).state != State::Withdrawn {
            return Some("two persons cannot withdraw it".to_owned());
        }
    }
    None
}

/// An activity of one person can be corrected and confirmed, an inspection that was not finished can be finished.
pub(crate) fn work_continues(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    let v = whole(&case);
    let begun = case.begun(&v.set);
    let first = *begun.first()?;
    let role = decider(&case, first)?;
    let is_unknown = |e: &usize| case.verdicts[*e] == Verdict::Unknown;
    let several = !begun.iter().all(|b| case.doc.same_person(*b, first));
    if v.state.is_gone() || v.set.iter().any(is_unknown) || several {
        return None;
    }
    let mut ahead = Ahead {
        world: world.clone(),
    };
    if v.is_withdrawal_disputed() {
        ahead.state(person("keeper"), role, EventBody::Confirm(reason()));
    }
    let author = case.doc.person(first);
    match case.doc.body(first) {
        EventBody::Activity(entry) => {
            let data = entry.data.clone();
            let held = entry.held;
            let by_one = begun.iter().all(|b| case.doc.person(*b) == author);
            if !by_one {
                return None;
            }
            let amendment = Amendment {
                title: text("更正"),
                held,
                photos: Vec::new(),
                data,
                reason: text("更正"),
            };
            let amend = ahead.state(author, case.doc.role(first)?, EventBody::Amend(amendment));
            ahead.state(person("checker"), role, EventBody::Confirm(reason()));
            let case = judged(&ahead.world.events, &ahead.world.facts, types);
            let v = whole(&case);
            let counted = state::counted(&case, &v).map(|e| case.doc.events[e].id);
            let done = v.state == State::Confirmed && counted == Some(amend);
            (!done).then(|| format!("after a correction and a confirmation: {:?}", v.state))
        }
        EventBody::Inspect(start) if !v.is_closed() && begun.len() == 1 => {
            let of = types.template(start.template.as_str())?;
            let is_side = |role: &&Role| verdict::SIDE.contains(role);
            let role = of.roles.iter().find(|role| !is_side(role)).copied();
            let role = role.unwrap_or(case.doc.role(first)?);
            let answer = Answer {
                item: text(&of.items[0]),
                finding: Finding::Ok,
                milli: None,
                words: None,
                hazard: None,
            };
            let answers = Answers {
                building: text("9栋"),
                unit: text(""),
                answers: vec![answer],
                photos: Vec::new(),
            };
            let answer = ahead.state(person("inspector"), role, EventBody::Answer(answers));
            let stopped = Conclusion {
                result: InspectionResult::Stopped,
                note: text("中止"),
            };
            let finish = EventBody::FinishInspection(stopped);
            let finish = ahead.state(person("inspector"), role, finish);
            let verdicts = [answer, finish].map(|id| ahead.verdict(id, types));
            let done = verdicts == [Some(Verdict::Accepted); 2];
            (!done).then(|| format!("answer and end: {verdicts:?}"))
        }
        _ => None,
    }
}
