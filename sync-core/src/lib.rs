//! The shared core of Xuncha.
pub mod host;
pub mod record;
