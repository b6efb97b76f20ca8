//! A refused change counts nowhere and its author is informed; what the author states afterwards counts everywhere.

use cli_simulator::{
    phone::{Http, Phone, Transport},
    world::{evidence, note, photo},
};
use sync_core::{
    identity::SecretKey,
    record::{DeviceId, DocId, EventBody, PhotoRole},
    sync::{Call, Lost, Options, Reply},
    wire::{
        Code, Exchange,
        push::{self, Refused},
        sync::Sync,
    },
};

use crate::support::{Town, answer::stored, found, remark};

/// Responds to a pack that contains these words as a server that refuses the change with them: later changes of the
/// pack lack their dependency. Nothing of the pack is stored.
struct Refuses {
    inner: Http,
    server: SecretKey,
    device: DeviceId,
    words: &'static str,
    code: Code,
    /// The receipt states no refusals.
    contradicts_receipt: bool,
}

impl Refuses {
    fn new(town: &Town, phone: &Phone, words: &'static str, code: Code) -> Self {
        Self {
            inner: town.http.clone(),
            server: town.app().components.access.key().clone(),
            device: phone.device.enrolment().unwrap().device,
            words,
            code,
            contradicts_receipt: false,
        }
    }

    fn answer(&self, pack: &push::Request) -> Option<push::Response> {
        let says = |change: &[u8]| {
            change
                .windows(self.words.len())
                .any(|w| w == self.words.as_bytes())
        };
        let at = pack.entries.iter().position(|e| says(&e.change))?;
        let refused = (at..pack.entries.len()).map(|entry| Refused {
            entry: u32::try_from(entry).unwrap(),
            code: if entry == at {
                self.code
            } else {
                Code::MissingDependencies
            },
        });
        let refused: Vec<Refused> = refused.collect();
        if !self.contradicts_receipt {
            return Some(stored(pack, self.device, &self.server, refused));
        }
        match stored(pack, self.device, &self.server, Vec::new()) {
            push::Response::Stored { receipt, known, .. } => Some(push::Response::Stored {
                receipt,
                refused,
                known,
            }),
            fork @ push::Response::Fork { .. } => Some(fork),
        }
    }
}

impl Transport for Refuses {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let request = (call.path == Sync::PATH).then(|| Sync::read_request(&call.body).unwrap());
        let Some((mut request, answer)) = request.and_then(|request| {
            let answer = self.answer(request.push.as_ref()?)?;
            Some((request, answer))
        }) else {
            return self.inner.send(call);
        };
        request.push = None;
        let without = Call {
            body: Sync::write_request(&request),
            ..call.clone()
        };
        let mut reply = self.inner.send(&without)?;
        let mut response = Sync::read_response(&reply.body).unwrap();
        response.push = Some(answer);
        reply.body = Sync::write_response(&response);
        Ok(reply)
    }
}

/// Fills a document to its limit of 256 KB, until the server refuses an event.
fn fill(town: &Town, phone: &mut Phone, doc: DocId) {
    for n in 0..60 {
        remark(phone, doc, &format!("{n}{}", "很长的话".repeat(499)));
        if town.sync(phone).refused > 0 {
            return;
        }
    }
    panic!("the record was never full");
}

#[test]
fn what_a_full_record_refuses_is_shown_nowhere_and_told_to_its_author() {
    let mut town = Town::new();
    // Both belong to one organisation: a share that one has used up is used up for the other.
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let doc = found(&mut liu, &town, "会写满的记录");
    town.sync(&mut liu);
    fill(&town, &mut liu, doc);
    town.sync(&mut wang);
    assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
    let before = liu.device.status().unwrap().refused;
    // Many refusals are in one response, and the sync completes.
    let state = wang.hazard(doc).unwrap();
    for n in 0..40 {
        remark(&mut wang, doc, &format!("{n}{}", "很长的话".repeat(400)));
    }
    let other = found(&mut wang, &town, "别的记录");
    let report = wang
        .sync(&mut town.http.clone(), Options::default())
        .unwrap();
    assert!(report.complete && report.refusal.is_none(), "{report:?}");
    assert!(report.requests <= 4 && report.refused == 40, "{report:?}");
    assert_eq!(wang.hazard(doc).unwrap(), state);
    let status = wang.device.status().unwrap();
    assert_eq!((status.refused, status.unsent), (40, 0));
    assert!(
        wang.device
            .notices()
            .unwrap()
            .iter()
            .all(|n| n.contains(&doc.to_string()))
    );
    assert!(before >= 1 && !liu.device.notices().unwrap().is_empty());
    town.sync(&mut liu);
    assert!(liu.hazard(other).is_ok());
    while wang.device.idle(64).unwrap() > 0 {}
    assert_eq!(wang.hazard(doc).unwrap(), state);
    assert_eq!(town.sync(&mut wang).requests, 1);
}

