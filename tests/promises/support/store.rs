//! What the store of a device holds of one document and of one photo.

use cli_simulator::phone::Phone;
use sync_core::{
    device::{Filter, ListedHazard},
    record::{DocId, PhotoHash},
};

/// The row of a hazard in the list.
pub(crate) fn row_of(phone: &Phone, doc: DocId) -> Option<ListedHazard> {
    let all = Filter {
        limit: 10_000,
        ..Filter::default()
    };
    let rows = phone.device.list(&all).unwrap();
    rows.into_iter().find(|row| row.doc == doc)
}

/// Whether the device has the server's receipt of a photo.
pub(crate) fn is_stored(phone: &Phone, hash: &PhotoHash) -> bool {
    let store = rusqlite::Connection::open(phone.folder().join("device.db")).unwrap();
    let receipt = "SELECT state = 3 AND receipt IS NOT NULL FROM photo WHERE hash = ?1";
    store
        .query_row(receipt, [hash.as_bytes()], |row| row.get(0))
        .unwrap()
}
