//! A second implementation with plain libraries: SHA-256, Ed25519, CBOR, zstd, Automerge and a CDDL validator.

use automerge::{AutoCommit, Change, ROOT, ReadDoc};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use minicbor::Decoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{read, unhex};

/// All grammar files as one, beginning with `root`.
fn grammar(root: &str) -> String {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/wire");
    let mut text = format!("root = {root}\n");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        text += &std::fs::read_to_string(file).unwrap();
    }
    text
}

pub(super) fn fits(root: &str, bytes: &[u8]) -> Result<(), String> {
    cddl::validate_cbor_from_slice(&grammar(root), bytes, None).map_err(|e| e.to_string())
}

pub(super) fn is_signed(prefix: &Value, message: &[u8], signature: &[u8], key: &Value) -> bool {
    let key: [u8; 32] = unhex(key).try_into().unwrap();
    let (algorithm, bytes) = signature.split_first().unwrap();
    let signature = Signature::from_slice(bytes).unwrap();
    let text = [prefix.as_str().unwrap().as_bytes(), message].concat();
    *algorithm == 1
        && VerifyingKey::from_bytes(&key)
            .unwrap()
            .verify_strict(&text, &signature)
            .is_ok()
}

/// The two byte strings of `[claims, signature]`.
pub(super) fn sealed(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut d = Decoder::new(bytes);
    assert_eq!(d.array().unwrap(), Some(2));
    (d.bytes().unwrap().to_vec(), d.bytes().unwrap().to_vec())
}

pub(super) fn unframed(frame: &[u8]) -> Vec<u8> {
    match frame.split_first().unwrap() {
        (0x10, body) => body.to_vec(),
        (0x11, body) => zstd::decode_all(body).unwrap(),
        (other, _) => panic!("frame {other:#x}"),
    }
}

#[test]
fn a_document_is_read_with_automerge_and_its_events_are_named_by_their_hash() {
    let vector = read("document");
    let whole = AutoCommit::load(&unhex(&vector["snapshot"])).unwrap();
    let changes: Vec<_> = vector["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| Change::from_bytes(unhex(&c["bytes"])).unwrap())
        .collect();
    for (change, told) in changes.iter().zip(vector["changes"].as_array().unwrap()) {
        assert_eq!(hex::encode(change.hash().0), told["hash"]);
    }
    let mut built = AutoCommit::new();
    built.apply_changes(changes).unwrap();
    for document in [&whole, &built] {
        assert_eq!(
            document.keys(ROOT).count(),
            2 + vector["events"].as_array().unwrap().len()
        );
        let (id, _) = document.get(ROOT, "id").unwrap().unwrap();
        assert_eq!(
            hex::encode(id.as_bytes().unwrap()),
            vector["doc"].as_str().unwrap().replace('-', "")
        );
        for event in vector["events"].as_array().unwrap() {
            let name = event["id"].as_str().unwrap();
            let (value, _) = document.get(ROOT, name).unwrap().unwrap();
            let bytes = value.as_bytes().unwrap();
            assert_eq!(hex::encode(bytes), event["bytes"]);
            assert_eq!(URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..12]), name);
            fits("event", bytes).unwrap();
            // The same content with the number of another kind must not match.
            let mut other = bytes.to_vec();
            other[2] = 7;
            assert!(fits("event", &other).is_err());
        }
    }
    let total = vector["changes"]
        .as_array()
        .unwrap()
        .iter()
        .fold(0_u128, |sum, c| {
            sum.wrapping_add(u128::from_be_bytes(
                unhex(&c["hash"])[..16].try_into().unwrap(),
            ))
        });
    assert_eq!(hex::encode(total.to_be_bytes()), vector["digest"]);
}

#[test]
fn a_grant_is_named_by_its_claims_and_signed_by_the_server() {
    let vector = read("document");
    let bytes = unhex(&vector["grant"]["sealed"]);
    fits("signed-grant", &bytes).unwrap();
    let (claims, signature) = sealed(&bytes);
    fits("grant", &claims).unwrap();
    assert!(is_signed(
        &"xuncha.grant.1\0".into(),
        &claims,
        &signature,
        &vector["server_public_key"]
    ));
    assert_eq!(
        URL_SAFE_NO_PAD.encode(&Sha256::digest(&claims)[..12]),
        vector["grant"]["id"].as_str().unwrap()
    );
}

