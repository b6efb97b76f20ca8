//! Each identifier of `docs/glossary.md` is defined once, and stands for one term.

use std::collections::BTreeMap;

use crate::tree::Tree;

/// The normative table.
pub(super) const PAGE: &str = "docs/glossary.md";

/// Where each identifier of the core and the server is defined.
#[derive(Debug, Default)]
pub(super) struct Defined<'t>(BTreeMap<&'t str, Vec<&'t str>>);

impl<'t> Defined<'t> {
    /// Notes the items, functions, fields and modules of one crate.
    pub(super) fn note(&mut self, tree: &'t Tree) {
        for (path, facts) in &tree.files {
            let names = facts.items.iter().chain(&facts.fields).map(String::as_str);
            let methods = facts.functions.iter().map(|(_, name)| name.as_str());
            let module = facts.module.last().map(String::as_str);
            let mut names: Vec<&str> = names.chain(methods).chain(module).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                self.0.entry(name).or_default().push(path);
            }
        }
    }

    /// Compares the page with the definitions.
    pub(super) fn check(&self, page: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut rows: BTreeMap<&str, &str> = BTreeMap::new();
        for (term, name) in page.lines().filter_map(row) {
            if let Some(other) = rows.insert(name, term) {
                found.push(format!(
                    "{PAGE}: `{name}` is in the rows {other:?} and {term:?}"
                ));
            }
            let files = self.0.get(name).map_or(&[][..], Vec::as_slice);
            // A type has one definition; functions and fields of one name are methods of several types.
            let is_type = name.starts_with(char::is_uppercase);
            if files.is_empty() {
                found.push(format!("{PAGE}: {term:?}: `{name}` is not defined"));
            } else if is_type && files.len() > 1 {
                let files = files.join(", ");
                found.push(format!("{PAGE}: {term:?}: `{name}` is defined in {files}"));
            }
        }
        found
    }
}

/// The term and the identifier of a row; `None` for other lines.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let term = cells.next()?;
    let code = cells.nth(1)?.strip_prefix('`')?.strip_suffix('`')?;
    Some((term, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_that_is_missing_or_defined_twice_is_named() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "struct Page { cut_off: u8 }\nfn fold() {}\nstruct Once;",
            ),
            ("b.rs", "struct Page;\nfn fold() {}"),
        ];
        let tree = Tree::of("server", "xuncha_server", &files).unwrap();
        let mut defined = Defined::default();
        defined.note(&tree);
        let found = |page: &str| defined.check(page).len();
        assert_eq!(found("| Term | 中文 | Code |\n| once | 一 | `Once` | |"), 0);
        assert_eq!(found("| a | 一 | `fold` | |\n| b | 二 | `cut_off` | |"), 0);
        assert_eq!(found("| page | 页 | `Page` | |"), 1);
        assert_eq!(found("| none | 无 | `Absent` | |"), 1);
        assert_eq!(found("| a | 一 | `Once` | |\n| b | 二 | `Once` | |"), 1);
    }
}
