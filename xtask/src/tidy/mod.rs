//! `cargo xtask tidy`: the project's rules that a program can check.
//!
//! Each rule is one file. It checks one source file or manifest at a time and returns the places that break it, each
//! with what to do.

mod catalogue;
mod constants;
mod glossary;
mod headers;
mod invariants;
mod layers;
mod manifests;
mod migrations;
mod patches;
mod released;
mod routes;
mod size;
mod source;
mod sql;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::ensure;

use crate::{members, tree::Tree};
use source::Source;

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
    let trees =
        members::PROGRAMS.map(|(member, library)| Ok((member, Tree::read(member, library)?)));
    let trees = trees.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let mut defined = glossary::Defined::default();
    for (member, tree) in &trees {
        found.extend(layers::check(member, tree, &table));
        if ["sync-core", "server"].contains(member) {
            defined.note(tree);
        }
    }
    found.extend(defined.check(&fs::read_to_string(glossary::PAGE)?));
    let listed: released::List = toml::from_str(&fs::read_to_string("xtask/migrations.toml")?)?;
    found.extend(migrations::check(&listed)?);
    let listed: released::List = toml::from_str(&fs::read_to_string("xtask/catalogue.toml")?)?;
    found.extend(catalogue::check(&listed)?);
    found.extend(patches::check()?);
    let router = fs::read_to_string(routes::ROUTER)?;
    found.extend(routes::check(&router, &fs::read_to_string(routes::API)?)?);
    let quotes: constants::Quotes = toml::from_str(&fs::read_to_string("xtask/constants.toml")?)?;
    found.extend(constants::check(&quotes)?);
    let mut tested = invariants::Tested::default();
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
        // The rule's own tests name tests that do not exist.
        if source.member() != "xtask" {
            tested.note(&source);
        }
    }
    let page = fs::read_to_string(invariants::PAGE)?;
    found.extend(tested.check(&page, Path::exists));
    for place in &found {
        println!("{place}");
    }
    ensure!(found.is_empty(), "{} places to mend", found.len());
    Ok(())
}
