//! Versions of the tables that figures and lists were computed with.

use serde::{Deserialize, Serialize};
use sync_core::catalogue::Catalogue;

/// Versions of the tables that a sheet was computed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Versions {
    /// Version of the indicators.
    pub indicators: u32,
    /// Version of the hazard kinds.
    pub hazard_kinds: u32,
    /// Version of the lifecycle.
    pub lifecycle: u32,
    /// Version of the regions.
    pub regions: u32,
}

impl Versions {
    pub(crate) fn current() -> Self {
        let catalogue = Catalogue::embedded();
        Self {
            indicators: catalogue.indicators.version,
            hazard_kinds: catalogue.kinds.version,
            lifecycle: catalogue.rules.version,
            regions: catalogue.regions.version,
        }
    }
}
