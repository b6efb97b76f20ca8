//! Reading and writing whole records in the store; the sums that compare phone and server; the row of the list.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{DeviceError, enrolment, scope};
use crate::{
    campaign::{self, Family},
    catalogue::Catalogue,
    crdt::Document,
    lifecycle::{self, HazardState, Stated},
    record::{AreaPath, Digest, DocId, Event, Grant, GrantId, Row},
    wire::page::Sum,
};

/// What the store knows of a record without loading it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) path: AreaPath,
    pub(super) sum: Sum,
    pub(super) tail: i64,
    pub(super) pending: i64,
}

pub(super) fn find(c: &Connection, doc: DocId) -> Result<Option<Known>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT path, change_count, digest, tail_count, pending_count FROM doc WHERE id = ?1",
    )?;
    let row = statement.query_row([doc.as_bytes()], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    });
    let Some((path, changes, digest, tail, pending)) = row.optional()? else {
        return Ok(None);
    };
    let path = path
        .parse()
        .map_err(|_| DeviceError::Damaged(format!("path of {doc}")))?;
    let sum = Sum {
        changes: changes.unsigned_abs(),
        digest: Digest::from_slice(&digest),
    };
    Ok(Some(Known {
        path,
        sum,
        tail,
        pending,
    }))
}

/// Loads a record as this phone sees it: snapshot and every change after it, refused ones too.
pub(super) fn load(c: &Connection, doc: DocId) -> Result<Document, DeviceError> {
    load_up_to(c, doc, 5)
}

/// Loads a record without what the server refused.
pub(super) fn load_accepted(c: &Connection, doc: DocId) -> Result<Document, DeviceError> {
    load_up_to(c, doc, 3)
}

fn load_up_to(c: &Connection, doc: DocId, state: u8) -> Result<Document, DeviceError> {
    let mut statement = c.prepare_cached("SELECT snapshot FROM doc WHERE id = ?1")?;
    let snapshot: Option<Option<Vec<u8>>> = statement
        .query_row([doc.as_bytes()], |row| row.get(0))
        .optional()?;
    let snapshot = snapshot.ok_or(DeviceError::UnknownDocument(doc))?;
    let mut statement = c.prepare_cached(
        "SELECT bytes FROM chg WHERE doc = ?1 AND bytes IS NOT NULL AND state <= ?2 ORDER BY n",
    )?;
    let tail = statement
        .query_map(params![doc.as_bytes(), state], |row| {
            row.get::<_, Vec<u8>>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Document::load(snapshot.as_deref(), tail.iter().map(Vec::as_slice))
        .map_err(|source| DeviceError::Document { doc, source })
}

/// Makes the row of a record that is new to this phone.
pub(super) fn insert(c: &Connection, doc: DocId, path: &AreaPath) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("INSERT INTO doc (id, path, digest) VALUES (?1, ?2, zeroblob(16))")?;
    statement.execute(params![doc.as_bytes(), path.as_str()])?;
    Ok(())
}

/// Records what the server is known to have of a record, in the record and in every scope that holds it.
pub(super) fn set_sum(
    c: &Connection,
    doc: DocId,
    path: &AreaPath,
    old: Sum,
    new: Sum,
) -> Result<(), DeviceError> {
    let mut statement =
        c.prepare_cached("UPDATE doc SET change_count = ?2, digest = ?3 WHERE id = ?1")?;
    statement.execute(params![
        doc.as_bytes(),
        new.changes as i64,
        new.digest.to_bytes()
    ])?;
    scope::move_sum(c, path, old, new)
}

/// The readable events of a loaded record.
pub(super) fn stated(document: &Document) -> Vec<Stated> {
    let (events, _) = document.events();
    let read = |(id, bytes): (_, Vec<u8>)| {
        Event::from_bytes(&bytes)
            .ok()
            .map(|event| Stated { id, event })
    };
    events.into_iter().filter_map(read).collect()
}

/// The grants that events were made under, as far as they are known here.
pub(super) fn grants(
    c: &Connection,
    events: &[Stated],
) -> Result<BTreeMap<GrantId, Grant>, DeviceError> {
    let mut grants = BTreeMap::new();
    for stated in events {
        let id = stated.event.grant;
        if !grants.contains_key(&id)
            && let Some(grant) = enrolment::find_grant(c, &id)?
        {
            grants.insert(id, grant);
        }
    }
    Ok(grants)
}

/// Folds a loaded hazard.
pub(super) fn fold(c: &Connection, events: &[Stated]) -> Result<HazardState, DeviceError> {
    let grants = grants(c, events)?;
    Ok(lifecycle::fold(events, &grants, Catalogue::embedded()))
}

/// Folds a loaded record into its row of the list.
pub(super) fn refresh_row(
    c: &Connection,
    doc: DocId,
    document: &Document,
) -> Result<(), DeviceError> {
    let events = stated(document);
    let row = row_of(c, &events)?;
    write_row(c, doc, &row)?;
    if row.record.is_none() {
        c.prepare_cached("DELETE FROM campaign_view WHERE doc = ?1")?
            .execute([doc.as_bytes()])?;
    }
    let mut statement =
        c.prepare_cached("UPDATE doc SET verified = 1 WHERE id = ?1 AND verified = 0")?;
    statement.execute([doc.as_bytes()])?;
    Ok(())
}

/// Folds a loaded document, whatever it is, into its row of the list.
fn row_of(c: &Connection, events: &[Stated]) -> Result<Row, DeviceError> {
    let catalogue = Catalogue::embedded();
    Ok(match Family::of(events) {
        Family::Hazard => lifecycle::row(&fold(c, events)?, events),
        Family::Record => {
            let record = campaign::fold_record(events, &grants(c, events)?, catalogue);
            campaign::record_row(&record)
        }
        Family::Inspection => {
            let inspection = campaign::fold_inspection(events, &grants(c, events)?, catalogue);
            campaign::inspection_row(&inspection, catalogue)
        }
    })
}

pub(super) fn write_row(c: &Connection, doc: DocId, row: &Row) -> Result<(), DeviceError> {
    if let Some(of) = &row.record {
        return super::campaign::write_row(c, doc, of, row);
    }
    let mut statement = c.prepare_cached(
        "INSERT OR REPLACE INTO hazard_view
         (doc, state, flags, code, place, description, found, updated, events, photos)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        doc.as_bytes(),
        row.state,
        row.flags,
        row.code,
        row.place,
        row.description,
        row.found,
        row.updated,
        row.events,
        row.photos
    ])?;
    Ok(())
}
