//! The byte form of values: CBOR.

use minicbor::{Decode, Encode};

/// Encodes a value.
///
/// # Panics
/// Never for the types of this crate: memory accepts every byte, and they refuse no value of their own.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "bytes that lack the value would be signed, stored or sent"
    )]
    minicbor::to_vec(value).expect("a value of this crate is CBOR")
}

/// Decodes a value; `None` if it is damaged.
pub fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    minicbor::decode(bytes).ok()
}
