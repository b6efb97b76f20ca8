//! Durable ingest from many devices, group commit included.

use std::{path::Path, time::Instant};

use sync_core::{record::DeviceId, wire::push};

use super::{generate::Generator, measure::soon, row::Row};

/// Changes of a pack.
pub(super) const CHANGES: usize = 50;

/// The packs of each writer, in their order.
pub(super) type Packs = Vec<Vec<(DeviceId, push::Request)>>;

/// Seals `packs` packs for every writer; one lane for each writer.
///
/// The writers make their packs in turn, as devices do that are at work at the same time: document ids begin with the
/// time, so the documents of one group lie next to each other in the trees. One writer after the other would measure
/// another load, at 0.8 of the rate.
pub(super) fn packs(generator: &mut Generator, packs: usize) -> anyhow::Result<Packs> {
    let writers = generator.writers.len();
    let mut lanes: Packs = (0..writers).map(|_| Vec::with_capacity(packs)).collect();
    for pack in 0..packs {
        for (writer, lane) in lanes.iter_mut().enumerate() {
            let mut entries = Vec::with_capacity(CHANGES);
            for n in 0..CHANGES {
                let at = soon() + (pack * CHANGES + n) as i64;
                entries.push(generator.record(writer, at)?.1);
            }
            let device = generator.writers[writer].id;
            lane.push((device, generator.seal(writer, entries)));
        }
    }
    Ok(lanes)
}

/// Pushes the lanes concurrently, each in its order; returns changes per second.
pub(super) fn push_all(generator: &Generator, lanes: Packs) -> anyhow::Result<f64> {
    let changes = lanes.iter().map(Vec::len).sum::<usize>() * CHANGES;
    let started = Instant::now();
    let ingest = generator.components.ingest.clone();
    generator.block_on(async move {
        let lane = |lane: Vec<(DeviceId, push::Request)>| {
            let ingest = ingest.clone();
            tokio::spawn(async move {
                for (device, pack) in lane {
                    ingest
                        .push(device, pack)
                        .await
                        .map_err(anyhow::Error::from)?;
                }
                anyhow::Ok(())
            })
        };
        let lanes: Vec<_> = lanes.into_iter().map(lane).collect();
        for lane in lanes {
            lane.await??;
        }
        anyhow::Ok(())
    })?;
    Ok(changes as f64 / started.elapsed().as_secs_f64())
}

/// The benchmark on SQLite.
pub(super) fn ingest(data: &Path, rows: &mut Vec<Row>, say: &dyn Fn(&str)) -> anyhow::Result<()> {
    const DEVICES: usize = 60;
    const PACKS: usize = 24;
    say("durable ingest: making packs");
    let mut generator = Generator::of_county(data, DEVICES, 1)?;
    let lanes = packs(&mut generator, PACKS)?;
    say("durable ingest: pushing");
    let rate = push_all(&generator, lanes)?;
    rows.push(Row::at_least(
        "durable ingest, SQLite, 60 devices",
        "rate",
        "changes/s",
        15_000.0,
        rate,
    ));
    Ok(())
}
