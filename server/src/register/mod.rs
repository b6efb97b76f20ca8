//! The register of places: regions with the areas that they report to, compounds with their buildings.
//!
//! Imports tables of an administrator, and provides the reporting tree that figures are rolled up by. An import is planned
//! completely before anything is written: if one line is bad, nothing is written. Documents and figures are not handled
//! here.

mod compounds;
mod csv;
mod import;
mod regions;
mod tree;

pub use compounds::import_compounds;
pub use import::{BadLine, Import};
pub use regions::import_regions;
pub use tree::parents;