#[test]
fn an_answer_that_its_receipt_contradicts_settles_nothing() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "三栋楼道堆物");
    town.sync(&mut liu);
    remark(&mut liu, doc, "不被接收的话");
    let mut net = Refuses::new(&town, &liu, "不被接收的话", Code::Malformed);
    net.contradicts_receipt = true;
    let report = liu.sync(&mut net, Options::default());
    assert!(report.is_err() || !report.unwrap().complete);
    assert_eq!(liu.device.status().unwrap().refused, 0);
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
    assert_eq!(liu.hazard(doc).unwrap().1.len(), 2);
}

#[test]
fn statements_after_a_refused_one_are_written_again_without_it_and_count() {
    for code in [
        Code::DocumentFull,
        Code::Malformed,
        Code::ForgedAuthor,
        Code::Quarantined,
    ] {
        let mut town = Town::new();
        let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
        let doc = found(&mut liu, &town, "三栋楼道堆物");
        town.sync(&mut liu);
        town.sync(&mut wang);
        let refused = wang
            .device
            .state(doc, EventBody::Note(note("不被接收的话")), None)
            .unwrap();
        let mut net = Refuses::new(&town, &wang, "不被接收的话", code);
        // Another event is queued already; the next is stated after the response, with a photo.
        if code != Code::DocumentFull {
            remark(&mut wang, doc, "紧接着的话");
        }
        let report = wang.sync(&mut net, Options::default()).unwrap();
        assert!(report.complete, "{code}: {report:?}");
        let shot = photo(&mut wang.device, 3, PhotoRole::After).unwrap();
        let claimed = EventBody::ClaimFixed(evidence("已清理", vec![shot.clone()]));
        wang.device.state(doc, claimed, None).unwrap();
        town.sync(&mut wang);
        town.sync(&mut liu);
        let (there, events) = liu.hazard(doc).unwrap();
        assert_eq!((there, events.clone()), wang.hazard(doc).unwrap(), "{code}");
        assert!(
            events
                .iter()
                .all(|s| s.id != refused && !s.after.contains(&refused))
        );
        let expected = if code == Code::DocumentFull { 2 } else { 3 };
        assert_eq!(events.len(), expected, "{code}");
        let status = wang.device.status().unwrap();
        assert_eq!(status.refused + status.quarantined, 1, "{code}");
        assert_eq!((status.unsent, status.photos_stored), (0, 1), "{code}");
        assert_eq!(town.sync(&mut wang).requests, 1);
    }
}

#[test]
fn photos_of_statements_that_were_written_again_still_go() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "三栋楼道堆物");
    town.sync(&mut liu);
    remark(&mut liu, doc, "不被接收的话");
    let shot = photo(&mut liu.device, 3, PhotoRole::After).unwrap();
    let claimed = EventBody::ClaimFixed(evidence("已清理", vec![shot.clone()]));
    liu.device.state(doc, claimed, None).unwrap();
    let mut net = Refuses::new(&town, &liu, "不被接收的话", Code::Malformed);
    let report = liu.sync(&mut net, Options::default()).unwrap();
    assert!(report.complete && report.photos == 1, "{report:?}");
    assert_eq!(liu.device.removable_photos().unwrap(), [shot.hash]);
}
