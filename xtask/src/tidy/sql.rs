//! SQL is allowed only in the modules that own a database.

use super::source::Source;

const HOMES: [&str; 2] = ["sync-core/src/device/", "server/src/storage/"];
const WORDS: [&str; 6] = [
    "\"SELECT ",
    "\"INSERT INTO ",
    "\"UPDATE ",
    "\"DELETE FROM ",
    "\"CREATE TABLE ",
    "\"PRAGMA ",
];

pub(super) fn check(source: &Source) -> Option<String> {
    let home = HOMES.iter().any(|h| source.path.starts_with(h)) || source.is_test();
    if home || source.path.starts_with("xtask/") {
        return None;
    }
    let line = source
        .text
        .lines()
        .position(|line| WORDS.iter().any(|word| line.contains(word)))?;
    Some(format!(
        "{}:{}: SQL belongs in {}",
        source.path,
        line + 1,
        HOMES.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_outside_its_room_is_named() {
        let source = |path: &str| Source {
            path: path.to_owned(),
            text: "let s = \"SELECT 1\";".to_owned(),
        };
        assert!(check(&source("server/src/http/review.rs")).is_some());
        assert!(check(&source("server/src/storage/log.rs")).is_none());
    }
}
