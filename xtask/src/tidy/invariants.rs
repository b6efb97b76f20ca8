//! Tests named `inv_NN_…` and the lines of `docs/invariants.md` must match.

use std::{collections::BTreeMap, path::Path};

use super::source::Source;

/// The table of invariants.
pub(super) const PAGE: &str = "docs/invariants.md";

/// The files of each invariant: number → files with a test of it.
#[derive(Debug, Default)]
pub(super) struct Tested(BTreeMap<u32, Vec<String>>);

impl Tested {
    /// Notes the tests of one file.
    pub(super) fn note(&mut self, source: &Source) {
        for (at, _) in source.text.match_indices("fn inv_") {
            // `inv_01_02_03_…` is a test of three invariants.
            let name = &source.text[at + "fn inv_".len()..];
            for part in name.split('_') {
                let Ok(number) = part.parse() else { break };
                let files = self.0.entry(number).or_default();
                if !files.contains(&source.path) {
                    files.push(source.path.clone());
                }
            }
        }
    }

    /// Compares the tests with the page.
    pub(super) fn check(&self, page: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
        let listed: BTreeMap<u32, &str> = page.lines().filter_map(line).collect();
        let mut found = Vec::new();
        for (number, files) in &self.0 {
            let line = listed.get(number).copied().unwrap_or_default();
            let absent = |file: &&String| !line.contains(&format!("`{file}`"));
            for file in files.iter().filter(absent) {
                found.push(format!("{PAGE}: line {number:02} does not list {file}"));
            }
        }
        for (number, line) in listed {
            let files: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
            if files.is_empty() && !line.contains("none yet") {
                found.push(format!("{PAGE}: line {number:02} lists no test"));
            }
            for file in files.into_iter().filter(|file| !exists(Path::new(file))) {
                found.push(format!("{PAGE}: line {number:02}: {file} does not exist"));
            }
        }
        found
    }
}

/// The number of a line and its tests.
fn line(text: &str) -> Option<(u32, &str)> {
    let mut cells = text.strip_prefix('|')?.split('|');
    let number = cells.next()?.trim().parse().ok()?;
    Some((number, cells.nth(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_without_a_line_and_a_line_without_a_test_are_named() {
        let mut tested = Tested::default();
        tested.note(&Source {
            path: "a.rs".to_owned(),
            text: "fn inv_01_02_it_holds() {}\nfn other() {}".to_owned(),
        });
        let check = |page: &str| tested.check(page, |path| path == Path::new("a.rs"));
        let kept = "| 01 | x | `a.rs` |\n| 02 | y | `a.rs` |\n| 03 | z | none yet |";
        assert!(check(kept).is_empty());
        assert_eq!(check("| 01 | x | `a.rs` |").len(), 1);
        assert_eq!(check(&format!("{kept}\n| 04 | z | |")).len(), 1);
        assert_eq!(check(&format!("{kept}\n| 04 | z | `b.rs` |")).len(), 1);
    }
}
