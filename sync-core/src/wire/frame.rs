//! Frames: one byte of version and encoding, then one CBOR message, plain or as one zstd frame.

use minicbor::{Decode, Encode};

use crate::{causes::Cause, record::cbor};

/// Media type of every body between device and server.
pub const MEDIA_TYPE: &str = "application/vnd.xuncha+cbor";

const PLAIN: u8 = 0x10;
const ZSTD: u8 = 0x11;
/// zstd's default. On pages, higher levels save 3 % and cost ten times the time.
const LEVEL: i32 = 3;
/// Smaller messages consist mostly of hashes, which do not compress.
const WORTH_COMPRESSING: usize = 256;

/// Bytes that are not a frame. A retry with the same bytes fails too.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Empty, or of an unknown version.
    #[error("not a frame of this protocol version")]
    Version,
    /// Its decompressed size is over the limit or not stated.
    #[error("the frame would unfold to more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// Damaged.
    #[error("the frame is damaged")]
    Damaged(#[source] Cause),
}

/// Encodes a message.
pub fn write<T: Encode<()>>(message: &T) -> Vec<u8> {
    let plain = cbor::encode(message);
    if plain.len() >= WORTH_COMPRESSING
        && let Ok(packed) = zstd::bulk::compress(&plain, LEVEL)
        && packed.len() < plain.len()
    {
        return [&[ZSTD], packed.as_slice()].concat();
    }
    [&[PLAIN], plain.as_slice()].concat()
}

/// Decodes a message; never decompresses more than `limit` bytes.
///
/// # Errors
/// [`FrameError`] if it is damaged, too large, or of another version.
pub fn read<T: for<'b> Decode<'b, ()>>(bytes: &[u8], limit: usize) -> Result<T, FrameError> {
    let (kind, body) = bytes.split_first().ok_or(FrameError::Version)?;
    match *kind {
        PLAIN if body.len() > limit => Err(FrameError::TooLarge { limit }),
        PLAIN => decode(body),
        ZSTD => {
            let size = zstd::zstd_safe::get_frame_content_size(body)
                .map_err(|_| FrameError::Damaged("no zstd frame".into()))?
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size <= limit)
                .ok_or(FrameError::TooLarge { limit })?;
            let plain =
                zstd::bulk::decompress(body, size).map_err(|e| FrameError::Damaged(e.into()))?;
            decode(&plain)
        }
        _ => Err(FrameError::Version),
    }
}

/// The decompressed size that a frame states, so that memory can be counted before it is used; the frame's own length
/// if it states none.
pub fn unfolded(bytes: &[u8]) -> usize {
    let said = match bytes.split_first() {
        Some((&ZSTD, body)) => zstd::zstd_safe::get_frame_content_size(body).ok().flatten(),
        _ => None,
    };
    said.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(bytes.len())
}

fn decode<T: for<'b> Decode<'b, ()>>(plain: &[u8]) -> Result<T, FrameError> {
    let damaged = |e: minicbor::decode::Error| FrameError::Damaged(e.into());
    let mut d = minicbor::Decoder::new(plain);
    let message = d.decode().map_err(damaged)?;
    if d.position() != plain.len() {
        return Err(FrameError::Damaged("bytes follow the message".into()));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use minicbor::bytes::ByteVec;

    use super::*;

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = write(&ByteVec::from(vec![0_u8; 4 << 20]));
        assert!(bomb.len() < 2000);
        let refused = read::<ByteVec>(&bomb, 1 << 20);
        assert!(matches!(
            refused,
            Err(FrameError::TooLarge { limit: 0x10_0000 })
        ));
        assert!(read::<ByteVec>(&bomb, 5 << 20).is_ok());
    }

    #[test]
    fn bytes_after_the_message_are_refused() {
        let message = minicbor::to_vec(7_u8).unwrap();
        let frame = [&[PLAIN], message.as_slice()].concat();
        assert_eq!(read::<u8>(&frame, 10).unwrap(), 7);
        assert!(read::<u8>(&[frame.as_slice(), &[0]].concat(), 10).is_err());
    }

    #[test]
    fn truncated_and_flipped_frames_are_errors_not_panics() {
        let good = write(&ByteVec::from(
            (0..5000_u32).map(|i| (i % 7) as u8).collect::<Vec<_>>(),
        ));
        for cut in 0..good.len() {
            assert!(read::<ByteVec>(&good[..cut], 1 << 20).is_err());
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            let _ = read::<ByteVec>(&bad, 1 << 20);
        }
    }
}
