//! The ledger as files: CSV for a spreadsheet, GeoJSON for a map.
//!
//! In come rows that the caller may see, page by page; out come lines. Nothing is queried and nobody is checked
//! here.

pub mod coordinates;
pub mod csv;
pub mod geojson;
