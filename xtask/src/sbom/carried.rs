//! Libraries of other languages whose sources or files a crate carries. Their versions are read from the crate.

use serde_json::{Value, json};

use super::graph::Package;

/// The libraries that a crate carries.
pub(super) fn of(package: &Package) -> Vec<Value> {
    let after = |mark: &str| {
        let (_, rest) = package.version.split_once('+')?;
        Some(rest.strip_prefix(mark).unwrap_or(rest).to_owned())
    };
    let found = match package.name.as_str() {
        "libsqlite3-sys" => sqlite(package).map(|version| ("sqlite", version, "blessing")),
        "zstd-sys" => after("zstd.").map(|version| ("zstd", version, "BSD-3-Clause")),
        "tikv-jemalloc-sys" => after("").map(|version| {
            let number = version.split('-').next().unwrap_or_default().to_owned();
            ("jemalloc", number, "BSD-2-Clause")
        }),
        "utoipa-swagger-ui-vendored" => {
            viewer(package).map(|version| ("swagger-ui", version, "Apache-2.0"))
        }
        _ => None,
    };
    let library = |(name, version, license): (&str, String, &str)| {
        json!({
            "type": "library",
            "bom-ref": format!("pkg:generic/{name}@{version}"),
            "name": name,
            "version": version,
            "purl": format!("pkg:generic/{name}@{version}"),
            "scope": "required",
            "description": format!("carried by the crate {}", package.name),
            "licenses": [{ "license": { "id": license } }],
        })
    };
    found.into_iter().map(library).collect()
}

/// The version in the header of the carried SQLite.
fn sqlite(package: &Package) -> Option<String> {
    let header = package
        .manifest_path
        .with_file_name("sqlite3")
        .join("sqlite3.h");
    let text = std::fs::read_to_string(header).ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("#define SQLITE_VERSION "))?;
    Some(line.split('"').nth(1)?.to_owned())
}

/// The version in the name of the carried file: `res/v5.32.6.zip`.
fn viewer(package: &Package) -> Option<String> {
    let folder = package.manifest_path.with_file_name("res");
    let mut names = std::fs::read_dir(folder).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        Some(name.strip_prefix('v')?.strip_suffix(".zip")?.to_owned())
    });
    names.next()
}
