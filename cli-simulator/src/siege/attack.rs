//! The attacks: stalled connections, endless bodies, image bombs, long polls.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::JoinHandle,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sync_core::{
    photo::sample_jpeg,
    record::PhotoHash,
    sync::{Call, Method},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::plan::Plan;
use crate::{
    phone::{Http, Transport},
    world::World,
};

/// Bytes of a body that is larger than the limit of any route.
const LARGE: usize = 7 << 20;

/// Bytes of a body within the limit of a route for devices.
const WITHIN: usize = 1 << 20;

fn head(path: &str, token: Option<&str>, announced: usize) -> String {
    let token = token.map(|t| format!("authorization: Bearer {t}\r\n"));
    format!(
        "POST {path} HTTP/1.1\r\nhost: siege\r\n{}content-length: {announced}\r\n\r\n",
        token.unwrap_or_default()
    )
}

/// Opens the stalled connections and the endless bodies, and keeps them open.
pub(super) fn stall(
    address: &str,
    tokens: &[String],
    plan: &Plan,
) -> anyhow::Result<Vec<TcpStream>> {
    let mut open = Vec::new();
    for n in 0..plan.stalled {
        let mut socket = TcpStream::connect(address)?;
        let begun = match n % 3 {
            0 => "POST /v1/enrol HTTP/1.1\r\nhost: si".to_owned(),
            1 => head("/v1/enrol", None, 1000) + "x",
            _ => head("/v1/session", None, 1000) + "x",
        };
        let _ = socket.write_all(begun.as_bytes());
        open.push(socket);
    }
    for n in 0..plan.unfinished {
        let token = tokens.get(n % tokens.len().max(1)).map(String::as_str);
        // From a stranger, from a device to a route for devices, and within the limit of that route.
        let large = match n % 2 {
            0 => head("/v1/enrol", None, LARGE),
            _ => head("/v1/push", token, LARGE),
        };
        let bodies = [(large, LARGE), (head("/v1/push", token, WITHIN), WITHIN)];
        for (head, size) in bodies {
            let mut socket = TcpStream::connect(address)?;
            socket.set_write_timeout(Some(std::time::Duration::from_millis(500)))?;
            let _ = socket.write_all(head.as_bytes());
            // As many bytes as the server reads, but never the last one.
            let _ = socket.write_all(&vec![0x10; size - 1]);
            open.push(socket);
        }
    }
    Ok(open)
}

/// Sends a byte more each second on every other connection, until `over` is set.
pub(super) fn trickle(
    open: &[TcpStream],
    over: &Arc<AtomicBool>,
) -> anyhow::Result<JoinHandle<()>> {
    let some: Vec<TcpStream> = open
        .iter()
        .step_by(2)
        .map(TcpStream::try_clone)
        .collect::<Result<_, _>>()?;
    let over = Arc::clone(over);
    Ok(std::thread::spawn(move || {
        while !over.load(SeqCst) {
            for mut socket in &some {
                // The server may have closed it.
                let _ = socket.write_all(b"x");
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }))
}

/// A small file that declares 169 million pixels.
fn bomb(seed: u64) -> Vec<u8> {
    let mut bytes = sample_jpeg(seed, 640, 480, None);
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]);
    if let Some(size) = frame.and_then(|at| bytes.get_mut(at + 5..at + 9)) {
        size.copy_from_slice(&[0x32, 0xc8, 0x32, 0xc8]);
    }
    bytes
}

/// Uploads a photo in one chunk; returns the status of the answer.
fn upload(http: &mut Http, token: &str, bytes: Vec<u8>) -> anyhow::Result<u16> {
    let lost = |lost: sync_core::sync::Lost| anyhow::anyhow!(lost.0);
    let hash = STANDARD.encode(PhotoHash::of(&bytes).to_string());
    let headers = |more: Vec<(&'static str, String)>| {
        let mut headers = vec![
            ("authorization", format!("Bearer {token}")),
            ("tus-resumable", "1.0.0".to_owned()),
        ];
        headers.extend(more);
        headers
    };
    let create = Call {
        method: Method::Post,
        path: "/v1/blobs".to_owned(),
        headers: headers(vec![
            ("upload-length", bytes.len().to_string()),
            ("upload-metadata", format!("sha256 {hash}")),
        ]),
        body: Vec::new(),
    };
    let opened = http.send(&create).map_err(lost)?;
    let Some(location) = opened.header("location") else {
        return Ok(opened.status);
    };
    let append = Call {
        method: Method::Patch,
        path: location.to_owned(),
        headers: headers(vec![
            ("upload-offset", "0".to_owned()),
            ("content-type", "application/offset+octet-stream".to_owned()),
        ]),
        body: bytes,
    };
    Ok(http.send(&append).map_err(lost)?.status)
}

