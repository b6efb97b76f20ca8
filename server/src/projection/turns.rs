//! The order of the rounds: spaces take turns, several at once, so that much work in one county delays no other county.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use sync_core::{causes::with_causes, record::AreaPath};
use tokio::task::{Id, JoinError, JoinSet};

use super::{Projection, QUIET, progress::Progress};
use crate::storage::{
    StorageError,
    marks::{self, Work},
};

/// The number of spaces that are projected at once. More than there are usually processors: a space whose documents are
/// slow to fold keeps one of them only.
const AT_ONCE: usize = 8;

/// The turns of one pass.
#[derive(Default)]
struct Turns {
    running: JoinSet<Result<Turn, StorageError>>,
    busy: HashMap<Id, AreaPath>,
    /// The turns that each space has had: the one with the fewest is next.
    had: BTreeMap<AreaPath, usize>,
    /// When each space without progress had its turn: another process has the lease, or a round failed. It waits for
    /// [`QUIET`], or for the next pass.
    left: BTreeMap<AreaPath, Instant>,
    total: Progress,
    failed: Option<StorageError>,
}

/// The kinds of work that a space has.
#[derive(Clone, Copy, Default)]
struct Waiting {
    has_grown: bool,
    refolds: bool,
    compares: bool,
}

/// What one turn did.
#[derive(Default)]
struct Turn {
    progress: Progress,
    is_empty: bool,
}

impl Projection {
    /// Gives turns to the spaces until no space has work that this process may do.
    ///
    /// # Errors
    /// The first [`StorageError`]; the other spaces are projected all the same.
    pub(super) async fn take_turns(&self) -> Result<Progress, StorageError> {
        let mut turns = Turns::default();
        let mut is_making = !self.is_whole().await?.1;
        loop {
            let work = self.storage.read(|tx| marks::work(tx)).await?;
            if is_making {
                // Not only at the end: while one county is pushed to, a pass may last long.
                self.storage.write(|tx| marks::end_making(tx)).await?;
                is_making = !self.is_whole().await?.1;
            }
            if work.photos && turns.failed.is_none() {
                let marked = self.photos().await;
                turns.failed = turns.failed.or(marked.err());
            }
            turns.begin(self, work);
            if turns.busy.is_empty() {
                return turns.failed.map_or(Ok(turns.total), Err);
            }
            // What is pushed meanwhile to a space that has no turn begins at once.
            tokio::select! {
                Some(ended) = turns.running.join_next_with_id() => turns.end(ended),
                () = self.wake.projection(QUIET) => {}
            }
        }
    }

    /// One round for a space of each kind of work that it has.
    async fn turn(&self, space: &AreaPath, waiting: Waiting) -> Result<Turn, StorageError> {
        let (mut progress, mut is_empty) = (Progress::default(), true);
        if waiting.has_grown {
            let (round, more) = self.round(space.clone()).await?;
            progress.add(round);
            is_empty &= !more;
        }
        if waiting.refolds {
            progress.documents += self.again(space.clone()).await?;
        }
        is_empty &= progress.documents == 0;
        if waiting.compares {
            is_empty &= self.compare(space.clone()).await? == 0;
        }
        Ok(Turn { progress, is_empty })
    }
}

impl Turns {
    /// Begins turns of spaces that have work.
    fn begin(&mut self, projection: &Projection, work: Work) {
        let mut waiting: BTreeMap<AreaPath, Waiting> = BTreeMap::new();
        for space in work.grown {
            waiting.entry(space).or_default().has_grown = true;
        }
        for space in work.refolds {
            waiting.entry(space).or_default().refolds = true;
        }
        for space in work.comparisons {
            waiting.entry(space).or_default().compares = true;
        }
        self.left.retain(|_, at| at.elapsed() < QUIET);
        let busy: BTreeSet<&AreaPath> = self.busy.values().collect();
        waiting.retain(|space, _| !busy.contains(space) && !self.left.contains_key(space));
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        waiting.sort_by_key(|(space, _)| self.had.get(space).copied().unwrap_or(0));
        for (space, kinds) in waiting.into_iter().take(AT_ONCE - self.busy.len()) {
            *self.had.entry(space.clone()).or_default() += 1;
            let (projection, of) = (projection.clone(), space.clone());
            let turn = self
                .running
                .spawn(async move { projection.turn(&of, kinds).await });
            self.busy.insert(turn.id(), space);
        }
    }

    /// Notes what a turn did. A turn that failed or panicked ends no other.
    fn end(&mut self, ended: Result<(Id, Result<Turn, StorageError>), JoinError>) {
        let (id, done) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(StorageError::Closed)),
        };
        let Some(space) = self.busy.remove(&id) else {
            return;
        };
        match done {
            Ok(turn) => {
                self.total.add(turn.progress);
                if turn.is_empty {
                    self.left.insert(space, Instant::now());
                }
            }
            Err(error) => {
                tracing::debug!(%space, error = %with_causes(&error), "a round of the projection failed");
                self.left.insert(space, Instant::now());
                self.failed.get_or_insert(error);
            }
        }
    }
}
