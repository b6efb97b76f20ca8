//! A source file that the rules read.

/// A source file of the tree.
#[derive(Debug)]
pub(super) struct Source {
    /// Path from the workspace's folder, with `/`.
    pub(super) path: String,
    /// Content.
    pub(super) text: String,
}

impl Source {
    /// The folder of its crate.
    pub(super) fn member(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether it contains only tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests")
            || self.path.contains("tests.rs")
    }
}
