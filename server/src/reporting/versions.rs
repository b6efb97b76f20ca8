//! Versions of the tables that figures and lists were computed with.

use serde::{Deserialize, Serialize};
use sync_core::{catalogue::Catalogue, record::Edition};

use crate::{
    projection::ledger_edition,
    storage::{StorageError, Tx},
};

/// Versions of the tables that a sheet was computed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Versions {
    /// Version of the indicators.
    pub indicators: u32,
    /// The newest edition of the catalogue by which the ledger was folded; 0 in reports of older servers.
    #[serde(default)]
    #[schema(value_type = u32)]
    pub edition: Edition,
    /// Version of the lifecycle.
    pub lifecycle: u32,
    /// Version of the regions.
    pub regions: u32,
}

impl Versions {
    /// Those of the ledger and of this program.
    pub(crate) fn of(tx: &mut dyn Tx) -> Result<Self, StorageError> {
        let program = Catalogue::embedded();
        Ok(Self {
            indicators: program.indicators.version,
            edition: ledger_edition(tx)?,
            lifecycle: program.rules.version,
            regions: program.regions.version,
        })
    }
}
