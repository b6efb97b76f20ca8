//! A sync without news is one request of the same size, for any number of documents.

use crate::support::{Town, found};

#[test]
fn nothing_new_costs_one_request_of_the_same_size_at_any_number_of_records() {
    let (mut sizes, mut rows) = (Vec::new(), Vec::new());
    for records in [1, 300] {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        for n in 0..records {
            found(&mut liu, &town, &format!("隐患{n}"));
        }
        town.sync(&mut liu);
        town.sync(&mut liu);
        town.project();
        let before = town.app().storage.rows_read();
        let report = town.sync(&mut liu);
        assert_eq!(report.requests, 1);
        rows.push(town.app().storage.rows_read() - before);
        sizes.push((report.bytes_up, report.bytes_down));
    }
    let (small, large) = (sizes[0], sizes[1]);
    // Numbers with one digit and with three have different lengths in CBOR; nothing else differs.
    assert!(
        large.0 - small.0 <= 4 && large.1 - small.1 <= 8,
        "{sizes:?}"
    );
    // The server reads as few rows for 300 documents as for one. The projection may read its mark concurrently.
    assert!(rows.iter().all(|rows| *rows < 30), "{rows:?}");
    assert!(large.0 + large.1 < 200, "{sizes:?}");
}
