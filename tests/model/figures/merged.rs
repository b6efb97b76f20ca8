//! Groups as docs/rules.md, 8 defines them.

use std::collections::BTreeSet;

use sync_core::record::{DocId, PhotoHash};

use super::reference::{Figure, Known, Sheet};

/// The hazards that count: one for each group, none for a void one. Notes in the sheet how many documents are void,
/// merged, and in groups without a living member.
pub(super) fn counted(known: &[Known], sheet: &mut Sheet) -> Vec<Known> {
    let mut note = |name: &str, count: usize| {
        let cumulative = i64::try_from(count).unwrap_or(0) * 1000;
        let figure = Figure {
            period: 0,
            cumulative,
        };
        sheet.insert(name.to_owned(), figure);
    };
    note("void", known.iter().filter(|k| k.state == 95).count());
    note("documents", known.len());
    let links: Vec<_> = known.iter().map(|k| (k.doc, &k.merged_into)).collect();
    let digest = PhotoHash::of(format!("{links:?}").as_bytes());
    note(
        "links",
        usize::from(digest.as_bytes()[0]) << 8 | usize::from(digest.as_bytes()[1]),
    );
    note("merges", known.iter().map(|k| k.merged_into.len()).sum());
    let (mut left, mut found): (BTreeSet<DocId>, Vec<Known>) =
        (known.iter().map(|k| k.doc).collect(), Vec::new());
    let (mut merged, mut without_living) = (0, 0);
    while let Some(first) = left.pop_first() {
        let docs = around(known, first);
        left.retain(|doc| !docs.contains(doc));
        let group: Vec<&Known> = known.iter().filter(|k| docs.contains(&k.doc)).collect();
        let one = hazard(&group);
        merged += group.len() - 1;
        let living = group.iter().any(|k| ![95, 96].contains(&k.state));
        without_living += usize::from(!living && one.is_some());
        found.extend(one);
    }
    note("merged", merged);
    note("without_living", without_living);
    found
}

/// The documents that are linked with one, directly or indirectly. An unknown target links nothing.
fn around(known: &[Known], first: DocId) -> BTreeSet<DocId> {
    let mut docs = BTreeSet::from([first]);
    loop {
        let size = docs.len();
        for one in known {
            let is_known = |doc: &&DocId| known.iter().any(|k| k.doc == **doc);
            let linked = one.merged_into.iter().chain([&one.doc]).filter(is_known);
            let linked: Vec<DocId> = linked.copied().collect();
            if linked.iter().any(|doc| docs.contains(doc)) {
                docs.extend(linked);
            }
        }
        if docs.len() == size {
            return docs;
        }
    }
}

/// A group as one hazard.
fn hazard(group: &[&Known]) -> Option<Known> {
    let first = |fits: &dyn Fn(&Known) -> bool| {
        let mut all: Vec<&&Known> = group.iter().filter(|k| fits(k)).collect();
        all.sort_by_key(|k| (k.found, k.doc));
        all.first().map(|k| (**k).clone())
    };
    let is_open = |k: &Known| ![80, 95, 96].contains(&k.state);
    let earliest = first(&|k| k.state != 95)?.found;
    let living = first(&|k| ![95, 96].contains(&k.state));
    let mut one = match living {
        Some(mut canonical) => {
            let open = group.iter().filter(|k| is_open(k)).min_by_key(|k| k.doc);
            if let (false, Some(open)) = (is_open(&canonical), open) {
                canonical.state = open.state;
                canonical.due = open.due;
            }
            canonical
        }
        None => {
            let mut canonical = first(&|k| k.state == 96)?;
            canonical.state = canonical.last_open;
            canonical
        }
    };
    one.found = earliest;
    Some(one)
}
