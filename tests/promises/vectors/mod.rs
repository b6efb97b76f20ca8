//! The contract for other implementations: golden vectors, and the grammar of the wire format in CDDL.
//!
//! `schemas/vectors/*.json` contains bytes as sent, with their meaning. One test generates the vectors again and
//! compares. The others read only the files, and use other libraries than our code where possible.

mod activity;
mod chain;
mod made;
mod stranger;

use std::path::PathBuf;

use serde_json::Value;

/// The folder of the vectors.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/vectors")
}

fn read(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("bytes in hexadecimal")).unwrap()
}

/// `XUNCHA_BLESS=1` writes the files instead of comparing: only for an intended change of the format.
#[test]
fn the_vectors_are_what_this_version_writes() {
    let bless = std::env::var_os("XUNCHA_BLESS").is_some();
    for (name, vector) in made::all() {
        if bless {
            let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
            std::fs::write(folder().join(format!("{name}.json")), text).unwrap();
        }
        assert_eq!(read(name), vector, "{name}: the format changed");
    }
}
