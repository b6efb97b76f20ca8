//! A sync with nothing new is one request of the same size, whatever the number of records.

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
    // Numbers of one digit and of three differ by their CBOR length, nothing else does.
    assert!(
        large.0 - small.0 <= 4 && large.1 - small.1 <= 8,
        "{sizes:?}"
    );
    // The server reads a few rows for 300 records as for one (the projection may read its mark meanwhile).
    assert!(rows.iter().all(|rows| *rows < 30), "{rows:?}");
    assert!(large.0 + large.1 < 200, "{sizes:?}");
}
