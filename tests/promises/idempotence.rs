//! Pushes and pages may arrive any number of times, in any order and be cut anywhere: the state is the same.

use cli_simulator::phone::{Phone, Transport};
use sync_core::{
    record::EventBody,
    sync::{Call, Lost, Options, Reply, Step, Syncing},
};

use crate::support::{Town, found, remark};

/// Sends every call twice and returns the first or the second reply.
struct Twice<T>(T, bool);

impl<T: Transport> Transport for Twice<T> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let first = self.0.send(call);
        let second = self.0.send(call);
        if self.1 { first } else { second }
    }
}

/// Delivers every call and loses two of three replies.
struct Deaf<T>(T, u32);

impl<T: Transport> Transport for Deaf<T> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let reply = self.0.send(call);
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            reply
        } else {
            Err(Lost("no signal".to_owned()))
        }
    }
}

#[test]
fn push_and_page_sent_twice_give_one_copy() {
    for first in [true, false] {
        let mut town = Town::new();
        let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
        let doc = found(&mut liu, &town, "三栋楼道堆物");
        remark(&mut liu, doc, "再看一次");
        let mut net = Twice(town.http.clone(), first);
        assert!(liu.sync(&mut net, Options::default()).unwrap().complete);
        assert!(wang.sync(&mut net, Options::default()).unwrap().complete);
        let report = town.sync(&mut liu);
        assert_eq!((report.repairs, report.unfit), (0, 0), "{report:?}");
        assert_eq!(town.changes_stored(), 2);
        assert_eq!(wang.hazard(doc).unwrap().1.len(), 2);
    }
}

#[test]
fn lost_replies_cost_requests_and_nothing_else() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let docs: Vec<_> = (0..5)
        .map(|n| found(&mut liu, &town, &format!("隐患{n}")))
        .collect();
    let patient = Options {
        patience: 100,
        ..Options::default()
    };
    assert!(
        liu.sync(&mut Deaf(town.http.clone(), 0), patient)
            .unwrap()
            .complete
    );
    assert!(
        wang.sync(&mut Deaf(town.http.clone(), 1), patient)
            .unwrap()
            .complete
    );
    assert_eq!(town.changes_stored(), 5);
    assert_eq!(wang.device.count().unwrap(), docs.len());
    wang.device
        .state(
            docs[0],
            EventBody::Note(cli_simulator::world::note("收到")),
            None,
        )
        .unwrap();
    assert!(
        wang.sync(&mut Deaf(town.http.clone(), 0), patient)
            .unwrap()
            .complete
    );
    town.sync(&mut liu);
    assert_eq!(liu.hazard(docs[0]).unwrap(), wang.hazard(docs[0]).unwrap());
}

/// Sends the next call of a sync and returns the reply without applying it.
fn ask(town: &Town, phone: &mut Phone, machine: &mut Syncing) -> Reply {
    match machine.next(&mut phone.device).unwrap() {
        Step::Call(call) => town.http.clone().send(&call).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_page_that_comes_after_another_sync_moves_nothing_back() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    for n in 0..5 {
        found(&mut liu, &town, &format!("隐患{n}"));
    }
    town.sync(&mut liu);
    // Opens a session, so that the next call of the sync pulls a page.
    let one_page = Options {
        page_documents: Some(1),
        ..Options::default()
    };
    let mut first = Syncing::new(one_page);
    for _ in 0..2 {
        let reply = ask(&town, &mut wang, &mut first);
        first.answer(&mut wang.device, Ok(reply)).unwrap();
    }
    // The app is suspended before it applies a page; another sync begins and completes.
    let late = ask(&town, &mut wang, &mut first);
    town.sync(&mut wang);
    let held = wang.device.cursors().unwrap();
    first.answer(&mut wang.device, Ok(late)).unwrap();
    assert_eq!(wang.device.cursors().unwrap(), held);
    let report = town.sync(&mut wang);
    assert_eq!(
        (
            report.requests,
            report.documents,
            wang.device.count().unwrap()
        ),
        (1, 0, 5)
    );
}
