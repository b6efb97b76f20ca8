//! The source tree as a graph: which file names an item of which other file.
//!
//! [`Tree::read`] parses every Rust file of a crate's `src` folder, without its tests. An edge leads from the file that
//! names an item to the file that defines it: a re-export is followed to the definition.

mod cycles;
mod parse;
mod resolve;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;

pub(crate) use cycles::cycles;
pub(crate) use parse::Facts;

/// A parsed crate.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Files by their path from the workspace's folder.
    pub(crate) files: BTreeMap<String, Facts>,
    /// The file of each module path: `["storage", "log"]` for `crate::storage::log`.
    modules: BTreeMap<Vec<String>, String>,
    /// The name by which the program of the same package imports its library.
    library: String,
}

impl Tree {
    /// Parses a member of the workspace.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, with its path.
    pub(crate) fn read(member: &str, library: &str) -> anyhow::Result<Self> {
        let root = Path::new(member).join("src");
        let mut paths = Vec::new();
        walk(&root, &mut paths)?;
        let mut texts = Vec::new();
        for path in paths {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let inner = path
                .strip_prefix(&root)?
                .to_string_lossy()
                .replace('\\', "/");
            texts.push((inner, text));
        }
        let texts: Vec<_> = texts
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        Self::of(member, library, &texts)
    }

    /// Parses files that are given as their path below `src` and their text.
    ///
    /// # Errors
    /// A file that cannot be parsed, with its path.
    pub(crate) fn of(member: &str, library: &str, texts: &[(&str, &str)]) -> anyhow::Result<Self> {
        let (mut files, mut modules) = (BTreeMap::new(), BTreeMap::new());
        for (inner, text) in texts.iter().filter(|(inner, _)| !is_test(inner)) {
            let name = format!("{member}/src/{inner}");
            let module = module_of(inner);
            let facts = parse::parse(text, &module).with_context(|| name.clone())?;
            modules.insert(module, name.clone());
            files.insert(name, facts);
        }
        Ok(Self {
            files,
            modules,
            library: library.to_owned(),
        })
    }

    /// The files that each file names, without itself.
    pub(crate) fn edges(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut edges = BTreeMap::new();
        for (path, facts) in &self.files {
            let mut targets: Vec<&str> = facts
                .paths
                .iter()
                .filter_map(|used| self.definer(&facts.module, used))
                .filter(|target| target != path)
                .collect();
            targets.sort_unstable();
            targets.dedup();
            edges.insert(path.as_str(), targets);
        }
        edges
    }

    /// The modules that each module of the crate's root names, without itself.
    pub(crate) fn module_edges(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, targets) in self.edges() {
            let from = self.top(path);
            let targets = targets.into_iter().map(|target| self.top(target));
            all.entry(from).or_default().extend(targets);
        }
        for (from, targets) in &mut all {
            targets.retain(|target| target != from && !target.is_empty());
            targets.sort_unstable();
            targets.dedup();
        }
        all.remove("");
        all
    }

    /// The module of the crate's root that a file belongs to; empty for the root itself.
    pub(crate) fn top(&self, path: &str) -> &str {
        let module = self.files.get(path).map(|facts| &facts.module);
        module.and_then(|m| m.first()).map_or("", String::as_str)
    }
}

/// The module path of a file below `src`.
fn module_of(inner: &str) -> Vec<String> {
    let stem = inner.trim_end_matches(".rs");
    let parts = stem.split('/').filter(|part| *part != "mod");
    let module: Vec<String> = parts.map(str::to_owned).collect();
    if module == ["lib"] {
        Vec::new()
    } else {
        module
    }
}

/// Whether a file below `src` holds only tests.
fn is_test(inner: &str) -> bool {
    inner
        .split('/')
        .any(|part| part == "tests" || part == "tests.rs")
}

fn walk(folder: &Path, out: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    Ok(())
}
