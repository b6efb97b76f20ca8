//! The codes of areas, and what each identifies.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{catalogue::Catalogue, record::AreaPath};

use crate::storage::regions::Region;

/// Paths by code: of the built-in regions, the stored ones, and the lines of the file.
pub(super) struct Codes {
    /// `None`: the code is that of several areas, such as a grid's.
    paths: BTreeMap<String, Option<AreaPath>>,
    /// Every area that has a row.
    all: BTreeSet<AreaPath>,
}

impl Codes {
    /// The codes of the built-in regions and the stored ones.
    pub(super) fn new(known: &BTreeMap<AreaPath, Region>) -> Self {
        let built_in = Catalogue::embedded().regions.regions.iter();
        let mut codes = Self {
            paths: BTreeMap::new(),
            all: BTreeSet::new(),
        };
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
        let entry = self.paths.entry(code.to_owned());
        entry
            .and_modify(|known| *known = known.take().filter(|k| k == path))
            .or_insert_with(|| Some(path.clone()));
        self.all.insert(path.clone());
    }

    /// The area that a code identifies.
    pub(super) fn area(&self, code: &str) -> Option<&AreaPath> {
        self.paths.get(code)?.as_ref()
    }

    /// The area that a path or a code names, if it has a row.
    pub(super) fn path(&self, text: &str) -> Option<AreaPath> {
        if let Some(known) = self.paths.get(text) {
            return known.clone();
        }
        let path: AreaPath = text.parse().ok()?;
        self.all.contains(&path).then_some(path)
    }
}
