//! The server's secrets: what is sealed with its key, where the key is, and what shows a password.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use sync_core::{
    identity::SecretKey,
    record::{DeviceId, DeviceTime, Label},
    wire::{
        PROTOCOL,
        session::{Request, Response},
    },
};
use xuncha_server::{config::Config, storage::Storage};

use crate::{
    command_line::{done, refused, words, xuncha},
    support::{MORNING, Town, database, found},
};

/// A sealed value as `docs/security.md` describes it, made with a seed and without the server's code.
fn sealed(seed: &[u8; 32], purpose: &str, device: DeviceId, end: i64) -> Vec<u8> {
    let public = SecretKey::from_seed(*seed).public().0;
    let id = &Sha256::digest(public)[..8];
    let mut value = [id, device.as_bytes(), &end.to_be_bytes()].concat();
    let mut key = [0; 32];
    let info = format!("xuncha.server.{purpose}.1");
    let hkdf = Hkdf::<Sha256>::new(None, seed);
    hkdf.expand(info.as_bytes(), &mut key).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let tag = mac.chain_update(&value).finalize().into_bytes();
    value.extend_from_slice(&tag[..16]);
    value
}

/// A session token of the version before key ids.
fn earlier(seed: &[u8; 32], device: DeviceId, end: i64) -> Vec<u8> {
    let payload = [device.as_bytes(), end.to_be_bytes().as_slice()].concat();
    let keyed = |inner: &[u8]| {
        let hash = Sha256::new().chain_update(seed).chain_update("session");
        hash.chain_update(inner).finalize()
    };
    let tag = keyed(&keyed(&payload));
    [payload.as_slice(), &tag[..16]].concat()
}

/// The refusal of a request with a token; `None` if the token was accepted.
fn refusal(town: &Town, token: &str) -> Option<String> {
    let client = reqwest::blocking::Client::new();
    let asked = client.get(town.url("/v1/blobs/none"));
    let answer = asked.bearer_auth(token).send().unwrap();
    let code = answer.headers().get("xuncha-refusal").unwrap();
    let code = code.to_str().unwrap();
    // Behind the check of the token this photo is unknown.
    (code != "not-found").then(|| code.to_owned())
}

#[test]
fn a_token_of_another_purpose_key_byte_or_form_is_refused() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let device = liu.device.enrolment().unwrap().device;
    let seed = town.app().components.access.key().to_seed();
    let end = MORNING + 3_600_000;
    let check = |sealed: &[u8]| refusal(&town, &URL_SAFE_NO_PAD.encode(sealed));
    let expired = Some("session-expired".to_owned());
    let good = sealed(&seed, "session", device, end);
    assert_eq!(check(&good), None);
    assert_eq!(check(&sealed(&seed, "challenge", device, end)), expired);
    assert_eq!(check(&sealed(&[7; 32], "session", device, end)), expired);
    assert_eq!(check(&sealed(&seed, "session", device, MORNING)), expired);
    assert_eq!(check(&earlier(&seed, device, end)), expired);
    assert_eq!(check(&good[..good.len() - 1]), expired);
    assert_eq!(check(&[&good[..], &[0]].concat()), expired);
    // Each byte counts; a few of every part, so that the address does not have to wait.
    for n in (0..good.len()).step_by(3) {
        let mut changed = good.clone();
        changed[n] ^= 1;
        assert_eq!(check(&changed), expired, "byte {n}");
    }
    // A real challenge of the server is no token either.
    let access = &town.app().components.access;
    let request = Request {
        protocol: PROTOCOL,
        device,
        app: Label::new("test").unwrap(),
        claimed: DeviceTime(MORNING),
        proof: None,
        edition: None,
        grants: None,
    };
    let answered = town.runtime.block_on(access.open(request)).unwrap();
    let Response::Challenge(challenge) = answered else {
        panic!("a challenge was expected");
    };
    assert_eq!(check(&challenge), expired);
}