/// Image bombs, and photos of the largest allowed size. They are made before the siege, so that this takes no
/// processor time from the server.
pub(super) struct Photos {
    bombs: Vec<Vec<u8>>,
    largest: Vec<Vec<u8>>,
}

impl Photos {
    /// Makes `count` of each.
    pub(super) fn make(count: usize) -> Self {
        let count = count as u64;
        Self {
            bombs: (0..count).map(bomb).collect(),
            largest: (count..2 * count)
                .map(|seed| sample_jpeg(seed, 2048, 2048, None))
                .collect(),
        }
    }

    /// Uploads all of them concurrently; returns how many bombs were refused with 422 and how many photos were stored.
    pub(super) fn send(
        self,
        url: &str,
        tokens: &[String],
    ) -> JoinHandle<anyhow::Result<(usize, usize)>> {
        let (url, tokens) = (url.to_owned(), tokens.to_vec());
        std::thread::spawn(move || {
            let one = |(n, bytes): (usize, Vec<u8>)| {
                let (url, token) = (url.clone(), tokens[n % tokens.len()].clone());
                std::thread::spawn(move || {
                    let mut http = Http::new(&url)?;
                    // 503 is retried, as a device does.
                    for _ in 0..20 {
                        match upload(&mut http, &token, bytes.clone())? {
                            503 => std::thread::sleep(std::time::Duration::from_millis(500)),
                            status => return Ok(status),
                        }
                    }
                    anyhow::Ok(503)
                })
            };
            let bombs: Vec<_> = self.bombs.into_iter().enumerate().map(one).collect();
            let largest: Vec<_> = self.largest.into_iter().enumerate().map(one).collect();
            let answered = |threads: Vec<JoinHandle<anyhow::Result<u16>>>, status| {
                let ended = threads.into_iter().map(|t| t.join());
                ended
                    .filter(|e| matches!(e, Ok(Ok(found)) if *found == status))
                    .count()
            };
            Ok((answered(bombs, 422), answered(largest, 204)))
        })
    }
}

/// Long polls; each is repeated as soon as it is answered.
pub(super) struct Polls {
    waiting: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Polls {
    /// The highest number of concurrent polls, and the number of refused or broken ones.
    pub(super) fn seen(&self) -> (usize, usize) {
        (self.most.load(SeqCst), self.refused.load(SeqCst))
    }
}

/// Starts the polls, sixteen for each device.
pub(super) fn polls(
    runtime: &tokio::runtime::Runtime,
    address: &str,
    tokens: &[String],
    count: usize,
    world: &World,
) -> Polls {
    let polls = Polls {
        waiting: Arc::default(),
        most: Arc::default(),
        refused: Arc::default(),
    };
    for n in 0..count {
        let (address, space) = (address.to_owned(), world.county.to_string());
        let token = tokens[n / 16 % tokens.len()].clone();
        let (waiting, most) = (Arc::clone(&polls.waiting), Arc::clone(&polls.most));
        let refused = Arc::clone(&polls.refused);
        runtime.spawn(async move {
            let mut head = 0;
            loop {
                let asked = Poll {
                    address: &address,
                    token: &token,
                    space: &space,
                };
                if asked.run(&mut head, &waiting, &most).await.is_none() {
                    refused.fetch_add(1, SeqCst);
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        });
    }
    polls
}

struct Poll<'p> {
    address: &'p str,
    token: &'p str,
    space: &'p str,
}

impl Poll<'_> {
    /// Polls on one connection until an answer fails.
    async fn run(&self, head: &mut u64, waiting: &AtomicUsize, most: &AtomicUsize) -> Option<()> {
        let mut socket = tokio::net::TcpStream::connect(self.address).await.ok()?;
        loop {
            let ask = format!(
                "GET /v1/hints?space={}&after={head} HTTP/1.1\r\nhost: siege\r\nauthorization: Bearer {}\r\n\r\n",
                self.space, self.token
            );
            socket.write_all(ask.as_bytes()).await.ok()?;
            most.fetch_max(waiting.fetch_add(1, SeqCst) + 1, SeqCst);
            let answer = self.answer(&mut socket).await;
            waiting.fetch_sub(1, SeqCst);
            *head = answer?;
        }
    }

    /// The head in an answer with status 200.
    async fn answer(&self, socket: &mut tokio::net::TcpStream) -> Option<u64> {
        let (mut text, mut some) = (String::new(), [0; 2048]);
        while !text.contains("\r\n\r\n") || !text.ends_with('}') {
            let count = socket.read(&mut some).await.ok().filter(|n| *n > 0)?;
            text.push_str(&String::from_utf8_lossy(&some[..count]));
        }
        let well = text.starts_with("HTTP/1.1 200");
        let body = text.split_once("\r\n\r\n")?.1;
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        well.then(|| body["head"].as_u64()).flatten()
    }
}
