//! Hazards as they are compared for suggestions, and the candidates: by place, by photo, by perceptual hash.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    catalogue::StateCode,
    grouping::{Comparable, PhotoFingerprint},
    record::{AreaPath, CompoundId, DeviceTime, DocId, KindCode, PersonId, PhotoHash, ServerTime},
    wire::decode,
};

use super::{Row, StorageError, Tx, Value, column::Column, docs::ids};

/// A hazard as it is compared.
#[derive(Debug)]
pub struct ComparableRow {
    /// What is compared.
    pub hazard: Comparable,
    /// Its state.
    pub state: StateCode,
    /// When it was registered at the latest, by the server's clock.
    pub registered: Option<ServerTime>,
    /// The number of its observations.
    pub observations: u32,
}

fn comparable(row: &dyn Row) -> Result<ComparableRow, StorageError> {
    let code = row.text(3)?;
    let hazard = Comparable {
        doc: DocId::from_slice(&row.bytes(0)?)?,
        finder: PersonId::from_slice(&row.bytes(1)?)?,
        found: DeviceTime(row.int(2)?),
        code: KindCode::new(&code).map_err(|_| StorageError::Column(3))?,
        compound: CompoundId::from_slice(&row.bytes(4)?)?,
        place_key: row.text(5)?,
        outdoors: row.opt_bytes(6)?.and_then(|bytes| decode(&bytes)),
        photos: Vec::new(),
    };
    Ok(ComparableRow {
        hazard,
        state: StateCode::read(row, 7)?,
        registered: Option::read(row, 8)?,
        observations: u32::read(row, 9)?,
    })
}

/// Hazards of a space as they are compared, with their photos. Hazards without an accepted observation and documents
/// that cannot be folded are absent.
///
/// # Errors
/// [`StorageError`].
pub fn comparables(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<HashMap<DocId, ComparableRow>, StorageError> {
    let within = Value::Text(space.as_str());
    let rows = tx.all_of(
        "SELECT doc, finder, found_at, code, compound, place_key, outdoors, state, registered, observation_count
         FROM hazard
         WHERE space = $1 AND doc IN (?) AND finder IS NOT NULL AND compound IS NOT NULL AND problem = ''",
        &[within],
        &ids(docs),
        comparable,
    )?;
    let mut found: HashMap<DocId, ComparableRow> =
        rows.into_iter().map(|row| (row.hazard.doc, row)).collect();
    let photos = tx.all_of(
        "SELECT r.doc, r.hash, b.perceptual_hash FROM doc_photo r LEFT JOIN photo b ON b.hash = r.hash
         WHERE r.space = $1 AND r.doc IN (?) ORDER BY r.doc, r.hash",
        &[within],
        &ids(docs),
        |row| {
            let photo = PhotoFingerprint {
                hash: PhotoHash::from_slice(&row.bytes(1)?)?,
                perceptual_hash: row.opt_int(2)?.map(i64::cast_unsigned),
            };
            Ok((DocId::from_slice(&row.bytes(0)?)?, photo))
        },
    )?;
    for (doc, photo) in photos {
        if let Some(row) = found.get_mut(&doc) {
            row.hazard.photos.push(photo);
        }
    }
    Ok(found)
}

/// The key that hazards at one place share: compound, building, entrance and kind of spot.
pub fn place_group(hazard: &Comparable) -> String {
    let mut parts = hazard.place_key.split('/');
    let mut part = || parts.next().unwrap_or_default();
    let (building, unit, _, kind) = (part(), part(), part(), part());
    format!("{}/{building}/{unit}/{kind}", hazard.compound)
}

/// A candidate, and when its hazard was found.
pub type FoundAt = (DocId, DeviceTime);

/// The newest hazards at these places, at most `limit` of each.
///
/// # Errors
/// [`StorageError`].
pub fn at_places(
    tx: &mut dyn Tx,
    space: &AreaPath,
    groups: &BTreeSet<String>,
    limit: i64,
) -> Result<HashMap<String, Vec<FoundAt>>, StorageError> {
    let keys: Vec<Value<'_>> = groups.iter().map(|g| Value::Text(g)).collect();
    // `limit` is set by this program, never by a caller. As a parameter after the keys it would not be `$2`.
    let sql = format!(
        "SELECT place_group, doc, found_at FROM (
           SELECT place_group, doc, found_at,
             ROW_NUMBER() OVER (PARTITION BY place_group ORDER BY found_at DESC, doc) AS n
           FROM hazard WHERE space = $1 AND place_group IN (?)) newest
         WHERE n <= {limit}"
    );
    let rows = tx.all_of(&sql, &[space.as_str().into()], &keys, |row| {
        let found = (DocId::read(row, 1)?, DeviceTime::read(row, 2)?);
        Ok((row.text(0)?, found))
    })?;
    let mut found: HashMap<String, Vec<FoundAt>> = HashMap::new();
    for (group, record) in rows {
        found.entry(group).or_default().push(record);
    }
    Ok(found)
}

