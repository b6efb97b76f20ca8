//! Readers that follow every log: between two reads, every sequence number between the two heads must have appeared.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use sync_core::record::AreaPath;
use tokio::task::JoinHandle;
use xuncha_server::storage::{Storage, StorageError, log, spaces};

use crate::bench::Generator;

/// The results of the readers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) looks: u64,
    pub(super) grown: u64,
    pub(super) broken: Vec<String>,
}

pub(super) type Readers = Vec<JoinHandle<Seen>>;

/// One reader for each log and each process.
pub(super) fn start(
    generator: &Generator,
    processes: [Storage; 2],
    over: &Arc<AtomicBool>,
) -> Readers {
    let spaces = generator.worlds.iter().map(|world| world.county.clone());
    let each = spaces.flat_map(|space| processes.clone().map(|storage| (space.clone(), storage)));
    each.map(|(space, storage)| generator.spawn(follow(space, storage, Arc::clone(over))))
        .collect()
}

/// Waits for the readers; each reads once more after the last write.
pub(super) fn finish(generator: &Generator, readers: Readers) -> anyhow::Result<Seen> {
    let mut all = Seen::default();
    for reader in readers {
        let seen = generator.block_on(reader)?;
        all.looks += seen.looks;
        all.grown += seen.grown;
        all.broken.extend(seen.broken);
    }
    Ok(all)
}

async fn follow(space: AreaPath, storage: Storage, over: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut cursor) = (Seen::default(), 0);
    loop {
        let last = over.load(SeqCst);
        let place = space.clone();
        let look = storage.read(move |tx| {
            let head = spaces::find(tx, &place)?.map_or(0, |s| s.head);
            let came = log::count(tx, &place, cursor, u64::MAX >> 1)?;
            Ok::<_, StorageError>((head, came))
        });
        // A killed connection gives no result; the next read covers the gap.
        if let Ok((head, came)) = look.await {
            seen.looks += 1;
            seen.grown += u64::from(head > cursor);
            if head < cursor || came != head - cursor {
                seen.broken.push(format!(
                    "{space}: from {cursor} to {head} there are {came} numbers"
                ));
            }
            cursor = head;
            if last {
                return seen;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
