//! What follows each event of a history, kept as long as a later event needs it.

use super::causal::History;

/// A value after each event. The last use of a value moves it; earlier uses clone it.
pub(crate) struct AfterEach<T> {
    values: Vec<Option<T>>,
    /// Remaining uses of each value: one for each child of its event, and one if the event is a head.
    uses: Vec<usize>,
}

impl<T: Clone> AfterEach<T> {
    pub(crate) fn new(history: &History<'_>) -> Self {
        let mut uses = vec![0; history.len()];
        let parents = history.order.parents.iter().flatten();
        for at in parents.chain(&history.order.heads) {
            uses[*at] += 1;
        }
        Self {
            values: Vec::with_capacity(history.len()),
            uses,
        }
    }

    /// Appends the value after the next event in causal order.
    pub(crate) fn push(&mut self, value: T) {
        self.values.push(Some(value));
    }

    /// One use of the value after an event.
    pub(crate) fn take(&mut self, at: usize) -> Option<T> {
        self.uses[at] -= 1;
        let value = &mut self.values[at];
        if self.uses[at] == 0 {
            value.take()
        } else {
            value.clone()
        }
    }
}
