//! The order of the rounds: spaces take turns, several at once, so that much work in one county delays no other county.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use sync_core::{causes::with_causes, record::AreaPath};
use tokio::task::{JoinError, JoinSet};

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
    running: JoinSet<(AreaPath, Result<Turn, StorageError>)>,
    busy: BTreeSet<AreaPath>,
    /// The turns that each space has had: the one with the fewest is next.
    had: BTreeMap<AreaPath, usize>,
    /// When each space without progress had its turn: another process has the lease, or a round failed. It waits for
    /// [`QUIET`], or for the next pass.
    left: BTreeMap<AreaPath, Instant>,
    total: Progress,
    failed: Option<StorageError>,
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
        loop {
            let work = self.storage.read(|tx| marks::work(tx)).await?;
            if work.photos {
                self.photos().await?;
            }
            turns.begin(self, work);
            if turns.busy.is_empty() {
                return turns.failed.map_or(Ok(turns.total), Err);
            }
            // What is pushed meanwhile to a space that has no turn begins at once.
            tokio::select! {
                Some(ended) = turns.running.join_next() => turns.end(ended)?,
                () = self.wake.projection(QUIET) => {}
            }
        }
    }

    /// One round of each kind for a space.
    async fn turn(&self, space: &AreaPath) -> Result<Turn, StorageError> {
        let (mut progress, more) = self.round(space.clone()).await?;
        let again = self.again(space.clone()).await?;
        progress.documents += again;
        let compared = self.compare(space.clone()).await?;
        let is_empty = progress.documents == 0 && compared == 0 && !more;
        Ok(Turn { progress, is_empty })
    }
}

impl Turns {
    /// Begins turns of spaces that have work.
    fn begin(&mut self, projection: &Projection, work: Work) {
        let all = [work.grown, work.refolds, work.comparisons].concat();
        let waiting = all.into_iter().collect::<BTreeSet<_>>();
        self.left.retain(|_, at| at.elapsed() < QUIET);
        let is_waiting =
            |space: &AreaPath| !self.busy.contains(space) && !self.left.contains_key(space);
        let mut waiting: Vec<_> = waiting.into_iter().filter(is_waiting).collect();
        waiting.sort_by_key(|space| self.had.get(space).copied().unwrap_or(0));
        for space in waiting.into_iter().take(AT_ONCE - self.busy.len()) {
            *self.had.entry(space.clone()).or_default() += 1;
            self.busy.insert(space.clone());
            let projection = projection.clone();
            self.running.spawn(async move {
                let done = projection.turn(&space).await;
                (space, done)
            });
        }
    }

    fn end(
        &mut self,
        ended: Result<(AreaPath, Result<Turn, StorageError>), JoinError>,
    ) -> Result<(), StorageError> {
        let (space, done) = ended.map_err(|_| StorageError::Closed)?;
        self.busy.remove(&space);
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
        Ok(())
    }
}
