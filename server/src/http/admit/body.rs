//! Reading a body within the limits of its size, its time, and the memory for all bodies together.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::StreamExt;
use sync_core::wire::Code;
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::{Budget, Held, STEP};
use crate::refusal::Refusal;

/// Bytes of a refused body that are read and discarded at most, and for how long. Closing the connection while the
/// other side still sends would destroy the response on its way.
const DRAIN: (usize, Duration) = (8 << 20, Duration::from_secs(5));

/// The limits of a route's bodies.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Bound {
    /// Bytes of a body at most.
    pub(in crate::http) bytes: usize,
    /// Time until the last byte, for a body of any size.
    pub(in crate::http) total: Duration,
    /// Time between two bytes.
    pub(in crate::http) pause: Duration,
    /// Whether a large body may take longer: 1 s for every 4 KB announced.
    pub(in crate::http) by_size: bool,
}

/// Reads a whole body.
///
/// # Errors
/// [`Code::TooLarge`], [`Code::TooSlow`], [`Code::Busy`] if there is no memory, [`Code::Malformed`] if the body breaks
/// off.
pub(super) async fn read(
    body: Body,
    announced: Option<usize>,
    bound: Bound,
    budget: &Budget,
) -> Result<(Bytes, Held), Refusal> {
    let too_large = || {
        let detail = format!("a body of this route has at most {} bytes", bound.bytes);
        Refusal::new(Code::TooLarge, detail)
    };
    if announced.is_some_and(|size| size > bound.bytes) {
        drain(body.into_data_stream());
        return Err(too_large());
    }
    let longer = if bound.by_size {
        announced.unwrap_or(bound.bytes) / 4096
    } else {
        0
    };
    let end = Instant::now() + bound.total + Duration::from_secs(longer as u64);
    let mut stream = body.into_data_stream();
    let (mut bytes, mut held, mut counted) = (Vec::new(), Held::default(), 0);
    let refusal = loop {
        let due = end.min(Instant::now() + bound.pause);
        let chunk = match timeout_at(due, stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => return Err(Refusal::new(Code::Malformed, "the body was cut")),
            Ok(None) => return Ok((bytes.into(), held)),
            // A sender that stalls does not read a response; the connection ends with the body.
            Err(_) => {
                let detail = format!("{} bytes came in time, more were announced", bytes.len());
                return Err(Refusal::new(Code::TooSlow, detail));
            }
        };
        let length = bytes.len() + chunk.len();
        if length > bound.bytes {
            break too_large();
        }
        if length > counted {
            let step = (length - counted).max(STEP.min(bound.bytes - counted));
            if let Err(busy) = budget.take(&mut held, step, counted == 0).await {
                break busy;
            }
            counted += step;
        }
        bytes.extend_from_slice(&chunk);
    };
    drop(bytes);
    drain(stream);
    Err(refusal)
}

/// Reads and discards the rest of a refused body in the background, for a short time.
pub(super) fn drain(mut stream: BodyDataStream) {
    let (most, limit) = DRAIN;
    tokio::spawn(timeout(limit, async move {
        let mut taken = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            taken += chunk.len();
            if taken > most {
                return;
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(bytes: usize) -> Bound {
        Bound {
            bytes,
            total: Duration::from_secs(10),
            pause: Duration::from_secs(3),
            by_size: false,
        }
    }

    fn code(refusal: Refusal) -> Code {
        refusal.code()
    }

    fn sent(chunks: Vec<Vec<u8>>, ends: bool) -> Body {
        let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
        let silence = futures_util::stream::pending().take(usize::from(!ends));
        Body::from_stream(chunks.chain(silence))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up_and_its_memory_given_back() {
        let budget = Budget::new(1 << 20);
        let body = sent(vec![vec![1; 1000]], false);
        let begun = Instant::now();
        let refused = read(body, Some(2000), bound(4096), &budget).await;
        assert_eq!(code(refused.unwrap_err()), Code::TooSlow);
        assert_eq!(begun.elapsed().as_secs(), 3);
        assert_eq!(budget.left(), 1 << 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_ends_when_its_time_is_over() {
        let budget = Budget::new(1 << 20);
        let drops = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(vec![7]), ()))
        });
        let begun = Instant::now();
        let refused = read(Body::from_stream(drops), None, bound(4096), &budget).await;
        assert_eq!(code(refused.unwrap_err()), Code::TooSlow);
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_that_others_hold_is_waited_for_and_then_refused() {
        let budget = Budget::new(256 * 1024);
        let whole = |size| sent(vec![vec![1; size]], true);
        let (bytes, held) = read(whole(200_000), None, bound(1 << 20), &budget)
            .await
            .unwrap();
        assert_eq!(bytes.len(), 200_000);
        let refused = read(whole(200_000), None, bound(1 << 20), &budget).await;
        assert_eq!(code(refused.unwrap_err()), Code::Busy);
        drop(held);
        assert!(
            read(whole(200_000), None, bound(1 << 20), &budget)
                .await
                .is_ok()
        );
        // A body larger than all memory waits for all of it, and not without a bound.
        assert!(
            read(whole(400_000), None, bound(1 << 20), &budget)
                .await
                .is_ok()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_that_stall_do_not_hold_up_small_ones() {
        let budget = Budget::new(1 << 20);
        let mut all = Held::default();
        budget.more(&mut all, 1 << 20).await.unwrap();
        let begun = Instant::now();
        let small = sent(vec![vec![1; 5_000]], true);
        assert!(
            read(small, Some(5_000), bound(1 << 20), &budget)
                .await
                .is_ok()
        );
        assert_eq!(begun.elapsed().as_secs(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_is_known_before_it_comes_and_while_it_comes() {
        let budget = Budget::new(1 << 20);
        let announced = read(sent(vec![], false), Some(5000), bound(4096), &budget).await;
        assert_eq!(code(announced.unwrap_err()), Code::TooLarge);
        let chunks = sent(vec![vec![1; 3000], vec![1; 3000]], true);
        let refused = read(chunks, None, bound(4096), &budget).await;
        assert_eq!(code(refused.unwrap_err()), Code::TooLarge);
        assert_eq!(budget.left(), 1 << 20);
    }
}
