//! The text of an error together with its causes.

use std::error::Error;

/// The texts of an error and of its sources, outermost first, separated by colons. A text that the ones before contain
/// is left out.
pub(crate) fn with_causes(error: &dyn Error) -> String {
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
