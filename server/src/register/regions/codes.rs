//! The codes of areas, and what each identifies.

use std::collections::BTreeMap;

use sync_core::{catalogue::Catalogue, record::AreaPath};

use crate::storage::regions::Region;

/// Paths by code: of the built-in regions, the stored ones, and the lines so far. `None`: the code is ambiguous.
pub(super) struct Codes(BTreeMap<String, Option<AreaPath>>);

impl Codes {
    /// The codes of the built-in regions and the stored ones.
    pub(super) fn new(known: &BTreeMap<AreaPath, Region>) -> Self {
        let built_in = Catalogue::embedded().regions.regions.iter();
        let mut codes = Self(BTreeMap::new());
        for region in built_in {
            codes.add(&region.code, &region.path);
        }
        for region in known.values() {
            codes.add(&region.code, &region.path);
        }
        codes
    }

    /// Adds a code. A code that two areas have, such as a grid's, identifies neither.
    pub(super) fn add(&mut self, code: &str, path: &AreaPath) {
        let entry = self.0.entry(code.to_owned());
        entry
            .and_modify(|known| *known = known.take().filter(|k| k == path))
            .or_insert_with(|| Some(path.clone()));
    }

    /// The path that a text is, or that a code identifies.
    pub(super) fn path(&self, text: &str) -> Option<AreaPath> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        text.contains('/').then(|| text.parse().ok()).flatten()
    }
}
