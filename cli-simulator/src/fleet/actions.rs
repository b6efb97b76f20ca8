//! The actions of a person: records a hazard, answers one, syncs.

use sync_core::{
    device::{DeviceError, Filter},
    record::{EventBody, LocationKind, PhotoRef, PhotoRole},
    sync::Options,
};

use super::{running::Fleet, trouble};
use crate::world::{evidence, note, observation, photo};

impl Fleet {
    pub(super) fn observe(&mut self, n: usize) -> anyhow::Result<()> {
        let which = self.roll(2) as usize;
        let grants = self.members[n].phone.device.own_grants()?;
        let mut compound = &self.world.compounds[which];
        if !grants[0].1.area.covers(&compound.grid) {
            compound = &self.world.compounds[2];
        }
        let compound = compound.clone();
        let (code, words, kind) = [
            ("FL-01", "私家车占用消防车通道", LocationKind::FireLane),
            ("EV-06", "架空层飞线充电", LocationKind::Pilotis),
            ("WN-01", "外窗防盗网未留逃生口", LocationKind::Window),
        ][self.roll(3) as usize];
        let building = format!("{}栋", 1 + self.roll(9));
        let photos = self.shoot(n, PhotoRole::Before)?;
        let person = self.person(n);
        let member = &mut self.members[n];
        let found = observation(
            &compound,
            code,
            (&building, "1单元", "1层", kind),
            words,
            photos,
        );
        let stated = member.phone.device.observe(found, person)?;
        member.stated.push(stated);
        Ok(())
    }

    fn shoot(&mut self, n: usize, role: PhotoRole) -> anyhow::Result<Vec<PhotoRef>> {
        if self.roll(4) > 0 {
            Ok(Vec::new())
        } else {
            self.shot(n, role)
        }
    }

    fn shot(&mut self, n: usize, role: PhotoRole) -> anyhow::Result<Vec<PhotoRef>> {
        let seed = self.roll(40);
        let member = &mut self.members[n];
        let taken = photo(&mut member.phone.device, seed, role)?;
        member.photos.push(taken.hash);
        if self.trouble.photos && self.roll(6) == 0 {
            let how = self.roll(3);
            trouble::spoil(&self.members[n].phone, &taken.hash, how)?;
        }
        Ok(vec![taken])
    }

    pub(super) fn respond(&mut self, n: usize) -> anyhow::Result<()> {
        let all = Filter {
            limit: 10_000,
            ..Filter::default()
        };
        let mut rows = self.members[n].phone.device.list(&all)?;
        if rows.is_empty() {
            return self.observe(n);
        }
        // People choose hazards that changed last or the oldest ones, so that several people write to the same hazard.
        if self.roll(2) == 0 {
            rows.sort_by_key(|row| row.doc);
            rows.truncate(3);
        }
        let doc = rows[self.roll(rows.len().min(6) as u64) as usize].doc;
        let state = self.members[n].phone.hazard(doc)?.0.state;
        let kind = match state.0 {
            // Only reviewers close; the fold makes the close of any other author void.
            70 if n % 8 == 7 => 5,
            _ => self.roll(5),
        };
        let photos = if kind == 0 || kind == 5 {
            Vec::new()
        } else {
            self.shot(n, PhotoRole::After)?
        };
        let body = match kind {
            1 => EventBody::ClaimFixed(evidence("已整改", photos)),
            2 => EventBody::RecheckFail(evidence("仍存在", photos)),
            3 => EventBody::RecheckPass(evidence("已消除", photos)),
            4 => EventBody::AddPhoto(evidence("补充", photos)),
            5 => EventBody::Close(note("现场与照片一致，同意销号")),
            _ => EventBody::Note(note("已联系责任人")),
        };
        // Of two persons who share a device, one may have no grant there.
        for person in [self.person(n), None] {
            let member = &mut self.members[n];
            match member.phone.device.state(doc, body.clone(), person) {
                Ok(id) => {
                    member.stated.push((doc, id));
                    break;
                }
                Err(DeviceError::NoGrant { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) fn sync(&mut self, n: usize, patient: bool) -> anyhow::Result<()> {
        let member = &mut self.members[n];
        let options = if patient {
            Options {
                patience: 60,
                ..Options::default()
            }
        } else {
            Options {
                patience: 3,
                ..Options::default()
            }
        };
        let report = member.phone.sync(&mut member.http, options)?;
        self.syncs += 1;
        self.requests.push(report.requests);
        self.interrupted += usize::from(!report.complete);
        if self.roll(3) == 0 {
            self.members[n].phone.rest()?;
        }
        Ok(())
    }
}
