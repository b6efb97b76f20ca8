//! A load of a constant rate on a server, and the time of its answers.

use std::time::{Duration, Instant};

use sync_core::sync::{Call, Lost, Method, Reply};

use super::measure::median;
use crate::phone::{Http, Transport};

/// Requests per second.
pub(super) const RATE: u64 = 500;
/// Duration in seconds.
pub(super) const SECONDS: u64 = 20;

/// Sends the calls in turn at a constant rate, also when answers are late. Returns the time of each answer in
/// milliseconds, counted from the time at which its call was due.
pub(super) async fn load(base: &str, calls: Vec<Call>) -> anyhow::Result<Vec<f64>> {
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(256)
        .build()?;
    let start = tokio::time::Instant::now() + Duration::from_millis(100);
    let mut answers = Vec::new();
    for n in 0..RATE * SECONDS {
        let due = start + Duration::from_micros(n * 1_000_000 / RATE);
        tokio::time::sleep_until(due).await;
        let call = &calls[n as usize % calls.len()];
        let method = match call.method {
            Method::Post => reqwest::Method::POST,
            _ => reqwest::Method::GET,
        };
        let mut request = client.request(method, format!("{base}{}", call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(call.body.clone());
        answers.push(tokio::spawn(async move {
            let answer = request.send().await?;
            let status = answer.status();
            answer.bytes().await?;
            anyhow::ensure!(status.is_success(), "{status}");
            Ok(due.elapsed().as_secs_f64() * 1000.0)
        }));
    }
    let mut times = Vec::new();
    for answer in answers {
        times.push(answer.await??);
    }
    // The first second is dropped: it warms up connections and query plans.
    Ok(times.split_off(RATE as usize))
}

/// A transport that keeps the calls it sends.
pub(super) struct Recording {
    http: Http,
    pub(super) sent: Vec<Call>,
}

impl Recording {
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        let (http, sent) = (Http::new(base)?, Vec::new());
        Ok(Self { http, sent })
    }
}

impl Transport for Recording {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        self.sent.push(call.clone());
        self.http.send(call)
    }
}

/// Median time of 50 answers to the same request, in milliseconds.
pub(super) fn asked(base: &str, path: &str, token: &str) -> anyhow::Result<f64> {
    let client = reqwest::blocking::Client::new();
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        let answer = client
            .get(format!("{base}{path}"))
            .bearer_auth(token)
            .send()?;
        let status = answer.status();
        let body = answer.bytes()?;
        anyhow::ensure!(status.is_success() && body.len() > 100, "{path}: {status}");
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}
