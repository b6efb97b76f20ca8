//! Contents of events of activities and inspections, mostly as a person would write them.

use sync_core::record::{
    ActivityEntry, Amendment, Answer, Answers, AreaPath, CompoundId, Conclusion, DAY_MS,
    DeviceTime, DocId, EventBody, Finding, HOUR_MS, InspectionKind, InspectionResult,
    InspectionStart, OrganId, PhotoHash, PhotoRef, PhotoRole, Reason, Redaction, Role, Signature,
    SignedAs, TeamMember,
};

use super::{answers, catalogue::Types, state::View};
use crate::{
    history::id_of,
    world::{
        Actor, Chance,
        parts::{evidence, photo, text},
    },
};

/// What the events of one world are about.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    /// Whether the document is an activity.
    pub(crate) is_activity: bool,
    /// The activity type or the template.
    pub(crate) code: &'static str,
    /// The area of the document.
    pub(crate) area: AreaPath,
    /// The items that people answer.
    pub(crate) items: Vec<String>,
    /// Whether the places are mostly locked.
    pub(crate) locked: bool,
    /// Whether the author states one content only.
    pub(crate) plain: bool,
    /// Whether one person inspects alone.
    pub(crate) alone: bool,
}

/// What the author of an event has.
pub(crate) struct Scene<'a, 'b> {
    /// The document so far.
    pub(crate) case: &'a super::case::Case<'b>,
    /// The catalogue.
    pub(crate) types: &'a Types,
    /// The theme.
    pub(crate) theme: &'a Theme,
    /// The state of what the author has.
    pub(crate) view: &'a View,
    /// The author.
    pub(crate) actor: &'a Actor,
    /// The author's clock.
    pub(crate) now: i64,
}

/// The body of an event of a kind.
pub(crate) fn body(chance: &mut Chance, kind: &str, scene: &Scene<'_, '_>) -> EventBody {
    match kind {
        "activity" => activity(chance, scene),
        "amend" => amend(chance, scene),
        "confirm" => EventBody::Confirm(reason(chance)),
        "withdraw" => EventBody::Withdraw(reason(chance)),
        "receive" => EventBody::Receive(reason(chance)),
        "respond" => EventBody::Respond(evidence(chance, PhotoRole::Other)),
        "inspect" => inspect(chance, scene),
        "answer" => answer(chance, scene),
        "sign" => sign(chance, scene),
        "finish_inspection" => finish(chance, scene),
        "add_photo" => EventBody::AddPhoto(evidence(chance, PhotoRole::Other)),
        "redact" => redact(chance, scene),
        "unknown" => EventBody::Unknown { number: 999 },
        "claim_fixed" => EventBody::ClaimFixed(evidence(chance, PhotoRole::After)),
        _ => EventBody::Note(reason(chance)),
    }
}

fn reason(chance: &mut Chance) -> Reason {
    let words = if chance.percent(6) { "" } else { "理由" };
    Reason {
        reason: text(words),
    }
}

fn photos(chance: &mut Chance, percent: usize) -> Vec<PhotoRef> {
    let name = format!("photo-{}", chance.below(1000));
    if chance.percent(percent) {
        vec![photo(&name, PhotoRole::Other)]
    } else {
        Vec::new()
    }
}

/// A time before the author's clock, rarely an impossible one.
fn earlier(chance: &mut Chance, now: i64) -> DeviceTime {
    DeviceTime(match chance.below(100) {
        0 => now + 2 * DAY_MS,
        1 => now + DAY_MS,
        2 => 0,
        _ => now - HOUR_MS,
    })
}

