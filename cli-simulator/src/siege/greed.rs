//! Authenticated callers that take all they can: one device that pulls and one reviewer that exports, without a pause.

use sync_core::wire::{
    Exchange,
    pull::{Pull, Request},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::Besieged;

/// A request to send again and again.
#[derive(Clone)]
struct Ask {
    head: String,
    body: Vec<u8>,
}

impl Ask {
    /// A device that has nothing pulls.
    fn pull(token: &str) -> Self {
        let body = Pull::write_request(&Request {
            scopes: Vec::new(),
            need: Vec::new(),
            page_documents: None,
        });
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: siege\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
            Pull::PATH,
            body.len()
        );
        Self { head, body }
    }

    /// A reviewer exports the ledger.
    fn export(token: &str) -> Self {
        Self::get("/v1/exports/hazards.csv", token)
    }

    /// A reviewer reads statistics.
    fn statistics(token: &str) -> Self {
        Self::get("/v1/statistics", token)
    }

    fn get(path: &str, token: &str) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: siege\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        Self {
            head,
            body: Vec::new(),
        }
    }

    /// Sends the request and reads what comes, without an interest in it.
    async fn send(&self, address: &str) -> std::io::Result<()> {
        let mut socket = tokio::net::TcpStream::connect(address).await?;
        socket.write_all(self.head.as_bytes()).await?;
        socket.write_all(&self.body).await?;
        let mut some = vec![0; 16 * 1024];
        while socket.read(&mut some).await? > 0 {
            if self.head.starts_with("POST") {
                break;
            }
        }
        Ok(())
    }
}

/// Sends a device's pull, and a reviewer's export and statistics, on `count` connections each, until the runtime ends.
pub(super) fn begin(
    runtime: &tokio::runtime::Runtime,
    besieged: &Besieged,
    device: &str,
    reviewer: &str,
    count: usize,
) {
    let asks = [
        Ask::pull(device),
        Ask::export(reviewer),
        Ask::statistics(reviewer),
    ];
    for n in 0..count * asks.len() {
        let (address, ask) = (besieged.address.clone(), asks[n % asks.len()].clone());
        runtime.spawn(async move {
            loop {
                let _ = ask.send(&address).await;
            }
        });
    }
}
