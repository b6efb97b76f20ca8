//! The server's own TLS: which clients trust it, how its certificate is replaced, and its limits.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use reqwest::blocking::Client;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use xuncha_server::config::TlsFiles;

use crate::{command_line::refused, support::Town};

const NAME: &str = "xuncha.example";

/// The commands of the section on a private authority, as operators read them.
fn commands() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page.split("### A private authority\n").nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    let blocks = section.split("```\n").skip(1).step_by(2);
    blocks.collect()
}

/// A new authority with a certificate for the server.
fn authority(folder: &Path) -> TlsFiles {
    std::fs::create_dir_all(folder).unwrap();
    let mut shell = Command::new("sh");
    let made = shell.current_dir(folder).args(["-e", "-c", &commands()]);
    let made = made.output().unwrap();
    assert!(made.status.success(), "{made:?}");
    TlsFiles {
        certificate: folder.join("xuncha.pem"),
        key: folder.join("xuncha.key"),
    }
}

/// A town whose server presents a certificate of its own, and the folder of the authority.
fn town(
    set: impl FnOnce(&mut xuncha_server::config::Config),
) -> (Town, PathBuf, tempfile::TempDir) {
    let _ = ring::default_provider().install_default();
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().join("authority");
    let files = authority(&folder);
    let town = Town::configured(|config| {
        config.tls = Some(files);
        set(config);
    });
    (town, folder, own)
}

/// A client that trusts an authority and no other.
fn client(town: &Town, authority: &Path) -> Client {
    let pem = std::fs::read(authority.join("ca.pem")).unwrap();
    Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .resolve(NAME, town.app().address)
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("https://{NAME}:{}{path}", address.port())
}

/// An encrypted connection to a server.
fn connect(address: SocketAddr, authority: &Path) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_file(authority.join("ca.pem")).unwrap();
    roots.add(trusted).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = NAME.try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream
}