#[test]
fn devices_of_one_address_open_their_sessions_after_an_update_without_a_wait() {
    let mut town = Town::configured(|config| config.limits.wrong_per_minute = 5);
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "更新之前");
    let device = liu.device.enrolment().unwrap().device;
    let seed = town.app().components.access.key().to_seed();
    let old = earlier(&seed, device, MORNING + 3_600_000);
    for _ in 0..20 {
        let code = refusal(&town, &URL_SAFE_NO_PAD.encode(&old));
        assert_eq!(code.as_deref(), Some("session-expired"));
    }
    assert_eq!(town.sync(&mut liu).refused, 0);
    // Tokens of no known form are counted.
    for _ in 0..5 {
        refusal(&town, "guess");
    }
    assert_eq!(refusal(&town, "guess").as_deref(), Some("too-many"));
}

/// Whether a file below a folder contains the seed, as bytes or as text.
fn is_in(folder: &Path, seed: &[u8; 32]) -> Option<String> {
    let forms = [seed.to_vec(), hex::encode(seed).into_bytes()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if let Some(found) = is_in(&path, seed) {
                return Some(found);
            }
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let holds = |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == form);
        if forms.iter().any(holds) {
            return Some(path.display().to_string());
        }
    }
    None
}

/// The columns of a PostgreSQL database that contain the seed; a dump contains what the columns do.
fn columns_with(storage: &Storage, seed: &[u8; 32]) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seed = *seed;
    let asked = storage.read(move |tx| {
        let columns = tx.all(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'",
            &[],
            |row| row.text(0),
        )?;
        let mut found = Vec::new();
        for column in columns {
            let (table, name) = column.split_once('.').unwrap_or_default();
            let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE position($1 IN \"{name}\") > 0");
            let count = tx.first(&sql, &[seed.as_slice().into()], |row| row.int(0))?;
            if count != Some(0) {
                found.push(column);
            }
        }
        Ok::<_, xuncha_server::storage::StorageError>(found)
    });
    runtime.block_on(asked).unwrap()
}

#[test]
fn a_backup_does_not_contain_the_signing_key() {
    if database::is_postgres() {
        return;
    }
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "消防通道");
    town.sync(&mut liu);
    let seed = town.app().components.access.key().to_seed();
    // The search finds the key where it is.
    assert!(is_in(&town.config.data, &seed).is_some_and(|path| path.ends_with("server.key")));
    let to = town.folder.path().join("copy");
    done(&town, &["admin", "backup", to.to_str().unwrap()]);
    assert_eq!(is_in(&to, &seed), None);
}

#[test]
fn a_move_does_not_copy_the_signing_key_and_the_new_server_names_its_file() {
    let Some(mut town) = Town::embedded() else {
        return;
    };
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "迁移之前");
    town.sync(&mut liu);
    let seed = town.app().components.access.key().to_seed();
    let url = database::fresh(&town.runtime).unwrap();
    let address = town.folder.path().join("address");
    std::fs::write(&address, &url).unwrap();
    let photos = town.folder.path().join("photos");
    let (address, photos) = (address.to_str().unwrap(), photos.to_str().unwrap());
    let file = ["--to-database-file", address];
    let place = ["--to-photos", photos];
    let said = done(
        &town,
        &[&["admin", "migrate-store"][..], &file, &place].concat(),
    );
    assert!(said.contains("--key-file"), "{said}");
    let mut config = Config {
        database: Some(url.clone()),
        photos: Some(photos.to_owned()),
        ..Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into())
    };
    for in_database in [false, true] {
        config.key_in_database = in_database;
        let refused = town.start(&config).expect_err("the key is in a file");
        assert!(format!("{refused:#}").contains("--key-file"), "{refused:#}");
    }
    config.key_in_database = false;
    config.key = Some(town.config.key_file());
    let moved = town.start(&config).unwrap();
    assert_eq!(columns_with(&moved.storage, &seed), Vec::<String>::new());
    town.move_to(moved);
    assert_eq!(town.sync(&mut liu).repairs, 0);
}

