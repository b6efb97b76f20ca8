//! Identifiers: random ones that a device makes, and ones that are the hash of what they name.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected {expected}")]
pub struct BadId {
    /// Which identifier was expected.
    pub kind: &'static str,
    /// The expected form.
    pub expected: &'static str,
}

macro_rules! byte_id {
    ($(#[$meta:meta])* $name:ident, $len:literal, $form:literal, $show:expr, $parse:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;
            /// From exactly `LEN` bytes.
            ///
            /// # Errors
            /// [`BadId`] if the length differs.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId { kind: stringify!($name), expected: $form })
            }
            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8] { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&$show(&self.0)) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                let bytes: Option<Vec<u8>> = $parse(s);
                bytes.and_then(|b| Self::from_slice(&b).ok())
                    .ok_or(BadId { kind: stringify!($name), expected: $form })
            }
        }
        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self, e: &mut Encoder<W>, _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> { e.bytes(&self.0)?.ok() }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                Self::from_slice(d.bytes()?).map_err(minicbor::decode::Error::custom)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $form })
            }
        }
    };
}

fn show_uuid(bytes: &[u8; 16]) -> String {
    uuid::Uuid::from_bytes(*bytes).to_string()
}
fn parse_uuid(text: &str) -> Option<Vec<u8>> {
    uuid::Uuid::try_parse(text)
        .ok()
        .map(|u| u.as_bytes().to_vec())
}
fn show_base64<const N: usize>(bytes: &[u8; N]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
fn parse_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
fn show_hex<const N: usize>(bytes: &[u8; N]) -> String {
    hex::encode(bytes)
}
fn parse_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}

byte_id!(
    /// A document: a hazard, an activity or an inspection. UUIDv7, so that newer documents sort after older ones (by
    /// the claimed time).
    DocId, 16, "a UUID", show_uuid, parse_uuid
);
byte_id!(
    /// One installation of the field app on one device.
    DeviceId, 16, "a UUID", show_uuid, parse_uuid
);
byte_id!(
    /// A person, by an opaque number; the name is in a separate table of the server and can be deleted.
    PersonId, 16, "a UUID", show_uuid, parse_uuid
);
byte_id!(
    /// An organisation: a bureau, a street office, a property company.
    OrganId, 16, "a UUID", show_uuid, parse_uuid
);
byte_id!(
    /// A residential compound.
    CompoundId, 16, "a UUID", show_uuid, parse_uuid
);
byte_id!(
    /// An event: the first 12 bytes of the SHA-256 of its bytes, so that every edit is detected.
    EventId, 12, "16 characters of base64url", show_base64, parse_base64
);
byte_id!(
    /// A grant: the first 12 bytes of the SHA-256 of the signed bytes.
    GrantId, 12, "16 characters of base64url", show_base64, parse_base64
);
byte_id!(
    /// SHA-256 of a photo's bytes, which is also its name everywhere.
    PhotoHash, 32, "64 hexadecimal digits", show_hex, parse_hex
);
byte_id!(
    /// Hash of an Automerge change.
    ChangeHash, 32, "64 hexadecimal digits", show_hex, parse_hex
);
byte_id!(
    /// SHA-256 of a pack's signed bytes; the next pack of the device names it.
    PackHash, 32, "64 hexadecimal digits", show_hex, parse_hex
);
byte_id!(
    /// A log epoch of a space: random, and new after a restore from a backup.
    LogEpoch, 8, "16 hexadecimal digits", show_hex, parse_hex
);

impl EventId {
    /// The identifier of these event bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(head(bytes))
    }
}
impl GrantId {
    /// The identifier of these signed grant bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(head(bytes))
    }
}
impl PhotoHash {
    /// The name of these photo bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }
}
impl PackHash {
    /// The hash of these signed pack bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

fn head<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&sha256(bytes)[..N]);
    out
}

/// Before what is hashed for the second half of a document's id.
const DOCUMENT: &[u8] = b"xuncha.document.1";

impl DocId {
    /// The id of a document that a device begins: a UUIDv8 with the time, 12 bits of `salt`, and 62 bits of a hash of the
    /// device and the first half. So no other device can begin a document under this id, also not on a server that lost it.
    pub fn begun_by(device: DeviceId, unix_ms: i64, salt: u16) -> Self {
        let ms = u64::try_from(unix_ms).unwrap_or(0).to_be_bytes();
        let mut id = [0; 16];
        id[..6].copy_from_slice(&ms[2..]);
        id[6..8].copy_from_slice(&salt.to_be_bytes());
        let id = uuid::Builder::from_custom_bytes(id).into_uuid();
        Self(Self::bound(device, id.into_bytes()))
    }

    /// Whether the id states the device that begins the document. One from protocol 1 does not.
    pub fn is_bound(&self) -> bool {
        self.0[6] >> 4 == 8
    }

    /// Whether this device may begin the document.
    pub fn may_be_begun_by(&self, device: DeviceId) -> bool {
        !self.is_bound() || Self::bound(device, self.0) == self.0
    }

    fn bound(device: DeviceId, id: [u8; 16]) -> [u8; 16] {
        let hash = sha256(&[DOCUMENT, device.as_bytes(), &id[..8]].concat());
        let mut id = id;
        id[8..].copy_from_slice(&hash[..8]);
        uuid::Builder::from_custom_bytes(id)
            .into_uuid()
            .into_bytes()
    }
}

/// A UUIDv7 from a clock reading and random bytes.
pub fn uuid_v7(unix_ms: i64, random: [u8; 10]) -> [u8; 16] {
    let ms = u64::try_from(unix_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(ms, &random)
        .into_uuid()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_device_that_an_id_states_may_begin_a_document() {
        let (device, other) = (DeviceId([3; 16]), DeviceId([4; 16]));
        let id = DocId::begun_by(device, 1_711_000_000_000, 0xffff);
        assert_eq!(id.0[..6], 1_711_000_000_000_u64.to_be_bytes()[2..]);
        let uuid: uuid::Uuid = id.to_string().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 8);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        assert!(id.is_bound() && id.may_be_begun_by(device) && !id.may_be_begun_by(other));
        let earlier = DocId(uuid_v7(1_711_000_000_000, [7; 10]));
        assert!(!earlier.is_bound() && earlier.may_be_begun_by(other));
    }

    #[test]
    fn every_identifier_reads_back_what_it_shows() {
        let doc = DocId(uuid_v7(1_711_000_000_000, [7; 10]));
        assert_eq!(doc.to_string().parse::<DocId>(), Ok(doc));
        let event = EventId::of(b"an event");
        assert_eq!(event.to_string().len(), 16);
        assert_eq!(event.to_string().parse::<EventId>(), Ok(event));
        let blob = PhotoHash::of(b"a photo");
        assert_eq!(blob.to_string().parse::<PhotoHash>(), Ok(blob));
        assert!("zz".parse::<PhotoHash>().is_err());
        assert!("é".parse::<PhotoHash>().is_err());
    }
}
