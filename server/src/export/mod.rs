//! The ledger as files: CSV for a spreadsheet, GeoJSON for a map.
//!
//! Formats rows, page by page. The caller of this module queries the rows and checks access to them.

pub mod coordinates;
pub mod csv;
pub mod geojson;
