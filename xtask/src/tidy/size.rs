//! A file must be short enough to be read as a whole.

use super::source::Source;

/// Maximum number of lines of a file.
const LIMIT: usize = 450;

pub(super) fn check(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > LIMIT).then(|| format!("{}: {lines} lines, at most {LIMIT}; split it", source.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_named() {
        let source = |lines| Source {
            path: "a.rs".to_owned(),
            text: "x\n".repeat(lines),
        };
        assert!(check(&source(451)).is_some());
        assert!(check(&source(450)).is_none());
    }
}
