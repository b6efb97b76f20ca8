//! The client's part of the exchange `sync`: each call sends one pack and receives one page for each scope, until
//! nothing is left.

use super::{
    asked::{Asked, AskedSync, Heard},
    call::{Call, Reply},
    syncing::Syncing,
};
use crate::{
    device::{Device, DeviceError, Unsealed},
    wire::{
        Code, Exchange, FrameError, PAGE_DOCUMENTS, pull, push,
        sync::{Request, Response, Sync},
    },
};

/// How often one sync sends changes again without progress. Two copies of a device are settled in a few times. A
/// server that always answers so must not keep a device busy.
const MAX_AGAIN: u32 = 8;

impl Syncing {
    pub(super) fn next_sync(&mut self, device: &mut Device) -> Result<Option<Call>, DeviceError> {
        let need = device.needed(self.need_limit)?;
        let pack = device.next_pack(&self.packing)?;
        if self.sync_done && need.is_empty() && pack.is_none() {
            return Ok(None);
        }
        let cursors = device.cursors()?;
        let asked = AskedSync {
            cursors: cursors.clone(),
            need: need.clone(),
            pack: pack.is_some(),
        };
        let call = Call::exchange::<Sync>(&Request {
            push: pack.map(|sealed| sealed.request),
            pull: Some(pull::Request {
                scopes: cursors,
                need,
                page_documents: self.options.page_documents,
            }),
        });
        self.asked = Some(Asked::Sync(asked));
        Ok(Some(call))
    }

    pub(super) fn sync_answered(
        &mut self,
        device: &mut Device,
        asked: &AskedSync,
        reply: &Reply,
    ) -> Result<Heard, DeviceError> {
        let response = match Sync::read_response(&reply.body) {
            Ok(response) => response,
            Err(FrameError::TooLarge { .. }) if self.ask_for_less(asked) => {
                return Ok(Heard::Understood);
            }
            Err(_) => return Ok(Heard::Nothing(reply.unusable())),
        };
        let mut moved = self.settled(device, asked, &response)?;
        if self.ended {
            return Ok(Heard::Progress);
        }
        let pages = response.pull.map(|pull| pull.pages).unwrap_or_default();
        if pages.len() != asked.cursors.len() + usize::from(!asked.need.is_empty()) {
            let why = "应答缺页 / the answer lacks a page that was asked for";
            return Ok(Heard::Nothing(why.to_owned()));
        }
        device.heard_from(response.now)?;
        let (mut more, mut restored) = (false, false);
        for (cursor, page) in asked.cursors.iter().zip(&pages) {
            let applied = device.apply_page(cursor, page)?;
            self.report.documents += applied.documents as u64;
            self.report.unfit += applied.unfit as u64;
            more |= applied.more;
            moved |= applied.moved;
            restored |= applied.restored;
        }
        if restored {
            // A new session shows which grants of this device the server lost.
            device.set_token(None)?;
        }
        if !asked.need.is_empty()
            && let Some(page) = pages.last()
        {
            let (received, settled) = device.apply_needed(&asked.need, page)?;
            self.report.documents += received as u64;
            moved |= settled > 0;
        }
        // The first complete answer is progress too, if no more pages follow.
        moved |= !self.sync_done && !more;
        self.sync_done = !more;
        if moved {
            return Ok(Heard::Progress);
        }
        let why = "应答没有进展 / the answer brought nothing that was asked for";
        Ok(Heard::Nothing(why.to_owned()))
    }

    /// Settles the pack; returns whether there was progress.
    fn settled(
        &mut self,
        device: &mut Device,
        asked: &AskedSync,
        response: &Response,
    ) -> Result<bool, DeviceError> {
        let Some(answer) = response.push.as_ref().filter(|_| asked.pack) else {
            return Ok(false);
        };
        if let push::Response::Fork { number, .. } = answer
            && !std::mem::replace(&mut self.was_behind, true)
            && device.give_back_after(*number)?
        {
            // Once the server has its packs again, the same pack follows the last one.
            return Ok(true);
        }
        let settled = device.settle(answer)?;
        self.report.acknowledged += settled.acknowledged as u64;
        self.report.reauthored += settled.reauthored as u64;
        self.report.refused += settled.refused as u64;
        let ended = settled.acknowledged + settled.refused > 0;
        self.again += u32::from(settled.again && !ended);
        if self.again > MAX_AGAIN {
            self.report.refusal = Some(Code::PackFork);
            self.ended = true;
        }
        Ok(ended || settled.again)
    }

    /// The answer was too large to read: requests fewer documents by id, then smaller pages. `false` if neither can
    /// shrink.
    fn ask_for_less(&mut self, asked: &AskedSync) -> bool {
        if asked.need.len() > 1 {
            self.need_limit = asked.need.len() / 2;
            return true;
        }
        let page = self.options.page_documents.unwrap_or(PAGE_DOCUMENTS as u32);
        self.options.page_documents = Some((page / 2).max(1));
        page > 1
    }

    /// The call was too large for the server (`refused`) or for the network, so nothing of its pack is stored. The
    /// pack is opened and sealed again in halves. A single change that does not pass is set aside; the others are
    /// sent.
    pub(super) fn too_large(
        &mut self,
        device: &mut Device,
        asked: &AskedSync,
        refused: bool,
    ) -> Result<bool, DeviceError> {
        if !asked.pack {
            return Ok(refused && self.ask_for_less(asked));
        }
        match device.unseal(refused)? {
            None => return Ok(false),
            Some(Unsealed::Halved { changes, bytes }) => {
                (self.packing.changes, self.packing.bytes) = (changes, bytes);
            }
            Some(Unsealed::Alone(doc)) => {
                self.packing.aside.insert(doc);
                self.report.aside += 1;
            }
            Some(Unsealed::Refused(count)) => self.report.refused += count as u64,
        }
        Ok(true)
    }
}
