//! The bill of materials of this workspace is complete. `cargo xtask foreign` has it checked by the validator of CycloneDX.

use std::collections::BTreeSet;

use serde_json::Value;

#[test]
fn the_bill_of_materials_names_what_is_in_the_server() {
    let folder = std::env::temp_dir().join(format!("xuncha-sbom-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::env::set_current_dir(crate::root()).unwrap();
    let bill = |name: &str| {
        let file = folder.join(name);
        super::run(&file).unwrap();
        std::fs::read_to_string(file).unwrap()
    };
    let (text, again) = (bill("one.json"), bill("two.json"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(text, again);
    let bill: Value = serde_json::from_str(&text).unwrap();
    let components = bill["components"].as_array().unwrap();
    let names: BTreeSet<&str> = components
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    for name in [
        "sync-core",
        "automerge",
        "rustls",
        "ring",
        "sqlite",
        "zstd",
        "jemalloc",
        "swagger-ui",
    ] {
        assert!(names.contains(name), "{name}");
    }
    // What only tests need is not in the program.
    assert!(!names.contains("s3s") && !names.contains("proptest"));
    let references: BTreeSet<&str> = components
        .iter()
        .filter_map(|c| c["bom-ref"].as_str())
        .collect();
    assert_eq!(references.len(), components.len(), "each component once");
    for dependency in bill["dependencies"].as_array().unwrap() {
        for on in dependency["dependsOn"].as_array().unwrap() {
            assert!(references.contains(on.as_str().unwrap()), "{on}");
        }
    }
}
