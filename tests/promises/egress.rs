//! The server opens connections to the configured hosts only.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
};

use xuncha_server::config::Config;

use crate::support::Town;

/// A store that takes what it is sent, and redirects every other request to another address.
fn redirecting(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let own = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut some = [0; 4096];
            let _ = socket.read(&mut some);
            let status = match some.starts_with(b"PUT") {
                true => "200 OK\r\netag: \"1\"".to_owned(),
                false => format!("307 Temporary Redirect\r\nlocation: http://{to}/elsewhere"),
            };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    own
}

#[test]
fn a_store_cannot_send_the_server_and_its_photos_to_another_host() {
    let town = Town::new();
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    other.set_nonblocking(true).unwrap();
    let store = redirecting(other.local_addr().unwrap());
    let config = Config {
        photos: Some(format!(
            "s3://photos?endpoint=http://{store}&region=us-east-1&allow_http=true&access_key_id=a&secret_access_key=hush-hush"
        )),
        ..Config::new(town.folder.path().join("new"), ([127, 0, 0, 1], 0).into())
    };
    let refused = town.start(&config).expect_err("the store redirects");
    let said = format!("{refused:#}");
    assert!(
        said.contains("--photos") && !said.contains("hush-hush"),
        "{said}"
    );
    let connected = other.accept().map_err(|error| error.kind());
    assert_eq!(connected.map(drop), Err(ErrorKind::WouldBlock), "{said}");
}
