//! The origin of a request.

use std::{net::IpAddr, sync::Arc};

use super::connection::Connection;

/// The origin of a request.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address of the other end of the connection.
    pub address: IpAddr,
    /// Whether the connection uses TLS.
    pub secure: bool,
    /// The connection.
    pub connection: Arc<Connection>,
}