/// Type-specific fields: one of a few, or rarely such as no type allows.
fn data(chance: &mut Chance, code: &str, plain: bool) -> String {
    let n = if plain { 7 } else { 5 + chance.below(3) };
    match chance.below(60) {
        0 => return "{".to_owned(),
        1 => return r#"{"colour":1}"#.to_owned(),
        2 if code == "ebike_facility" => return r#"{"ports":7,"ports":7}"#.to_owned(),
        3..6 if code == "ebike_facility" => return format!(r#"{{ "ports": {n}}}"#),
        6..9 if code == "ebike_facility" => return format!(r#"{{"ports":{n}.0}}"#),
        2 if code == "responsibility" => return r#"{"post":"","duty":"巡查"}"#.to_owned(),
        2 if code == "publicity" => return r#"{"channel":"leaflet","summary":""}"#.to_owned(),
        _ => {}
    }
    match code {
        "publicity" => format!(r#"{{"channel":"leaflet","leaflets":{n}}}"#),
        "poster" => format!(r#"{{"notice":"五个严禁","sheets":{n}}}"#),
        "removal" => format!(r#"{{"item":"gate","pieces":{n}}}"#),
        "clearance" => format!(r#"{{"item":"ebike","vehicles":{n}}}"#),
        "ebike_facility" => format!(r#"{{"ports":{n}}}"#),
        "responsibility" => format!(r#"{{"post":"经理","duty":"巡查{n}"}}"#),
        "supervision_task" => format!(r#"{{"kind":"urge","subject":"事项{n}"}}"#),
        "penalty_case" => format!(r#"{{"case":"{n}号","kind":"fine","stage":"filed"}}"#),
        "meeting" => format!(r#"{{"kind":"mobilisation","attendees":{n}}}"#),
        "leader_action" => format!(r#"{{"kind":"study_deploy","compounds":{n}}}"#),
        _ => "{}".to_owned(),
    }
}

fn activity(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let theme = scene.theme;
    let area = if chance.percent(2) {
        theme.area.child("G07").unwrap_or(theme.area.clone())
    } else {
        theme.area.clone()
    };
    let code = match chance.below(40) {
        0 => "dance",
        1 => "ebike_facility",
        _ => theme.code,
    };
    EventBody::Activity(ActivityEntry {
        r#type: text(code),
        area,
        compound: None,
        title: text("登记"),
        held: held(chance, scene),
        photos: photos(chance, 92),
        data: text(&data(chance, code, theme.plain)),
    })
}

/// When an activity took place: mostly what was stated before.
fn held(chance: &mut Chance, scene: &Scene<'_, '_>) -> DeviceTime {
    let stated = scene.case.begun(&scene.view.set);
    let stated = stated.first().map(|b| scene.case.doc.body(*b));
    match stated {
        Some(EventBody::Activity(entry)) if chance.percent(90) => entry.held,
        _ => earlier(chance, scene.now),
    }
}

fn amend(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let title = if chance.percent(80) {
        "登记"
    } else {
        "更正"
    };
    EventBody::Amend(Amendment {
        title: text(title),
        held: held(chance, scene),
        photos: photos(chance, 20),
        data: text(&data(chance, scene.theme.code, scene.theme.plain)),
        reason: text("更正"),
    })
}

fn inspect(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let theme = scene.theme;
    let template = if chance.percent(4) {
        "TPL-X"
    } else {
        theme.code
    };
    let kind = scene.types.template(theme.code);
    let kind = kind.and_then(|of| InspectionKind::from_name(&of.kind));
    let kind = kind.filter(|_| !chance.percent(2));
    let people = match chance.below(40) {
        0 => vec![0],
        1 => vec![501],
        _ if theme.alone => vec![1],
        2 => vec![500, 500, 1],
        3 => vec![500, 500],
        4..16 => vec![1],
        16..24 => Vec::new(),
        24..28 => vec![1, 1],
        _ => vec![3],
    };
    let member = |(n, people): (usize, u16)| TeamMember {
        organ: OrganId(id_of(&format!("单位{n}"))),
        people,
    };
    let papers = theme.code == "TPL-DEPT";
    let compound = (!papers && !chance.percent(2)).then(|| CompoundId(id_of("小区")));
    EventBody::Inspect(InspectionStart {
        template: text(template),
        template_version: if chance.percent(2) { 2 } else { 1 },
        kind: kind.unwrap_or(InspectionKind::Covert),
        area: theme.area.clone(),
        compound,
        team: people.into_iter().enumerate().map(member).collect(),
        started: earlier(chance, scene.now),
    })
}

const BUILDINGS: [&str; 7] = ["3栋", "3号楼", "三幢", "３栋", "5栋", "五号楼", ""];
const UNITS: [&str; 6] = ["", "", "", "1单元", "一单元", "2单元"];

fn answer(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let count = 1 + chance.below(2);
    let mut answers: Vec<Answer> = Vec::new();
    for _ in 0..count {
        let code = chance.one(&scene.theme.items).cloned().unwrap_or_default();
        let code = match chance.below(100) {
            0 => "IT-99",
            1 => "IT-80",
            _ => &code,
        };
        if !answers.iter().any(|a| a.item.as_str() == code) {
            answers.push(one_answer(chance, scene, code));
        }
    }
    let building = chance.one(&BUILDINGS).copied().unwrap_or_default();
    let unit = chance.one(&UNITS).copied().unwrap_or_default();
    EventBody::Answer(Answers {
        building: text(building),
        unit: text(unit),
        answers,
        photos: photos(chance, 55),
    })
}

fn one_answer(chance: &mut Chance, scene: &Scene<'_, '_>, code: &str) -> Answer {
    let item = scene.types.item(code);
    let finding = match chance.below(100) {
        _ if scene.theme.locked && chance.percent(85) => Finding::NotReached,
        0..50 => Finding::Ok,
        50..76 => Finding::Problem,
        76..88 => Finding::NotReached,
        88..94 => Finding::NotApplicable,
        _ if item.is_some_and(|item| item.only_judged) && chance.percent(80) => Finding::Ok,
        _ => Finding::Given,
    };
    let has_unit = item.is_some_and(|item| item.unit.is_some());
    let milli = match chance.below(60) {
        0 => Some(-1000),
        1 => Some(2_000_000_000),
        2 => Some(1500),
        3 => Some(1000),
        _ if has_unit && chance.percent(60) => Some(1000 * chance.up_to(2)),
        _ => None,
    };
    let opens = finding == Finding::Problem && chance.percent(60);
    let number = chance.below(1000);
    Answer {
        item: text(code),
        finding,
        milli,
        words: None,
        hazard: (opens || chance.percent(1)).then(|| DocId(id_of(&format!("隐患{number}")))),
    }
}

fn sign(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let side = [
        Role::PropertyManager,
        Role::PropertyPatrol,
        Role::OwnersCommittee,
    ];
    let is_side = side.contains(&scene.actor.grant.role);
    let signed_as = match chance.below(10) {
        0..5 if is_side => SignedAs::Inspected,
        0..5 => SignedAs::Inspector,
        5..8 => SignedAs::Inspected,
        _ => SignedAs::Refused,
    };
    let person = scene.actor.grant.person;
    let witness = if chance.percent(10) {
        Some(person)
    } else {
        let other = sync_core::record::PersonId(id_of("见证人"));
        (!chance.percent(15)).then_some(other)
    };
    EventBody::Sign(Signature {
        signed_as,
        organ: None,
        witness: witness.filter(|_| signed_as == SignedAs::Refused),
        note: text("签字"),
        photos: photos(chance, 70),
    })
}

fn finish(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let answered = answers::accepted(scene.case, &scene.view.set);
    let registers = answers::registers(scene.case, &answered);
    let is_problem = |r: &answers::Register| r.finding == Finding::Problem;
    let honest = if registers.values().any(is_problem) {
        InspectionResult::Problems
    } else {
        InspectionResult::Passed
    };
    let result = match chance.below(20) {
        0 => InspectionResult::Passed,
        1 => InspectionResult::Problems,
        2 | 3 => InspectionResult::Stopped,
        _ => honest,
    };
    EventBody::FinishInspection(Conclusion {
        result,
        note: text("结束"),
    })
}

fn redact(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let known: Vec<usize> = scene.view.set.iter().copied().collect();
    let of = chance.one(&known).map(|e| scene.case.doc.events[*e].id);
    let photo = PhotoHash::of(b"photo-1");
    EventBody::Redact(Redaction {
        events: of.into_iter().collect(),
        photos: if of.is_none() || chance.percent(30) {
            vec![photo]
        } else {
            Vec::new()
        },
        reason: text("个人信息"),
    })
}
