//! The packages that a program is built from, out of the output of `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;

/// The output of `cargo metadata`, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

/// A package.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) manifest_path: std::path::PathBuf,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Needed>,
}

#[derive(Debug, Deserialize)]
struct Needed {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// A package with the packages that it needs.
pub(super) type Reached<'m> = (&'m Package, Vec<&'m Package>);

/// The package of this name, and all packages that it is built from, on any platform and with those that run while it is
/// built; not those that only tests need. Ordered by name and version.
pub(super) fn reached<'m>(
    metadata: &'m Metadata,
    root: &str,
) -> anyhow::Result<(&'m Package, Vec<Reached<'m>>)> {
    let by_id: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .map(|p| (p.id.as_str(), p))
        .collect();
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|n| (n.id.as_str(), n))
        .collect();
    let root = metadata.packages.iter().find(|p| p.name == root);
    let root = root.context("the server is no package of this workspace")?;
    let (mut seen, mut waiting) = (BTreeSet::from([root.id.as_str()]), vec![root.id.as_str()]);
    let mut found = Vec::new();
    while let Some(id) = waiting.pop() {
        let (package, node) = by_id
            .get(id)
            .zip(nodes.get(id))
            .context("an unknown package")?;
        let needs = node.deps.iter().filter(|needed| {
            let mut kinds = needed.dep_kinds.iter();
            kinds.any(|kind| kind.kind.as_deref() != Some("dev"))
        });
        let mut needed = Vec::new();
        for need in needs {
            needed.push(*by_id.get(need.pkg.as_str()).context("an unknown package")?);
            if seen.insert(&need.pkg) {
                waiting.push(&need.pkg);
            }
        }
        needed.sort_by_key(|package| (&package.name, &package.version));
        needed.dedup_by_key(|package| &package.id);
        found.push((*package, needed));
    }
    found.sort_by_key(|(package, _)| (&package.name, &package.version));
    Ok((root, found))
}