#[test]
fn a_pack_is_what_its_device_signed_change_by_change() {
    let vector = read("pack");
    let (request, claims) = (unhex(&vector["request"]), unhex(&vector["claims"]));
    assert_eq!(unframed(&unhex(&vector["frame"])), request);
    fits("push-request", &request).unwrap();
    fits("pack-claims", &claims).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&claims)), vector["pack_hash"]);
    let mut d = Decoder::new(&request);
    d.array().unwrap();
    for _ in 0..4 {
        d.skip().unwrap();
    }
    let signature = d.bytes().unwrap().to_vec();
    assert!(is_signed(
        &vector["signed_prefix"],
        &claims,
        &signature,
        &vector["device_public_key"]
    ));
    // The hashes in the claims are those of the changes in the request.
    let count = d.array().unwrap().unwrap();
    for _ in 0..count {
        d.array().unwrap();
        d.skip().unwrap();
        let change = Change::from_bytes(d.bytes().unwrap().to_vec()).unwrap();
        // The proofs are not signed with the pack: they are signatures themselves.
        d.skip().unwrap();
        assert!(claims.windows(32).any(|w| w == change.hash().0));
    }
    let mut altered = claims.clone();
    altered[20] ^= 1;
    assert!(!is_signed(
        &vector["signed_prefix"],
        &altered,
        &signature,
        &vector["device_public_key"]
    ));
}

#[test]
fn a_page_follows_the_grammar_and_carries_whole_documents_and_deltas() {
    let vector = read("page");
    for (body, frame, root) in [
        ("request", "request_frame", "sync-request"),
        ("response", "response_frame", "sync-response"),
    ] {
        let bytes = unhex(&vector[body]);
        assert_eq!(unframed(&unhex(&vector[frame])), bytes, "{body}");
        fits(root, &bytes).unwrap();
    }
    let response = unhex(&vector["response"]);
    for part in ["chunk", "delta"] {
        let part = unhex(&vector[part]);
        assert!(response.windows(part.len()).any(|w| w == part));
    }
    let mut whole = AutoCommit::load(&unhex(&vector["chunk"])).unwrap();
    let mut hashes: Vec<String> = whole
        .get_changes(&[])
        .iter()
        .map(|c| hex::encode(c.hash().0))
        .collect();
    hashes.sort();
    assert_eq!(serde_json::json!(hashes), vector["hashes_in_order"]);
    assert_eq!(
        serde_json::json!(first_times(&response)),
        vector["received"],
        "one time for each change of the chunk"
    );
}

/// The times of the first document of the first page, which follow its three other fields. Each is the difference from
/// the previous one.
fn first_times(response: &[u8]) -> Vec<i64> {
    let mut d = Decoder::new(response);
    let mut into = |before: usize| {
        d.array().unwrap();
        for _ in 0..before {
            d.skip().unwrap();
        }
    };
    // The pull's response, its pages, the items of the first page, the times of the first item.
    for before in [1, 0, 0, 3, 0, 3] {
        into(before);
    }
    let differences = d.array_iter::<i64>().unwrap().map(Result::unwrap);
    differences
        .scan(0, |sum, difference| {
            *sum += difference;
            Some(*sum)
        })
        .collect()
}

#[test]
fn a_receipt_says_what_is_durable_and_is_signed_by_the_server() {
    let vector = read("receipt");
    for (kind, root) in [("pack", "pack-receipt"), ("blob", "blob-receipt")] {
        let told = &vector[kind];
        let bytes = unhex(&told["sealed"]);
        fits("sealed-receipt", &bytes).unwrap();
        let (claims, signature) = sealed(&bytes);
        fits(root, &claims).unwrap();
        assert!(is_signed(
            &told["signed_prefix"],
            &claims,
            &signature,
            &vector["server_public_key"]
        ));
        let hash = if kind == "pack" {
            &told["pack_hash"]
        } else {
            &told["hash"]
        };
        assert!(hex::encode(claims).contains(hash.as_str().unwrap()));
    }
}

