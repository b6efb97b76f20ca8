//! Receipts: the server's signed statements that a pack or a photo is durable.

use minicbor::{Decode, Encode};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::record::{DeviceId, PackHash, PhotoHash, ServerTime, cbor};

macro_rules! receipt {
    ($(#[$meta:meta])* $name:ident, $purpose:expr, { $($(#[$fmeta:meta])* $n:literal $field:ident: $ty:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        pub struct $name { $($(#[$fmeta])* #[n($n)] pub $field: $ty,)+ }

        impl $name {
            /// Signs and encodes: the claims and the signature, as one CBOR array.
            pub fn seal(&self, key: &SecretKey) -> Vec<u8> {
                let claims = cbor::encode(self);
                let signature = key.sign($purpose, &claims);
                cbor::encode(&(minicbor::bytes::ByteVec::from(claims), signature))
            }
            /// Checks the signature and reads the claims.
            ///
            /// # Errors
            /// [`BadSignature`] if it is not signed by this server or cannot be read.
            pub fn open(sealed: &[u8], server: &PublicKey) -> Result<Self, BadSignature> {
                let (claims, signature): (minicbor::bytes::ByteVec, Signature) =
                    minicbor::decode(sealed).map_err(|_| BadSignature)?;
                server.verify($purpose, &claims, &signature)?;
                minicbor::decode(&claims).map_err(|_| BadSignature)
            }
        }
    };
}

receipt! {
    /// The pack's changes are committed.
    PackReceipt, Purpose::PackReceipt, {
        /// The device.
        0 device: DeviceId,
        /// The pack's number.
        1 number: u64,
        /// The pack's hash.
        2 pack: PackHash,
        /// When the server received it.
        3 received: ServerTime,
        /// The entries that the server did not store: position in the pack, and number of the refusal. The receipt proves
        /// nothing about them. Absent from receipts of earlier versions.
        4 refused: Option<Vec<(u32, u16)>>,
    }
}

receipt! {
    /// The photo is durable: its whole content was hashed again, written and listed.
    PhotoReceipt, Purpose::PhotoReceipt, {
        /// The photo.
        0 hash: PhotoHash,
        /// Its size in bytes.
        1 size: u64,
        /// When it was stored.
        2 stored: ServerTime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_opens_only_with_the_key_of_its_server() {
        let key = SecretKey::from_seed([3; 32]);
        let receipt = PhotoReceipt {
            hash: PhotoHash::of(b"x"),
            size: 1,
            stored: ServerTime(5),
        };
        let mut sealed = receipt.seal(&key);
        assert_eq!(PhotoReceipt::open(&sealed, &key.public()), Ok(receipt));
        let other = SecretKey::from_seed([4; 32]).public();
        assert_eq!(PhotoReceipt::open(&sealed, &other), Err(BadSignature));
        sealed[6] ^= 1;
        assert_eq!(
            PhotoReceipt::open(&sealed, &key.public()),
            Err(BadSignature)
        );
    }
}
