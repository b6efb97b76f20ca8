//! Two ids of one person: rules about two persons treat them as one from the day on which they are merged, on the server
//! and on every device. What was judged before does not change; it is listed and flagged.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::{
    phone::Phone,
    world::{evidence, note, photo},
};
use serde_json::Value;
use sync_core::{
    history::{Verdict, VoidReason},
    record::{
        DeviceTime, DocId, EventBody, EventId, Evidence, OrganId, PersonId, PhotoRole, Role,
        ServerTime,
    },
};
use xuncha_server::{
    access::{Invitation, Merge, NotMerged, Reissued, invite},
    storage::{StorageError, aliases},
};

use crate::{
    command_line::{done, refused},
    support::{MORNING, Town, found_with, sealing},
};

const SECOND: PersonId = PersonId([9; 16]);

/// A town in which one officer has two ids, each with its device and its organisation.
struct Doubled {
    town: Town,
    finder: Phone,
    first: Phone,
    second: Phone,
    reviewer: Phone,
    shots: u64,
}

/// A device of an urban-management officer with this id.
fn officer(town: &Town, person: PersonId, name: &str) -> (Phone, String) {
    let invitation = Invitation {
        person,
        organ: OrganId([8; 16]),
        role: Role::UrbanMgmtOfficer,
        area: town.world.county.clone(),
        space: town.world.county.clone(),
    };
    let until = ServerTime(town.clock.load(SeqCst) + 86_400_000);
    let code = invite(&town.app().storage, &invitation, until);
    let code = town.runtime.block_on(code).unwrap();
    let folder = town.folder.path().join(name);
    let seed = 50 + name.len() as u64;
    (
        Phone::simulated(&folder, seed, DeviceTime(MORNING)).unwrap(),
        code,
    )
}

fn doubled() -> Doubled {
    let mut town = Town::new();
    let (mut second, code) = officer(&town, SECOND, "second");
    second
        .enrol(&mut town.http.clone(), "http://test", &code)
        .unwrap();
    let (finder, first) = (town.phone("网格员甲"), town.phone("城管队员庚"));
    let reviewer = town.phone("审核员丁");
    Doubled {
        town,
        finder,
        first,
        second,
        reviewer,
        shots: 0,
    }
}

/// States an event with a new photo and syncs before and after it.
fn look(
    town: &Town,
    phone: &mut Phone,
    shots: &mut u64,
    doc: DocId,
    body: fn(Evidence) -> EventBody,
) -> EventId {
    *shots += 1;
    town.sync(phone);
    let shot = photo(&mut phone.device, *shots, PhotoRole::After).unwrap();
    let body = body(evidence("现场查看", vec![shot]));
    let event = phone.device.state(doc, body, None).unwrap();
    town.sync(phone);
    event
}

impl Doubled {
    fn kept(&self) -> PersonId {
        self.town.world.actor("城管队员庚").person
    }

    /// A hazard that the first id claims to be fixed.
    fn claimed(&mut self) -> DocId {
        self.shots += 1;
        let before = photo(&mut self.finder.device, self.shots, PhotoRole::Before).unwrap();
        let words = format!("堆放杂物{}", self.shots);
        let doc = found_with(&mut self.finder, &self.town, &words, vec![before]);
        self.town.sync(&mut self.finder);
        look(
            &self.town,
            &mut self.first,
            &mut self.shots,
            doc,
            EventBody::ClaimFixed,
        );
        doc
    }

    fn rechecked(&mut self, doc: DocId) -> EventId {
        look(
            &self.town,
            &mut self.second,
            &mut self.shots,
            doc,
            EventBody::RecheckPass,
        )
    }

    fn close(&mut self, doc: DocId) {
        self.town.sync(&mut self.reviewer);
        let closing = EventBody::Close(note("同意销号"));
        self.reviewer.device.state(doc, closing, None).unwrap();
        self.town.sync(&mut self.reviewer);
    }

    fn merge(&self, kept: PersonId, merged: PersonId) -> Result<Reissued, NotMerged> {
        let merge = Merge {
            kept,
            merged,
            reason: "同一人两次登记".to_owned(),
            operator: "管理员".to_owned(),
        };
        let access = &self.town.app().components.access;
        self.town
            .runtime
            .block_on(access.merge_persons(merge))
            .unwrap()
    }

    fn dry_run(&self) -> String {
        let (kept, merged) = (self.kept().to_string(), SECOND.to_string());
        done(
            &self.town,
            &["admin", "merge-persons", &kept, &merged, "--dry-run"],
        )
    }

    /// State and flags of a hazard in the ledger.
    fn ledger(&self, doc: DocId) -> (String, Vec<String>) {
        self.town.project();
        let key = self.town.token("审核员辛");
        let hazard = &self.town.json(&format!("/v1/hazards/{doc}"), &key)["hazard"];
        let flags = hazard["flags"].as_array().unwrap().iter();
        let flags = flags.map(|flag| flag.as_str().unwrap().to_owned());
        (
            hazard["state"].as_str().unwrap().to_owned(),
            flags.collect(),
        )
    }

