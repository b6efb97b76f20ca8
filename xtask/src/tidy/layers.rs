//! Imports must follow `layers.toml`: only downwards, without cycles.

use std::collections::BTreeMap;

use super::Source;

/// Member → module → modules it may name.
pub(crate) type Table = BTreeMap<String, BTreeMap<String, Vec<String>>>;

pub(super) fn check(source: &Source, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let (Some(layers), false) = (table.get(source.member()), source.is_test()) else {
        return found;
    };
    let Some(rest) = source.path.split_once("/src/").map(|(_, rest)| rest) else {
        return found;
    };
    let module = rest
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs");
    if ["lib", "main", "cli"].contains(&module) {
        return found;
    }
    let Some(allowed) = layers.get(module) else {
        found.push(format!(
            "{}: module {module} is not in xtask/layers.toml",
            source.path
        ));
        return found;
    };
    for (number, line) in source.text.lines().enumerate() {
        if line.contains("super::super") {
            found.push(format!(
                "{}:{}: name it through `crate::`",
                source.path,
                number + 1
            ));
        }
    }
    for target in targets(&code_of(&source.text)) {
        if target != module && layers.contains_key(&target) && !allowed.contains(&target) {
            found.push(format!(
                "{}: {module} may not import {target} (xtask/layers.toml)",
                source.path
            ));
        }
    }
    found
}

/// The text without comments: a link in a comment is no import.
fn code_of(text: &str) -> String {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().filter(code).collect::<Vec<_>>().join("\n")
}

/// Modules that are named after `crate::`, directly or in braces.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => name.clear(),
                    c if depth == 1 && (c.is_alphanumeric() || c == '_') => name.push(c),
                    ':' if depth == 1 && !name.is_empty() => found.push(std::mem::take(&mut name)),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_upwards_is_named() {
        let table: Table =
            toml::from_str("[server]\nstorage = []\nhttp = [\"access\"]\naccess = []").unwrap();
        let source = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let up = source(
            "server/src/storage/log.rs",
            "use crate::{\n    access::Reach,\n};",
        );
        assert_eq!(check(&up, &table).len(), 1);
        let down = source("server/src/http/review.rs", "use crate::access::Reach;");
        assert!(check(&down, &table).is_empty());
        let link = source(
            "server/src/storage/log.rs",
            "/// See [`crate::access::Reach`].",
        );
        assert!(check(&link, &table).is_empty());
        let skip = source(
            "server/src/http/review.rs",
            "fn f() { crate::storage::x() }",
        );
        assert_eq!(check(&skip, &table).len(), 1);
    }
}