/// The newest hazards of the same building (or outdoors in the same compound), whose photos may be nearly equal.
///
/// # Errors
/// [`StorageError`].
pub fn in_building(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hazard: &Comparable,
    limit: i64,
) -> Result<Vec<FoundAt>, StorageError> {
    let building = hazard.place_key.split('/').next().unwrap_or_default();
    // `0` follows `/` in ASCII: the range contains the keys that begin with the building.
    let begin = format!("{}/{building}", hazard.compound);
    let (from, to) = (format!("{begin}/"), format!("{begin}0"));
    tx.all(
        "SELECT doc, found_at FROM hazard WHERE space = $1 AND place_group >= $2 AND place_group < $3
         ORDER BY found_at DESC, doc LIMIT $4",
        &[
            space.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
            limit.into(),
        ],
        |row| Ok((DocId::read(row, 0)?, DeviceTime::read(row, 1)?)),
    )
}

/// The documents of the space that name each of these photos, the newest `limit` of each.
///
/// # Errors
/// [`StorageError`].
pub fn naming(
    tx: &mut dyn Tx,
    space: &AreaPath,
    photos: &BTreeSet<PhotoHash>,
    limit: i64,
) -> Result<HashMap<PhotoHash, Vec<DocId>>, StorageError> {
    let keys: Vec<Value<'_>> = photos.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    let sql = format!(
        "SELECT hash, doc FROM (
           SELECT hash, doc, ROW_NUMBER() OVER (PARTITION BY hash ORDER BY doc DESC) AS n
           FROM (SELECT DISTINCT hash, doc FROM photo_reference WHERE space = $1 AND hash IN (?)) named) newest
         WHERE n <= {limit}"
    );
    let rows = tx.all_of(&sql, &[space.as_str().into()], &keys, |row| {
        let hash = PhotoHash::from_slice(&row.bytes(0)?)?;
        Ok((hash, DocId::from_slice(&row.bytes(1)?)?))
    })?;
    let mut found: HashMap<PhotoHash, Vec<DocId>> = HashMap::new();
    for (hash, doc) in rows {
        found.entry(hash).or_default().push(doc);
    }
    Ok(found)
}

/// The documents of the space with a photo that has exactly one of these perceptual hashes, the newest `limit` of each.
///
/// # Errors
/// [`StorageError`].
pub fn with_perceptual_hash(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hashes: &BTreeSet<u64>,
    limit: i64,
) -> Result<HashMap<u64, Vec<DocId>>, StorageError> {
    let keys: Vec<Value<'_>> = hashes.iter().map(|p| Value::Int(p.cast_signed())).collect();
    let sql = format!(
        "SELECT perceptual_hash, doc FROM (
           SELECT perceptual_hash, doc, ROW_NUMBER() OVER (PARTITION BY perceptual_hash ORDER BY doc DESC) AS n
           FROM (SELECT DISTINCT b.perceptual_hash, r.doc FROM photo b JOIN photo_reference r ON r.hash = b.hash
             WHERE r.space = $1 AND b.perceptual_hash IN (?)) named) newest
         WHERE n <= {limit}"
    );
    let rows = tx.all_of(&sql, &[space.as_str().into()], &keys, |row| {
        let hash = row.int(0)?.cast_unsigned();
        Ok((hash, DocId::from_slice(&row.bytes(1)?)?))
    })?;
    let mut found: HashMap<u64, Vec<DocId>> = HashMap::new();
    for (hash, doc) in rows {
        found.entry(hash).or_default().push(doc);
    }
    Ok(found)
}
