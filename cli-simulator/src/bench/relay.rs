//! A relay that counts every byte on the socket, headers included.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

/// Number of bytes that were relayed.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
}

impl Counted {
    /// Bytes up and down since the last call.
    pub(super) fn take(&self) -> (u64, u64) {
        (self.up.swap(0, SeqCst), self.down.swap(0, SeqCst))
    }
}

/// Starts a relay to `server`; it runs until the process ends.
pub(super) fn start(server: SocketAddr) -> std::io::Result<(SocketAddr, Counted)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let (address, counted) = (listener.local_addr()?, Counted::default());
    let shared = counted.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(upstream) = TcpStream::connect(server) else {
                continue;
            };
            let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
            if let (Ok(c), Ok(u)) = (client.try_clone(), upstream.try_clone()) {
                copy(client, upstream, Arc::clone(&shared.up));
                copy(u, c, Arc::clone(&shared.down));
            }
        }
    });
    Ok((address, counted))
}

fn copy(mut from: TcpStream, mut to: TcpStream, count: Arc<AtomicU64>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            count.fetch_add(n as u64, SeqCst);
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}
