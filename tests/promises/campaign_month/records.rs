//! Activities and inspections of a day: stated, amended, confirmed and withdrawn; started, answered and finished.

use cli_simulator::world::note;
use sync_core::{
    activity::State,
    document::DocumentState,
    record::{
        ActivityEntry, Amendment, Answer, Answers, Conclusion, Data, DeviceTime, DocId, Edition,
        EventBody, Finding, InspectionKind, InspectionResult, InspectionStart, ItemCode, Label,
        Long, PhotoRole, Short, TemplateCode, TypeCode,
    },
};

use super::{
    Month,
    catalogues::PATROL,
    people::{Member, PLACES, Post, compounds},
};

/// An activity that was stated.
pub(super) struct Stated {
    pub(super) doc: DocId,
    /// Its author, as an index of the members.
    author: usize,
    pub(super) kind: &'static str,
    pub(super) day: usize,
    /// The edition of the catalogue that its author was shown.
    pub(super) edition: Edition,
}

/// An inspection that is not finished.
pub(super) struct Visit {
    doc: DocId,
    inspector: usize,
    finding: Finding,
    until: usize,
}

/// The fields of an activity with one quantity.
fn data(kind: &str, quantity: u64) -> Data {
    let text = match kind {
        "publicity" | PATROL => {
            format!(r#"{{"channel": "e_screen", "sessions": {quantity}, "screens": 4}}"#)
        }
        "training" => {
            format!(r#"{{"sessions": 1, "attendees": {quantity}, "topic": "灭火器使用"}}"#)
        }
        "drill" => format!(r#"{{"sessions": {quantity}, "attendees": 20}}"#),
        "poster" => format!(r#"{{"notice": "五个严禁", "sheets": {quantity}}}"#),
        "clearance" => format!(r#"{{"item": "ebike", "vehicles": {quantity}}}"#),
        "removal" => format!(r#"{{"item": "grille", "pieces": {quantity}, "area_m2": 2.5}}"#),
        _ => format!(
            r#"{{"channel": "hotline", "content": "第{quantity}件", "result": "verified"}}"#
        ),
    };
    Data::new(&text).unwrap()
}

/// The activities that a post states under an edition.
fn kinds(post: Post, edition: Edition) -> &'static [&'static str] {
    match post {
        Post::Second if edition == Edition(2) => &["publicity", "clearance", PATROL],
        Post::Grid => &["publicity", "clearance", "poster"],
        Post::Second => &["publicity", "clearance"],
        Post::Manager => &["training", "drill", "removal", "publicity"],
        Post::Officer => &["training", "publicity"],
        Post::Reviewer => &["public_report"],
    }
}

fn state_of(member: &Member, doc: DocId) -> Option<State> {
    let folded = member.phone.device.open_document(doc).ok()?;
    match folded.state() {
        DocumentState::Activity(state) => Some(state.state),
        _ => None,
    }
}

impl Month {
    /// A person states an activity of today or of the days before.
    pub(super) fn record(&mut self, n: usize, day: usize) {
        let edition = self.members[n].phone.device.edition().unwrap();
        let kinds = kinds(self.members[n].post, edition);
        let kind = kinds[self.roll(kinds.len() as u64) as usize];
        let quantity = 1 + self.roll(9);
        let ago = self.roll(3) as i64 * 86_400_000;
        let at = if kind == "public_report" {
            None
        } else {
            let compound = self.roll(self.members[n].reach());
            Some(compounds(self.members[n].county).swap_remove(compound as usize))
        };
        let member = &mut self.members[n];
        let photos = match kind {
            "poster" | "clearance" | "removal" => vec![member.shot(PhotoRole::After, day)],
            _ => Vec::new(),
        };
        let county = PLACES[member.county].parse().unwrap();
        let entry = ActivityEntry {
            r#type: TypeCode::new(kind).unwrap(),
            area: at.as_ref().map_or(county, |c| c.grid.clone()),
            compound: at.map(|c| c.id),
            title: Short::new("一条登记").unwrap(),
            held: DeviceTime(member.phone.device.host.clock.now().0 - ago),
            photos,
            data: data(kind, quantity),
        };
        let (doc, _) = member.phone.device.begin_activity(entry, None).unwrap();
        self.stated.push(Stated {
            doc,
            author: n,
            kind,
            day,
            edition,
        });
    }

    /// The author or an officer amends, confirms or withdraws an earlier activity of a county.
    pub(super) fn revise(&mut self, county: usize, online: bool) {
        let of = |s: &&Stated| self.members[s.author].county == county;
        let all: Vec<(DocId, usize, &'static str)> = self
            .stated
            .iter()
            .filter(of)
            .map(|s| (s.doc, s.author, s.kind))
            .collect();
        let (what, quantity) = (self.roll(4), 1 + self.roll(9));
        // Most of what is confirmed needs it.
        let needs = |kind: &str| ["clearance", "removal"].contains(&kind);
        let mut all: Vec<_> = all
            .into_iter()
            .filter(|r| what != 1 || needs(r.2))
            .collect();
        if all.is_empty() {
            return;
        }
        let (doc, author, kind) = all.swap_remove(self.roll(all.len() as u64) as usize);
        let officer = self.member(county, Post::Officer);
        let state = state_of(&self.members[author], doc);
        let (who, body) = match what {
            0 => {
                let now = self.members[author].phone.device.host.clock.now().0;
                (author, amendment(kind, quantity, now))
            }
            1 | 2 if online => (officer, EventBody::Confirm(note("现场核对"))),
            _ => {
                if state == Some(State::Confirmed) {
                    self.proposed.push((doc, county));
                }
                (author, EventBody::Withdraw(note("登记有误")))
            }
        };
        if state_of(&self.members[who], doc).is_some() {
            let device = &mut self.members[who].phone.device;
            device.state(doc, body, None).unwrap();
        }
    }

    /// The second person withdraws what was proposed, where the device has it.
    pub(super) fn second_withdrawals(&mut self) {
        for (doc, county) in std::mem::take(&mut self.proposed) {
            let officer = self.member(county, Post::Officer);
            let there = state_of(&self.members[officer], doc);
            if there == Some(State::Confirmed) {
                let device = &mut self.members[officer].phone.device;
                let body = EventBody::Withdraw(note("核实，确有错误"));
                device.state(doc, body, None).unwrap();
                let now = state_of(&self.members[officer], doc);
                self.withdrawn_by_two += usize::from(now == Some(State::Withdrawn));
            } else if there.is_none() {
                self.proposed.push((doc, county));
            }
        }
    }

    /// A grid worker begins an inspection and answers for one building.
    pub(super) fn inspect(&mut self, n: usize, day: usize) {
        let compound = self.roll(self.members[n].reach()) as usize;
        let compound = compounds(self.members[n].county).swap_remove(compound);
        let building = format!("{}栋", 1 + self.roll(4));
        let finding = if self.chance(70) {
            Finding::Ok
        } else {
            Finding::Problem
        };
        let until = day + self.roll(3) as usize;
        let member = &mut self.members[n];
        let (edition, catalogue) = (
            member.phone.device.edition().unwrap(),
            member.phone.device.catalogue(),
        );
        let template = catalogue.template("TPL-DAILY", edition).unwrap();
        let start = InspectionStart {
            template: TemplateCode::new(&template.code).unwrap(),
            template_version: template.version,
            kind: InspectionKind::Daily,
            area: compound.grid.clone(),
            compound: Some(compound.id),
            team: Vec::new(),
            started: DeviceTime(member.phone.device.host.clock.now().0),
        };
        let photos = vec![member.shot(PhotoRole::Patrol, day)];
        let (doc, _) = member.phone.device.begin_inspection(start, None).unwrap();
        let answers = EventBody::Answer(Answers {
            building: Label::new(&building).unwrap(),
            unit: Label::new("1单元").unwrap(),
            answers: vec![Answer {
                item: ItemCode::new("IT-03").unwrap(),
                finding,
                milli: None,
                words: None,
                hazard: None,
            }],
            photos,
        });
        member.phone.device.state(doc, answers, None).unwrap();
        self.visits.push(Visit {
            doc,
            inspector: n,
            finding,
            until,
        });
    }

    /// Inspections that end on this day are finished.
    pub(super) fn finish_visits(&mut self, day: usize) {
        for visit in std::mem::take(&mut self.visits) {
            if visit.until > day {
                self.visits.push(visit);
                continue;
            }
            let result = if visit.finding == Finding::Problem {
                InspectionResult::Problems
            } else {
                InspectionResult::Passed
            };
            let note = Long::default();
            let body = EventBody::FinishInspection(Conclusion { result, note });
            let device = &mut self.members[visit.inspector].phone.device;
            device.state(visit.doc, body, None).unwrap();
        }
    }
}

fn amendment(kind: &str, quantity: u64, now: i64) -> EventBody {
    EventBody::Amend(Amendment {
        title: Short::new("一条登记").unwrap(),
        held: DeviceTime(now),
        photos: Vec::new(),
        data: data(kind, quantity),
        reason: Short::new("数字有误").unwrap(),
    })
}
