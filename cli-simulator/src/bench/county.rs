//! The benchmarks of one county on SQLite.

use std::{path::Path, time::Instant};

use sync_core::{
    device::Filter,
    record::{EventBody, LocationKind},
};

use super::{
    generate::Generator,
    measure::{median, ms, ready, records_only, soon, sync},
    relay,
    row::Row,
    server::Server,
};
use crate::{
    phone::{Http, Phone},
    world::{note, observation},
};

/// The operations of a device with a county of usual size.
pub(super) fn usual(
    folder: &Path,
    n: usize,
    rows: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    say(&format!("{n} records of 5 events"));
    let data = folder.join("server");
    let mut generator = Generator::of_county(&data, 20, 2)?;
    let mut made = generator.fill(n, 5, say)?;
    let (all, code) = (generator.code()?, generator.code()?);
    let server = Server::start(&data)?;
    let (relay, counted) = relay::start(server.address)?;
    let http = Http::new(&format!("http://{relay}"))?;
    let direct = Http::new(&format!("http://{}", server.address))?;

    say("a new phone");
    let pulled = |name: &str, code: &str| -> anyhow::Result<_> {
        let mut phone = ready(&folder.join(name), &direct, code)?;
        let started = Instant::now();
        let report = phone.sync(&mut direct.clone(), records_only())?;
        let first = Filter {
            limit: 50,
            ..Filter::default()
        };
        let listed = phone.device.list(&first)?.len();
        anyhow::ensure!(
            phone.device.count()? == n && listed == 50.min(n),
            "not everything is listed: {report:?}"
        );
        Ok((phone, ms(started) / 1000.0, report.bytes_down as f64 / 1e6))
    };
    let (_, took, megabytes) = pulled("without backup", &all)?;
    let work = format!("a new phone pulls {n} records, no off-site backup");
    rows.push(Row::new(
        &work,
        "time until durable and listable",
        "s",
        1.5,
        took,
    ));
    rows.push(Row::shown(&work, "down, with every proof", "MB", megabytes));
    generator.mark_safe()?;
    let (mut phone, took, megabytes) = pulled("phone", &code)?;
    let work = format!("a new phone pulls {n} records");
    rows.push(Row::new(
        &work,
        "time until durable and listable",
        "s",
        1.5,
        took,
    ));
    rows.push(Row::new(&work, "down, full history", "MB", 7.2, megabytes));

    nothing_new(&mut phone, &http, &direct, &counted, n, rows)?;

    say("100 edits");
    for pack in 0..10 {
        let mut entries = Vec::new();
        for record in 0..10 {
            let record = &mut made[(pack * 10 + record) * (n / 100).max(1) % n];
            entries.push(generator.add(record, pack, 0, soon())?);
        }
        let sealed = generator.seal(pack, entries);
        generator.push(pack, sealed)?;
    }
    let (report, took) = sync(&mut phone, &direct)?;
    anyhow::ensure!(report.documents == 100, "{report:?}");
    let work = format!("100 edited of {n}");
    rows.push(Row::new(&work, "time", "ms", 60.0, took));
    rows.push(Row::new(
        &work,
        "down",
        "KB",
        25.0,
        report.bytes_down as f64 / 1e3,
    ));

    pushes(&mut phone, &http, &direct, &counted, &generator, rows, say)
}

fn nothing_new(
    phone: &mut Phone,
    http: &Http,
    direct: &Http,
    counted: &relay::Counted,
    n: usize,
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    sync(phone, http)?;
    counted.take();
    let (report, _) = sync(phone, http)?;
    let (up, down) = counted.take();
    let work = format!("nothing new at {n}");
    rows.push(Row::new(&work, "requests", "", 1.0, report.requests as f64));
    rows.push(Row::new(
        &work,
        "up and down, headers included",
        "B",
        600.0,
        (up + down) as f64,
    ));
    let mut times = Vec::new();
    for _ in 0..200 {
        times.push(sync(phone, direct)?.1);
    }
    rows.push(Row::new(
        &work,
        "time, median of 200",
        "ms",
        10.0,
        median(times),
    ));
    Ok(())
}

fn pushes(
    phone: &mut Phone,
    http: &Http,
    direct: &Http,
    counted: &relay::Counted,
    generator: &Generator,
    rows: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    say("one event, then 1,000");
    let first = phone.device.list(&Filter {
        limit: 1,
        ..Filter::default()
    })?;
    let doc = first
        .first()
        .map(|row| row.doc)
        .ok_or_else(|| anyhow::anyhow!("the list is empty"))?;
    phone
        .device
        .state(doc, EventBody::Note(note("已核实")), None)?;
    counted.take();
    let (report, _) = sync(phone, http)?;
    let (up, _) = counted.take();
    rows.push(Row::new(
        "push of 1 event",
        "round trips",
        "",
        1.0,
        report.requests as f64,
    ));
    rows.push(Row::new(
        "push of 1 event",
        "up, body",
        "B",
        450.0,
        report.bytes_up as f64,
    ));
    rows.push(Row::shown(
        "push of 1 event",
        "up, HTTP/1.1 headers included",
        "B",
        up as f64,
    ));

    let mut captures = Vec::new();
    for n in 0..1000 {
        let compound = &generator.worlds[0].compounds[n % 3];
        let building = format!("{}栋", n % 40);
        let place = (building.as_str(), "2单元", "3层", LocationKind::Stairwell);
        let found = observation(
            compound,
            "EG-03",
            place,
            "楼梯间堆放杂物，已通知清理",
            Vec::new(),
        );
        let started = Instant::now();
        phone.device.observe(found, None)?;
        captures.push(ms(started));
    }
    rows.push(Row::new(
        "capture of one observation",
        "time, median of 1000",
        "ms",
        5.0,
        median(captures),
    ));
    let (report, took) = sync(phone, direct)?;
    anyhow::ensure!(report.acknowledged == 1000, "{report:?}");
    rows.push(Row::new(
        "push of 1,000 queued events",
        "time",
        "ms",
        300.0,
        took,
    ));
    rows.push(Row::new(
        "push of 1,000 queued events",
        "up",
        "KB",
        200.0,
        report.bytes_up as f64 / 1e3,
    ));
    Ok(())
}

/// A sync without new data, and the server's memory, at ten times the documents.
pub(super) fn large(
    folder: &Path,
    n: usize,
    rows: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    say(&format!("{n} records of 2 events"));
    let data = folder.join("server");
    let mut generator = Generator::of_county(&data, 20, 3)?;
    generator.fill(n, 2, say)?;
    let code = generator.code()?;
    drop(generator);
    let server = Server::start(&data)?;
    let (relay, counted) = relay::start(server.address)?;
    let http = Http::new(&format!("http://{relay}"))?;
    let direct = Http::new(&format!("http://{}", server.address))?;
    let idle = server.resident_mb();
    let mut phone = ready(&folder.join("phone"), &direct, &code)?;
    sync(&mut phone, &direct)?;
    anyhow::ensure!(phone.device.count()? == n, "not everything is listed");
    nothing_new(&mut phone, &http, &direct, &counted, n, rows)?;
    let work = format!("server at {n} records");
    rows.push(Row::new(
        &work,
        "resident, idle after start",
        "MB",
        150.0,
        idle,
    ));
    rows.push(Row::new(
        &work,
        "resident, after a full pull",
        "MB",
        150.0,
        server.resident_mb(),
    ));
    Ok(())
}
