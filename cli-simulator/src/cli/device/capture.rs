//! `device capture`: a new hazard on the command line.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use cli_simulator::phone::Phone;
use sync_core::record::{
    AreaPath, CompoundId, FindingSource, KindCode, Label, LocationKind, Long, Observation,
    PhotoRole, Place, Short,
};
use xuncha_server::say;

use super::{find, photos::take};

/// A new hazard.
#[derive(Debug, Args)]
pub(super) struct Capture {
    /// Hazard kind such as EV-06.
    #[arg(long)]
    kind: String,
    /// Area path; by default the area of the device's newest grant.
    #[arg(long)]
    area: Option<AreaPath>,
    /// The compound's id (a UUID); zeroes if it is unknown.
    #[arg(long)]
    compound: Option<CompoundId>,
    /// Building label.
    #[arg(long, default_value = "")]
    building: String,
    /// Entrance label.
    #[arg(long, default_value = "")]
    unit: String,
    /// Floor label.
    #[arg(long, default_value = "")]
    floor: String,
    /// Kind of spot, for example stairwell, pilotis, fire_lane, window.
    #[arg(long, default_value = "other")]
    location: LocationKind,
    /// What was seen.
    #[arg(long)]
    text: String,
    /// The count, in the catalogue's unit.
    #[arg(long)]
    count: Option<u32>,
    /// Photos.
    #[arg(long)]
    photo: Vec<PathBuf>,
    /// Why there is no photo.
    #[arg(long)]
    no_photo: Option<String>,
}

impl Capture {
    pub(super) fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let catalogue = Arc::clone(phone.device.catalogue());
        let edition = phone.device.edition()?;
        let kind = catalogue
            .kind(&self.kind, edition)
            .with_context(|| format!("{} is not a hazard kind; for example EV-06", self.kind))?;
        let area = find::area(phone, self.area)?;
        let photos = take(phone, &self.photo, PhotoRole::Before)?;
        let observation = Observation {
            code: KindCode::new(&self.kind)?,
            area,
            place: Place {
                compound: self.compound.unwrap_or(CompoundId([0; 16])),
                building: Label::new(&self.building)?,
                unit: Label::new(&self.unit)?,
                floor: Label::new(&self.floor)?,
                location: self.location,
                spot: Label::default(),
                connected_to: Vec::new(),
            },
            description: Long::new(&self.text)?,
            count: self.count,
            photos,
            no_photo_reason: self.no_photo.as_deref().map(Short::new).transpose()?,
            position: None,
            source: FindingSource::Patrol,
            catalogue_version: catalogue.kinds.version,
        };
        let (doc, _) = phone.device.observe(observation, None)?;
        say!("已保存 / saved: {doc} {} {}", kind.code, kind.zh);
        Ok(())
    }
}
