//! The central server of Xuncha.
pub mod storage;
