//! The day, hour by hour.

use std::{net::SocketAddr, path::Path};

use sync_core::{
    record::{DeviceTime, DocId, EventBody, LocationKind, PhotoRole},
    sync::{Options, Report},
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
};

use super::{Ledger, Played, table};
use crate::{
    network::{Profile, Proxy},
    phone::{Http, Phone},
    world::{World, evidence, note, observation, photo},
};

/// Steps of the day, for the progress bar.
const STEPS: u64 = 14;

struct Day<'s> {
    say: &'s mut dyn FnMut(u64, u64, &str),
    done: u64,
    reports: Vec<(&'static str, Report)>,
}

impl Day<'_> {
    fn step(&mut self, words: &str) {
        (self.say)(self.done, STEPS, words);
        self.done += 1;
    }

    fn sync(&mut self, who: &'static str, phone: &mut Phone, net: &Http) -> anyhow::Result<()> {
        let options = Options {
            patience: 40,
            ..Options::default()
        };
        let report = phone.sync(&mut net.as_phone(who), options)?;
        anyhow::ensure!(
            report.complete,
            "{who}: the sync did not complete: {report:?}"
        );
        self.reports.push((who, report));
        Ok(())
    }
}

pub(super) fn play(
    folder: &Path,
    listen: SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    let mut day = Day {
        say,
        done: 0,
        reports: Vec::new(),
    };
    day.step("启动服务器 / starting the server");
    let runtime = Runtime::new()?;
    let config = Config::new(folder.join("server"), listen);
    let app = runtime.block_on(App::start(&config, system_clock()))?;
    let world = World::small();
    runtime.block_on(world.seed(&app.storage))?;
    let server = format!("http://{}", app.address);
    let proxy = runtime.block_on(Proxy::start(&server, Profile::named("tunnel")?, 2024))?;
    let (good, bad) = (
        Http::new(&server)?,
        Http::new(&format!("http://{}", proxy.address))?,
    );

    day.step("登记三部手机 / enrolling three phones");
    let enrol = |name: &str, number: u64| -> anyhow::Result<Phone> {
        let code = runtime.block_on(world.invite(&app.storage, &app.rooms, world.actor(name)))?;
        let now = DeviceTime(app.rooms.access.now().0);
        let mut phone = Phone::simulated(&folder.join(format!("phone-{number}")), number, now)?;
        phone.enrol(&mut good.clone(), &server, &code)?;
        phone.sync(&mut good.clone(), Options::default())?;
        Ok(phone)
    };
    let (mut jia, mut yi) = (enrol("网格员甲", 1)?, enrol("网格员乙", 2)?);
    let mut bing = enrol("物业经理丙", 3)?;

    let docs = morning(&mut day, &world, &mut jia, &mut yi, &mut bing)?;
    day.step("上午各自同步 / syncing over a bad network, one after the other");
    day.sync("网格员甲", &mut jia, &bad)?;
    day.sync("网格员乙", &mut yi, &bad)?;
    day.sync("物业经理丙", &mut bing, &bad)?;
    day.sync("网格员甲", &mut jia, &bad)?;
    afternoon(&mut day, docs, &mut jia, &mut yi, &mut bing)?;
    day.step("傍晚同步 / syncing in the evening");
    for _ in 0..2 {
        day.sync("物业经理丙", &mut bing, &bad)?;
        day.sync("网格员甲", &mut jia, &bad)?;
        day.sync("网格员乙", &mut yi, &bad)?;
    }
    late(&mut day, docs[1], &mut yi, &bad)?;

    day.step("推演台账 / folding the ledger");
    runtime.block_on(app.rooms.projection.catch_up())?;
    day.step("审核员取台账 / the reviewer pulls the ledger");
    let reviewer = world.actor("审核员丁").clone();
    let token = runtime.block_on(app.rooms.access.issue_token(
        reviewer.person,
        reviewer.role,
        reviewer.area,
        "demo".to_owned(),
    ))?;
    let mut ledger = Ledger::pull(&mut good.clone(), &token)?;
    ledger.wire = table::wire(&day.reports, proxy.counters());
    day.step("完成 / done");
    Ok(Played {
        app,
        runtime,
        token,
        ledger,
    })
}

