//! The grant of a city covers the city's own documents and those of its counties; device and server agree on them.

use cli_simulator::{
    phone::Phone,
    world::{Compound, World, note, observation},
};
use sync_core::{
    record::{AreaPath, CompoundId, DeviceTime, DocId, EventBody, LocationKind, Role, ServerTime},
    sync::Options,
    wire::session::Scope,
};
use tokio_postgres::NoTls;
use xuncha_server::{
    access::{Invitation, invite},
    storage::hazards,
};

use crate::support::{MORNING, Town, remark};

const CITY: &str = "429999/429900";

/// Enrols a device with one more grant.
fn enrol(town: &Town, phone: &mut Phone, role: Role, area: &AreaPath, space: &AreaPath) {
    let actor = town.world.actor("审核员丁");
    let invitation = Invitation {
        person: actor.person,
        organ: actor.organ,
        role,
        area: area.clone(),
        space: space.clone(),
    };
    let expires = ServerTime(MORNING + 86_400_000);
    let code = town
        .runtime
        .block_on(invite(&town.app().storage, &invitation, expires));
    phone
        .enrol(&mut town.http.clone(), "http://test", &code.unwrap())
        .unwrap();
}

fn phone(town: &Town, n: u64) -> Phone {
    let folder = town.folder.path().join(format!("city-phone-{n}"));
    Phone::simulated(&folder, 1000 + n, DeviceTime(MORNING)).unwrap()
}

fn county(n: usize) -> AreaPath {
    format!("{CITY}/4299{n:02}").parse().unwrap()
}

fn finds(phone: &mut Phone, area: &AreaPath, words: &str) -> DocId {
    let compound = Compound {
        id: CompoundId([7; 16]),
        name: "清风苑",
        grid: area.clone(),
    };
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let found = observation(&compound, "EG-03", place, words, Vec::new());
    phone.device.observe(found, None).unwrap().0
}

/// A city with its own log, counties with theirs, a worker in each county, and an officer of the city.
fn city(town: &Town, counties: usize) -> (AreaPath, Vec<Phone>, Phone) {
    let own: AreaPath = CITY.parse().unwrap();
    let mut workers = Vec::new();
    for n in 0..counties {
        let mut worker = phone(town, n as u64);
        let grid = World::of(county(n)).grids[0].clone();
        enrol(town, &mut worker, Role::GridWorker, &grid, &county(n));
        finds(&mut worker, &grid, &format!("第{n}县的隐患"));
        town.sync(&mut worker);
        workers.push(worker);
    }
    let mut officer = phone(town, 900);
    enrol(town, &mut officer, Role::CityReviewer, &own, &own);
    (own, workers, officer)
}

#[test]
fn an_officer_of_a_city_converges_and_then_costs_one_request() {
    // 18 counties: more than the scopes that a device could have in earlier versions.
    for counties in [1, 18] {
        let town = Town::new();
        let (own, mut workers, mut officer) = city(&town, counties);
        // One hazard in the city's own log, and one in a county's.
        let own_record = finds(&mut officer, &own, "市级抽查");
        finds(
            &mut officer,
            &World::of(county(0)).grids[0],
            "市里在县里发现",
        );
        town.sync(&mut officer);
        let report = town.sync(&mut officer);
        assert_eq!(officer.device.count().unwrap(), counties + 2);
        assert_eq!((report.requests, report.repairs), (1, 0), "{report:?}");
        // An event of the county reaches the city.
        let doc = workers[counties - 1]
            .device
            .list(&Default::default())
            .unwrap()[0]
            .doc;
        remark(&mut workers[counties - 1], doc, "县里的话");
        town.sync(&mut workers[counties - 1]);
        let report = town.sync(&mut officer);
        assert!(report.requests <= 2 && report.repairs == 0, "{report:?}");
        assert_eq!(officer.hazard(doc).unwrap().1.len(), 2);
        // An event of the city reaches the county.
        officer
            .device
            .state(doc, EventBody::Note(note("市里的话")), None)
            .unwrap();
        town.sync(&mut officer);
        town.sync(&mut workers[counties - 1]);
        assert_eq!(workers[counties - 1].hazard(doc).unwrap().1.len(), 3);
        assert!(workers[0].hazard(own_record).is_err());
        assert_eq!(town.sync(&mut officer).requests, 1);
    }
}

