//! The plan of a run.

use super::{cluster::Cluster, moving::Moving, trouble::Trouble};
use crate::network::Profile;

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Number of devices.
    pub devices: usize,
    /// Number of simulated days.
    pub days: usize,
    /// The network's name.
    pub network: String,
    /// The network.
    pub profile: Profile,
    /// Seed; the same seed gives the same people and the same actions.
    pub seed: u64,
    /// Several server processes instead of one server in this process; the run then uses the system's clock.
    pub cluster: Option<Cluster>,
    /// The server in this process moves to another database and photo store half way.
    pub moving: Option<Moving>,
    /// Other faults.
    pub trouble: Trouble,
}