/// Nobody has signal. Three people see three hazards in one building.
fn morning(
    day: &mut Day<'_>,
    world: &World,
    jia: &mut Phone,
    yi: &mut Phone,
    bing: &mut Phone,
) -> anyhow::Result<[DocId; 3]> {
    let compound = &world.compounds[0];
    day.step("甲在地下室：占用消防车通道 / a blocked fire lane, no signal");
    let shots = vec![
        photo(&mut jia.device, 11, PhotoRole::Before)?,
        photo(&mut jia.device, 12, PhotoRole::Before)?,
    ];
    let place = ("3栋", "", "", LocationKind::FireLane);
    let lane = observation(
        compound,
        "FL-01",
        place,
        "三栋东侧消防车通道停放私家车两辆",
        shots,
    );
    let (lane, _) = jia.device.observe(lane, None)?;
    day.step("乙在架空层：飞线充电 / e-bikes charging in an open ground storey, no signal");
    let shots = vec![photo(&mut yi.device, 21, PhotoRole::Before)?];
    let place = ("3号楼", "1单元", "架空层", LocationKind::Pilotis);
    let bikes = observation(
        compound,
        "EV-06",
        place,
        "架空层私拉插座充电，电动自行车约十辆",
        shots,
    );
    let (bikes, _) = yi.device.observe(bikes, None)?;
    day.step("丙自查：防盗网无逃生口 / an iron grille, found by the manager, no signal");
    let shots = vec![photo(&mut bing.device, 31, PhotoRole::Before)?];
    let place = ("3栋", "2单元", "5层", LocationKind::Window);
    let grille = observation(
        compound,
        "WN-01",
        place,
        "外窗防盗网封闭，未留逃生口",
        shots,
    );
    let (grille, _) = bing.device.observe(grille, None)?;
    Ok([lane, bikes, grille])
}

/// No signal again. People act on each other's hazards without knowing of each other.
fn afternoon(
    day: &mut Day<'_>,
    docs: [DocId; 3],
    jia: &mut Phone,
    yi: &mut Phone,
    bing: &mut Phone,
) -> anyhow::Result<()> {
    let [lane, bikes, grille] = docs;
    day.step("丙申报已整改，甲复查仍在 / the manager says fixed, the inspector says still there");
    let after = photo(&mut bing.device, 32, PhotoRole::After)?;
    bing.device.state(
        lane,
        EventBody::ClaimFixed(evidence("车辆已挪走，已画禁停线", vec![after])),
        None,
    )?;
    let still = photo(&mut yi.device, 22, PhotoRole::After)?;
    yi.device.state(
        lane,
        EventBody::RecheckFail(evidence("下午仍有一辆车占道", vec![still])),
        None,
    )?;
    day.step("丙清理架空层 / the manager clears the open storey");
    let after = photo(&mut bing.device, 33, PhotoRole::After)?;
    bing.device.state(
        bikes,
        EventBody::ClaimFixed(evidence("已断电，车辆移至充电棚", vec![after])),
        None,
    )?;
    jia.device
        .state(bikes, EventBody::Note(note("居民反映夜间仍有充电")), None)?;
    day.step("甲给防盗网补充说明 / a remark on the grille");
    jia.device.state(
        grille,
        EventBody::Note(note("住户同意加装可开启逃生窗")),
        None,
    )?;
    Ok(())
}

/// A photo whose record is already in the ledger and whose bytes are not: it shows as pending.
fn late(day: &mut Day<'_>, bikes: DocId, yi: &mut Phone, bad: &Http) -> anyhow::Result<()> {
    day.step("乙夜查补照片，照片留待明早上传 / a late photo: the record goes, its bytes wait");
    let night = photo(&mut yi.device, 23, PhotoRole::Patrol)?;
    yi.device.state(
        bikes,
        EventBody::AddPhoto(evidence("夜间复查，现场已清空", vec![night])),
        None,
    )?;
    let options = Options {
        photos: false,
        patience: 40,
        ..Options::default()
    };
    let report = yi.sync(&mut bad.as_phone("网格员乙"), options)?;
    anyhow::ensure!(
        report.complete,
        "the late record did not arrive: {report:?}"
    );
    day.reports.push(("网格员乙", report));
    Ok(())
}
