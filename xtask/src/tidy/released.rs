//! What was released never changes: a list names the SHA-256 of each thing.
//!
//! A new thing is added to the list when it is written; a listed one is changed only if no released program contains it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Name → SHA-256 in hexadecimal.
pub(crate) type List = BTreeMap<String, String>;

/// The things that differ from their list. `what` they are; `file`: that of the list.
pub(super) fn compare(
    list: &List,
    things: &BTreeMap<String, Vec<u8>>,
    what: &str,
    file: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, content) in things {
        let hash: String = Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match list.get(name) {
            Some(listed) if *listed == hash => {}
            Some(_) => found.push(format!(
                "{name}: a released {what} was changed; write another one"
            )),
            None => found.push(format!("{name}: add to {file}: \"{name}\" = \"{hash}\"")),
        }
    }
    for name in list.keys().filter(|name| !things.contains_key(*name)) {
        found.push(format!("{name}: a released {what} was removed"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_removed_and_an_unlisted_thing_are_named() {
        let thing = |text: &str| BTreeMap::from([("1.sql".to_owned(), text.as_bytes().to_vec())]);
        let differing =
            |list: &List, things: BTreeMap<_, _>| compare(list, &things, "migration", "list.toml");
        let unlisted = differing(&List::new(), thing("a"));
        assert_eq!(unlisted.len(), 1);
        let hash = unlisted[0].split('"').nth(3).unwrap().to_owned();
        let list = List::from([("1.sql".to_owned(), hash)]);
        assert!(differing(&list, thing("a")).is_empty());
        assert_eq!(differing(&list, thing("b")).len(), 1);
        assert_eq!(differing(&list, BTreeMap::new()).len(), 1);
    }
}