#[test]
fn an_officer_of_a_county_and_of_its_city_keeps_both() {
    let town = Town::new();
    let (own, mut workers, _) = city(&town, 2);
    let mut both = phone(&town, 901);
    let grid = World::of(county(0)).grids[0].clone();
    enrol(
        &town,
        &mut both,
        Role::CountyReviewer,
        &county(0),
        &county(0),
    );
    town.sync(&mut both);
    assert_eq!(both.device.count().unwrap(), 1);
    enrol(&town, &mut both, Role::CityReviewer, &own, &own);
    both.device.set_token(None).unwrap();
    town.sync(&mut both);
    assert_eq!(both.device.count().unwrap(), 2);
    let doc = finds(&mut workers[0], &grid, "又一处");
    town.sync(&mut workers[0]);
    town.sync(&mut both);
    assert!(both.hazard(doc).is_ok());
    let report = town.sync(&mut both);
    assert_eq!((report.requests, report.repairs), (1, 0), "{report:?}");
}

#[test]
fn a_county_that_gets_a_log_of_its_own_later_is_followed() {
    let town = Town::new();
    let own: AreaPath = CITY.parse().unwrap();
    let mut officer = phone(&town, 902);
    enrol(&town, &mut officer, Role::CityReviewer, &own, &own);
    // No county has a log yet: the hazard is in the city's log.
    let grid = World::of(county(0)).grids[0].clone();
    let early = finds(&mut officer, &grid, "县还没有自己的日志");
    town.sync(&mut officer);
    // Not yet sent when the county gets its own log.
    let late = finds(&mut officer, &grid, "县刚有自己的日志");
    let mut worker = phone(&town, 1);
    enrol(&town, &mut worker, Role::GridWorker, &grid, &county(0));
    for _ in 0..2 {
        officer.device.set_token(None).unwrap();
        town.sync(&mut officer);
    }
    town.sync(&mut worker);
    assert!(worker.hazard(late).is_ok());
    for doc in [early, late] {
        assert!(officer.hazard(doc).is_ok());
    }
    let report = town.sync(&mut officer);
    assert_eq!((report.requests, report.repairs), (1, 0), "{report:?}");
}

#[test]
fn a_server_that_names_fewer_areas_than_the_grants_say_takes_nothing_away() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = crate::support::found(&mut liu, &town, "三栋楼道堆物");
    town.sync(&mut liu);
    // A server whose clock is wrong finds no valid grant and names no area.
    let now = ServerTime(MORNING - 49 * 3_600_000);
    liu.device.set_scopes(&[], now).unwrap();
    assert!(liu.hazard(doc).is_ok());
    liu.device
        .set_scopes(&[], ServerTime(MORNING + 4_000 * 86_400_000))
        .unwrap();
    assert!(liu.hazard(doc).is_ok());
    assert!(
        liu.device.cursors().unwrap().is_empty(),
        "nothing is asked for meanwhile"
    );
    // Named again, the scope resumes at its cursor: no document is sent twice.
    liu.device.set_token(None).unwrap();
    let report = liu
        .sync(&mut town.http.clone(), Options::default())
        .unwrap();
    assert_eq!((report.complete, report.documents), (true, 0));
    // An area that the grants never covered is removed.
    let elsewhere = Scope {
        space: county(5),
        area: county(5),
        log: sync_core::record::LogEpoch([1; 8]),
    };
    liu.device
        .set_scopes(&[elsewhere], ServerTime(MORNING))
        .unwrap();
    liu.device.set_scopes(&[], ServerTime(MORNING)).unwrap();
    liu.device.set_token(None).unwrap();
    assert_eq!(town.sync(&mut liu).requests, 3);
}

/// Whether a hazard of a county is in the ledger.
fn is_listed(town: &Town, n: usize, doc: DocId) -> bool {
    let storage = &town.app().storage;
    let rows = storage.read(move |tx| hazards::of(tx, &county(n), &[doc]));
    !town.runtime.block_on(rows).unwrap().is_empty()
}

#[test]
fn a_county_whose_ledger_waits_delays_the_ledger_of_no_other() {
    let town = Town::new();
    let Some(url) = town.config.database.clone() else {
        return;
    };
    let (_, mut workers, _) = city(&town, 3);
    town.project();
    let held = town.runtime.block_on(async {
        let (held, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let hold = format!(
            "BEGIN; SELECT 1 FROM projection_mark WHERE space = '{}' FOR UPDATE",
            county(0)
        );
        held.batch_execute(&hold).await.unwrap();
        held
    });
    let more: Vec<DocId> = (0..)
        .zip(&mut workers)
        .map(|(n, worker)| {
            let doc = finds(worker, &World::of(county(n)).grids[0], "又一处");
            town.sync(worker);
            doc
        })
        .collect();
    while !(1..3).all(|n| is_listed(&town, n, more[n])) {
        std::thread::yield_now();
    }
    assert!(!is_listed(&town, 0, more[0]));
    town.runtime
        .block_on(held.batch_execute("ROLLBACK"))
        .unwrap();
    while !is_listed(&town, 0, more[0]) {
        std::thread::yield_now();
    }
}
