//! What people do with hazards on a day: find, dissuade, report, order, fix, recheck, close, transfer, void, merge.

use cli_simulator::world::{evidence, note, observation};
use sync_core::{
    device::Filter,
    record::{
        DAY_MS, DeviceTime, Dissuasion, DissuasionMethod, DissuasionResult, DocId, Duplicate,
        Edition, Escalation, EscalationClass, EventBody, GovProgress, GovStage, Label,
        LocationKind, Long, PersonId, PhotoRole, RectificationOrder, Short, Transfer,
        TransferOutcome, TransferResult, ViolationReport, Voiding,
    },
};

use super::{
    Month,
    people::{Member, Post, compounds, organ, person},
};

/// The kind that the second edition of the catalogue adds. It takes the place of the one that is retired.
pub(super) const NEW_KIND: &str = "EV-50";
const RETIRED: &str = "EG-06";

const CODES: [&str; 10] = [
    RETIRED, "EG-03", "EV-06", "FL-01", "WN-01", "FF-02", "MG-03", "MG-08", "EV-08", "FD-02",
];

fn long(words: &str) -> Long {
    Long::new(words).unwrap()
}

fn short(words: &str) -> Short {
    Short::new(words).unwrap()
}

fn label(words: &str) -> Label {
    Label::new(words).unwrap()
}

impl Month {
    /// A person may find a hazard; some are put right on the spot.
    pub(super) fn find(&mut self, n: usize, day: usize) {
        let county = self.members[n].county;
        let compound = self.roll(self.members[n].reach()) as usize;
        let compound = compounds(county).swap_remove(compound);
        let code = CODES[self.roll(CODES.len() as u64) as usize];
        let building = format!("{}栋", 1 + self.roll(4));
        let on_spot = self.chance(25);
        let member = &mut self.members[n];
        let edition = member.phone.device.edition().unwrap();
        let code = match code {
            RETIRED if edition > Edition(1) => NEW_KIND,
            code => code,
        };
        let before = member.shot(PhotoRole::Before, day);
        let place = (building.as_str(), "1单元", "1层", LocationKind::Stairwell);
        let found = observation(&compound, code, place, "楼道堆物", vec![before]);
        let (doc, _) = member.phone.device.observe(found, None).unwrap();
        self.found.push((doc, day, edition));
        if on_spot {
            let member = &mut self.members[n];
            let photos = [PhotoRole::Before, PhotoRole::After].map(|role| member.shot(role, day));
            let body = EventBody::FixOnSpot(evidence("当场清理", photos.to_vec()));
            member.phone.device.state(doc, body, None).unwrap();
        }
    }

    /// A person works on some of the hazards that the device has.
    pub(super) fn respond(&mut self, n: usize, day: usize) {
        let all = Filter {
            limit: 10_000,
            ..Filter::default()
        };
        let rows = self.members[n].phone.device.list(&all).unwrap();
        let mut docs: Vec<(DocId, u16)> = rows.iter().map(|r| (r.doc, r.row.state)).collect();
        docs.sort();
        let most = if self.members[n].post == Post::Reviewer {
            4
        } else {
            2
        };
        let mut done = 0;
        while done < most && !docs.is_empty() {
            let (doc, state) = docs.swap_remove(self.roll(docs.len() as u64) as usize);
            let chance = self.roll(100);
            let body = match self.members[n].post {
                Post::Grid => grid(&mut self.members[n], state, chance, day),
                Post::Second => second(&mut self.members[n], state, chance, day),
                Post::Manager => manager(&mut self.members[n], state, chance, day),
                Post::Officer => officer(&mut self.members[n], state, chance, day),
                Post::Reviewer => reviewer(&self.members[n], state, chance, (doc, &docs)),
            };
            if let Some(body) = body {
                let device = &mut self.members[n].phone.device;
                device.state(doc, body, None).unwrap();
                done += 1;
            }
        }
    }
}

