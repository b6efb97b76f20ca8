//! The author of a closing is notified when it becomes contested and when it must be stated again.

use cli_simulator::{
    phone::Phone,
    world::{evidence, note, photo},
};
use sync_core::{
    document::EndingDoubt,
    record::{DeviceTime, DocId, EventBody, EventId, Long, PhotoRole, Resolution},
};

use crate::support::{MORNING, Town, found_with};

/// A hazard that is closed on one device while another device records that it is there again.
struct Contested {
    town: Town,
    doc: DocId,
    author: Phone,
    judge: Phone,
    closing: EventId,
    objection: EventId,
}

fn look(
    phone: &mut Phone,
    seed: u64,
    doc: DocId,
    body: fn(sync_core::record::Evidence) -> EventBody,
) -> EventId {
    let role = PhotoRole::After;
    let shot = photo(&mut phone.device, seed, role).unwrap();
    let body = body(evidence("现场查看", vec![shot]));
    phone.device.state(doc, body, None).unwrap()
}

fn contested() -> Contested {
    let mut town = Town::new();
    let mut finder = town.phone("网格员甲");
    let mut manager = town.phone("物业经理丙");
    let mut checker = town.phone("城管队员庚");
    let mut author = town.phone("审核员丁");
    let mut witness = town.phone("网格员乙");
    let judge = town.phone("审核员辛");
    let before = photo(&mut finder.device, 1, PhotoRole::Before).unwrap();
    let doc = found_with(&mut finder, &town, "堆放杂物", vec![before]);
    town.sync(&mut finder);
    town.sync(&mut manager);
    look(&mut manager, 2, doc, EventBody::ClaimFixed);
    town.sync(&mut manager);
    town.sync(&mut checker);
    look(&mut checker, 3, doc, EventBody::RecheckPass);
    town.sync(&mut checker);
    for phone in [&mut author, &mut witness] {
        town.sync(phone);
    }
    let objection = look(&mut witness, 4, doc, EventBody::RecheckFail);
    let closing = EventBody::Close(note("同意销号"));
    let closing = author.device.state(doc, closing, None).unwrap();
    town.sync(&mut author);
    let none = author.device.ending_notices().unwrap();
    assert!(none.is_empty(), "{none:?}");
    town.sync(&mut witness);
    town.sync(&mut author);
    author.rest().unwrap();
    Contested {
        town,
        doc,
        author,
        judge,
        closing,
        objection,
    }
}

impl Contested {
    /// The only notice: why, and its words. Read from a store that was opened again.
    fn notice(&self) -> Option<(EndingDoubt, String)> {
        let reopened = Phone::simulated(self.author.folder(), 99, DeviceTime(MORNING)).unwrap();
        let mut notices = reopened.device.ending_notices().unwrap();
        assert!(notices.len() < 2, "{notices:?}");
        let notice = notices.pop()?;
        assert_eq!((notice.doc, notice.ending.event), (self.doc, self.closing));
        Some((notice.ending.doubt, notice.to_string()))
    }

    fn decide(&mut self, holds: EventId) {
        let (town, judge) = (&self.town, &mut self.judge);
        town.sync(judge);
        let decision = EventBody::Resolve(Resolution {
            resolves: vec![self.closing, self.objection],
            holds,
            reason: Long::new("现场核实").unwrap(),
            also_hold: Vec::new(),
        });
        judge.device.state(self.doc, decision, None).unwrap();
        town.sync(judge);
        town.sync(&mut self.author);
        self.author.rest().unwrap();
    }
}

#[test]
fn the_author_of_a_closing_sees_that_it_is_contested_and_must_be_stated_again() {
    let mut it = contested();
    let (doubt, words) = it.notice().unwrap();
    assert_eq!(doubt, EndingDoubt::Contested);
    assert!(
        words.contains("有争议") && words.contains("contested"),
        "{words}"
    );
    it.decide(it.objection);
    let (doubt, words) = it.notice().unwrap();
    assert_eq!(doubt, EndingDoubt::CloseAgain);
    assert!(
        words.contains("须重新办理") && words.contains("state it again"),
        "{words}"
    );
}

#[test]
fn the_notice_of_a_contested_closing_is_gone_when_the_closing_is_confirmed() {
    let mut it = contested();
    assert_eq!(it.notice().unwrap().0, EndingDoubt::Contested);
    it.decide(it.closing);
    assert_eq!(it.notice(), None);
}

#[test]
fn only_the_author_of_a_contested_closing_is_notified() {
    let mut it = contested();
    it.town.sync(&mut it.judge);
    assert!(it.judge.device.ending_notices().unwrap().is_empty());
    // Another device of the author is notified too.
    let mut tablet = it.town.phone("审核员丁");
    it.town.sync(&mut tablet);
    assert_eq!(tablet.device.ending_notices().unwrap().len(), 1);
}
