//! `cargo xtask tidy`: the project's rules that a program can check.
//!
//! Each rule is one file. It checks one source file or manifest at a time and returns the places that break it, each
//! with what to do.

mod headers;
mod layers;
mod manifests;
mod size;
mod sql;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::ensure;

use crate::members;

/// A source file of the tree.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the workspace's folder, with `/`.
    pub(crate) path: String,
    /// Content.
    pub(crate) text: String,
}

impl Source {
    /// The folder of its crate.
    fn member(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests")
            || self.path.contains("tests.rs")
    }
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "rs" || e == "md") {
            out.push(path);
        }
    }
    Ok(())
}

/// Applies every rule.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut paths = Vec::new();
    for member in members::ALL {
        walk(Path::new(member), &mut paths)?;
    }
    let table: layers::Table = toml::from_str(&fs::read_to_string("xtask/layers.toml")?)?;
    let mut found = manifests::check(&members::ALL)?;
    let words: words::Words = toml::from_str(&fs::read_to_string("xtask/words.toml")?)?;
    let mut texts = Vec::new();
    for folder in ["docs", "schemas"] {
        walk(Path::new(folder), &mut texts)?;
    }
    for name in ["README.md", "SECURITY.md", "CONTRIBUTING.md"] {
        texts.extend(Path::new(name).exists().then(|| name.into()));
    }
    paths.extend(texts);
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let source = Source {
            path: path.to_string_lossy().replace('\\', "/"),
            text,
        };
        found.extend(words::check(&source, &words));
        if source.path.ends_with(".md") {
            continue;
        }
        found.extend(headers::check(&source));
        found.extend(size::check(&source));
        found.extend(sql::check(&source));
        found.extend(layers::check(&source, &table));
    }
    for place in &found {
        println!("{place}");
    }
    ensure!(found.is_empty(), "{} places to mend", found.len());
    Ok(())
}
