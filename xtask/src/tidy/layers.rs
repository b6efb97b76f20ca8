//! Imports must follow `layers.toml`: downwards only, without cycles between modules or files.

use std::collections::BTreeMap;

use crate::tree::{Tree, cycles};

/// Member → module → modules that it may name.
pub(crate) type Table = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Members whose files form no cycle.
const WITHOUT_CYCLES: [&str; 4] = ["sync-core", "server", "cli-simulator", "xtask"];

/// Compares the imports of one member with its part of the table.
pub(super) fn check(member: &str, tree: &Tree, table: &Table) -> Vec<String> {
    let Some(layers) = table.get(member) else {
        return vec![format!("xtask/layers.toml: {member} is missing")];
    };
    let mut found = circular(member, layers);
    for (path, targets) in tree.edges() {
        let module = tree.top(path);
        // The root declares the modules, and `main` is above all.
        if ["", "main"].contains(&module) {
            continue;
        }
        let Some(allowed) = layers.get(module) else {
            found.push(format!(
                "{path}: module {module} is not in xtask/layers.toml"
            ));
            continue;
        };
        let mut named: Vec<&str> = targets.iter().map(|target| tree.top(target)).collect();
        named.dedup();
        // What the root exports is open to all modules.
        named.retain(|target| !["", module].contains(target));
        let above = |target: &&str| !allowed.iter().any(|a| a == target);
        for target in named.into_iter().filter(above) {
            found.push(format!(
                "{path}: {module} may not import {target} (xtask/layers.toml)"
            ));
        }
    }
    if WITHOUT_CYCLES.contains(&member) {
        for cycle in cycles(&tree.edges()) {
            found.push(format!("these files name each other: {}", cycle.join(", ")));
        }
    }
    found
}

/// Cycles of the table itself.
fn circular(member: &str, layers: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let edges = layers.iter().map(|(module, allowed)| {
        let targets = allowed.iter().map(String::as_str).collect();
        (module.as_str(), targets)
    });
    let cycles = cycles(&edges.collect());
    let describe =
        |c: Vec<&str>| format!("xtask/layers.toml: {member}: {} form a cycle", c.join(", "));
    cycles.into_iter().map(describe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree::of("server", "xuncha_server", files).unwrap()
    }

    fn found(files: &[(&str, &str)]) -> usize {
        let table = "[server]\nstorage = []\naccess = [\"storage\"]\nhttp = [\"access\"]";
        check("server", &tree(files), &toml::from_str(table).unwrap()).len()
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod storage; mod access; mod http;");
    const ACCESS: (&str, &str) = ("access.rs", "pub struct Reach;");

    #[test]
    fn an_arrow_upwards_is_named_in_every_form() {
        for up in [
            "use crate::{\n    access::Reach,\n};",
            "fn f() -> super::super::access::Reach { loop {} }",
            "fn f() { crate::access::Reach; }",
        ] {
            assert_eq!(found(&[ROOT, ACCESS, ("storage/log.rs", up)]), 1, "{up}");
        }
        let down = ("http/review.rs", "use crate::access::Reach;");
        assert_eq!(found(&[ROOT, ACCESS, down]), 0);
        let comment = (
            "storage/log.rs",
            "/// See [`crate::access::Reach`].\nfn f() {}",
        );
        assert_eq!(found(&[ROOT, ACCESS, comment]), 0);
        let skips = ("http/review.rs", "use crate::storage::X;");
        assert_eq!(found(&[ROOT, ("storage.rs", "pub struct X;"), skips]), 1);
        assert_eq!(found(&[ROOT, ("other.rs", "")]), 1);
    }

    #[test]
    fn a_cycle_of_the_table_is_named() {
        let table: Table = toml::from_str("[server]\na = [\"b\"]\nb = [\"a\"]").unwrap();
        assert_eq!(check("server", &tree(&[]), &table).len(), 1);
    }
}
