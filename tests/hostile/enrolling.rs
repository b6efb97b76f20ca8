//! A device is enrolled with the key that it has, for the person who uses it.

use sync_core::{
    identity::{PublicKey, SecretKey},
    record::{DeviceId, Label, ServerTime},
    sync::Reply,
    wire::{
        Exchange,
        enrol::{Enrol, Request},
    },
};
use xuncha_server::access::{Invitation, Terms, invite_with};

use super::client::post;
use crate::support::{MORNING, Town, found};

/// A code for a person of the world.
fn code(town: &Town, name: &str, shared: bool) -> Label {
    let actor = town.world.actor(name);
    let invitation = Invitation {
        person: actor.person,
        organ: actor.organ,
        role: actor.role,
        area: actor.area.clone(),
        space: town.world.county.clone(),
    };
    let terms = Terms {
        shared,
        ..Terms::default()
    };
    let ends = ServerTime(MORNING + 86_400_000);
    let invited = invite_with(&town.app().storage, &invitation, ends, terms);
    Label::new(&town.runtime.block_on(invited).unwrap()).unwrap()
}

fn send(town: &Town, request: &Request) -> Reply {
    post(town, Enrol::PATH, None, Enrol::write_request(request))
}

fn refusal(reply: &Reply) -> &str {
    reply.header("xuncha-refusal").unwrap_or("none")
}

#[test]
fn a_device_proves_that_it_has_the_key_that_it_names() {
    let town = Town::new();
    let code = code(&town, "网格员甲", false);
    let (own, victim) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32]));
    let device = own.public().device();
    let model = Label::new("own program").unwrap();
    let signed = Request::signed(code.clone(), device, &own, model);
    let unsigned = Request {
        proof: None,
        ..signed.clone()
    };
    assert_eq!(refusal(&send(&town, &unsigned)), "upgrade-needed");
    // Another key, another device, another code than those that were signed; a key that every signature fits.
    let mut weak = [0; 32];
    weak[0] = 1;
    let wrong = [
        Request {
            key: victim.public(),
            ..signed.clone()
        },
        Request {
            device: DeviceId([8; 16]),
            ..signed.clone()
        },
        Request {
            code: Label::new("AAAABBBBCCCC").unwrap(),
            ..signed.clone()
        },
        Request {
            key: PublicKey(weak),
            ..signed.clone()
        },
    ];
    for request in &wrong {
        assert_eq!(refusal(&send(&town, request)), "malformed", "{request:?}");
    }
    // The code was not used up.
    assert_eq!(send(&town, &signed).status, 200);
}

#[test]
fn a_device_takes_another_person_only_with_a_code_for_a_shared_device() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let enrolment = liu.device.enrolment().unwrap();
    let model = Label::new("own program").unwrap();
    let request =
        |code: Label| Request::signed(code, enrolment.device, &enrolment.key, model.clone());
    let alone = code(&town, "物业经理丙", false);
    assert_eq!(
        refusal(&send(&town, &request(alone.clone()))),
        "code-invalid"
    );
    // The code still enrols a device of that person.
    let other = SecretKey::from_seed([3; 32]);
    let fresh = Request::signed(alone, other.public().device(), &other, model.clone());
    assert_eq!(send(&town, &fresh).status, 200);
    // A code for a shared device; but this device takes the person only from its own user.
    let shared = code(&town, "物业经理丙", true);
    assert_eq!(send(&town, &request(shared)).status, 200);
    liu.device.set_token(None).unwrap();
    town.sync(&mut liu);
    let person = town.world.actor("网格员甲").person;
    let grants = liu.device.own_grants().unwrap();
    assert!(
        grants.iter().all(|(_, grant)| grant.person == person),
        "{grants:?}"
    );
    let doc = found(&mut liu, &town, "仍是甲的话");
    town.sync(&mut liu);
    town.project();
    let detail = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
    assert_eq!(detail["events"][0]["author_name"], "网格员甲");
}
