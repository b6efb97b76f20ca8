//! The sealed pack: signed and durable before it is sent, byte for byte the same until it is answered.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    DeviceError, enrolment,
    enrolment::Enrolment,
    meta,
    meta::name,
    proofs,
    states::ChangeState::{Sent, Waiting},
};
use crate::{
    host::Host,
    identity::{PackClaims, Signed},
    record::{ChangeHash, DocId, PackHash},
    wire::{
        encode,
        push::{Entry, Request},
    },
};

/// A pack that is durable and is sent, byte for byte the same, until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct SealedPack {
    pub(crate) hash: PackHash,
    pub(crate) request: Request,
}

/// Signs these changes as the next pack and stores it.
pub(super) fn seal(
    c: &Connection,
    host: &Host,
    changes: Vec<(DocId, ChangeHash, Vec<u8>)>,
) -> Result<SealedPack, DeviceError> {
    let enrolment = enrolment::enrolment(c)?;
    let last = meta::find_int(c, name::PACK_NUMBER)?.unwrap_or(0);
    let previous = meta::find_array(c, name::PACK_HASH)?;
    let signed = changes.iter().map(|(doc, change, _)| Signed {
        doc: *doc,
        change: *change,
    });
    let claims = PackClaims {
        device: enrolment.device,
        number: last.unsigned_abs() + 1,
        previous: previous.map_or(PackClaims::GENESIS, PackHash),
        claimed: host.clock.now(),
        repair: false,
        changes: signed.collect(),
    };
    let entry = |(doc, _, change): (DocId, ChangeHash, Vec<u8>)| Entry {
        doc,
        change,
        proofs: None,
    };
    let signature = claims.seal(&enrolment.key);
    let mut request = Request {
        number: claims.number,
        previous: claims.previous,
        claimed: claims.claimed,
        repair: false,
        signature,
        entries: changes.into_iter().map(entry).collect(),
    };
    prove(&enrolment, &mut request)?;
    let body = encode(&request);
    let hash = claims.hash();
    c.prepare_cached(
        "INSERT INTO pack (number, hash, claims, signature, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        claims.number as i64,
        hash.as_bytes(),
        claims.to_bytes(),
        signature.as_bytes(),
        body
    ])?;
    meta::set_int(c, name::PACK_NUMBER, claims.number as i64)?;
    meta::set(c, name::PACK_HASH, hash.as_bytes())?;
    Ok(SealedPack { hash, request })
}

/// Adds the proofs of the changes. The signature of the pack does not cover them: those that an earlier version stored with a
/// pack are replaced.
fn prove(me: &Enrolment, request: &mut Request) -> Result<(), DeviceError> {
    for entry in &mut request.entries {
        entry.proofs = Some(proofs::own(me, entry.doc, &entry.change)?);
    }
    Ok(())
}

/// The sealed pack that is not answered yet.
pub(super) fn unanswered(c: &Connection) -> Result<Option<SealedPack>, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT hash, body FROM pack WHERE body IS NOT NULL ORDER BY n LIMIT 1")?;
    let row = statement
        .query_row([], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    let Some((hash, body)) = row else {
        return Ok(None);
    };
    let mut request = minicbor::decode(&body)?;
    prove(&enrolment::enrolment(c)?, &mut request)?;
    Ok(Some(SealedPack {
        hash: PackHash::from_slice(&hash)?,
        request,
    }))
}

/// Puts the changes of a pack back into the outbox.
pub(super) fn reopen(c: &Connection, number: u64) -> Result<(), DeviceError> {
    c.prepare_cached(&format!(
        "UPDATE chg SET state = {Waiting}, pack = NULL WHERE pack = ?1 AND state = {Sent}"
    ))?
    .execute([number as i64])?;
    c.prepare_cached("DELETE FROM pack WHERE number = ?1 AND body IS NOT NULL")?
        .execute([number as i64])?;
    Ok(())
}
