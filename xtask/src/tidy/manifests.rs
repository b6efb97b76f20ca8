//! Every member must use the workspace's lints; the core must not depend on a runtime.

use std::fs;

use toml::{Table, Value};

pub(super) fn check(members: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for member in members {
        let text = fs::read_to_string(format!("{member}/Cargo.toml"))?;
        found.extend(judge(member, &text)?);
    }
    Ok(found)
}

fn judge(member: &str, manifest: &str) -> anyhow::Result<Vec<String>> {
    let manifest: Table = toml::from_str(manifest)?;
    let mut found = Vec::new();
    let lints = manifest.get("lints").and_then(|l| l.get("workspace"));
    if lints.and_then(Value::as_bool) != Some(true) {
        found.push(format!("{member}/Cargo.toml: take the workspace's lints"));
    }
    // In a browser, randomness of dependencies needs a source; that is in a table of its target.
    let native = manifest.get("dependencies").and_then(Value::as_table);
    if let ("sync-core", Some(native)) = (member, native) {
        for name in ["tokio", "axum", "reqwest", "hyper", "getrandom"] {
            if native.contains_key(name) {
                found.push(format!("{member}/Cargo.toml: {name} must not be here"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_in_the_core_is_named() {
        let found = |member, dependency: &str| {
            let manifest = format!("[dependencies]\n{dependency}\n[lints]\nworkspace = true");
            judge(member, &manifest).unwrap().len()
        };
        assert_eq!(found("sync-core", ""), 0);
        assert_eq!(found("sync-core", "tokio.workspace = true"), 1);
        assert_eq!(found("server", "tokio.workspace = true"), 0);
        assert_eq!(judge("server", "").unwrap().len(), 1);
    }
}
