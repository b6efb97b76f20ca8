//! Two clocks that must never be mixed: what a phone claims and what the server knows.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a phone's clock said: milliseconds since 1970-01-01 UTC. A claim, not a fact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct DeviceTime(#[n(0)] pub i64);

/// When the server received or did something: milliseconds since 1970-01-01 UTC.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct ServerTime(#[n(0)] pub i64);
