//! The stored editions of the catalogue: those of the program, or newer ones that the server sent.

use std::sync::Arc;

use rusqlite::Connection;

use super::{DeviceError, meta, meta::name};
use crate::{
    catalogue::{Bundle, Catalogue},
    identity::SignedEditions,
    record::cbor,
};

/// The catalogue of a store: from the server if it is newer than that of the program and readable, else the program's.
pub(super) fn load(c: &Connection) -> Result<Arc<Catalogue>, DeviceError> {
    let built_in = Catalogue::embedded();
    let stored = stored(c)?.filter(|bundle| bundle.newest() > built_in.newest());
    let stored = stored.and_then(|bundle| Catalogue::new(bundle).ok());
    Ok(stored.map_or_else(|| Arc::clone(built_in), Arc::new))
}

pub(super) fn present(c: &Connection) -> Result<Bundle, DeviceError> {
    let built_in = Bundle::embedded();
    let stored = stored(c)?.filter(|bundle| bundle.newest() > built_in.newest());
    Ok(stored.unwrap_or(built_in))
}

/// What the server sent, if this program can read it. Its signature was checked before it was stored.
fn stored(c: &Connection) -> Result<Option<Bundle>, DeviceError> {
    let Some(bytes) = meta::find(c, name::EDITIONS)? else {
        return Ok(None);
    };
    let signed: Option<SignedEditions> = minicbor::decode(&bytes).ok();
    Ok(signed.and_then(|signed| read(signed.json()).ok()))
}

pub(super) fn read(json: &[u8]) -> Result<Bundle, DeviceError> {
    Bundle::from_json(json).map_err(DeviceError::damaged)
}

/// Stores what the server sent; the caller has checked it.
pub(super) fn store(c: &Connection, signed: &SignedEditions) -> Result<(), DeviceError> {
    meta::set(c, name::EDITIONS, &cbor::encode(signed))
}
