//! The independent model of the rules of docs/rules.md, and tests of the model itself.
//!
//! [`oracle::judge`] returns an [`oracle::Outcome`] for a document. [`comparison::judged_world`] returns the inputs of a
//! random world as plain data with the outcome, so that another implementation can judge the same document.

mod comparison;
mod costly;
mod coverage;
mod editions;
mod figures;
mod fold;
mod hand;
mod hierarchy;
mod history;
mod laws;
mod mended;
mod noise;
mod oracle;
mod plain;
mod records;
mod shrink;
mod world;

/// Runs a function for each seed on all processors; returns what it returned, in the order of the seeds.
fn parallel<T: Send>(count: u64, run: impl Fn(u64) -> Option<T> + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let part = |first: u64| {
        let seeds = (first..count).step_by(usize::try_from(threads).unwrap_or(1));
        seeds
            .filter_map(|seed| Some((seed, run(seed)?)))
            .collect::<Vec<_>>()
    };
    let part = &part;
    let mut found: Vec<(u64, T)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || part(first)))
            .collect();
        all.into_iter()
            .flat_map(|t| t.join().expect("no panic"))
            .collect()
    });
    found.sort_unstable_by_key(|(seed, _)| *seed);
    found.into_iter().map(|(_, what)| what).collect()
}
