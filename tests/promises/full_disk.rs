//! A full disk, of a device or of the server, is reported, and stored data stays.

use cli_simulator::{
    phone::{Entropic, SetClock},
    world::observation,
};
use sync_core::{
    device::Device,
    host::{FileError, Files, Host},
    record::{DeviceTime, DocId, LocationKind, PhotoRole, PhotoSource},
    sync::Options,
    wire::Code,
};

use crate::support::{MORNING, Town, database::is_postgres, found, remark};

/// Files of a device whose storage is full.
struct FullDisk;

impl Files for FullDisk {
    fn write_durable(&mut self, name: &str, _: &[u8]) -> Result<(), FileError> {
        Err(FileError::Full {
            name: name.to_owned(),
        })
    }
    fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Missing {
            name: name.to_owned(),
        })
    }
    fn remove(&mut self, _: &str) -> Result<(), FileError> {
        Ok(())
    }
    fn list(&self) -> Result<Vec<String>, FileError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_full_phone_says_so_and_keeps_what_it_has() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "已保存");
    let connection = rusqlite::Connection::open(liu.folder().join("device.db")).unwrap();
    let pages: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", pages + 1)
        .unwrap();
    let clock = Box::new(SetClock::at(DeviceTime(MORNING)));
    let host = Host {
        clock,
        entropy: Box::new(Entropic::Seeded(5)),
        files: Box::new(FullDisk),
    };
    let mut full = Device::open(connection, host).unwrap();
    let picture = sync_core::photo::sample_jpeg(1, 64, 64, None);
    let error = full
        .add_photo(&picture, PhotoRole::Before, PhotoSource::InApp)
        .unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    let place = ("3栋", "", "", LocationKind::Roof);
    let long = "长".repeat(1900);
    let mut refused = false;
    for _ in 0..40 {
        let found = observation(&town.world.compounds[0], "EG-09", place, &long, Vec::new());
        refused |= full
            .observe(found, None)
            .is_err_and(|e| e.to_string().contains("free some space"));
    }
    assert!(refused, "forty long records fitted into one page");
    assert_eq!(full.open_document(doc).unwrap().judged().len(), 1);
}

/// Limits the server's database to this number of pages, but at least to its present size.
fn grow_up_to(town: &Town, pages: u32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    let write = town
        .app()
        .storage
        .write(move |tx| tx.query(&sql, &[], &mut |_| Ok(())));
    town.runtime.block_on(write).unwrap();
}

#[test]
fn a_full_disk_of_the_database_is_named_and_loses_nothing() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let first = found(&mut liu, &town, "盘满之前");
    town.sync(&mut liu);
    town.sync(&mut wang);
    let mut waiting: Vec<DocId> = (0..60)
        .map(|n| found(&mut liu, &town, &format!("{}{n}", "长".repeat(300))))
        .collect();
    grow_up_to(&town, 1);
    let report = liu
        .sync(&mut town.http.clone(), Options::default())
        .unwrap();
    assert_eq!((report.complete, report.acknowledged), (false, 0));
    let failure = report.last_failure.unwrap();
    assert!(failure.starts_with(Code::StorageFull.name()), "{failure}");
    assert_eq!(town.changes_stored(), 1, "of a pack all or nothing");
    // Repeated syncs of two devices fail while the disk is full.
    for phone in [&mut liu, &mut wang] {
        remark(phone, first, "盘满之时");
        let _ = phone.sync(&mut town.http.clone(), Options::default());
    }
    grow_up_to(&town, 1 << 30);
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.sync(&mut liu);
    town.sync(&mut wang);
    waiting.push(first);
    for doc in waiting {
        let (mine, theirs) = (liu.hazard(doc), wang.hazard(doc));
        assert_eq!(mine.unwrap(), theirs.unwrap());
    }
    assert_eq!(town.changes_stored(), 63);
}
