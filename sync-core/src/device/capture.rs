//! Capture: what a person states becomes durable in one transaction, without the network.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, beacon, docs, enrolment, load, rows,
    states::{ChangeState::Waiting, PhotoStep::Referenced},
};
use crate::{
    catalogue::Catalogue,
    crdt::{Document, NewChange},
    document::OpenDocument,
    record::{AreaPath, DocId, Event, EventBody, EventId, Observation, PersonId},
};

impl Device {
    /// Records a new hazard. Durable when this returns.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved then.
    pub fn observe(
        &mut self,
        observation: Observation,
        person: Option<PersonId>,
    ) -> Result<(DocId, EventId), DeviceError> {
        let area = observation.area.clone();
        self.begin(EventBody::Observe(observation), &area, person)
    }

    /// Begins a document with its first event.
    pub(super) fn begin(
        &mut self,
        body: EventBody,
        area: &AreaPath,
        person: Option<PersonId>,
    ) -> Result<(DocId, EventId), DeviceError> {
        let doc = self.new_document()?;
        let event = self.event(body, area, person, Vec::new())?;
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, _| Ok((doc, create(tx, &catalogue, doc, area, &event)?)))
    }

    /// The id of a document that this device begins.
    pub(super) fn new_document(&mut self) -> Result<DocId, DeviceError> {
        let device = self.enrolment()?.device;
        let mut at = self.host.clock.now().0;
        loop {
            let salt = u16::from_be_bytes(self.host.random());
            let doc = DocId::begun_by(device, at, salt);
            // Many documents of one millisecond may get the same salt.
            if docs::find(&self.connection, doc)?.is_none() {
                return Ok(doc);
            }
            at += 1;
        }
    }

    /// Adds an event to a hazard, an activity or an inspection on this device. Durable when this returns.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved then.
    pub fn state(
        &mut self,
        doc: DocId,
        body: EventBody,
        person: Option<PersonId>,
    ) -> Result<EventId, DeviceError> {
        let (mut loaded, event) = self.statement(doc, body, person)?;
        self.write(|tx, _| append(tx, doc, &mut loaded, &event))
    }

    /// An event whose causal history is everything that this device has of the document.
    pub(super) fn statement(
        &mut self,
        doc: DocId,
        body: EventBody,
        person: Option<PersonId>,
    ) -> Result<(OpenDocument, Event), DeviceError> {
        let known = docs::find(&self.connection, doc)?.ok_or(DeviceError::UnknownDocument(doc))?;
        let area = body.begins_in().cloned().unwrap_or(known.path);
        let loaded = load::load(&self.connection, &self.catalogue, doc)?;
        let after = crate::history::heads(&loaded.events());
        let event = self.event(body, &area, person, after)?;
        Ok((loaded, event))
    }

    pub(super) fn event(
        &mut self,
        body: EventBody,
        area: &AreaPath,
        person: Option<PersonId>,
        after: Vec<EventId>,
    ) -> Result<Event, DeviceError> {
        let device = self.enrolment()?.device;
        let (grant, claims) = self.grant_for(area, person)?;
        let claimed = self.host.clock.now();
        let edition = self.edition()?;
        Ok(Event {
            author: claims.person,
            device,
            grant,
            claimed,
            after,
            beacon: beacon::beacon(&self.connection, self.host.clock.uptime())?,
            edition: Some(edition),
            body,
        })
    }
}

/// Begins a document in the caller's transaction.
pub(super) fn create(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
    area: &AreaPath,
    event: &Event,
) -> Result<EventId, DeviceError> {
    let document = Document::create(enrolment::actor(c)?, doc)
        .map_err(|source| DeviceError::Document { doc, source })?;
    let mut loaded = OpenDocument::of(document, catalogue);
    docs::insert(c, doc, area)?;
    append(c, doc, &mut loaded, event)
}

/// Appends an event in the caller's transaction: change, counters, list row and photo rows.
pub(super) fn append(
    c: &Connection,
    doc: DocId,
    loaded: &mut OpenDocument,
    event: &Event,
) -> Result<EventId, DeviceError> {
    let bytes = event.to_bytes()?;
    let id = EventId::of(&bytes);
    let change = loaded
        .crdt
        .append(enrolment::actor(c)?, &bytes)
        .map_err(|source| DeviceError::Document { doc, source })?;
    insert_pending(c, doc, &change)?;
    for photo in event.body.photos() {
        c.prepare_cached(&format!(
            "UPDATE photo SET doc = ?2, change = ?3, state = max(state, {Referenced}) WHERE hash = ?1"
        ))?
        .execute(params![
            photo.hash.as_bytes(),
            doc.as_bytes(),
            change.hash.as_bytes()
        ])?;
    }
    rows::refresh(c, doc, loaded)?;
    Ok(id)
}

/// Puts a change of this device into the outbox.
pub(super) fn insert_pending(
    c: &Connection,
    doc: DocId,
    change: &NewChange,
) -> Result<(), DeviceError> {
    c.prepare_cached(&format!(
        "INSERT INTO chg (hash, doc, state, bytes) VALUES (?1, ?2, {Waiting}, ?3)"
    ))?
    .execute(params![
        change.hash.as_bytes(),
        doc.as_bytes(),
        change.bytes
    ])?;
    c.prepare_cached(
        "UPDATE doc SET tail_count = tail_count + 1, pending_count = pending_count + 1 WHERE id = ?1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}
