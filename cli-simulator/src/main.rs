//! The `xuncha-sim` binary.
fn main() {}
