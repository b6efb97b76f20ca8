//! Copies of a server: a backup is complete or states what it lacks; a restore is complete or absent.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cli_simulator::{phone::Phone, world::photo};
use sync_core::record::{DocId, PhotoHash, PhotoRole};

use crate::support::{Town, database::is_postgres, found_with};

/// Runs the program on a data folder with SQLite.
fn xuncha(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xuncha-tested"))
        .env_remove("XUNCHA_DATABASE")
        .env("XUNCHA_DATA", data)
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

fn done(data: &Path, arguments: &[&str]) -> String {
    let output = xuncha(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    said(&output)
}

fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = xuncha(data, arguments);
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    said(&output)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A town with a device that has sent photos, and the hashes of these photos.
struct Sent {
    town: Town,
    phone: Phone,
    hashes: Vec<PhotoHash>,
    doc: DocId,
}

fn sent(photos: u64) -> Option<Sent> {
    if is_postgres() {
        return None;
    }
    let mut town = Town::new();
    let mut phone = town.phone("网格员甲");
    let mut hashes = Vec::new();
    let shots = (0..photos).map(|n| photo(&mut phone.device, n + 1, PhotoRole::Before).unwrap());
    let shots: Vec<_> = shots.collect();
    hashes.extend(shots.iter().map(|shot| shot.hash));
    let doc = found_with(&mut phone, &town, "有照片", shots);
    town.sync(&mut phone);
    town.sync(&mut phone);
    assert_eq!(town.photos_listed(), photos);
    Some(Sent {
        town,
        phone,
        hashes,
        doc,
    })
}

/// Every file below a folder.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The file of a photo below a folder.
fn file_of(root: &Path, hash: &PhotoHash) -> PathBuf {
    let name = hash.to_string();
    let all = files(&root.join("blobs"));
    let own = |file: &&PathBuf| text(file).contains(&name) && !text(file).ends_with(".thumb");
    all.iter().find(own).unwrap().clone()
}

impl Sent {
    fn data(&self) -> PathBuf {
        self.town.config.data.clone()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.town.folder.path().join(name)
    }

    /// A backup, and the key stored elsewhere.
    fn backed_up(&self) -> (PathBuf, PathBuf) {
        let (backup, key) = (self.at("backup"), self.at("kept/server.key"));
        let copy = ["admin", "backup", text(&backup), "--with-key", text(&key)];
        done(&self.data(), &copy);
        (backup, key)
    }

    /// Whether the device can read each photo.
    fn readable(&self) -> Vec<bool> {
        let token = self.phone.device.token().unwrap().unwrap();
        let read = |hash: &PhotoHash| self.town.get(&format!("/v1/blobs/{hash}"), &token);
        let whole = |hash: &PhotoHash| {
            let (status, bytes) = read(hash);
            status == 200 && PhotoHash::of(&bytes) == *hash
        };
        self.hashes.iter().map(whole).collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_written_is_for_its_owner_only_and_a_backup_holds_no_key() {
    let Some(s) = sent(1) else { return };
    let data = s.data();
    // Permissions as an earlier version left them.
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(data.join("xuncha.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let (backup, key) = s.backed_up();
    let restored = s.at("restored");
    done(
        &restored,
        &["admin", "restore", text(&backup), "--key", text(&key)],
    );
    for root in [&backup, &restored] {
        for file in files(root) {
            assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
        }
    }
    for folder in [&data, &backup, &restored] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    assert_eq!((mode(&key), mode(&data.join("xuncha.db"))), (0o600, 0o600));
    let secret = fs::read(data.join("server.key")).unwrap();
    assert_eq!(fs::read(&key).unwrap(), secret);
    for file in files(&backup) {
        let bytes = fs::read(&file).unwrap();
        let inside = bytes.windows(32).any(|part| part == secret);
        assert!(!inside, "the key is in {}", file.display());
    }
}

#[test]
fn a_restore_needs_the_key_of_that_server_and_an_old_backup_has_it() {
    let Some(s) = sent(1) else { return };
    let (backup, key) = s.backed_up();
    let to = s.at("to");
    let base = ["admin", "restore", text(&backup)];
    assert!(refused(&to, &base).contains("--key"));
    let other = s.at("other.key");
    fs::write(&other, [7; 32]).unwrap();
    let wrong = [&base[..], &["--key", text(&other)]].concat();
    assert!(refused(&to, &wrong).contains("another server"));
    assert!(!to.join("xuncha.db").exists());
    // A backup of an earlier version: it contains the key and has no manifest.
    fs::remove_file(backup.join("manifest.json")).unwrap();
    assert!(refused(&to, &base).contains("manifest.json"));
    fs::copy(&key, backup.join("server.key")).unwrap();
    assert!(done(&to, &base).contains("1 photos"));
}

#[test]
fn a_restore_goes_into_an_empty_folder_only_and_names_what_is_in_the_way() {
    let Some(s) = sent(1) else { return };
    let (backup, key) = s.backed_up();
    let restore = ["admin", "restore", text(&backup), "--key", text(&key)];
    for name in [
        "xuncha.db",
        "xuncha.db-wal",
        "xuncha.db-shm",
        "server.key",
        "blobs/x",
        "uploads/x",
        "notes.txt",
    ] {
        let to = s.at("to");
        let file = to.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"left over").unwrap();
        let first = name.split('/').next().unwrap();
        assert!(refused(&to, &restore).contains(first), "{name}");
        assert_eq!(fs::read(&file).unwrap(), b"left over", "{name}");
        fs::remove_dir_all(&to).unwrap();
    }
    let damaged = backup.join("xuncha.db");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    assert!(refused(&s.at("to"), &restore).contains("damaged"));
}

#[test]
fn a_restore_that_was_cut_is_served_by_nobody_and_is_begun_again() {
    let Some(mut s) = sent(2) else { return };
    let (backup, key) = s.backed_up();
    let restore = ["admin", "restore", text(&backup), "--key", text(&key)];
    let to = s.at("restored");
    let cut = to.join("restore.xuncha-part");
    // Cut while photos are copied, while the key is written, and before the last step.
    for names in [
        &[][..],
        &["blobs"][..],
        &["blobs", "server.key", "xuncha.db"][..],
    ] {
        let _ = fs::remove_dir_all(&to);
        done(&to, &restore);
        fs::create_dir_all(cut.join("blobs")).unwrap();
        for name in ["blobs", "server.key", "xuncha.db"] {
            if !names.contains(&name) {
                fs::rename(to.join(name), cut.join(format!("{name}.moved"))).unwrap();
            }
        }
        if names == ["blobs"] {
            fs::write(to.join("server.key.part"), b"half").unwrap();
        }
        let early = s.town.start(&xuncha_server::config::Config::new(
            &to,
            ([127, 0, 0, 1], 0).into(),
        ));
        let early = format!("{:#}", early.expect_err("it is not whole"));
        assert!(early.contains("not finished"), "{early}");
        done(&to, &restore);
        assert!(!cut.exists() && !to.join("server.key.part").exists());
    }
    s.town.restart_on("restored");
    s.town.sync(&mut s.phone);
    assert_eq!(s.readable(), [true, true]);
}

#[test]
fn a_backup_that_was_cut_has_no_name_and_is_begun_again() {
    let Some(s) = sent(1) else { return };
    let left = s.at("backup.xuncha-part");
    fs::create_dir_all(left.join("blobs")).unwrap();
    fs::write(left.join("xuncha.db"), b"half").unwrap();
    assert!(refused(&s.at("to"), &["admin", "restore", text(&left)]).contains("not finished"));
    let (backup, _) = s.backed_up();
    assert!(backup.join("manifest.json").is_file() && !left.exists());
}

#[test]
fn two_copies_of_one_name_at_once_do_not_mix() {
    let Some(s) = sent(1) else { return };
    // Another process is writing a backup with this name.
    let part = s.at("backup.xuncha-part");
    fs::create_dir_all(&part).unwrap();
    fs::write(part.join("xuncha.db"), b"being written").unwrap();
    let running = xuncha_server::folder::hold(&part).unwrap().unwrap();
    let backup = s.at("backup");
    let told = refused(&s.data(), &["admin", "backup", text(&backup)]);
    assert!(told.contains("another backup"), "{told}");
    assert!(part.join("xuncha.db").exists() && !backup.exists());
    drop(running);
    // The same name with a slash at the end.
    done(
        &s.data(),
        &["admin", "backup", &format!("{}/", text(&backup))],
    );
    assert!(backup.join("manifest.json").is_file() && !part.exists());
    let data = s.at("restored");
    let aside = data.join(xuncha_server::folder::UNFINISHED);
    fs::create_dir_all(&aside).unwrap();
    let running = xuncha_server::folder::hold(&aside).unwrap().unwrap();
    let key = s.data().join("server.key");
    let restore = ["admin", "restore", text(&backup), "--key", text(&key)];
    let told = refused(&data, &restore);
    assert!(told.contains("another restore"), "{told}");
    drop(running);
    done(&data, &restore);
}

#[test]
fn a_key_is_not_copied_into_the_backup_and_not_over_a_file() {
    let Some(s) = sent(1) else { return };
    let backup = s.at("backup");
    fs::write(s.at("there"), b"something").unwrap();
    for key in [backup.join("server.key"), s.at("there")] {
        let copy = ["admin", "backup", text(&backup), "--with-key", text(&key)];
        let told = refused(&s.data(), &copy);
        assert!(told.contains("--with-key"), "{told}");
        assert!(!backup.exists());
    }
}

#[test]
fn a_photo_that_comes_again_while_verify_runs_stays_known() {
    let Some(mut s) = sent(1) else { return };
    fs::remove_file(file_of(&s.data(), &s.hashes[0])).unwrap();
    let (storage, data) = (s.town.app().storage.clone(), s.data());
    let photos = xuncha_server::photos::Target::parse(None, &data).unwrap();
    let photos = xuncha_server::photos::Store::open(&photos).unwrap();
    let found = xuncha_server::backup::verify(&storage, &photos, &|_, _, _| {});
    let found = s.town.runtime.block_on(found).unwrap();
    assert_eq!(found.missing, s.hashes);
    let bytes = s.phone.device.photo_bytes(&s.hashes[0]).unwrap();
    let tus = crate::support::tus::Tus::new(&s.town, s.phone.device.token().unwrap().unwrap());
    let at = tus.opened(&bytes);
    assert_eq!(tus.patch(&at, 0, &bytes).status(), 204);
    let forget = xuncha_server::backup::forget_missing(&storage, &found);
    assert_eq!(s.town.runtime.block_on(forget).unwrap(), 0);
    assert_eq!(s.readable(), [true]);
    s.town.sync(&mut s.phone);
}

#[test]
fn photos_that_a_backup_lacks_are_named_and_come_back_from_the_phones() {
    let Some(mut s) = sent(3) else { return };
    // One photo is lost and one is damaged before the backup.
    fs::remove_file(file_of(&s.data(), &s.hashes[0])).unwrap();
    fs::write(file_of(&s.data(), &s.hashes[1]), b"damaged").unwrap();
    let (backup, key) = (s.at("backup"), s.at("server.key"));
    let copy = ["admin", "backup", text(&backup), "--with-key", text(&key)];
    let told = done(&s.data(), &copy);
    assert!(
        told.contains("INCOMPLETE") && told.contains("1 photos"),
        "{told}"
    );
    for hash in &s.hashes[..2] {
        assert!(told.contains(&hash.to_string()), "{told}");
    }
    let restored = s.at("restored");
    let told = done(
        &restored,
        &["admin", "restore", text(&backup), "--key", text(&key)],
    );
    assert!(
        told.contains("incomplete") && told.contains("2 photos"),
        "{told}"
    );
    s.town.restart_on("restored");
    assert_eq!(s.town.photos_listed(), 1);
    s.town.sync(&mut s.phone);
    s.town.sync(&mut s.phone);
    assert_eq!(s.readable(), [true, true, true]);
    assert_eq!(s.phone.device.removable_photos().unwrap().len(), 3);
}

#[test]
fn a_photo_whose_bytes_are_lost_is_asked_for_again_and_gives_no_receipt() {
    let Some(mut s) = sent(2) else { return };
    let token = s.phone.device.token().unwrap().unwrap();
    fs::remove_file(file_of(&s.data(), &s.hashes[0])).unwrap();
    let told = refused(&s.data(), &["admin", "verify"]);
    assert!(told.contains(&s.hashes[0].to_string()), "{told}");
    let hash = s.hashes[0];
    let device = s.phone.device.identity().unwrap().0;
    let size = s.phone.device.photo_bytes(&hash).unwrap().len() as u64;
    let blobs = s.town.app().components.photos.clone();
    let create = s.town.runtime.block_on(blobs.create(device, hash, size));
    let upload = matches!(create, Ok(xuncha_server::photos::Created::Upload(_)));
    assert!(upload, "no receipt for bytes that are not there");
    drop(token);
    fs::remove_file(file_of(&s.data(), &s.hashes[1])).unwrap();
    let told = refused(&s.data(), &["admin", "verify", "--mend"]);
    assert!(told.contains("1 photos are unknown now"), "{told}");
    s.town.sync(&mut s.phone);
    s.town.sync(&mut s.phone);
    assert_eq!(s.readable(), [true, true]);
    done(&s.data(), &["admin", "verify"]);
    s.town.project();
    let key = s.town.token("审核员丁");
    let shown = s.town.json(&format!("/v1/hazards/{}", s.doc), &key);
    assert_eq!(shown["hazard"]["photos_pending"], 0, "{shown}");
}

#[test]
fn a_record_that_was_altered_in_the_database_is_found() {
    let Some(s) = sent(1) else { return };
    done(&s.data(), &["admin", "verify"]);
    let lose = s
        .town
        .app()
        .storage
        .write(|tx| tx.execute("UPDATE path_sum SET change_count = change_count + 1", &[]));
    s.town.runtime.block_on(lose).unwrap();
    assert!(refused(&s.data(), &["admin", "verify"]).contains("sums of paths"));
}

#[test]
fn a_mend_against_another_store_deletes_nothing_and_a_server_does_not_start_on_it() {
    let Some(s) = sent(2) else { return };
    let empty = s.at("empty");
    fs::create_dir(&empty).unwrap();
    let on = ["admin", "--photos", text(&empty), "verify", "--mend"];
    let said = refused(&s.data(), &on);
    assert!(said.contains("--store-lost"), "{said}");
    assert_eq!(s.town.photos_listed(), 2);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--photos", text(&empty)];
    let said = refused(&s.data(), &serve);
    assert!(said.contains("--photos"), "{said}");
    // If the store is really lost, the operator states it, and the devices send their photos again.
    let lost = [
        "admin",
        "--photos",
        text(&empty),
        "verify",
        "--mend",
        "--store-lost",
    ];
    assert!(refused(&s.data(), &lost).contains("2 photos are unknown now"));
}

#[test]
fn the_folder_of_a_running_server_is_no_backup() {
    let Some(s) = sent(1) else { return };
    let restored = s.at("restored");
    let key = s.data().join("server.key");
    let data = s.data();
    let from = ["admin", "restore", text(&data), "--key", text(&key)];
    let said = refused(&restored, &from);
    assert!(said.contains("admin backup"), "{said}");
    assert!(!restored.join("xuncha.db").exists());
}
