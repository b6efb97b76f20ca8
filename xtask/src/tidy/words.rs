//! Comments and docs use the field's terms: words that paraphrase them are refused.

use std::collections::BTreeMap;

use super::source::Source;

/// Words and phrases, each with what to write instead.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Words {
    words: BTreeMap<String, String>,
    phrases: BTreeMap<String, String>,
}

/// Files that name the words in order to refuse them, and texts of earlier releases.
const EXEMPT: [&str; 4] = [
    // Quotes messages of the programs.
    "docs/zh/",
    "docs/writing.md",
    "docs/decisions/",
    "xtask/src/tidy/words.rs",
];

/// The places of a Rust file or a Markdown file that use a refused word.
pub(super) fn check(source: &Source, words: &Words) -> Vec<String> {
    if EXEMPT.iter().any(|path| source.path.starts_with(path)) {
        return Vec::new();
    }
    let markdown = source.path.ends_with(".md");
    let mut found = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        let Some(text) = prose(line, markdown) else {
            continue;
        };
        let text = text.to_lowercase();
        let refused = words.words.iter().chain(&words.phrases);
        for (word, instead) in refused.filter(|(word, _)| has(&text, word)) {
            found.push(format!(
                "{}:{number}: {word:?}; write: {instead} (docs/writing.md)",
                source.path
            ));
        }
    }
    found
}

/// The part of a line that people read.
fn prose(line: &str, markdown: bool) -> Option<&str> {
    if markdown {
        return Some(line);
    }
    let at = line.find("//")?;
    let before = line[..at].trim_end();
    // An address in a string is no comment.
    (before.is_empty() || !before.ends_with(':')).then(|| &line[at..])
}

/// Whether a text contains a word between word boundaries.
fn has(text: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_-`".contains(c));
    text.match_indices(word).any(|(at, _)| {
        !inside(text[..at].chars().next_back()) && !inside(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_word_is_named_in_a_comment_and_not_in_code() {
        let words: Words =
            toml::from_str("[words]\nanew = \"again\"\n[phrases]\n\"goes on\" = \"continues\"")
                .unwrap();
        let refused = |path: &str, text: &str| {
            let source = Source {
                path: path.to_owned(),
                text: text.to_owned(),
            };
            check(&source, &words).len()
        };
        assert_eq!(refused("a.rs", "/// Made anew; it goes on."), 2);
        assert_eq!(refused("a.rs", "fn anew() {}"), 0);
        assert_eq!(
            refused("a.rs", "/// `anew` is a name, and so is anew_row."),
            0
        );
        assert_eq!(refused("docs/a.md", "It goes on."), 1);
        assert_eq!(refused("docs/writing.md", "It goes on."), 0);
    }
}