#[test]
fn a_new_shared_database_needs_a_place_for_its_key_and_a_file_keeps_it_out_of_dumps() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(url) = database::fresh(&runtime) else {
        return;
    };
    let mut town = Town::new();
    let mut config = Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into());
    config.database = Some(url);
    let refused = town.start(&config).expect_err("no place is named");
    let said = format!("{refused:#}");
    assert!(
        said.contains("--key-file") && said.contains("--key-in-database"),
        "{said}"
    );
    config.key_in_database = true;
    let inside = town.start(&config).unwrap();
    let seed = inside.components.access.key().to_seed();
    assert_eq!(columns_with(&inside.storage, &seed), ["meta.value"]);
    // A database that holds its key already is served without the setting.
    config.key_in_database = false;
    town.runtime.block_on(inside.stop()).unwrap();
    town.runtime
        .block_on(town.start(&config).unwrap().stop())
        .unwrap();
    config.key = Some(town.folder.path().join("keys/server.key"));
    let outside = town.start(&config).unwrap();
    assert_eq!(outside.components.access.key().to_seed(), seed);
    assert_eq!(columns_with(&outside.storage, &seed), Vec::<String>::new());
    town.runtime.block_on(outside.stop()).unwrap();
    town.config.key_in_database = true;
}

#[test]
fn the_key_is_copied_to_a_new_private_file_after_a_confirmation_and_never_printed() {
    let town = Town::new();
    let seed = town.app().components.access.key().to_seed();
    let to = town.folder.path().join("copy.key");
    let export = ["admin", "key", "export", "--to", to.to_str().unwrap()];
    let confirmed = [&export[..], &["--confirm"]].concat();
    let mut said = refused(&town, &export);
    assert!(said.contains("--confirm") && !to.exists(), "{said}");
    said += &done(&town, &confirmed);
    assert_eq!(std::fs::read(&to).unwrap(), seed);
    let mode = std::fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = refused(&town, &confirmed);
    assert!(again.contains("copy.key"), "{again}");
    let terminal = ["admin", "key", "export", "--confirm", "--to", "/dev/stdout"];
    said += &again;
    said += &refused(&town, &terminal);
    said += &done(&town, &["admin", "key", "show"]);
    assert!(!said.contains(&hex::encode(seed)), "{said}");
    let public = SecretKey::from_seed(seed).public().0;
    let id = hex::encode(&Sha256::digest(public)[..8]);
    assert!(
        said.contains(&hex::encode(public)) && said.contains(&id),
        "{said}"
    );
}

#[test]
fn a_password_of_the_database_is_in_no_output_and_one_on_the_command_line_is_warned_of() {
    let town = Town::new();
    // Nothing listens on this port.
    let address = "postgres://xuncha:hush-hush@127.0.0.1:9/d?connect_timeout=1";
    let file = town.folder.path().join("database");
    std::fs::write(&file, format!("{address}\n")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xuncha-tested"));
        command.env_remove("XUNCHA_DATABASE").args(arguments);
        let said = words(&command.env("RUST_LOG", "trace").output().unwrap());
        assert!(said.contains("error"), "{said}");
        assert!(!said.contains("hush-hush"), "{said}");
        said
    };
    let warned = |said: &str| said.contains("警告") && said.contains("warning: every user");
    let data = ["--data", town.folder.path().to_str().unwrap()];
    let list = [&["admin"][..], &data, &["devices", "list"]].concat();
    let on_the_line = [&list[..], &["--database", address]].concat();
    assert!(warned(&run(&on_the_line)));
    let file = file.to_str().unwrap();
    let in_a_file = [&list[..], &["--database-file", file]].concat();
    assert!(!warned(&run(&in_a_file)));
    let both = [&on_the_line[..], &["--database-file", file]].concat();
    assert!(run(&both).contains("exclude each other"));
    let output = xuncha(&town, &["admin", "devices", "list"]);
    assert!(output.status.success() && !warned(&words(&output)));
}
