//! A hostile client: an enrolled device with its own program, and clients without enrolment.
//!
//! It signs with its own keys, makes its own events, changes and packs, and sends what our client never sends. Each
//! file tests one promise that such a client tries to break; `docs/security.md` lists them.

pub(crate) mod client;

mod bytes;
mod changes;
mod enrolling;
mod photos;
mod proofs;
mod redaction;
mod returning;
mod reviewers;
mod room;
mod speaking;
mod squatting;
mod taking;
mod times;
