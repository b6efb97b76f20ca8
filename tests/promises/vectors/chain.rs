//! The chain from an event to the server's key, verified with plain libraries.

use automerge::{Change, ScalarValue, legacy::OpType};
use minicbor::Decoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    read,
    stranger::{fits, is_signed, sealed, unframed},
    unhex,
};

/// From an event to the key that a stranger was given: event, proof, grant, server's key.
#[test]
fn an_event_is_verified_up_to_the_servers_key_with_plain_libraries() {
    let vector = read("resupply");
    let request = unhex(&vector["request"]);
    fits("resupply-request", &request).unwrap();
    fits("resupply-response", &unhex(&vector["response"])).unwrap();
    assert_eq!(unframed(&unhex(&vector["request_frame"])), request);
    let server = &vector["server_public_key"];
    let mut d = Decoder::new(&request);
    d.array().unwrap();
    let mut entries = Vec::new();
    for _ in 0..d.array().unwrap().unwrap() {
        d.array().unwrap();
        let part = |d: &mut Decoder<'_>| d.bytes().unwrap().to_vec();
        entries.push((part(&mut d), part(&mut d), part(&mut d)));
    }
    // The grant is the server's, and it names the device's key.
    assert_eq!(d.array().unwrap(), Some(1));
    let at = d.position();
    d.skip().unwrap();
    let (grant, signature) = sealed(&request[at..d.position()]);
    assert!(is_signed(
        &"xuncha.grant.1\0".into(),
        &grant,
        &signature,
        server
    ));
    let key = hex::encode(bytes(&field(&grant, 5)));
    let id = Sha256::digest(&grant)[..12].to_vec();
    // Each event names this grant and its device, and its proof is of that key.
    for (doc, chunk, proofs) in &entries {
        // What follows the magic and the checksum.
        let hash = Sha256::digest(&chunk[8..]);
        let change = Change::from_bytes(chunk.clone()).unwrap();
        let operations = change.decode().operations;
        let events = operations.iter().filter_map(|op| match &op.action {
            OpType::Put(ScalarValue::Bytes(bytes)) if bytes.len() > 16 => Some(bytes.clone()),
            _ => None,
        });
        let events: Vec<Vec<u8>> = events.collect();
        assert_eq!(proofs.len(), events.len() * 65);
        for (event, proof) in events.iter().zip(proofs.chunks(65)) {
            assert_eq!(bytes(&field(event, 3)), id);
            assert_eq!(field(event, 2), field(&grant, 4));
            assert_eq!(field(event, 1), field(&grant, 0));
            let text = [doc.as_slice(), &hash, &Sha256::digest(event)].concat();
            let holds =
                |text: &[u8]| is_signed(&vector["event_prefix"], text, proof, &key.clone().into());
            assert!(holds(&text));
            let event = Sha256::digest(event);
            assert!(!holds(&[[9; 16].as_slice(), &hash, &event].concat()));
            assert!(!holds(&[doc.as_slice(), &[9; 32], &event].concat()));
        }
    }
    the_pack_and_the_notice_are_signed(&request, d, &vector, &key);
}

/// The value of a key of a CBOR map.
fn field(map: &[u8], wanted: u64) -> Vec<u8> {
    let mut d = Decoder::new(map);
    let count = d.map().unwrap().unwrap();
    let found = (0..count).find_map(|_| {
        let key = d.u64().unwrap();
        let value = d.position();
        d.skip().unwrap();
        (key == wanted).then(|| map[value..d.position()].to_vec())
    });
    found.unwrap()
}

/// The content of a CBOR byte string.
fn bytes(item: &[u8]) -> Vec<u8> {
    Decoder::new(item).bytes().unwrap().to_vec()
}

/// What follows the grants in a request: the pack with its receipt, which proves when the server had the changes, and the
/// notice.
fn the_pack_and_the_notice_are_signed(
    request: &[u8],
    mut d: Decoder<'_>,
    vector: &Value,
    key: &str,
) {
    let server = &vector["server_public_key"];
    assert_eq!(d.array().unwrap(), Some(1));
    d.array().unwrap();
    let claims = d.bytes().unwrap().to_vec();
    fits("pack-claims", &claims).unwrap();
    assert!(is_signed(
        &"xuncha.pack.1\0".into(),
        &claims,
        d.bytes().unwrap(),
        &key.into()
    ));
    let (receipt, signature) = sealed(d.bytes().unwrap());
    assert!(is_signed(
        &"xuncha.pack-receipt.1\0".into(),
        &receipt,
        &signature,
        server
    ));
    let hash = hex::encode(Sha256::digest(&claims));
    assert!(hex::encode(&receipt).contains(&hash));
    // The notice.
    assert_eq!(d.array().unwrap(), Some(1));
    let at = d.position();
    d.skip().unwrap();
    fits("signed-notice", &request[at..d.position()]).unwrap();
    let (notice, signature) = sealed(&request[at..d.position()]);
    fits("notice", &notice).unwrap();
    assert!(is_signed(
        &vector["notice_prefix"],
        &notice,
        &signature,
        server
    ));
}
