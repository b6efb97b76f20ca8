//! Every sync ends within a bounded number of calls, whichever responses it gets. It never repeats a call without a
//! wait or progress, and it delivers all that can be delivered once the network is honest.

use cli_simulator::{
    chance::mix,
    phone::{Http, Phone, Transport},
    world::{evidence, photo},
};
use sync_core::{
    identity::SecretKey,
    record::{DeviceId, EventBody, PackHash, PhotoRole},
    sync::{Call, Lost, Options, Reply, Report, Step, Syncing},
    wire::{
        Code, Exchange,
        push::{self, Refused},
        reconcile::Reconcile,
        session::{self, Session},
        sync::Sync,
    },
};

use crate::support::{Town, answer::stored, found, found_with, remark};

/// Maximum calls of one sync of these small devices with a patience of 8: 65 without progress, and some with progress.
const BOUND: u64 = 200;

/// A server and a network with random responses.
struct Chaos {
    http: Http,
    server: SecretKey,
    device: DeviceId,
    seed: u64,
    /// Earlier responses, to be replayed.
    before: Vec<Reply>,
}

impl Chaos {
    fn roll(&mut self, sides: usize) -> usize {
        (mix(&mut self.seed) % sides as u64) as usize
    }

    fn refusal(&mut self) -> Reply {
        let code = Code::ALL[self.roll(Code::ALL.len())];
        // Without the final refusal of a revoked device, which is not tested here.
        let status = [
            400, 401, 403, 404, 409, 410, 413, 422, 426, 460, 500, 503, 507,
        ];
        Reply {
            status: status[self.roll(status.len())],
            headers: vec![("xuncha-refusal".to_owned(), code.name().to_owned())],
            body: br#"{"detail":"as chance has it"}"#.to_vec(),
        }
    }

    fn bare(&mut self) -> Reply {
        let status = [
            200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 407, 408, 409, 410, 411,
            413, 415, 421, 422, 429, 431, 451, 500, 502, 503, 504, 507, 511,
        ];
        let status = status[self.roll(status.len())];
        let bodies: [&[u8]; 4] = [b"", b"<html>login</html>", br#"{"code":0}"#, b"\x10\x80"];
        let mut headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        let odd = [
            ("upload-offset", "0"),
            ("upload-offset", "999999999999"),
            ("upload-offset", "1"),
            ("location", "/v1/blobs/x"),
            ("location", "/v1/uploads/x"),
            ("xuncha-receipt", "AAAA"),
            ("retry-after", "86400"),
            ("retry-after", "x"),
        ];
        for _ in 0..self.roll(3) {
            let (name, value) = odd[self.roll(odd.len())];
            headers.push((name.to_owned(), value.to_owned()));
        }
        let body = bodies[self.roll(bodies.len())].to_vec();
        Reply {
            status,
            headers,
            body,
        }
    }

    /// The honest response, altered: forks, refusals of every change, pages without progress, sessions without a token.
    fn changed(&mut self, call: &Call, mut reply: Reply) -> Reply {
        if let Ok(mut response) = Sync::read_response(&reply.body)
            && call.path == Sync::PATH
        {
            let request = Sync::read_request(&call.body).unwrap();
            if let Some(pack) = &request.push {
                response.push = match self.roll(4) {
                    0 => None,
                    1 => Some(push::Response::Fork {
                        number: self.roll(9) as u64,
                        hash: PackHash([7; 32]),
                    }),
                    2 => Some(self.refuse_all(pack)),
                    _ => response.push,
                };
            }
            if let Some(pull) = &mut response.pull {
                match self.roll(4) {
                    0 => {
                        pull.pages.pop();
                    }
                    1 => {
                        let asked = request.pull.map(|pull| pull.scopes).unwrap_or_default();
                        for (page, cursor) in pull.pages.iter_mut().zip(asked) {
                            (page.more, page.next) = (true, cursor.phase);
                            page.items.clear();
                        }
                    }
                    2 => {
                        for page in &mut pull.pages {
                            page.left = Some(page.items.drain(..).map(|item| item.doc).collect());
                        }
                    }
                    _ => pull.pages.iter_mut().for_each(|page| page.log.0[0] ^= 1),
                }
            }
            reply.body = Sync::write_response(&response);
        } else if call.path == Session::PATH
            && let Ok(response) = Session::read_response(&reply.body)
        {
            let response = match response {
                session::Response::Open(mut opened) => {
                    match self.roll(3) {
                        0 => opened.token = String::new(),
                        1 => opened.scopes.clear(),
                        _ => opened.token = "expired".to_owned(),
                    }
                    session::Response::Open(opened)
                }
                session::Response::Challenge(_) => session::Response::Challenge(vec![9; 40]),
            };
            reply.body = Session::write_response(&response);
        } else if call.path == Reconcile::PATH
            && let Ok(mut response) = Reconcile::read_response(&reply.body)
        {
            response.message = vec![0x61, 0, 0, 2];
            reply.body = Reconcile::write_response(&response);
        }
        reply
    }

    fn refuse_all(&mut self, pack: &push::Request) -> push::Response {
        let codes = [
            Code::MissingDependencies,
            Code::Equivocation,
            Code::DocumentFull,
            Code::Malformed,
            Code::ForgedAuthor,
            Code::Quarantined,
        ];
        let refused = (0..pack.entries.len()).map(|entry| Refused {
            entry: u32::try_from(entry).unwrap(),
            code: codes[self.roll(codes.len())],
        });
        let refused = refused.collect();
        stored(pack, self.device, &self.server, refused)
    }
}

impl Transport for Chaos {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let lost = || Lost("no signal".to_owned());
        match self.roll(12) {
            0 => Err(lost()),
            1 => self.http.send(call).and(Err(lost())),
            2 => Ok(self.refusal()),
            3 | 4 => Ok(self.bare()),
            5 if !self.before.is_empty() => {
                let at = self.roll(self.before.len());
                Ok(self.before[at].clone())
            }
            6 => {
                let mut reply = self.http.send(call)?;
                let half = self.roll(reply.body.len() + 1);
                reply.body.truncate(half);
                Ok(reply)
            }
            7 | 8 => {
                // The honest server does not receive the pack; the response to it is invented.
                let reply = self.http.send(&without_pack(call))?;
                Ok(self.changed(call, reply))
            }
            _ => {
                let reply = self.http.send(call)?;
                self.before.push(reply.clone());
                Ok(reply)
            }
        }
    }
}

