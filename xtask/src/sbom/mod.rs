//! The bill of materials of the server program: every crate in it, and the libraries of other languages that crates carry,
//! as CycloneDX 1.6 (JSON).
//!
//! The same sources give the same bytes: it has no time and no random number.

mod carried;
mod graph;

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use self::graph::{Metadata, Package};
use crate::{
    cargo::{program, target},
    python,
};

/// The validator of CycloneDX.
const VALIDATOR: &str = "cyclonedx-python-lib[json-validation]==11.12.0";

/// The package whose program operators run.
const ROOT: &str = "xuncha-server";

/// The checksums of `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// Writes the bill of materials to a file.
pub(crate) fn run(out: &Path) -> anyhow::Result<()> {
    let metadata = Command::new(program())
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("cargo metadata")?;
    ensure!(
        metadata.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: Metadata = serde_json::from_slice(&metadata.stdout)?;
    let lock: Lock = toml::from_str(&std::fs::read_to_string("Cargo.lock")?)?;
    let bill = bill(&metadata, &lock)?;
    let count = bill["components"].as_array().map_or(0, Vec::len);
    std::fs::write(out, serde_json::to_string_pretty(&bill)? + "\n")
        .with_context(|| out.display().to_string())?;
    println!("{}: {count} components", out.display());
    Ok(())
}

/// Makes the bill of materials and has it checked by the validator of CycloneDX.
pub(crate) fn validate() -> anyhow::Result<()> {
    let file = target().join("sbom.json");
    run(&file)?;
    let python = python::with("cyclonedx-venv", VALIDATOR)?;
    let checked = Command::new(python)
        .arg("tests/python/sbom_valid.py")
        .arg(&file)
        .status()?;
    ensure!(checked.success(), "the bill of materials is not valid");
    Ok(())
}

fn bill(metadata: &Metadata, lock: &Lock) -> anyhow::Result<Value> {
    let checksums: BTreeMap<(&str, &str), &str> = lock
        .package
        .iter()
        .filter_map(|p| {
            Some((
                (p.name.as_str(), p.version.as_str()),
                p.checksum.as_deref()?,
            ))
        })
        .collect();
    let (root, reached) = graph::reached(metadata, ROOT)?;
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (package, needs) in &reached {
        let carried = carried::of(package);
        let mut needs: Vec<Value> = needs
            .iter()
            .map(|needed| reference(needed).into())
            .collect();
        for library in carried {
            needs.push(library["bom-ref"].clone());
            dependencies.push(json!({ "ref": library["bom-ref"], "dependsOn": [] }));
            components.push(library);
        }
        dependencies.push(json!({ "ref": reference(package), "dependsOn": needs }));
        if package.id != root.id {
            let checksum = checksums.get(&(package.name.as_str(), package.version.as_str()));
            components.push(component(package, "library", checksum.copied()));
        }
    }
    let tool =
        json!({ "type": "application", "name": "cargo xtask sbom", "version": root.version });
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": component(root, "application", None),
            "tools": { "components": [tool] },
            "lifecycles": [{ "phase": "build" }],
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn component(package: &Package, kind: &str, checksum: Option<&str>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        // The build metadata of a version contains `+`, which a package URL writes as `%2B`.
        "purl": reference(package).replace('+', "%2B"),
        "scope": "required",
    });
    if let Some(text) = &package.description {
        component["description"] = text.trim().into();
    }
    if let Some(license) = &package.license {
        // Some crates still separate alternatives by a slash.
        let expression = license.replace('/', " OR ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = &package.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

#[cfg(test)]
mod tests;