#[test]
fn the_grammar_refuses_what_does_not_follow_it() {
    let request = unhex(&read("pack")["request"]);
    assert!(fits("pull-request", &request).is_err());
    assert!(fits("push-request", &request[..request.len() - 1]).is_err());
    // Claims whose hash has an incorrect length.
    assert!(fits("pack-receipt", &[0x84, 0x41, 0, 1, 0x41, 0, 1]).is_err());
}

#[test]
fn records_in_json_follow_their_schemas() {
    let schema = |name: &str| {
        let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("../schemas/{name}.schema.json"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    let data = |name: &str| -> Value {
        let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("../schemas/catalogue/{name}.json"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let vector = read("document");
    let events = schema("records/event");
    for event in vector["events"].as_array().unwrap() {
        events.validate(&event["event"]).unwrap();
        let mut wrong = event["event"].clone();
        wrong["author"] = 7.into();
        assert!(!events.is_valid(&wrong));
    }
    schema("records/hazard_state")
        .validate(&vector["state"])
        .unwrap();
    schema("records/grant")
        .validate(&vector["grant"]["claims"])
        .unwrap();
    schema("records/hazard_kinds")
        .validate(&data("hazard_kinds"))
        .unwrap();
    schema("records/lifecycle")
        .validate(&data("lifecycle"))
        .unwrap();
}

#[test]
fn records_and_inspections_follow_grammar_and_schemas() {
    let schema = |name: &str| {
        let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("../schemas/{name}.schema.json"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    let vector = read("activity");
    let events = schema("records/event");
    for (what, state) in [
        ("activity", "records/activity_state"),
        ("inspection", "records/inspection_state"),
    ] {
        for event in vector[what]["events"].as_array().unwrap() {
            let bytes = unhex(&event["bytes"]);
            fits("event", &bytes).unwrap();
            let name = URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..12]);
            assert_eq!(name, event["id"].as_str().unwrap());
            events.validate(&event["event"]).unwrap();
        }
        schema(state).validate(&vector[what]["state"]).unwrap();
        assert_eq!(vector[what]["state"]["state"], "confirmed");
    }
    for name in ["activity_types", "inspection"] {
        let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("../schemas/catalogue/{name}.json"));
        let data: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        schema(&format!("records/{name}")).validate(&data).unwrap();
    }
}

/// What protocol 1 wrote is still read, and what it read is still there.
#[test]
fn the_vectors_of_protocol_1_are_read_by_this_version() {
    use sync_core::wire::{Exchange, push::Push, sync::Sync};
    let old = |name: &str| read(&format!("protocol-1/{name}"));
    let pack = Push::read_request(&unhex(&old("pack")["frame"])).unwrap();
    assert!(pack.entries.iter().all(|entry| entry.proofs.is_none()));
    let page = old("page");
    let asked = Sync::read_request(&unhex(&page["request_frame"])).unwrap();
    assert_eq!(asked.pull.unwrap().scopes[0].notices, None);
    let answer = Sync::read_response(&unhex(&page["response_frame"])).unwrap();
    let pages = answer.pull.unwrap().pages;
    assert_eq!(pages[1].revoked.as_ref().unwrap().len(), 1);
    // What is stored for good is still read: events, changes and receipts.
    assert_eq!(old("receipt")["blob"], read("receipt")["blob"]);
    let receipt = old("receipt");
    let server = unhex(&receipt["server_public_key"]).try_into().unwrap();
    let sealed = unhex(&receipt["pack"]["sealed"]);
    let server = sync_core::identity::PublicKey(server);
    let opened = sync_core::identity::PackReceipt::open(&sealed, &server).unwrap();
    assert_eq!((opened.number, opened.refused), (1, None));
    let grant: sync_core::identity::SignedGrant =
        minicbor::decode(&unhex(&old("document")["grant"]["sealed"])).unwrap();
    assert_eq!(grant.stored_claims().unwrap().space, None);
    for event in old("document")["events"].as_array().unwrap() {
        let bytes = unhex(&event["bytes"]);
        fits("event", &bytes).unwrap();
        sync_core::record::Event::admitted(&bytes).unwrap();
    }
}
