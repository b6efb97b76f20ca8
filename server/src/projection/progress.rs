//! What a round of the projection did.

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Documents projected.
    pub documents: usize,
    /// Documents that could not be folded; they have a row that states the problem.
    pub damaged: usize,
    /// Documents that got a new snapshot.
    pub folded: usize,
}

impl Progress {
    /// Adds what another round did.
    pub(super) fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.damaged += other.damaged;
        self.folded += other.folded;
    }
}
