//! `device inspect|answer|sign`: inspections on the command line.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use cli_simulator::phone::Phone;
use sync_core::{
    document::DocumentState,
    record::{
        Answer, Answers, AreaPath, CompoundId, EventBody, Finding, FindingSource, InspectionStart,
        ItemCode, KindCode, Label, LocationKind, Long, Observation, PersonId, PhotoRole, Place,
        Short, Signature, SignedAs, TeamMember, TemplateCode,
    },
};
use xuncha_server::say;

use super::{event::state, find, photos::take, print::saved};

/// An inspection.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Template such as TPL-DAILY.
    #[arg(long)]
    template: String,
    /// Area path; by default the area of the device's newest grant.
    #[arg(long)]
    area: Option<AreaPath>,
    /// The compound's id (a UUID).
    #[arg(long)]
    compound: Option<CompoundId>,
    /// Number of people in the team.
    #[arg(long, default_value_t = 1)]
    people: u16,
}

impl Inspect {
    pub(super) fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let catalogue = Arc::clone(phone.device.catalogue());
        let edition = phone.device.edition()?;
        let template = catalogue
            .template(&self.template, edition)
            .with_context(|| format!("{} is no template; for example TPL-DAILY", self.template))?;
        let area = find::area(phone, self.area)?;
        let (_, grant) = phone.device.grant_for(&area, None)?;
        let start = InspectionStart {
            template: TemplateCode::new(&template.code)?,
            template_version: template.version,
            kind: template.kind,
            area,
            compound: self.compound,
            team: vec![TeamMember {
                organ: grant.organ,
                people: self.people,
            }],
            started: phone.device.host.clock.now(),
        };
        let (doc, event) = phone.device.begin_inspection(start, None)?;
        saved(phone, doc, event)
    }
}

/// An answer.
#[derive(Debug, Args)]
pub(super) struct GiveAnswer {
    /// The inspection's id, or its beginning.
    id: String,
    /// Building label.
    #[arg(long, default_value = "")]
    building: String,
    /// Entrance label.
    #[arg(long, default_value = "")]
    unit: String,
    /// Item such as IT-03.
    #[arg(long)]
    item: String,
    /// ok, problem, na, not_reached or given.
    #[arg(long)]
    finding: Finding,
    /// The measured number, in thousandths of the item's unit.
    #[arg(long)]
    milli: Option<i64>,
    /// The answer as text.
    #[arg(long, default_value = "")]
    text: String,
    /// The kind of the hazard to open, such as EG-03.
    #[arg(long)]
    kind: Option<String>,
    /// Kind of spot of that hazard.
    #[arg(long, default_value = "other")]
    location: LocationKind,
    /// Photos.
    #[arg(long)]
    photo: Vec<PathBuf>,
}

impl GiveAnswer {
    pub(super) fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let doc = find::activity(phone, &self.id)?.doc;
        let folded = phone.device.open_document(doc)?;
        let DocumentState::Inspection(inspection) = folded.state() else {
            anyhow::bail!("{doc} 不是检查 / is no inspection");
        };
        let item = ItemCode::new(&self.item)?;
        let photos = take(phone, &self.photo, PhotoRole::Patrol)?;
        let words = Some(Short::new(&self.text)?).filter(|text| !text.is_empty());
        let answers = Answers {
            building: Label::new(&self.building)?,
            unit: Label::new(&self.unit)?,
            answers: vec![Answer {
                item: item.clone(),
                finding: self.finding,
                milli: self.milli,
                words,
                hazard: None,
            }],
            photos: photos.clone(),
        };
        let Some(kind) = &self.kind else {
            return state(phone, doc, EventBody::Answer(answers));
        };
        let found = Observation {
            code: KindCode::new(kind)?,
            area: inspection
                .area
                .clone()
                .context("the inspection has no area")?,
            place: Place {
                compound: inspection.compound.unwrap_or(CompoundId([0; 16])),
                building: answers.building.clone(),
                unit: answers.unit.clone(),
                floor: Label::default(),
                location: self.location,
                spot: Label::default(),
                connected_to: Vec::new(),
            },
            description: Long::new(&self.text)?,
            count: None,
            no_photo_reason: photos
                .is_empty()
                .then(|| Short::new("检查时未拍照"))
                .transpose()?,
            photos,
            position: None,
            source: FindingSource::Inspection,
            catalogue_version: phone.device.catalogue().kinds.version,
        };
        let (hazard, event) = phone
            .device
            .answer_with_hazard(doc, answers, &item, found, None)?;
        say!("隐患 / hazard: {hazard}");
        saved(phone, doc, event)
    }
}

/// A signature.
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The inspection's id, or its beginning.
    id: String,
    /// inspector, inspected or refused.
    #[arg(long = "as")]
    signed_as: SignedAs,
    /// The witness of a refusal (a person's id).
    #[arg(long)]
    witness: Option<PersonId>,
    /// A note.
    #[arg(long, default_value = "")]
    text: String,
    /// Photos of the signed paper.
    #[arg(long)]
    photo: Vec<PathBuf>,
}

impl Sign {
    pub(super) fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let doc = find::activity(phone, &self.id)?.doc;
        let signature = Signature {
            signed_as: self.signed_as,
            organ: None,
            witness: self.witness,
            note: Short::new(&self.text)?,
            photos: take(phone, &self.photo, PhotoRole::Document)?,
        };
        state(phone, doc, EventBody::Sign(signature))
    }
}
