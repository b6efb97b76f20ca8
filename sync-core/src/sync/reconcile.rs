//! The client's part of the exchange `reconcile`: finds what differs, then requests and offers it.

use super::{
    asked::{Asked, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    device::{Device, DeviceError, ReconcileTask},
    wire::{
        Exchange,
        reconcile::{Reconcile, Request},
    },
};

/// Scopes reconciled in one sync at most, or twice the number of scopes if that is more: a server whose sums never
/// agree must not keep a device busy.
const MAX_RECONCILED: u64 = 8;

impl Syncing {
    pub(super) fn next_reconcile(
        &mut self,
        device: &mut Device,
    ) -> Result<Option<Call>, DeviceError> {
        let task = match self.reconciling.take() {
            Some(task) => task,
            None if self.report.repairs >= MAX_RECONCILED.max(2 * device.scope_count()?) => {
                return Ok(None);
            }
            None => match device.next_reconcile()? {
                Some(task) => {
                    self.report.repairs += 1;
                    Box::new(task)
                }
                None => return Ok(None),
            },
        };
        let call = Call::exchange::<Reconcile>(&Request {
            space: task.cursor.space.clone(),
            area: task.cursor.area.clone(),
            message: task.message.clone(),
        });
        self.asked = Some(Asked::Reconcile(task));
        Ok(Some(call))
    }

    pub(super) fn reconcile_answered(
        &mut self,
        device: &mut Device,
        mut task: Box<ReconcileTask>,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        let Ok(response) = Reconcile::read_response(&reply.body) else {
            return Ok(Heard::Nothing(reply.unusable()));
        };
        if device.reconcile_answer(&mut task, &response)? {
            // Next: needed documents are requested, and the tail is followed from the head at which the reconciliation
            // began.
            self.sync_done = false;
        } else {
            self.reconciling = Some(task);
        }
        Ok(Heard::Progress)
    }
}
