//! The steps of a sync, and its options.

use super::{call::Call, report::Report};
use crate::record::DeviceTime;

/// What the embedder must do next.
#[derive(Debug)]
pub enum Step {
    /// Make this call and pass its outcome to [`Syncing::answer`].
    Call(Call),
    /// Call [`Syncing::next`] again at this time (by the device's clock), or stop: nothing is lost either way.
    Wait {
        /// The end of the wait.
        until: DeviceTime,
    },
    /// The sync is over.
    Done(Box<Report>),
}

/// Options of one sync.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Send photos too; documents always go first.
    pub photos: bool,
    /// Calls that may fail in a row before the sync ends; the next sync continues.
    pub patience: u32,
    /// Documents of one page at most, for a device with little memory; absent: the server's limit.
    pub page_documents: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            photos: true,
            patience: 8,
            page_documents: None,
        }
    }
}