fn grid(member: &mut Member, state: u16, chance: u64, day: usize) -> Option<EventBody> {
    let recipients = vec![
        organ(member.county, Post::Officer),
        organ(member.county, Post::Reviewer),
    ];
    match (state, chance) {
        (10 | 65, 0..30) => Some(EventBody::Dissuade(Dissuasion {
            method: DissuasionMethod::Oral,
            result: DissuasionResult::Refused,
            note: long("劝阻"),
            photos: Vec::new(),
            promised_until: None,
        })),
        (20, 0..60) => Some(EventBody::Report(ViolationReport {
            recipients,
            note: long("上报"),
            immediate_danger: false,
        })),
        (80, 0..10) => {
            let shot = member.shot(PhotoRole::Before, day);
            Some(EventBody::Reopen(evidence("又堆放", vec![shot])))
        }
        _ => None,
    }
}

fn second(member: &mut Member, state: u16, chance: u64, day: usize) -> Option<EventBody> {
    match (state, chance) {
        (15 | 60, 0..70) => {
            let shot = member.shot(PhotoRole::After, day);
            Some(EventBody::RecheckPass(evidence("复查合格", vec![shot])))
        }
        (15 | 60, 70..90) | (70, 0..10) => {
            let shot = member.shot(PhotoRole::Before, day);
            Some(EventBody::RecheckFail(evidence("仍存在", vec![shot])))
        }
        (10 | 30, 0..10) => Some(EventBody::Void(Voiding {
            reason: long("现场没有"),
            verified_by: None,
        })),
        _ => None,
    }
}

fn manager(member: &mut Member, state: u16, chance: u64, day: usize) -> Option<EventBody> {
    match (state, chance) {
        (10 | 30 | 40 | 50 | 65, 0..65) => {
            let shot = member.shot(PhotoRole::After, day);
            Some(EventBody::ClaimFixed(evidence("已整改", vec![shot])))
        }
        _ => None,
    }
}

fn officer(member: &mut Member, state: u16, chance: u64, day: usize) -> Option<EventBody> {
    let now = member.phone.device.host.clock.now().0;
    match (state, chance) {
        (15, 0..50) => Some(EventBody::ConfirmSpotFix(note("核对照片"))),
        (10 | 30 | 65, 0..25) => Some(EventBody::Order(RectificationOrder {
            number: label(&format!("责改{day}")),
            temporary: false,
            basis: short("消防法第六十条"),
            deadline: DeviceTime(now + (2 + chance as i64 % 5) * DAY_MS),
            photos: Vec::new(),
            responsible: None,
        })),
        (35, _) => Some(EventBody::TransferAccept(note("受理"))),
        (36, 0..60) => {
            let shot = member.shot(PhotoRole::After, day);
            Some(EventBody::TransferResult(TransferResult {
                outcome: TransferOutcome::Fixed,
                document: label("函1"),
                note: long("已办"),
                photos: vec![shot],
                deadline: None,
            }))
        }
        (70, 0..50) => Some(EventBody::Close(note("同意销号"))),
        _ => None,
    }
}

fn reviewer(
    member: &Member,
    state: u16,
    chance: u64,
    (doc, others): (DocId, &[(DocId, u16)]),
) -> Option<EventBody> {
    let second = PersonId([person(member.county, 2); 16]);
    match (state, chance) {
        (70, 0..60) => Some(EventBody::Close(note("同意销号"))),
        (10, 0..6) => Some(EventBody::Transfer(Transfer {
            to: organ(member.county, Post::Officer),
            facts: long("附现场照片"),
            photos: Vec::new(),
        })),
        (10 | 30, 6..14) => Some(EventBody::Escalate(Escalation {
            class: EscalationClass::Legacy,
            letter: label("请1"),
            interim_measures: short("专人看护"),
            note: long("提请"),
        })),
        (90, 0..60) => Some(EventBody::GovProgress(GovProgress {
            stage: GovStage::Solved,
            note: long("已解决"),
        })),
        (10 | 30, 14..40) => Some(EventBody::Void(Voiding {
            reason: long("核查不实"),
            verified_by: Some(second),
        })),
        (10 | 20 | 30, 40..50) => merge(member, doc, others),
        _ => None,
    }
}

/// Marks a hazard as the same as another one that the device has.
fn merge(member: &Member, doc: DocId, others: &[(DocId, u16)]) -> Option<EventBody> {
    let (of, _) = *others.iter().find(|other| other.0 != doc)?;
    let seen = member.phone.device.open_document(of).unwrap().heads();
    Some(EventBody::MarkDuplicate(Duplicate {
        of,
        reason: short("同一隐患"),
        seen,
    }))
}
