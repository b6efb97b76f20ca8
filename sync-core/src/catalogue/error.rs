//! Why tables are refused.

/// Tables that are malformed or contradict themselves.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that was expected.
    #[error("the catalogue cannot be read")]
    Malformed(#[from] serde_json::Error),
    /// A dangling reference or a duplicate code.
    #[error("the catalogue contradicts itself: {0}")]
    Contradiction(String),
}
