//! The client half of push and pull: one pack up and one page a scope down, until nothing is left.

use super::{Call, Reply, Syncing, Waiting};
use crate::{
    device::{Device, DeviceError},
    record::DocId,
    wire::{
        Code, Exchange, pull,
        pull::Cursor,
        sync::{Request, Sync},
    },
};

/// Times one sync sends changes once more: two copies of a phone settle in a few, a server that answers so for ever
/// must not keep a phone busy.
const MAX_AGAIN: u32 = 8;

impl Syncing {
    pub(super) fn next_records(
        &mut self,
        device: &mut Device,
    ) -> Result<Option<Call>, DeviceError> {
        let need = device.needed()?;
        let pack = device.next_pack()?;
        if self.records_done && need.is_empty() && pack.is_none() {
            return Ok(None);
        }
        let cursors = device.cursors()?;
        let call = Call::exchange::<Sync>(&Request {
            push: pack.map(|sealed| sealed.request),
            pull: Some(pull::Request {
                scopes: cursors.clone(),
                need: need.clone(),
                page_documents: self.options.page_documents,
            }),
        });
        self.asked = Some(Waiting::Records(cursors, need));
        Ok(Some(call))
    }

    pub(super) fn records(
        &mut self,
        device: &mut Device,
        cursors: &[Cursor],
        need: &[DocId],
        reply: &Reply,
    ) -> Result<bool, DeviceError> {
        let Ok(response) = Sync::read_response(&reply.body) else {
            return Ok(false);
        };
        if let Some(answer) = &response.push {
            let settled = device.settle(answer)?;
            self.report.acknowledged += settled.acknowledged as u64;
            self.report.reauthored += settled.reauthored as u64;
            self.report.refused += settled.refused as u64;
            self.again += u32::from(settled.again);
            if self.again > MAX_AGAIN {
                self.report.refusal = Some(Code::PackFork);
                self.ended = true;
                return Ok(true);
            }
        }
        let pages = response.pull.map(|pull| pull.pages).unwrap_or_default();
        if pages.len() != cursors.len() + usize::from(!need.is_empty()) {
            return Ok(false);
        }
        let mut more = false;
        for (cursor, page) in cursors.iter().zip(&pages) {
            let applied = device.apply_page(cursor, page)?;
            self.report.documents += applied.documents as u64;
            self.report.unfit += applied.unfit as u64;
            more |= applied.more;
        }
        if !need.is_empty()
            && let Some(page) = pages.last()
        {
            let received = device.apply_needed(need, page)?;
            self.report.documents += received as u64;
        }
        self.records_done = !more;
        Ok(true)
    }
}
