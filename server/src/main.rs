//! The `xuncha` binary.
fn main() {}
