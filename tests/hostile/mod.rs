//! A hostile client: an enrolled device with a program of its own, and outsiders with none.
//!
//! It signs with its own keys, writes its own events, changes and packs, and sends what no client of ours would. Each
//! file is a promise that such a client tries to break; `docs/security.md` lists them.

mod client;

mod bytes;
mod changes;
mod photos;
mod redaction;
mod reviewers;
mod room;
mod speaking;
mod times;