    /// The hazards that a filter finds.
    fn flagged(&self) -> Vec<String> {
        self.town.project();
        let key = self.town.token("审核员辛");
        let list = self.town.json("/v1/hazards?flag=one_person", &key);
        let ids = list["items"].as_array().unwrap().iter();
        ids.map(|item: &Value| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The verdict on an event as a device folds it.
fn verdict(phone: &Phone, doc: DocId, event: EventId) -> Verdict {
    let folded = phone.device.open_document(doc).unwrap();
    let mut judged = folded.judged().iter();
    judged.find(|j| j.id == event).unwrap().verdict.clone()
}

const SAME_PERSON: Verdict = Verdict::Void {
    reason: VoidReason::SamePerson,
};

fn new_session(phone: &mut Phone) {
    phone.device.set_token(None).unwrap();
}

#[test]
fn an_earlier_closing_on_two_ids_of_one_person_stays_and_is_listed_and_flagged() {
    let mut it = doubled();
    let (closed, open) = (it.claimed(), it.claimed());
    it.rechecked(closed);
    it.close(closed);
    assert_eq!(it.ledger(closed), ("HS80".to_owned(), vec![]));
    let listed = it.dry_run();
    let line = listed
        .lines()
        .find(|line| line.contains(&closed.to_string()))
        .unwrap();
    assert!(
        line.contains("HS80 已销号") && line.contains("HS60"),
        "{line}"
    );
    assert!(!listed.contains(&open.to_string()), "{listed}");
    assert!(listed.contains("nothing was merged"), "{listed}");
    // The list changed nothing: the ids can still be merged, and nothing is flagged.
    assert!(it.flagged().is_empty());
    let done = it.merge(it.kept(), SECOND).unwrap();
    assert_eq!(
        done,
        Reissued {
            devices: 2,
            grants: 2
        }
    );
    assert_eq!(it.flagged(), [closed.to_string()]);
    assert_eq!(
        it.ledger(closed),
        ("HS80".to_owned(), vec!["one_person".to_owned()])
    );
    assert_eq!(it.ledger(open), ("HS60".to_owned(), vec![]));
    // A rebuild of the ledger finds the same.
    let rebuilt = it.town.app().components.projection.rebuild();
    it.town.runtime.block_on(rebuilt).unwrap();
    assert_eq!(it.flagged(), [closed.to_string()]);
}

#[test]
fn after_the_merge_one_person_cannot_claim_and_recheck_with_two_ids() {
    let mut it = doubled();
    let doc = it.claimed();
    it.merge(it.kept(), SECOND).unwrap();
    new_session(&mut it.second);
    let check = it.rechecked(doc);
    let authors = it.second.device.open_document(doc).unwrap().authors();
    assert!(authors.contains(&it.kept()) && !authors.contains(&SECOND));
    // The author's device, another device and the server agree.
    it.town.sync(&mut it.finder);
    assert_eq!(verdict(&it.second, doc, check), SAME_PERSON);
    assert_eq!(verdict(&it.finder, doc, check), SAME_PERSON);
    assert_eq!(it.ledger(doc).0, "HS60");
    assert!(it.flagged().is_empty());
    // Another person may.
    let town = &mut it.town;
    let mut other = town.phone("网格员乙");
    look(town, &mut other, &mut it.shots, doc, EventBody::RecheckPass);
    assert_eq!(it.ledger(doc).0, "HS70");
}

#[test]
fn what_was_claimed_under_the_old_id_cannot_be_rechecked_under_the_kept_one() {
    let mut it = doubled();
    it.shots += 1;
    let before = photo(&mut it.finder.device, 90, PhotoRole::Before).unwrap();
    let doc = found_with(&mut it.finder, &it.town, "线缆私拉", vec![before]);
    it.town.sync(&mut it.finder);
    look(
        &it.town,
        &mut it.second,
        &mut it.shots,
        doc,
        EventBody::ClaimFixed,
    );
    // The claim keeps the id that is used no more; the grant of the recheck states it.
    it.merge(it.kept(), SECOND).unwrap();
    new_session(&mut it.first);
    let check = look(
        &it.town,
        &mut it.first,
        &mut it.shots,
        doc,
        EventBody::RecheckPass,
    );
    it.town.sync(&mut it.reviewer);
    for phone in [&it.first, &it.reviewer] {
        assert_eq!(verdict(phone, doc, check), SAME_PERSON);
    }
    assert_eq!(it.ledger(doc).0, "HS60");
}

#[test]
fn work_of_a_device_that_has_no_new_grant_yet_is_judged_as_before_and_flagged() {
    let mut it = doubled();
    let doc = it.claimed();
    it.town.sync(&mut it.second);
    let shot = photo(&mut it.second.device, 95, PhotoRole::After).unwrap();
    let check = EventBody::RecheckPass(evidence("断网时复查", vec![shot]));
    it.second.device.state(doc, check, None).unwrap();
    it.merge(it.kept(), SECOND).unwrap();
    it.town.sync(&mut it.second);
    assert_eq!(
        it.ledger(doc),
        ("HS70".to_owned(), vec!["one_person".to_owned()])
    );
    it.close(doc);
    assert_eq!(
        it.ledger(doc),
        ("HS80".to_owned(), vec!["one_person".to_owned()])
    );
}

#[test]
fn a_code_and_an_enrolment_of_the_merged_id_give_the_kept_one() {
    let it = doubled();
    let (mut tablet, code) = officer(&it.town, SECOND, "tablet");
    it.merge(it.kept(), SECOND).unwrap();
    let grant = tablet
        .enrol(&mut it.town.http.clone(), "http://test", &code)
        .unwrap();
    assert_eq!(
        (grant.person, grant.other_ids()),
        (it.kept(), &[SECOND][..])
    );
    let enrol = [
        "admin",
        "enrol",
        "--role",
        "urban_mgmt_officer",
        "--space",
        "429999/429998",
        "--area",
        "429999/429998",
        "--person",
        &SECOND.to_string(),
    ];
    let said = done(&it.town, &enrol);
    assert!(said.contains(&format!("person: {}", it.kept())), "{said}");
}

#[test]
fn a_grant_that_was_revoked_is_not_issued_again() {
    let mut it = doubled();
    let device = it.second.device.identity().unwrap().0;
    it.town.at(MORNING + sealing::HOUR);
    it.town.revoke(device);
    it.town.at(MORNING + 2 * sealing::HOUR);
    // The device comes back for a smaller area only.
    let invitation = Invitation {
        person: SECOND,
        organ: OrganId([8; 16]),
        role: Role::GridWorker,
        area: it.town.world.grids[0].clone(),
        space: it.town.world.county.clone(),
    };
    let until = ServerTime(it.town.clock.load(SeqCst) + 86_400_000);
    let code = invite(&it.town.app().storage, &invitation, until);
    let code = it.town.runtime.block_on(code).unwrap();
    it.second
        .enrol(&mut it.town.http.clone(), "http://test", &code)
        .unwrap();
    it.town.at(MORNING + 3 * sealing::HOUR);
    it.merge(it.kept(), SECOND).unwrap();
    new_session(&mut it.second);
    it.town.sync(&mut it.second);
    let grants = it.second.device.own_grants().unwrap();
    let merged = grants.iter().filter(|(_, grant)| grant.also.is_some());
    let roles: Vec<Role> = merged.map(|(_, grant)| grant.role).collect();
    assert_eq!(roles, [Role::GridWorker]);
}

#[test]
fn ids_that_cannot_be_merged_are_refused_and_nothing_is_recorded() {
    let it = doubled();
    let (kept, stray) = (it.kept(), PersonId([7; 16]));
    let merge = |keep: PersonId, merged: PersonId, more: &[&str]| {
        let (keep, merged) = (keep.to_string(), merged.to_string());
        refused(
            &it.town,
            &[&["admin", "merge-persons", &keep, &merged], more].concat(),
        )
    };
    assert!(merge(kept, SECOND, &[]).contains("--reason"));
    assert!(merge(kept, kept, &["--dry-run"]).contains("编号相同"));
    assert!(merge(kept, stray, &["--dry-run"]).contains("knows no person"));
    let none = it
        .town
        .runtime
        .block_on(it.town.app().storage.read(|tx| aliases::all(tx)));
    assert!(none.unwrap().is_empty());
    it.merge(kept, SECOND).unwrap();
    assert_eq!(it.merge(kept, SECOND), Err(NotMerged::Merged(SECOND, kept)));
    assert!(merge(SECOND, kept, &["--dry-run"]).contains(&kept.to_string()));
    // What was recorded: who, when and why.
    let rows = it.town.app().storage.read(|tx| -> Result<_, StorageError> {
        tx.all(
            "SELECT merged_at, reason, operator FROM person_alias",
            &[],
            |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)),
        )
    });
    let rows = it.town.runtime.block_on(rows).unwrap();
    let now = it.town.clock.load(SeqCst);
    assert_eq!(
        rows,
        [(now, "同一人两次登记".to_owned(), "管理员".to_owned())]
    );
}

#[test]
fn the_command_records_the_alias_and_prints_what_it_concerns() {
    let mut it = doubled();
    let closed = it.claimed();
    it.rechecked(closed);
    it.close(closed);
    let (kept, merged) = (it.kept().to_string(), SECOND.to_string());
    // The command takes the clock of the system.
    done(&it.town, &["admin", "clock", "accept"]);
    let said = done(
        &it.town,
        &[
            "admin",
            "merge-persons",
            &kept,
            &merged,
            "--reason",
            "同一人两次登记",
            "--operator",
            "管理员",
        ],
    );
    assert!(
        said.contains(&closed.to_string()) && said.contains("HS80"),
        "{said}"
    );
    assert!(
        said.contains("已合并 / merged") && said.contains("2 台设备"),
        "{said}"
    );
}