fn without_pack(call: &Call) -> Call {
    let mut call = call.clone();
    if call.path == Sync::PATH
        && let Ok(mut request) = Sync::read_request(&call.body)
    {
        request.push = None;
        call.body = Sync::write_request(&request);
    }
    call
}

/// The parts of a device's store that a sync may change.
fn moved(phone: &Phone) -> String {
    let mut status = phone.device.status().unwrap();
    status.last_contact_ms = None;
    format!("{status:?} {:?}", phone.device.cursors().unwrap())
}

/// Runs one sync; also returns how often a call was repeated at the same time without a change of the store.
fn sync(phone: &mut Phone, net: &mut dyn Transport) -> (Report, usize) {
    let mut syncing = Syncing::new(Options::default());
    let mut made: Vec<(Call, i64, String)> = Vec::new();
    let mut hot = 0;
    loop {
        match syncing.next(&mut phone.device).unwrap() {
            Step::Call(call) => {
                let now = phone.device.host.clock.now().0;
                let this = (call, now, moved(phone));
                hot += usize::from(made.contains(&this));
                let outcome = net.send(&this.0);
                made.push(this);
                assert!(made.len() as u64 <= BOUND, "a sync that does not end");
                syncing.answer(&mut phone.device, outcome).unwrap();
            }
            Step::Wait { until } => phone.clock.as_ref().unwrap().set(until),
            Step::Done(report) => return (*report, hot),
        }
    }
}

#[test]
fn every_sync_ends_whatever_it_is_answered_and_an_honest_one_delivers_all() {
    syncs_end_and_deliver(0..8);
}

#[test]
fn every_sync_ends_and_delivers_on_further_histories() {
    syncs_end_and_deliver(8..16);
}

#[test]
fn every_sync_ends_and_delivers_on_a_third_set_of_histories() {
    syncs_end_and_deliver(16..24);
}

#[test]
fn every_sync_ends_and_delivers_on_a_fourth_set_of_histories() {
    syncs_end_and_deliver(24..32);
}

fn syncs_end_and_deliver(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut town = Town::new();
        let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
        let first = found(&mut wang, &town, "别人的记录");
        town.sync(&mut wang);
        if seed % 2 == 0 {
            town.sync(&mut liu);
        }
        let mut chaos = Chaos {
            http: town.http.clone(),
            server: town.app().components.access.key().clone(),
            device: liu.device.enrolment().unwrap().device,
            seed: seed * 7_919 + 1,
            before: Vec::new(),
        };
        let mut stated = 0;
        for round in 0..6_u64 {
            // A person continues to work between syncs: new hazards, events, photos, one of them damaged.
            let shot = photo(&mut liu.device, seed + round, PhotoRole::Before).unwrap();
            let doc = found_with(&mut liu, &town, &format!("第{round}处"), vec![shot.clone()]);
            remark(&mut liu, doc, "马上整改");
            if liu.hazard(first).is_ok() {
                let claimed =
                    EventBody::ClaimFixed(evidence(&format!("第{round}次清理"), Vec::new()));
                liu.device.state(first, claimed, None).unwrap();
                stated += 1;
            }
            stated += 2;
            if round == 2 {
                let file = liu
                    .folder()
                    .join("photos")
                    .join(format!("{}.jpg", shot.hash));
                std::fs::write(file, b"").unwrap();
            }
            remark(&mut wang, first, &format!("又看了一次{round}"));
            town.sync(&mut wang);
            let (report, hot) = sync(&mut liu, &mut chaos);
            assert!(
                hot <= 8,
                "seed {seed}: {hot} calls again at once: {report:?}"
            );
        }
        // The network is honest again.
        let (mut honest, mut calls) = (town.http.clone(), 0);
        for _ in 0..3 {
            let (report, _) = sync(&mut liu, &mut honest);
            assert!(report.complete, "seed {seed}: {report:?}");
            calls = report.requests;
        }
        assert_eq!(calls, 1, "seed {seed}: nothing is left to do");
        town.sync(&mut wang);
        let status = liu.device.status().unwrap();
        assert_eq!(
            (status.unsent, status.sent_unacknowledged),
            (0, 0),
            "seed {seed}"
        );
        assert_eq!(
            status.photos_waiting + status.photos_uploading,
            0,
            "seed {seed}"
        );
        let mut there = 0;
        for row in wang.device.list(&Default::default()).unwrap() {
            let (state, events) = wang.hazard(row.doc).unwrap();
            let here = liu.hazard(row.doc).unwrap();
            assert_eq!((state, events.clone()), here, "seed {seed}");
            there += events.iter().filter(|s| s.device == chaos.device).count();
        }
        // A change that was stored before its response was lost may be in the log although it was later refused.
        let refused = (status.refused + status.quarantined) as usize;
        assert!(
            there <= stated && there + refused >= stated,
            "seed {seed}: {there} of {stated} are there, {refused} were refused"
        );
    }
}
