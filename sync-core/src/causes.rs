//! The causes of an error, and the text of an error with its causes.

use std::error::Error;

/// The cause of an error, of any type. A text is a cause without further causes.
pub type Cause = Box<dyn Error + Send + Sync>;

/// The texts of an error and of its causes, from the outermost to the innermost. A text that an outer one contains is
/// omitted.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}
