//! The register of places: regions with the areas that they report to, compounds with their buildings.
//!
//! Imports tables of an administrator, and provides the reporting tree that figures are rolled up by. An import is planned
//! completely before anything is written: if one line is bad, nothing is written. What a file does not state stays as it
//! is. Documents and figures are not changed here.

mod compounds;
mod csv;
mod encoding;
mod figures;
mod import;
mod regions;
mod tree;

pub use compounds::import_compounds;
pub(crate) use csv::{Line, read};
pub(crate) use import::both;
pub use import::{BadLine, CellChange, FigureMove, Import};
pub use regions::{import_regions, planned_regions};
pub use tree::{Hierarchy, day, parents};
