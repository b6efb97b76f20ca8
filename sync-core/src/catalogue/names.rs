//! Codes and names of tables that come as data.

use crate::record::Text;

/// Characters of a name for people at most.
const MOST: usize = 400;

/// Checks that a code has 1 to `MAX` characters, so that events can name it, and that its names can be read.
pub(super) fn named<const MAX: usize>(code: &str, zh: &str, en: &str) -> Result<(), String> {
    if code.is_empty() || Text::<MAX>::new(code).map_or(true, |text| text.as_str() != code) {
        return Err(format!("{code:?}: a code has 1 to {MAX} characters"));
    }
    for name in [zh, en] {
        let unread = Text::<MOST>::new(name).map_or(true, |text| text.as_str() != name);
        if name.trim().is_empty() || unread {
            return Err(format!(
                "{code}: {name:?} is no name: it is empty, too long, or has control characters"
            ));
        }
    }
    Ok(())
}