/// What the server sends until it closes the connection.
fn rest(mut from: impl std::io::Read) -> String {
    let mut text = Vec::new();
    // A connection that is closed without a farewell has been closed too.
    let _ = from.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_client_trusts_the_server_through_its_authority_and_through_no_other() {
    let (town, folder, own) = town(|_| {});
    let address = town.app().address;
    let answer = client(&town, &folder).get(url(address, "/healthz"));
    let answer = answer.send().unwrap();
    assert_eq!(answer.status(), 200);
    let transport = &answer.headers()["strict-transport-security"];
    assert_eq!(transport, "max-age=31536000");
    let other = own.path().join("other");
    authority(&other);
    let stranger = client(&town, &other).get(url(address, "/healthz")).send();
    assert!(stranger.unwrap_err().is_connect());
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").unwrap();
    assert!(!rest(plain).contains("HTTP"));
    assert!(town.refusals("handshake-failed") >= 2);
    // Without TLS of its own the server leaves this to its proxy.
    let plain = Town::new();
    let answer = reqwest::blocking::get(plain.url("/healthz")).unwrap();
    assert!(!answer.headers().contains_key("strict-transport-security"));
}

#[test]
fn a_new_certificate_is_presented_without_a_restart_and_a_request_in_progress_is_answered() {
    let (town, folder, own) = town(|_| {});
    let address = town.app().address;
    let mut open = connect(address, &folder);
    let head =
        "POST /v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\nab";
    open.write_all(head.as_bytes()).unwrap();
    let next = authority(&own.path().join("next"));
    let files = town.config.tls.as_ref().unwrap();
    let certificate = town.app().certificate.as_ref().unwrap();
    // A half of the pair is not used.
    std::fs::copy(&next.certificate, &files.certificate).unwrap();
    certificate.refresh();
    certificate.refresh();
    let counted = |result: &str| {
        let (_, text) = town.operators("/metrics");
        let name = format!("xuncha_tls_certificates_total{{result=\"{result}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap().to_owned()
    };
    assert_eq!(
        (counted("refused"), counted("replaced")),
        ("1".into(), "0".into())
    );
    assert!(
        client(&town, &folder)
            .get(url(address, "/healthz"))
            .send()
            .is_ok()
    );
    std::fs::copy(&next.key, &files.key).unwrap();
    certificate.refresh();
    assert_eq!(
        (counted("refused"), counted("replaced")),
        ("1".into(), "1".into())
    );
    let after = own.path().join("next");
    assert!(
        client(&town, &after)
            .get(url(address, "/healthz"))
            .send()
            .is_ok()
    );
    assert!(
        client(&town, &folder)
            .get(url(address, "/healthz"))
            .send()
            .is_err()
    );
    // Files that are away for a moment change nothing.
    std::fs::remove_file(&files.certificate).unwrap();
    certificate.refresh();
    certificate.refresh();
    assert_eq!(counted("refused"), "2");
    assert!(
        client(&town, &after)
            .get(url(address, "/healthz"))
            .send()
            .is_ok()
    );
    open.write_all(b"cd").unwrap();
    let answer = rest(open);
    assert!(
        answer.contains("xuncha-refusal: upgrade-needed"),
        "{answer}"
    );
}

#[test]
fn a_handshake_and_headers_that_stall_are_closed() {
    let short = std::time::Duration::from_secs(1);
    let (hasty, _, _own) = town(|config| config.limits.handshake = short);
    let mut half = TcpStream::connect(hasty.app().address).unwrap();
    // The beginning of a greeting of 512 bytes.
    let begun = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];
    half.write_all(&begun).unwrap();
    assert_eq!(rest(half), "");
    assert_eq!(hasty.refusals("handshake-timeout"), 1);
    // The time for headers begins after the handshake, however long that took.
    let (patient, folder, _own) = town(|config| config.limits.header = short);
    let mut silent = connect(patient.app().address, &folder);
    // The server may have closed the connection already.
    let _ = silent.write_all(b"GET /healthz HT");
    assert_eq!(rest(silent), "");
    assert_eq!(patient.refusals("header-timeout"), 1);
    assert_eq!(patient.refusals("handshake-timeout"), 0);
}

#[test]
fn connections_that_have_not_agreed_on_tls_make_room_for_others() {
    let (town, folder, _own) = town(|config| {
        config.limits.proxies.clear();
        config.limits.max_per_address = 16;
    });
    let address = town.app().address;
    let stalled: Vec<_> = (0..16)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let answer = client(&town, &folder).get(url(address, "/healthz")).send();
    assert_eq!(answer.unwrap().status(), 200);
    assert!(town.refusals("evicted") >= 1);
    drop(stalled);
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start_with_its_file() {
    let own = tempfile::tempdir().unwrap();
    let (one, other) = (
        authority(&own.path().join("one")),
        authority(&own.path().join("other")),
    );
    let town = Town::new();
    let serve = |certificate: &Path, key: &Path| {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap());
        let listen = ["serve", "--listen", "127.0.0.1:0"];
        let said = refused(
            &town,
            &[&listen[..], &["--tls-cert", certificate, "--tls-key", key]].concat(),
        );
        assert!(said.contains("--tls-"), "{said}");
        said
    };
    let said = serve(&one.certificate, &other.key);
    assert!(
        said.contains("other/xuncha.key") && said.contains("不匹配"),
        "{said}"
    );
    let said = serve(&one.key, &one.key);
    assert!(said.contains("contains no certificate"), "{said}");
    let said = serve(&one.certificate, &one.certificate);
    assert!(said.contains("contains no private key"), "{said}");
    let said = serve(&own.path().join("none.pem"), &one.key);
    assert!(said.contains("none.pem"), "{said}");
    let one_only = ["serve", "--tls-cert", one.certificate.to_str().unwrap()];
    assert!(refused(&town, &one_only).contains("--tls-key"));
}
