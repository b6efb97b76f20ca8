//! Digest of a set of changes: the sum of the prefixes of their hashes. It does not depend on the order, and adding a
//! change is cheap.

use minicbor::{Decode, Decoder, Encode, Encoder};

use super::ids::ChangeHash;

/// Sum modulo 2^128 of the first 16 bytes (big-endian) of each change hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

impl Digest {
    /// The digest of one change.
    pub fn of(hash: &ChangeHash) -> Self {
        let mut head = [0; 16];
        head.copy_from_slice(&hash.0[..16]);
        Self(u128::from_be_bytes(head))
    }
    /// The digest of the union with another, disjoint set.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
    /// The digest of this set without a subset.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
    /// The 16 bytes, big-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
    /// Reads 16 bytes; any other length gives the empty digest, which a later comparison shows as different.
    pub fn from_slice(bytes: &[u8]) -> Self {
        bytes
            .try_into()
            .map(u128::from_be_bytes)
            .map_or(Self::default(), Self)
    }
}

impl FromIterator<ChangeHash> for Digest {
    fn from_iter<I: IntoIterator<Item = ChangeHash>>(hashes: I) -> Self {
        hashes
            .into_iter()
            .fold(Self::default(), |sum, hash| sum.plus(Self::of(&hash)))
    }
}

impl<C> Encode<C> for Digest {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}
impl<'b, C> Decode<'b, C> for Digest {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes: [u8; 16] = d
            .bytes()?
            .try_into()
            .map_err(|_| minicbor::decode::Error::message("digest length"))?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}
