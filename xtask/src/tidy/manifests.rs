//! Every member must use the workspace's lints; the core must not depend on a runtime.

use std::fs;

pub(super) fn check(members: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for member in members {
        let text = fs::read_to_string(format!("{member}/Cargo.toml"))?;
        found.extend(judge(member, &text));
    }
    Ok(found)
}

fn judge(member: &str, manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !manifest.contains("[lints]\nworkspace = true") {
        found.push(format!("{member}/Cargo.toml: take the workspace's lints"));
    }
    if member == "sync-core" {
        for name in ["tokio", "axum", "reqwest", "hyper", "getrandom"] {
            if manifest.lines().any(|line| line.starts_with(name)) {
                found.push(format!("{member}/Cargo.toml: {name} must not be here"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_in_the_core_is_named() {
        let good = "[lints]\nworkspace = true";
        assert!(judge("sync-core", good).is_empty());
        assert_eq!(
            judge("sync-core", &format!("tokio.workspace = true\n{good}")).len(),
            1
        );
        assert_eq!(judge("server", "").len(), 1);
    }
}
