//! Every file begins with what it does; the `mod.rs` of a folder with a paragraph.

use super::source::Source;

pub(super) fn check(source: &Source) -> Option<String> {
    let doc: Vec<&str> = source
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .collect();
    if doc.is_empty() {
        return Some(format!(
            "{}: open it with `//!` and what it does",
            source.path
        ));
    }
    let is_room = source.path.ends_with("/mod.rs") && !source.is_test();
    (is_room && doc.len() < 3).then(|| {
        format!("{}: a room opens with a paragraph: what comes in, what goes out, what must not be here", source.path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_file_without_a_word_is_named() {
        assert!(check(&source("server/src/a.rs", "fn a() {}")).is_some());
        assert!(check(&source("server/src/a.rs", "//! Does it.\nfn a() {}")).is_none());
        assert!(check(&source("server/src/a/mod.rs", "//! Does it.\nmod b;")).is_some());
    }
}
